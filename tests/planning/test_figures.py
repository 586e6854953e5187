"""Figures that are kept with a plan equal its rows."""

from collections import Counter

from sqlalchemy import Engine

from matching.solve import STAGES
from tests.planning.conftest import Plan, change, rows_of
from tests.worlds import World
from timebank.core.database import transaction
from timebank.needs.tables import Need
from timebank.people.tables import Volunteer
from timebank.planning import tables
from timebank.planning.figures import DISTANCE_STEP_M


def test_figures_equal_the_rows(engine: Engine, world: World, plan: Plan) -> None:
    """A report that counts anew finds the same: pairs, metres, loads, visits, places."""
    change(engine, Need, world.needs["S5-greeting"], language_wish="sh")
    number = plan()

    with transaction(engine, read_only=True) as session:
        stored = session.get_one(tables.Plan, number)
    rows = rows_of(engine, "pair", "unmet", "visit", "booking")
    metres = [row[3] for row in rows["pair"]]
    loads = Counter(row[2] for row in rows["pair"])
    figures = stored.figures
    assert figures["pairs"] == {
        "met": len(metres),
        "total_m": sum(metres),
        "mean_m": round(sum(metres) / len(metres), 1),
        "longest_m": max(metres),
    }
    assert figures["load"]["histogram"] == [sum(loads[v] == n for v in world.volunteers.values()) for n in range(4)]
    assert (figures["load"]["most"], figures["load"]["idle"]) == (max(loads.values()), 5 - len(loads))
    assert (figures["visits"], figures["bookings"]) == (len(rows["visit"]), len(rows["booking"]))
    assert figures["left_out"] == {"visits": 0, "bookings": 0}
    assert figures["needs_by_volunteer"] == len(rows["pair"]) + len(rows["unmet"]) == 9
    assert sum(figures["distances"]) == len(metres)
    assert figures["distances"][max(metres) // DISTANCE_STEP_M] > 0


def test_the_objective_is_metres_and_penalties(engine: Engine, world: World, plan: Plan) -> None:
    """Who recomputes the cost from the rows gets the plan's own."""
    change(engine, Need, world.needs["S5-greeting"], language_wish="sh")
    number = plan()

    with transaction(engine, read_only=True) as session:
        stored = session.get_one(tables.Plan, number)
    rows = rows_of(engine, "pair", "booking")
    walked = sum(row[3] for row in rows["pair"])
    greeting_unmet = 2 * 20_000
    assert stored.figures["engine"]["objective_pairs"] == walked + greeting_unmet
    assert stored.objective == walked + greeting_unmet + sum(row[3] for row in rows["booking"])


def test_the_plan_stands_beside_the_same_by_hand(engine: Engine, world: World, plan: Plan) -> None:
    """A coordinator sees what the engine adds; by hand it is never better."""
    number = plan()

    with transaction(engine, read_only=True) as session:
        figures = session.get_one(tables.Plan, number).figures
    assert figures["by_hand"]["met"] + figures["by_hand"]["unmet"] == figures["needs_by_volunteer"]
    assert figures["by_hand"]["objective"] >= figures["engine"]["objective_pairs"]
    assert set(figures["seconds_by_stage"]) == set(STAGES)


def test_a_district_without_volunteers_has_figures_too(engine: Engine, world: World, plan: Plan) -> None:
    """On the first day nobody has signed up; the plan says what is missing and divides by nothing."""
    for volunteer in world.volunteers.values():
        change(engine, Volunteer, volunteer, status="left")
    number = plan()

    with transaction(engine, read_only=True) as session:
        figures = session.get_one(tables.Plan, number).figures
    assert figures["pairs"] == {"met": 0, "total_m": 0, "mean_m": 0.0, "longest_m": 0}
    assert (figures["load"]["mean"], figures["load"]["most"], figures["visits"]) == (0.0, 0, 0)
