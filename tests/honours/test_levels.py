"""Levels are dated data with their sources, and say the same at every edge."""

from datetime import date

import pytest

from timebank.honours.levels import ladder_in_force, load_ladders, parse_ladders
from timebank.rules.pack import PackRefused

DAY = date(2026, 3, 2)
HEAD = """
[[ladders]]
jurisdiction = "x"
version = "1"
from_day = 2020-01-01
title_zh = "甲"
title_en = "a"
"""
LOW = '[[ladders.levels]]\nstars = 1\nhours = 100\nstatus = "sourced"\nsource = "a page"\n'
HIGH = '[[ladders.levels]]\nstars = 2\nhours = 300\nstatus = "assumed"\nsource = "usual"\n'


def test_shipped_ladder_says_what_is_sourced() -> None:
    """A district must see which rung a source has and which one we assume."""
    levels = ladder_in_force(DAY).levels

    assert [(level.stars, level.hours, level.status) for level in levels] == [
        (1, 100, "sourced"),
        (2, 300, "assumed"),
        (3, 600, "assumed"),
        (4, 1000, "sourced"),
        (5, 1500, "sourced"),
    ]


@pytest.mark.parametrize(
    ("minutes", "stars"),
    [(0, 0), (5_999, 0), (6_000, 1), (17_999, 1), (18_000, 2), (36_000, 3), (59_999, 3), (60_000, 4), (90_000, 5)],
)
def test_level_begins_with_its_last_minute(minutes: int, stars: int) -> None:
    """A star a minute early is a false honour, a minute late a lost one."""
    level = ladder_in_force(DAY).level_of(minutes)

    assert (level.stars if level else 0) == stars


def test_jurisdiction_without_a_ladder_has_the_neutral_one() -> None:
    """Every volunteer has levels, wherever they serve."""
    assert ladder_in_force(DAY, "nanjing") == ladder_in_force(DAY, "default")
    assert [ladder.name for ladder in load_ladders()] == ["default-1"]


def test_no_ladder_before_the_first() -> None:
    """A day for which nothing is said has no level, and says so."""
    with pytest.raises(ValueError, match="1999-12-31"):
        ladder_in_force(date(1999, 12, 31))


def test_ladder_ends_before_its_last_day() -> None:
    """Of two ladders that follow each other, one is in force on the day between them."""
    first, second = parse_ladders(
        HEAD + "to_day = 2026-01-01\n" + LOW + HEAD.replace("2020", "2026").replace('"1"', '"2"') + LOW + HIGH,
        file="a.toml",
    )

    assert [ladder.is_in_force(date(2025, 12, 31)) for ladder in (first, second)] == [True, False]
    assert [ladder.is_in_force(date(2026, 1, 1)) for ladder in (first, second)] == [False, True]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = [", "this is not TOML"),
        ("", r"one or more \[\[ladders\]\]"),
        ("ladders = 3", r"one or more \[\[ladders\]\]"),
        (HEAD, "'levels' cannot be None"),
        (HEAD + "colour = 1\n" + LOW, "'colour' cannot be 1; the known keys are"),
        (HEAD.replace('version = "1"\n', "") + LOW, "'version' is missing"),
        (HEAD.replace("2020-01-01", '"2020"') + LOW, "'from_day' cannot be '2020'; it is a date"),
        (HEAD + "to_day = 2019-01-01\n" + LOW, "ends after it begins"),
        (HEAD + LOW.replace("100", "true"), "'hours' cannot be True; it is a int"),
        (HEAD + LOW.replace("100", "0"), "'hours' cannot be 0; it is 1 to 100000"),
        (HEAD + LOW.replace("stars = 1", "stars = 6"), "'stars' cannot be 6; it is 1 to 5"),
        (HEAD + LOW.replace("sourced", "guessed"), "'status' cannot be 'guessed'; it is sourced or assumed"),
        (HEAD + LOW.replace("a page", ""), "'source' cannot be ''"),
        (HEAD + HIGH + LOW, "hours and stars rise"),
        (HEAD + LOW + HIGH.replace("300", "100"), "hours and stars rise"),
        (HEAD + LOW + HEAD.replace("2020", "2025") + LOW, "both in force on 2025-01-01"),
    ],
)
def test_impossible_ladder_is_refused(text: str, said: str) -> None:
    """Data that is wrong stops a start, and says where and what would be right."""
    with pytest.raises(PackRefused, match=said):
        parse_ladders(text, file="a.toml")
