"""``timebank registry file ...``: a new file beside the registry, looked at and applied."""

from pathlib import Path
from typing import Annotated, cast

import typer
from rich.console import Console

from timebank.core.clock import now
from timebank.core.opening import opened
from timebank.core.places import PlaceSystem
from timebank.imports.batches import Outcome
from timebank.imports.command import FAULTY, System
from timebank.imports.told import tell
from timebank.registry.differences import apply as apply_file
from timebank.registry.differences import review, told

app = typer.Typer(no_args_is_help=True, help="A new file of seniors beside the registry. 名册比对")

File = Annotated[Path, typer.Argument(help="A CSV or .xlsx file of seniors. 名册文件")]
PlacesOption = Annotated[System, typer.Option(help="System of the places, where the file does not say. 坐标系")]


@app.command()
def look(
    file: File,
    places: PlacesOption = System.WGS84,
    full: Annotated[bool, typer.Option("--full", help="Personal values as they are. 显示完整个人信息")] = False,  # noqa: FBT002  # a switch of the command line
) -> None:
    """Say who is new, changed (before and after, field by field) and gone; nothing is written."""
    with opened() as engine:
        found = review(engine, file, now=now(), system=cast("PlaceSystem", str(places)), full=full)
    if found.outcome.fault_count or found.outcome.is_replay:
        _tell(found.outcome, is_dry_run=True)
    for line in told(found):
        typer.echo(line)


@app.command()
def apply(
    file: File,
    places: PlacesOption = System.WGS84,
    mark: Annotated[str | None, typer.Option(help="What `look` printed: only that is done. 核对码")] = None,
    complete: Annotated[bool, typer.Option("--complete", help="Who is not in it is gone. 表为完整名册")] = False,  # noqa: FBT002  # a switch of the command line
) -> None:
    """Apply a file as one batch; `timebank import undo` takes it back."""
    with opened() as engine:
        system = cast("PlaceSystem", str(places))
        done = apply_file(engine, file, now=now(), system=system, mark=mark, is_complete=complete)
    _tell(done, is_dry_run=False)


def _tell(outcome: Outcome, *, is_dry_run: bool) -> None:
    tell(outcome, Console(), None, is_dry_run=is_dry_run)
    if outcome.fault_count:
        raise typer.Exit(FAULTY)
