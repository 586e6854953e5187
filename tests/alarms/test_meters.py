"""Meters watched on a database: one order for each episode, whatever the readings do on their way."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from tests.alarms.conftest import DAYTIME, Alarmed, steps_of
from tests.alarms.test_inbox import take
from timebank.alarms.life import accept, close, confirm
from timebank.alarms.meters import EPISODE, Watched, episodes_of, take_day, take_readings, troubles
from timebank.alarms.orders import ORDER, accounts
from timebank.alarms.readings import METER_DAY, Reading
from timebank.cli import app
from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.core.errors import WrongInput
from timebank.people.absences import record_absence

FROM, TO = date(2026, 3, 2), date(2026, 3, 5)
LATER = moment_at(date(2026, 3, 6), 0)
CENTRE = "organisation:1"


def lived(alarmed: Alarmed, quiet: range, *, hours: int = 72) -> list[Reading]:
    """Return the readings of M1 from Monday on: 20 litres in two hours of three, none in the quiet ones."""
    used = np.array([0 if hour in quiet or hour % 3 == 2 else 20 for hour in range(hours)])
    counts = [1000, *(1000 + np.cumsum(used)).tolist()]
    return [Reading(alarmed.devices["M1"], moment_at(FROM, 60 * hour), count) for hour, count in enumerate(counts)]


def give(alarmed: Alarmed, readings: list[Reading]) -> Watched:
    """Take readings in a transaction of its own."""
    with transaction(alarmed.engine) as session:
        return take_readings(session, readings, now=LATER)


def standing(alarmed: Alarmed) -> list[tuple[str, int, int]]:
    """Return the episodes of M1 that stand: rule, and hours from Monday on."""
    first = FROM.toordinal() * 24
    with transaction(alarmed.engine, read_only=True) as session:
        found = episodes_of(session, [alarmed.devices["M1"]])
        whole = troubles(session, [alarmed.devices["M1"]], FROM, TO + timedelta(days=3))
    assert sorted(found) == sorted(whole)
    return [(one.rule, one.span.starts - first, one.span.ends - first) for one in found]


def orders(alarmed: Alarmed) -> list[tuple[str, str, str]]:
    """Return kind, state and outcome of every order."""
    wanted = select(ORDER.c.kind, ORDER.c.state, ORDER.c.outcome).order_by(ORDER.c.id)
    with transaction(alarmed.engine, read_only=True) as session:
        return [tuple(row) for row in session.connection().execute(wanted)]


def test_quiet_home_is_one_order(alarmed: Alarmed) -> None:
    """Twenty quiet hours raise it once, and the contact is asked."""
    watched = give(alarmed, lived(alarmed, range(20, 40)))

    assert watched == Watched(1, 1, 0)
    assert standing(alarmed) == [("no_use", 20, 40)]
    assert steps_of(alarmed.engine, 1) == [("received", 0, 0, "meters")]


def test_readings_again_change_nothing(alarmed: Alarmed) -> None:
    """The platform sends the day twice."""
    readings = lived(alarmed, range(20, 40))
    give(alarmed, readings)

    assert give(alarmed, readings) == Watched(0, 0, 0)
    assert len(orders(alarmed)) == 1


@pytest.mark.parametrize("seed", range(3))
def test_readings_in_any_order_are_the_same_episodes(alarmed: Alarmed, seed: int) -> None:
    """Late, doubled and out of order, some of them backwards, in small deliveries: at the end the same stands."""
    readings = lived(alarmed, range(20, 40))
    readings += [reading._replace(litres=7) for reading in readings[50:52:2]] + readings[:9]
    chance = Random(seed)  # noqa: S311  # no secret: an order of deliveries
    chance.shuffle(readings)

    for start in range(0, len(readings), 10):
        give(alarmed, readings[start : start + 10])

    assert standing(alarmed) == [("no_use", 20, 40)]
    assert [kind for kind, state, _ in orders(alarmed) if state != "closed"].count("no_use") == 1


def test_growing_episode_keeps_its_order(alarmed: Alarmed) -> None:
    """Hour by hour the quiet grows; nobody is rung up each hour."""
    readings = lived(alarmed, range(20, 60))

    for hour in range(len(readings)):
        give(alarmed, readings[hour : hour + 1])

    assert standing(alarmed) == [("no_use", 20, 60)]
    assert len(orders(alarmed)) == 1


def test_late_reading_joins_two_episodes(alarmed: Alarmed) -> None:
    """The younger order ends as the same as the elder; nothing is asked twice."""
    readings = lived(alarmed, range(10, 60))
    known = [reading for hour, reading in enumerate(readings) if hour not in range(23, 36)]
    give(alarmed, [one for hour, one in enumerate(readings) if hour in (*range(24), *range(48, 73))])
    two = len(orders(alarmed))

    give(alarmed, known)
    give(alarmed, readings)

    assert two == 2
    assert standing(alarmed) == [("no_use", 10, 60)]
    assert orders(alarmed) == [("no_use", "asked", ""), ("no_use", "closed", "same_episode")]
    with transaction(alarmed.engine, read_only=True) as session:
        assert accounts(session).is_balanced


def test_away_notice_keeps_the_home_from_an_alarm(alarmed: Alarmed) -> None:
    """Who told that they are with their daughter is not sought."""
    with transaction(alarmed.engine) as session:
        senior = alarmed.world.seniors["S1"]
        record_absence(session, senior, FROM, TO, actor=CENTRE, now=DAYTIME)

    assert give(alarmed, lived(alarmed, range(20, 40))).begun == 0


def test_refuted_alarm_keeps_its_order(alarmed: Alarmed) -> None:
    """A lesser reading shows that water had run: the episode is refuted, and a person still closes the order."""
    readings = lived(alarmed, range(20, 33))
    give(alarmed, readings)
    corrected = [one._replace(litres=one.litres - 15) for one in readings[20:27]]

    give(alarmed, corrected)

    assert standing(alarmed) == []
    assert orders(alarmed) == [("no_use", "asked", "")]


def test_alarm_is_confirmed_and_handled(alarmed: Alarmed) -> None:
    """The contact is reached, says where she is, and the order is closed: 100 % confirmed and handled."""
    give(alarmed, lived(alarmed, range(20, 40)))

    alarmed.do(accept, 1, actor=CENTRE)
    alarmed.do(confirm, 1, "with_family", actor=CENTRE)
    alarmed.do(close, 1, "no_need", actor=CENTRE)

    assert orders(alarmed) == [("no_use", "closed", "no_need")]


def test_a_day_at_once_is_its_readings_one_by_one(alarmed: Alarmed) -> None:
    """The whole district's day is written by one statement, and says the same."""
    readings = lived(alarmed, range(2, 20), hours=48)[:48]
    counts = np.array([[one.litres for one in readings]], dtype=np.int64)
    device = np.array([alarmed.devices["M1"]])

    with transaction(alarmed.engine) as session:
        attempt = session.begin_nested()
        take_readings(session, readings, now=LATER)
        single = session.connection().execute(select(METER_DAY).order_by(METER_DAY.c.day)).all()
        told = episodes_of(session, [alarmed.devices["M1"]])
        attempt.rollback()
        for n in range(2):
            take_day(session, FROM + timedelta(days=n), device, counts[:, n * 24 : n * 24 + 24], now=LATER)
        whole = session.connection().execute(select(METER_DAY).order_by(METER_DAY.c.day)).all()
        assert (whole, episodes_of(session, [alarmed.devices["M1"]])) == (single, told)

    assert len(single) == 2
    assert told


