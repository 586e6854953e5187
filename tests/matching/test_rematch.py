"""A repair keeps what holds, moves only where it pays, and lists what it changed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.changes import BookingChange, Kind, PairChange
from matching.plan import Plan
from matching.problem import EveryNDays, Problem
from matching.rematch import Repair, rematch
from matching.solve import solve
from matching.tables import Absences, Volunteers
from matching.verify import verify
from tests.matching.answers import answer, bookings_of, pairs_of, unmet_of, visits_of
from tests.matching.instances import quarter
from tests.matching.questions import Need, Slot, Volunteer, bath, question, storm, village

NEVER_M = 1_000_000
"""No pair is worth moving at this cost."""
WIDE = st.integers(0, 1500)


def _away(person: int, first_day: int, last_day: int) -> Absences:
    columns: dict[str, Any] = {"person_ids": [person], "first_days": [first_day], "last_days": [last_day]}
    return Absences(**columns)


@st.composite
def streets(draw: st.DrawFn) -> tuple[Problem, Problem]:
    """Draw a street of five greetings and four volunteers at most, and the same after people came, left or fell ill."""
    needs = [
        Need(
            id=number,
            east_m=draw(WIDE),
            skill=draw(st.integers(0, 1)),
            penalty=draw(st.sampled_from([400, 20_000])),
            helpers=draw(st.sampled_from([1, 1, 1, 2])),
        )
        for number in range(1, 1 + draw(st.integers(1, 5)))
    ]
    people = [
        Volunteer(id=11 + number, east_m=draw(WIDE), skills=draw(st.integers(1, 3)), max_needs=draw(st.integers(0, 3)))
        for number in range(draw(st.integers(1, 4)))
    ]
    was, now = draw(st.sets(st.integers(1, 5))), draw(st.sets(st.integers(1, 5)))
    gone, ill = draw(st.sets(st.integers(11, 14), max_size=2)), draw(st.integers(11, 14))
    away = _away(ill, draw(st.integers(0, 6)), draw(st.integers(7, 14)))
    return (
        question(*[need for need in needs if need.id not in was], *people, days=14),
        question(
            *[need for need in needs if need.id not in now],
            *[who for who in people if who.id not in gone],
            days=14,
            tables={"absences": away if draw(st.booleans()) else Absences.empty()},
        ),
    )


@settings(deadline=None, max_examples=60)
@given(streets=streets(), change_m=st.sampled_from([0, 1, 200, NEVER_M]))
def test_judge_accepts_every_repair(streets: tuple[Problem, Problem], change_m: int) -> None:
    """Whatever happened to whom, the mended plan is a right plan, and a second repair takes nobody from anybody."""
    was, now = streets

    mended = rematch(now, solve(was), change_m=change_m)

    assert verify(now, mended.plan).holds
    again = rematch(now, mended.plan, change_m=NEVER_M).changes.pairs
    assert {change.kind for change in again} <= {Kind.BEGUN}


@settings(deadline=None, max_examples=60)
@given(streets=streets())
def test_pairs_that_hold_never_move_at_a_huge_cost(streets: tuple[Problem, Problem]) -> None:
    """A senior keeps a familiar face whatever metres it would save; only who is gone or unfit is replaced."""
    was, now = streets
    before = solve(was)

    kept = rematch(now, before, change_m=NEVER_M)

    there = set(now.volunteers.ids.tolist()) - set(now.absences.person_ids.tolist())
    asked = set(now.needs.ids.tolist())
    assert {pair for pair in pairs_of(before) if pair[0] in asked and pair[1] in there and _alone(now, pair[0])} <= set(
        pairs_of(kept.plan)
    )


def _alone(asked: Problem, need: int) -> bool:
    return int(asked.needs.helpers[asked.needs.ids == need][0]) == 1


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), leaving=st.integers(1, 4))
def test_repair_that_moves_freely_costs_what_solving_anew_costs(seed: int, leaving: int) -> None:
    """Loads are equal and everybody is near everybody, so chains of any length are found: the optimum is met."""
    asked = quarter(needs=14, volunteers=7, seed=seed)
    asked = replace(asked, params=replace(asked.params, max_distance_m=5_000))
    now = _without(asked, asked.volunteers.ids[:leaving])

    mended = rematch(now, solve(asked), change_m=0)

    assert mended.plan.objective == solve(now).objective


def _without(asked: Problem, ids: Any) -> Problem:
    who = asked.volunteers
    stay = ~np.isin(who.ids, ids)
    return replace(asked, volunteers=Volunteers(**{name: getattr(who, name)[stay] for name in who.to_columns()}))


@pytest.mark.parametrize("change_m", [1, 500, NEVER_M])
@pytest.mark.parametrize("world", [village, storm, lambda: quarter(needs=60, volunteers=12, seed=3)])
def test_nothing_changes_when_nothing_changed(world: Callable[[], Problem], change_m: int) -> None:
    """Whoever presses the button twice does not send anybody elsewhere."""
    asked = world()
    before = solve(asked)

    mended = rematch(asked, before, change_m=change_m)

    assert len(mended.changes) == 0
    assert (visits_of(mended.plan), bookings_of(mended.plan)) == (visits_of(before), bookings_of(before))
    assert mended.plan.objective == before.objective
    assert unmet_of(mended.plan) == unmet_of(before)


CHAIN = [Need(id=1, east_m=0), Need(id=2, east_m=900), Need(id=3, east_m=1800)]
"""A street on which 2 can go to 12 or 13; whoever takes over 1 has to give up 2."""
CHAIN_BEFORE = [(1, 11), (2, 12), (3, 13)]


def _street(*people: Volunteer, **parts: Any) -> Problem:
    return question(*CHAIN, *people, **parts)


ONE, TWO, THREE = (
    Volunteer(id=11, east_m=0, max_needs=1),
    Volunteer(id=12, east_m=850, max_needs=1),
    Volunteer(id=13, east_m=1750, max_needs=2),
)


@pytest.mark.parametrize(
    ("change_m", "moved"),
    [(500, [(1, 11, 12), (2, 12, 13)]), (NEVER_M, [(1, 11, None)])],
    ids=["worth it", "at no price"],
)
def test_chain_meets_a_need_that_nobody_with_room_can_reach(
    change_m: int, moved: list[tuple[int, int, int | None]]
) -> None:
    """A takes over from B who takes over from C: only so is the senior at the end of the street met."""
    before = solve(_street(ONE, TWO, THREE))

    mended = rematch(_street(TWO, THREE), before, change_m=change_m)

    assert pairs_of(before) == CHAIN_BEFORE
    assert [(one.need_id, one.from_id, one.to_id) for one in mended.changes.pairs] == moved
    assert mended.changes.newly_unmet.tolist() == [need for need, _, to in moved if to is None]


@pytest.mark.parametrize(("change_m", "count"), [(1399, 2), (1400, 1)])
def test_pair_moves_only_where_it_pays_more_than_its_cost(change_m: int, count: int) -> None:
    """3 is lost: 12 is 50 m away but full, 13 has room 750 m away. When 2 goes from 12 to 13, 1,500 m become 100."""
    people = [Volunteer(id=12, max_needs=1), Volunteer(id=13, east_m=800, max_needs=1)]
    needs = [Need(id=2, east_m=750), Need(id=3, east_m=50)]
    before = answer(
        question(*needs, *people, Volunteer(id=14, max_needs=1)),
        pairs=[(2, 12), (3, 14)],
        visits=[(2, 12, 0, 480), (3, 14, 0, 480)],
    )

    mended = rematch(question(*needs, *people), before, change_m=change_m)

    assert len(mended.changes.pairs) == count
    assert mended.plan.objective == {2: 100, 1: 1500}[count]


def test_change_has_metres_before_and_after() -> None:
    """A coordinator sees who goes to whom instead, and how much farther it is."""
    before = solve(question(Need(), Volunteer(id=11, east_m=10), Volunteer(id=12, east_m=70)))

    mended = rematch(question(Need(), Volunteer(id=12, east_m=70)), before)

    assert mended.changes.pairs == (PairChange(kind=Kind.MOVED, need_id=1, from_id=11, to_id=12, from_m=10, to_m=70),)
    assert [
        (one.kind, one.was and one.was.volunteer_id, one.now and one.now.volunteer_id) for one in mended.changes.visits
    ] == [(Kind.MOVED, 11, 12)]


def test_need_that_is_new_is_begun_and_one_that_is_gone_is_ended() -> None:
    """New seniors are met beside those who stay; the visits of these stand to the minute."""
    before = solve(question(Need(id=1), Need(id=2), Volunteer()))

    mended = rematch(question(Need(id=2), Need(id=3), Volunteer()), before)

    assert [(one.kind, one.need_id) for one in mended.changes.pairs] == [(Kind.ENDED, 1), (Kind.BEGUN, 3)]
    assert [visit for visit in visits_of(mended.plan) if visit[0] == 2] == [
        visit for visit in visits_of(before) if visit[0] == 2
    ]
    assert {one.need_id for one in mended.changes.visits} == {1, 3}


def test_newcomer_meets_who_was_unmet() -> None:
    """A repair uses a hand that came, and lets the others be."""
    before = solve(storm())
    asked = storm()
    more = question(Volunteer(id=13, east_m=300, max_needs=9)).volunteers
    who = Volunteers(
        **{name: np.append(getattr(asked.volunteers, name), getattr(more, name)) for name in more.to_columns()}
    )

    mended = rematch(replace(asked, volunteers=who), before, change_m=NEVER_M)

    assert mended.changes.newly_met.tolist() == [need for need in unmet_of(before) if need <= 7]
    assert {one.kind for one in mended.changes.pairs} == {Kind.BEGUN}


def test_illness_of_a_week_moves_only_who_cannot_wait() -> None:
    """Every two days cannot wait for a week; who is visited once in the fortnight keeps the same volunteer."""
    ill = _away(11, 0, 7)
    rows: list[Need | Volunteer | Slot] = [
        Need(id=1, frequency=EveryNDays(2)),
        Need(id=2, frequency=EveryNDays(14)),
        Volunteer(id=11),
        Volunteer(id=12, east_m=100),
    ]
    before = solve(question(*rows, days=14))

    mended = rematch(question(*rows, days=14, tables={"absences": ill}), before)

    assert pairs_of(before) == [(1, 11), (2, 11)]
    assert pairs_of(mended.plan) == [(1, 12), (2, 11)]
    assert min(day for need, _, day, _ in visits_of(mended.plan) if need == 2) >= 7


@pytest.mark.parametrize(
    "change",
    [
        {"exclusions": [(1, 11)]},
        {"max_distance_m": 40},
        {"tables": {"preset": [(1, 12)]}},
        {"tables": {"absences": _away(11, 0, 7)}},
    ],
    ids=["fell out", "too far now", "must be another", "ill"],
)
def test_pair_ends_when_a_rule_is_against_it(change: dict[str, Any]) -> None:
    """Every rule is asked again, whatever the plan before said."""
    rows: list[Need | Volunteer | Slot] = [
        Need(),
        Volunteer(id=11, east_m=50),
        Volunteer(id=12, east_m=-30, max_needs=1),
    ]
    before = answer(question(*rows), pairs=[(1, 11)], visits=[(1, 11, 2, 480)])

    mended = rematch(question(*rows, **change), before, change_m=NEVER_M)

    assert pairs_of(mended.plan) == [(1, 12)]


@pytest.mark.parametrize(
    ("need", "volunteer"),
    [
        ({"window_min": (600, 1080)}, {}),
        ({"duration_min": 45}, {}),
        ({"weekdays": 0b0001111}, {}),
        ({}, {"window_min": (480, 700)}),
        ({}, {"weekdays": 0b0111111}),
    ],
)
def test_visits_that_do_not_hold_are_dated_anew_with_the_same_volunteer(
    need: dict[str, Any], volunteer: dict[str, Any]
) -> None:
    """Other hours are no reason to send a stranger."""
    before = answer(question(Need(), Volunteer()), pairs=[(1, 11)], visits=[(1, 11, 6, 1050 if not need else 480)])

    mended = rematch(question(Need(**need), Volunteer(**volunteer)), before)

    assert pairs_of(mended.plan) == [(1, 11)]
    assert len(mended.changes.pairs) == 0
    assert verify(question(Need(**need), Volunteer(**volunteer)), mended.plan).holds


def test_who_has_less_room_keeps_earlier_tiers_first() -> None:
    """When a volunteer takes fewer, the childless senior stays and the convenience goes."""
    rows: list[Need | Volunteer | Slot] = [Need(id=1, tier=1), Need(id=2, tier=0), Volunteer(id=12, east_m=400)]
    before = answer(
        question(*rows, Volunteer(id=11)), pairs=[(1, 11), (2, 11)], visits=[(1, 11, 0, 480), (2, 11, 1, 480)]
    )

    mended = rematch(question(*rows, Volunteer(id=11, max_needs=1)), before)

    assert pairs_of(mended.plan) == [(1, 12), (2, 11)]


def test_fewer_weekly_minutes_let_some_go() -> None:
    """Of three half hours two fit into an hour; the third goes to whom has time."""
    needs = [Need(id=number, penalty=20_000 + number) for number in (1, 2, 3)]
    before = solve(question(*needs, Volunteer(id=11), Volunteer(id=12, east_m=300)))

    mended = rematch(question(*needs, Volunteer(id=11, weekly_cap_min=60), Volunteer(id=12, east_m=300)), before)

    assert pairs_of(before) == [(1, 11), (2, 11), (3, 11)]
    assert pairs_of(mended.plan) == [(1, 12), (2, 11), (3, 11)]


def test_gap_between_visits_that_stay_is_filled() -> None:
    """The day is full at its end; a lost visit goes into the hour that is free in its middle."""
    rows: list[Need | Volunteer | Slot] = [Need(id=1), Need(id=2), Volunteer(id=11, window_min=(480, 600), weekdays=1)]
    before = answer(question(*rows), pairs=[(1, 11)], visits=[(1, 11, 0, 560)], unmet=[2])

    mended = rematch(question(*rows), before)

    assert visits_of(mended.plan) == [(2, 11, 0, 480), (1, 11, 0, 560)]


def test_need_that_cannot_be_dated_does_not_go_to_who_is_full() -> None:
    """The first has room and no time, the second has time and no room: a senior is unmet, nobody is overrun."""
    at_eight: dict[str, Any] = {"weekdays": 1, "window_min": (480, 510)}
    rows: list[Need | Volunteer | Slot] = [
        Need(id=1, **at_eight),
        Need(id=2, **at_eight),
        Need(id=3),
        Volunteer(id=11),
        Volunteer(id=12, east_m=50, max_needs=1),
    ]
    before = answer(question(*rows), pairs=[(1, 11), (3, 12)], visits=[(1, 11, 0, 480), (3, 12, 1, 480)], unmet=[2])

    mended = rematch(question(*rows), before, change_m=NEVER_M)

    assert len(mended.changes) == 0
    assert unmet_of(mended.plan) == {2: "calendar"}


@pytest.mark.parametrize("series", [False, True])
def test_slot_that_is_gone_is_booked_elsewhere_and_others_stay(*, series: bool) -> None:
    """The bath van breaks down on its second day: only who was booked there moves."""
    baths = [bath(id=1, is_series=series, penalty=900), bath(id=2, is_series=series)]
    slots = [Slot(id=21, day=0), Slot(id=22, day=1), Slot(id=23, day=2, east_m=500)]
    before = answer(question(*baths, *slots), bookings=[(1, 21), (2, 22)])

    mended = rematch(question(*baths, slots[0], slots[2]), before)

    assert bookings_of(mended.plan) == [(1, 21), (2, 23)]
    assert mended.changes.bookings == (
        BookingChange(kind=Kind.ENDED, need_id=2, slot_id=22),
        BookingChange(kind=Kind.BEGUN, need_id=2, slot_id=23),
    )


def test_slot_with_fewer_places_keeps_earlier_tiers_first() -> None:
    """Two share a place that became one: who comes first in rank stays, the other waits and is named."""
    baths = [bath(id=1, tier=1), bath(id=2, tier=0)]
    before = answer(question(*baths, Slot(places=2)), bookings=[(1, 21), (2, 21)])

    mended = rematch(question(*baths, Slot(places=1)), before)

    assert bookings_of(mended.plan) == [(2, 21)]
    assert mended.changes.newly_unmet.tolist() == [1]


def test_unlike_loads_are_mended_no_worse_than_without_a_move() -> None:
    """Where minutes differ a search answers; what it finds is taken only where it is better than letting all stay."""
    needs = [Need(id=number, east_m=40 * number, duration_min=20 + 10 * (number % 3)) for number in range(1, 13)]
    people = [Volunteer(id=20 + number, east_m=100 * number, weekly_cap_min=110) for number in range(5)]
    before = solve(question(*needs, *people))
    now = question(*needs, *people[1:])

    free, still = rematch(now, before, change_m=10), rematch(now, before, change_m=NEVER_M)

    assert len(unmet_of(free.plan)) <= len(unmet_of(still.plan))
    assert free.plan.objective + 11 * _moved(free, before) <= still.plan.objective + 11 * _moved(still, before)


def _moved(mended: Repair, before: Plan) -> int:
    return len(set(pairs_of(before)) - set(pairs_of(mended.plan)))


def test_same_change_gives_the_same_repair() -> None:
    """A repair can be explained only when it can be made again."""
    asked = quarter(needs=60, volunteers=12, seed=5)
    before, now = solve(asked), _without(asked, asked.volunteers.ids[:2])

    one, other = rematch(now, before), rematch(now, before)

    assert one.changes.pairs == other.changes.pairs
    assert visits_of(one.plan) == visits_of(other.plan)
