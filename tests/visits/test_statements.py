"""Two sides say how long it took; what they say stays, and nobody decides alone when it differs much."""

from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.together import at_once
from tests.visits.conftest import MakeVisit, begin, end, events
from tests.visits.conftest import senior_of as served_by
from tests.worlds import MONDAY, World
from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.core.errors import WrongInput, WrongState
from timebank.ledger.accounts import issued_min
from timebank.visits import life
from timebank.visits.credit import credit_day
from timebank.visits.refusals import PartyToAudit, PartyToDispute
from timebank.visits.statements import confirm_alone, dispute_uncredited, state_minutes, stated_min

EVENING = moment_at(MONDAY, 21 * 60)
DESK, ARBITER = "organisation:1", "organisation:9"


@pytest.fixture
def over(engine: Engine, make_visit: MakeVisit) -> int:
    """A visit of an hour that is checked out and that nobody has confirmed."""
    number = make_visit(planned_min=60)
    with transaction(engine) as session:
        begin(session, number)
        end(session, number, at_min=600)
    return number


def _senior(session: Session, visit: int, minutes: int) -> Any:
    actor = f"person:{served_by(session, visit)}"
    return state_minutes(session, visit, side="senior", actor=actor, minutes=minutes, now=EVENING)


def _desk(session: Session, visit: int, minutes: int) -> Any:
    return state_minutes(session, visit, side="organisation", actor=DESK, minutes=minutes, now=EVENING)


@pytest.mark.parametrize(
    ("senior", "desk", "status", "served"),
    [
        (60, 60, "confirmed", 60),
        (60, 45, "confirmed", 45),
        (45, 60, "confirmed", 45),
        (60, 44, "disputed", 60),
        (44, 60, "disputed", 60),
        (70, 65, "confirmed", 60),
        (0, 10, "disputed", 60),
        (0, 0, "disputed", 60),
    ],
    ids=["alike", "at the tolerance", "the other way", "beyond", "beyond the other way", "above", "not at all", "both"],
)
def test_two_numbers_follow_the_pack(
    engine: Engine, over: int, senior: int, desk: int, status: str, served: int
) -> None:
    """Up to fifteen minutes apart the lesser counts; beyond that, or when it never happened, a third person decides."""
    with transaction(engine) as session:
        assert _senior(session, over, senior).status == "checked_out"

        after = _desk(session, over, desk)

        assert (after.status, after.served_min) == (status, served)
        assert stated_min(session, over) == {"senior": senior, "organisation": desk}
        note = f"organisation: {desk}, senior: {senior}"
        assert events(session, over) == ([("disputed", "clock", note)] if status == "disputed" else [])


def test_dispute_of_two_numbers_ends_by_a_third_person(engine: Engine, world: World, over: int) -> None:
    """Neither who said sixty nor who said ten decides; what is upheld is credited once."""
    with transaction(engine) as session:
        _senior(session, over, 10)
        _desk(session, over, 60)
        assert credit_day(session, world.book, MONDAY, now=EVENING).visits == 0
        for party in (DESK, f"person:{served_by(session, over)}", f"person:{world.volunteers['V1']}"):
            with pytest.raises(PartyToDispute):
                life.resolve(session, over, actor=party, served_min=60, note="核实", now=EVENING)

        life.resolve(session, over, actor=ARBITER, served_min=40, note="电话核实", now=EVENING)

        assert credit_day(session, world.book, MONDAY, now=EVENING).minutes == 40
        assert stated_min(session, over) == {"senior": 10, "organisation": 60}


def test_said_again_is_harmless_and_said_otherwise_is_refused(engine: Engine, over: int) -> None:
    """A number that was said stays; who sees it differently now disputes."""
    with transaction(engine) as session:
        _senior(session, over, 60)
        _senior(session, over, 60)
        with pytest.raises(WrongInput, match="the 60 minutes"):
            _senior(session, over, 50)
        _desk(session, over, 60)
        _desk(session, over, 60)

        assert life.visit_of(session, over).status == "confirmed"
        assert events(session, over) == []


def test_both_sides_at_once_are_compared_once(engine: Engine, over: int) -> None:
    """Both telephones send in the same second: two numbers, one dispute."""
    at_once(engine, lambda s: _senior(s, over, 10).status, lambda s: _desk(s, over, 60).status)

    with transaction(engine) as session:
        assert life.visit_of(session, over).status == "disputed"
        assert len(events(session, over)) == 1