@pytest.mark.parametrize("counts", [np.zeros((1, 23)), np.full((1, 24), -2), np.full((1, 24), 2**31)])
def test_day_that_is_none_is_a_mistake(alarmed: Alarmed, counts: Any) -> None:
    """A number that does not fit would be another number."""
    with pytest.raises(ValueError, match="24 counts"), transaction(alarmed.engine) as session:
        take_day(session, FROM, np.array([alarmed.devices["M1"]]), counts.astype(np.int64), now=LATER)


@pytest.mark.parametrize("reading", [{"at": LATER + timedelta(hours=2)}, {"litres": -1}, {"litres": 2**31}])
def test_reading_that_cannot_be_is_refused(alarmed: Alarmed, reading: dict[str, Any]) -> None:
    """A meter whose clock is ahead would hide a quiet home."""
    good = lived(alarmed, range(0))[0]

    with pytest.raises(WrongInput):
        give(alarmed, [good, good._replace(**reading)])

    with transaction(alarmed.engine, read_only=True) as session:
        assert session.connection().execute(select(func.count()).select_from(METER_DAY)).scalar_one() == 0


def message(readings: list[tuple[str, datetime, Any]]) -> bytes:
    """Write a message of readings."""
    listed = [{"meter": code, "at": at.isoformat(), "litres": litres} for code, at, litres in readings]
    return json.dumps({"type": "meter.readings", "data": {"readings": listed}}).encode()


