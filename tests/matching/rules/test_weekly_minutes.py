"""Rule `weekly_minutes`: a volunteer gives no more minutes in a week than they offer."""

import pytest

from matching.problem import EveryNDays, TimesPerWeek
from matching.solve import solve
from tests.matching.answers import answer, faults, pairs_of, unmet_of, visits_of
from tests.matching.questions import Need, Volunteer, question

DAILY = Need(frequency=EveryNDays(1), duration_min=30)
WEEK_MIN = 7 * 30


def test_judge_allows_all_minutes_offered() -> None:
    """Every week is counted by itself, the short last one too."""
    asked = question(DAILY, Volunteer(weekly_cap_min=WEEK_MIN), days=10)

    plan = answer(asked, pairs=[(1, 11)], visits=[(1, 11, day, 480) for day in range(10)])

    assert faults(asked, plan) == ()


def test_judge_forbids_a_minute_more() -> None:
    """A volunteer's week is a promise to them; only the week that is too long is named."""
    asked = question(DAILY, Volunteer(weekly_cap_min=WEEK_MIN - 1), days=10)

    plan = answer(asked, pairs=[(1, 11)], visits=[(1, 11, day, 480) for day in range(10)])

    assert faults(asked, plan) == ("weekly_minutes: volunteer 11 gives 210 min in week 0, offers 209",)


def test_judge_adds_up_all_needs_of_a_volunteer() -> None:
    """Two short visits can be too long together."""
    asked = question(Need(id=1), Need(id=2), Volunteer(weekly_cap_min=59))

    plan = answer(asked, pairs=[(1, 11), (2, 11)], visits=[(1, 11, 0, 480), (2, 11, 3, 480)])

    assert faults(asked, plan) == ("weekly_minutes: volunteer 11 gives 60 min in week 0, offers 59",)


@pytest.mark.parametrize(
    ("cap_min", "pairs", "unmet"), [(WEEK_MIN, [(1, 11)], {}), (WEEK_MIN - 1, [], {1: "capacity"})]
)
def test_engine_uses_all_minutes_offered_and_no_more(
    cap_min: int, pairs: list[tuple[int, int]], unmet: dict[int, str]
) -> None:
    """The last minute counts; what does not fit is left unmet for want of minutes."""
    plan = solve(question(DAILY, Volunteer(weekly_cap_min=cap_min), days=10))

    assert pairs_of(plan) == pairs
    assert unmet_of(plan) == unmet


def test_engine_fills_a_week_with_two_needs() -> None:
    """Two needs of one visit a week each fit into an hour, a third does not."""
    needs = [Need(id=number, frequency=TimesPerWeek(1)) for number in (1, 2, 3)]

    plan = solve(question(*needs, Volunteer(weekly_cap_min=60), days=14))

    assert len(visits_of(plan)) == 4
    assert list(unmet_of(plan).values()) == ["capacity"]
