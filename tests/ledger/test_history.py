"""Statements and balances of the past are one look into an index, however long the history is."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.ledger.conftest import Pair
from timebank.core.database import transaction
from timebank.core.errors import StoreUnavailable
from timebank.ledger.accounts import LAST_UNTIL, NO_SEQ, PAGE_BACK, PAGE_ON, balance_at, statement
from timebank.ledger.batch import post_batch
from timebank.ledger.posting import post
from timebank.ledger.reading import read, stored_moment

HOUR = timedelta(hours=1)
EXPLAIN = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN "}
BY_KEY = {"sqlite": "USING PRIMARY KEY (account_id=? AND seq{}?)", "postgresql": "Scan{} using pk_entry on entry"}
BY_MOMENT = {
    "sqlite": "ix_entry_moment (account_id=? AND created_at<?)",
    "postgresql": "using ix_entry_moment on entry",
}


@pytest.fixture
def long(session: Session, pair: Pair, noon: datetime) -> Pair:
    """Anna with thirty entries, one an hour."""
    for hour in range(30):
        post(session, pair.earn(f"k{hour}", 10), now=noon + hour * HOUR)
    return pair


def plan(session: Session, sql: str, *values: object) -> str:
    """Return how the database would answer, as for a table too large to read whole."""
    dialect = session.connection().dialect.name
    if dialect == "postgresql":
        for way in ("seqscan", "bitmapscan", "sort"):  # it sorts all the same where no index gives the order
            session.connection().exec_driver_sql(f"SET LOCAL enable_{way} = off")
    rows = read(session, EXPLAIN[dialect] + sql, *values)
    return "\n".join(str(row[-1]) for row in rows)


@pytest.mark.parametrize(
    ("sql", "seq", "sqlite", "postgresql"), [(PAGE_BACK, NO_SEQ, "<", " Backward"), (PAGE_ON, 0, ">", "")]
)
def test_page_is_read_by_key_without_a_sort(
    session: Session, long: Pair, sql: str, seq: int, sqlite: str, postgresql: str
) -> None:
    """Page ten thousand costs what page one costs: the entries stand in their order."""
    dialect = session.connection().dialect.name
    words = {"sqlite": sqlite, "postgresql": postgresql}[dialect]

    how = plan(session, sql, long.anna, seq, 50)

    assert BY_KEY[dialect].format(words) in how
    assert "Sort" not in how
    assert "TEMP B-TREE" not in how


def test_balance_of_the_past_is_read_by_moment_without_a_sort(session: Session, long: Pair, noon: datetime) -> None:
    """An auditor's question about last year costs what one about today costs."""
    dialect = session.connection().dialect.name

    how = plan(session, LAST_UNTIL, long.anna, stored_moment(session.connection(), noon))

    assert BY_MOMENT[dialect] in how
    assert "Sort" not in how
    assert "TEMP B-TREE" not in how


def test_pages_back_and_on_meet(session: Session, long: Pair) -> None:
    """Who goes back two pages and comes on again reads the same lines."""
    first = statement(session, long.anna, first=10)
    second = statement(session, long.anna, first=10, before_seq=first[-1].seq)
    third = statement(session, long.anna, first=10, before_seq=second[-1].seq)

    again = statement(session, long.anna, first=10, after_seq=third[0].seq)

    assert [line.seq for line in first + second + third] == list(range(30, 0, -1))
    assert again == second


def test_pages_stay_while_entries_come(session: Session, long: Pair, noon: datetime) -> None:
    """An entry keeps its number, so a page that was linked to stays that page."""
    page = statement(session, long.anna, first=10, before_seq=21)

    post_batch(session, [long.earn(f"new{number}", 5) for number in range(7)], now=noon)

    assert statement(session, long.anna, first=10, before_seq=21) == page
    assert [line.seq for line in statement(session, long.anna, first=10, after_seq=30)] == list(range(37, 30, -1))


def test_page_in_both_directions_is_a_mistake(session: Session, long: Pair) -> None:
    """It would be two pages."""
    with pytest.raises(ValueError, match="not both"):
        statement(session, long.anna, first=10, before_seq=9, after_seq=2)


@pytest.mark.parametrize(("hours", "balance"), [(-1, 0), (0, 10), (0.5, 10), (29, 300), (999, 300)])
def test_balance_at_any_moment(session: Session, long: Pair, noon: datetime, hours: float, balance: int) -> None:
    """Before the first entry, at one, between two, after the last."""
    assert balance_at(session, long.anna, noon + hours * HOUR) == balance


def test_moment_without_a_zone_is_a_mistake(session: Session, long: Pair, noon: datetime) -> None:
    """It would be another moment on another machine."""
    with pytest.raises(ValueError, match="time zone"):
        balance_at(session, long.anna, noon.replace(tzinfo=None))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_fault_of_the_driver_is_told_in_words(engine: Engine) -> None:
    """A short cut to the driver must not show its faults raw."""
    with pytest.raises(StoreUnavailable, match="upgrade"), transaction(engine) as opened:
        read(opened, "SELECT 1 FROM nowhere")
