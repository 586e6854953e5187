"""Rule `together`: everyone who comes to a need comes at the same time, to every visit of it."""

from dataclasses import replace

import pytest

from matching.problem import TimesPerWeek
from matching.solve import solve
from tests.matching.answers import answer, faults, pairs_of, unmet_of, visits_of
from tests.matching.questions import MON, TUE, WED, Need, Volunteer, question

LIFT = Need(helpers=2)
TWO = (Volunteer(id=11), Volunteer(id=12, east_m=100))


def test_judge_allows_two_at_once() -> None:
    """Two who lift a senior together stand at the door at the same minute."""
    asked = question(LIFT, *TWO)

    plan = answer(asked, pairs=[(1, 11), (1, 12)], visits=[(1, 11, 0, 480), (1, 12, 0, 480)])

    assert faults(asked, plan) == ()


@pytest.mark.parametrize(
    ("visits", "words"),
    [
        ([(1, 11, 0, 480), (1, 12, 0, 500)], "need 1: on day 0 visits begin at minutes [480, 500]"),
        ([(1, 11, 0, 480), (1, 12, 0, 480), (1, 11, 3, 480)], "need 1: 1 come on day 3, 2 are asked"),
    ],
)
def test_judge_forbids_one_without_the_other(visits: list[tuple[int, int, int, int]], words: str) -> None:
    """One who waits alone at the door cannot lift anybody."""
    asked = question(LIFT, *TWO)

    plan = answer(asked, pairs=[(1, 11), (1, 12)], visits=visits)

    assert f"together: {words}" in faults(asked, plan)


def test_engine_sends_two_at_once() -> None:
    """Two volunteers with different hours and days meet where both are free."""
    first = Volunteer(id=11, weekdays=MON | TUE, window_min=(480, 700))
    second = Volunteer(id=12, weekdays=TUE | WED, window_min=(600, 1080))

    plan = solve(question(LIFT, first, second))

    assert visits_of(plan) == [(1, 11, 1, 600), (1, 12, 1, 600)]


def test_engine_never_sends_the_same_one_twice() -> None:
    """One volunteer with room for three is still one person: the need is unmet, and nobody is paired in vain."""
    plan = solve(question(LIFT, Volunteer(max_needs=3)))

    assert (pairs_of(plan), list(unmet_of(plan))) == ([], [1])


def test_engine_gives_the_place_of_half_a_pair_to_another() -> None:
    """Where only one of two can come, that one visits somebody else."""
    other = Need(id=2, east_m=900, penalty=5_000)

    plan = solve(question(replace(LIFT, penalty=90_000), other, Volunteer(max_needs=1)))

    assert pairs_of(plan) == [(2, 11)]


def test_engine_fits_others_round_a_visit_of_two() -> None:
    """The visits of one volunteer to others keep clear of the visit of two."""
    needs = [LIFT, Need(id=2, frequency=TimesPerWeek(7)), Need(id=3, frequency=TimesPerWeek(7))]

    plan = solve(question(*needs, *TWO))

    assert unmet_of(plan) == {}
    assert len(visits_of(plan)) == 2 + 14
