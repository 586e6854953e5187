"""Rule packs are data that can be read and trusted, or refused with the line."""

from datetime import date
from importlib import resources

import pytest

from timebank.rules.decision import Service, age_on, decide_earning
from timebank.rules.pack import PackRefused, check_dates, load_packs, pack_in_force, parse_pack

TEXT = (resources.files("timebank.rules") / "packs" / "shanghai-2026.toml").read_text(encoding="utf-8")
VISIT = Service(day=date(2026, 3, 2), giver_age=65, planned_min=45, served_min=45, evidence="app")


def test_shipped_packs_are_sound() -> None:
    """A start with a faulty pack would credit by the wrong rules."""
    assert {pack.name for pack in load_packs()} == {"shanghai-2026", "default-1"}


def test_sourced_and_assumed_are_told_apart() -> None:
    """What no source says must never look like a rule in force."""
    pack = pack_in_force(date(2026, 3, 2))

    sourced = {name for name, rule in pack.rules.items() if rule.status == "sourced"}

    assert sourced == {"coin_min", "min_age_to_earn", "min_age_to_redeem"}


def test_day_decides_the_pack() -> None:
    """Before its first day a pack says nothing; the neutral one does."""
    assert pack_in_force(date(2025, 12, 31)).name == "default-1"
    assert pack_in_force(date(2026, 1, 1)).name == "shanghai-2026"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[rules.coin_min]", "[rules.coins_min]", "line 12: 'coins_min'"),
        ("value = 18", "value = -1", "cannot be -1"),
        ("value = 65", "value = 'old'", "min_age_to_redeem"),
        ('status = "sourced"', 'status = "certain"', "sourced or assumed"),
        ('"app", ', '"fax", ', "grades of evidence"),
        ("from_day = 2026-01-01", "from_day = 2026-01-01\nto_day = 2025-01-01", "ends after it begins"),
        ("version =", "version", "not TOML"),
        ('version = "2026"', "", "'version' is missing"),
    ],
)
def test_faulty_pack_is_refused_with_its_place(old: str, new: str, words: str) -> None:
    """Whoever edits a pack learns where and what would be right."""
    with pytest.raises(PackRefused, match="faulty") as caught:
        parse_pack(TEXT.replace(old, new, 1), file="faulty.toml")

    assert words in str(caught.value)


def test_overlapping_packs_are_refused() -> None:
    """On each day one pack decides."""
    early = parse_pack(TEXT.replace("2026-01-01", "2025-01-01", 1), file="early.toml")

    with pytest.raises(PackRefused, match="both in force on 2026-01-01"):
        check_dates([early, parse_pack(TEXT, file="late.toml")])


@pytest.mark.parametrize(
    ("change", "minutes", "reason"),
    [
        ({}, 45, "rounding_min"),
        ({"served_min": 59}, 59, "rounding_min"),
        ({"served_min": 600}, 60, "tolerance_min"),
        ({"giver_age": 17}, 0, "min_age_to_earn"),
        ({"giver_age": 18}, 45, "rounding_min"),
        ({"evidence": "rumour"}, 0, "earning_evidence"),
        ({"earn_numerator": 3, "earn_denominator": 2}, 67, "rounding_min"),
    ],
)
def test_decision_says_minutes_and_reason(change: dict[str, int], minutes: int, reason: str) -> None:
    """The credit of an hour follows from the pack alone, and the decision names the rule."""
    parts = {name: getattr(VISIT, name) for name in VISIT.__dataclass_fields__}

    decision = decide_earning(Service(**(parts | change)))

    assert (decision.minutes, decision.allowed) == (minutes, minutes > 0)
    assert reason in decision.reasons


@pytest.mark.parametrize(("born_on", "age"), [(date(1961, 3, 2), 65), (date(1961, 3, 3), 64), (date(1960, 2, 29), 66)])
def test_age_changes_on_the_birthday(born_on: date, age: int) -> None:
    """A day too early would let the wrong people in."""
    assert age_on(born_on, date(2026, 3, 2)) == age
