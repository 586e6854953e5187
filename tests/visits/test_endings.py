"""A visit ends by somebody's side, in time or late; what lies ahead of a senior who died ends whole."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.needs.asking import DESK, NOW, TUESDAY, WEDNESDAY, events_of, listed
from tests.together import at_once
from tests.visits.conftest import MakeVisit, begin, end, events
from tests.visits.offering import offer, states_of, take
from tests.worlds import MONDAY, World
from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.core.errors import WrongInput, WrongState
from timebank.ledger.accounts import issued_min
from timebank.needs.requests import request_of
from timebank.needs.tables import Need
from timebank.visits import life
from timebank.visits.credit import Credited, credit_day
from timebank.visits.endings import NoShows, cancel_by, end_for_senior, miss_by, no_shows, withdraw_request
from timebank.visits.offers import Proposal, propose
from timebank.visits.refusals import TooEarly
from timebank.visits.tables import VisitEnding

BEGINS = moment_at(MONDAY, 540)
SPRING = {"from_day": date(2026, 3, 1), "to_day": date(2026, 4, 1)}


def _ending(session: Session, visit: int) -> tuple[str, str, bool, int]:
    kept = session.get_one(VisitEnding, visit)
    return kept.kind, kept.side, kept.is_late, kept.notice_min


@pytest.mark.parametrize(
    ("side", "notice_min", "is_late"),
    [("giver", 1440, False), ("giver", 1439, True), ("served", 1441, False), ("organisation", 0, True)],
)
def test_visit_called_off_says_by_whom_and_whether_in_time(
    engine: Engine, visit: int, side: str, notice_min: int, *, is_late: bool
) -> None:
    """The pack of the day asks for a day's notice; a minute less is late, and nobody argues about it."""
    with transaction(engine) as session:
        now = BEGINS - timedelta(minutes=notice_min)
        for later in (0, 1):
            cancel_by(session, visit, side=side, actor="person:1", note="生病", now=now + timedelta(minutes=later))

        assert _ending(session, visit) == ("cancelled", side, is_late, notice_min)
        assert events(session, visit) == [("cancelled", "person:1", "生病")]


def test_first_side_to_call_off_did(engine: Engine, visit: int) -> None:
    """Giver and senior call off at the same minute: one did, and the other hears no fault."""
    one, other = at_once(
        engine,
        lambda s: cancel_by(s, visit, side="giver", actor="person:1", note="", now=NOW).status,
        lambda s: cancel_by(s, visit, side="served", actor="person:2", note="", now=NOW).status,
    )

    assert (one, other) == ("cancelled", "cancelled")
    with transaction(engine) as session:
        assert _ending(session, visit)[:2] == ("cancelled", "giver")


@pytest.mark.parametrize("side", ["giver", "served"])
def test_no_show_mints_nothing_on_either_side(engine: Engine, world: World, visit: int, side: str) -> None:
    """An hour that was not served is nobody's, whoever was not there."""
    with transaction(engine) as session:
        with pytest.raises(TooEarly):
            miss_by(session, visit, side=side, actor=DESK, note="", now=BEGINS - timedelta(minutes=1))
        for _ in range(2):
            miss_by(session, visit, side=side, actor=DESK, note="无人应答", now=BEGINS)

        assert _ending(session, visit)[:3] == ("missed", side, True)
        assert len(events(session, visit)) == 1
        assert credit_day(session, world.book, MONDAY, now=NOW + timedelta(hours=9)) == Credited(0, 0, 0)
        assert issued_min(session, world.book) == 0


def test_only_the_givers_own_no_shows_are_counted(engine: Engine, world: World, make_visit: MakeVisit) -> None:
    """A senior who was out, or a visit called off in time, is not held against who would have come."""
    visits = [make_visit(f"S{n}-greeting") for n in range(1, 6)]
    early, late = BEGINS - timedelta(days=2), BEGINS - timedelta(hours=1)
    with transaction(engine) as session:
        miss_by(session, visits[0], side="giver", actor=DESK, note="", now=BEGINS)
        miss_by(session, visits[1], side="served", actor=DESK, note="", now=BEGINS)
        cancel_by(session, visits[2], side="giver", actor="person:1", note="", now=late)
        cancel_by(session, visits[3], side="giver", actor="person:1", note="", now=early)
        cancel_by(session, visits[4], side="served", actor="person:1", note="", now=late)

        assert no_shows(session, world.volunteers["V1"], **SPRING) == NoShows(missed=1, cancelled_late=1)
        assert no_shows(session, world.volunteers["V2"], **SPRING) == NoShows(0, 0)


