"""What is due when days are closed, people away and seasons change: read as a coordinator reads a calendar.

Day 0 is a Monday in every ask, so that day 5 is a Saturday and day 7 the next Monday.
"""

from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.instances import district
from matching.due import Ask, Due, Span, ask_of, closed_days, dues, meet_between_weeks, spans_of
from matching.patterns import patterns
from matching.problem import Absences, Problem, Seasons, Suspensions
from matching.tables import FrequencyKind, MakeUp
from matching.verify_days import closed_fault, frequency_fault

EVERY, WEEKLY, MONTHLY, ONCE = FrequencyKind
WEEKDAYS_ONLY, MONDAYS = 0b0011111, 0b0000001


def ask(*spans: tuple[int, int, int, int], **changes: object) -> Ask:
    """Return an ask of four weeks, or as the spans say."""
    parts: dict[str, object] = {"weekdays": 127, "starts_on_weekday": 0, "horizon_days": 28}
    return Ask(spans=tuple(Span(*span) for span in spans), **(parts | changes))  # type: ignore[arg-type]  # parts by name


def days_of(asked: Ask) -> list[list[int]]:
    """Return every choice of days."""
    return [np.flatnonzero(row).tolist() for row in patterns(asked)[0]]


def test_dropped_day_is_not_counted() -> None:
    """A typhoon on day 3 is dropped: a greeting every two days goes on as if the day had not been."""
    asked = ask((0, 8, EVERY, 2), horizon_days=8, closed=((3, MakeUp.DROP),))

    assert days_of(asked) == [[0, 2, 5, 7], [1, 4, 6]]


def test_visit_is_made_up_after_a_holiday() -> None:
    """What falls on a closed Monday is held on Tuesday, the first open day after."""
    asked = ask((0, 14, WEEKLY, 1), weekdays=MONDAYS, horizon_days=14, closed=((7, MakeUp.LATER),))
    may_tuesday = replace(asked, weekdays=0b0000011)

    assert dues(asked, asked.spans[0]) == (Due(0, 7),)  # no later Monday is left: dropped
    assert [0, 8] in days_of(may_tuesday)


def test_visit_is_made_up_before_a_holiday() -> None:
    """A whole closed week that is made up earlier puts its visit on the last open day before."""
    closed = tuple((day, MakeUp.EARLIER) for day in range(7, 14))
    asked = ask((0, 21, WEEKLY, 1), weekdays=WEEKDAYS_ONLY, horizon_days=21, closed=closed)

    assert dues(asked, asked.spans[0]) == (Due(0, 7, 1), Due(4, 5, is_made_up=True), Due(14, 21, 1))
    assert [0, 4, 14] in days_of(asked)


def test_dropped_week_asks_for_nothing() -> None:
    """A week in which every day is closed and dropped has no visit, and the weeks beside it keep theirs."""
    asked = ask((0, 21, WEEKLY, 2), horizon_days=21, closed=tuple((day, MakeUp.DROP) for day in range(7, 14)))

    assert all(sum(7 <= day < 14 for day in days) == 0 for days in days_of(asked))
    assert all(len(days) == 4 for days in days_of(asked))


def test_season_changes_the_frequency() -> None:
    """Once a week, and twice a week in the two hot weeks between."""
    asked = ask((0, 7, WEEKLY, 1), (7, 21, WEEKLY, 2), (21, 28, WEEKLY, 1))

    counts = {tuple(sum(week <= day < week + 7 for day in days) for week in range(0, 28, 7)) for days in days_of(asked)}

    assert counts == {(1, 2, 2, 1)}


def test_spans_meet_at_the_end_of_a_week() -> None:
    """A season that begins on a Thursday begins with the next week where visits are counted by the week."""
    met = meet_between_weeks([Span(0, 10, WEEKLY, 1), Span(10, 28, WEEKLY, 2)])

    assert met == (Span(0, 14, WEEKLY, 1), Span(14, 28, WEEKLY, 2))


def test_absence_moves_the_visit_within_its_week() -> None:
    """A volunteer away on the regular Monday comes on another day of that week; the others stay Mondays."""
    asked = ask((0, 21, WEEKLY, 1), horizon_days=21, absent=(7,))

    assert [0, 8, 14] in days_of(asked)


def test_long_absence_cannot_be_dated() -> None:
    """Who is away for a whole week cannot visit every week."""
    asked = ask((0, 21, WEEKLY, 1), horizon_days=21, absent=tuple(range(7, 14)))

    assert days_of(asked) == []


def test_least_gap_is_kept() -> None:
    """Twice a week with three days between is never Monday and Tuesday."""
    asked = ask((0, 14, WEEKLY, 2), horizon_days=14, least_gap_days=3)

    gaps = {later - earlier for days in days_of(asked) for earlier, later in pairwise(days)}
    assert min(gaps) >= 3


