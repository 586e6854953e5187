"""Readings of meters in: merged into days, looked at by the rules near what changed, and orders made of trouble."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlmodel import Session

from timebank.alarms.meter_rules import MeterRules
from timebank.alarms.orders import AREA, DEVICE, SENIOR
from timebank.alarms.tables import MeterDay
from timebank.alarms.usage import HOURS_A_DAY, NEAR_H, UNKNOWN, Counts, Flags, Window, hour_number, merged
from timebank.core.clock import SHANGHAI
from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip, wait_turn
from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase
from timebank.people.tables import Absence

METER_DAY = table_of(MeterDay)
ABSENCE = table_of(Absence)
MOST_LITRES = 2**31 - 1
IDS_A_QUERY = 5000
EARLY = timedelta(hours=1)
"""How far a meter's clock may be ahead: its reading then counts for the hour it says."""
PACKED = np.dtype("<i4")


class Reading(NamedTuple):
    """What a meter had counted at a moment, in litres."""

    device_id: int
    at: datetime
    litres: int


class Places(NamedTuple):
    """Meters in the order of their numbers: their codes, their streets and their households."""

    ids: NDArray[np.int64]
    codes: tuple[str, ...]
    streets: tuple[str, ...]
    seniors: NDArray[np.int64]


def hour_of(moment: datetime) -> int:
    """Return the number of the hour of the district's clock that a moment lies in."""
    local = moment.astimezone(SHANGHAI)
    return hour_number(local.date(), local.hour)


def store_readings(session: Session, readings: Sequence[Reading], *, now: datetime) -> dict[int, tuple[int, int]]:
    """Merge readings into their days; returns for each meter the first and the last hour that changed.

    Late, doubled and out of order: what stands at the end is the same.

    Raises
    ------
    WrongInput
        When a reading lies ahead of our clock, or counts what no meter can; nothing is stored then.
    """
    changed: dict[int, tuple[int, int]] = {}
    fresh: dict[tuple[int, date], Counts] = {}
    for device, at, litres in readings:
        if at > now + EARLY:
            raise WrongInput(field="at", value=at.isoformat(), right=Phrase("right_not_ahead", moment=now.isoformat()))
        if not 0 <= litres <= MOST_LITRES:
            raise WrongInput(field="litres", value=str(litres), right=Phrase("right_range", least=0, most=MOST_LITRES))
        local = at.astimezone(SHANGHAI)
        row = fresh.setdefault((device, local.date()), np.full(HOURS_A_DAY, UNKNOWN, dtype=np.int64))
        stands = row[local.hour]
        row[local.hour] = litres if stands < 0 else min(int(stands), litres)
    if not fresh:
        return {}
    wait_turn(session, "meter readings")
    days = sorted({day for _, day in fresh})
    stored = read_days(session, sorted({device for device, _ in fresh}), days[0], days[-1] + timedelta(days=1))
    rows = []
    for (device, day), new in sorted(fresh.items()):
        old = stored.get((device, day), np.full(HOURS_A_DAY, UNKNOWN, dtype=np.int64))
        whole = merged(old, new)
        at_hours = np.flatnonzero(whole != old)
        if not len(at_hours):
            continue
        rows.append({"device_id": device, "day": day, "litres": whole.astype(PACKED).tobytes()})
        first, last = hour_number(day, int(at_hours[0])), hour_number(day, int(at_hours[-1]))
        before = changed.get(device, (first, last))
        changed[device] = min(before[0], first), max(before[1], last)
    _write(session, rows)
    return changed


def store_day(session: Session, day: date, devices: NDArray[np.int64], counts: Counts) -> dict[int, tuple[int, int]]:
    """Merge a whole day of many meters, shape (meters, 24); returns what changed, as :func:`store_readings` does.

    Raises
    ------
    ValueError
        When the counts have another shape, or one passes what a meter can count.
    """
    if counts.shape != (len(devices), HOURS_A_DAY) or counts.min(initial=0) < UNKNOWN or counts.max() > MOST_LITRES:
        message = f"A day has {HOURS_A_DAY} counts of each meter, -1 or 0 to {MOST_LITRES}."
        raise ValueError(message)
    wait_turn(session, "meter readings")
    stored = read_days(session, devices.tolist(), day, day + timedelta(days=1))
    empty = np.full(HOURS_A_DAY, UNKNOWN, dtype=np.int64)
    old = np.stack([stored.get((device, day), empty) for device in devices.tolist()])
    whole = merged(old, counts)
    differs = whole != old
    rows, changed = [], {}
    for n in np.flatnonzero(differs.any(axis=1)).tolist():
        at_hours, device = np.flatnonzero(differs[n]), int(devices[n])
        rows.append({"device_id": device, "day": day, "litres": whole[n].astype(PACKED).tobytes()})
        changed[device] = hour_number(day, int(at_hours[0])), hour_number(day, int(at_hours[-1]))
    _write(session, rows)
    return changed


