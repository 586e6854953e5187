"""Rule packs are data that can be read and trusted, or refused with the line."""

from datetime import date
from pathlib import Path

import pytest

from tests.rules.texts import SETTING, TEXT, line_of, with_rule
from timebank.needs.catalogue import STANDARD
from timebank.rules.known import EVIDENCE, GRADES, RULES, SERVICES
from timebank.rules.pack import PackRefused, check_dates, load_packs, pack_in_force, pack_named, parse_pack

COIN = TEXT[TEXT.index("[rules.coin_min]") : TEXT.index("[rules.rounding_min]")].strip()


def test_shipped_packs_are_sound() -> None:
    """A start with a faulty pack would credit by the wrong rules."""
    assert {pack.name for pack in load_packs()} == {
        "shanghai-2026",
        "shanghai-notice",
        "changning-2019",
        "nanjing-2019",
        "beijing-2022",
        "default-1",
    }


@pytest.mark.parametrize("pack", load_packs(), ids=lambda pack: pack.name)
def test_every_rule_says_where_it_stands(pack: object) -> None:
    """A sourced rule names a source that the pack gives in words; an assumed one says that none was found."""
    found = pack_named(str(getattr(pack, "name", "")))
    sourced = [rule.source for rule in found.rules.values() if rule.status == "sourced"]
    assumed = [rule.source for rule in found.rules.values() if rule.status == "assumed"]

    assert tuple(found.rules) == tuple(RULES)
    assert all(words[0] == "[" and words[1] in found.sources for words in sourced)
    assert all(found.name == "default-1" or words.startswith("not found in any source read") for words in assumed)


@pytest.mark.parametrize(
    ("name", "sourced"),
    [
        ("default-1", 0),
        ("shanghai-2026", 10),
        ("shanghai-notice", 10),
        ("changning-2019", 8),
        ("nanjing-2019", 11),
        ("beijing-2022", 8),
    ],
)
def test_sourced_and_assumed_are_told_apart(name: str, sourced: int) -> None:
    """What no source says must never look like a rule in force."""
    rules = pack_named(name).rules.values()

    assert sum(rule.status == "sourced" for rule in rules) == sourced
    assert sum(rule.status == "assumed" for rule in rules) == len(RULES) - sourced


def test_packs_know_the_services_of_the_catalogue() -> None:
    """A ratio for a service that nobody offers would never be used; grades are those that visits keep."""
    assert set(SERVICES) == {entry.code for entry in STANDARD}
    assert set(GRADES) == EVIDENCE


@pytest.mark.parametrize(
    ("day", "jurisdiction", "name"),
    [
        (date(2025, 12, 31), "shanghai", "shanghai-notice"),
        (date(2026, 1, 1), "shanghai", "shanghai-2026"),
        (date(2019, 12, 31), "shanghai", "default-1"),
        (date(2019, 12, 31), "changning", "changning-2019"),
        (date(2020, 1, 1), "changning", "shanghai-notice"),
        (date(2026, 1, 1), "changning", "shanghai-2026"),
        (date(2019, 7, 16), "nanjing", "default-1"),
        (date(2019, 7, 17), "nanjing", "nanjing-2019"),
        (date(2022, 5, 31), "beijing", "default-1"),
        (date(2022, 6, 1), "beijing", "beijing-2022"),
        (date(2026, 3, 2), "haikou", "default-1"),
    ],
)
def test_day_and_place_decide_the_pack(day: date, jurisdiction: str, name: str) -> None:
    """A place's own rules come first, then those of the city it lies within, then the neutral ones."""
    assert pack_in_force(day, jurisdiction).name == name


