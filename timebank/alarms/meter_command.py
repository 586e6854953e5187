"""``timebank alarms meters ...``: readings from a file."""

from pathlib import Path
from typing import Annotated

import typer

from timebank.alarms.meter_files import read_file_of_readings
from timebank.alarms.meters import readings_of, take_readings
from timebank.core.clock import now
from timebank.core.opening import writing
from timebank.core.texts import LOCALES, say
from timebank.imports.files import read_file

app = typer.Typer(no_args_is_help=True, help="Water meters 智能水表。")
SHOWN = 20


@app.command()
def read(file: Annotated[Path, typer.Argument(help="CSV or Excel with meter, moment and litres.")]) -> None:
    """Take readings from a file, whole or not at all; the same file again changes nothing."""
    found, faults = read_file_of_readings(read_file(file))
    if faults.count:
        for fault in faults.in_order()[:SHOWN]:
            for locale in LOCALES:
                told = fault.told(locale)
                values = {"row": fault.row, "column": fault.column, "value": fault.value, "told": told}
                typer.echo(say("alarms_meters_fault", locale, **values))
        for locale in LOCALES:
            typer.echo(say("alarms_meters_faults", locale, count=faults.count))
        raise typer.Exit(2)
    with writing() as session:
        readings, unknown = readings_of(session, found)
        watched = take_readings(session, readings, now=now())
    values = {"readings": len(readings), "meters": watched.meters, "orders": watched.begun}
    for locale in LOCALES:
        typer.echo(say("alarms_meters_read", locale, unknown=", ".join(unknown[:SHOWN]) or "0", **values))
