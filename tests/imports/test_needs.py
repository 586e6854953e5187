"""Needs come in with their senior, service and frequency."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import select

from tests.imports.rows import NEED_HEAD, codes, need
from tests.worlds import World
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
    assert (stored.frequency_kind, stored.frequency_count, stored.minutes) == ("per_week", 2, 10)
    assert (stored.gender_wish, stored.senior_id) == ("female", world.seniors["S1"])


def test_needs_name_seniors_who_are_there(engine: Engine, world: World, noon: datetime, write_csv: Write) -> None:
    """A need of nobody would never be met."""
    ends_first = need("X2", "S1")
    ends_first[7] = "2026-02-01"

    outcome = bring_in(engine, write_csv([NEED_HEAD, need("X1", "NO"), ends_first], name="n.csv"), "needs", now=noon)

    assert codes(outcome) == [(2, "老人编号", "unknown_senior"), (3, "结束日期", "to_before_from")]