def test_day_before_all_packs_is_a_mistake() -> None:
    """No rule may be made up for it."""
    with pytest.raises(ValueError, match="No pack is in force on 1999-12-31"):
        pack_in_force(date(1999, 12, 31))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[rules.coin_min]", "[rules.coins_min]", "line 17: 'coins_min'"),
        (COIN, "[rules]\ncoin_min = 60", "line 18: 'coin_min' cannot be 60; a rule has value, status"),
        (COIN, "", "the rule 'coin_min' is missing"),
        (TEXT[TEXT.index("[sources") :], "rules = 5", "a table for each rule"),
        ('source = "[C] 1 hour is 1 time coin"', 'source = " "', "line 20: 'rules.coin_min.source' cannot be ' '"),
        ('source = "[C] 1 hour is 1 time coin"', "", "a rule has value, status"),
        ('"[C] 1 hour', '"[Q] 1 hour', "names its source by a letter in brackets, of ['A', 'B', 'C']"),
        ('"[C] 1 hour', '"1 hour', "line 20: 'rules.coin_min.source'"),
        ('C = "', 'c = "', "a source is a capital letter"),
        ('status = "sourced"', 'status = "certain"', "line 19: 'rules.coin_min.status' cannot be 'certain'"),
        ('status = "sourced"', "status = [1]", "sourced or assumed"),
        ("from_day = 2026-01-01", 'from_day = "2026"', "line 7: 'from_day' cannot be '2026'; it is a date"),
        ("from_day = 2026-01-01", "from_day = 2026-01-01T00:00:00", "it is a date"),
        ("from_day = 2026-01-01", "from_day = 2026-01-01\nto_day = 2027-01-01T00:00:00", "it is a date"),
        ("from_day = 2026-01-01", "from_day = 2026-01-01\nto_day = 2025-01-01", "line 8: 'to_day'"),
        ("from_day = 2026-01-01", "from_day = 2026-01-01\nto_day = 2026-01-01", "ends after it begins"),
        ('version = "2026"', 'version = ""', "not empty"),
        ('version = "2026"', 'version = "2026/../x"', "small letters and digits"),
        ('version = "2026"', 'version = "2026"\nauthor = "x"', "line 7: 'author'"),
        (
            'version = "2026"',
            'version = "2026"\nversion = "2027"',
            "line 7: this is not TOML: Cannot overwrite a value",
        ),
        ("[rules.rounding_min]", "[rules.coin_min]", "line 22: this is not TOML: Cannot declare"),
        ("version =", "version", "line 6: this is not TOML"),
        ('version = "2026"', "", "'version' is missing"),
    ],
)
def test_faulty_pack_is_refused_with_its_place(old: str, new: str, words: str) -> None:
    """Whoever edits a pack learns where and what would be right."""
    with pytest.raises(PackRefused, match=r"faulty\.toml") as caught:
        parse_pack(TEXT.replace(old, new, 1), file="faulty.toml")

    assert words in str(caught.value)


SHARES = 'app = "1/1", qr = "1/1", nfc = "1/1", landline = "1/1", paper = "1/1"'


