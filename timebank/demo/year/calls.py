"""The chapter of one-touch calls: devices in homes, a day of calls, and how each of them ended."""

from datetime import date, timedelta
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlmodel import Session

from timebank.alarms.asking import clock
from timebank.alarms.days import Handled, Heard, record_handled, take_calls
from timebank.alarms.devices import register_devices
from timebank.alarms.life import accept, close, decline
from timebank.alarms.orders import DEVICE, ORDER, SENIOR
from timebank.core.clock import moment_at
from timebank.core.database import expect_much
from timebank.demo.year.chapter import Chapter, Year

KEY, HOUSEHOLDS, SERVICES = "calls", 26_000, 1_246_600
KINDS = ("care_call", "taxi", "registration", "rescue")
SHARES = (0.55, 0.30, 0.14, 0.01)
"""Rescue is rare and ordinary help the mass, as the service's forerunner counted; the parts of the mass are ours."""
OUTCOMES = {
    "care_call": (("talked", "helped", "referred", "false_alarm", "not_reached"), (0.5, 0.3, 0.1, 0.08, 0.02)),
    "taxi": (("driven", "no_car", "called_off"), (0.92, 0.05, 0.03)),
    "registration": (("registered", "no_place", "called_off"), (0.9, 0.08, 0.02)),
    "rescue": (("helped", "taken_to_hospital", "false_alarm", "died"), (0.4, 0.3, 0.29, 0.01)),
}
HOURS = np.array([1, 1, 1, 1, 1, 2, 4, 7, 9, 9, 8, 6, 5, 6, 7, 7, 6, 5, 5, 4, 3, 2, 1, 1], dtype=np.float64)
"""How calls lie over the day; the figures are ours."""
CENTRE, SOURCE = "centre:putuo", "source:putuo"
DECLINES = 0.2


def _prepare(session: Session, year: Year) -> None:
    """Put a device into each of the homes of the first seniors by number."""
    wanted = select(SENIOR.c.person_id).order_by(SENIOR.c.person_id).limit(year.sized(HOUSEHOLDS))
    seniors = session.connection().execute(wanted).scalars()
    codes = {f"C{number:05d}": senior for number, senior in enumerate(seniors, 1)}
    register_devices(session, "call", codes, now=moment_at(year.starts_on, 0))


def _play(session: Session, year: Year, day: date) -> None:
    """Take a day's calls, and write how they ended: the mass by the centre's sheet, rescues one by one."""
    expect_much(session)
    random = year.random(KEY, day)
    calls = _heard(random, year, day)
    numbers = take_calls(session, calls, actor=SOURCE)
    ends = _ends(random, calls)
    sheet = [
        Handled(numbers[call.key], call.at + timedelta(minutes=1), call.at + timedelta(minutes=minutes), outcome)
        for call, (minutes, outcome) in zip(calls, ends, strict=True)
        if call.kind != "rescue"
    ]
    record_handled(session, sheet, actor=CENTRE)
    for call, (minutes, outcome) in zip(calls, ends, strict=True):
        if call.kind == "rescue":
            _rescue(session, random, numbers[call.key], call, minutes, outcome)


def _heard(random: np.random.Generator, year: Year, day: date) -> list[Heard]:
    """Draw a day's calls, in the order in which they come; none after eleven at night, when the day is closed."""
    count, devices = year.quota(SERVICES, day), max(1, year.sized(HOUSEHOLDS))
    hours = random.choice(len(HOURS) - 1, count, p=HOURS[:-1] / HOURS[:-1].sum())
    minutes = np.sort(hours * 60 + random.integers(0, 60, count)).tolist()
    kinds = random.choice(len(KINDS), count, p=SHARES).tolist()
    homes = random.integers(1, devices + 1, count).tolist()
    return [
        Heard(f"year:{day}:{n}", KINDS[kinds[n]], f"C{homes[n]:05d}", moment_at(day, minutes[n])) for n in range(count)
    ]


def _ends(random: np.random.Generator, calls: list[Heard]) -> list[tuple[int, str]]:
    """Draw for each call after how many minutes it ended, and how."""
    minutes, chances = random.integers(2, 25, len(calls)).tolist(), random.random(len(calls))
    outcomes: list[str] = [""] * len(calls)
    kinds = np.array([call.kind for call in calls])
    for kind, (names, shares) in OUTCOMES.items():
        rows = np.flatnonzero(kinds == kind)
        drawn = np.minimum(np.searchsorted(np.cumsum(shares), chances[rows], side="right"), len(names) - 1)
        for row, name in zip(rows.tolist(), drawn.tolist(), strict=True):
            outcomes[row] = names[name]
    return list(zip(minutes, outcomes, strict=True))


def _rescue(
    session: Session, random: np.random.Generator, number: int, call: Heard, minutes: int, outcome: str
) -> None:
    """Let somebody go: whoever is asked first, or after a no the next one, and close with the outcome."""
    said: dict[str, Any] = {"actor": CENTRE, "now": clock(1, call.at)}
    if random.random() < DECLINES:
        decline(session, number, **said)
    accept(session, number, **said)
    close(session, number, outcome, actor=CENTRE, now=clock(minutes, call.at))


def _count(session: Session, year: Year) -> dict[str, int]:
    """Count homes with a device, and orders of the year's calls that were handled."""
    connection, last = session.connection(), moment_at(year.ends_on, 0)
    homes = select(func.count(func.distinct(DEVICE.c.senior_id))).where(DEVICE.c.kind == "call")
    handled = select(func.count()).select_from(ORDER).where(ORDER.c.kind.in_(KINDS), ORDER.c.closed_at < last)
    return {
        "programmes.one_touch_call.households": connection.execute(homes).scalar_one(),
        "programmes.one_touch_call.services": connection.execute(handled).scalar_one(),
    }


CHAPTER = Chapter(key=KEY, prepare=_prepare, play=_play, count=_count)
