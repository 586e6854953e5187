"""What was before reaches the plan: who served whom, on which weekdays, in which slots; and what was done is done."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session

from matching.problem import Params
from tests.planning.conftest import Plan, add, ask, bath_of, book, booked, change, paired, publish, row, say, visited
from tests.worlds import MONDAY, World
from timebank.core.columns import table_of
from timebank.needs.tables import Need
from timebank.people.tables import SeniorCategory
from timebank.planning.presets import preset, release
from timebank.planning.problem_rows import Question
from timebank.planning.runs import make_plan
from timebank.projects.tables import Resource, Slot
from timebank.visits.tables import Visit

NEXT = MONDAY + timedelta(days=14)
WHO = "organisation:1"


def _far_pair(engine: Engine, world: World, plan: Plan, now: datetime) -> str:
    """Pair S1 with whoever lives farther away, put it into force, and leave the choice to the engine again."""
    usual = paired(engine, world, plan(is_proposed=True))["S1-greeting"]
    other = "V2" if usual == {"V1"} else "V1"
    need, friend = world.needs["S1-greeting"], world.volunteers[other]
    say(engine, lambda session: preset(session, need, friend, actor=WHO, now=now))
    plan()
    say(engine, lambda session: release(session, need, friend, actor=WHO, now=now))
    return other


def test_a_pair_that_stands_is_kept(engine: Engine, world: World, plan: Plan, noon: datetime) -> None:
    """A senior keeps the face they know, though somebody else would walk a few metres less."""
    other = _far_pair(engine, world, plan, noon)

    kept = paired(engine, world, plan(starts_on=NEXT, is_proposed=True))
    free = Question(starts_on=NEXT, horizon_days=14, params=Params())
    moved = paired(engine, world, make_plan(engine, free, now=noon))

    assert kept["S1-greeting"] == {other}
    assert moved["S1-greeting"] != {other}


def test_an_organisations_plan_speaks_before_the_districts(
    engine: Engine, world: World, plan: Plan, noon: datetime
) -> None:
    """What stands for its seniors is what it published itself since."""
    plan()
    other = _far_pair(engine, world, lambda **values: plan("EAST", now=noon + timedelta(hours=1), **values), noon)

    standing = ask(engine, Question(starts_on=NEXT, horizon_days=14)).standing.tolist()

    needs = [need for need, _ in standing]
    assert [world.needs["S1-greeting"], world.volunteers[other]] in standing
    assert len(needs) == len(set(needs)) == 9


def test_the_same_question_is_the_same_after_its_plan_is_in_force(
    engine: Engine, world: World, plan: Plan, noon: datetime
) -> None:
    """A run over unchanged rows is recognised, whatever became of its plan; what stands is what was before its days."""
    first = plan()

    assert plan(is_proposed=True, now=noon + timedelta(hours=1)) == first
    assert len(ask(engine, Question(starts_on=MONDAY, horizon_days=14)).standing) == 0
    assert len(ask(engine, Question(starts_on=NEXT, horizon_days=14)).standing) == 9


@pytest.mark.parametrize("weekday", [2, 5])
def test_a_weekly_visit_keeps_its_weekday(engine: Engine, world: World, plan: Plan, weekday: int) -> None:
    """Whoever is used to Thursdays is visited on Thursdays, plan after plan, unless they say otherwise."""
    need = world.needs["S1-door_visit"]
    change(engine, Need, need, weekdays=1 << weekday)
    plan()
    change(engine, Need, need, weekdays=127)

    again = visited(engine, world, plan(starts_on=NEXT), "S1-door_visit")
    change(engine, Need, need, preferred_weekdays=0b1)
    asked = visited(engine, world, plan(starts_on=NEXT + timedelta(days=14)), "S1-door_visit")

    assert [day.weekday() for day, _ in again] == [weekday, weekday]
    assert [day.weekday() for day, _ in asked] == [0, 0]


def _visit(world: World, need: str, volunteer: str, day: date, status: str, plan_id: int) -> Visit:
    return Visit(
        plan_id=plan_id,
        need_id=world.needs[need],
        volunteer_id=world.volunteers[volunteer],
        day=day,
        starts_min=540,
        planned_min=10,
        status=status,
    )


@pytest.mark.parametrize(
    ("status", "is_asked"), [("confirmed", False), ("planned", False), ("missed", True), ("cancelled", True)]
)
def test_what_is_met_once_is_not_met_again(
    engine: Engine, world: World, plan: Plan, *, status: str, is_asked: bool
) -> None:
    """A form that was filled in is not filled in every month; a visit that was missed is asked for again."""
    need = world.needs["S3-greeting"]
    change(engine, Need, need, frequency_kind="once", frequency_count=1)
    number = plan(is_proposed=True)
    add(engine, _visit(world, "S3-greeting", "V1", NEXT - timedelta(days=1), status, number))

    asked = ask(engine, Question(starts_on=NEXT, horizon_days=14)).needs.ids.tolist()

    assert (need in asked) == is_asked
    assert world.needs["S2-greeting"] in asked


def test_a_place_is_a_once_too(engine: Engine, world: World) -> None:
    """One bath after a fall is one bath."""
    need = world.needs["S2-bath"]
    change(engine, Need, need, frequency_kind="once", frequency_count=1)
    slot = say(engine, lambda session: session.connection().execute(select(table_of(Slot).c.id)).scalars().first())
    say(engine, lambda session: book(session, slot, need, "used"))

    assert need in ask(engine, Question(starts_on=MONDAY, horizon_days=14)).needs.ids.tolist()
    assert need not in ask(engine, Question(starts_on=NEXT, horizon_days=14)).needs.ids.tolist()


def _one_place(engine: Engine, world: World) -> int:
    """S4 needs a bath too, and one place a day is all there is; returns the number of S4's need."""
    add(engine, SeniorCategory(senior_id=world.seniors["S4"], category="severe_functional_impairment", from_day=MONDAY))
    slots = say(engine, lambda session: session.connection().execute(select(table_of(Slot).c.id)).scalars().all())
    for slot in slots:
        change(engine, Slot, slot, places=1)
    return add(engine, bath_of(world, "S4", "EAST"))


