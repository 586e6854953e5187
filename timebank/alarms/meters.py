"""Meters watched: what changed is looked at, trouble becomes episodes, and each episode has its one order."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import bindparam, insert, select, update
from sqlmodel import Session

from timebank.alarms.asking import add_step
from timebank.alarms.days import Heard, take_calls
from timebank.alarms.episodes import FOLDED, Change, Span, Stored, follow, runs
from timebank.alarms.meter_rules import MeterRules, meter_rules
from timebank.alarms.orders import DEVICE, order_of
from timebank.alarms.readings import (
    IDS_A_QUERY,
    Places,
    Reading,
    hour_of,
    load_window,
    places_of,
    reach_h,
    store_day,
    store_readings,
)
from timebank.alarms.tables import MeterEpisode
from timebank.alarms.usage import HOURS_A_DAY, Counts, covered
from timebank.core.clock import moment_at
from timebank.core.columns import table_of

EPISODE = table_of(MeterEpisode)
METERS_AT_ONCE = 100
"""Meters that are looked at together when long times are: their hours of a year take about 7 MB a column."""
WATCH = "meters"
"""Who acts when readings say something."""


class Watched(NamedTuple):
    """What readings changed: meters, and episodes that began, changed, were folded or refuted."""

    meters: int
    begun: int
    changed: int


class Trouble(NamedTuple):
    """An episode of a meter by a rule, in hours of the district's clock (half-open)."""

    device_id: int
    rule: str
    span: Span


def take_readings(
    session: Session, readings: Sequence[Reading], *, now: datetime, rules: MeterRules | None = None
) -> Watched:
    """Take readings in the caller's transaction, and make orders of what they say; the same again changes nothing.

    Raises
    ------
    WrongInput
        When a reading lies ahead of our clock, or counts what no meter can.
    """
    return _watch(session, store_readings(session, readings, now=now), rules or meter_rules(), now)


def take_day(session: Session, day: date, devices: NDArray[np.int64], counts: Counts, *, now: datetime) -> Watched:
    """Take a whole day of many meters, shape (meters, 24), -1 where nothing is known: as its readings one by one."""
    return _watch(session, store_day(session, day, devices, counts), meter_rules(), now)


def troubles(session: Session, devices: Sequence[int], from_day: date, to_day: date) -> list[Trouble]:
    """Say what all readings of some days (half-open) say, by the rules alone: what stands can be compared with it."""
    found: list[Trouble] = []
    for start in range(0, len(devices), METERS_AT_ONCE):
        found += _troubles(session, places_of(session, devices[start : start + METERS_AT_ONCE]), from_day, to_day)
    return found


def _troubles(session: Session, places: Places, from_day: date, to_day: date) -> list[Trouble]:
    rules = meter_rules()
    window = load_window(session, places, from_day.toordinal() * HOURS_A_DAY, to_day.toordinal() * HOURS_A_DAY)
    return [
        Trouble(device, code, span)
        for code, cover in covered(window, rules).items()
        for device, flags in zip(places.ids.tolist(), cover, strict=True)
        for span in runs(flags, window.first_hour)
    ]


def episodes_of(session: Session, devices: Sequence[int]) -> list[Trouble]:
    """Return the episodes that stand, of some meters, by meter, rule and hour."""
    stored = _stored(session, devices, Span(0, date.max.toordinal() * HOURS_A_DAY))
    standing = [(key, one) for key, some in stored.items() for one in some if one.state == "standing"]
    return sorted(Trouble(device, rule, one.span) for (device, rule), one in standing)


def _watch(session: Session, touched: dict[int, tuple[int, int]], rules: MeterRules, now: datetime) -> Watched:
    """Look at the hours near what was touched, and follow every episode there."""
    if not touched:
        return Watched(0, 0, 0)
    reach = reach_h(rules)
    core = Span(min(a for a, _ in touched.values()) - reach, max(b for _, b in touched.values()) + reach + 1)
    places = places_of(session, sorted(touched))
    window = load_window(session, places, core.starts - reach, core.ends + reach)
    stored = _stored(session, places.ids.tolist(), Span(core.starts - 1, core.ends + 1))
    begun: list[tuple[Places, int, str, Span]] = []
    changed: list[tuple[Change, int]] = []
    starts, ends = core.starts - window.first_hour, core.ends - window.first_hour
    for code, whole in covered(window, rules).items():
        cover = whole[:, starts:ends]
        for row in np.flatnonzero(cover.any(axis=1) | _has_stored(places, stored, code)).tolist():
            known = stored.get((int(places.ids[row]), code), [])
            for change in follow(known, core, runs(cover[row], core.starts)):
                if change.number is None:
                    begun.append((places, row, code, change.span))
                else:
                    changed.append((change, change.number))
    _begin(session, begun, now)
    _change(session, changed, now)
    return Watched(len(touched), len(begun), len(changed))


