"""What readings say by the rules, without any database: hand-made homes, and any order of the same readings."""

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timebank.alarms.episodes import FOLDED, REFUTED, STANDING, Change, Span, Stored, follow, runs
from timebank.alarms.meter_rules import MeterRules, meter_rules, parse_meter_rules
from timebank.alarms.usage import UNKNOWN, Counts, Window, covered, hour_number, merged, without_slips

DAY = date(2026, 3, 2)
FIRST = hour_number(DAY, 0)
GANQUAN, ZHENRU = "310107004", "310107007"
RULES = meter_rules()


def home(*litres: int, start: int = 1000) -> Counts:
    """Return the counts of a home that used so many litres in each hour, one more than the hours."""
    return np.array([start, *(start + np.cumsum(litres)).tolist()], dtype=np.int64)[None, :]


def trouble(counts: Counts, code: str, rules: MeterRules = RULES, street: str = GANQUAN, **away: Any) -> list[Span]:
    """Return when a home was in trouble, in hours from its first."""
    is_away = np.zeros(counts.shape, dtype=bool)
    is_away[:, away.get("starts", 0) : away.get("ends", 0)] = True
    window = Window(first_hour=FIRST, counts=counts, streets=(street,) * len(counts), is_away=is_away)
    return runs(covered(window, rules)[code][0])


def test_twelve_quiet_hours_are_too_little() -> None:
    """Less than ten litres: a whole night and morning without the flush of a toilet."""
    used = [20] * 4 + [0] * 12 + [20] * 4

    assert trouble(home(*used), "no_use") == [Span(4, 16)]


@pytest.mark.parametrize(("quiet", "litres"), [(11, 0), (12, 1)])
def test_just_enough_is_no_trouble(quiet: int, litres: int) -> None:
    """Eleven hours, or ten litres in twelve, are a home that lives."""
    used = [20] * 4 + [0] * (quiet - litres) + [10] * litres + [20] * 4

    assert trouble(home(*used), "no_use") == []


def test_long_quiet_is_one_episode() -> None:
    """Three days away without a word are one alarm, not sixty."""
    assert trouble(home(*[20] * 5, *[0] * 72, *[20] * 5), "no_use") == [Span(5, 77)]


def test_away_notice_is_respected() -> None:
    """Who said they stay with their daughter is not missed; the hours after the notice count anew."""
    used = [0] * 30

    assert trouble(home(*used), "no_use", starts=0, ends=31) == []
    assert trouble(home(*used), "no_use", starts=0, ends=10) == [Span(10, 30)]


def test_more_than_two_cubic_metres_in_a_day_are_too_much() -> None:
    """A big cleaning, or a tap left open; two cubic metres to the litre are not yet."""
    calm, wild = [80] * 23 + [160], [80] * 23 + [161]

    assert trouble(home(*calm), "much_use") == []
    assert trouble(home(*wild), "much_use") == [Span(0, 24)]


def test_water_that_is_never_still_is_a_leak() -> None:
    """A litre in each of 24 hours; one still hour is enough to be none."""
    assert trouble(home(*[1] * 24), "never_still") == [Span(0, 24)]
    assert trouble(home(*[1] * 12, 0, *[5] * 23), "never_still") == []


def test_leak_is_not_excused_by_being_away() -> None:
    """Nobody at home is when a leak is worst."""
    assert trouble(home(*[3] * 30), "never_still", starts=0, ends=31) == [Span(0, 30)]


@pytest.mark.parametrize("missing", [[6], [5, 6, 7], list(range(5, 16))])
def test_missing_reading_between_changes_nothing(missing: list[int]) -> None:
    """Both ends are known, so the hours between are too."""
    counts = home(*[20] * 4, *[0] * 12, *[20] * 4)
    counts[:, missing] = UNKNOWN

    assert trouble(counts, "no_use") == [Span(4, 16)]


def test_nothing_is_claimed_where_an_end_is_missing() -> None:
    """A meter that is silent is no home without water."""
    counts = home(*[20] * 4, *[0] * 12, *[20] * 4)
    counts[:, 16] = UNKNOWN
    silent = np.full((1, 40), UNKNOWN, dtype=np.int64)

    assert trouble(counts, "no_use") == []
    assert [trouble(silent, code) for code in RULES.codes] == [[], [], []]


