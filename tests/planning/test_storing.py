"""A plan becomes rows: its proof, its pairs with reasons, the unmet with theirs; the same question once."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from matching.plan import CANDIDATE_RULES, UnmetReason
from matching.solve import solve
from tests.planning.conftest import Plan, add, ask, bath_of, change, rows_of
from tests.together import at_once
from tests.worlds import MONDAY, World
from timebank.core.database import transaction
from timebank.needs.tables import Need
from timebank.planning import tables
from timebank.planning.problem_rows import Question
from timebank.planning.runs import make_plan
from timebank.planning.storing import (
    answer_of,
    insert_visits,
    plan_number,
    publish_plan,
    published_plan,
    question_hash,
    store_plan,
)

FORTNIGHT = Question(starts_on=MONDAY, horizon_days=14)


def test_a_plan_is_stored_with_its_proof(engine: Engine, world: World, plan: Plan) -> None:
    """Whoever doubts a plan reads how good it is, and solves the same question again."""
    answer = solve(ask(engine, FORTNIGHT))

    number = plan(is_proposed=True)

    with transaction(engine, read_only=True) as session:
        stored = session.get_one(tables.Plan, number)
        assert (stored.scope, stored.organisation_id, stored.state) == ("district", None, "proposed")
        assert (stored.starts_on, stored.horizon_days) == (MONDAY, 14)
        assert (stored.status, stored.objective, stored.bound) == (answer.status.value, answer.objective, answer.bound)
        assert (stored.seed, stored.method) == (answer.seed, answer.method)
        assert stored.input_hash == question_hash(ask(engine, FORTNIGHT))
        kept = answer_of(stored)
        assert kept.verdict == answer.verdict
        assert kept.verdict.holds
        assert np.array_equal(kept.visits.days, answer.visits.days)


def test_pairs_are_stored_with_what_spoke_for_them(engine: Engine, world: World, plan: Plan) -> None:
    """S1 lives nearest to V1 and V2 both; the door visit has V5 alone."""
    number = plan(is_proposed=True)

    pairs = {row[1]: row for row in rows_of(engine, "pair")["pair"]}

    door = pairs[world.needs["S1-door_visit"]]
    greeting = pairs[world.needs["S1-greeting"]]
    assert len(pairs) == 9
    assert (door[0], door[2], door[4:]) == (number, world.volunteers["V5"], (1, 1))
    assert greeting[2] in (world.volunteers["V1"], world.volunteers["V2"])
    assert greeting[5] == 2
    assert 50 < greeting[3] < 400


def test_the_unmet_are_stored_with_their_reason(engine: Engine, world: World, plan: Plan) -> None:
    """Two have no one of the wished gender or language, one no resource that is open to him."""
    change(engine, Need, world.needs["S1-door_visit"], gender_wish="male")
    change(engine, Need, world.needs["S5-greeting"], language_wish="sh")
    trip = add(engine, bath_of(world, "S3", "EAST"))

    number = plan(is_proposed=True)

    with transaction(engine, read_only=True) as session:
        unmet = {need: session.get_one(tables.Unmet, (number, need)) for need in _numbers(world, trip)}
        reasons = [unmet[need].reason for need in _numbers(world, trip)]
        assert reasons == [UnmetReason.GENDER, UnmetReason.LANGUAGE, UnmetReason.ELIGIBILITY]
        taken = unmet[world.needs["S1-door_visit"]].taken_by_rule
        assert set(taken) == set(CANDIDATE_RULES)
        assert {rule: count for rule, count in taken.items() if count} == {"skill": 4, "gender": 1}
        assert len(rows_of(engine, "unmet")["unmet"]) == 3


def _numbers(world: World, trip: int) -> tuple[int, int, int]:
    return world.needs["S1-door_visit"], world.needs["S5-greeting"], trip


def test_the_same_question_twice_is_one_plan(engine: Engine, world: World, plan: Plan) -> None:
    """A coordinator who presses twice, or a worker that is started again, finds the plan that stands."""
    first = plan(is_proposed=True)
    before = rows_of(engine, "plan", "pair", "unmet")

    assert plan(is_proposed=True) == first
    assert rows_of(engine, "plan", "pair", "unmet") == before


def test_the_same_question_at_once_is_one_plan(engine: Engine, world: World, noon: datetime) -> None:
    """Two workers who solved the same store it once, and neither fails."""
    problem = ask(engine, FORTNIGHT)
    answer = solve(problem)

    def store(session: Session) -> int:
        stored = store_plan(session, problem, answer, scope="district", organisation_id=None, figures={}, now=noon)
        return plan_number(stored)

    one, other = at_once(engine, store, store)

    assert one == other
    assert len(rows_of(engine, "plan")["plan"]) == 1


def test_other_rows_are_another_question(engine: Engine, world: World, plan: Plan) -> None:
    """A need that changed since is not answered by the plan of yesterday."""
    first = plan(is_proposed=True)
    change(engine, Need, world.needs["S3-greeting"], frequency_count=3)

    assert plan(is_proposed=True) != first
    assert plan("EAST", is_proposed=True) not in (first, first + 1)


def test_a_plan_whose_rows_are_back_is_proposed_anew(engine: Engine, world: World, plan: Plan, noon: datetime) -> None:
    """A need was paused and is open again: the plan of before is right again and can be put into force."""
    first = plan()
    change(engine, Need, world.needs["S3-greeting"], status="paused")
    second = plan(now=noon + timedelta(hours=1))
    change(engine, Need, world.needs["S3-greeting"], status="open")

    again = plan(now=noon + timedelta(hours=2))

    assert (again, second) == (first, first + 1)
    assert [row[2] for row in rows_of(engine, "plan")["plan"]] == ["published", "superseded"]
    visits = rows_of(engine, "visit")["visit"]
    assert {row[0] for row in visits} == {first}
    assert world.needs["S3-greeting"] in {row[1] for row in visits}


def test_both_databases_give_the_same_plan_and_rows(both: tuple[Engine, Engine], noon: datetime) -> None:
    """A district that moves from SQLite to PostgreSQL finds the same pairs, visits and bookings."""
    found = []
    for engine in both:
        number = make_plan(engine, FORTNIGHT, now=noon)
        with transaction(engine) as session:
            publish_plan(session, number)
        found.append(rows_of(engine, "plan", "pair", "visit", "booking"))

    assert len(found[0]["visit"]) > 50
    assert len(found[0]["booking"]) == 1
    assert found[0] == found[1]


def test_a_day_keeps_the_visit_it_has(engine: Engine, world: World, plan: Plan) -> None:
    """Visits are written by the thousand; a need that has its visit on that day gets no second."""
    number = plan(is_proposed=True)
    need, volunteer = world.needs["S1-greeting"], world.volunteers["V1"]
    columns = [np.array(values) for values in ([need] * 3, [volunteer] * 3, [0, 1, 13], [540] * 3, [10] * 3)]

    with transaction(engine) as session:
        first = insert_visits(session, number, MONDAY, *columns)
        again = insert_visits(session, number, MONDAY, *columns)
        nothing = insert_visits(session, number, MONDAY, *(column[:0] for column in columns))

    assert (first, again, nothing) == (3, 0, 0)
    days = [str(MONDAY + timedelta(days=n)) for n in (0, 1, 13)]
    assert rows_of(engine, "visit")["visit"] == [(number, need, volunteer, day, 540, 10, "planned") for day in days]


def test_one_plan_of_a_scope_is_in_force(engine: Engine, world: World, plan: Plan) -> None:
    """Whoever asks what holds today gets one answer."""
    with transaction(engine, read_only=True) as session:
        assert published_plan(session, "district") is None
    number = plan()
    plan("EAST", is_proposed=True)

    with transaction(engine, read_only=True) as session:
        found = published_plan(session, "district")
        assert found is not None
        assert plan_number(found) == number
        assert published_plan(session, f"organisation:{world.organisations['EAST']}") is None


def test_a_plan_that_is_not_stored_has_no_number() -> None:
    """A slip of the caller is told in words of the trade."""
    with pytest.raises(ValueError, match="not stored yet"):
        plan_number(tables.Plan.model_construct(starts_on=MONDAY))
