"""docs/rules.md says what the rules do."""

import re
from pathlib import Path

from timebank.rules.cases import decide_case
from timebank.rules.district import lay_over, parse_setting
from timebank.rules.pack import load_packs
from timebank.rules.told import explained

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
CASE, SETTING = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
ANSWER = re.findall(r"```\n(不可以.*?)```", PAGE, re.DOTALL)[0]


def test_example_answers_as_the_page_says() -> None:
    """Who copies the case from the page gets the answer of the page."""
    decided = decide_case(CASE, file="case.toml")

    told = "\n".join(explained(decided.decision, decided.pack, str(decided.day)))

    assert told.startswith(ANSWER)


def test_setting_of_the_page_is_sound() -> None:
    """Who copies the setting from the page has one that is read."""
    parts = lay_over(load_packs(), [parse_setting(SETTING, file="putuo.toml")])

    assert "shanghai-2026+putuo-1" in {pack.name for pack in parts}


def test_page_lists_the_packs_with_their_days() -> None:
    """The table of the page is that of the shipped packs."""
    rows = {f"| `{pack.name}` | {pack.from_day} | {pack.to_day or ''}".rstrip() for pack in load_packs()}

    listed = {line[: len(row)] for line in PAGE.splitlines() for row in rows if line.startswith(row)}

    assert listed == rows
