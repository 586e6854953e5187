"""Confirmed hours become minutes on an account, once."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text, update
from sqlmodel import JSON, Session

from tests.together import at_once
from tests.visits.conftest import MakeVisit, begin, end, hold
from tests.worlds import MONDAY, World
from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongState
from timebank.ledger.accounts import ACCOUNT, account_of_person, balance_of, issued_min, member_code, open_accounts
from timebank.ledger.reconcile import reconcile
from timebank.visits import life
from timebank.visits.credit import PERSON, SERVICE, Credited, credit_day, credit_visit

EVENING = moment_at(MONDAY, 21 * 60)
BOOKS = (
    "SELECT idem_key, reason, debit_id, credit_id, amount_min, request_hash, leaf, decision FROM transfer ORDER BY 1",
    "SELECT account_id, seq, amount_min, balance_after_min, credits_after_min FROM entry ORDER BY 1, 2",
    "SELECT code, credits, debits, version FROM account ORDER BY 1",
    "SELECT v.id, t.idem_key FROM visit v LEFT JOIN transfer t ON t.id = v.transfer_id ORDER BY 1",
)
Books = list[list[tuple[Any, ...]]]


def _books(session: Session) -> Books:
    return [[tuple(row) for row in session.connection().execute(text(sql))] for sql in BOOKS]


def _decision(engine: Engine, visit: int) -> Any:
    sql = "SELECT t.decision FROM transfer t JOIN visit v ON v.transfer_id = t.id WHERE v.id = :visit"
    with transaction(engine, read_only=True) as session:
        return session.connection().execute(text(sql).columns(decision=JSON), {"visit": visit}).scalar()


@pytest.fixture
def held(engine: Engine, make_visit: MakeVisit) -> list[int]:
    """Four confirmed visits of Monday: V1 served 10 and 25 minutes of 10 planned, V2 nine, V5 forty-five."""
    plans = (("S1-greeting", "V1", 10, 10), ("S2-greeting", "V1", 10, 30), ("S3-greeting", "V2", 10, 9))
    visits = [make_visit(need, who, planned_min=planned) for need, who, planned, _ in plans]
    visits.append(make_visit("S1-door_visit", "V5", planned_min=45))
    with transaction(engine) as session:
        for visit, served in zip(visits, (10, 30, 9, 45), strict=True):
            hold(session, visit, served_min=served)
    return visits


def test_a_confirmed_day_is_credited_to_who_served(engine: Engine, world: World, held: list[int]) -> None:
    """Minutes come from check-in and check-out, at most fifteen over the plan, and from the issuing account."""
    with transaction(engine) as session:
        credited = credit_day(session, world.book, MONDAY, now=EVENING)

    with transaction(engine, read_only=True) as session:
        balances = {
            who: balance_of(session, account_of_person(session, world.volunteers[who]).id or 0).balance_min
            for who in ("V1", "V2", "V5")
        }
        assert credited == Credited(visits=4, minutes=89, refused=0)
        assert balances == {"V1": 35, "V2": 9, "V5": 45}
        assert issued_min(session, world.book) == 89
        assert reconcile(session, world.book) == []


def test_a_decision_with_its_reasons_stands_with_the_transfer(engine: Engine, world: World, held: list[int]) -> None:
    """Whoever asks later why it was twenty-five minutes and not thirty reads it there."""
    with transaction(engine) as session:
        credit_day(session, world.book, MONDAY, now=EVENING)

    decision = _decision(engine, held[1])
    assert (decision["pack"], decision["allowed"], decision["minutes"]) == ("shanghai-2026", True, 25)
    assert decision["reasons"] == ["rounding_min", "tolerance_min"]
    assert len(decision["articles"]) == 2


def test_a_batch_equals_single_credits_row_for_row(engine: Engine, world: World, held: list[int]) -> None:
    """The fast way must leave the same transfers, entries, hashes, balances and marks as one after the other."""
    with transaction(engine) as session:
        people = sorted(world.volunteers.values())
        members = [{"code": member_code(person), "kind": "member", "person_id": person} for person in people]
        open_accounts(session, world.book, members)
        attempt = session.begin_nested()
        for visit in held:
            credit_visit(session, world.book, visit, now=EVENING)
        singly = _books(session)
        attempt.rollback()
        credit_day(session, world.book, MONDAY, now=EVENING)

        assert _books(session) == singly


@pytest.mark.parametrize(
    "again",
    [
        lambda s, book, _visits: credit_day(s, book, MONDAY, now=EVENING + timedelta(hours=1)),
        lambda s, book, visits: [credit_visit(s, book, visit, now=EVENING) for visit in visits],
    ],
    ids=["the day", "each visit"],
)
def test_credit_is_posted_once_whatever_is_retried(
    engine: Engine, world: World, held: list[int], again: Callable[[Session, int, list[int]], object]
) -> None:
    """A lost answer, a second evening run, a press of a button: the hour is on the account once."""
    with transaction(engine) as session:
        credit_day(session, world.book, MONDAY, now=EVENING)
        before = _books(session)

    with transaction(engine) as session:
        again(session, world.book, held)

        assert _books(session) == before


@pytest.mark.parametrize(
    "second",
    [
        lambda s, book, _visits: credit_day(s, book, MONDAY, now=EVENING).visits,
        lambda s, book, visits: credit_visit(s, book, visits[0], now=EVENING),
    ],
    ids=["the same day", "one of its visits"],
)
def test_two_who_credit_at_once_credit_once(
    engine: Engine, world: World, held: list[int], second: Callable[[Session, int, list[int]], object]
) -> None:
    """Two workers on one evening, or a worker and a coordinator; the second finds nothing left, and no error."""
    one, other = at_once(
        engine,
        lambda session: credit_day(session, world.book, MONDAY, now=EVENING).visits,
        lambda session: second(session, world.book, held),
    )

    assert one == 4
    assert not other
    assert not isinstance(other, Exception)
    with transaction(engine, read_only=True) as session:
        assert issued_min(session, world.book) == 89
        assert reconcile(session, world.book) == []


def test_a_crash_between_confirming_and_crediting_loses_nothing(engine: Engine, world: World, held: list[int]) -> None:
    """Posting and mark stand or fall together; what was confirmed is credited by the next run."""

    def die(session: Session) -> None:
        credit_day(session, world.book, MONDAY, now=EVENING)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), transaction(engine) as session:
        die(session)

    with transaction(engine) as session:
        assert issued_min(session, world.book) == 0
        assert credit_day(session, world.book, MONDAY, now=EVENING) == Credited(visits=4, minutes=89, refused=0)


def test_only_confirmed_visits_mint(engine: Engine, world: World, make_visit: MakeVisit) -> None:
    """Planned, begun, ended, disputed, missed and called off: none of them is an hour served."""
    steps: list[list[Callable[[Session, int], object]]] = [
        [],
        [begin],
        [begin, end],
        [begin, end, lambda s, v: life.dispute(s, v, actor="person:1", note="没有来", now=EVENING)],
        [lambda s, v: life.miss(s, v, actor="person:1", note="", now=EVENING)],
        [lambda s, v: life.cancel(s, v, actor="person:1", note="", now=EVENING)],
    ]
    visits = [make_visit(f"S{n}-greeting") for n in range(1, 7)]
    with transaction(engine) as session:
        for visit, path in zip(visits, steps, strict=True):
            for step in path:
                step(session, visit)

        assert credit_day(session, world.book, MONDAY, now=EVENING) == Credited(0, 0, 0)
        assert issued_min(session, world.book) == 0


@pytest.mark.parametrize("served_min", [0, 6])
def test_a_dispute_mints_what_was_upheld(engine: Engine, world: World, visit: int, served_min: int) -> None:
    """Resolved days later, it is still credited to its own day, by the rules of that day."""
    with transaction(engine) as session:
        begin(session, visit)
        end(session, visit)
        life.dispute(session, visit, actor="person:1", note="提前离开", now=EVENING)
        assert credit_day(session, world.book, MONDAY, now=EVENING).visits == 0
        life.resolve(session, visit, actor="organisation:3", served_min=served_min, note="核实", now=EVENING)

        credit_day(session, world.book, MONDAY, now=EVENING)

        assert issued_min(session, world.book) == served_min


@pytest.mark.parametrize(
    ("born_on", "evidence", "reasons"),
    [
        (date(2008, 3, 2), "app", ("rounding_min",)),
        (date(2008, 3, 3), "app", ("min_age_to_earn",)),
    ],
    ids=["eighteen today", "eighteen tomorrow"],
)
def test_the_pack_decides_who_earns(
    engine: Engine, world: World, visit: int, born_on: date, evidence: str, reasons: tuple[str, ...]
) -> None:
    """The age counts on the day of service, and a refusal says which rule said no."""
    with transaction(engine) as session:
        session.connection().execute(
            update(PERSON).where(PERSON.c.id == world.volunteers["V1"]).values(born_on=born_on)
        )
        hold(session, visit, evidence=evidence)

        decided = credit_visit(session, world.book, visit, now=EVENING)

        assert decided is not None
        assert decided.reasons == reasons
        assert issued_min(session, world.book) == decided.minutes == (10 if decided.allowed else 0)


def test_the_pack_is_that_of_the_day_of_service(engine: Engine, world: World, make_visit: MakeVisit) -> None:
    """A visit of December 2025 is not judged by the measures of 2026."""
    last_year = make_visit(day=date(2025, 12, 31))
    with transaction(engine) as session:
        hold(session, last_year)
        credit_day(session, world.book, date(2025, 12, 31), now=EVENING)

    assert _decision(engine, last_year)["pack"] == "shanghai-notice"


def test_a_service_earns_at_its_own_ratio(engine: Engine, world: World, visit: int) -> None:
    """Two minutes for three, rounded down: the catalogue says what a minute is worth."""
    ratio = {"earn_numerator": 2, "earn_denominator": 3}
    with transaction(engine) as session:
        session.connection().execute(update(SERVICE).where(SERVICE.c.code == "greeting").values(**ratio))
        hold(session, visit)

        assert credit_day(session, world.book, MONDAY, now=EVENING) == Credited(1, 6, 0)


def test_a_visit_under_a_minute_earns_nothing(engine: Engine, world: World, visit: int) -> None:
    """Ringing the bell is no greeting; it is counted among those that earn nothing."""
    at = moment_at(MONDAY, 540)
    with transaction(engine) as session:
        begin(session, visit)
        mine = world.volunteers["V1"]
        life.check_out(session, visit, volunteer_id=mine, at=at + timedelta(seconds=59), now=EVENING)
        life.confirm(session, visit, confirmed_by="senior")

        assert credit_day(session, world.book, MONDAY, now=EVENING) == Credited(0, 0, 1)


def test_one_full_account_does_not_stop_the_others(engine: Engine, world: World, held: list[int]) -> None:
    """V1 stores at most twenty minutes and V2's account is frozen: the rest of the day is credited all the same."""
    rows = [
        {
            "code": member_code(world.volunteers["V1"]),
            "kind": "member",
            "person_id": world.volunteers["V1"],
            "ceiling_min": 20,
        },
        {"code": member_code(world.volunteers["V2"]), "kind": "member", "person_id": world.volunteers["V2"]},
    ]
    with transaction(engine) as session:
        frozen = open_accounts(session, world.book, rows)[member_code(world.volunteers["V2"])]
        session.connection().execute(update(ACCOUNT).where(ACCOUNT.c.id == frozen).values(status="frozen"))

        credited = credit_day(session, world.book, MONDAY, now=EVENING)

        assert credited == Credited(visits=2, minutes=55, refused=2)
        assert reconcile(session, world.book) == []
        session.connection().execute(update(ACCOUNT).where(ACCOUNT.c.id == frozen).values(status="open"))
        assert credit_day(session, world.book, MONDAY, now=EVENING) == Credited(visits=1, minutes=9, refused=1)


def test_credit_of_one_visit_takes_a_confirmed_one(engine: Engine, world: World, visit: int) -> None:
    """What is not confirmed, or not there, is refused in words."""
    with transaction(engine) as session:
        with pytest.raises(WrongState) as caught:
            credit_visit(session, world.book, visit, now=EVENING)
        with pytest.raises(NotFound):
            credit_visit(session, world.book, visit + 1, now=EVENING)

    assert (caught.value.state, caught.value.allowed) == ("planned", "confirmed")


def test_a_long_day_is_credited_in_pages(
    engine: Engine, world: World, held: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve thousand greetings do not fit into one batch; the pages leave nobody out."""
    monkeypatch.setattr("timebank.visits.records.RECORDS_A_PAGE", 3)

    with transaction(engine) as session:
        assert credit_day(session, world.book, MONDAY, now=EVENING) == Credited(visits=4, minutes=89, refused=0)
