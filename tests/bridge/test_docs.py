"""docs/bridge.md does what it says: every command and its answer, and the lists of the code."""

import re

import pytest
from sqlalchemy import Engine

from tests.bridge.filled import partner
from tests.bridge.typed import PAGE, plain, steps, typed
from tests.worlds import World
from timebank.bridge.counting import QUERIES
from timebank.bridge.fields import FIELDS
from timebank.core.database import transaction

TEXT = PAGE.read_text(encoding="utf-8")


@pytest.fixture
def _partners(engine: Engine, world: World, monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    """The company CARE-CO and the bureau BUREAU work in Ganquan."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    with transaction(engine) as session:
        partner(session, world, "company", "CARE-CO")
        partner(session, world, "bureau", "BUREAU")


@pytest.mark.usefixtures("_partners")
def test_page_is_what_is_told() -> None:
    """Who types along from the top of the page reads what it says, line by line, on either database."""
    told = [(command, plain(typed(command))) for command, _ in steps(TEXT)]

    assert told == [(command, plain(answer)) for command, answer in steps(TEXT)]


def _codes(head: str) -> list[str]:
    """Return the codes in the first column of a table."""
    lines = TEXT.split(f"| {head} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return re.findall(r"^\| `(\w+)`", "\n".join(lines), re.MULTILINE)


def test_fields_and_queries_of_the_page_are_the_codes() -> None:
    """Who asks for a consent or a figure reads here what can be asked for."""
    assert _codes("field | holds") == list(FIELDS)
    assert _codes("query | counts | rows") == list(QUERIES)
