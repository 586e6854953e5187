"""A plan is put into force: what gives way, what stays, and what a bad day may not break."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func
from sqlmodel import Session, select

from tests.planning.conftest import Plan, add, bath_of, change, publish, rows_of
from tests.together import at_once
from tests.worlds import MONDAY, World
from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongState
from timebank.needs.tables import Need
from timebank.people.tables import Volunteer
from timebank.planning import tables
from timebank.planning.storing import answer_of, publish_plan
from timebank.projects.projects import cancel_project
from timebank.projects.tables import Booking, Project, Slot
from timebank.visits import life
from timebank.visits.tables import Visit

EVERYTHING = ("plan", "pair", "unmet", "visit", "booking")
HAPPENED = ("checked_in", "checked_out", "confirmed", "disputed", "missed", "cancelled")


def _visits(engine: Engine, **where: Any) -> list[Visit]:
    with transaction(engine, read_only=True) as session:
        wanted = select(Visit).order_by(Visit.id)  # type: ignore[arg-type]  # SQLModel columns are SQL columns
        return list(session.exec(wanted.filter_by(**where)))


def _most_a_day(engine: Engine) -> int:
    """Return the most visits that one need has on one day, those called off left out."""
    days = Counter((visit.need_id, visit.day) for visit in _visits(engine) if visit.status != "cancelled")
    return max(days.values())


def _most_over_places(engine: Engine) -> int:
    """Return by how many the fullest slot is over its places; 0 or less is right."""
    booked = (
        select(Slot.places, func.count())
        .join(Booking, Booking.slot_id == Slot.id)  # type: ignore[arg-type]  # SQLModel columns compare to SQL
        .where(Booking.status != "cancelled")
        .group_by(Slot.id, Slot.places)  # type: ignore[arg-type]  # SQLModel columns are SQL columns
    )
    with transaction(engine, read_only=True) as session:
        return max(int(count) - int(places) for places, count in session.exec(booked))


def _check_in(session: Session, visit: Visit) -> str:
    at = moment_at(visit.day, visit.starts_min)
    mine = visit.volunteer_id
    return life.check_in(session, visit.id or 0, volunteer_id=mine, at=at, evidence="app", now=at).status


def _state(engine: Engine, plan: int) -> str:
    with transaction(engine, read_only=True) as session:
        return session.get_one(tables.Plan, plan).state


def _published(engine: Engine, plan: int) -> Callable[[Session], str]:
    return lambda session: publish_plan(session, plan).state


def test_visits_and_bookings_are_those_of_the_plan(engine: Engine, world: World, plan: Plan) -> None:
    """What the judge approved is what the volunteers find in their diaries."""
    number = plan()

    with transaction(engine, read_only=True) as session:
        answer = answer_of(session.get_one(tables.Plan, number))
    visits = answer.visits
    columns = (visits.need_ids, visits.volunteer_ids, visits.days, visits.starts_min, visits.durations_min)
    planned = {tuple(row) for row in zip(*(column.tolist() for column in columns), strict=True)}
    stored = {(v.need_id, v.volunteer_id, (v.day - MONDAY).days, v.starts_min, v.planned_min) for v in _visits(engine)}
    assert stored == planned
    bookings = zip(answer.bookings.slot_ids.tolist(), answer.bookings.need_ids.tolist(), strict=True)
    assert [row[:2] for row in rows_of(engine, "booking")["booking"]] == list(bookings)
    assert {visit.plan_id for visit in _visits(engine)} == {number}


def test_publishing_twice_changes_nothing(engine: Engine, world: World, plan: Plan) -> None:
    """A lost answer is asked for again."""
    number = plan()
    with transaction(engine) as session:
        _check_in(session, _visits(engine)[0])
    before = rows_of(engine, *EVERYTHING)

    publish(engine, number)

    assert rows_of(engine, *EVERYTHING) == before


def test_two_coordinators_publish_one_plan_at_once(engine: Engine, world: World, plan: Plan) -> None:
    """Both see it in force; its visits stand once."""
    number = plan(is_proposed=True)

    both = at_once(engine, _published(engine, number), _published(engine, number))

    assert both == ("published", "published")
    assert _most_a_day(engine) == 1


@pytest.mark.parametrize("is_later_first", [False, True])
def test_of_two_plans_at_once_the_later_is_in_force(
    engine: Engine, world: World, plan: Plan, *, is_later_first: bool
) -> None:
    """Two coordinators publish two plans: whoever is first at the button, the plan that was made last holds."""
    earlier = plan(is_proposed=True)
    change(engine, Need, world.needs["S3-greeting"], frequency_count=3)
    later = plan(is_proposed=True)

    order = (later, earlier) if is_later_first else (earlier, later)
    _, second = at_once(engine, *(_published(engine, number) for number in order))

    assert _state(engine, later) == "published"
    assert {visit.plan_id for visit in _visits(engine)} == {later}
    assert (isinstance(second, WrongState), _most_a_day(engine)) == (is_later_first, 1)


def test_a_plan_that_a_later_one_replaced_is_refused(engine: Engine, world: World, plan: Plan) -> None:
    """Yesterday's proposal does not undo today's plan, and nothing changes."""
    earlier = plan(is_proposed=True)
    change(engine, Need, world.needs["S3-greeting"], frequency_count=3)
    plan()
    before = rows_of(engine, *EVERYTHING)

    with pytest.raises(WrongState) as caught:
        publish(engine, earlier)

    assert caught.value.state == "superseded"
    assert rows_of(engine, *EVERYTHING) == before


def test_a_plan_that_is_not_there_is_refused(engine: Engine, world: World) -> None:
    """A number by mistake is told as such."""
    with transaction(engine) as session, pytest.raises(NotFound, match="no plan 99"):
        publish_plan(session, 99)


@pytest.fixture
def lived(engine: Engine, world: World, plan: Plan) -> list[int]:
    """A plan of four weeks in force, with a visit in every state before and after the second Monday."""
    plan(horizon_days=28)
    planned = _visits(engine)
    weeks = [
        [v for v in planned if MONDAY + timedelta(days=7 * n) <= v.day < MONDAY + timedelta(days=7 * n + 7)]
        for n in (0, 1)
    ]
    happened = [(visit.id or 0, state) for week in weeks for visit, state in zip(week, HAPPENED, strict=False)]
    for visit, state in happened:
        change(engine, Visit, visit, status=state)
    return [visit for visit, _ in happened]


def test_a_later_plan_replaces_what_is_planned_from_its_first_day(
    engine: Engine, world: World, plan: Plan, lived: list[int]
) -> None:
    """What happened is never touched, on whichever side of the day; the days before it stay as they were."""
    second_monday = MONDAY + timedelta(days=7)
    old = {visit.id: visit.model_dump() for visit in _visits(engine)}

    later = plan(starts_on=second_monday, horizon_days=14)

    now = {visit.id: visit.model_dump() for visit in _visits(engine)}
    kept = {n for n, visit in old.items() if visit["status"] != "planned" or visit["day"] < second_monday}
    assert len(set(lived) & kept) == 12
    assert {n: now[n] for n in kept} == {n: old[n] for n in kept}
    assert {visit["plan_id"] for n, visit in now.items() if n not in kept} == {later}
    assert _most_a_day(engine) == 1


def test_a_need_that_ended_has_no_visits_ahead(engine: Engine, world: World, plan: Plan) -> None:
    """The next plan does not mention it any more, and nobody walks to a door in vain."""
    plan(horizon_days=28)
    change(engine, Need, world.needs["S3-greeting"], status="closed")

    plan(starts_on=MONDAY + timedelta(days=7))

    days = [visit.day for visit in _visits(engine, need_id=world.needs["S3-greeting"])]
    assert days
    assert max(days) < MONDAY + timedelta(days=7)


def test_what_ended_after_the_plan_was_made_is_left_out(engine: Engine, world: World, plan: Plan) -> None:
    """A need is closed, another gets an end, a volunteer leaves: what cannot be is counted and not planned."""
    number = plan(is_proposed=True)
    change(engine, Need, world.needs["S3-greeting"], status="closed")
    change(engine, Need, world.needs["S4-greeting"], to_day=MONDAY + timedelta(days=4))
    change(engine, Need, world.needs["S2-bath"], status="paused")
    change(engine, Volunteer, world.volunteers["V5"], status="left")

    publish(engine, number)

    visits = _visits(engine)
    planned = {visit.need_id for visit in visits}
    assert planned == {
        number for ref, number in world.needs.items() if ref not in ("S3-greeting", "S1-door_visit", "S2-bath")
    }
    assert max(v.day for v in visits if v.need_id == world.needs["S4-greeting"]) < MONDAY + timedelta(days=4)
    with transaction(engine, read_only=True) as session:
        figures = session.get_one(tables.Plan, number).figures
    assert figures["left_out"] == {"visits": figures["visits"] - len(visits), "bookings": 1}
    assert rows_of(engine, "booking")["booking"] == []


def test_an_organisation_replaces_its_own_alone(engine: Engine, world: World, plan: Plan) -> None:
    """EAST plans anew while the district's plan is in force: not a row of WEST changes."""
    district = plan(horizon_days=28)
    west = [world.needs[f"S{n}-greeting"] for n in range(5, 9)]
    before = [row for row in rows_of(engine, "visit")["visit"] if row[1] in west]

    own = plan("EAST", starts_on=MONDAY + timedelta(days=7))

    visits = rows_of(engine, "visit")["visit"]
    assert [row for row in visits if row[1] in west] == before
    later = {row[0] for row in visits if row[1] not in west and row[3] >= str(MONDAY + timedelta(days=7))}
    assert later == {own}
    assert (_state(engine, district), _state(engine, own)) == ("published", "published")