WRONG = {
    "gap too wide": ([0, 5, 7], "days without a visit"),
    "two on one day": ([0, 2, 2, 5, 7], "two visits on one day"),
    "outside its days": ([0, 2, 5, 7, 9], "outside its days"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_judge_names_what_is_wrong(fault: str) -> None:
    """Each wrong calendar of a greeting every two days, with day 3 closed, is rejected in words."""
    asked = ask((0, 8, EVERY, 2), horizon_days=12, closed=((3, MakeUp.DROP),))
    days, words = WRONG[fault]

    assert words in frequency_fault(asked, days)
    assert frequency_fault(asked, [0, 2, 5, 7]) == ""


def test_judge_names_closed_days_and_absences() -> None:
    """A visit in a typhoon, and one by somebody who is away, are found."""
    asked = ask((0, 8, EVERY, 2), horizon_days=12, closed=((3, MakeUp.DROP),), absent=(5,))

    assert "day 3 is closed" in closed_fault(asked, [1, 3, 5])
    assert "on day 5 one who comes is away" in closed_fault(asked, [1, 5])
    assert closed_fault(asked, [1, 4]) == ""


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ([0, 14], "made up on day 4"),
        ([0, 3, 4, 14], "visits of the weeks are [3, 0, 1]"),
        ([0, 4], "visits of the weeks are [2, 0, 0]"),
    ],
)
def test_judge_counts_what_is_made_up(days: list[int], words: str) -> None:
    """A made-up visit must be held, on its day, and none beside it."""
    closed = tuple((day, MakeUp.EARLIER) for day in range(7, 14))
    asked = ask((0, 21, WEEKLY, 1), weekdays=WEEKDAYS_ONLY, horizon_days=21, closed=closed)

    assert words in frequency_fault(asked, days)
    assert frequency_fault(asked, [0, 4, 14]) == ""


@st.composite
def asks(draw: st.DrawFn) -> Ask:
    """Draw any ask: two frequencies, closed days of every kind, days away, weekdays, a least gap."""
    horizon = draw(st.sampled_from([14, 28, 35]))
    cut = draw(st.integers(1, horizon - 1))
    kinds = st.tuples(st.integers(1, 4), st.integers(1, 3))
    spans = [Span(0, cut, *draw(kinds)), Span(cut, horizon, *draw(kinds))]
    closed = draw(st.dictionaries(st.integers(0, horizon - 1), st.integers(0, 2), max_size=6))
    return Ask(
        spans=meet_between_weeks(spans),
        weekdays=draw(st.sampled_from([127, 31, 0b1010101])),
        starts_on_weekday=draw(st.integers(0, 6)),
        horizon_days=horizon,
        closed=tuple(sorted(closed.items())),
        absent=tuple(sorted(draw(st.sets(st.integers(0, horizon - 1), max_size=2)))),
        least_gap_days=draw(st.sampled_from([0, 0, 2])),
    )


@settings(max_examples=150, deadline=None)
@given(asked=asks())
def test_every_choice_of_days_is_right(asked: Ask) -> None:
    """Whatever is asked, the judge finds no fault in any choice that the planner has."""
    faults = [frequency_fault(asked, days) + closed_fault(asked, days) for days in days_of(asked)]
    assert faults == [""] * len(faults)


@pytest.fixture
def problem() -> Problem:
    """Three seniors and two volunteers; the seniors live in areas 1, 1 and 2."""
    drawn = district(seniors=3, volunteers=2, seed=1)
    return replace(drawn, needs=replace(drawn.needs, areas=np.array([1, 1, 2])))


def test_tables_say_what_an_ask_is(problem: Problem) -> None:
    """Suspensions hold by area and skill, absences by person, seasons by need."""
    senior, volunteer = int(problem.needs.senior_ids[0]), int(problem.volunteers.ids[1])
    changed = replace(
        problem,
        suspensions=Suspensions(days=[4, 5], areas=[2, 0], skills=[-1, 0], make_ups=[MakeUp.LATER, MakeUp.EARLIER]),  # type: ignore[arg-type]  # lists become columns
        absences=Absences(person_ids=[senior, volunteer], first_days=[9, 20], last_days=[11, 40]),  # type: ignore[arg-type]  # as above
        seasons=Seasons(need_ids=[1], first_days=[10], last_days=[12], frequency_kinds=[1], frequency_counts=[1]),  # type: ignore[arg-type]  # as above
    )

    asked = ask_of(changed, 0, np.array([0, 1]))

    assert asked.closed == ((5, MakeUp.EARLIER), (9, MakeUp.DROP), (10, MakeUp.DROP))
    assert asked.absent == tuple(range(20, 28))
    assert asked.spans == (Span(0, 10, 1, 2), Span(10, 12, 1, 1), Span(12, 28, 1, 2))
    assert closed_days(changed, 2) == ((4, MakeUp.LATER), (5, MakeUp.EARLIER))
    assert spans_of(changed, 1) == (Span(0, 28, 1, 2),)


def test_days_are_dates() -> None:
    """The Mondays of this page are Mondays."""
    assert date(2026, 3, 2).weekday() == 0
