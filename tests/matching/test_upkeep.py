"""A kept plan is mended like any other: the whole judge agrees, and whom nothing touches stays."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.plan import Plan
from matching.problem import Problem
from matching.rematch import rematch
from matching.solve import solve
from matching.tables import Absences, Suspensions
from matching.upkeep import Upkeep
from matching.verify import verify
from tests.matching.answers import bookings_of, pairs_of, unmet_of, visits_of
from tests.matching.instances import quarter
from tests.matching.questions import Need, Slot, Volunteer, bath, question

WIDE = st.integers(0, 1500)
NEVER_M = 1_000_000


@st.composite
def rows(draw: st.DrawFn) -> tuple[list[Need], list[Volunteer]]:
    """Draw a street of six needs and five volunteers at most."""
    needs = [
        Need(
            id=number,
            east_m=draw(WIDE),
            skill=draw(st.integers(0, 1)),
            duration_min=draw(st.sampled_from([30, 30, 60])),
            penalty=draw(st.sampled_from([400, 20_000])),
            tier=draw(st.sampled_from([0, 0, 1])),
            helpers=draw(st.sampled_from([1, 1, 1, 1, 2])),
        )
        for number in range(1, 1 + draw(st.integers(1, 6)))
    ]
    people = [
        Volunteer(
            id=11 + number,
            east_m=draw(WIDE),
            skills=draw(st.integers(1, 3)),
            max_needs=draw(st.integers(0, 3)),
            weekly_cap_min=draw(st.sampled_from([60, 90, 600])),
        )
        for number in range(draw(st.integers(1, 5)))
    ]
    return needs, people


@st.composite
def histories(draw: st.DrawFn) -> list[Problem]:
    """Draw a street on ten days: who is there, who is ill, and what some ask for changes from one to the next."""
    needs, people = draw(rows())
    asked = []
    for _ in range(draw(st.sampled_from([2, 4, 10]))):
        gone, ill = draw(st.sets(st.integers(1, 16), max_size=4)), draw(st.integers(11, 30))
        moved, east_m = draw(st.integers(1, 30)), draw(WIDE)
        columns: dict[str, Any] = {"person_ids": [ill], "first_days": [0], "last_days": [draw(st.integers(1, 14))]}
        street: list[Need | Volunteer] = [*needs, *people]
        street = [replace(row, east_m=east_m) if row.id == moved else row for row in street]
        asked.append(
            question(
                *[row for row in street if row.id not in gone],
                days=14,
                tables={"absences": Absences(**columns) if draw(st.booleans()) else Absences.empty()},
                plane_lat_deg=31.25,
            )
        )
    return asked


@settings(deadline=None, max_examples=25)
@given(history=histories(), change_m=st.sampled_from([0, 200, NEVER_M]))
def test_whole_judge_accepts_every_repair_in_a_row(history: Sequence[Problem], change_m: int) -> None:
    """After ten changes the plan that was judged in parts is right as a whole, at the cost that it says."""
    kept = Upkeep(history[0], solve(history[0]))

    plans = [(asked, kept.mend(asked, change_m=change_m).plan) for asked in history[1:]]

    verdicts = [(plan, verify(asked, plan)) for asked, plan in plans]
    assert [verdict.faults for _, verdict in verdicts] == [()] * len(plans)
    assert [verdict.objective for _, verdict in verdicts] == [plan.verdict.objective for plan, _ in verdicts]


@settings(deadline=None, max_examples=25)
@given(history=histories())
def test_untouched_pairs_stay_at_a_huge_cost(history: Sequence[Problem]) -> None:
    """Whoever is there on both days, unchanged and not ill, keeps the familiar face; nobody is left who need not be."""
    kept = Upkeep(history[0], solve(history[0]))
    before, was = kept.plan, kept.problem

    mended = kept.mend(history[1], change_m=NEVER_M).plan

    still = {pair for pair in pairs_of(before) if _is_same(was, history[1], *pair)}
    assert still <= set(pairs_of(mended))


def _is_same(was: Problem, now: Problem, need: int, volunteer: int) -> bool:
    """Whether need and volunteer are on both days what they were, alone, and nobody is away."""
    if len(now.absences) or len(was.absences) or need not in now.needs.ids or volunteer not in now.volunteers.ids:
        return False
    places = [
        (
            float(asked.needs.lons_deg[asked.needs.ids == need][0]),
            float(asked.volunteers.lons_deg[asked.volunteers.ids == volunteer][0]),
            int(asked.needs.helpers[asked.needs.ids == need][0]),
        )
        for asked in (was, now)
    ]
    return places[0] == places[1] and places[0][2] == 1


@settings(deadline=None, max_examples=25)
@given(history=histories())
def test_repair_is_never_worse_than_moving_nobody(history: Sequence[Problem]) -> None:
    """A move is made only where it pays, tier by tier and with what the moves themselves cost."""
    plan = solve(history[0])

    free = Upkeep(history[0], plan).mend(history[1], change_m=50).plan
    still = Upkeep(history[0], plan).mend(history[1], change_m=NEVER_M).plan

    assert _rank(history[1], free, plan) <= _rank(history[1], still, plan)


def test_nobody_of_an_earlier_tier_is_left_for_a_need_that_cannot_be_met() -> None:
    """Two are asked for where one is: whoever stands near must not lose that one for nothing, cheap as it would be."""
    street = question(
        Need(id=1, penalty=20_000, helpers=2),
        Need(id=2, penalty=400),
        Need(id=3, penalty=400, tier=1),
        Volunteer(id=11, east_m=451, max_needs=1, weekly_cap_min=60),
        days=14,
        plane_lat_deg=31.25,
    )
    plan = solve(street)

    mended = Upkeep(street, plan).mend(street, change_m=50).plan

    assert pairs_of(plan) == pairs_of(mended) == [(2, 11)]


def _rank(asked: Problem, plan: Plan, before: Plan) -> tuple[int, int]:
    """Unmet needs of the first of two tiers, then cost with 50 m for each pair that stood and does not."""
    first = asked.needs.ids[asked.needs.tiers < asked.needs.tiers.max(initial=0)]
    kept = len(set(pairs_of(before)) & set(pairs_of(plan)))
    return int(np.isin(plan.unmet.need_ids, first).sum()), plan.objective - 50 * kept


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 10_000), leaving=st.integers(1, 4))
def test_kept_plan_that_moves_freely_costs_what_solving_anew_costs(seed: int, leaving: int) -> None:
    """Loads are equal and everybody is near everybody: shortest chains end at the optimum, time after time."""
    asked = quarter(needs=14, volunteers=7, seed=seed)
    asked = replace(asked, params=replace(asked.params, max_distance_m=5_000, plane_lat_deg=31.25))
    kept = Upkeep(asked, solve(asked))
    fewer = [_without(asked, asked.volunteers.ids[:count]) for count in range(1, leaving + 1)]

    costs = [kept.mend(now, change_m=0).plan.objective for now in fewer]

    assert costs == [solve(now).objective for now in fewer]


def _without(asked: Problem, ids: Any) -> Problem:
    who = asked.volunteers
    stay = ~np.isin(who.ids, ids)
    return replace(asked, volunteers=replace(who, **{name: getattr(who, name)[stay] for name in who.to_columns()}))


def test_nothing_changes_when_nothing_changed() -> None:
    """A question that is the same is answered by the same plan."""
    asked = quarter(needs=60, volunteers=12, seed=3)
    kept = Upkeep(asked, solve(asked))
    before = kept.plan

    mended = kept.mend(asked)

    assert len(mended.changes) == 0
    assert visits_of(mended.plan) == visits_of(before)


def test_list_of_changes_is_the_whole_difference() -> None:
    """Only touched needs are compared; what the list says turns one plan into the other all the same."""
    asked = quarter(needs=60, volunteers=12, seed=5)
    before, now = solve(asked), _without(asked, asked.volunteers.ids[:2])

    kept, once = Upkeep(asked, before).mend(now), rematch(now, before)

    lost = {(one.need_id, one.was) for one in kept.changes.visits if one.was}
    new = {(one.need_id, one.now) for one in kept.changes.visits if one.now}
    was, will = set(_meetings(before)), set(_meetings(kept.plan))
    assert (lost, new) == (was - will, will - was)
    assert kept.changes.pairs == once.changes.pairs


def _meetings(plan: Plan) -> list[tuple[int, tuple[int, int, int]]]:
    return [(need, (who, day, start)) for need, who, day, start in visits_of(plan)]


def test_place_that_was_freed_goes_to_whoever_gains_most() -> None:
    """A senior moves away; of two who walk far the one who gains more than a move costs takes over, and no other."""
    near = Volunteer(id=11, east_m=0, max_needs=1)
    far = Volunteer(id=12, east_m=900, max_needs=2)
    rows = [Need(id=1, east_m=0), Need(id=2, east_m=20), Need(id=3, east_m=300)]
    kept = Upkeep(question(*rows, near, far, days=7), solve(question(*rows, near, far, days=7)))
    before = pairs_of(kept.plan)

    mended = kept.mend(question(*rows[1:], near, far), change_m=500)

    assert before == [(1, 11), (2, 12), (3, 12)]
    assert pairs_of(mended.plan) == [(2, 11), (3, 12)]


def test_newcomer_meets_who_was_unmet() -> None:
    """Somebody new is known nowhere yet, and is found by everybody in reach."""
    rows = [Need(id=1), Need(id=2, east_m=100)]
    one, other = Volunteer(id=11, max_needs=1), Volunteer(id=12, east_m=400, max_needs=1)
    kept = Upkeep(question(*rows, one), solve(question(*rows, one)))

    mended = kept.mend(question(*rows, one, other))

    assert mended.changes.newly_met.tolist() == [2]
    assert pairs_of(mended.plan) == [(1, 11), (2, 12)]


@pytest.mark.parametrize(
    "change",
    [
        {"tables": {"suspensions": Suspensions(days=np.array([2]))}},
        {"max_distance_m": 250},
        {"gap_min": 15},
    ],
    ids=["a closed day", "shorter ways", "longer gaps"],
)
def test_what_concerns_everybody_is_looked_at_anew(change: dict[str, Any]) -> None:
    """Where all are touched the plan is mended whole, and kept on."""
    needs = [Need(id=number, east_m=100 * number) for number in range(1, 5)]
    rows: list[Need | Volunteer] = [*needs, Volunteer(), Volunteer(id=12)]
    before = solve(question(*rows))
    now = question(*rows, **change)
    kept = Upkeep(question(*rows), before)

    mended = kept.mend(now)

    assert visits_of(mended.plan) == visits_of(rematch(now, before).plan)
    assert verify(now, mended.plan).holds
    assert len(kept.mend(now).changes) == 0


def test_slot_that_is_gone_is_booked_elsewhere() -> None:
    """Bookings are mended with the pairs, and judged with them."""
    baths = [bath(id=1, penalty=900), bath(id=2)]
    slots = [Slot(id=21, day=0), Slot(id=22, day=1), Slot(id=23, day=2, east_m=500)]
    pair: list[Need | Volunteer] = [Need(id=3), Volunteer()]
    kept = Upkeep(question(*baths, *slots, *pair), solve(question(*baths, *slots, *pair)))
    taken = dict(bookings_of(kept.plan))[2]
    left = [slot for slot in slots if slot.id != taken]

    mended = kept.mend(question(*baths, *left, *pair))

    assert dict(bookings_of(mended.plan))[2] != taken
    assert unmet_of(mended.plan) == {}


def test_whole_judge_can_be_asked_for() -> None:
    """Whoever wants to be sure has all judged again; the verdict is the same."""
    asked = quarter(needs=40, volunteers=9, seed=2)
    before, now = solve(asked), _without(asked, asked.volunteers.ids[:1])

    in_part, whole = Upkeep(asked, before).mend(now), Upkeep(asked, before).mend(now, is_judged_whole=True)

    assert in_part.plan.verdict == whole.plan.verdict


def test_refused_question_leaves_the_plan_as_it_was() -> None:
    """A pair that must be and cannot is a mistake of the caller; the next question is answered from the old plan."""
    asked = quarter(needs=20, volunteers=5, seed=1)
    kept = Upkeep(asked, solve(asked))
    before = kept.plan

    with pytest.raises(ValueError, match="volunteer 999"):
        kept.mend(replace(asked, preset=np.array([[int(asked.needs.ids[0]), 999]])))

    assert kept.plan is before
