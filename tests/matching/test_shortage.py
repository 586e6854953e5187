"""What is missing where: counts by area and skill that add up."""

import numpy as np
import pytest

from matching.problem import EveryNDays, Frequency, Once, TimesPerMonth, TimesPerWeek
from matching.shortage import find_shortage, weekly_visits
from matching.solve import solve
from tests.matching.instances import quarter
from tests.matching.questions import Need, Slot, Volunteer, bath, question


@pytest.mark.parametrize(
    ("frequency", "visits"),
    [(EveryNDays(2), 3.5), (TimesPerWeek(3), 3.0), (TimesPerMonth(2), 2 * 7 / 30), (Once(), 7 / 28)],
    ids=str,
)
def test_weekly_visits_of_a_frequency(frequency: Frequency, visits: float) -> None:
    """Needs of all frequencies are compared in visits a week; one visit is spread over the horizon."""
    asked = question(Need(frequency=frequency), days=28)

    assert weekly_visits(asked) == pytest.approx(visits)


def test_shortage_is_counted_by_area_and_skill() -> None:
    """The office sees in which street how many minutes a week of which service are missing."""
    needs = [
        Need(id=1, area=7, skill=1, frequency=TimesPerWeek(2), duration_min=45),
        Need(id=2, area=7, skill=1, frequency=TimesPerWeek(1), duration_min=60),
        Need(id=3, area=7, skill=2),
        Need(id=4, area=8, skill=2),
    ]
    asked = question(*needs, Volunteer(skills=0b100))

    shortage = find_shortage(asked, solve(asked))

    assert shortage.areas.tolist() == [7, 7, 8]
    assert shortage.skills.tolist() == [1, 2, 2]
    assert shortage.needs.tolist() == [2, 1, 1]
    assert shortage.unmet.tolist() == [2, 0, 0]
    assert shortage.unmet_weekly_min == pytest.approx([2 * 45 + 60, 0, 0])


def test_need_met_in_part_counts_as_unmet() -> None:
    """A bath in one of two weeks is a shortage, not a success."""
    asked = question(bath(), Slot(day=1), days=14)

    shortage = find_shortage(asked, solve(asked))

    assert shortage.unmet.tolist() == [1]


def test_shortage_of_nothing_is_empty() -> None:
    """A district without needs misses nothing."""
    asked = question(Volunteer())

    shortage = find_shortage(asked, solve(asked))

    assert [len(shortage.areas), len(shortage.unmet), len(shortage.unmet_weekly_min)] == [0, 0, 0]


def test_counts_add_up_to_the_plan() -> None:
    """The map of shortage and the list of the unmet are two views of the same people."""
    asked = quarter(needs=80, volunteers=10, seed=6)
    plan = solve(asked)

    shortage = find_shortage(asked, plan)

    assert shortage.needs.sum() == 80
    assert shortage.unmet.sum() == len(plan.unmet.need_ids) > 0
    assert (np.diff(shortage.areas * 64 + shortage.skills) > 0).all()
