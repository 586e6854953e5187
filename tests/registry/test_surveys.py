"""A round knows whom it sees how often; due, done and overdue are the sums of their lists."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from tests.care.conftest import Team
from tests.registry.conftest import EAST, stored
from tests.worlds import World
from timebank.care.refusals import TrainingExpired, TrainingMissing
from timebank.core.database import transaction
from timebank.core.errors import KeyConflict, NotFound, Refusal, WrongInput
from timebank.people.tables import SeniorCategory
from timebank.registry.categories import close_category
from timebank.registry.surveys import (
    Progress,
    list_due,
    list_rounds,
    make_round,
    progress,
    record_sheet,
    record_survey,
    total,
)
from timebank.registry.tables import Survey

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
EVERY = {"living_alone": 31, "childless": 7}


@pytest.fixture
def march(engine: Engine, world: World, noon: datetime) -> int:
    """A round of March in Ganquan; S1 lives alone, S3 is childless, S2 both, S5 of Zhenru lives alone."""
    held = (("S1", "living_alone"), ("S2", "living_alone"), ("S2", "childless"), ("S3", "childless"), ("S5", "living_alone"))  # fmt: skip  # noqa: E501  # a table
    with transaction(engine) as session:
        session.add_all(
            SeniorCategory(senior_id=world.seniors[ref], category=category, from_day=date(2025, 1, 1))
            for ref, category in held
        )
        session.flush()
        return _round(session, world, noon)


def _round(session: Session, world: World, noon: datetime, **changes: Any) -> int:
    parts: dict[str, Any] = {"from_day": MARCH, "to_day": APRIL, "every_days": EVERY, "actor": EAST, "now": noon}
    parts["area_id"] = world.areas["310107004"]
    return make_round(session, changes.pop("code", "2026-03"), **(parts | changes)).id or 0


def _see(session: Session, world: World, march: int, ref: str, day: date, noon: datetime, **changes: Any) -> Survey:
    parts: dict[str, Any] = {"day": day, "manner": "door", "outcome": "reached", "actor": EAST, "now": noon}
    return record_survey(session, march, world.seniors[ref], **(parts | changes))


@pytest.mark.parametrize(
    ("day", "overdue"),
    [
        (MARCH, {}),
        (date(2026, 3, 7), {}),
        (date(2026, 3, 8), {"S2": 1, "S3": 1}),
        (date(2026, 3, 31), {"S2": 4, "S3": 4}),
        (APRIL, {"S1": 1, "S2": 4, "S3": 4}),
        (date(2026, 6, 1), {"S1": 1, "S2": 4, "S3": 4}),
    ],
)
def test_overdue_is_what_the_days_say(
    engine: Engine, world: World, march: int, day: date, overdue: dict[str, int]
) -> None:
    """Every seven days is four times in March, the first by the eighth; once a month is overdue when it has ended."""
    with transaction(engine, read_only=True) as session:
        found = list_due(session, march, day, first=9, only_overdue=True)
        everyone = [(row.external_ref, row.planned) for row in list_due(session, march, day, first=9)]

    assert {row.external_ref: row.overdue for row in found} == overdue
    assert everyone == [("S1", 1), ("S2", 4), ("S3", 4)]


def test_numbers_are_the_sums_of_their_lists(engine: Engine, world: World, march: int, noon: datetime) -> None:
    """More than planned is not more than done; who was not met is not done."""
    day = date(2026, 3, 16)
    with transaction(engine) as session:
        for number in (2, 3, 9):
            _see(session, world, march, "S1", date(2026, 3, number), noon)
        _see(session, world, march, "S2", date(2026, 3, 5), noon, outcome="refused", manner="phone")
        _see(session, world, march, "S3", date(2026, 3, 5), noon, outcome="not_reached")
        _see(session, world, march, "S3", date(2026, 3, 17), noon)
        (row,) = progress(session, march, day)
        lines = list_due(session, march, day, first=9)

    assert row == Progress(world.areas["310107004001"], "310107004001", "甘泉第1居委会", 3, 9, 2, 3)
    assert (row.due, row.done, row.overdue) == tuple(
        sum(getattr(line, name) for line in lines) for name in ("planned", "done", "overdue")
    )
    assert total([row, row])[3:] == (6, 18, 4, 6)


def test_survey_of_a_day_is_one(engine: Engine, world: World, march: int, noon: datetime) -> None:
    """A form that is sent twice is one survey; another finding on the same day is told."""
    day = date(2026, 3, 5)
    with transaction(engine) as session:
        numbers = {_see(session, world, march, "S1", day, noon, note="门口有台阶").id for _ in range(2)}
        with pytest.raises(KeyConflict):
            _see(session, world, march, "S1", day, noon, outcome="refused", note="门口有台阶")

        assert len(numbers) == 1
        assert session.exec(select(Survey.note)).one() == "门口有台阶"


@pytest.mark.parametrize(
    ("ref", "changes", "refusal"),
    [
        ("S1", {"day": APRIL}, WrongInput),
        ("S1", {"manner": "letter"}, WrongInput),
        ("S1", {"outcome": "happy"}, WrongInput),
        ("S1", {"note": ""}, WrongInput),
        ("S4", {}, NotFound),
        ("S5", {}, NotFound),
    ],
)
def test_survey_that_cannot_be_is_refused(
    engine: Engine, world: World, march: int, noon: datetime, ref: str, changes: dict[str, Any], refusal: type[Refusal]
) -> None:
    """A day outside, a word nobody knows, a senior whom the round does not see or of another street."""
    with transaction(engine) as session, pytest.raises(refusal):
        _see(session, world, march, ref, noon=noon, **{"day": date(2026, 3, 5)} | changes)


def test_surveyor_must_be_trained(engine: Engine, march: int, team: Team) -> None:
    """A survey by somebody whose training ended is refused with the day; C1 is trained until June."""
    world, noon, day = team.world, team.noon, date(2026, 3, 5)
    with transaction(engine) as session:
        _see(session, world, march, "S1", day, noon, surveyor_id=team.members["C1"])
        with pytest.raises(TrainingMissing):
            _see(session, world, march, "S2", day, noon, surveyor_id=team.members["A1"])
        june = _round(session, world, noon, code="2026-06", from_day=date(2026, 6, 1), to_day=date(2026, 7, 1))
        with pytest.raises(TrainingExpired):
            _see(session, world, june, "S1", date(2026, 6, 1), noon, surveyor_id=team.members["C1"])


def test_sheet_of_a_day_leaves_the_rows_of_one_by_one(engine: Engine, march: int, team: Team) -> None:
    """The mass goes by another way, with the very same rows; the same sheet again adds none."""
    world, noon, day = team.world, team.noon, date(2026, 3, 5)
    lines = [
        {"senior_id": world.seniors[ref], "manner": "door", "outcome": outcome, "surveyor_id": team.members["C1"]}
        for ref, outcome in (("S1", "reached"), ("S2", "not_reached"), ("S3", "reached"))
    ]
    with transaction(engine) as session:
        attempt = session.begin_nested()
        for line in lines:
            record_survey(session, march, line.pop("senior_id"), day=day, actor=EAST, now=noon, **line)  # type: ignore[arg-type]  # parts by name
        one_by_one = stored(session)["survey"]
        attempt.rollback()
        session.expire_all()
        for line, ref in zip(lines, ("S1", "S2", "S3"), strict=True):
            line["senior_id"] = world.seniors[ref]
        counts = [record_sheet(session, march, day, lines, actor=EAST, now=noon) for _ in range(2)]

        assert counts == [3, 0]
        assert [row[1:] for row in stored(session)["survey"]] == [row[1:] for row in one_by_one]


@pytest.mark.parametrize(
    ("change", "refusal"), [({"ref": "S5"}, NotFound), ({"who": "D1"}, TrainingMissing), ({"manner": "x"}, WrongInput)]
)
def test_sheet_is_all_or_nothing(
    engine: Engine,
    march: int,
    team: Team,
    change: dict[str, str],
    refusal: type[Refusal],
) -> None:
    """One wrong line, and nobody has to find out which lines were taken."""
    line = {"manner": change.get("manner", "door"), "outcome": "reached"}
    people = {"senior_id": team.world.seniors[change.get("ref", "S1")], "surveyor_id": team.members[change.get("who", "C1")]}  # fmt: skip  # noqa: E501  # a row
    with transaction(engine) as session:
        with pytest.raises(refusal):
            record_sheet(session, march, date(2026, 3, 5), [{**line, **people}], actor=EAST, now=team.noon)

        assert stored(session)["survey"] == []


def test_category_that_ends_takes_its_surveys_along(engine: Engine, world: World, march: int, noon: datetime) -> None:
    """Nobody is overdue for somebody who is not to be seen any more."""
    with transaction(engine) as session:
        close_category(session, world.seniors["S3"], "childless", to_day=date(2026, 3, 10), actor=EAST)

        assert [row.external_ref for row in list_due(session, march, date(2026, 3, 9), first=9)] == ["S1", "S2", "S3"]
        assert [row.external_ref for row in list_due(session, march, date(2026, 3, 10), first=9)] == ["S1", "S2"]


def test_round_of_a_district_sees_every_street(engine: Engine, world: World, march: int, noon: datetime) -> None:
    """One round for all, and each organisation its own part of it."""
    own = world.organisations["WEST"]
    with transaction(engine) as session:
        number = _round(session, world, noon, code="all", area_id=world.areas["310107"])
        again = _round(session, world, noon, code="all", area_id=world.areas["310107"])
        rows, west = progress(session, number, MARCH), progress(session, number, MARCH, organisation_id=own)
        rounds = [row.code for row in list_rounds(session, first=9, organisation_id=own)]
        paged = [row.code for row in list_rounds(session, first=9, before=number)]
        page = list_due(session, number, MARCH, first=2, after=world.seniors["S2"], committee="310107004001")

    assert number == again != march
    assert [(row.code, row.seniors) for row in rows] == [("310107004001", 3), ("310107007001", 1)]
    assert west == rows[1:]
    assert (rounds, paged) == (["all"], ["2026-03"])
    assert [row.external_ref for row in page] == ["S3"]


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"every_days": {}}, WrongInput),
        ({"every_days": {"rich": 7}}, WrongInput),
        ({"every_days": {"childless": 0}}, WrongInput),
        ({"to_day": MARCH}, WrongInput),
        ({"to_day": MARCH + timedelta(days=367)}, WrongInput),
        ({"code": ""}, WrongInput),
        ({"area_id": 10**9}, NotFound),
        ({"to_day": date(2026, 4, 2)}, KeyConflict),
    ],
)
def test_round_that_cannot_be_is_refused(
    engine: Engine, world: World, march: int, noon: datetime, changes: dict[str, Any], refusal: type[Refusal]
) -> None:
    """A round that sees nobody, never ends, or has another's code."""
    with transaction(engine) as session, pytest.raises(refusal):
        _round(session, world, noon, **changes)
