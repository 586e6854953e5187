"""Many members at once leave the rows of one by one, or none at all."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.care.conftest import EAST, LAST_YEAR, Team
from tests.registry.conftest import stored
from tests.worlds import MONDAY
from timebank.care.members import Newcomer, begin_role, enrol
from timebank.care.rosters import Line, enrol_roster, train_many
from timebank.care.trainings import may, record_training
from timebank.core.database import transaction
from timebank.core.errors import Refusal, WrongInput, WrongState

TABLES = ("care_member", "care_role", "training")


def _line(team: Team, ref: str, **changes: Any) -> Line:
    parts: dict[str, Any] = {
        "person": Newcomer(name=f"周{ref}", gender="female", born_on=date(1980, 1, 1), phone="13800000000"),
        "role": "cadre",
        "area_id": team.world.areas["310107004001"],
        "from_day": LAST_YEAR,
        "trainings": (("survey", LAST_YEAR), ("first_aid", MONDAY)),
    }
    return Line(ref=ref, **(parts | changes))


def _rows(session: Session) -> dict[str, list[Any]]:
    return {name: rows for name, rows in stored(session).items() if name in TABLES}


def _without_ids(rows: list[Any], at: int, numbers: list[int]) -> list[tuple[Any, ...]]:
    """Return rows of some people by their place among them, without the ids that a database counts on."""
    return sorted(((numbers.index(row[at]), *row[at + 1 :]) for row in rows if row[at] in numbers), key=repr)


def test_roster_leaves_the_rows_of_one_by_one(engine: Engine, team: Team) -> None:
    """The mass goes by another way; members, roles and trainings are the very same, and open the same acts."""
    lines = [_line(team, ref) for ref in ("R1", "R2")]
    said: dict[str, Any] = {"actor": EAST, "now": team.noon}
    with transaction(engine) as session:
        attempt = session.begin_nested()
        first = [enrol(session, line.ref, line.person, joined_on=line.from_day).person_id for line in lines]
        for line, number in zip(lines, first, strict=True):
            begin_role(session, number, line.role, area_id=line.area_id, from_day=line.from_day, **said)
            for kind, day in line.trainings:
                record_training(session, number, kind, trained_on=day, **said)
        one_by_one = _rows(session)
        attempt.rollback()
        session.expire_all()
        numbers = enrol_roster(session, lines, **said)

        assert len(numbers) == 2
        assert {name: len(rows) for name, rows in _rows(session).items()} == {
            name: len(rows) for name, rows in one_by_one.items()
        }
        for name, at in (("care_member", 0), ("training", 1)):
            assert _without_ids(_rows(session)[name], at, numbers) == _without_ids(one_by_one[name], at, first)
        may(session, numbers[1], "survey", MONDAY)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"ref": "C1"}, WrongState),
        ({"ref": "R1"}, WrongState),
        ({"role": "king"}, WrongInput),
        ({"trainings": (("magic", MONDAY),)}, WrongInput),
        ({"trainings": (("basic", MONDAY),)}, WrongInput),
        ({"person": Newcomer(name="周", gender="x", born_on=MONDAY)}, WrongInput),
    ],
)
def test_roster_is_all_or_nothing(engine: Engine, team: Team, changes: dict[str, Any], refusal: type[Refusal]) -> None:
    """A number that is taken or doubled, a role or training nobody knows: nobody is enrolled."""
    lines = [_line(team, "R1"), _line(team, **({"ref": "R2"} | changes))]
    with transaction(engine) as session:
        before = stored(session)
        with pytest.raises(refusal):
            enrol_roster(session, lines, actor=EAST, now=team.noon)

        assert stored(session) == before


def test_training_of_many_is_one_each(engine: Engine, team: Team) -> None:
    """The same day again adds none; the basic training, which credit reads, is recorded one by one."""
    people = [team.members["C1"], team.members["D1"]]
    said: dict[str, Any] = {"trained_on": MONDAY, "actor": EAST, "now": team.noon}
    with transaction(engine) as session:
        counts = [train_many(session, "first_aid", people, **said) for _ in range(2)]
        may(session, team.members["D1"], "rescue", MONDAY)
        with pytest.raises(WrongInput):
            train_many(session, "basic", people, **said)

    assert counts == [2, 0]
