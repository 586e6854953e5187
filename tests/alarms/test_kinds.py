"""Kinds of orders are data that a district writes: what cannot be is refused when it is read."""

import pytest

from timebank.alarms.kinds import DEVICES, kinds, parse_kinds
from timebank.core.texts import catalogue

GOOD = """
unknown_min = 30
[kind.fall]
zh = "跌倒"
en = "a fall"
device = "call"
outcomes = ["helped"]
[[kind.fall.steps]]
who = "responder"
answer_min = 2
handle_min = 30
service = "door_visit"
tries = 3
[[kind.fall.steps]]
who = "emergency"
answer_min = 2
handle_min = 30
"""


def test_kinds_are_read() -> None:
    """A new kind needs no code."""
    read = parse_kinds(GOOD)

    assert (read.unknown_min, list(read.by_code), len(read.of("fall").steps)) == (30, ["fall"], 2)
    assert (read.of("fall").next_step(0), read.of("fall").next_step(1)) == (1, None)


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ('who = "responder"', 'who = "neighbour"'),
        ("answer_min = 2", "answer_min = 0"),
        ("handle_min = 30", "handle_min = 99999"),
        ('service = "door_visit"', 'service = ""'),
        ("tries = 3", "tries = 21"),
        ('who = "emergency"', 'who = "emergency"\ntries = 2'),
        ('who = "emergency"', 'who = "responder"\nservice = "door_visit"\ntries = 1'),
        ('device = "call"', 'device = "lamp"'),
        ('outcomes = ["helped"]', "outcomes = []"),
        ('outcomes = ["helped"]', ""),
        ('en = "a fall"', 'en = "a fall"\ncolour = "red"'),
        ("unknown_min = 30", ""),
        ("[kind.fall]", "[kind.fall"),
    ],
)
def test_kind_that_cannot_be_is_refused(was: str, now: str) -> None:
    """A chain that ends with volunteers would end with nobody."""
    assert was in GOOD

    with pytest.raises(ValueError, match=r"\w"):
        parse_kinds(GOOD.replace(was, now, 1))


def test_every_word_of_the_kinds_has_its_texts() -> None:
    """A clerk reads words, not codes."""
    said, used = catalogue(), kinds().by_code.values()

    wanted = {f"alarm_outcome_{code}" for kind in used for code in kind.outcomes}
    wanted |= {f"alarm_finding_{code}" for kind in used for code in kind.findings}
    wanted |= {f"alarm_who_{step.who}" for kind in used for step in kind.steps}

    assert wanted - set(said) == set()
    assert {kind.device for kind in used} == set(DEVICES)