@pytest.mark.parametrize("side", ["", "nobody"])
def test_side_is_one_of_those_that_are(engine: Engine, visit: int, side: str) -> None:
    """What is nobody's fault cannot be counted later; an organisation does not miss a visit."""
    with transaction(engine) as session:
        with pytest.raises(WrongInput, match="one of giver"):
            cancel_by(session, visit, side=side, actor=DESK, note="", now=NOW)
        with pytest.raises(WrongInput, match="one of giver, served"):
            miss_by(session, visit, side="organisation", actor=DESK, note="", now=NOW)

        assert life.visit_of(session, visit).status == "planned"


def test_senior_who_dies_between_yes_and_visit_is_left_in_peace(
    engine: Engine, world: World, make_visit: MakeVisit, plan: int
) -> None:
    """Nobody rings at that door: visits, offers and wishes end at once, late by nobody's fault; what was held stays."""
    held, ahead, other = make_visit(), make_visit(day=WEDNESDAY), make_visit("S2-greeting", "V2", day=WEDNESDAY)
    with transaction(engine) as session:
        begin(session, held)
        promised, open_, waiting = (
            listed(session, world, from_day=day, to_day=day + timedelta(days=1), minutes=minutes)
            for day, minutes in ((TUESDAY, 10), (date(2026, 3, 6), 11), (date(2026, 3, 7), 12))
        )
        visit = take(world, plan, "V1", offer(session, world, promised, "V1", "V2")[0])(session)
        _offer_friday(session, world, open_)

        ended = [
            end_for_senior(session, world.seniors["S1"], actor=DESK, note="离世", now=NOW + timedelta(hours=n))
            for n in range(2)
        ]

        session.expire_all()
        assert ended == [2, 0]
        statuses = [life.visit_of(session, number).status for number in (held, ahead, visit.id or 0, other)]
        assert statuses == ["checked_in", "cancelled", "cancelled", "planned"]
        assert [request_of(session, number).status for number in (promised, open_, waiting)] == ["withdrawn"] * 3
        assert states_of(session, open_) == ["withdrawn"]
        assert _ending(session, ahead) == ("cancelled", "served", False, 0)
        assert events_of(session, waiting)[-1] == ("withdrawn", DESK, "离世")
        assert session.get_one(Need, world.needs["S1-greeting"]).status == "closed"
        assert session.get_one(Need, world.needs["S2-greeting"]).status == "open"
        assert end(session, held).served_min == 10


def _offer_friday(session: Session, world: World, number: int) -> None:
    propose(session, number, [Proposal(world.volunteers["V2"], date(2026, 3, 6), 540)], actor=DESK, now=NOW)


def test_withdrawn_request_takes_its_visit_along_until_it_began(engine: Engine, world: World, plan: int) -> None:
    """The daughter calls: it is no longer needed. A visit that has begun is not undone by a call."""
    with transaction(engine) as session:
        first, second = listed(session, world), listed(session, world, "S2")
        gone, begun = (
            take(world, plan, who, offer(session, world, number, who)[0])(session).id or 0
            for who, number in (("V1", first), ("V2", second))
        )
        begin(session, begun)

        with pytest.raises(WrongInput, match="reason"):
            withdraw_request(session, first, actor="person:1", reason="", now=NOW)
        withdraw_request(session, first, actor="person:1", reason="不需要了", now=NOW)
        with pytest.raises(WrongState):
            withdraw_request(session, second, actor="person:1", reason="不需要了", now=NOW)

        assert life.visit_of(session, gone).status == "cancelled"
        assert (request_of(session, first).status, request_of(session, second).status) == ("withdrawn", "planned")
        assert _ending(session, gone)[:2] == ("cancelled", "served")


@pytest.mark.parametrize("table", ["visit_ending", "request_event"])
def test_what_was_done_stays_as_it_was_written(engine: Engine, world: World, visit: int, table: str) -> None:
    """Nobody moves a no-show to the other side afterwards: the database refuses."""
    with transaction(engine) as session:
        listed(session, world)
        cancel_by(session, visit, side="giver", actor="person:1", note="", now=NOW)

    with pytest.raises(Exception, match="is append-only"), transaction(engine) as session:  # each database its own
        session.connection().execute(text(f"UPDATE {table} SET actor = 'person:9'"))


def test_moment_of_a_no_show_is_kept(engine: Engine, visit: int) -> None:
    """When it was written can be compared with when it happened."""
    written: datetime = BEGINS + timedelta(hours=2)
    with transaction(engine) as session:
        miss_by(session, visit, side="giver", actor=DESK, note="", now=written)

        assert session.get_one(VisitEnding, visit).ended_at == written
