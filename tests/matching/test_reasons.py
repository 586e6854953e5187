"""Why this pair: metres, minutes and points of the one who was chosen, beside those who were not."""

import pytest

from matching.problem import TimesPerWeek
from matching.reasons import Weighed, weigh_pair
from matching.solve import solve
from tests.matching.questions import Need, Volunteer, question


def test_terms_add_up_to_the_points() -> None:
    """A volunteer who is farther but known is chosen, and the terms say why."""
    near, known = Volunteer(id=11, east_m=100), Volunteer(id=12, east_m=400)
    needs = [Need(id=1, frequency=TimesPerWeek(2)), Need(id=2, east_m=400)]
    tables = {"standing": [[1, 12], [2, 12]]}
    problem = question(*needs, near, known, tables=tables, change_m=600, fairness_m=50)

    chosen, other = weigh_pair(problem, solve(problem), 1)

    assert chosen == Weighed(
        volunteer_id=12,
        distance_m=400,
        weekly_min=60,
        distance_points=400,
        kept_points=-600,
        fairness_points=50,
        points=-150,
        is_chosen=True,
        has_room=True,
    )
    assert (other.volunteer_id, other.points, other.has_room) == (11, 100, True)


def test_pairs_add_up_to_the_cost_of_the_plan() -> None:
    """Points of all pairs, counted one by one, are the plan's cost where each volunteer has one need."""
    people = [Volunteer(id=10 + number, east_m=150 * number, max_needs=1) for number in (1, 2, 3)]
    problem = question(*(Need(id=number, east_m=100 * number) for number in (1, 2, 3)), *people)
    plan = solve(problem)

    assert sum(weigh_pair(problem, plan, need)[0].points for need in (1, 2, 3)) == plan.objective


@pytest.mark.parametrize(("full", "has_room"), [({"max_needs": 1}, False), ({"weekly_cap_min": 30}, False), ({}, True)])
def test_room_is_what_the_plan_leaves(full: dict[str, int], *, has_room: bool) -> None:
    """One whose needs or minutes are used up could not have come."""
    busy, free = Volunteer(id=11, **full), Volunteer(id=12, east_m=300)  # type: ignore[arg-type]  # parts by name
    problem = question(Need(id=1, penalty=90_000), Need(id=2, east_m=200), busy, free)
    plan = solve(problem)

    others = {one.volunteer_id: one.has_room for one in weigh_pair(problem, plan, 2) if not one.is_chosen}

    assert others.get(11, True) is has_room


def test_best_alternatives_come_first() -> None:
    """As many as are asked for, fewest points first."""
    people = [Volunteer(id=10 + number, east_m=100 * number) for number in range(1, 7)]
    problem = question(Need(), *people)

    found = weigh_pair(problem, solve(problem), 1, alternatives=4)

    assert [one.volunteer_id for one in found] == [11, 12, 13, 14, 15]


def test_need_without_a_pair_has_no_reason() -> None:
    """Asking why nobody comes is another question."""
    problem = question(Need(skill=1), Volunteer(skills=1))

    with pytest.raises(ValueError, match="pairs nobody with need 1"):
        weigh_pair(problem, solve(problem), 1)