def test_the_district_takes_the_place_of_all(engine: Engine, world: World, plan: Plan) -> None:
    """After it no organisation's plan speaks for anybody; and an organisation's older proposal is refused."""
    own = plan("EAST")
    proposed = plan("WEST", is_proposed=True)

    district = plan(horizon_days=28)

    assert {visit.plan_id for visit in _visits(engine)} == {district}
    assert _state(engine, own) == "superseded"
    with pytest.raises(WrongState):
        publish(engine, proposed)


def test_a_volunteer_whom_others_booked_meanwhile_makes_a_plan_outdated(
    engine: Engine, world: World, plan: Plan, make_visit: Callable[..., int]
) -> None:
    """V1 was promised to WEST at the same hour after EAST's plan was made: run again, and nothing changes."""
    own = plan("EAST", is_proposed=True)
    with transaction(engine, read_only=True) as session:
        answer = answer_of(session.get_one(tables.Plan, own))
    mine = answer.visits.volunteer_ids == world.volunteers["V1"]
    day, starts_min = int(answer.visits.days[mine][0]), int(answer.visits.starts_min[mine][0])
    other = plan("WEST", horizon_days=7, is_proposed=True)
    make_visit(other, "S5-greeting", "V1", MONDAY + timedelta(days=day), starts_min=starts_min + 9)
    before = rows_of(engine, *EVERYTHING)

    with pytest.raises(WrongState) as caught:
        publish(engine, own)

    assert (caught.value.state, caught.value.allowed) == ("outdated", "fresh")
    assert rows_of(engine, *EVERYTHING) == before
    assert plan("EAST") != own


