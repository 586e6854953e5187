"""For a senior whom nobody visits: the least change of each kind that would help, each verified by solving again."""

from dataclasses import replace

import pytest

from matching.problem import Gender, Problem
from matching.remedies import Remedy, find_remedies, neighbourhood
from matching.solve import solve
from tests.matching.questions import MON, TUE, Need, Slot, Volunteer, bath, question


def remedies_of(problem: Problem, need: int = 1) -> set[tuple[str, int, int]]:
    """Return kind, whom or what, and how much of every remedy."""
    found = find_remedies(problem, solve(problem), need)
    return {(remedy.kind, remedy.about_id, remedy.amount) for remedy in found}


FULL = Volunteer(max_needs=1)
CASES: dict[str, tuple[Problem, set[tuple[str, int, int]]]] = {
    "too far": (
        question(Need(), Volunteer(east_m=1400), Volunteer(id=12, east_m=1250)),
        {("distance_m", 12, 1250)},
    ),
    "minutes": (question(Need(), Need(id=2, penalty=90_000), Volunteer(weekly_cap_min=45)), {("minutes", 11, 30)}),
    "full": (question(Need(), Need(id=2, penalty=90_000), FULL), {("needs", 11, 1)}),
    "no skill": (
        question(Need(skill=3), Volunteer(skills=0b1, east_m=200), Volunteer(id=12, skills=0b1, east_m=100)),
        {("skill", 12, 3)},
    ),
    "a wish of gender": (question(Need(gender=Gender.MALE), Volunteer()), {("gender", 0, 0)}),
    "a wish of language": (question(Need(languages=0b10), Volunteer(languages=0b01)), {("language", 0, 0)}),
    "days": (question(Need(weekdays=MON), Volunteer(weekdays=TUE)), {("hours", 0, 0)}),
    "no place": (question(bath(), bath(id=2, penalty=90_000), Slot()), {("places", 21, 1)}),
    "slot too far": (question(bath(), Slot(east_m=2300)), {("slot_distance_m", 21, 2300)}),
    "not eligible": (question(bath(), Slot(), bookable=[]), {("eligibility", 31, 0)}),
}


@pytest.mark.parametrize("case", CASES)
def test_least_change_is_told(case: str) -> None:
    """Where one rule stands in the way the remedy is to change that rule, for the nearest, as little as it takes."""
    problem, expected = CASES[case]

    assert remedies_of(problem) == expected


def test_two_rules_in_the_way_have_no_single_remedy() -> None:
    """A senior who wishes a man and lives too far from every man is not helped by either change alone."""
    problem = question(Need(gender=Gender.MALE), Volunteer(east_m=1400))

    assert remedies_of(problem) == set()


def test_nobody_who_was_met_is_left_out() -> None:
    """A volunteer who lacks both minutes and room is helped by neither alone: others would be left out for it."""
    needs = [Need(id=number, duration_min=60) for number in (1, 2, 3)]
    problem = question(*needs, Volunteer(weekly_cap_min=60, max_needs=1))

    unmet = solve(problem).unmet.need_ids.tolist()
    assert [remedies_of(problem, need) for need in unmet] == [set(), set()]


def test_rest_of_the_plan_stays() -> None:
    """What is solved again are the nearest volunteers with their needs; others are not looked at."""
    far = [Volunteer(id=100 + number, east_m=5_000 + number) for number in range(50)]
    problem = question(Need(), Need(id=2, penalty=90_000), FULL, *far, Need(id=3, east_m=5_049))
    plan = solve(problem)

    near = neighbourhood(problem, plan, 0)

    assert 149 not in near.volunteers.ids
    assert set(near.needs.ids.tolist()) == {1, 2}


def test_met_need_needs_no_remedy() -> None:
    """Asking for a remedy of what is met, or of what is unknown, is a mistake of the caller."""
    problem = question(Need(), Volunteer())

    with pytest.raises(ValueError, match="Need 1 is met"):
        find_remedies(problem, solve(problem), 1)
    with pytest.raises(ValueError, match="no need 9"):
        find_remedies(problem, solve(problem), 9)


def test_remedy_meets_the_need_in_the_whole_problem() -> None:
    """Applied to the whole problem and solved anew, the remedy does what it says."""
    problem = question(Need(), Need(id=2, penalty=90_000), FULL, Volunteer(id=12, east_m=3_000))

    found = find_remedies(problem, solve(problem), 1)

    assert Remedy(kind="distance_m", about_id=12, amount=3_000) in found
    wider = replace(problem, params=replace(problem.params, max_distance_m=3_000.0))
    assert solve(wider).unmet.need_ids.tolist() == []