@pytest.mark.parametrize(("minutes", "status"), [(50, "confirmed"), (0, "disputed")])
def test_one_word_is_enough_when_the_other_does_not_come(engine: Engine, over: int, minutes: int, status: str) -> None:
    """A senior who cannot answer is not a reason to lose an hour; a lone 'never came' is looked at."""
    with transaction(engine) as session:
        with pytest.raises(WrongState):
            confirm_alone(session, over, now=EVENING)
        _desk(session, over, minutes)

        for _ in range(2):
            assert confirm_alone(session, over, now=EVENING).status == status


@pytest.mark.parametrize(("late", "status", "served"), [(20, "disputed", 60), (50, "confirmed", 50)])
def test_late_second_word_counts_until_the_credit(
    engine: Engine, over: int, late: int, status: str, served: int
) -> None:
    """Confirmed by one side already, and not credited: a second number that differs still does what it would have."""
    with transaction(engine) as session:
        _desk(session, over, 60)
        confirm_alone(session, over, now=EVENING)

        after = _senior(session, over, late)

        assert (after.status, after.served_min) == (status, served)


def test_second_word_after_the_credit_leaves_word_and_the_credit(engine: Engine, world: World, over: int) -> None:
    """Books are not changed behind somebody's back: the event is there for whoever can reverse."""
    with transaction(engine) as session:
        _desk(session, over, 60)
        confirm_alone(session, over, now=EVENING)
        credit_day(session, world.book, MONDAY, now=EVENING)

        after = _senior(session, over, 20)

        assert (after.status, after.served_min) == ("confirmed", 60)
        assert events(session, over) == [("stated_otherwise", "clock", "organisation: 60, senior: 20")]
        assert issued_min(session, world.book) == 60


def test_credited_and_disputed_at_once_is_one_of_both(engine: Engine, world: World, over: int) -> None:
    """No minutes are minted for a visit that is disputed in the same second."""
    with transaction(engine) as session:
        life.confirm(session, over, confirmed_by="senior")

    one, other = at_once(
        engine,
        lambda s: credit_day(s, world.book, MONDAY, now=EVENING).visits,
        lambda s: dispute_uncredited(s, over),
    )

    assert (one, other) == (1, False)


def test_disputed_and_credited_at_once_is_one_of_both(engine: Engine, world: World, over: int) -> None:
    """The other way round nothing is minted."""
    with transaction(engine) as session:
        life.confirm(session, over, confirmed_by="senior")

    one, other = at_once(
        engine,
        lambda s: dispute_uncredited(s, over),
        lambda s: credit_day(s, world.book, MONDAY, now=EVENING).visits,
    )

    assert (one, other) == (True, 0)
    with transaction(engine) as session:
        assert issued_min(session, world.book) == 0


def test_giver_speaks_for_nobody_else(engine: Engine, world: World, over: int) -> None:
    """Who gave has said it by checking in and out."""
    giver = f"person:{world.volunteers['V1']}"
    with transaction(engine) as session, pytest.raises(PartyToAudit):
        state_minutes(session, over, side="organisation", actor=giver, minutes=60, now=EVENING)


@pytest.mark.parametrize(("side", "minutes"), [("giver", 60), ("senior", -1), ("senior", 1441)])
def test_impossible_statement_is_refused(engine: Engine, over: int, side: str, minutes: int) -> None:
    """A slip of the finger is caught before it is kept for ever."""
    with transaction(engine) as session:
        with pytest.raises(WrongInput):
            state_minutes(session, over, side=side, actor=DESK, minutes=minutes, now=EVENING)

        assert stated_min(session, over) == {}


def test_visit_that_is_not_over_has_no_length(engine: Engine, visit: int) -> None:
    """Nobody says beforehand how long it took."""
    with transaction(engine) as session:
        begin(session, visit)

        with pytest.raises(WrongState):
            _senior(session, visit, 10)


def test_statements_stay_as_they_were_said(engine: Engine, over: int) -> None:
    """The database itself keeps both numbers."""
    with transaction(engine) as session:
        _senior(session, over, 60)

    with pytest.raises(Exception, match="is append-only"), transaction(engine) as session:  # each database its own
        session.connection().execute(text("UPDATE visit_statement SET minutes = 10"))
