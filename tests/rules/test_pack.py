"""Rule packs are data that can be read and trusted, or refused with the line."""

from datetime import date
from importlib import resources

import pytest

from timebank.rules.pack import PackRefused, check_dates, load_packs, pack_in_force, parse_pack

TEXT = (resources.files("timebank.rules") / "packs" / "shanghai-2026.toml").read_text(encoding="utf-8")
COIN = TEXT[TEXT.index("[rules.coin_min]") : TEXT.index("[rules.min_age_to_earn]")].strip()


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
        ("value = 18", "value = -1", "cannot be -1; it is 0 to 120"),
        ("value = 65", "value = 121", "cannot be 121; it is 0 to 120"),
        ("value = 60", "value = 0", "cannot be 0; it is 1 to 1440"),
        ("value = 15", "value = 1441", "cannot be 1441; it is 0 to 1440"),
        ("value = 15", "value = 1.5", "its value is a int"),
        ("value = 15", "value = true", "its value is a int"),
        ('value = ["app", "qr", "nfc", "landline", "paper", "witness"]', "value = []", "one or more of"),
        ('"app", ', "3, ", "grades of evidence"),
        ('"app", ', '["app"], ', "grades of evidence"),
        (COIN, "[rules]\ncoin_min = 60", "a rule has value, status"),
        (TEXT[TEXT.index("[rules") :], "rules = 5", "a table for each rule"),
        ('source = "[C] 1 hour is 1 time coin"', 'source = " "', "a rule has value, status"),
        ('source = "[C] 1 hour is 1 time coin"', "", "a rule has value, status"),
        ("from_day = 2026-01-01", 'from_day = "2026"', "it is a date"),
        ("from_day = 2026-01-01", "from_day = 2026-01-01T00:00:00", "it is a date"),
        ("from_day = 2026-01-01", "from_day = 2026-01-01\nto_day = 2027-01-01T00:00:00", "ends after it begins"),
        ('version = "2026"', 'version = ""', "not empty"),
        ('version = "2026"', 'version = "2026"\nauthor = "x"', "'author'"),
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


def test_packs_follow_each_other_without_a_gap() -> None:
    """A pack ends on the first day of the next: half-open, so no day has two and none has no pack."""
    ended = parse_pack(
        TEXT.replace("from_day = 2026-01-01", "from_day = 2025-01-01\nto_day = 2026-01-01"), file="a.toml"
    )
    following = parse_pack(TEXT.replace('version = "2026"', 'version = "next"'), file="b.toml")

    check_dates([following, ended])

    assert ended.is_in_force(date(2025, 12, 31))
    assert not ended.is_in_force(date(2026, 1, 1))


def test_other_places_may_have_rules_on_the_same_day() -> None:
    """A neighbouring city's pack overlaps nothing of ours."""
    other = parse_pack(TEXT.replace('"shanghai"', '"nanjing"', 1), file="nanjing.toml")

    check_dates([other, parse_pack(TEXT, file="shanghai.toml")])

    assert other.name == "nanjing-2026"


def test_two_packs_of_one_name_are_refused() -> None:
    """A stored decision names its pack; it must be one."""
    early = parse_pack(
        TEXT.replace("from_day = 2026-01-01", "from_day = 2025-01-01\nto_day = 2025-06-01"), file="a.toml"
    )

    with pytest.raises(PackRefused, match="Two packs are called shanghai-2026"):
        check_dates([early, parse_pack(TEXT, file="b.toml")])


def test_place_without_rules_of_its_own_has_the_neutral_ones() -> None:
    """Nothing of the neutral pack is taken for law: all of it is assumed."""
    pack = pack_in_force(date(2026, 3, 2), jurisdiction="nanjing")

    assert pack.name == "default-1"
    assert {rule.status for rule in pack.rules.values()} == {"assumed"}


def test_day_before_all_packs_is_a_mistake() -> None:
    """No rule may be made up for it."""
    with pytest.raises(ValueError, match="No pack is in force on 1999-12-31"):
        pack_in_force(date(1999, 12, 31))


@pytest.mark.parametrize(
    ("rule", "value"),
    [("coin_min", 60), ("min_age_to_earn", 18), ("min_age_to_redeem", 65)],
)
def test_shanghai_2026_says_what_its_sources_say(rule: str, value: int) -> None:
    """One hour is one coin; adults earn; from 65 one redeems. Each names where it was read."""
    found = pack_in_force(date(2026, 3, 2)).rules[rule]

    assert (found.value, found.status) == (value, "sourced")
    assert found.source.startswith("[")


def test_assumed_rules_say_that_no_source_was_found() -> None:
    """A reader must not look for an article that is not there."""
    pack = pack_in_force(date(2026, 3, 2))

    assumed = [rule.source for rule in pack.rules.values() if rule.status == "assumed"]

    assert len(assumed) == 3
    assert all(source.startswith("not found in any source read") for source in assumed)
