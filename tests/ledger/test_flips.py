"""A flipped byte in any column of any kind of row is found and named, whatever the triggers and checks are worth."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Engine, Table, text
from sqlmodel import Session

from tests.ledger.conftest import Pair, make_pair, make_past
from tests.ledger.flips import unguard, unnamed_flips
from timebank.core.columns import table_of
from timebank.core.database import transaction
from timebank.ledger.accounts import ACCOUNT, ENTRY
from timebank.ledger.holds import capture, expire_due, hold, reverse, void
from timebank.ledger.reconcile import reconcile
from timebank.ledger.seals import SEAL, seal_transfers
from timebank.ledger.tables import HoldOpen
from timebank.ledger.terms import TRANSFER

HOLD_OPEN = table_of(HoldOpen)
COLUMNS = [
    pytest.param(table, column.name, id=f"{table.name}.{column.name}")
    for table in (TRANSFER, ENTRY, ACCOUNT, SEAL, HOLD_OPEN)
    for column in table.columns
]


class Books(NamedTuple):
    """Books with a transfer of every kind, and keys of the rows that are flipped, by table."""

    book: int
    rows: dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def eventful(shared_engine: Engine, noon: datetime) -> Books:
    """Anna earns, gives, promises, keeps, takes back and lets lapse; one gift is undone; sealed twice."""
    with transaction(shared_engine) as session:
        pair = make_past(session, make_pair(session, noon), noon)
        ids = [pair.given, *_every_kind(session, pair, noon)]
        seal_transfers(session, pair.book, now=noon)
    rows: dict[str, list[tuple[Any, ...]]] = {
        "transfer": [(number,) for number in ids],
        "entry": [(pair.issuing, 1), (pair.anna, 3)],
        "account": [(pair.issuing,), (pair.anna,)],
        "seal": [(pair.book, 1), (pair.book, 2)],
        "hold_open": [(pair.held,)],
    }
    return Books(pair.book, rows)


def _every_kind(session: Session, pair: Pair, now: datetime) -> list[int]:
    """Post a hold and its end of each kind, and a reversal; returns a number of each kind."""
    parts: dict[str, Any] = {"kind": "hold", "expires_at": now + timedelta(hours=1)}
    first, second, third = (
        hold(session, pair.spend(key, 3, decision={"pack": "p"}, **parts), now=now).transfer_id
        for key in ("keep", "take", "lapse")
    )
    kept = capture(session, pair.book, first, idem_key="kept", now=now).transfer_id
    taken = void(session, pair.book, second, idem_key="taken", now=now).transfer_id
    expire_due(session, pair.book, now=now + timedelta(hours=2))
    lapsed = session.connection().execute(text("SELECT id FROM transfer WHERE kind = 'expire'")).scalar_one()
    undone = reverse(session, pair.book, pair.given, idem_key="undone", reason="mistake", now=now).transfer_id
    return [third, kept, taken, int(lapsed), undone]


@pytest.fixture
def session(shared_engine: Engine, eventful: Books) -> Iterator[Session]:
    """A transaction on the books without their guards; taken back at the end."""
    with shared_engine.connect() as connection, Session(connection) as opened:
        unguard(opened)
        yield opened
        opened.rollback()


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_flip_is_named(session: Session, eventful: Books, table: Table, column: str) -> None:
    """Disks rot and people tamper; an auditor must be told the row."""
    assert unnamed_flips(session, table, column, eventful.book, eventful.rows[table.name]) == []


def test_books_are_sound_without_a_flip(session: Session, eventful: Books) -> None:
    """Else every flip would seem to be found."""
    assert reconcile(session, eventful.book) == []


@pytest.mark.parametrize(
    "spelling",
    ['{"pack":  "p"}', '{"pack": "p" }', '{"pack": "\\u0070"}', '{"pack": "p", "pack": "p"}', "{}"],
)
def test_other_spelling_of_a_decision_is_named(session: Session, eventful: Books, spelling: str) -> None:
    """A byte of the stored text that changes no meaning is a changed byte all the same."""
    number = eventful.rows["transfer"][1][0]
    kind = "json" if session.connection().dialect.name == "postgresql" else "text"
    statement = f"UPDATE transfer SET decision = CAST(:said AS {kind}) WHERE id = :number"

    session.connection().execute(text(statement), {"said": spelling, "number": number})
    found = reconcile(session, eventful.book)

    assert ("transfer", str(number)) in {(one.table, one.key) for one in found}


@pytest.mark.parametrize("shared_engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "change",
    [
        "amount_min = 'x'",
        "hold_id = x'00'",
        "idem_key = CAST(x'ff' AS TEXT)",
        "reason = x'6561'",
        "decision = CAST(x'7bff7d' AS TEXT)",
        "created_at = replace(created_at, ' ', 'T')",
        "leaf = 'text'",
    ],
)
def test_value_of_another_kind_is_named(session: Session, eventful: Books, change: str) -> None:
    """A file that rots keeps no types: what is no number or no letter any more must not stop the check."""
    number = eventful.rows["transfer"][1][0]
    session.connection().execute(text(f"UPDATE transfer SET {change} WHERE id = {number}"))

    found = reconcile(session, eventful.book)

    assert ("transfer", str(number)) in {(one.table, one.key) for one in found}