@pytest.mark.parametrize(
    ("rule", "value", "right"),
    [
        ("coin_min", "0", "it is a whole number, 1 to 1440"),
        ("min_age_to_earn", "-1", "it is a whole number, 0 to 120"),
        ("min_age_to_redeem", "121", "it is a whole number, 0 to 120"),
        ("min_age_to_redeem", "'old'", "it is a whole number, 0 to 120"),
        ("min_age_to_redeem", "'none'", "it is a whole number, 0 to 120"),
        ("tolerance_min", "1441", "it is a whole number, 0 to 1440"),
        ("tolerance_min", "1.5", "it is a whole number, 0 to 1440"),
        ("tolerance_min", "true", "it is a whole number, 0 to 1440"),
        ("daily_cap_min", "-120", 'it is a whole number, 1 to 1440, or "none"'),
        ("stored_cap_min", "0", 'it is a whole number, 1 to 60000000, or "none"'),
        ("stored_cap_min", "'much'", 'or "none"'),
        ("expiry_days", "0", 'it is a whole number, 1 to 36500, or "none"'),
        ("training_required", "1", "it is true or false"),
        ("minors_earn", "'yes'", "it is one of no, in_group, with_guardian"),
        ("gift_circle", "'everyone'", "it is one of none, parents_and_grandparents"),
        ("gift_circle", "[]", "it is one of none"),
        ("earning_evidence", "[]", "a list of 1 or more of app, qr"),
        ("earning_evidence", '["fax"]', "a list of 1 or more of app, qr"),
        ("earning_evidence", '["app", "app"]', "each once"),
        ("earning_evidence", '["app", 3]', "each once"),
        ("earning_evidence", '"app"', "each once"),
        ("donation_targets", '["me"]', "a list of 0 or more of pool"),
        ("earn_ratio", '{ bath = "1/0" }', "d not 0"),
        ("earn_ratio", '{ bath = "-1/2" }', "d not 0"),
        ("earn_ratio", '{ bath = "11/1" }', "at most 10/1"),
        ("earn_ratio", "{ bath = 2 }", "d not 0"),
        ("earn_ratio", '{ surgery = "1/1" }', "for any of greeting, door_visit, bath, trip"),
        ("earn_ratio", '"1/1"', "for any of greeting"),
        ("redeem_ratio", '{ trip = "101/1" }', "at most 100/1"),
        ("evidence_share", f"{{ {SHARES} }}", "for each of app, qr"),
        ("evidence_share", f'{{ {SHARES}, witness = "3/2" }}', "at most 1/1"),
        ("min_age_to_redeem_hardship", "66", "hardship lowers the age; without it the age is 65"),
        ("min_age_to_earn_women", "19", "it is not over the age for everyone, 18"),
        ("max_age_to_earn", "17", "it is not under the least age, 18"),
        ("honour_hours_3", "300", "levels rise; the one before needs 300 hours"),
        ("grant_min", "60", "a grant needs a budget"),
    ],
)
def test_impossible_value_is_refused_with_its_line(rule: str, value: str, right: str) -> None:
    """Each kind of value says what would be right, at the line where the value stands."""
    with pytest.raises(PackRefused) as caught:
        parse_pack(with_rule(rule, value), file="x.toml")

    told = str(caught.value)
    blamed = "grant_budget_min" if rule == "grant_min" else rule
    assert told.startswith(f"x.toml, line {line_of(blamed)}: 'rules.{blamed}.value' cannot be ")
    assert right in told


def test_hours_for_donation_need_someone_to_give_them_to() -> None:
    """Two rules that are possible alone can be impossible together."""
    with pytest.raises(PackRefused, match=r"line \d+: 'rules.group_hours.value'.*need someone in donation_targets"):
        parse_pack(with_rule("donation_targets", "[]"), file="x.toml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{TEXT}\n# {'x' * 70_000}", "at most 65536 bytes"),
        (f"bomb = {'[' * 20_000}{']' * 20_000}", "nested too deeply"),
        (f"bomb = {'9' * 5000}", "line 1: this is not TOML"),
        (with_rule("tolerance_min", "'" + "x" * 20_000 + "'"), "..."),
    ],
    ids=["long", "deep", "a number without end", "a word without end"],
)
def test_file_that_would_flood_is_refused_in_few_words(text: str, words: str) -> None:
    """A file that was made to do harm costs little to refuse, and its refusal can be read."""
    with pytest.raises(PackRefused) as caught:
        parse_pack(text, file="bomb.toml")

    assert words in str(caught.value)
    assert len(str(caught.value)) < 400


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


def test_pack_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The name that stands with a decision leads to its rules, with the district's setting and without."""
    (tmp_path / "putuo.toml").write_text(SETTING, encoding="utf-8")
    monkeypatch.setenv("TIMEBANK_RULES", str(tmp_path / "putuo.toml"))

    assert pack_named("shanghai-2026").value("tolerance_min") == 15
    assert pack_named("shanghai-2026+putuo-1").value("tolerance_min") == 30
    with pytest.raises(KeyError):
        pack_named("shanghai-2027")
