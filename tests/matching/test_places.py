"""Scarce places: two resources at once, series, wheelchairs and budgets; proven best, tiers kept strictly."""

from dataclasses import replace
from datetime import date
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.offers import Offers, find_offers, is_compound
from matching.places import give_out, unserved_cost, worth_of
from matching.problem import Budgets, Needs, Params, Problem, Regulars, ServedBy, Slots, Volunteers
from matching.tables import FrequencyKind

VAN, CLIMBER, BATH = 1, 2, 3
MONDAY = date(2026, 3, 2)
WIDE = {"window_starts_min": 480, "window_ends_min": 1080, "durations_min": 60, "languages": 0, "genders": 0}


def needs_of(count: int, **changes: Any) -> Needs:
    """Return needs for a bath, once in the horizon, all at one place."""
    columns: dict[str, Any] = {
        "ids": np.arange(1, count + 1),
        "senior_ids": np.arange(101, count + 101),
        "areas": 1,
        "skills": BATH,
        "served_by": ServedBy.SLOT,
        "weekdays": 127,
        "frequency_kinds": FrequencyKind.ONCE,
        "frequency_counts": 1,
        "first_days": 0,
        "last_days": 14,
        "penalties": 20_000,
        "lats_deg": 31.25,
        "lons_deg": 121.4,
    }
    filled = {name: np.broadcast_to(value, count) for name, value in (columns | WIDE | changes).items()}
    return Needs(**filled)


def slots_of(*rows: tuple[int, int, int, int, int], **changes: Any) -> Slots:
    """Return slots from (resource, skill, day, starting minute, places); each lasts ninety minutes."""
    table = np.array(rows, dtype=np.int64).reshape(-1, 5)
    columns: dict[str, Any] = {
        "ids": np.arange(1, len(table) + 1),
        "resource_ids": table[:, 0],
        "skills": table[:, 1],
        "days": table[:, 2],
        "starts_min": table[:, 3],
        "ends_min": table[:, 3] + 90,
        "places": table[:, 4],
        "lats_deg": np.full(len(table), 31.26),
        "lons_deg": np.full(len(table), 121.4),
    }
    return Slots(**(columns | changes))


def asked(needs: Needs, slots: Slots, **changes: Any) -> Problem:
    """Return the problem of these needs and slots, every resource open to every need."""
    parts: dict[str, Any] = {
        "bookable": np.array(list(product(needs.ids.tolist(), np.unique(slots.resource_ids).tolist()))),
        "params": Params(),
    }
    return Problem(
        starts_on=MONDAY, horizon_days=14, needs=needs, volunteers=Volunteers.empty(), slots=slots, **(parts | changes)
    )


def chosen_slots(problem: Problem) -> dict[int, list[int]]:
    """Return the slots that each need is given."""
    offers = find_offers(problem)
    given_rows = give_out(problem, offers).offers
    found: dict[int, list[int]] = {}
    for offer in given_rows.tolist():
        need = int(problem.needs.ids[offers.units.needs[offers.owners[offer]]])
        found.setdefault(need, []).extend(problem.slots.ids[offers.slots[offers.rows == offer]].tolist())
    return {need: sorted(mine) for need, mine in found.items()}


def test_trip_takes_van_and_climber_together() -> None:
    """A senior on the fourth floor gets a van and a stair climber at the same hour, or neither."""
    needs = needs_of(2, skills=VAN, also_skills=1 << CLIMBER)
    slots = slots_of((1, VAN, 2, 600, 1), (2, CLIMBER, 2, 620, 1), (1, VAN, 3, 600, 1), (2, CLIMBER, 3, 800, 1))

    assert sorted(chosen_slots(asked(needs, slots)).values()) == [[1, 2]]


def test_series_keeps_its_slot() -> None:
    """Dialysis twice a week keeps resource, weekday and time in both weeks; one week alone is none."""
    needs = needs_of(1, skills=VAN, is_series=1, frequency_kinds=FrequencyKind.TIMES_PER_WEEK, frequency_counts=2)
    slots = slots_of(*((1, VAN, day, 600, 1) for day in (0, 4, 7, 11)), (1, VAN, 1, 540, 1), (1, VAN, 12, 540, 1))

    assert chosen_slots(asked(needs, slots)) == {1: [1, 2, 3, 4]}


def test_series_that_cannot_be_kept_is_not_begun() -> None:
    """With a Monday slot in one week alone there is no series."""
    needs = needs_of(1, is_series=1, frequency_kinds=FrequencyKind.TIMES_PER_WEEK)

    assert chosen_slots(asked(needs, slots_of((1, BATH, 0, 600, 5)))) == {}


def test_standing_series_is_kept() -> None:
    """Of two equal series the one of the plan before is kept."""
    needs = needs_of(1, is_series=1, frequency_kinds=FrequencyKind.TIMES_PER_WEEK)
    slots = slots_of(*((resource, BATH, day, 600, 1) for resource in (1, 2) for day in (1, 8)))
    standing = Regulars(*(), need_ids=[1], resource_ids=[2], weekdays=[1], starts_min=[600])  # type: ignore[arg-type]  # lists become columns
    problem = asked(needs, slots, regulars=standing, params=Params(change_m=50))

    assert chosen_slots(problem) == {1: [3, 4]}


