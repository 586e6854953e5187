"""What a frequency asks for, in days that a reader can count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.frequency import (
    NEVER,
    can_be_dated,
    due_slices,
    least_distance_days,
    longest_gap_days,
    weekly_patterns,
)
from matching.problem import (
    EveryNDays,
    Frequency,
    FrequencyKind,
    Once,
    TimesPerMonth,
    TimesPerWeek,
    frequency_columns,
)
from tests.matching.questions import EVERY_DAY, FRI, MON, SAT, SUN, THU, WED

KINDS = st.sampled_from(list(FrequencyKind))


@pytest.mark.parametrize(
    ("frequency", "columns"),
    [
        (EveryNDays(2), (FrequencyKind.EVERY_N_DAYS, 2)),
        (TimesPerWeek(3), (FrequencyKind.TIMES_PER_WEEK, 3)),
        (TimesPerMonth(1), (FrequencyKind.TIMES_PER_MONTH, 1)),
        (Once(), (FrequencyKind.ONCE, 1)),
    ],
    ids=str,
)
def test_frequency_becomes_kind_and_count(frequency: Frequency, columns: tuple[FrequencyKind, int]) -> None:
    """A frequency is stored as two numbers, and nothing of it is lost."""
    assert frequency_columns(frequency) == columns


@pytest.mark.parametrize(
    ("weekdays", "days"),
    [(EVERY_DAY, 1), (MON | WED | FRI, 3), (MON | THU, 4), (SAT | SUN, 6), (WED, 7), (0, NEVER)],
)
def test_longest_gap_goes_round_the_week(weekdays: int, days: int) -> None:
    """From Friday to Monday is three days: weeks do not end."""
    assert longest_gap_days(weekdays) == days


@pytest.mark.parametrize(("times", "days"), [(1, 7), (2, 3), (3, 2), (4, 1), (5, 1), (6, 1), (7, 1), (8, 1), (100, 1)])
def test_least_distance_is_a_week_in_equal_parts(times: int, days: int) -> None:
    """Visits of a week are spread over it, as far as whole days allow."""
    assert least_distance_days(times) == days


@pytest.mark.parametrize(
    ("weekdays", "times", "patterns"),
    [
        (EVERY_DAY, 1, [(0,), (1,), (2,), (3,), (4,), (5,), (6,)]),
        (MON | WED | FRI, 2, [(0, 4)]),
        (MON | THU, 2, [(0, 3)]),
        (MON | WED, 2, []),
        (MON | WED | FRI, 3, [(0, 2, 4)]),
        (MON | WED | SUN, 3, []),
        (EVERY_DAY, 7, [(0, 1, 2, 3, 4, 5, 6)]),
        (EVERY_DAY, 8, []),
        (0, 1, []),
    ],
)
def test_weekly_patterns_keep_the_distance_round_the_week(
    weekdays: int, times: int, patterns: list[tuple[int, ...]]
) -> None:
    """Sunday and the Monday after are one day apart, though they stand in two weeks."""
    assert list(weekly_patterns(weekdays, times)) == patterns


@pytest.mark.parametrize(
    ("frequency", "first", "last", "slices"),
    [
        (EveryNDays(2), 0, 7, [(0, 2), (2, 4), (4, 6)]),
        (EveryNDays(7), 3, 17, [(3, 10), (10, 17)]),
        (EveryNDays(7), 0, 6, []),
        (TimesPerWeek(1), 0, 14, [(0, 7), (7, 14)]),
        (TimesPerWeek(2), 0, 7, [(0, 3), (3, 7)]),
        (TimesPerWeek(3), 0, 7, [(0, 2), (2, 4), (4, 7)]),
        (TimesPerWeek(1), 1, 14, [(7, 14)]),
        (TimesPerWeek(1), 0, 13, [(0, 7)]),
        (TimesPerWeek(1), 1, 13, []),
        (TimesPerMonth(1), 0, 28, [(0, 28)]),
        (TimesPerMonth(1), 0, 30, [(0, 30)]),
        (TimesPerMonth(1), 0, 31, [(0, 15), (15, 31)]),
        (TimesPerMonth(2), 0, 28, [(0, 14), (14, 28)]),
        (TimesPerMonth(1), 5, 6, [(5, 6)]),
        (TimesPerMonth(60), 0, 1, [(0, 0), (0, 1)]),
        (Once(), 2, 5, [(2, 5)]),
        (Once(), 5, 5, []),
        (EveryNDays(1), 9, 3, []),
    ],
    ids=str,
)
def test_due_slices_are_counted_by_hand(
    frequency: Frequency, first: int, last: int, slices: list[tuple[int, int]]
) -> None:
    """Each slice asks for one visit; a shorter rest, and days outside, ask for none."""
    kind, count = frequency_columns(frequency)

    assert list(due_slices(kind, count, first, last)) == slices


@given(kind=KINDS, count=st.integers(1, 60), first=st.integers(0, 40), length=st.integers(0, 366))
def test_due_slices_never_overlap_and_stay_inside(kind: FrequencyKind, count: int, first: int, length: int) -> None:
    """Two due visits that shared a day could be met by one."""
    slices = due_slices(kind, count, first, first + length)

    days = [day for start, end in slices for day in range(start, end)]
    assert len(days) == len(set(days))
    assert set(days) <= set(range(first, first + length))


@pytest.mark.parametrize("kind", list(FrequencyKind))
@pytest.mark.parametrize("count", [1, 99, 366])
def test_no_common_weekday_carries_no_frequency(kind: FrequencyKind, count: int) -> None:
    """Even a visit a year needs one day on which both are there."""
    assert not can_be_dated(kind, count, 0)


@pytest.mark.parametrize("weekdays", [MON, SAT | SUN, EVERY_DAY])
def test_one_common_weekday_carries_every_visit_a_week_or_rarer(weekdays: int) -> None:
    """The same weekday, week after week."""
    assert can_be_dated(FrequencyKind.TIMES_PER_WEEK, 1, weekdays)
    assert can_be_dated(FrequencyKind.EVERY_N_DAYS, 7, weekdays)
    assert can_be_dated(FrequencyKind.TIMES_PER_MONTH, 1, weekdays)
    assert can_be_dated(FrequencyKind.ONCE, 1, weekdays)
