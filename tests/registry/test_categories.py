"""Categories have days that never overlap, a proof, a source, and somebody who said so."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.registry.conftest import EAST
from tests.worlds import MONDAY, World
from timebank.core.database import transaction
from timebank.core.errors import NotFound, Refusal, WrongInput, WrongState
from timebank.core.texts import say_refusal
from timebank.people.tables import Senior, SeniorCategory
from timebank.registry.categories import close_category, history, open_category
from timebank.registry.refusals import CategoryOverlaps
from timebank.registry.statistics import by_street, seniors_by_category, seniors_in_any

LATER = MONDAY + timedelta(days=30)


def _open(session: Session, world: World, ref: str = "S1", **changes: Any) -> SeniorCategory:
    parts: dict[str, Any] = {"from_day": MONDAY, "proof": "户口簿", "source": "office", "actor": EAST}
    category = changes.pop("category", "childless")
    return open_category(session, world.seniors[ref], category, **(parts | changes))


def test_category_is_opened_closed_and_opened_again(engine: Engine, world: World) -> None:
    """The day it closes is the first without it; the past stays, with who said so each time."""
    with transaction(engine) as session:
        first = _open(session, world)
        assert _open(session, world) is first
        ended = [
            close_category(session, world.seniors["S1"], "childless", to_day=LATER, actor="organisation:2")
            for _ in range(2)
        ]
        _open(session, world, from_day=LATER, proof="复核", source="survey")
        rows = [
            (row.from_day, row.to_day, row.proof, row.source, row.opened_by, row.closed_by)
            for row in history(session, world.seniors["S1"])
        ]
        counts = [seniors_by_category(session, day)["childless"] for day in (MONDAY, LATER - timedelta(days=1), LATER)]

    assert ended[0].to_day == ended[1].to_day == LATER
    assert rows == [
        (MONDAY, LATER, "户口簿", "office", EAST, "organisation:2"),
        (LATER, None, "复核", "survey", EAST, ""),
    ]
    assert counts == [1, 1, 1]


@pytest.mark.parametrize(
    "days",
    [
        {"from_day": MONDAY},
        {"from_day": LATER - timedelta(days=1)},
        {"from_day": MONDAY - timedelta(days=9), "to_day": MONDAY + timedelta(days=1)},
    ],
)
def test_days_of_a_category_never_overlap(engine: Engine, world: World, days: dict[str, Any]) -> None:
    """Two rows for one day would count a senior twice, and nobody would know which proof is right."""
    with transaction(engine) as session:
        _open(session, world, to_day=LATER)
        with pytest.raises(CategoryOverlaps) as refused:
            _open(session, world, proof="另一份", **days)
        _open(session, world, from_day=LATER, proof="另一份")

    assert say_refusal(refused.value) == (
        "该老人自 2026-03-02 起（至 2026-04-01）已列为“孤老”，日期不得重叠；请先结束或改期。"
    )


def test_category_closed_on_its_first_day_goes_on(engine: Engine, world: World) -> None:
    """A mistake of the morning is mended in the afternoon, without a second row of one key."""
    with transaction(engine) as session:
        _open(session, world)
        close_category(session, world.seniors["S1"], "childless", to_day=MONDAY, actor=EAST)
        empty = seniors_by_category(session, MONDAY)["childless"]
        _open(session, world, proof="复核")

        assert (empty, seniors_by_category(session, MONDAY)["childless"]) == (0, 1)
        assert len(history(session, world.seniors["S1"])) == 1


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"category": "rich"}, WrongInput),
        ({"source": "hearsay"}, WrongInput),
        ({"proof": ""}, WrongInput),
        ({"to_day": MONDAY}, WrongInput),
    ],
)
def test_category_without_a_proof_is_refused(
    engine: Engine, world: World, changes: dict[str, Any], refusal: type[Refusal]
) -> None:
    """Whoever is asked for help by it must be able to say why."""
    with transaction(engine) as session, pytest.raises(refusal):
        _open(session, world, **changes)


def test_who_is_not_there_is_in_no_category(engine: Engine, world: World) -> None:
    """Neither a stranger, nor one who has died, nor one who never was in it."""
    with transaction(engine) as session:
        session.get_one(Senior, world.seniors["S3"]).status = "deceased"
        session.flush()
        with pytest.raises(WrongState):
            _open(session, world, "S3")
        with pytest.raises(NotFound):
            close_category(session, world.seniors["S1"], "childless", to_day=MONDAY, actor=EAST)
        with pytest.raises(NotFound):
            open_category(session, 10**9, "childless", from_day=MONDAY, proof="x", source="office", actor=EAST)
        with pytest.raises(WrongInput):
            close_category(session, world.seniors["S2"], "severe_functional_impairment", to_day=date(2026, 1, 1), actor=EAST)  # fmt: skip  # noqa: E501  # one call


def test_person_in_several_counts_in_each_and_once_in_all(engine: Engine, world: World) -> None:
    """The published table counts seniors by category; their sum is more than the people."""
    with transaction(engine) as session:
        for category in ("childless", "low_income"):
            _open(session, world, category=category)
        _open(session, world, "S5")
        counts, people = seniors_by_category(session, MONDAY), seniors_in_any(session, MONDAY)
        east, west = by_street(session, MONDAY)
        own = seniors_by_category(session, MONDAY, organisation_id=world.organisations["WEST"])

    assert {key: count for key, count in counts.items() if count} == {
        "childless": 2,
        "severe_functional_impairment": 1,
        "low_income": 1,
    }
    assert (people, east.seniors, west.seniors) == (3, 2, 1)
    assert (sum(own.values()), own["childless"], west.seniors_by_category["childless"]) == (1, 1, 1)
