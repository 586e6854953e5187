"""``timebank exchange ...``: the service directory, tables for spreadsheets, and secret addresses of calendars."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, get_args
from uuid import uuid4

import orjson
import typer
from sqlmodel import Session

from timebank.core.clock import day_of, now
from timebank.core.naming import number_of
from timebank.core.opening import reading, writing
from timebank.core.spreadsheets import ENDINGS, Format
from timebank.core.terminal import tell
from timebank.exchange.exports import EXPORTS, write_export
from timebank.exchange.feeds import renew_feed, revoke_feed
from timebank.exchange.hsds import VERSION, Package, build_package, moment
from timebank.honours.publishing import FOR_ALL, FOR_OWNER, write_whole
from timebank.people.tables import Organisation, Volunteer

app = typer.Typer(no_args_is_help=True, help="What leaves in formats of others: HSDS, tables, calendars. 数据交换")
calendar_app = typer.Typer(no_args_is_help=True, help="Secret addresses of calendars. 日历订阅")
app.add_typer(calendar_app, name="calendar")


class FormatName(StrEnum):
    """A format of a table."""

    XLSX = "xlsx"
    CSV = "csv"
    GB18030 = "csv-gb18030"


KINDS: dict[str, Format] = {name: name for name in get_args(Format)}
Who = Annotated[str, typer.Argument(help="Number of the volunteer. 志愿者编号")]


@app.command()
def table(
    what: Annotated[str, typer.Argument(help=f"{', '.join(EXPORTS)}.")],
    organisation: Annotated[str, typer.Option("--organisation", "-o", help="Code of the organisation. 组织编号")],
    kind: Annotated[FormatName, typer.Option("--format", help="xlsx, csv, or csv-gb18030 for Chinese Windows.")],
    month: Annotated[str, typer.Option(help="Such as 2026-03; else this month.")] = "",
    out: Annotated[Path | None, typer.Option(help="Where to; else a name of its own in this folder.")] = None,
) -> None:
    """Write a table of an organisation's own rows, for its owner alone to read."""
    asked = month or f"{day_of(now()):%Y-%m}"
    with reading() as session:
        number = number_of(session, Organisation, organisation)
        content, rows = write_export(session, what, number, asked, KINDS[kind.value])
    path = out or Path(f"{what}-{organisation}-{asked}{ENDINGS[kind.value]}")
    write_whole(path, content, mode=FOR_OWNER)
    tell("exchange_written", path=path, rows=rows)


@app.command()
def hsds(out: Annotated[Path, typer.Argument(help="File of the package. 文件")] = Path("hsds.json")) -> None:
    """Write the whole service directory as one HSDS package, for everyone to read."""
    with reading() as session:
        package = write_package(session, out, at=now())
    tell(
        "exchange_package",
        path=out,
        organizations=len(package["organizations"]),
        services=len(package["services"]),
        locations=len(package["locations"]),
        capacities=len(package["service_capacities"]),
    )


def write_package(session: Session, path: Path, *, at: datetime) -> Package:
    """Write the directory as it is at a moment into a file, whole or not at all; returns it."""
    package = build_package(session, now=at)
    head = {"name": "hu-help-time-bank", "hsds_version": VERSION, "created": moment(at)}
    write_whole(path, orjson.dumps(head | package, option=orjson.OPT_INDENT_2), mode=FOR_ALL)
    return package


@calendar_app.command()
def renew(
    person: Who, key: Annotated[str, typer.Option(help="The same key tells the same address again.")] = ""
) -> None:
    """Give a volunteer's calendar a new secret address; the one before is dead at once."""
    with writing() as session:
        number = _volunteer(session, person)
        issued = renew_feed(session, number, idempotency_key=key or str(uuid4()), now=now())
    tell("exchange_feed", secret=issued.secret)


@calendar_app.command()
def revoke(person: Who) -> None:
    """End the secret address of a volunteer's calendar at once."""
    with writing() as session:
        was_live = revoke_feed(session, _volunteer(session, person), now=now())
    tell("exchange_feed_revoked" if was_live else "exchange_no_feed", person=person)


def _volunteer(session: Session, ref: str) -> int:
    return number_of(session, Volunteer, ref, name="external_ref", number="person_id")