def _two_who_bathe(engine: Engine, world: World, places: int) -> tuple[int, int]:
    """Let S5 of WEST need a bath too, open the project to all, and leave one slot with so many places."""
    change(engine, Project, world.project, eligibility={})
    with transaction(engine) as session:
        for slot in session.exec(select(Slot)):
            slot.places = places
        for slot in session.exec(select(Slot).where(Slot.day != MONDAY)):
            session.delete(slot)
    return world.needs["S2-bath"], add(engine, bath_of(world, "S5", "WEST"))


@pytest.mark.parametrize(("places", "booked"), [(1, 1), (2, 2)])
def test_a_place_is_given_once_whoever_publishes_at_once(
    engine: Engine, world: World, plan: Plan, places: int, booked: int
) -> None:
    """EAST and WEST both planned with the last place: the second is told to run again, and loses nothing."""
    _two_who_bathe(engine, world, places)
    east, west = plan("EAST", is_proposed=True), plan("WEST", is_proposed=True)

    _, second = at_once(engine, _published(engine, east), _published(engine, west))

    assert len(rows_of(engine, "booking")["booking"]) == booked
    assert _most_over_places(engine) == booked - places
    assert isinstance(second, WrongState) is (booked == 1)
    assert _state(engine, west) == ("proposed" if booked == 1 else "published")


def test_a_plan_made_again_knows_the_places_that_are_gone(engine: Engine, world: World, plan: Plan) -> None:
    """The second organisation's next run says that places are taken, and can be published."""
    _, west_bath = _two_who_bathe(engine, world, 1)
    plan("EAST")

    west = plan("WEST")

    with transaction(engine, read_only=True) as session:
        assert session.get_one(tables.Unmet, (west, west_bath)).reason == "slot_places"
    assert _most_over_places(engine) == 0


