"""Levels live once, in the rule packs, and say the same at every edge."""

from datetime import date
from pathlib import Path

import pytest

from timebank.honours.levels import ladder_in_force

DAY = date(2026, 3, 2)
SETTING = """
district = "putuo"
revision = "1"
pack = "shanghai-2026"
from_day = 2026-03-01

[rules.honour_hours_1]
value = 80
source = "the district's notice on honours"
"""


def test_levels_are_those_of_the_pack_in_force() -> None:
    """A district must see which rung a source has and which one is assumed."""
    ladder = ladder_in_force(DAY)

    assert ladder.name == "shanghai-2026"
    assert [(level.stars, level.hours, level.status) for level in ladder.levels] == [
        (1, 100, "assumed"),
        (2, 300, "assumed"),
        (3, 600, "assumed"),
        (4, 1000, "assumed"),
        (5, 1500, "assumed"),
    ]


def test_another_city_has_its_own_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the press tells of Nanjing is sourced for Nanjing, and for nobody else."""
    ladder = ladder_in_force(DAY, "nanjing")

    monkeypatch.setenv("TIMEBANK_JURISDICTION", "nanjing")

    assert ladder.name == ladder_in_force(DAY).name == "nanjing-2019"
    assert [level.stars for level in ladder.levels if level.status == "sourced"] == [1, 4, 5]


@pytest.mark.parametrize(
    ("minutes", "stars"),
    [(0, 0), (5_999, 0), (6_000, 1), (17_999, 1), (18_000, 2), (36_000, 3), (59_999, 3), (60_000, 4), (90_000, 5)],
)
def test_level_begins_with_its_last_minute(minutes: int, stars: int) -> None:
    """A star a minute early is a false honour, a minute late a lost one."""
    level = ladder_in_force(DAY).level_of(minutes)

    assert (level.stars if level else 0) == stars


def test_district_sets_a_level_from_a_day_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A level that a district sets holds for honours too, from its day, and says who set it."""
    (tmp_path / "putuo.toml").write_text(SETTING, encoding="utf-8")
    monkeypatch.setenv("TIMEBANK_RULES", str(tmp_path / "putuo.toml"))

    before, after = ladder_in_force(date(2026, 2, 28)).levels[0], ladder_in_force(date(2026, 3, 1)).levels[0]

    assert (before.hours, before.status) == (100, "assumed")
    assert (after.hours, after.status) == (80, "district")


def test_no_levels_before_the_first_pack() -> None:
    """A day for which nothing is said has no level, and says so."""
    with pytest.raises(ValueError, match="1999-12-31"):
        ladder_in_force(date(1999, 12, 31))
