"""Tiers, continuity, fairness and minutes: what outweighs what in the pairing, each seen alone."""

from dataclasses import replace

import numpy as np
import pytest

from matching.plan import Status
from matching.solve import solve
from tests.matching.answers import faults, pairs_of, unmet_of
from tests.matching.questions import Need, Volunteer, question


def test_earlier_tier_outweighs_any_penalty() -> None:
    """A childless senior comes before ten conveniences, however dear these are said to be."""
    first = Need(id=1, tier=0, penalty=1_000, east_m=900)
    later = [Need(id=number, tier=1, penalty=90_000_000) for number in range(2, 12)]

    plan = solve(question(first, *later, Volunteer(max_needs=1)))

    assert pairs_of(plan) == [(1, 11)]


@pytest.mark.parametrize("minutes", [(30, 30, 30), (60, 35, 25)], ids=["equal loads", "unlike loads"])
def test_tiers_are_kept_with_equal_and_unlike_loads(minutes: tuple[int, int, int]) -> None:
    """One long need of the first tier is met rather than two short ones of the second."""
    needs = [
        Need(id=number, tier=int(number > 1), duration_min=length) for number, length in enumerate(minutes, start=1)
    ]

    plan = solve(question(*needs, Volunteer(weekly_cap_min=minutes[0])))

    assert pairs_of(plan) == [(1, 11)]


def test_tiers_look_at_everyone_within_reach() -> None:
    """A need of the first tier finds the one who has room behind thirty who are full, though its penalty is small."""
    crowd = [Volunteer(id=100 + number, east_m=number, max_needs=0) for number in range(40)]
    needs = [Need(id=1, tier=0, penalty=1), Need(id=2, tier=1, skill=1)]

    plan = solve(question(*needs, *crowd, Volunteer(id=200, east_m=900)))

    assert unmet_of(plan) == {}


@pytest.mark.parametrize(("change_m", "kept"), [(0, 12), (799, 12), (801, 11)])
def test_standing_pair_is_kept_up_to_its_worth(change_m: int, kept: int) -> None:
    """A familiar face is worth so many metres, and no more."""
    near, far = Volunteer(id=12), Volunteer(id=11, east_m=800)
    problem = question(Need(), near, far, tables={"standing": [[1, 11]]}, change_m=change_m)

    plan = solve(problem)

    assert pairs_of(plan) == [(1, kept)]
    assert (plan.status, faults(problem, plan)) == (Status.OPTIMAL, ())


def test_standing_pair_beyond_the_nearest_is_seen() -> None:
    """Thirty nearer volunteers do not push a familiar face out of sight."""
    crowd = [Volunteer(id=100 + number, east_m=number) for number in range(40)]

    plan = solve(
        question(Need(), *crowd, Volunteer(id=200, east_m=900), tables={"standing": [[1, 200]]}, change_m=5_000)
    )

    assert pairs_of(plan) == [(1, 200)]


@pytest.mark.parametrize(("fairness_m", "loads"), [(0, [3]), (150, [1, 2])])
def test_fairness_shares_the_load(fairness_m: int, loads: list[int]) -> None:
    """The third need of one volunteer weighs twice the weight, and goes to the other who has none."""
    near, far = Volunteer(id=11), Volunteer(id=12, east_m=200)
    problem = question(*(Need(id=number) for number in (1, 2, 3)), near, far, fairness_m=fairness_m)

    plan = solve(problem)

    assert sorted(np.unique(plan.pairs.volunteer_ids, return_counts=True)[1].tolist()) == loads
    assert faults(problem, plan) == ()


def test_ways_take_minutes() -> None:
    """At seventy metres a minute, 350 metres there and back take ten minutes of the week: two visits fit, not three."""
    needs = [Need(id=number, east_m=350) for number in (1, 2, 3)]
    plain = question(*needs, Volunteer(weekly_cap_min=90))

    assert len(pairs_of(solve(plain))) == 3
    assert len(pairs_of(solve(replace(plain, params=replace(plain.params, pace_m_per_min=70.0))))) == 2


def test_unlike_minutes_fill_the_week() -> None:
    """Seventy minutes hold 35 and 35, not 60 and one of them: two seniors are met."""
    needs = [Need(id=1, duration_min=60), Need(id=2, duration_min=35), Need(id=3, duration_min=35)]

    plan = solve(question(*needs, Volunteer(weekly_cap_min=70)))

    assert pairs_of(plan) == [(2, 11), (3, 11)]
    assert plan.bound <= plan.objective


def test_waiting_adds_to_the_worth_of_a_visit_met_by_slots_alone() -> None:
    """Waiting weighs where a place is given out; the judge counts it the same."""
    problem = question(Need(waiting_days=90), Volunteer(), waiting_m_per_day=100)

    plan = solve(problem)

    assert (plan.objective, faults(problem, plan)) == (0, ())
