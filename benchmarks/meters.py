"""A year of hourly readings of the district's water meters: evaluated by the rules, and read from both databases."""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, insert, select
from sqlmodel import Session

from benchmarks.command import Tell, answer, options
from benchmarks.instances import district
from benchmarks.memory import measured_mb
from benchmarks.report import Report, Target, Value, at_most, equal
from benchmarks.stores import PostgresStores, SqliteStores, postgres_url
from timebank.alarms.devices import register_devices
from timebank.alarms.meters import troubles
from timebank.alarms.orders import DEVICE, SENIOR
from timebank.alarms.readings import METER_DAY, PACKED
from timebank.alarms.usage import HOURS_A_DAY
from timebank.core.database import transaction

LONGEST_S, MOST_MB = 10, 500
FIRST, NOW = date(2025, 1, 1), datetime(2025, 1, 1, tzinfo=UTC)
QUICK = ("--meters", "20", "--days", "30")
"""Sees that everything runs; figures of this size say nothing."""
QUIET_EVERY_DAYS = 13
"""Each meter is quiet for a day so often: 28 times a year, as the district counted."""
Counts = NDArray[np.int64]


def measure(*, meters: int, days: int, tell: Tell) -> Report:
    """Store a year on SQLite and on PostgreSQL, and say what its readings say."""
    counts, episodes = _year(meters, days)
    figures: dict[str, Value] = {"readings": meters * days * HOURS_A_DAY, "episodes": episodes}
    targets: list[Target] = []
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        problem = district(seniors=max(meters, 100), volunteers=20)
        stores: dict[str, Callable[[], AbstractContextManager[Engine]]] = {
            "sqlite": SqliteStores(folder, problem).fresh,
            "postgres": PostgresStores(opened.enter_context(postgres_url()), problem).fresh,
        }
        for name, fresh in stores.items():
            with fresh() as engine:
                tell(f"{name}: {meters * days:,} days of meters are stored")
                with transaction(engine) as session:
                    devices = _fill(session, counts)
                tell(f"{name}: all of them are looked at")
                found, wanted = _measured(name, engine, devices, days, episodes)
                figures |= found
                targets += wanted
    return Report(figures=figures, targets=targets)


def _year(meters: int, days: int) -> tuple[Counts, int]:
    """Return the counts of a year, shape (meters, days, 24), and how many times a meter is quiet."""
    random = np.random.default_rng(7)
    used = np.zeros((meters, days, HOURS_A_DAY), dtype=np.int64)
    used[:, :, 7:23] = random.integers(4, 20, (meters, days, 16))
    used[:, :, 12] = 0
    turns = (np.arange(meters)[:, None] + np.arange(days)[None, :]) % QUIET_EVERY_DAYS == 0
    turns[:, [0, -1]] = False  # a quiet day lies between two others
    quiet_hours = np.broadcast_to((np.arange(HOURS_A_DAY) >= 7) & (np.arange(HOURS_A_DAY) < 21), used.shape)
    used[turns[:, :, None] & quiet_hours] = 0
    total = np.cumsum(used.reshape(meters, -1), axis=1) - used.reshape(meters, -1)
    return total.reshape(used.shape), int(turns.sum())


def _fill(session: Session, counts: Counts) -> list[int]:
    wanted = select(SENIOR.c.person_id).order_by(SENIOR.c.person_id).limit(len(counts))
    seniors = session.connection().execute(wanted).scalars()
    register_devices(session, "meter", {f"M{n:04d}": senior for n, senior in enumerate(seniors)}, now=NOW)
    devices = list(session.connection().execute(select(DEVICE.c.id).order_by(DEVICE.c.id)).scalars())
    packed = counts.astype(PACKED)
    for number in range(counts.shape[1]):
        day = FIRST + timedelta(days=number)
        rows = [
            {"device_id": device, "day": day, "litres": packed[row, number].tobytes()}
            for row, device in enumerate(devices)
        ]
        session.connection().execute(insert(METER_DAY), rows)
    return devices


def _measured(
    name: str, engine: Engine, devices: Sequence[int], days: int, episodes: int
) -> tuple[dict[str, Value], list[Target]]:
    with transaction(engine, read_only=True) as session:
        began, cpu_began = perf_counter(), process_time()
        found, peak_mb = measured_mb(partial(troubles, session, devices, FIRST, FIRST + timedelta(days=days)))
        took_s, cpu_s = perf_counter() - began, process_time() - cpu_began
    figures: dict[str, Value] = {f"{name}.year_s": took_s, f"{name}.year_cpu_s": cpu_s, f"{name}.peak_mb": peak_mb}
    return figures, [
        at_most(f"{name}.year_s", took_s, LONGEST_S),
        at_most(f"{name}.peak_mb", peak_mb, MOST_MB),
        equal(f"{name}.episodes", len(found), episodes),
    ]


def main(asked: Sequence[str] | None = None) -> None:
    """Measure as asked on the command line."""
    answer(options("meters", (__doc__ or "").partition("\n")[0], meters=891, days=365), measure, asked)


if __name__ == "__main__":
    main()
