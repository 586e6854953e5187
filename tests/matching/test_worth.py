"""Where something is missing: what one more place, volunteer, hour or slot would do, by solving again."""

from dataclasses import replace

import numpy as np
import pytest

from matching import candidates, widening
from matching.problem import Problem
from matching.solve import solve
from matching.worth import Worth, find_worth
from tests.matching.questions import Need, Slot, Volunteer, bath, question


def worth_of(problem: Problem) -> dict[tuple[int, int], Worth]:
    """Return what one more is worth, by area and skill."""
    return {(worth.area, worth.skill): worth for worth in find_worth(problem, solve(problem))}


SHORT = question(
    Need(id=1, area=7, east_m=100),
    Need(id=2, area=7, east_m=200),
    Need(id=3, area=8, east_m=900),
    Volunteer(area=7, max_needs=1),
)


def test_one_more_place_meets_the_nearest() -> None:
    """One volunteer, three seniors: a second place meets the next one, at its metres less than its penalty."""
    found = worth_of(SHORT)

    assert found[7, 0].place == (20_000 - 200, 1)
    assert found[7, 0].unmet == 1
    assert found[8, 0].unmet == 1


def test_one_more_volunteer_has_room_for_one() -> None:
    """A newcomer is like the one who is there: one need more is met."""
    found = worth_of(SHORT)[7, 0]

    assert found.volunteer == (20_000 - 200, 1)
    assert found.unmet_weekly_min == 30


def test_price_is_never_less_than_the_worth() -> None:
    """The price of a place is what losing it would cost; one more never saves more than that."""
    arcs, paired = widening.pair_within_reach(SHORT, candidates.find_arcs(SHORT))

    price = int(widening.find_prices(SHORT, arcs, paired).volunteers_m[0])

    assert worth_of(SHORT)[7, 0].place == (19_800, 1)
    assert price == 19_900


def test_one_more_place_in_the_bath() -> None:
    """A second place in the bath session meets the second senior."""
    problem = question(bath(id=1, east_m=100, skill=2), bath(id=2, east_m=300, skill=2), Slot(skill=2))

    found = worth_of(problem)[1, 2]

    assert found.slot == (20_000 - 300, 1)
    assert (found.place, found.volunteer, found.hour) == (None, None, None)


def test_nobody_anywhere_is_no_worth() -> None:
    """A service that no volunteer gives has a shortage, and nothing to say of one more like them."""
    found = worth_of(question(Need(skill=5), Volunteer(skills=0b1)))[1, 5]

    assert (found.unmet, found.place, found.volunteer, found.hour) == (1, None, None, None)


def test_most_unmet_comes_first() -> None:
    """A coordinator reads the worst street first; a street without shortage is not in the list."""
    needs = [Need(id=number, area=2 if number < 4 else 3) for number in range(1, 6)]
    problem = question(*needs, Volunteer(max_needs=0), Need(id=9, area=4, skill=1), Volunteer(id=12, skills=0b10))

    found = find_worth(problem, solve(problem))

    assert [(worth.area, worth.unmet) for worth in found] == [(2, 3), (3, 2)]


@pytest.mark.parametrize("count", [0, 1])
def test_progress_is_told(count: int) -> None:
    """Long work says how far it is; a plan without shortage is done at once."""
    problem = question(*[Need(skill=5)][:count], Volunteer(skills=0b1))
    told: list[float] = []

    find_worth(problem, solve(problem), progress=told.append)

    assert told == [1.0] * count


def test_room_where_it_is_not_needed_is_worth_nothing() -> None:
    """A senior out of everybody's reach is not helped by one more place of those who are there."""
    problem = question(Need(id=1, area=7, east_m=5_000), Volunteer(area=7))
    far = replace(problem, volunteers=replace(problem.volunteers, max_needs=np.array([3])))

    assert worth_of(far)[7, 0].place == (0, 0)
