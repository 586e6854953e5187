"""A district may set what a pack only assumes: with the same checks, on its own days, and every decision says so."""

from datetime import date
from pathlib import Path

import pytest

from tests.rules.texts import SETTING
from timebank.rules.decision import Service, decide_earning
from timebank.rules.district import lay_over, parse_setting, read_settings
from timebank.rules.pack import PackRefused, load_packs, pack_in_force

TOLERANT = SETTING[SETTING.index("[rules") :]


def long_visit(day: date) -> Service:
    """Return a visit of an hour that was planned for half of one."""
    return Service(day=day, giver_age=60, planned_min=30, served_min=60, evidence="app")


@pytest.fixture
def putuo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder with the setting of a district, which this process follows."""
    (tmp_path / "putuo.toml").write_text(SETTING, encoding="utf-8")
    monkeypatch.setenv("TIMEBANK_RULES", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("day", "pack", "minutes"),
    [
        (date(2026, 2, 28), "shanghai-2026", 45),
        (date(2026, 3, 1), "shanghai-2026+putuo-1", 60),
        (date(2026, 5, 31), "shanghai-2026+putuo-1", 60),
        (date(2026, 6, 1), "shanghai-2026", 45),
    ],
)
def test_setting_holds_on_its_own_days(putuo: Path, day: date, pack: str, minutes: int) -> None:
    """What the district set in March does not change what February earned."""
    decision = decide_earning(long_visit(day))

    assert (decision.pack, decision.minutes) == (pack, minutes)


def test_decision_says_that_the_district_set_it(putuo: Path) -> None:
    """Neither law nor our assumption: the district's own, with its paper."""
    decision = decide_earning(
        Service(day=date(2026, 4, 1), giver_age=60, planned_min=30, served_min=90, evidence="app")
    )

    assert decision.reasons == ("rounding_min", "tolerance_min")
    assert decision.articles[1] == "district: putuo-1: 区民政局 2026-02 通知"


def test_without_a_setting_the_pack_holds(putuo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same process follows the shipped packs again when nothing is set."""
    assert pack_in_force(date(2026, 4, 1)).set_by == "putuo-1"

    monkeypatch.delenv("TIMEBANK_RULES")

    assert pack_in_force(date(2026, 4, 1)).set_by == ""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "[rules.tolerance_min]",
            "[rules.min_age_to_redeem]",
            "line 7: 'min_age_to_redeem' cannot be 'set'; a district",
        ),
        ("[rules.tolerance_min]", "[rules.kindness]", "line 7: 'kindness'"),
        ("value = 30", "value = -1", "line 8: 'rules.tolerance_min.value' cannot be -1; it is a whole number"),
        ("value = 30", "value = 30\nstatus = 'sourced'", "a rule that is set has value and source"),
        ("source = ", "source = ''#", "line 9: 'rules.tolerance_min.source' cannot be ''"),
        ('"shanghai-2026"', '"shanghai-2027"', "line 3: 'pack' cannot be 'shanghai-2027'; the packs are beijing-2022"),
        ("from_day = 2026-03-01", "from_day = 2025-12-31", "line 4: 'from_day'"),
        ("to_day = 2026-06-01", "to_day = 2026-03-01", "line 5: 'to_day'"),
        ('"shanghai-2026"', '"shanghai-notice"', "the pack ends on 2026-01-01"),
        ('revision = "1"', 'revision = "A/1"', "small letters and digits"),
        ('revision = "1"', "revision = 1", "it is a str"),
        ('revision = "1"', "", "'revision' is missing"),
        ('revision = "1"', 'revision = "1"\nauthor = "x"', "line 3: 'author'"),
        (TOLERANT, "", "a table for each rule that is set"),
        ("[rules.tolerance_min]\nvalue = 30", "[rules.honour_hours_2]\nvalue = 700", "levels rise"),
    ],
)
def test_faulty_setting_is_refused_with_its_line(old: str, new: str, words: str) -> None:
    """The same checks as for a pack, and sourced rules stay what they are."""
    with pytest.raises(PackRefused) as caught:
        lay_over(load_packs(), [parse_setting(SETTING.replace(old, new, 1), file="putuo.toml")])

    assert words in str(caught.value)
    assert str(caught.value).startswith("putuo.toml")


def test_settings_that_overlap_are_refused() -> None:
    """On each day one setting holds."""
    second = SETTING.replace('"1"', '"2"').replace("2026-03-01", "2026-05-31").replace("2026-06-01", "2026-07-01")
    settings = [parse_setting(SETTING, file="a.toml"), parse_setting(second, file="b.toml")]

    with pytest.raises(PackRefused, match=r"b\.toml, line 4: 'from_day'.*from 2026-06-01 on no other setting holds"):
        lay_over(load_packs(), settings)


def test_settings_follow_each_other() -> None:
    """A district may set again, under a revision of its own, and between settings the pack itself holds."""
    second = SETTING.replace('"1"', '"2"').replace("2026-03-01", "2026-07-01").replace("to_day = 2026-06-01\n", "")
    settings = [parse_setting(second, file="b.toml"), parse_setting(SETTING, file="a.toml")]

    parts = [pack for pack in lay_over(load_packs(), settings) if pack.name.startswith("shanghai-2026")]

    assert [(pack.set_by, str(pack.from_day), str(pack.to_day)) for pack in parts] == [
        ("", "2026-01-01", "2026-03-01"),
        ("putuo-1", "2026-03-01", "2026-06-01"),
        ("", "2026-06-01", "2026-07-01"),
        ("putuo-2", "2026-07-01", "None"),
    ]


def test_revision_is_used_once() -> None:
    """Two settings of one name could not be told apart in a decision."""
    again = SETTING.replace("2026-06-01", "2026-07-01").replace("2026-03-01", "2026-06-01")
    settings = [parse_setting(SETTING, file="a.toml"), parse_setting(again, file="b.toml")]

    with pytest.raises(PackRefused, match=r"b\.toml, line 2: 'revision'"):
        lay_over(load_packs(), settings)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.toml", b"a = '\xff'", "x.toml, line 1: this is not UTF-8"),
        ("x.toml", b"#" * 70_000, "at most 65536 bytes"),
        ("x.txt", b"", "1 to 100 TOML files"),
    ],
)
def test_file_that_cannot_be_read_is_told(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    """A folder with the wrong file in it is not taken for a folder without settings."""
    (tmp_path / name).write_bytes(content)

    with pytest.raises(PackRefused, match=words):
        read_settings(tmp_path)


def test_missing_file_is_told(tmp_path: Path) -> None:
    """A mistyped path must not fall back to the shipped rules unseen."""
    with pytest.raises(PackRefused, match="cannot be read: No such file"):
        read_settings(tmp_path / "gone.toml")
