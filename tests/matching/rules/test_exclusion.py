"""Rule `exclusion`: those who never meet are not paired."""

import pytest

from matching.solve import solve
from tests.matching.answers import answer, faults, pairs_of, unmet_of
from tests.matching.questions import Need, Volunteer, question

NEVER = [(7, 11)]


def test_judge_allows_everyone_else() -> None:
    """The rule is about two people, not about either alone."""
    asked = question(Need(id=1, senior=7), Need(id=2, senior=8), Volunteer(id=11), Volunteer(id=12), exclusions=NEVER)

    plan = answer(asked, pairs=[(1, 12), (2, 11)], visits=[(1, 12, 0, 480), (2, 11, 0, 480)])

    assert faults(asked, plan) == ()


def test_judge_forbids_the_two_who_never_meet() -> None:
    """After a quarrel or worse, this is a promise of safety; it is kept for every need of the senior."""
    asked = question(Need(id=1, senior=7), Volunteer(id=11), exclusions=NEVER)

    plan = answer(asked, pairs=[(1, 11)], visits=[(1, 11, 0, 480)])

    assert faults(asked, plan) == ("exclusion: need 1 and volunteer 11: these never meet",)


def test_engine_takes_the_next_one() -> None:
    """The nearest volunteer is passed by, for every need of this senior and for no other's."""
    needs = [Need(id=1, senior=7), Need(id=2, senior=7), Need(id=3, senior=8)]

    plan = solve(question(*needs, Volunteer(id=11), Volunteer(id=12, east_m=900), exclusions=NEVER))

    assert pairs_of(plan) == [(1, 12), (2, 12), (3, 11)]


def test_engine_leaves_the_senior_unmet_rather() -> None:
    """When nobody else is there, the reason says so."""
    plan = solve(question(Need(id=1, senior=7), Volunteer(id=11), exclusions=NEVER))

    assert unmet_of(plan) == {1: "exclusion"}


@pytest.mark.parametrize(
    ("senior", "volunteer", "never"),
    [(5, 3, (6, -5)), (2**40, 2**40, (2**41, 2**39)), (7, 12, (7, 11))],
    ids=["negative", "beyond 64 bits when multiplied", "another volunteer"],
)
def test_exclusions_never_hit_others(senior: int, volunteer: int, never: tuple[int, int]) -> None:
    """Two large numbers that look alike when multiplied must not keep strangers apart."""
    people = [Volunteer(id=volunteer), Volunteer(id=-5, east_m=500)]

    plan = solve(question(Need(senior=senior), *people, exclusions=[never]))

    assert pairs_of(plan) == [(1, volunteer)]
