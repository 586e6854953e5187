"""``timebank import ...``: look at a file, apply it, take it back, list, and write templates."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, cast

import typer
from rich.console import Console
from rich.text import Text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from timebank.core.clock import now
from timebank.core.database import transaction
from timebank.core.errors import PersonalDataUnreadable, Refusal, StoreUnavailable
from timebank.core.opening import opened
from timebank.core.personal_data import keyring
from timebank.core.places import PlaceSystem
from timebank.core.schema import upgrade
from timebank.core.texts import Locale, Phrase, say, say_refusal
from timebank.imports.batches import bring_in, list_batches, undo_batch
from timebank.imports.faults import FileRefused, visible
from timebank.imports.templates import write_template
from timebank.imports.told import as_json, batch_table, fault_rows, tell
from timebank.imports.written import check_target, write_table

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # nobody is shown the values of a row in the frame of a traceback
    help="Seniors, volunteers, needs and projects from CSV and Excel. 数据导入",
)
FAULTY, REFUSED, FAILED = 1, 2, 3
"""How a command ends when the file is faulty, when the bank says no, and when the world fails."""


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


File = Annotated[Path, typer.Argument(help="A CSV or .xlsx file. 要导入的文件")]
KindOption = Annotated[KindName, typer.Option(help="What the file holds. 文件内容")]
PlacesOption = Annotated[System, typer.Option(help="System of the places, where the file does not say. 坐标系")]
ReportOption = Annotated[
    Path | None, typer.Option(help="Also write the faults to a new .csv or .xlsx file. 问题清单另存为")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def check(
    file: File,
    kind: KindOption,
    places: PlacesOption = System.WGS84,
    report: ReportOption = None,
    as_json: JsonOption = False,  # noqa: FBT002  # a switch of the command line
) -> None:
    """Look at a file without keeping anything: every fault with sheet, row, column, value and what would be right."""
    _bring_in(file, kind, places, report, is_json=as_json, is_dry_run=True)


@app.command()
def apply(
    file: File,
    kind: KindOption,
    places: PlacesOption = System.WGS84,
    report: ReportOption = None,
    as_json: JsonOption = False,  # noqa: FBT002  # a switch of the command line
) -> None:
    """Bring a file in: all of it, or nothing when there is a fault."""
    _bring_in(file, kind, places, report, is_json=as_json, is_dry_run=False)


@app.command()
def undo(batch: Annotated[int, typer.Argument(help="Number of the batch. 批次号")]) -> None:
    """Take a batch back, unless later work rests on it."""
    with _in_words(), opened() as engine, transaction(engine) as session:
        _check_keys()
        undo_batch(session, batch, now=now())
    typer.echo(f"{say('import_undone', 'zh', batch_id=batch)}\n{say('import_undone', 'en', batch_id=batch)}")


@app.command(name="list")
def list_newest() -> None:
    """List the newest batches."""
    with _in_words(), opened() as engine, transaction(engine, read_only=True) as session:
        batches = list_batches(session)
    if batches:
        Console().print(batch_table(batches))
    else:
        typer.echo(f"{say('import_none', 'zh')}\n{say('import_none', 'en')}")


@app.command()
def template(
    kind: KindName, out: Annotated[Path, typer.Option("--out", "-o", help="A new .csv or .xlsx file. 另存为")]
) -> None:
    """Write a template with a header and an example row."""
    with _in_words():
        typer.echo(f"{write_template(kind, out)}")


def _bring_in(
    file: Path, kind: KindName, places: System, report: Path | None, *, is_json: bool, is_dry_run: bool
) -> None:
    working = Text(f"{say('step_import', 'zh')} {say('step_import', 'en')} {visible(file.name)}")
    with _in_words(is_json=is_json):
        _check_keys()
        if report is not None:
            check_target(report)
        with Console(stderr=True).status(working), opened() as engine:
            upgrade(engine)
            system = cast("PlaceSystem", str(places))
            outcome = bring_in(engine, file, kind, now=now(), system=system, is_dry_run=is_dry_run)
        if report is not None and outcome.fault_count:
            write_table(report, "faults", fault_rows(outcome))
    if is_json:
        sys.stdout.write(json.dumps(as_json(outcome), ensure_ascii=False, default=str) + "\n")
    else:
        tell(outcome, Console(), report, is_dry_run=is_dry_run)
    raise typer.Exit(FAULTY if outcome.fault_count else 0)


@contextmanager
def _in_words(*, is_json: bool = False) -> Iterator[None]:
    """Tell every no, and every failure of the world, in words and both languages; nobody is shown a traceback."""
    try:
        yield
    except FileRefused as refusal:
        _complain(refusal.told("zh"), refusal.told("en"), refusal.why, is_json=is_json)
        raise typer.Exit(FAULTY) from refusal
    except Refusal as refusal:
        _complain(say_refusal(refusal, "zh"), say_refusal(refusal, "en"), refusal.code, is_json=is_json)
        raise typer.Exit(REFUSED) from refusal
    except (StoreUnavailable, PersonalDataUnreadable, SQLAlchemyError, ValueError) as failure:
        if isinstance(failure, ValueError) and not isinstance(failure.__cause__, DBAPIError):
            raise
        _complain(_failed(failure, "zh"), _failed(failure, "en"), type(failure).__name__, is_json=is_json)
        raise typer.Exit(FAILED) from failure


def _failed(failure: Exception, locale: Locale) -> str:
    """Say what failed; what a database itself says is not repeated, for it can hold what it was given."""
    said = failure.args[0] if failure.args else ""
    if isinstance(failure, SQLAlchemyError):
        said = type(failure).__name__
    return say("import_failed", locale, why=say(said.key, locale, **said.values) if isinstance(said, Phrase) else said)


def _check_keys() -> None:
    """See that personal data can be sealed, before a file is gone through for nothing."""
    try:
        keyring()
    except (ValueError, OSError) as fault:
        raise StoreUnavailable(str(fault)) from fault


def _complain(zh: str, en: str, code: str, *, is_json: bool) -> None:
    if is_json:
        sys.stdout.write(json.dumps({"refused": code, "message_zh": zh, "message_en": en}, ensure_ascii=False) + "\n")
    else:
        typer.echo(f"{zh}\n{en}", err=True)