def test_who_waited_longest_has_the_scarce_place(engine: Engine, world: World, plan: Plan) -> None:
    """S2 lives nearer to the bath and had one in February; S4 never had one."""
    other = _one_place(engine, world)
    change(engine, Need, world.needs["S2-bath"], from_day=date(2025, 6, 1))
    near = {need for _, need in booked(engine, plan(horizon_days=1))}
    _past_bath(engine, world, date(2026, 2, 20))

    far = {need for _, need in booked(engine, plan(starts_on=MONDAY + timedelta(days=7), horizon_days=1))}

    assert (near, far) == ({world.needs["S2-bath"]}, {other})


def _past_bath(engine: Engine, world: World, day: date) -> None:
    resource = say(engine, lambda session: session.connection().execute(select(table_of(Resource).c.id)).scalar_one())
    slot = add(engine, Slot(resource_id=resource, day=day, starts_min=540, ends_min=600, places=1))
    say(engine, lambda session: book(session, slot, world.needs["S2-bath"], "used"))


def test_days_of_waiting_are_counted_up_to_a_year(engine: Engine, world: World) -> None:
    """From the last place that was used, else from the day the need began; a missed one does not count."""
    question = Question(starts_on=MONDAY, horizon_days=14)
    number = world.needs["S2-bath"]

    def waited() -> int:
        return int(row(ask(engine, question).needs, number)["waiting_days"])

    found = [waited()]
    change(engine, Need, number, from_day=date(2020, 1, 1))
    found.append(waited())
    _past_bath(engine, world, MONDAY - timedelta(days=10))
    found.append(waited())

    assert found == [60, 365, 10]


def test_a_series_keeps_its_slot_from_plan_to_plan(engine: Engine, world: World, plan: Plan) -> None:
    """Dialysis is on Thursdays; the van comes on Thursdays in the next plan too."""
    need = world.needs["S2-bath"]
    change(engine, Need, need, frequency_kind="per_week", is_series=1, weekdays=0b0001000)
    plan()
    change(engine, Need, need, weekdays=127)

    number = plan(starts_on=NEXT)

    days = say(engine, lambda session: _days_booked(session, number))
    assert [day.weekday() for day in days] == [3, 3]


def _days_booked(session: Session, plan_id: int) -> list[Any]:
    slots = {slot for slot, _ in booked(session.get_bind(), plan_id)}  # type: ignore[arg-type]  # it is an engine
    days = select(table_of(Slot).c.day).where(table_of(Slot).c.id.in_(slots))
    return list(session.connection().execute(days.order_by(table_of(Slot).c.day)).scalars())


def test_a_plan_that_was_only_proposed_was_not_before(engine: Engine, world: World, plan: Plan) -> None:
    """Nobody was ever visited by a draft."""
    number = plan(is_proposed=True)
    draft = ask(engine, Question(starts_on=NEXT, horizon_days=14)).standing
    publish(engine, number)

    assert len(draft) == 0
    assert len(ask(engine, Question(starts_on=NEXT, horizon_days=14)).standing) == 9
