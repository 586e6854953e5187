"""The chapter of water meters: homes that use water, some of them in trouble, and how each alarm was handled."""

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlmodel import Session

from timebank.alarms.days import Handled, record_handled
from timebank.alarms.devices import register_devices
from timebank.alarms.meters import EPISODE, take_day
from timebank.alarms.orders import DEVICE, ORDER, SENIOR
from timebank.alarms.readings import read_days
from timebank.alarms.usage import HOURS_A_DAY
from timebank.core.clock import moment_at
from timebank.core.database import expect_much
from timebank.demo.year.chapter import Chapter, Year

KEY, HOUSEHOLDS, ALARMS = "meters", 891, 24_912
KINDS = ("no_use", "much_use", "never_still")
SHARES = (0.85, 0.10, 0.05)
"""Most alarms are of homes that are quiet for a day; what the parts are was not published."""
ENDS = {
    "no_use": (
        (("with_family", "no_need"), 0.6),
        (("at_home_well", "no_need"), 0.25),
        (("in_hospital", "no_need"), 0.08),
        (("meter_fault", "meter_mended"), 0.05),
        (("needs_help", "helped"), 0.02),
    ),
    "much_use": ((("cleaning", "no_need"), 0.8), (("guests", "no_need"), 0.15), (("leak", "leak_mended"), 0.05)),
    "never_still": ((("leak", "leak_mended"), 0.7), (("tap_left_open", "helped"), 0.3)),
}
CONTACT = "contact:putuo"
AWAKE = slice(7, 23)
QUIET, FLOOD, DRIP = slice(7, 21), slice(8, 18), slice(0, 24)
EVENING_MIN = 23 * 60
Counts = NDArray[np.int64]


def _prepare(session: Session, year: Year) -> None:
    """Put a meter into homes of seniors, spread over all of them."""
    count = max(1, year.sized(HOUSEHOLDS))
    seniors = session.connection().execute(select(SENIOR.c.person_id).order_by(SENIOR.c.person_id)).scalars().all()
    chosen = [seniors[number * len(seniors) // count] for number in range(count)]
    codes = {f"M{number:04d}": senior for number, senior in enumerate(chosen, 1)}
    register_devices(session, "meter", codes, now=moment_at(year.starts_on, 0))


def _play(session: Session, year: Year, day: date) -> None:
    """Read every meter's day, and handle what it says before the day is closed."""
    expect_much(session)
    devices = _devices(session)
    used = _used(year, devices, day)
    counts = _midnight(session, year, devices, day)[:, None] + np.cumsum(used, axis=1) - used
    now = moment_at(day, EVENING_MIN)
    take_day(session, day, devices, counts, now=now)
    _handle(session, year, day)


def _devices(session: Session) -> Counts:
    wanted = select(DEVICE.c.id).where(DEVICE.c.kind == "meter").order_by(DEVICE.c.id)
    return np.array(session.connection().execute(wanted).scalars().all(), dtype=np.int64)


def _midnight(session: Session, year: Year, devices: Counts, day: date) -> Counts:
    """Return what each meter had counted when the day began: the last count of the day before, and its last hour."""
    before = read_days(session, devices.tolist(), day - timedelta(days=1), day)
    counts = {device: int(row[-1]) for (device, _), row in before.items()}
    last = _used(year, devices, day - timedelta(days=1))[:, -1] if counts else 0
    return np.array([counts.get(device, 1000) for device in devices.tolist()], dtype=np.int64) + last


def _used(year: Year, devices: Counts, day: date) -> Counts:
    """Return the litres of each hour of a day, shape (meters, 24): still at night, and in trouble where it is drawn."""
    random = year.random(KEY, day)
    used = np.zeros((len(devices), HOURS_A_DAY), dtype=np.int64)
    used[:, AWAKE] = random.integers(4, 20, (len(devices), AWAKE.stop - AWAKE.start))
    used[:, 12] = 0  # nobody uses water all the time
    for row, kind in _drawn(random, year, len(devices), day):
        if kind == "no_use":
            used[row, QUIET] = 0
            used[row, 21] = 30
        elif kind == "much_use":
            used[row, FLOOD] = 230
        else:
            used[row] = random.integers(3, 9, HOURS_A_DAY)
    return used


def _drawn(random: np.random.Generator, year: Year, meters: int, day: date) -> list[tuple[int, str]]:
    """Draw a day's troubles; no home has one on two days in a row, for that would be one alarm."""
    turn = day.toordinal() % 2
    free = np.arange(turn, meters, 2) if meters > 1 else np.arange(meters)
    count = min(year.quota(ALARMS, day), len(free))
    rows = random.choice(free, count, replace=False).tolist()
    kinds = random.choice(len(KINDS), count, p=SHARES).tolist()
    return [(row, KINDS[kind]) for row, kind in zip(rows, kinds, strict=True)]


def _handle(session: Session, year: Year, day: date) -> None:
    """Ring the contact for each alarm of the day, write down what was found, and close it."""
    o = ORDER.c
    wanted = select(o.id, o.kind, o.received_at).where(o.due_at.is_not(None), o.kind.in_(KINDS)).order_by(o.id)
    rows, random = session.connection().execute(wanted).all(), year.random(f"{KEY} handled", day)
    sheet = []
    for row in rows:
        ends = ENDS[row.kind]
        finding, outcome = ends[int(random.choice(len(ends), p=[share for _, share in ends]))][0]
        rung = row.received_at + timedelta(minutes=int(random.integers(1, 10)))
        sheet.append(Handled(row.id, rung, rung + timedelta(minutes=int(random.integers(5, 40))), outcome, finding))
    record_handled(session, sheet, actor=CONTACT)


def _count(session: Session, _year: Year) -> dict[str, int]:
    """Count homes with a meter, and orders of their episodes that were confirmed and handled."""
    connection = session.connection()
    homes = select(func.count(func.distinct(DEVICE.c.senior_id))).where(DEVICE.c.kind == "meter")
    handled = select(func.count(func.distinct(EPISODE.c.order_id))).join(ORDER, ORDER.c.id == EPISODE.c.order_id)
    return {
        "programmes.smart_water_meter.households": connection.execute(homes).scalar_one(),
        "programmes.smart_water_meter.alarm_orders": connection.execute(
            handled.where(ORDER.c.state == "closed", ORDER.c.finding != "")
        ).scalar_one(),
    }


CHAPTER = Chapter(key=KEY, prepare=_prepare, play=_play, count=_count)