@pytest.mark.parametrize("wrong", [3, 900_000])
def test_single_slip_of_a_meter_is_set_aside(wrong: int) -> None:
    """A reading that goes backwards, or far ahead, and is right again after an hour: neither quiet nor a flood."""
    counts = home(*[20] * 30)
    counts[0, 10] = wrong

    assert [trouble(counts, code) for code in ("no_use", "much_use")] == [[], []]
    assert without_slips(counts)[0, 10] == UNKNOWN


def test_new_meter_breaks_off_what_was_counted() -> None:
    """A meter that was changed begins at nought: no home used minus a thousand litres, nor a thousand."""
    counts = np.concatenate([home(*[20] * 20, start=50_000), home(*[20] * 20, start=0)], axis=1)
    jump = np.concatenate([home(*[20] * 20, start=0), home(*[20] * 20, start=900_000)], axis=1)

    assert [trouble(each, code) for each in (counts, jump) for code in ("no_use", "much_use")] == [[], [], [], []]


OWN = """
most_flow_l_per_h = 3000
[[rule]]
code = "no_use"
test = "less"
from_day = 2020-01-01
to_day = 2026-03-03
hours = 12
litres = 10
[[rule]]
code = "no_use"
test = "less"
from_day = 2026-03-03
hours = 24
litres = 10
[[rule]]
code = "no_use"
test = "less"
from_day = 2020-01-01
hours = 6
litres = 10
streets = ["310107007"]
"""


def test_streets_and_days_have_thresholds_of_their_own() -> None:
    """A street with many who sleep long waits longer; from a day on another figure holds."""
    rules, used = parse_meter_rules(OWN), [20] * 4 + [0] * 8 + [20] * 12

    assert trouble(home(*used), "no_use", rules, GANQUAN) == []
    assert trouble(home(*used), "no_use", rules, ZHENRU) == [Span(4, 12)]
    late = home(*[20] * 28, *[0] * 14, *[20] * 4)
    assert trouble(late, "no_use", rules, GANQUAN) == []
    assert trouble(home(*[20] * 4, *[0] * 14, *[20] * 4), "no_use", rules, GANQUAN) == [Span(4, 18)]


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ('"no_use"', '"rescue"'),
        ('"less"', '"equal"'),
        ("hours = 12", "hours = 73"),
        ("litres = 10", "litres = -1"),
        ("to_day = 2026-03-03", "to_day = 2020-01-01"),
        ("litres = 10", ""),
        ("most_flow_l_per_h = 3000", ""),
        ("litres = 10", "litres = 10\ncolour = 1"),
    ],
)
def test_rule_that_cannot_be_is_refused(was: str, now: str) -> None:
    """A slip in a file must not silence an alarm."""
    with pytest.raises(ValueError, match=r"\w"):
        parse_meter_rules(OWN.replace(was, now, 1))


def test_every_rule_has_a_kind_of_order() -> None:
    """What is found becomes an order of that kind."""
    assert RULES.codes == ("no_use", "much_use", "never_still")


SPAN = Span(10, 20)


@pytest.mark.parametrize(
    ("stored", "core", "found", "changes"),
    [
        ([], (0, 30), [(10, 20)], [Change(None, SPAN, STANDING)]),
        ([Stored(1, SPAN, STANDING)], (0, 30), [(10, 20)], []),
        ([Stored(1, SPAN, STANDING)], (0, 30), [(10, 25)], [Change(1, Span(10, 25), STANDING)]),
        ([Stored(1, SPAN, STANDING)], (15, 30), [(15, 25)], [Change(1, Span(10, 25), STANDING)]),
        ([Stored(1, SPAN, STANDING)], (0, 30), [], [Change(1, SPAN, REFUTED)]),
        ([Stored(1, SPAN, STANDING)], (15, 30), [], [Change(1, Span(10, 15), STANDING)]),
        ([Stored(1, SPAN, REFUTED)], (0, 30), [], []),
        ([Stored(1, SPAN, REFUTED)], (0, 30), [(12, 24)], [Change(1, Span(12, 24), STANDING)]),
        (
            [Stored(1, SPAN, STANDING), Stored(2, Span(25, 40), STANDING)],
            (15, 30),
            [(15, 30)],
            [Change(1, Span(10, 40), STANDING), Change(2, Span(25, 40), FOLDED)],
        ),
        (
            [Stored(1, Span(0, 40), STANDING)],
            (10, 30),
            [(10, 15)],
            [Change(1, Span(0, 15), STANDING), Change(None, Span(30, 40), STANDING)],
        ),
    ],
    ids=["new", "same", "longer", "longer past the core", "refuted", "shorter", "stays refuted", "found again", "one",
         "split"],
)  # fmt: skip
def test_episode_is_followed(
    stored: list[Stored], core: tuple[int, int], found: list[tuple[int, int]], changes: list[Change]
) -> None:
    """Each way in which readings that come later can change what stands."""
    assert follow(stored, Span(*core), [Span(*one) for one in found]) == changes


