"""``timebank import ...``: look at a file, apply it, take it back, list, and write templates."""

import json
import sys
from contextlib import AbstractContextManager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, cast

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine

from timebank.core.clock import now
from timebank.core.database import database, transaction
from timebank.core.places import PlaceSystem
from timebank.core.schema import upgrade
from timebank.core.settings import Settings
from timebank.core.texts import say
from timebank.imports.batches import Outcome, bring_in, list_batches, undo_batch
from timebank.imports.faults import FileRefused
from timebank.imports.templates import write_template

app = typer.Typer(no_args_is_help=True, help="Seniors, volunteers, needs and projects from CSV and Excel.")
MOST_SHOWN = 200


class KindName(StrEnum):
    """What a file holds."""

    SENIORS = "seniors"
    VOLUNTEERS = "volunteers"
    NEEDS = "needs"
    PROJECTS = "projects"


class System(StrEnum):
    """The system that places without a column of their own are in."""

    WGS84 = "WGS-84"
    GCJ02 = "GCJ-02"


File = Annotated[Path, typer.Argument(help="A CSV or .xlsx file.")]
KindOption = Annotated[KindName, typer.Option(help="What the file holds.")]
PlacesOption = Annotated[System, typer.Option(help="System of the places, where the file does not say.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def check(file: File, kind: KindOption, places: PlacesOption = System.WGS84, as_json: JsonOption = False) -> None:  # noqa: FBT002  # a switch of the command line
    """Look at a file without keeping anything: every fault with sheet, row, column, value and what would be right."""
    _bring_in(file, kind, places, as_json=as_json, is_dry_run=True)


@app.command()
def apply(file: File, kind: KindOption, places: PlacesOption = System.WGS84, as_json: JsonOption = False) -> None:  # noqa: FBT002  # a switch of the command line
    """Bring a file in: all of it, or nothing when there is a fault."""
    _bring_in(file, kind, places, as_json=as_json, is_dry_run=False)


@app.command()
def undo(batch: Annotated[int, typer.Argument(help="Number of the batch.")]) -> None:
    """Take a batch back, unless later work stands on it."""
    with _engine() as engine, transaction(engine) as session:
        undo_batch(session, batch, now=now())
    typer.echo(f"{say('import_undone', 'zh', batch_id=batch)}\n{say('import_undone', 'en', batch_id=batch)}")


@app.command(name="list")
def list_newest() -> None:
    """List the newest batches."""
    with _engine() as engine, transaction(engine, read_only=True) as session:
        for batch in list_batches(session):
            counts = f"+{batch.added} ~{batch.changed} ={batch.unchanged}"
            what = f"{batch.created_at:%Y-%m-%d %H:%M}  {batch.kind}  {batch.file_name}"
            typer.echo(f"{batch.id}  {what}  {counts}  {batch.status}")


@app.command()
def template(kind: KindName, out: Annotated[Path, typer.Option("--out", "-o", help="A .csv or .xlsx file.")]) -> None:
    """Write a template with a header and an example row."""
    typer.echo(f"{write_template(kind, out)}")


def _engine() -> AbstractContextManager[Engine]:
    return database(Settings.from_environment().database_url)


def _bring_in(file: Path, kind: KindName, places: System, *, as_json: bool, is_dry_run: bool) -> None:
    working = Console(stderr=True).status(f"{say('step_import', 'zh')} {say('step_import', 'en')} {file.name}")
    system = cast("PlaceSystem", str(places))
    try:
        with working, _engine() as engine:
            upgrade(engine)
            outcome = bring_in(engine, file, kind, now=now(), system=system, is_dry_run=is_dry_run)
    except FileRefused as refusal:
        if as_json:
            sys.stdout.write(json.dumps({"refused": refusal.why, "message": refusal.told("en")}) + "\n")
        else:
            typer.echo(f"{refusal.told('zh')}\n{refusal.told('en')}", err=True)
        raise typer.Exit(1) from refusal
    if as_json:
        sys.stdout.write(json.dumps(_as_json(outcome), ensure_ascii=False, default=str) + "\n")
    else:
        _tell(outcome, is_dry_run=is_dry_run)
    raise typer.Exit(1 if outcome.fault_count else 0)


def _as_json(outcome: Outcome) -> dict[str, object]:
    faults = [asdict(fault) | {"right_zh": fault.told("zh"), "right_en": fault.told("en")} for fault in outcome.faults]
    head = {"batch": outcome.batch_id, "is_replay": outcome.is_replay, "fault_count": outcome.fault_count}
    return head | outcome.counts._asdict() | {"faults": faults}


def _tell(outcome: Outcome, *, is_dry_run: bool) -> None:
    if outcome.fault_count:
        Console(soft_wrap=False).print(_table_of(outcome))
        key = "import_faulty"
    elif outcome.is_replay:
        key = "import_again"
    else:
        key = "import_nothing_wrong" if is_dry_run else "import_applied"
    values = outcome.counts._asdict() | {"batch_id": outcome.batch_id, "count": outcome.fault_count}
    typer.echo(f"{say(key, 'zh', **values)}\n{say(key, 'en', **values)}")


def _table_of(outcome: Outcome) -> Table:
    table = Table(show_lines=False)
    for name in ("sheet", "row", "column", "value", "right"):
        table.add_column(f"{say(f'col_{name}', 'zh')} {say(f'col_{name}', 'en')}", overflow="fold")
    for fault in outcome.faults[:MOST_SHOWN]:
        told = f"{fault.told('zh')}\n{fault.told('en')}"
        table.add_row(fault.sheet, str(fault.row), fault.column, fault.value, told)
    return table
