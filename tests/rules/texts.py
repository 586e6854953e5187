"""Texts of packs for tests to change: the shipped one of Shanghai for 2026, and a district's setting over it."""

from importlib import resources

TEXT = (resources.files("timebank.rules") / "packs" / "shanghai-2026.toml").read_text(encoding="utf-8")
SETTING = """\
district = "putuo"
revision = "1"
pack = "shanghai-2026"
from_day = 2026-03-01
to_day = 2026-06-01

[rules.tolerance_min]
value = 30
source = "区民政局 2026-02 通知"
"""


def with_rule(rule: str, value: str, *, text: str = TEXT) -> str:
    """Return the text with another value of a rule, as it is written in TOML."""
    start = text.index(f"[rules.{rule}]\nvalue = ") + len(f"[rules.{rule}]\nvalue = ")
    return text[:start] + value + text[text.index("\n", start) :]


def line_of(rule: str, key: str = "value", *, text: str = TEXT) -> int:
    """Return the line on which a key of a rule stands."""
    place = text.index(f"{key} = ", text.index(f"[rules.{rule}]"))
    return text.count("\n", 0, place) + 1
