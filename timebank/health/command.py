"""``timebank health``: how the bank is, in tables, as JSON, a workbook and a page; and the entries of a figure."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from sqlmodel import Session, col, select

from timebank.core.clock import moment_at, now
from timebank.core.errors import NotFound
from timebank.core.opening import reading
from timebank.core.texts import LOCALES, say
from timebank.health.figures import Figure, trace
from timebank.health.refusals import TooFewPersons
from timebank.health.report import Health, health_of
from timebank.health.sheets import hidden_keys, sheets_of
from timebank.health.terms import Terms, read_terms
from timebank.health.told import tell
from timebank.honours.publishing import FOR_ALL, FOR_OWNER, write_whole
from timebank.ledger.tables import Book

DAY_MIN = 1440
app = typer.Typer(no_args_is_help=False, help="How the bank is: saved, redeemable, expected, and early warning.")

BookCode = Annotated[str, typer.Option("--book", help="Code of the book; else the first one.")]
On = Annotated[
    datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="The end of which day is looked at; else now.")
]
TermsFile = Annotated[
    Path | None,
    typer.Option("--terms", envvar="TIMEBANK_HEALTH", help="The district's own windows, shares and thresholds."),
]
Office = Annotated[bool, typer.Option("--office", help="The district's own office asks: small counts are shown.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, in minutes.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    book: str
    moment: datetime
    terms: Terms


@app.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    book: BookCode = "",
    on: On = None,
    terms: TermsFile = None,
    is_office: Office = False,  # noqa: FBT002  # a switch of the command line
    as_json: AsJson = False,  # noqa: FBT002  # a switch of the command line
    excel: Annotated[Path | None, typer.Option(help="Write a workbook too.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page too, one file that opens offline.")] = None,
) -> None:
    """Say how the bank is: early warning, what is expected, and the tables."""
    if context.invoked_subcommand is not None:
        return
    from timebank.health.page import render_page  # noqa: PLC0415  # a look at the tables needs no templates
    from timebank.health.written import as_json as plain  # noqa: PLC0415  # nor the library of workbooks
    from timebank.health.written import as_workbook  # noqa: PLC0415  # as above

    with _measured(_asked(book, on, terms)) as (_, health):
        sheets = sheets_of(health, is_office=is_office)
    if as_json:
        sys.stdout.write(json.dumps(plain(health, sheets), ensure_ascii=False) + "\n")
    else:
        console = Console()
        for part in tell(health, sheets, width=console.width):
            console.print(part)
            console.print()
    for path, content in ((excel, as_workbook), (html, lambda *seen: render_page(*seen).encode())):
        if path is not None:
            write_whole(path, content(health, sheets), mode=FOR_OWNER if is_office else FOR_ALL)
            typer.echo(say("health_written", "zh", path=path), err=True)
            typer.echo(say("health_written", "en", path=path), err=True)


@app.command(name="trace")
def trace_one(
    figure: Annotated[str, typer.Argument(help="Key of a figure, such as saved/310107004/65-69; see --json.")],
    book: BookCode = "",
    on: On = None,
    terms: TermsFile = None,
    is_office: Office = False,  # noqa: FBT002  # a switch of the command line
) -> None:
    """List the entries of a figure, page by page, and their sum; ends with 1 when it is not the figure."""
    asked = _asked(book, on, terms)
    with _measured(asked) as (session, health):
        wanted = health.figures[figure]
        _require_shown(health, wanted, is_office=is_office)
        if wanted.formula:
            for locale in LOCALES:
                typer.echo(say("health_worked_out", locale, **_words(wanted)))
            for part in wanted.parts:
                typer.echo(f"{part}  {health.figures[part].minutes}")
            return
        count, total = 0, 0
        for page in trace(session, wanted):
            for line in page:
                typer.echo(f"{line.source}  {line.key}  {line.day or ''}  {line.cause}  {line.minutes}")
                count, total = count + 1, total + line.minutes
    for locale in LOCALES:
        typer.echo(say("health_trace", locale, lines=count, sum=total, **_words(wanted)))
    raise typer.Exit(int(total != wanted.minutes))


def _require_shown(health: Health, figure: Figure, *, is_office: bool) -> None:
    """Refuse to follow a figure that the tables hide, or that is worked out from one, to anyone but the office.

    Raises
    ------
    TooFewPersons
        Naming the figure.
    """
    hidden, least = hidden_keys(sheets_of(health, is_office=is_office)), health.terms.least_persons
    for key in (figure.key, *figure.parts):
        persons = health.figures[key].persons
        if not is_office and (key in hidden or (persons is not None and 0 < persons < least)):
            raise TooFewPersons(figure=key, least=least)


def _words(figure: Figure) -> dict[str, object]:
    return {"figure": figure.key, "minutes": figure.minutes, "formula": figure.formula}


def _asked(book: str, on: datetime | None, terms: Path | None) -> _Asked:
    moment = now() if on is None else moment_at(on.date(), DAY_MIN) - timedelta(microseconds=1)
    return _Asked(book=book, moment=moment, terms=read_terms(terms))


@contextmanager
def _measured(asked: _Asked) -> Iterator[tuple[Session, Health]]:
    """Measure a book, in a transaction that stays open for what is read next of the same state."""
    with reading() as session:
        wanted = select(Book).order_by(col(Book.id)).limit(1)
        found = session.exec(wanted.where(Book.code == asked.book) if asked.book else wanted).first()
        if found is None:
            raise NotFound(kind="book", key=asked.book or "-")
        yield session, health_of(session, found.id or 0, found.code, now=asked.moment, terms=asked.terms)
