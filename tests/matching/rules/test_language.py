"""Rule `language`: a wish for a language is kept."""

import pytest

from matching.solve import solve
from tests.matching.answers import answer, faults, pairs_of, unmet_of
from tests.matching.questions import Need, Volunteer, question

SHANGHAI, MANDARIN, LAST = 1 << 0, 1 << 1, 1 << 63


@pytest.mark.parametrize(
    ("wished", "spoken"),
    [(SHANGHAI, SHANGHAI), (SHANGHAI | MANDARIN, MANDARIN), (LAST, LAST | MANDARIN), (0, 0), (0, SHANGHAI)],
    ids=["the one", "one of two", "the last of 64", "none wished, none said", "none wished"],
)
def test_judge_allows_a_language_shared(wished: int, spoken: int) -> None:
    """One language in common is enough to talk."""
    asked = question(Need(languages=wished), Volunteer(languages=spoken))

    plan = answer(asked, pairs=[(1, 11)], visits=[(1, 11, 0, 480)])

    assert faults(asked, plan) == ()


@pytest.mark.parametrize(("wished", "spoken"), [(SHANGHAI, MANDARIN), (SHANGHAI, 0), (LAST, (1 << 63) - 1)])
def test_judge_forbids_two_who_cannot_talk(wished: int, spoken: int) -> None:
    """A greeting in a language the senior does not understand greets nobody."""
    asked = question(Need(languages=wished), Volunteer(languages=spoken))

    plan = answer(asked, pairs=[(1, 11)], visits=[(1, 11, 0, 480)])

    assert faults(asked, plan) == ("language: need 1 and volunteer 11: no wished language is spoken",)


def test_engine_takes_the_one_who_speaks() -> None:
    """The nearer volunteer who speaks something else is passed by."""
    near, far = Volunteer(id=11, languages=MANDARIN), Volunteer(id=12, languages=LAST, east_m=900)

    plan = solve(question(Need(languages=LAST | SHANGHAI), near, far))

    assert pairs_of(plan) == [(1, 12)]


@pytest.mark.parametrize("spoken", [MANDARIN, 0])
def test_engine_never_breaks_the_wish(spoken: int) -> None:
    """A need stays unmet, with the rule as its reason, rather than be met by someone who cannot be understood."""
    plan = solve(question(Need(languages=SHANGHAI), Volunteer(languages=spoken)))

    assert unmet_of(plan) == {1: "language"}
