"""Rule `traits`: nobody meets a trait they refuse, and a required trait is there."""

from typing import Any

import pytest

from matching.solve import solve
from tests.matching.answers import answer, faults, pairs_of, unmet_of
from tests.matching.questions import Need, Volunteer, question

PETS, SMOKING, CERTIFICATE = 0b001, 0b010, 0b100
SUITS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"traits": PETS}, {"refuses": SMOKING}),
    ({"refuses": SMOKING}, {"traits": PETS}),
    ({"requires": CERTIFICATE}, {"traits": CERTIFICATE | PETS}),
]
WORDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "the volunteer refuses a trait met there": ({"traits": PETS}, {"refuses": PETS}),
    "the senior refuses a trait of the volunteer": ({"refuses": SMOKING}, {"traits": SMOKING}),
    "the volunteer lacks a required trait": ({"requires": CERTIFICATE | PETS}, {"traits": CERTIFICATE}),
}


@pytest.mark.parametrize(("need", "volunteer"), SUITS)
def test_judge_allows_traits_that_suit(need: dict[str, Any], volunteer: dict[str, Any]) -> None:
    """Only a trait that is refused, or one that is missing, stands in the way."""
    asked = question(Need(**need), Volunteer(**volunteer))

    plan = answer(asked, pairs=[(1, 11)], visits=[(1, 11, 0, 480)])

    assert faults(asked, plan) == ()


@pytest.mark.parametrize("words", WORDS)
def test_judge_forbids_traits_that_do_not_suit(words: str) -> None:
    """A volunteer with asthma is not sent to a home with five cats."""
    need, volunteer = WORDS[words]
    asked = question(Need(**need), Volunteer(**volunteer))

    plan = answer(asked, pairs=[(1, 11)], visits=[(1, 11, 0, 480)])

    assert faults(asked, plan) == (f"traits: need 1 and volunteer 11: {words}",)


@pytest.mark.parametrize("words", WORDS)
def test_engine_passes_by_whom_it_does_not_suit(words: str) -> None:
    """The nearer one whom it does not suit is passed by for the next; alone, the need is unmet for this reason."""
    need, volunteer = WORDS[words]
    far = Volunteer(id=12, east_m=900, traits=CERTIFICATE | PETS)

    assert pairs_of(solve(question(Need(**need), Volunteer(**volunteer), far))) == [(1, 12)]
    assert unmet_of(solve(question(Need(**need), Volunteer(**volunteer)))) == {1: "traits"}