def test_wheelchair_places_are_counted() -> None:
    """A van with three places and one for a wheelchair takes one wheelchair and two others."""
    needs = needs_of(4, wheelchairs=np.array([1, 1, 0, 0]))
    slots = slots_of((1, BATH, 2, 600, 3), wheelchairs=np.array([1]))

    given_to = chosen_slots(asked(needs, slots))

    assert len(given_to) == 3
    assert {3, 4} <= set(given_to)


def test_budget_is_never_overspent() -> None:
    """Places for five, money for two: two are served, the dear tier first."""
    needs = needs_of(5, tiers=np.array([1, 1, 1, 0, 1]))
    slots = slots_of((1, BATH, 2, 600, 5), costs_cents=np.array([4_000]), budget_ids=np.array([7]))
    problem = asked(needs, slots, budgets=Budgets(ids=[7], cents=[9_999]))  # type: ignore[arg-type]  # lists become columns

    given_to = chosen_slots(problem)

    assert len(given_to) == 2
    assert 4 in given_to


def test_earlier_tier_is_never_outweighed() -> None:
    """One need of the first tier takes two resources; nine of the second would be worth far more, and wait."""
    needs = needs_of(
        3,
        tiers=np.array([0, 1, 1]),
        also_skills=np.array([1 << VAN, 0, 0], dtype=np.uint64),
        penalties=np.array([1, 10**6, 10**6]),
    )
    slots = slots_of((1, BATH, 2, 600, 1), (2, VAN, 2, 600, 1))
    near = replace(needs, penalties=np.array([5_000, 10**6, 10**6]))

    assert chosen_slots(asked(near, slots)) == {1: [1, 2]}


def test_who_waited_longer_comes_first() -> None:
    """Two who are alike but for the days they waited: the place goes to the one who waited longer."""
    needs = needs_of(2, waiting_days=np.array([3, 90]), also_skills=np.array([1 << VAN, 1 << VAN], dtype=np.uint64))
    slots = slots_of((1, BATH, 2, 600, 1), (2, VAN, 2, 600, 1))

    assert chosen_slots(asked(needs, slots, params=Params(waiting_m_per_day=10))) == {2: [1, 2]}


def by_hand(problem: Problem, offers: Offers) -> int:
    """Try every choice and return the least cost that fits."""
    worth, slots = worth_of(problem, offers), problem.slots
    mine = [[None, *np.flatnonzero(offers.owners == unit).tolist()] for unit in range(len(offers.units.needs))]
    best = 0
    for choice in product(*mine):
        taken = [offer for offer in choice if offer is not None]
        used = np.concatenate([offers.slots[offers.rows == offer] for offer in taken] or [np.empty(0, dtype=np.int64)])
        whose = np.concatenate(
            [np.repeat(offers.units.needs[offers.owners[offer]], (offers.rows == offer).sum()) for offer in taken]
            or [np.empty(0, dtype=np.int64)]
        )
        chairs = np.bincount(used, problem.needs.wheelchairs[whose], minlength=len(slots))
        fits = (np.bincount(used, minlength=len(slots)) <= slots.places).all() and (chairs <= slots.wheelchairs).all()
        fits = fits and slots.costs_cents[used].sum() <= problem.budgets.cents.sum()
        best = max(best, int(worth[taken].sum())) if fits else best
    return unserved_cost(problem, offers) - best


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_least_cost_of_all_choices_is_found(seed: int) -> None:
    """On instances small enough to try every choice, the answer is the best one and its bound proves it."""
    random = np.random.default_rng(seed)
    needs = needs_of(
        4,
        wheelchairs=random.integers(0, 2, 4),
        also_skills=np.where(random.random(4) < 0.5, 1 << VAN, 0).astype(np.uint64),
        penalties=random.integers(2_000, 9_000, 4),
    )
    rows = [(1, BATH, int(random.integers(0, 3)), 600, int(random.integers(1, 3))) for _ in range(3)]
    rows += [(2, VAN, int(random.integers(0, 3)), 620, 1) for _ in range(2)]
    slots = slots_of(*rows, wheelchairs=np.ones(5, np.int64), costs_cents=np.full(5, 10), budget_ids=np.full(5, 1))
    slots = replace(slots, lats_deg=31.25 + random.uniform(0, 0.02, 5))
    problem = asked(needs, slots, budgets=Budgets(ids=[1], cents=[int(random.integers(10, 60))]))  # type: ignore[arg-type]  # lists become columns
    offers = find_offers(problem)

    answer = give_out(problem, offers)

    assert answer.objective == answer.bound == by_hand(problem, offers)


@pytest.mark.parametrize(
    ("change", "expected"),
    [({}, False), ({"wheelchairs": 1}, True), ({"is_series": 1}, True), ({"also_skills": 2}, True)],
)
def test_flow_is_left_only_where_it_must_be(change: dict[str, int], *, expected: bool) -> None:
    """What the exact flow can say stays with the exact flow."""
    problem = asked(needs_of(2, **change), slots_of((1, BATH, 2, 600, 1)))

    assert is_compound(problem) is expected


def test_nothing_to_give_costs_the_penalties() -> None:
    """Without a slot every need is unserved, at a cost that says so."""
    problem = asked(needs_of(2, wheelchairs=1), Slots.empty())

    answer = give_out(problem, find_offers(problem))

    assert (len(answer.offers), answer.objective, answer.bound) == (0, 40_000, 40_000)
