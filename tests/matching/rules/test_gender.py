"""Rule `gender`: a wish for a gender is kept."""

import pytest

from matching.problem import Gender
from matching.solve import solve
from tests.matching.answers import answer, faults, pairs_of, unmet_of
from tests.matching.questions import Need, Volunteer, question


@pytest.mark.parametrize(
    ("wish", "gender"),
    [(Gender.FEMALE, Gender.FEMALE), (Gender.MALE, Gender.MALE), (Gender.ANY, Gender.MALE), (Gender.ANY, Gender.ANY)],
)
def test_judge_allows_the_gender_wished(wish: Gender, gender: Gender) -> None:
    """Who wishes nothing gets anyone, even one who does not say."""
    asked = question(Need(gender=wish), Volunteer(gender=gender))

    plan = answer(asked, pairs=[(1, 11)], visits=[(1, 11, 0, 480)])

    assert faults(asked, plan) == ()


@pytest.mark.parametrize(
    ("wish", "gender"),
    [(Gender.FEMALE, Gender.MALE), (Gender.MALE, Gender.FEMALE), (Gender.FEMALE, Gender.ANY)],
)
def test_judge_forbids_another_gender(wish: Gender, gender: Gender) -> None:
    """At a bath a wish like this is no convenience; one who does not say cannot be said to keep it."""
    asked = question(Need(gender=wish), Volunteer(gender=gender))

    plan = answer(asked, pairs=[(1, 11)], visits=[(1, 11, 0, 480)])

    assert faults(asked, plan) == ("gender: need 1 and volunteer 11: another gender was wished",)


def test_engine_takes_the_one_of_the_gender_wished() -> None:
    """The nearer volunteer of another gender is passed by."""
    near, far = Volunteer(id=11, gender=Gender.MALE), Volunteer(id=12, gender=Gender.FEMALE, east_m=900)

    plan = solve(question(Need(gender=Gender.FEMALE), near, far))

    assert pairs_of(plan) == [(1, 12)]


@pytest.mark.parametrize("gender", [Gender.MALE, Gender.ANY])
def test_engine_never_breaks_the_wish(gender: Gender) -> None:
    """A need stays unmet, with the rule as its reason, rather than be met against the wish."""
    plan = solve(question(Need(gender=Gender.FEMALE), Volunteer(gender=gender)))

    assert unmet_of(plan) == {1: "gender"}