def test_a_senior_keeps_a_place_when_their_organisation_plans_anew(engine: Engine, world: World, plan: Plan) -> None:
    """The only place is S2's own under the district's plan; EAST's run gives it to S2 again."""
    bath, other = _two_who_bathe(engine, world, 1)
    change(engine, Need, other, status="paused")
    plan()

    own = plan("EAST", horizon_days=7)

    assert [row[1:3] for row in rows_of(engine, "booking")["booking"]] == [(bath, own)]


@pytest.mark.parametrize(
    ("status", "after"), [("used", "used"), ("missed", "missed"), ("cancelled", "booked"), ("booked", "booked")]
)
def test_a_place_that_was_used_is_not_given_again(
    engine: Engine, world: World, plan: Plan, status: str, after: str
) -> None:
    """A plan that starts on the same day meets its own bookings: the past stays, what was called off is booked anew."""
    plan(horizon_days=7)
    [slot, need] = rows_of(engine, "booking")["booking"][0][:2]
    with transaction(engine) as session:
        session.exec(select(Booking)).one().status = status
        for other in session.exec(select(Slot).where(Slot.id != slot)):
            session.delete(other)
    change(engine, Need, world.needs["S3-greeting"], frequency_count=3)

    plan(horizon_days=7)

    assert [(row[0], row[1], row[4]) for row in rows_of(engine, "booking")["booking"]] == [(slot, need, after)]


def test_a_project_that_is_called_off_before_publishing_gives_no_places(
    engine: Engine, world: World, plan: Plan
) -> None:
    """The plan was made with its slots; nobody is sent to a bath that does not come."""
    number = plan(is_proposed=True)
    change(engine, Project, world.project, status="cancelled")

    publish(engine, number)

    assert rows_of(engine, "booking")["booking"] == []
    with transaction(engine, read_only=True) as session:
        assert session.get_one(tables.Plan, number).figures["left_out"]["bookings"] == 1


@pytest.mark.parametrize(("is_cancelled_first", "booked"), [(True, []), (False, ["cancelled"])])
def test_a_project_that_is_called_off_while_a_plan_is_published_keeps_no_booking(
    engine: Engine, world: World, plan: Plan, booked: list[str], *, is_cancelled_first: bool
) -> None:
    """Whoever is first, nobody is left waiting for a bath that does not come."""
    number, office = plan(is_proposed=True), world.organisations["CF1"]
    acts = [
        lambda session: cancel_project(session, office, world.project, from_day=MONDAY).status,
        _published(engine, number),
    ]

    answers = at_once(engine, *(acts if is_cancelled_first else reversed(acts)))

    assert set(answers) == {"cancelled", "published"}
    assert [row[4] for row in rows_of(engine, "booking")["booking"]] == booked


@pytest.mark.parametrize("is_visit_first", [True, False])
def test_a_visit_that_begins_while_a_plan_is_published_is_kept_or_told(
    engine: Engine, world: World, plan: Plan, *, is_visit_first: bool
) -> None:
    """Whoever is first: the visit that began stays and gets no twin, or the volunteer hears that it is gone."""
    plan()
    change(engine, Need, world.needs["S3-greeting"], frequency_count=3)
    later = plan(is_proposed=True)
    visit = _visits(engine)[0]
    acts = (lambda session: _check_in(session, visit), _published(engine, later))

    _, second = at_once(engine, *(acts if is_visit_first else reversed(acts)))

    assert (second == "published") is is_visit_first
    assert isinstance(second, NotFound) is not is_visit_first
    begun = [v.id for v in _visits(engine, status="checked_in")]
    assert begun == ([visit.id] if is_visit_first else [])
    assert _most_a_day(engine) == 1
    assert _state(engine, later) == "published"


def test_a_plan_that_starts_today_keeps_what_has_begun_today(
    engine: Engine, world: World, plan: Plan, noon: datetime
) -> None:
    """At noon the morning's visits are done or under way; the new plan adds none to those doors today."""
    plan()
    begun = next(visit for visit in _visits(engine) if visit.day == MONDAY)
    with transaction(engine) as session:
        _check_in(session, begun)
    change(engine, Volunteer, begun.volunteer_id, status="left")

    plan(now=noon + timedelta(hours=1))

    visits = _visits(engine, need_id=begun.need_id)
    assert [(v.id, v.status) for v in visits if v.day == MONDAY] == [(begun.id, "checked_in")]
    assert {v.volunteer_id for v in visits if v.day > MONDAY}.isdisjoint({begun.volunteer_id})
    assert len(visits) > 1
