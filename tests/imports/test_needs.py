"""Needs come in with their senior, service and frequency."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import select

from tests.imports.rows import NEED_HEAD, codes, need
from tests.worlds import MONDAY, World
from timebank.core.database import transaction
from timebank.imports.batches import bring_in
from timebank.needs.tables import Need

Write = Callable[..., Path]


def test_needs_come_in_and_change(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """Minutes come from the catalogue when the file does not say."""
    bring_in(engine, write_csv([NEED_HEAD, need("X1", "S1")], name="n.csv"), "needs", now=noon)
    other = need("X1", "S1")
    other[4] = "每周2次"

    changed = bring_in(engine, write_csv([NEED_HEAD, other], name="m.csv"), "needs", now=noon)

    with transaction(engine, read_only=True) as session:
        stored = session.exec(select(Need).where(Need.external_ref == "X1")).one()
    assert changed.counts == (0, 1, 0)
    assert [one.columns for one in changed.differences] == [("频次",)]
    assert (stored.frequency_kind, stored.frequency_count, stored.minutes) == ("per_week", 2, 10)
    assert (stored.gender_wish, stored.senior_id) == ("female", world.seniors["S1"])


def test_needs_name_seniors_who_are_there(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """A need of nobody would never be met, nor one that ends before it starts."""
    ends_first = need("X2", "S1")
    ends_first[7] = "2026-02-01"

    outcome = bring_in(engine, write_csv([NEED_HEAD, need("X1", "NO"), ends_first], name="n.csv"), "needs", now=noon)

    assert codes(outcome) == [(2, "老人编号", "unknown_senior"), (3, "结束日期", "to_before_from")]


def test_an_organisation_serves_its_own_areas(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """S5 lives where EAST does not work: EAST would never see the need, and nobody else would serve it."""
    outcome = bring_in(engine, write_csv([NEED_HEAD, need("X1", "S5")]), "needs", now=noon)

    assert codes(outcome) == [(2, "组织", "organisation_elsewhere")]
    assert outcome.faults[0].value == "EAST组织"


def test_hours_that_hold_no_visit_are_told(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """No calendar could ever place it."""
    head, row = [*NEED_HEAD, "适合时段", "每次分钟"], [*need("X1", "S1"), "9:00-9:30", 45]

    outcome = bring_in(engine, write_csv([head, row]), "needs", now=noon)

    assert codes(outcome) == [(2, "适合时段", "hours_short")]
    assert outcome.faults[0].told("zh") == "时段比一次服务的 45 分钟还短；请放宽时段。"


def test_a_need_without_days_begins_today_and_keeps_its_beginning(
    engine: Engine, world: World, noon: datetime, write_csv: Write
) -> None:
    """The same list next month does not move what was begun."""
    path = write_csv([NEED_HEAD[:5], need("X1", "S1")[:5]])
    bring_in(engine, path, "needs", now=noon)

    again = bring_in(
        engine, write_csv([NEED_HEAD[:5], need("X1", "S1")[:5], []]), "needs", now=noon + timedelta(days=31)
    )

    with transaction(engine, read_only=True) as session:
        stored = session.exec(select(Need).where(Need.external_ref == "X1")).one()
    assert again.counts == (0, 0, 1)
    assert stored.from_day == MONDAY
