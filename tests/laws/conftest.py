"""A small district that follows the rules of one place: an hour is given, stored and spent there, as people do it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.conftest import fresh_database
from tests.visits.giving import gave, gave_together, make_plan
from tests.worlds import World
from timebank.coins.acts import Act
from timebank.coins.checks import compare_coins
from timebank.coins.donations import Donated, donate
from timebank.coins.gifts import accept_gift, give
from timebank.coins.grants import Programme, grant, open_programme
from timebank.coins.holders import own_account
from timebank.coins.redeeming import Booking, redeem
from timebank.coins.refusals import NotByRules
from timebank.coins.relations import answer_relation, propose_relation
from timebank.coins.settling import capture_redemption
from timebank.core.clock import moment_at
from timebank.core.database import database
from timebank.ledger.accounts import ISSUANCE, POOL, account_id, balance_of
from timebank.ledger.posting import Posting, post
from timebank.ledger.reconcile import reconcile
from timebank.people.tables import Person, SeniorCategory, Volunteer
from timebank.people.ties import record_guardian, record_residence
from timebank.rules.decision import Decision
from timebank.rules.pack import Pack, pack_in_force
from timebank.visits.claim_tables import VisitClaim
from timebank.visits.credit import credit_visit, donation_account
from timebank.visits.groups import credit_group
from timebank.visits.tables import Visit

HOUR = 60
LONG_AGO = date(2000, 1, 1)
SHIFT_H = 10
MORNING, EVENING, NIGHT = 360, 1260, 1320


@dataclass(slots=True)
class Count:
    """Numbers for keys, so that no two acts of an example have the same."""

    value: int = 0

    def next(self) -> str:
        """Return the next."""
        self.value += 1
        return str(self.value)


@dataclass(frozen=True, slots=True)
class Place:
    """A place on a day. V1 to V5 are volunteers, S1 to S8 seniors; of their facts only those that are said here hold.

    Seniors are in the registry, so they live there; of volunteers it is not known until it is said.
    """

    session: Session
    world: World
    plan: int
    day: date
    keys: Count

    def on(self, day: date) -> "Place":
        """Return the same place on another day."""
        return replace(self, day=day)

    @property
    def pack(self) -> Pack:
        """The rules that are in force on the day."""
        return pack_in_force(self.day)

    def who(self, ref: str) -> int:
        """Return the number of a person."""
        return (self.world.seniors | self.world.volunteers)[ref]

    def person(self, ref: str, *, age: int, trained: bool = False, **facts: Any) -> None:
        """Say of somebody that they have turned so old today, and whether they were trained before; and more."""
        born_on = self.day.replace(year=self.day.year - age)
        self.session.get_one(Person, self.who(ref)).sqlmodel_update({"born_on": born_on} | facts)
        if ref in self.world.volunteers:
            trained_on = self.day - timedelta(days=1) if trained else None
            self.session.get_one(Volunteer, self.who(ref)).sqlmodel_update({"trained_on": trained_on})
        self.session.flush()

    def lives(self, ref: str, tie: str) -> None:
        """Say of somebody that they have long been a resident, or registered, or neither (``none``)."""
        parts: dict[str, Any] = {"proof": "", "actor": "organisation:1", "now": moment_at(self.day, MORNING)}
        record_residence(self.session, self.who(ref), tie, from_day=LONG_AGO, **parts)

    def led_by(self, minor: str, guardian: str) -> None:
        """Say of a minor that a guardian goes along."""
        parts: dict[str, Any] = {"actor": "organisation:1", "now": moment_at(self.day, MORNING)}
        record_guardian(self.session, self.who(minor), self.who(guardian), from_day=LONG_AGO, **parts)

    def registered_as(self, ref: str, *categories: str) -> None:
        """Say of a senior that they have long been registered under some categories of special hardship."""
        for category in categories:
            self.session.add(SeniorCategory(senior_id=self.who(ref), category=category, from_day=LONG_AGO))
        self.session.flush()

    def is_to(self, one: str, other: str, relation: str) -> None:
        """Say that somebody is a parent, a friend or the like to another, and both confirm it."""
        pair: dict[str, Any] = {"person_id": self.who(other), "other_id": self.who(one), "relation": relation}
        number = propose_relation(self.session, self.act(other), **pair).id or 0
        answer_relation(self.session, self.act(one), number, yes=True)

    def act(self, ref: str, minute: int = NIGHT) -> Act:
        """Let somebody act on the day; nobody (``""``) is the office."""
        actor = f"person:{self.who(ref)}" if ref else f"organisation:{self.world.organisations['CF1']}"
        return Act(book_id=self.world.book, key=self.keys.next(), actor=actor, now=moment_at(self.day, minute))

    def visit(self, giver: str, *, hours: float = 1, served: str = "S1", starts_h: int = 9) -> Decision:
        """Let somebody visit a senior, who confirms it, and credit the visit in the evening."""
        facts: dict[str, Any] = {"need": f"{served}-greeting", "giver": giver, "starts_min": starts_h * HOUR}
        number = gave(self.session, self.world, self.plan, day=self.day, served_min=int(hours * HOUR), **facts)
        decision = credit_visit(self.session, self.world.book, number, **self._credit())
        assert decision is not None
        return decision

    def group(self, *givers: str) -> list[Decision]:
        """Let some serve an hour together, which the organisation confirms; credit it in the evening."""
        minutes = dict.fromkeys(givers, HOUR)
        number = gave_together(
            self.session, self.world, day=self.day, served_min_by_giver=minutes, key=self.keys.next()
        )
        return list(credit_group(self.session, self.world.book, number, **self._credit()).values())

    def _credit(self) -> dict[str, Any]:
        donation_id = donation_account(self.session, self.world.book, self.day)
        return {"now": moment_at(self.day, EVENING), "donation_id": donation_id}

    def earned_before(self, ref: str, *, hours: float) -> None:
        """Say of somebody that they have earned and stored so many hours before."""
        posting = Posting(
            book_id=self.world.book,
            idem_key=f"before:{self.keys.next()}",
            debit_id=account_id(self.session, self.world.book, ISSUANCE),
            credit_id=own_account(self.session, self.world.book, self.who(ref)),
            amount_min=int(hours * HOUR),
            reason="earn",
            effective_at=moment_at(LONG_AGO, 0),
        )
        post(self.session, posting, now=moment_at(self.day, MORNING))

    def served_before(self, ref: str, *, hours: int) -> None:
        """Say of somebody that they have served so many hours before, at most ten a day, as a volunteer's record."""
        shifts = [min(SHIFT_H, hours - done) * HOUR for done in range(0, hours, SHIFT_H)]
        facts: dict[str, Any] = {"plan_id": self.plan, "need_id": self.world.needs["S1-greeting"]}
        visits = [
            Visit(
                **facts,
                volunteer_id=self.who(ref),
                day=self.day - timedelta(days=n),
                starts_min=480,
                planned_min=minutes,
                served_min=minutes,
                status="confirmed",
                evidence="paper",
                confirmed_by="senior",
            )
            for n, minutes in enumerate(shifts, 1)
        ]
        self.session.add_all(visits)
        self.session.flush()
        settled: dict[str, Any] = {"settled_at": moment_at(self.day, MORNING), "decision": {"kind": "record"}}
        self.session.add_all(
            VisitClaim(visit_id=visit.id or 0, becomes="volunteer_record", service_min=visit.served_min, **settled)
            for visit in visits
        )
        self.session.flush()

    def redeem(self, holder: str, *, hours: int = 1, served: str | None = None, lives: str | None = None) -> None:
        """Let somebody book a service with their coins, for themselves or another, and be served in full."""
        booking = Booking(
            payer_id=self.who(holder),
            service_id=self.world.services["door_visit"],
            minutes=hours * HOUR,
            last_day=self.day,
            taker_id=None if served is None else self.who(served),
            residence=lives,
        )
        number = redeem(self.session, self.act(holder), booking).id or 0
        office, now = self.act("").actor, moment_at(self.day + timedelta(days=1), EVENING)
        capture_redemption(self.session, number, served_min=hours * HOUR, actor=office, now=now)

    def give(self, giver: str, taker: str, *, hours: int = 1) -> None:
        """Let somebody give coins to another, who accepts them."""
        people = {"giver_id": self.who(giver), "taker_id": self.who(taker)}
        number = give(self.session, self.act(giver), minutes=hours * HOUR, **people).id or 0
        accept_gift(self.session, self.act(taker), number)

    def donate(self, giver: str, target: str, number: int | None = None, *, hours: int = 1) -> None:
        """Let somebody donate coins."""
        what = Donated(minutes=hours * HOUR, target=target, target_id=number, person_id=self.who(giver))
        donate(self.session, self.act(giver), what)

    def programme(self, *, hours: int) -> int:
        """Let the office open a programme that grants so many hours to each of ten; returns its number."""
        days = {"from_day": self.day, "to_day": self.day + timedelta(days=30)}
        programme = Programme(name_zh="初始时间", amount_min=hours * HOUR, budget_min=hours * HOUR * 10, **days)
        return open_programme(self.session, self.act(""), programme).id or 0

    def grant(self, programme: int, ref: str) -> None:
        """Let the office grant somebody what a programme gives."""
        grant(self.session, self.act(""), programme, person_id=self.who(ref))

    def coins(self, ref: str) -> float:
        """Return the coins that somebody has, of as many minutes as the pack says a coin is."""
        account = own_account(self.session, self.world.book, self.who(ref))
        return self._coins(account)

    def pool(self) -> float:
        """Return the coins in the pool, to which donations go."""
        return self._coins(account_id(self.session, self.world.book, POOL))

    def institution(self, code: str) -> float:
        """Return the coins that an organisation was given for those it cares for."""
        number = self.world.organisations[code]
        return self._coins(account_id(self.session, self.world.book, f"institution:{number}"))

    def _coins(self, account: int) -> float:
        balance = balance_of(self.session, account)
        assert balance.held_min == 0
        return balance.balance_min / float(self.pack.value("coin_min"))

    def cites(self, decision: Decision, *rules: str) -> bool:
        """Tell whether some rules shaped a decision, each with its article of a source."""
        articles = dict(zip(decision.reasons, decision.articles, strict=True))
        return all(articles.get(rule, "").startswith("sourced: [") for rule in rules)

    @contextmanager
    def refusal(self, *rules: str, status: str = "sourced") -> Iterator[None]:
        """Expect that what is done is refused by these rules and no other, each with its article of a source."""
        with pytest.raises(NotByRules) as caught:
            yield
        assert caught.value.rules == ", ".join(rules)
        assert caught.value.articles == "; ".join(self.pack.article(rule) for rule in rules)
        assert {self.pack.rules[rule].status for rule in rules} == {status}


PlaceIn = Callable[[str, date], Place]


@pytest.fixture(scope="package", params=["sqlite", "postgres"])
def shared_engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The small district in a database for all examples, which leave nothing behind."""
    folder = tmp_path_factory.mktemp("laws")
    with fresh_database(request, request.param, folder, has_world=True) as url, database(url) as opened:
        yield opened


@pytest.fixture
def place_in(
    request: pytest.FixtureRequest, shared_engine: Engine, shared_session: Session, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PlaceIn]:
    """Make a place of a jurisdiction on a day; at the end its books are sound, and all is taken back."""
    kind = "sqlite" if shared_engine.dialect.name == "sqlite" else "postgres"
    stored: tuple[object, World] = request.getfixturevalue(f"{kind}_world")

    def make(jurisdiction: str, day: date) -> Place:
        monkeypatch.setenv("TIMEBANK_JURISDICTION", jurisdiction)
        return Place(shared_session, stored[1], make_plan(shared_session, LONG_AGO), day, Count())

    yield make
    assert reconcile(shared_session, stored[1].book) == []
    assert compare_coins(shared_session, stored[1].book) == []