def _write(session: Session, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection = session.connection()
        written = insert_or_skip(connection, METER_DAY)
        whole = {"litres": written.excluded.litres}
        connection.execute(written.on_conflict_do_update(index_elements=["device_id", "day"], set_=whole), rows)


def read_days(session: Session, devices: Sequence[int], from_day: date, to_day: date) -> dict[tuple[int, date], Counts]:
    """Return the stored days of some meters, by meter and day (half-open), each as 24 counts."""
    d, found = METER_DAY.c, {}
    for start in range(0, len(devices), IDS_A_QUERY):
        some = devices[start : start + IDS_A_QUERY]
        wanted = select(d.device_id, d.day, d.litres).where(d.device_id.in_(some), d.day >= from_day, d.day < to_day)
        for device, day, litres in session.connection().execute(wanted):
            found[device, day] = np.frombuffer(litres, dtype=PACKED).astype(np.int64)
    return found


def places_of(session: Session, devices: Sequence[int]) -> Places:
    """Return where some meters are."""
    rows: list[Any] = []
    for start in range(0, len(devices), IDS_A_QUERY):
        wanted = (
            select(DEVICE.c.id, DEVICE.c.code, AREA.c.code.label("street"), DEVICE.c.senior_id)
            .join(SENIOR, SENIOR.c.person_id == DEVICE.c.senior_id)
            .join(AREA, AREA.c.id == SENIOR.c.subdistrict_id)
            .where(DEVICE.c.id.in_(devices[start : start + IDS_A_QUERY]))
        )
        rows += session.connection().execute(wanted)
    rows.sort(key=lambda row: row.id)
    return Places(
        ids=np.array([row.id for row in rows], dtype=np.int64),
        codes=tuple(row.code for row in rows),
        streets=tuple(row.street for row in rows),
        seniors=np.array([row.senior_id for row in rows], dtype=np.int64),
    )


def load_window(session: Session, places: Places, first_hour: int, end_hour: int) -> Window:
    """Return what stands of some meters from the day of an hour to the day of another, with who is away then."""
    first_day, last_day = (date.fromordinal(hour // HOURS_A_DAY) for hour in (first_hour, end_hour - 1))
    days = (last_day - first_day).days + 1
    counts = np.full((len(places.ids), days * HOURS_A_DAY), UNKNOWN, dtype=np.int64)
    row_by_id = {device: row for row, device in enumerate(places.ids.tolist())}
    stored = read_days(session, places.ids.tolist(), first_day, last_day + timedelta(days=1))
    for (device, day), litres in stored.items():
        start = (day - first_day).days * HOURS_A_DAY
        counts[row_by_id[device], start : start + HOURS_A_DAY] = litres
    is_away = _away(session, places, first_day, days)
    return Window(first_hour=hour_number(first_day, 0), counts=counts, streets=places.streets, is_away=is_away)


def _away(session: Session, places: Places, first_day: date, days: int) -> Flags:
    """Tell for each meter and hour whether its household has said that nobody is at home."""
    away = np.zeros((len(places.ids), days * HOURS_A_DAY), dtype=bool)
    a, end = ABSENCE.c, first_day + timedelta(days=days)
    said = select(a.person_id, a.from_day, a.to_day).where(a.withdrawn_at.is_(None), a.from_day < end)
    households = select(DEVICE.c.senior_id).where(DEVICE.c.kind == "meter")
    rows_by_senior: dict[int, list[int]] = {}
    for row, senior in enumerate(places.seniors.tolist()):
        rows_by_senior.setdefault(senior, []).append(row)
    notices = session.connection().execute(said.where(a.to_day > first_day, a.person_id.in_(households)))
    for person, from_day, to_day in notices:
        start = max(0, (from_day - first_day).days) * HOURS_A_DAY
        away[rows_by_senior.get(person, []), start : (to_day - first_day).days * HOURS_A_DAY] = True
    return away


def reach_h(rules: MeterRules) -> int:
    """Hours around a reading that it can bear on: the longest look back, and what tells a slip."""
    return rules.most_hours + NEAR_H
