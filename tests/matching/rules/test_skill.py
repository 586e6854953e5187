"""Rule `skill`: a volunteer has the skill of the need; a slot offers it."""

import pytest

from matching.solve import solve
from tests.matching.answers import answer, bookings_of, faults, pairs_of, unmet_of
from tests.matching.questions import Need, Slot, Volunteer, bath, question

LEAST, MOST = 0, 63


@pytest.mark.parametrize("skill", [LEAST, MOST])
def test_judge_allows_who_has_the_skill(skill: int) -> None:
    """The first and the last of the 64 skills are skills like any other."""
    asked = question(Need(skill=skill), Volunteer(skills=1 << skill))

    plan = answer(asked, pairs=[(1, 11)], visits=[(1, 11, 0, 480)])

    assert faults(asked, plan) == ()


@pytest.mark.parametrize("skill", [LEAST, MOST])
def test_judge_forbids_who_lacks_the_skill(skill: int) -> None:
    """Who has never learned to wash a person must not be sent to do it, whatever else they can do."""
    asked = question(Need(skill=skill), Volunteer(skills=(2**64 - 1) ^ (1 << skill)))

    plan = answer(asked, pairs=[(1, 11)], visits=[(1, 11, 0, 480)])

    assert faults(asked, plan) == ("skill: need 1 and volunteer 11: the volunteer lacks the skill",)


def test_judge_forbids_a_slot_of_another_service() -> None:
    """A seat in a van washes nobody."""
    asked = question(bath(skill=3), Slot(skill=4))

    plan = answer(asked, bookings=[(1, 21)])

    assert faults(asked, plan) == ("skill: need 1 is booked into slot 21 of another service",)


@pytest.mark.parametrize("skill", [LEAST, MOST])
def test_engine_takes_the_one_who_has_the_skill(skill: int) -> None:
    """The nearer volunteer without the skill is passed by."""
    near = Volunteer(id=11, skills=(2**64 - 1) ^ (1 << skill))
    far = Volunteer(id=12, east_m=900, skills=1 << skill)

    plan = solve(question(Need(skill=skill), near, far))

    assert pairs_of(plan) == [(1, 12)]


def test_engine_leaves_a_need_unmet_for_want_of_skill() -> None:
    """The reason names the rule, so that training can be planned for it."""
    plan = solve(question(Need(skill=5), Volunteer(skills=0b11111)))

    assert unmet_of(plan) == {1: "skill"}
    assert plan.unmet.taken_by_rule.tolist() == [[1, 0, 0, 0, 0, 0, 0, 0]]


def test_engine_books_slots_of_the_service_alone() -> None:
    """The nearer slot of another service is passed by."""
    plan = solve(question(bath(skill=3), Slot(id=21, skill=4), Slot(id=22, skill=3, east_m=500)))

    assert bookings_of(plan) == [(1, 22)]
