"""The judge catches every change for the worse of a good plan, whoever makes it."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.assign import Effort
from matching.pairing import Limits
from matching.plan import Plan, Status
from matching.problem import EveryNDays, Ints, Once, Problem, TimesPerMonth, TimesPerWeek
from matching.solve import solve
from matching.verify import MOST_FAULTS, RULES, verify
from tests.matching.answers import answer, faults, honest
from tests.matching.questions import FRI, MON, THU, WED, Need, Slot, Volunteer, bath, pair, question, storm, village

SEEDS = st.integers(0, 19)
BRIEF = Limits(effort=Effort(steps=100, moves_per_left=200, dives=(), passes=(), dive_work=0))
ROWS = st.integers(0, 10**6)
FREQUENCIES = (
    {"frequency": EveryNDays(1)},
    {"frequency": EveryNDays(7), "weekdays": WED},
    {"frequency": TimesPerWeek(2), "weekdays": MON | THU},
    {"frequency": TimesPerMonth(1), "weekdays": WED},
    {"frequency": Once(), "weekdays": FRI},
)


@cache
def street(seed: int) -> tuple[Problem, Plan]:
    """A street of fifteen greetings and three baths, short of hands, and the engine's plan for it.

    Volunteers live west of all needs and 100 m from one another, so no two are equally far from anyone.
    """
    homes = np.random.default_rng(seed).permutation(np.arange(10, 500, 10))[:18].tolist()
    needs = [Need(id=n, east_m=homes[n], **FREQUENCIES[n % 5]) for n in range(15)]
    baths = [bath(id=n, east_m=homes[n], frequency=TimesPerWeek(1)) for n in range(15, 18)]
    people = [Volunteer(id=20 + n, east_m=-100 * n, max_needs=3) for n in range(4)]
    slots = [Slot(id=30 + n, resource=40 + n % 2, east_m=-90 * n, day=3 * n, places=3) for n in range(4)]
    asked = question(*needs, *baths, *people, *slots, days=14, seed=seed)
    return asked, solve(asked, limits=BRIEF)


def _set(values: Ints, row: int, value: int) -> Ints:
    changed = values.copy()
    changed[row % len(values)] = value
    return changed


def _columns(plan: Plan, part: str, change: Callable[[Ints], Ints]) -> Plan:
    """Change all columns of a part of a plan alike, such as leaving out a row."""
    table = getattr(plan, part)
    columns = {name: change(getattr(table, name)) for name in table.__dataclass_fields__}
    return replace(plan, **{part: replace(table, **columns)})


def _without(plan: Plan, part: str, row: int) -> Plan:
    return _columns(plan, part, lambda values: np.delete(values, row % len(values)))


def _doubled(plan: Plan, part: str, row: int) -> Plan:
    return _columns(plan, part, lambda values: np.insert(values, row % len(values), values[row % len(values)]))


def _visits(plan: Plan, **columns: Ints) -> Plan:
    return replace(plan, visits=replace(plan.visits, **columns))


def swap_a_volunteer(asked: Problem, plan: Plan, row: int) -> Plan:
    """Give a pair to another volunteer and leave its visits."""
    row %= len(plan.pairs.need_ids)
    other = next(who for who in np.roll(asked.volunteers.ids, row) if who != plan.pairs.volunteer_ids[row])
    return replace(plan, pairs=replace(plan.pairs, volunteer_ids=_set(plan.pairs.volunteer_ids, row, other)))


def swap_a_volunteer_and_the_visits(asked: Problem, plan: Plan, row: int) -> Plan:
    """Give a pair and all its visits to another volunteer."""
    swapped = swap_a_volunteer(asked, plan, row)
    row %= len(plan.pairs.need_ids)
    mine = plan.visits.need_ids == plan.pairs.need_ids[row]
    return _visits(swapped, volunteer_ids=np.where(mine, swapped.pairs.volunteer_ids[row], plan.visits.volunteer_ids))


def shift_a_visit_by_a_day(_asked: Problem, plan: Plan, row: int) -> Plan:
    """Move a visit to the day after, or the day before."""
    row %= len(plan.visits.days)
    return _visits(plan, days=_set(plan.visits.days, row, plan.visits.days[row] + 1 - 2 * (row % 2)))


def shift_a_visit_out_of_its_window(asked: Problem, plan: Plan, row: int) -> Plan:
    """Begin a visit a minute before its window."""
    return _visits(plan, starts_min=_set(plan.visits.starts_min, row, asked.needs.window_starts_min[0] - 1))


def shift_a_visit_past_its_window(asked: Problem, plan: Plan, row: int) -> Plan:
    """End a visit a minute after its window."""
    late = asked.needs.window_ends_min[0] - asked.needs.durations_min[0] + 1
    return _visits(plan, starts_min=_set(plan.visits.starts_min, row, late))


def drop_a_visit(_asked: Problem, plan: Plan, row: int) -> Plan:
    """Leave a visit out."""
    return _without(plan, "visits", row)


def double_a_visit(_asked: Problem, plan: Plan, row: int) -> Plan:
    """Hold a visit twice."""
    return _doubled(plan, "visits", row)


def shorten_a_visit(_asked: Problem, plan: Plan, row: int) -> Plan:
    """Take a minute from a visit."""
    row %= len(plan.visits.days)
    return _visits(plan, durations_min=_set(plan.visits.durations_min, row, plan.visits.durations_min[row] - 1))


def send_a_stranger(asked: Problem, plan: Plan, row: int) -> Plan:
    """Give one visit to a volunteer the need is not paired with."""
    row %= len(plan.visits.days)
    other = next(who for who in np.roll(asked.volunteers.ids, row) if who != plan.visits.volunteer_ids[row])
    return _visits(plan, volunteer_ids=_set(plan.visits.volunteer_ids, row, other))


def drop_a_pair(_asked: Problem, plan: Plan, row: int) -> Plan:
    """Forget a pair and keep its visits."""
    return _without(plan, "pairs", row)


def drop_a_pair_and_its_visits(_asked: Problem, plan: Plan, row: int) -> Plan:
    """Forget a pair altogether."""
    need = plan.pairs.need_ids[row % len(plan.pairs.need_ids)]
    kept = plan.visits.need_ids != need
    return _columns(_without(plan, "pairs", row), "visits", lambda values: values[kept])


def double_a_pair(_asked: Problem, plan: Plan, row: int) -> Plan:
    """Pair a need twice with the same volunteer."""
    return _doubled(plan, "pairs", row)


def say_a_shorter_walk(_asked: Problem, plan: Plan, row: int) -> Plan:
    """Say three metres less than a pair has."""
    row %= len(plan.pairs.need_ids)
    return replace(
        plan, pairs=replace(plan.pairs, distances_m=_set(plan.pairs.distances_m, row, plan.pairs.distances_m[row] - 3))
    )


def drop_an_unmet(_asked: Problem, plan: Plan, row: int) -> Plan:
    """Forget an unmet need."""
    row %= len(plan.unmet.need_ids)
    reasons = plan.unmet.reasons[:row] + plan.unmet.reasons[row + 1 :]
    columns = {name: np.delete(getattr(plan.unmet, name), row, axis=0) for name in ("need_ids", "remaining")}
    taken = np.delete(plan.unmet.taken_by_rule, row, axis=0)
    return replace(plan, unmet=replace(plan.unmet, reasons=reasons, taken_by_rule=taken, **columns))


def call_a_met_need_unmet(_asked: Problem, plan: Plan, row: int) -> Plan:
    """Put a need that is paired in the place of one that is not."""
    need = plan.pairs.need_ids[row % len(plan.pairs.need_ids)]
    return replace(plan, unmet=replace(plan.unmet, need_ids=_set(plan.unmet.need_ids, row, need)))


def drop_a_booking(_asked: Problem, plan: Plan, row: int) -> Plan:
    """Forget a booking."""
    return _without(plan, "bookings", row)


def double_a_booking(_asked: Problem, plan: Plan, row: int) -> Plan:
    """Book a place twice."""
    return _doubled(plan, "bookings", row)


def book_another_slot(asked: Problem, plan: Plan, row: int) -> Plan:
    """Move a booking to another slot and keep its metres."""
    row %= len(plan.bookings.need_ids)
    other = next(slot for slot in np.roll(asked.slots.ids, row) if slot != plan.bookings.slot_ids[row])
    return replace(plan, bookings=replace(plan.bookings, slot_ids=_set(plan.bookings.slot_ids, row, other)))


def book_a_greeting(_asked: Problem, plan: Plan, row: int) -> Plan:
    """Give a need that a volunteer serves the place of another."""
    need = plan.pairs.need_ids[row % len(plan.pairs.need_ids)]
    return replace(plan, bookings=replace(plan.bookings, need_ids=_set(plan.bookings.need_ids, row, need)))


def lower_the_objective(_asked: Problem, plan: Plan, row: int) -> Plan:
    """Say a lower cost, and a bound that fits it."""
    return replace(plan, objective=plan.objective - 1 - row, bound=plan.bound - 1 - row)


def raise_the_bound(_asked: Problem, plan: Plan, row: int) -> Plan:
    """Claim a better proof than there is."""
    return replace(plan, bound=plan.bound + 1 + row)


def flip_the_status(_asked: Problem, plan: Plan, _row: int) -> Plan:
    """Say OPTIMAL of what is not, or the other way round."""
    return replace(plan, status=Status.FEASIBLE if plan.status == Status.OPTIMAL else Status.OPTIMAL)


def hide_the_gap(_asked: Problem, plan: Plan, row: int) -> Plan:
    """Say another gap than cost and bound have."""
    return replace(plan, gap=plan.gap + 0.001 * (1 + row))


def begin_on_another_day(_asked: Problem, plan: Plan, row: int) -> Plan:
    """Put the plan on another calendar."""
    return replace(plan, starts_on=f"2026-04-{1 + row % 30:02d}")


def plan_other_days(_asked: Problem, plan: Plan, row: int) -> Plan:
    """Say another length of the horizon."""
    return replace(plan, horizon_days=plan.horizon_days + 1 + row)


def tear_a_column(_asked: Problem, plan: Plan, row: int) -> Plan:
    """Lose one value of one column."""
    return _visits(plan, days=np.delete(plan.visits.days, row % len(plan.visits.days)))


Mutation = Callable[[Problem, Plan, int], Plan]
KEEPS_ITS_COST: list[Mutation] = [
    swap_a_volunteer,
    swap_a_volunteer_and_the_visits,
    shift_a_visit_by_a_day,
    shift_a_visit_out_of_its_window,
    shift_a_visit_past_its_window,
    drop_a_visit,
    double_a_visit,
    shorten_a_visit,
    send_a_stranger,
    drop_a_pair,
    drop_a_pair_and_its_visits,
    double_a_pair,
    say_a_shorter_walk,
    drop_an_unmet,
    call_a_met_need_unmet,
    drop_a_booking,
    double_a_booking,
    book_another_slot,
    book_a_greeting,
]
LIES_ABOUT_ITSELF: list[Mutation] = [
    lower_the_objective,
    raise_the_bound,
    flip_the_status,
    hide_the_gap,
    begin_on_another_day,
    plan_other_days,
    tear_a_column,
]


@pytest.mark.parametrize("mutate", KEEPS_ITS_COST, ids=lambda mutate: mutate.__name__)
@settings(deadline=None, max_examples=15)
@given(seed=SEEDS, row=ROWS)
def test_judge_catches_what_is_wrong_with_the_visits(mutate: Mutation, seed: int, row: int) -> None:
    """The wrong plan says its true cost, so that it is the rule itself that finds the fault and not the sum."""
    asked, plan = street(seed)

    wrong = honest(asked, mutate(asked, plan, row))

    found = faults(asked, wrong)
    assert found
    assert all(fault.split(":")[0] in RULES for fault in found)


@pytest.mark.parametrize("mutate", LIES_ABOUT_ITSELF, ids=lambda mutate: mutate.__name__)
@settings(deadline=None, max_examples=10)
@given(seed=SEEDS, row=ROWS)
def test_judge_catches_a_plan_that_lies_about_itself(mutate: Mutation, seed: int, row: int) -> None:
    """Cost, bound, gap, status and days are the plan's proof; none of them may be off by one."""
    asked, plan = street(seed)

    found = faults(asked, mutate(asked, plan, row))

    assert found
    assert all(fault.startswith(("cost: ", "coverage: ")) for fault in found)