def test_signed_readings_are_taken(alarmed: Alarmed) -> None:
    """A day before noon was quiet: an order; and a meter that nobody knows becomes one for a person, once."""
    start = DAYTIME - timedelta(hours=14)
    quiet = [("M1", start + timedelta(hours=n), 1000) for n in range(14)]

    first = take(alarmed, "m1", message([*quiet, ("M9", start, 7)]))
    second = take(alarmed, "m2", message([("M9", DAYTIME, 8)]))

    assert first.caused == {"readings": 14, "meters": 1, "orders": 1, "unknown": 1}
    assert second.caused == {"readings": 0, "meters": 0, "orders": 0, "unknown": 1}
    assert [(kind, state) for kind, state, _ in orders(alarmed)] == [("no_use", "asked"), ("no_use", "unknown")]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"readings": []},
        {"readings": "all"},
        {"readings": [7]},
        {"readings": [{"meter": "M1", "at": "2026-03-02T04:00:00Z"}]},
        {"readings": [{"meter": "M1", "at": "2026-03-02T04:00:00", "litres": 7}]},
        {"readings": [{"meter": "M1", "at": "noon", "litres": 7}]},
        {"readings": [{"meter": "a b", "at": "2026-03-02T04:00:00Z", "litres": 7}]},
        {"readings": [{"meter": "M1", "at": "2026-03-02T04:00:00Z", "litres": 7.5}]},
        {"readings": [{"meter": "M1", "at": "2026-03-02T04:00:00Z", "litres": True}]},
        {"readings": [{"meter": "M1", "at": "2027-03-02T04:00:00Z", "litres": 7}]},
        {"readings": [{"meter": "M1", "at": "2026-03-02T04:00:00Z", "litres": 7}] * 5001},
    ],
)
def test_message_that_says_what_cannot_be_is_refused(alarmed: Alarmed, data: dict[str, Any]) -> None:
    """Whole, so that it can be sent again when it is mended."""
    with pytest.raises(WrongInput):
        take(alarmed, "m1", json.dumps({"type": "meter.readings", "data": data}).encode())


@pytest.fixture
def typed(alarmed: Alarmed, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Alarmed:
    """The command line on the small district with its devices."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return alarmed


def test_file_of_readings_is_taken_once(typed: Alarmed, tmp_path: Path) -> None:
    """The company's export, in GB18030 with Chinese headers; typed again it changes nothing."""
    rows = [f"M1,2026/3/2 {hour}:00,1000" for hour in range(14)] + ["M9,2026-03-02 01:00:00,5"]
    file = tmp_path / "readings.csv"
    file.write_bytes("\n".join(["水表编号,读数时间,累计升数", *rows]).encode("gb18030"))

    said = [CliRunner().invoke(app, ["alarms", "meters", "read", str(file)]).output.splitlines()[1] for _ in range(2)]

    assert said == [
        "14 readings of 1 meters, 1 new orders, unknown meters: M9",
        "14 readings of 0 meters, 0 new orders, unknown meters: M9",
    ]
    assert orders(typed) == [("no_use", "asked", "")]


def test_file_with_a_fault_is_not_taken(typed: Alarmed, tmp_path: Path) -> None:
    """Each fault with its row and column, and nothing is stored."""
    file = tmp_path / "readings.csv"
    file.write_text("Meter,At,Litres\nM1,2026-03-02 01:00,1000\nM 1,soon,-5\n")

    done = CliRunner().invoke(app, ["alarms", "meters", "read", str(file)])

    assert done.exit_code == 2
    assert done.output.count("Row 3, ") == 3
    assert "The file has 3 faults; nothing of it is stored" in done.output
    with transaction(typed.engine, read_only=True) as session:
        assert session.connection().execute(select(func.count()).select_from(EPISODE)).scalar_one() == 0
