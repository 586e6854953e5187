"""docs/exchange.md names every field that leaves, and every command on it does what it says."""

import re
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.bridge.typed import steps, typed
from tests.exchange.test_icalendar import _event, unfolded
from tests.worlds import World
from timebank.exchange.exports import EXPORTS
from timebank.exchange.hsds import TABLES
from timebank.exchange.icalendar import calendar

PAGE = Path(__file__).parents[2] / "docs" / "exchange.md"
TEXT = PAGE.read_text(encoding="utf-8")
SECRET = re.compile(r"/calendar/[\w-]{43}\.ics")
COUNTS = re.compile(r"(组织|服务|地点|容量|:|,) \d+")


def _table(head: str) -> list[list[str]]:
    """Return the rows of the table that begins with a head."""
    lines = TEXT.split(f"| {head} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_field_that_leaves_stands_on_the_page() -> None:
    """Who is told of goes out by a list that somebody reads, not by what the code happens to write."""
    directory = {table: tuple(re.findall(r"`(\w+)`", fields)) for table, fields in _table("table | fields")}
    tables = {
        table.strip("`"): (tuple(re.findall(r"`(\w+)`", fields)), reader)
        for table, fields, reader in _table("table | fields | to")
    }
    properties = [row[0].strip("`") for row in _table("property | holds")]
    lines = unfolded(calendar("n", [_event()]))
    written = lines[lines.index("BEGIN:VEVENT") + 1 : lines.index("END:VEVENT")]

    assert directory == {f"`{table}`": fields for table, fields in TABLES.items()}
    assert tables == {
        code: (tuple(column.code for column in export.columns), export.reader) for code, export in EXPORTS.items()
    }
    assert properties == [re.split("[:;]", line)[0] for line in written]


def plain(told: str) -> str:
    """Leave out the secret, and how much the directory has: a project is over one day."""
    return COUNTS.sub(r"\1 N", SECRET.sub("/calendar/SECRET.ics", told))


@pytest.fixture
def _folder(engine: Engine, world: World, monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path) -> None:
    """A folder to work in, with the small district as the database."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_folder")
def test_page_is_what_is_told(tmp_path: Path) -> None:
    """Who types along reads what the page says, and finds the files."""
    told = [(command, plain(typed(command))) for command, _ in steps(TEXT)]

    assert told == [(command, plain(answer)) for command, answer in steps(TEXT)]
    assert {path.name for path in tmp_path.iterdir()} >= {
        "hsds.json",
        "visits-EAST-2026-03.xlsx",
        "balances-EAST-2026-03.csv",
    }
    assert (tmp_path / "visits-EAST-2026-03.xlsx").stat().st_mode & 0o077 == 0
