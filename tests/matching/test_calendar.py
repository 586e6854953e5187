"""Pairs become visits: as often as asked, within all windows, on even days; and what cannot be dated says so."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.calendar import make_calendar
from matching.plan import Status
from matching.problem import EveryNDays, Frequency, Once, Problem, TimesPerMonth, TimesPerWeek
from matching.solve import solve
from tests.matching.answers import faults, pairs_of, unmet_of, visits_of
from tests.matching.instances import FREQUENCIES
from tests.matching.questions import FRI, MON, THU, TUE, WED, Need, Volunteer, bath, question

HORIZONS = [1, 7, 28, 31, 366]
OFTEN: list[tuple[Frequency, list[int]]] = [
    (EveryNDays(1), [1, 7, 28, 31, 366]),
    (EveryNDays(7), [1, 1, 4, 4, 52]),
    (TimesPerWeek(1), [1, 1, 4, 4, 52]),
    (TimesPerWeek(7), [1, 7, 28, 31, 366]),
    (TimesPerMonth(1), [1, 1, 1, 2, 13]),
    (TimesPerMonth(4), [1, 1, 4, 5, 49]),
    (Once(), [1, 1, 1, 1, 1]),
]
COUNTED = [
    pytest.param(frequency, horizon, count, id=f"{frequency} in {horizon}")
    for frequency, counts in OFTEN
    for horizon, count in zip(HORIZONS, counts, strict=True)
]


@pytest.mark.parametrize(("frequency", "horizon", "least"), COUNTED)
def test_horizons_hold_the_visits_counted_by_hand(frequency: Frequency, horizon: int, least: int) -> None:
    """Weeks that the horizon cuts, and frequencies longer than it, may hold one visit more, and never one less."""
    asked = question(Need(frequency=frequency), Volunteer(), days=horizon)

    plan = solve(asked)

    assert least <= len(visits_of(plan)) <= least + 1
    assert faults(asked, plan) == ()


@pytest.mark.parametrize(("weekdays", "days"), [(MON, [0, 7]), (FRI, [4, 11])])
def test_weekly_visit_keeps_its_weekday(weekdays: int, days: list[int]) -> None:
    """People plan their week by it."""
    plan = solve(question(Need(weekdays=weekdays), Volunteer(), days=14))

    assert [day for _, _, day, _ in visits_of(plan)] == days


def test_every_two_days_takes_the_weekdays_that_are_there() -> None:
    """Without weekends the gap over one is three days: every two days cannot be promised, every three can."""
    weekdays = MON | TUE | WED | THU | FRI

    two, three = (
        solve(question(Need(weekdays=weekdays, frequency=EveryNDays(days)), Volunteer(), days=28)) for days in (2, 3)
    )

    assert unmet_of(two) == {1: "availability"}
    assert {day % 7 for _, _, day, _ in visits_of(three)} <= {0, 1, 2, 3, 4}


@pytest.mark.parametrize(
    ("frequency", "days", "visited"),
    [
        (Once(), (3, 4), [3]),
        (EveryNDays(3), (4, 7), [4, 5, 6]),
        (EveryNDays(2), (-9, 2), [0, 1]),
        (TimesPerWeek(1), (7, 14), [7, 8, 9, 10, 11, 12, 13]),
        (TimesPerMonth(1), (13, 99), [13]),
    ],
    ids=str,
)
def test_need_that_begins_or_ends_within_the_horizon_is_visited_there(
    frequency: Frequency, days: tuple[int, int], visited: list[int]
) -> None:
    """A senior who comes home on Thursday is not visited on Wednesday."""
    asked = question(Need(frequency=frequency, days=days), Volunteer(), days=14)

    plan = solve(asked)

    assert len(visits_of(plan)) == 1
    assert {day for _, _, day, _ in visits_of(plan)} <= set(visited)


@pytest.mark.parametrize("frequency", [EveryNDays(2), TimesPerWeek(1), TimesPerMonth(1), Once()], ids=str)
@pytest.mark.parametrize("days", [(14, 20), (400, 500), (-9, 0)], ids=["after", "long after", "before"])
def test_need_whose_days_are_not_in_the_horizon_is_paired_without_a_visit(
    frequency: Frequency, days: tuple[int, int]
) -> None:
    """Nothing is due, so nothing is missing, and the plan stays optimal."""
    plan = solve(question(Need(frequency=frequency, days=days), Volunteer(), days=14))

    assert (pairs_of(plan), visits_of(plan)) == ([(1, 11)], [])
    assert plan.status == Status.OPTIMAL


def test_frequency_longer_than_the_horizon_still_gets_a_visit() -> None:
    """Every thirty days in a plan of twenty-eight would else mean never, plan after plan."""
    needs = [Need(id=number, frequency=EveryNDays(30)) for number in (1, 2, 3)]

    plan = solve(question(*needs, Volunteer(), days=28))

    assert sorted(plan.visits.need_ids.tolist()) == [1, 2, 3]


def test_frequency_longer_than_the_horizon_asks_for_nothing_that_does_not_fit() -> None:
    """Where even one visit is too much, the pair stands without."""
    plan = solve(question(Need(frequency=EveryNDays(30)), Volunteer(weekly_cap_min=29), days=28))

    assert (pairs_of(plan), visits_of(plan)) == ([(1, 11)], [])
    assert plan.status == Status.OPTIMAL


def test_days_of_a_volunteer_are_even() -> None:
    """Seven weekly visits are one a day, not seven on Monday, wherever the needs stand in the list."""
    greetings = [Need(id=7 * number) for number in range(7)]
    between = [bath(id=number) for number in range(49) if number % 7]

    plan = solve(question(*sorted((*greetings, *between), key=lambda need: need.id), Volunteer(max_needs=7), days=28))

    assert np.bincount(plan.visits.days, minlength=28).tolist() == [1] * 28


def test_every_two_days_alternates_between_two_needs() -> None:
    """Two seniors, two phases: one visit a day."""
    needs = [Need(id=number, frequency=EveryNDays(2)) for number in (1, 2)]

    plan = solve(question(*needs, Volunteer(), days=28))

    assert np.bincount(plan.visits.days, minlength=28).tolist() == [1] * 28


def test_visits_of_a_day_follow_one_another_with_the_gap() -> None:
    """Three visits in one morning, in the order in which their windows close."""
    needs = [Need(id=n, duration_min=20, window_min=(480, 600 - n), frequency=EveryNDays(1)) for n in (1, 2, 3)]

    plan = solve(question(*needs, Volunteer(), days=1, gap_min=10))

    assert visits_of(plan) == [(3, 11, 0, 480), (2, 11, 0, 510), (1, 11, 0, 540)]


def test_what_cannot_be_dated_is_unmet_and_the_plan_says_how_far_it_is_off() -> None:
    """A volunteer has room and minutes for three, but all three want Monday at the same hour, which holds two."""
    hour: dict[str, Any] = {"weekdays": MON, "window_min": (480, 550)}
    needs = [Need(id=number, east_m=100 * number, penalty=5_000, **hour) for number in (1, 2, 3)]

    plan = solve(question(*needs, Volunteer(), days=28))

    assert unmet_of(plan) == {3: "calendar"}
    assert plan.status == Status.FEASIBLE
    assert (plan.bound, plan.objective) == (600, 300 + 5_000)
    assert plan.gap == pytest.approx((5_300 - 600) / 5_300)
    assert plan.unmet.remaining.tolist() == [1]


def test_volunteers_days_are_their_own() -> None:
    """What fills one volunteer's morning leaves the other's free."""
    needs = [Need(id=n, frequency=EveryNDays(1), window_min=(480, 510)) for n in (1, 2)]
    people = [Volunteer(id=11, max_needs=1), Volunteer(id=12, max_needs=1)]

    plan = solve(question(*needs, *people, days=1))

    assert {start for _, _, _, start in visits_of(plan)} == {480}
    assert len(visits_of(plan)) == 2


def test_visits_are_ordered_by_day_volunteer_and_start() -> None:
    """Lists for people and pages are read in this order, and a plan is compared by it."""
    needs = [Need(id=n, east_m=n, frequency=EveryNDays(1)) for n in (4, 3, 2, 1)]
    people = [Volunteer(id=12, max_needs=2), Volunteer(id=11, max_needs=2)]

    plan = solve(question(*needs, *people, days=3))

    rows = [(day, [12, 11].index(who), start) for _, who, day, start in visits_of(plan)]
    assert rows == sorted(rows)
    assert len(rows) == 12


def test_pairs_are_dated_as_they_are_given() -> None:
    """The calendar takes any pairs, such as those a coordinator wrote, and says which it could not date."""
    asked = question(Need(id=1), Need(id=2, weekdays=MON), Volunteer(id=11, weekdays=TUE), days=7)

    dated = make_calendar(asked, needs=np.array([0, 1]), volunteers=np.array([0, 0]))

    assert dated.undated.tolist() == [1]
    assert dated.visits.days.tolist() == [1]


@st.composite
def busy_days(draw: st.DrawFn) -> Problem:
    """Draw up to six needs of all frequencies and windows for two volunteers with few hours."""
    needs = [
        Need(
            id=number,
            frequency=draw(FREQUENCIES),
            weekdays=draw(st.integers(1, 127)),
            window_min=(start := draw(st.integers(480, 700)), start + draw(st.integers(30, 400))),
            duration_min=draw(st.integers(10, 60)),
            days=(first := draw(st.integers(-5, 30)), first + draw(st.integers(1, 40))),
        )
        for number in range(draw(st.integers(1, 6)))
    ]
    people = [
        Volunteer(
            id=11 + number,
            weekdays=draw(st.integers(0, 127)),
            window_min=(500, draw(st.integers(560, 1000))),
            max_needs=4,
            weekly_cap_min=draw(st.integers(0, 400)),
        )
        for number in range(2)
    ]
    return question(
        *needs, *people, days=draw(st.sampled_from([1, 6, 7, 13, 28, 31])), gap_min=draw(st.integers(0, 20))
    )


@settings(deadline=None, max_examples=300)
@given(asked=busy_days())
def test_judge_accepts_every_calendar(asked: Problem) -> None:
    """However crooked the wishes, what the engine dates it dates by the rules; the rest it leaves out and says so."""
    plan = solve(asked)

    assert plan.verdict.holds
    assert len(pairs_of(plan)) + len(unmet_of(plan)) == len(asked.needs)
    assert plan.gap > 0 or "calendar" not in unmet_of(plan).values()
    assert plan.gap == 0 or plan.stopped_by != "proven" or "calendar" in unmet_of(plan).values()
