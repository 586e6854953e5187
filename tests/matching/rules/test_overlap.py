"""Rule `overlap`: two visits of a volunteer never overlap, and keep the gap between."""

import pytest

from matching.problem import Once
from matching.solve import solve
from tests.matching.answers import answer, faults, unmet_of, visits_of
from tests.matching.questions import Need, Volunteer, question

TWO = (Need(id=1, duration_min=30, frequency=Once()), Need(id=2, duration_min=20, frequency=Once()))
GAP_MIN = 5


@pytest.mark.parametrize(
    "visits",
    [[(1, 11, 0, 500), (2, 11, 0, 535)], [(2, 11, 0, 500), (1, 11, 0, 525)]],
    ids=["the long one first", "the short one first"],
)
def test_judge_allows_the_gap_between_two_visits(visits: list[tuple[int, int, int, int]]) -> None:
    """Five minutes are enough to come from one door to the next, in either order."""
    asked = question(*TWO, Volunteer(), gap_min=GAP_MIN)

    plan = answer(asked, pairs=[(1, 11), (2, 11)], visits=visits)

    assert faults(asked, plan) == ()


def test_judge_forbids_a_gap_too_short() -> None:
    """Nobody can be at two doors within four minutes."""
    asked = question(*TWO, Volunteer(), gap_min=GAP_MIN)

    plan = answer(asked, pairs=[(1, 11), (2, 11)], visits=[(1, 11, 0, 500), (2, 11, 0, 534)])

    assert faults(asked, plan) == ("overlap: volunteer 11: needs 1 and 2 on day 0, minutes 500 and 534 leave no gap",)


def test_judge_forbids_two_visits_at_once() -> None:
    """The plainest form of the fault."""
    asked = question(*TWO, Volunteer(), gap_min=0)

    plan = answer(asked, pairs=[(1, 11), (2, 11)], visits=[(1, 11, 0, 500), (2, 11, 0, 500)])

    assert len(faults(asked, plan)) == 1
    assert faults(asked, plan)[0].startswith("overlap: volunteer 11: needs ")


@pytest.mark.parametrize(
    "visits",
    [[(1, 11, 0, 500), (2, 11, 1, 500)], [(1, 11, 0, 500), (2, 12, 0, 500)]],
    ids=["on two days", "by two volunteers"],
)
def test_judge_allows_the_same_minute_elsewhere(visits: list[tuple[int, int, int, int]]) -> None:
    """Only one person on one day can overlap with themselves."""
    asked = question(*TWO, Volunteer(id=11), Volunteer(id=12))

    plan = answer(asked, pairs=[(need, who) for need, who, _, _ in visits], visits=visits)

    assert faults(asked, plan) == ()


@pytest.mark.parametrize(
    ("ends_min", "visits", "unmet"),
    [
        (535, [(1, 11, 0, 480), (2, 11, 0, 515)], {}),
        (534, [(1, 11, 0, 480)], {2: "calendar"}),
    ],
    ids=["just room for two", "a minute too short"],
)
def test_engine_keeps_the_gap(ends_min: int, visits: list[tuple[int, int, int, int]], unmet: dict[int, str]) -> None:
    """Thirty minutes, a gap of five, and twenty minutes need fifty-five minutes of the only day."""
    plan = solve(question(*TWO, Volunteer(window_min=(480, ends_min)), days=1, gap_min=GAP_MIN))

    assert visits_of(plan) == visits
    assert unmet_of(plan) == unmet


def test_engine_goes_to_another_day_rather() -> None:
    """Where one day is full, the next is used."""
    plan = solve(question(*TWO, Volunteer(window_min=(480, 520)), days=2, gap_min=GAP_MIN))

    assert unmet_of(plan) == {}
    assert len({day for _, _, day, _ in visits_of(plan)}) == 2
