"""The six facts of a visit are shown as they were, whatever changed since; clocks may be a little off."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from tests.visits.conftest import MakeVisit, begin, hold
from tests.worlds import MONDAY, World
from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.needs.tables import Need
from timebank.people.tables import Senior
from timebank.rules.pack import EVIDENCE
from timebank.visits import life
from timebank.visits.facts import Facts, check_out_past_midnight, facts_of, trusted_moment
from timebank.visits.refusals import TooEarly
from timebank.visits.statements import state_minutes

NOON = moment_at(MONDAY, 720)


@pytest.mark.parametrize("grade", sorted(EVIDENCE))
def test_six_facts_are_shown_for_every_grade(engine: Engine, world: World, visit: int, grade: str) -> None:
    """Service, served, giver, place, day, start and end: what an auditor asks for, with how it is known."""
    with transaction(engine) as session:
        hold(session, visit, served_min=13, evidence=grade, by="organisation")
        state_minutes(session, visit, side="senior", actor="person:77", minutes=12, now=NOON)

        assert facts_of(session, visit) == Facts(
            visit_id=visit,
            service="greeting",
            served_id=world.seniors["S1"],
            giver_id=world.volunteers["V1"],
            place_zh="甘泉第1居委会",
            place_en="Ganquan Road committee 1",
            day=MONDAY,
            began_at=moment_at(MONDAY, 540),
            ended_at=moment_at(MONDAY, 553),
            served_min=13,
            evidence=grade,
            confirmed_by="organisation",
            stated_min_by_side={"senior": 12},
        )


def test_facts_stay_when_home_and_need_change(engine: Engine, world: World, visit: int) -> None:
    """A senior who moves in May does not move the visit of March; later visits are at the new home."""
    with transaction(engine) as session:
        hold(session, visit)
        before = facts_of(session, visit)

    with transaction(engine) as session:
        senior = session.get_one(Senior, world.seniors["S1"])
        senior.subdistrict_id, senior.committee_id = world.areas["310107007"], world.areas["310107007001"]
        session.get_one(Need, world.needs["S1-greeting"]).service_id = world.services["door_visit"]

    with transaction(engine) as session:
        assert facts_of(session, visit) == before
        later = session.connection().execute(
            text("UPDATE visit SET checked_in_at = '2090-01-01', checked_out_at = NULL")
        )
        assert later.rowcount == 1
        moved = facts_of(session, visit)
        assert (moved.place_zh, moved.service) == ("真如第1居委会", "door_visit")


def test_home_of_somebody_never_visited_leaves_no_trace(engine: Engine, world: World) -> None:
    """Where people lived is kept for their visits and for nothing else."""
    with transaction(engine) as session:
        session.get_one(Senior, world.seniors["S1"]).lat_deg += 0.01
        session.flush()

        assert session.connection().execute(text("SELECT count(*) FROM home_before")).scalar_one() == 0


def test_visit_that_is_not_there_has_no_facts(engine: Engine, visit: int) -> None:
    """A number that was never given says so."""
    with transaction(engine) as session, pytest.raises(NotFound):
        facts_of(session, visit + 1)


@pytest.mark.parametrize(("ahead_min", "trusted_min"), [(-30, -30), (0, 0), (9, 0), (10, 0), (11, 11)])
def test_clock_ten_minutes_fast_is_set_right(ahead_min: int, trusted_min: int) -> None:
    """A telephone's clock a little ahead keeps nobody from checking in; one far ahead is not believed."""
    at = trusted_moment(NOON + timedelta(minutes=ahead_min), now=NOON)

    assert at == NOON + timedelta(minutes=trusted_min)


def test_fast_clock_checks_in_at_our_time(engine: Engine, world: World, visit: int) -> None:
    """What is written is the moment at which we were told."""
    now, mine = moment_at(MONDAY, 540), world.volunteers["V1"]
    with transaction(engine) as session:
        at = trusted_moment(now + timedelta(minutes=10), now=now)

        checked_in = life.check_in(session, visit, volunteer_id=mine, at=at, evidence="app", now=now)

        assert checked_in.checked_in_at == now


def test_visit_after_midnight_counts_whole_on_its_own_day(engine: Engine, world: World, make_visit: MakeVisit) -> None:
    """Somebody stayed until the doctor came: fifty minutes, of the day on which they began, and only once."""
    late, mine = make_visit(starts_min=23 * 60 + 30), world.volunteers["V1"]
    at = moment_at(MONDAY, 1440 + 20)
    with transaction(engine) as session:
        with pytest.raises(WrongState):
            check_out_past_midnight(session, late, volunteer_id=mine, at=at, now=at)
        begin(session, late, at_min=23 * 60 + 30)

        for _ in range(2):
            ended = check_out_past_midnight(session, late, volunteer_id=mine, at=at, now=at)
            assert (ended.status, ended.served_min, ended.day, ended.checked_out_at) == ("checked_out", 50, MONDAY, at)
        with pytest.raises(WrongState):
            check_out_past_midnight(
                session, late, volunteer_id=mine, at=at + timedelta(minutes=1), now=NOON.replace(day=5)
            )


@pytest.mark.parametrize(
    ("at_min", "now_min", "refusal"),
    [(1439, 1500, WrongInput), (1440 + 241, 1440 + 300, WrongInput), (1460, 1459, TooEarly)],
    ids=["before midnight", "forgotten", "ahead"],
)
def test_forgotten_check_out_is_no_night_at_the_bedside(
    engine: Engine, world: World, visit: int, at_min: int, now_min: int, refusal: type[Exception]
) -> None:
    """Who remembers the next morning tells the desk; twenty hours are not served by forgetting."""
    with transaction(engine) as session:
        begin(session, visit)

        with pytest.raises(refusal):
            check_out_past_midnight(
                session,
                visit,
                volunteer_id=world.volunteers["V1"],
                at=moment_at(MONDAY, at_min),
                now=moment_at(MONDAY, now_min),
            )
        with pytest.raises(NotFound):
            check_out_past_midnight(session, visit, volunteer_id=world.volunteers["V2"], at=NOON, now=NOON)
        assert life.visit_of(session, visit).status == "checked_in"
