"""People of the small district with coins, and an office; after every test the books are sound."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.conftest import fresh_database
from tests.worlds import World
from timebank.coins.acts import Act
from timebank.coins.checks import compare_coins
from timebank.coins.families import join_family, open_family, put_in
from timebank.coins.holders import account_of, own_account
from timebank.coins.redeeming import Booking, redeem
from timebank.coins.relations import answer_relation, propose_relation
from timebank.coins.tables import Redemption
from timebank.core.database import database
from timebank.ledger.accounts import ISSUANCE, account_id, balance_of
from timebank.ledger.posting import Posting, post
from timebank.ledger.reconcile import reconcile

OFFICE = "organisation:3"
TUESDAY = date(2026, 3, 3)


@dataclass(frozen=True, slots=True)
class Town:
    """The small district: S1 to S8 are 81, V1 to V5 are 61, S2 is in special hardship; whoever earned has coins."""

    world: World
    noon: datetime

    @property
    def book(self) -> int:
        """The book of the district."""
        return self.world.book

    def who(self, ref: str) -> int:
        """Return the number of a senior or volunteer."""
        return (self.world.seniors | self.world.volunteers)[ref]

    def act(self, key: str, actor: str = OFFICE, *, days: int = 0, **changes: Any) -> Act:
        """Make an act at noon, so many days later; by the office, or by whom is said (a reference is a person)."""
        by = f"person:{self.who(actor)}" if actor[0] in "SV" else actor
        parts: dict[str, Any] = {"book_id": self.book, "key": key, "actor": by, "now": self.noon + timedelta(days=days)}
        return Act(**(parts | changes))

    def earn(self, session: Session, ref: str, minutes: int, *, key: str = "earn") -> int:
        """Let somebody have earned minutes; returns their account."""
        account = own_account(session, self.book, self.who(ref))
        posting = Posting(
            book_id=self.book,
            idem_key=f"{key}:{ref}:{minutes}",
            debit_id=account_id(session, self.book, ISSUANCE),
            credit_id=account,
            amount_min=minutes,
            reason="earn",
            effective_at=self.noon,
        )
        post(session, posting, now=self.noon)
        return account

    def has(self, session: Session, ref: str) -> tuple[int, int]:
        """Return what somebody has, and how much of it is held."""
        balance = balance_of(session, account_of(session, self.book, self.who(ref)) or 0)
        return balance.balance_min, balance.held_min

    def relate(self, session: Session, one: str, other: str, relation: str) -> int:
        """Let two people be related: ``other`` is this to ``one``."""
        pair: dict[str, Any] = {"person_id": self.who(one), "other_id": self.who(other), "relation": relation}
        row = propose_relation(session, self.act(f"{one}-{other}"), **pair)
        answer_relation(session, self.act(f"{one}-{other} yes", other), row.id or 0, yes=True)
        return row.id or 0

    def book_visit(self, session: Session, key: str = "book", ref: str = "S1", **changes: Any) -> Redemption:
        """Pay an hour at the door on Tuesday with coins of somebody, or as said."""
        parts: dict[str, Any] = {
            "payer_id": self.who(ref),
            "service_id": self.world.services["door_visit"],
            "minutes": 60,
            "last_day": TUESDAY,
        }
        return redeem(session, self.act(key, ref), Booking(**(parts | changes)))

    def family(self, session: Session, head: str = "S1", *, spouse: str = "S2", minutes: int = 0) -> int:
        """Let a head and a spouse share an account, into which the head puts minutes; returns the family's number."""
        self.relate(session, head, spouse, "spouse")
        number = open_family(session, self.act(f"family {head}", head), self.who(head)).id or 0
        join_family(session, self.act(f"join {spouse}", head), number, person_id=self.who(spouse))
        if minutes:
            self.earn(session, head, minutes)
            put_in(session, self.act(f"in {head}", head), number, person_id=self.who(head), minutes=minutes)
        return number


@pytest.fixture(scope="package", params=["sqlite", "postgres"])
def shared_engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The small district in a database for all tests of coins that leave nothing behind."""
    folder = tmp_path_factory.mktemp("coins")
    with fresh_database(request, request.param, folder, has_world=True) as url, database(url) as opened:
        yield opened


@pytest.fixture
def shared_town(request: pytest.FixtureRequest, shared_engine: Engine, noon: datetime) -> Town:
    """The town that all those tests share."""
    kind = "sqlite" if shared_engine.dialect.name == "sqlite" else "postgres"
    stored: tuple[object, World] = request.getfixturevalue(f"{kind}_world")
    return Town(stored[1], noon)


@pytest.fixture
def session(shared_session: Session, shared_town: Town) -> Iterator[Session]:
    """One transaction on the shared town, taken back at the end; before that all seven checks hold."""
    yield shared_session
    assert reconcile(shared_session, shared_town.book) == []
    assert compare_coins(shared_session, shared_town.book) == []


@pytest.fixture
def town(shared_town: Town) -> Town:
    """The town that a file of tests shares."""
    return shared_town


@pytest.fixture
def lone_town(world: World, noon: datetime) -> Town:
    """The town alone in a fresh database, for two who act at once."""
    return Town(world, noon)
