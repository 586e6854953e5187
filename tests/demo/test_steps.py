"""A step is done once, whoever tries, and a step that fails has not begun."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from timebank.core.database import transaction
from timebank.demo.steps import do_once, reached
from timebank.people.tables import Area


def _areas(engine: Engine) -> list[str]:
    with transaction(engine, read_only=True) as session:
        return list(session.exec(select(Area.code)))


def _add_area(session: Session) -> dict[str, Any]:
    session.add(Area(level="district", code="310107", name_zh="普陀区", name_en="Putuo"))
    session.flush()
    return {"areas": 1}


def test_a_done_step_is_not_done_again(engine: Engine, noon: datetime) -> None:
    """The second run of a demo must find its steps, on both databases."""
    first = do_once(engine, "area", _add_area, now=noon)

    second = do_once(engine, "area", _add_area, now=noon)

    assert (first, second) == (({"areas": 1}, True), ({"areas": 1}, False))
    assert _areas(engine) == ["310107"]


def test_two_at_once_do_a_step_once(engine: Engine, noon: datetime) -> None:
    """Two people who start the demo at the same moment share one district."""
    with ThreadPoolExecutor(2) as pool:
        tries = [pool.submit(do_once, engine, "area", _add_area, now=noon) for _ in range(2)]
        outcomes = [each.result() for each in tries]

    assert sorted(was_now for _, was_now in outcomes) == [False, True]
    assert [detail for detail, _ in outcomes] == [{"areas": 1}, {"areas": 1}]
    assert _areas(engine) == ["310107"]


def test_a_failed_step_leaves_nothing(engine: Engine, noon: datetime) -> None:
    """Half a step with a milestone would never be mended."""

    def fail(session: Session) -> dict[str, Any]:
        _add_area(session)
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011  # it says nothing: only what is left behind counts
        do_once(engine, "area", fail, now=noon)

    assert reached(engine, "area") is None
    assert _areas(engine) == []