SHORT = parse_meter_rules("""
most_flow_l_per_h = 3000
[[rule]]
code = "no_use"
test = "less"
from_day = 2020-01-01
hours = 4
litres = 10
[[rule]]
code = "much_use"
test = "more"
from_day = 2020-01-01
hours = 3
litres = 250
[[rule]]
code = "never_still"
test = "never_still"
from_day = 2020-01-01
hours = 5
litres = 1
""")
"""Rules that look back a few hours, so that a delivery changes a small part of what stands."""
HOURS = 240
LIVED = st.lists(st.sampled_from([0, 0, 0, 0, 0, 1, 12, 130]), min_size=HOURS, max_size=HOURS)
SLIPS = st.lists(st.tuples(st.integers(0, HOURS), st.integers(0, 30_000)), max_size=4)


@settings(max_examples=60, deadline=None)
@given(lived=LIVED, slips=SLIPS, order=st.randoms(use_true_random=False), doubled=st.integers(0, 30))
def test_any_order_and_duplication_gives_the_same_episodes(
    lived: list[int], slips: list[tuple[int, int]], order: Any, doubled: int
) -> None:
    """Late, doubled, out of order, or wrong: however readings come, the same episodes stand at the end."""
    readings = [*enumerate(home(*lived)[0].tolist()), *slips]
    parts = parted(readings + readings[:doubled], 5)
    order.shuffle(parts)

    at_once, bit_by_bit = watched([readings]), watched(parts)

    assert bit_by_bit == at_once


def parted(readings: list[tuple[int, int]], size: int) -> list[list[tuple[int, int]]]:
    """Cut readings into deliveries."""
    return [readings[start : start + size] for start in range(0, len(readings), size)]


def watched(deliveries: list[list[tuple[int, int]]]) -> dict[str, list[Span]]:
    """Take deliveries in turn, look at the hours near each, and return the episodes that stand at the end."""
    counts = np.full((1, HOURS + 1), UNKNOWN, dtype=np.int64)
    stored: dict[str, dict[int, Stored]] = {code: {} for code in SHORT.codes}
    for delivery in deliveries:
        fresh = np.full_like(counts, UNKNOWN)
        for hour, litres in delivery:
            one = np.full_like(counts, UNKNOWN)
            one[0, hour] = litres
            fresh = merged(fresh, one)
        counts = merged(counts, fresh)
        touched = [hour for hour, _ in delivery]
        core = Span(min(touched) - REACH, max(touched) + REACH + 1)
        for code, known in stored.items():
            take_in(known, core, counts, code)
    return {code: sorted(one.span for one in known.values() if one.state == STANDING) for code, known in stored.items()}


REACH = SHORT.most_hours + 24


def take_in(known: dict[int, Stored], core: Span, counts: Counts, code: str) -> None:
    """Look at the hours of a core anew, from readings as far around it as rules reach, and change what stands."""
    first, last = max(0, core.starts - REACH), min(counts.shape[1], core.ends + REACH)
    window = Window(
        first_hour=first + FIRST,
        counts=counts[:, first:last],
        streets=(GANQUAN,),
        is_away=np.zeros((1, last - first), dtype=bool),
    )
    cover = covered(window, SHORT)[code][0]
    starts, ends = max(core.starts, first), min(core.ends, last)
    found = runs(cover[starts - first : ends - first], starts)
    near = [
        one for one in known.values() if one.state != FOLDED and one.span.touches(Span(core.starts - 1, core.ends + 1))
    ]
    for change in follow(near, core, found):
        number = change.number or len(known) + 1
        known[number] = Stored(number, change.span, change.state)
