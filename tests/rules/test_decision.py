"""Decisions follow from the pack of their day alone, and say which rule and article decided."""

from datetime import date
from hashlib import sha256
from typing import Any

import pytest

from timebank.rules.decision import Decision, Service, age_on, decide_earning
from timebank.rules.pack import pack_in_force

VISIT: dict[str, Any] = {
    "day": date(2026, 3, 2),
    "giver_age": 65,
    "planned_min": 45,
    "served_min": 45,
    "evidence": "app",
}


def decide(**change: Any) -> Decision:
    """Decide about a visit of 45 minutes by a volunteer of 65, of which some parts are other."""
    return decide_earning(Service(**(VISIT | change)))


@pytest.mark.parametrize(
    ("change", "minutes", "reasons"),
    [
        ({}, 45, ("rounding_min",)),
        ({"served_min": 59}, 59, ("rounding_min",)),
        ({"served_min": 60}, 60, ("rounding_min",)),
        ({"served_min": 61}, 60, ("rounding_min", "tolerance_min")),
        ({"served_min": 600}, 60, ("rounding_min", "tolerance_min")),
        ({"served_min": 0}, 0, ("rounding_min",)),
        ({"giver_age": 17}, 0, ("min_age_to_earn",)),
        ({"giver_age": 18}, 45, ("rounding_min",)),
        ({"evidence": "rumour"}, 0, ("earning_evidence",)),
        ({"giver_age": 17, "evidence": ""}, 0, ("min_age_to_earn", "earning_evidence")),
        ({"earn_numerator": 3, "earn_denominator": 2}, 67, ("rounding_min",)),
        ({"earn_numerator": 0}, 0, ("rounding_min",)),
    ],
)
def test_decision_says_minutes_and_every_reason(change: dict[str, Any], minutes: int, reasons: tuple[str, ...]) -> None:
    """Whoever is refused hears every rule that stands in the way, not only the first."""
    decision = decide(**change)

    assert (decision.minutes, decision.allowed, decision.reasons) == (minutes, minutes > 0, reasons)


@pytest.mark.parametrize("grade", ["app", "qr", "nfc", "landline", "paper", "witness"])
def test_every_grade_of_evidence_earns(grade: str) -> None:
    """A volunteer without a telephone is not worth less."""
    assert decide(evidence=grade).minutes == 45


def test_decision_names_its_pack_and_articles() -> None:
    """Where it stands, and whether that is law or only assumed here."""
    refused = decide(giver_age=17)

    assert refused.pack == "shanghai-2026"
    assert refused.articles == ("sourced: [B][C] any healthy adult of 18 or over; younger people only in groups",)


def test_decision_is_that_of_its_own_day() -> None:
    """An hour given last year is judged by last year's rules, whenever it is entered."""
    decision = decide(day=date(2025, 12, 31))

    assert decision.pack == "shanghai-notice"
    assert decision.articles == ("assumed: not found in any source read; whole minutes lose nothing",)


def test_stored_decision_tells_all() -> None:
    """What is stored with a transfer can be read years later without the program, the case itself included."""
    stored = decide(served_min=600).to_json()

    assert stored == {
        "kind": "earn",
        "pack": "shanghai-2026",
        "allowed": True,
        "minutes": 60,
        "donate_min": 0,
        "reasons": ["rounding_min", "tolerance_min"],
        "articles": [
            "assumed: not found in any source read; whole minutes lose nothing",
            "assumed: not found in any source read; minutes beyond the planned length that still count",
        ],
        "inputs": {
            "day": "2026-03-02",
            "earn_denominator": 1,
            "earn_numerator": 1,
            "evidence": "app",
            "giver_age": 65,
            "jurisdiction": "shanghai",
            "planned_min": 45,
            "served_min": 600,
        },
        "inputs_sha256": "55a76c3b023efcb17214401756925d81f3a23933b04f889267e8dc9f20dce8db",
    }


def test_inputs_are_canonical() -> None:
    """Equal cases have equal bytes and so one hash, whoever writes them down; another case has another."""
    decision = decide()

    assert decision.inputs == (
        '{"day":"2026-03-02","earn_denominator":1,"earn_numerator":1,"evidence":"app","giver_age":65,'
        '"jurisdiction":"shanghai","planned_min":45,"served_min":45}'
    )
    assert decision.inputs_sha256 == sha256(decision.inputs.encode()).hexdigest()
    assert decision.inputs_sha256 != decide(served_min=44).inputs_sha256


def test_case_is_decided_again_from_what_is_stored() -> None:
    """An audit repeats a decision from its own inputs and comes to the same."""
    stored = decide(served_min=600).to_json()

    again = Service(**(stored["inputs"] | {"day": date.fromisoformat(stored["inputs"]["day"])}))

    assert decide_earning(again).to_json() == stored


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"served_min": -1}, "served_min cannot be -1"),
        ({"earn_denominator": 0}, "earn_denominator cannot be 0"),
        ({"giver_gender": "women"}, "it is one of female, male, unknown"),
        ({"giver_residence": "moon"}, "it is one of none, resident, registered"),
    ],
)
def test_impossible_case_is_a_mistake(change: dict[str, Any], words: str) -> None:
    """A caller who makes one learns it at once, not from a wrong credit."""
    with pytest.raises(ValueError, match=words):
        decide(**change)


def test_an_article_stands_for_each_reason() -> None:
    """No reason is without its source, whatever the pack."""
    decisions = [decide(**change) for change in ({}, {"served_min": 99}, {"giver_age": 1, "evidence": "x"})]

    assert all(len(decision.articles) == len(decision.reasons) for decision in decisions)
    assert all(set(decision.reasons) <= set(pack_in_force(date(2026, 3, 2)).rules) for decision in decisions)


@pytest.mark.parametrize(
    ("born_on", "day", "age"),
    [
        (date(1961, 3, 2), date(2026, 3, 2), 65),
        (date(1961, 3, 3), date(2026, 3, 2), 64),
        (date(1960, 2, 29), date(2026, 2, 28), 65),
        (date(1960, 2, 29), date(2026, 3, 1), 66),
        (date(1960, 2, 29), date(2028, 2, 29), 68),
        (date(2026, 3, 2), date(2026, 3, 2), 0),
    ],
)
def test_age_changes_on_the_birthday(born_on: date, day: date, age: int) -> None:
    """A day too early would let the wrong people in."""
    assert age_on(born_on, day) == age