def _has_stored(places: Places, stored: dict[tuple[int, str], list[Stored]], code: str) -> NDArray[np.bool_]:
    return np.array([(device, code) in stored for device in places.ids.tolist()], dtype=bool)


def _stored(session: Session, devices: Sequence[int], span: Span) -> dict[tuple[int, str], list[Stored]]:
    """Return the episodes of some meters that touch some hours, by meter and rule; folded ones are left out."""
    e, found = EPISODE.c, defaultdict(list)
    near = (e.state != FOLDED, e.ends_at > moment_of(span.starts), e.starts_at < moment_of(span.ends))
    for start in range(0, len(devices), IDS_A_QUERY):
        wanted = select(EPISODE).where(e.device_id.in_(devices[start : start + IDS_A_QUERY]), *near).order_by(e.id)
        for row in session.connection().execute(wanted):
            hours = Span(hour_of(row.starts_at), hour_of(row.ends_at))
            found[row.device_id, row.rule].append(Stored(row.id, hours, row.state))
    return found


def moment_of(hour: int) -> datetime:
    """Return the moment at which an hour of the district's clock begins; far ones are the first or the last."""
    last = date.max.toordinal() * HOURS_A_DAY - HOURS_A_DAY * 2
    at = min(max(hour, 2 * HOURS_A_DAY), last)
    return moment_at(date.fromordinal(at // HOURS_A_DAY), at % HOURS_A_DAY * 60)


def _begin(session: Session, begun: Sequence[tuple[Places, int, str, Span]], now: datetime) -> None:
    """Make an order for each new episode, then the episode: the trouble of the same hours has the order it had."""
    if not begun:
        return
    keys = [f"meter:{places.ids[row]}:{code}:{span.starts}" for places, row, code, span in begun]
    calls = [Heard(key, code, places.codes[row], now) for key, (places, row, code, _) in zip(keys, begun, strict=True)]
    numbers = take_calls(session, calls, actor=WATCH)
    rows: list[dict[str, Any]] = [
        {"device_id": int(places.ids[row]), "rule": code, "order_id": numbers[key], "state": "standing"}
        | {"starts_at": moment_of(span.starts), "ends_at": moment_of(span.ends)}
        for key, (places, row, code, span) in zip(keys, begun, strict=True)
    ]
    session.connection().execute(insert(EPISODE), rows)


def _change(session: Session, changed: Sequence[tuple[Change, int]], now: datetime) -> None:
    """Write what becomes of episodes; the order of one that is folded ends as the same as another's."""
    if not changed:
        return
    rows = [
        {"number": number, "new_state": change.state}
        | {"new_starts": moment_of(change.span.starts), "new_ends": moment_of(change.span.ends)}
        for change, number in changed
    ]
    values: dict[str, Any] = {
        "state": bindparam("new_state"),
        "starts_at": bindparam("new_starts"),
        "ends_at": bindparam("new_ends"),
    }
    written = update(EPISODE).where(EPISODE.c.id == bindparam("number")).values(**values)
    session.connection().execute(written, rows)
    for change, number in changed:
        if change.state == FOLDED:
            _close_folded(session, number, now)


def _close_folded(session: Session, number: int, now: datetime) -> None:
    order_id = session.connection().execute(select(EPISODE.c.order_id).where(EPISODE.c.id == number)).scalar_one()
    order = order_of(session, order_id, lock=True)
    if order.state != "closed":
        ended: dict[str, Any] = {"state": "closed", "outcome": "same_episode", "closed_at": now, "due_at": None}
        add_step(session, order, "closed", actor=WATCH, now=now, **ended)


def readings_of(session: Session, codes: Sequence[tuple[str, datetime, int]]) -> tuple[list[Reading], list[str]]:
    """Return readings by the numbers of their meters, and the codes of meters that nobody knows."""
    wanted = sorted({code for code, _, _ in codes})
    device_by_code: dict[str, int] = {}
    for start in range(0, len(wanted), IDS_A_QUERY):
        device_by_code |= _meters(session, wanted[start : start + IDS_A_QUERY])
    known = [Reading(device_by_code[code], at, litres) for code, at, litres in codes if code in device_by_code]
    return known, [code for code in wanted if code not in device_by_code]


def _meters(session: Session, codes: Sequence[str]) -> dict[str, int]:
    held = select(DEVICE.c.code, DEVICE.c.id).where(DEVICE.c.kind == "meter", DEVICE.c.to_at.is_(None))
    return {row.code: row.id for row in session.connection().execute(held.where(DEVICE.c.code.in_(codes)))}