@pytest.mark.parametrize(
    "asked", [pair(), village(), storm(), street(0)[0]], ids=["pair", "village", "storm", "street"]
)
def test_judge_lets_good_plans_pass(asked: Problem) -> None:
    """A judge who rejects everything also catches every mutation."""
    verdict = verify(asked, solve(asked, limits=BRIEF))

    assert verdict.holds
    assert verdict.faults == ()


def test_the_street_has_everything_that_is_mutated() -> None:
    """A mutation of an empty column proves nothing."""
    _, plan = street(0)

    assert min(len(plan.pairs.need_ids), len(plan.visits.days), len(plan.bookings.need_ids)) >= 3
    assert set(plan.unmet.need_ids) & set(range(15))


def test_at_most_a_hundred_faults_are_listed() -> None:
    """A plan with a million faults must not fill a log; each still names a need."""
    asked = question(*(Need(id=number) for number in range(150)))

    found = faults(asked, answer(asked))

    assert len(found) == MOST_FAULTS
    assert found[0] == "coverage: need 0 is neither paired nor unmet"


def test_gap_is_a_part_of_the_cost_also_where_kept_pairs_take_it_below_nothing() -> None:
    """What keeping pairs is worth can exceed all metres; a plan 49 m above its bound is still one part in a hundred."""
    asked = question(Need(id=1, east_m=100), Volunteer(id=2), change_m=5000, tables={"standing": [[1, 2]]})
    plan = solve(asked)

    proven_less = replace(plan, bound=plan.objective - 49, gap=0.01, status=Status.FEASIBLE)

    assert plan.objective == -4900
    assert faults(asked, proven_less) == ()


def test_judge_is_not_upset_by_a_plan_of_nothing() -> None:
    """An empty question has one good answer: an empty plan."""
    asked = question()

    assert faults(asked, answer(asked)) == ()
    assert faults(asked, answer(asked, unmet=[1])) == (
        "coverage: the plan names need 1, which the problem does not know",
    )
