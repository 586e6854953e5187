"""A sample is drawn by seed and quota, stays as it was drawn, and what came of it is kept."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.together import at_once
from tests.visits.conftest import MakeVisit, begin, end, events
from tests.worlds import MONDAY, World
from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.visits import life
from timebank.visits.credit import credit_day
from timebank.visits.diary import Outcome, record_day
from timebank.visits.refusals import PartyToAudit
from timebank.visits.samples import Stratum, draw, sampled, strata, tell_outcome

EVENING = moment_at(MONDAY, 21 * 60)
AUDITOR = "organisation:9"
TUESDAY = MONDAY + timedelta(days=1)


@pytest.fixture
def held(engine: Engine, make_visit: MakeVisit) -> dict[str, int]:
    """Confirmed greetings of S1 to S4 (app, app, app, paper) in Ganquan and of S5 (app) in Zhenru."""
    grades = {"S1": "app", "S2": "app", "S3": "app", "S4": "paper", "S5": "app"}
    visits = {who: make_visit(f"{who}-greeting") for who in grades}
    sheet = [Outcome(visits[who], "confirmed", 540, 10, grade, "senior") for who, grade in grades.items()]
    with transaction(engine) as session:
        record_day(session, MONDAY, sheet, actor="organisation:1", now=EVENING)
    return visits


def _draw(session: Session, world: World, **changes: Any) -> int:
    asked: dict[str, Any] = {"from_day": MONDAY, "to_day": TUESDAY, "seed": 7, "quota": 2}
    east = world.organisations["EAST"]
    return draw(session, east, **(asked | changes), actor=AUDITOR, now=EVENING).id or 0


def _visits(session: Session, world: World, sample: int) -> list[tuple[str, int, int, int]]:
    rows = sampled(session, sample, organisation_id=world.organisations["EAST"])
    return [(row.evidence, row.rank, row.visit_id, row.stratum_size) for row in rows]


def test_every_grade_has_its_quota_from_own_areas(engine: Engine, world: World, held: dict[str, int]) -> None:
    """A rare grade is not lost among the many, and a neighbour's visits are not looked into."""
    with transaction(engine) as session:
        drawn = _visits(session, world, _draw(session, world))

        assert [(grade, rank, size) for grade, rank, _, size in drawn] == [
            ("app", 1, 3),
            ("app", 2, 3),
            ("paper", 1, 1),
        ]
        assert {visit for _, _, visit, _ in drawn} < {held[who] for who in ("S1", "S2", "S3", "S4")}


def test_same_seed_draws_the_same_and_another_another(engine: Engine, world: World, held: dict[str, int]) -> None:
    """Whoever doubts a sample draws it again; whoever would place a visit outside cannot know how."""
    with transaction(engine) as session:
        attempt = session.begin_nested()
        first = _visits(session, world, _draw(session, world))
        attempt.rollback()

        assert _visits(session, world, _draw(session, world)) == first
        others = {tuple(_visits(session, world, _draw(session, world, seed=seed))) for seed in range(8)}
        assert len(others) > 1


def test_draw_that_stands_stays(engine: Engine, world: World, make_visit: MakeVisit, held: dict[str, int]) -> None:
    """What is confirmed later does not change a sample that somebody is asking about already."""
    with transaction(engine) as session:
        number = _draw(session, world, quota=10)
        before = _visits(session, world, number)
    late = make_visit("S1-door_visit", "V5")
    with transaction(engine) as session:
        sheet = [Outcome(late, "confirmed", 600, 45, "app", "senior")]
        record_day(session, MONDAY, sheet, actor="organisation:1", now=EVENING)

        assert _draw(session, world, quota=10) == number
        assert _visits(session, world, number) == before
        assert len(_visits(session, world, _draw(session, world, quota=11))) == len(before) + 1


def test_two_who_draw_at_once_draw_one(engine: Engine, world: World, held: dict[str, int]) -> None:
    """Two presses of one button."""
    one, other = at_once(engine, lambda s: _draw(s, world), lambda s: _draw(s, world))

    assert one == other


@pytest.mark.parametrize(
    "changes",
    [
        {"quota": 0},
        {"quota": 501},
        {"to_day": MONDAY},
        {"to_day": MONDAY + timedelta(days=2)},
        {"from_day": date(2025, 1, 1)},
    ],
    ids=["none", "too many", "no day", "days to come", "more than a year"],
)
def test_impossible_draw_is_refused(engine: Engine, world: World, changes: dict[str, Any]) -> None:
    """A sample of nothing would say that all is well."""
    with transaction(engine) as session, pytest.raises(WrongInput):
        _draw(session, world, **changes)


def test_only_what_was_served_is_drawn(engine: Engine, world: World, make_visit: MakeVisit) -> None:
    """Nobody is asked about a visit that did not happen, or is disputed already."""
    visits = [make_visit(f"S{n}-greeting") for n in range(1, 4)]
    with transaction(engine) as session:
        life.miss(session, visits[0], actor="organisation:1", note="", now=EVENING)
        begin(session, visits[1])
        end(session, visits[1])

        drawn = _visits(session, world, _draw(session, world))

        assert [visit for _, _, visit, _ in drawn] == [visits[1]]


Tell = Callable[..., str]


@pytest.fixture
def drawn(engine: Engine, world: World, visit: int) -> tuple[int, int]:
    """A sample of one visit that is checked out and not confirmed: sample and visit."""
    with transaction(engine) as session:
        begin(session, visit)
        end(session, visit)
        return _draw(session, world), visit


def _tell(session: Session, world: World, drawn: tuple[int, int], outcome: str, **changes: Any) -> str:
    sample, visit = drawn
    parts: dict[str, Any] = {"organisation_id": world.organisations["EAST"], "actor": AUDITOR, "note": "电话核实"}
    return tell_outcome(session, sample, visit, outcome=outcome, now=EVENING, **(parts | changes)).outcome


@pytest.mark.parametrize(
    ("outcome", "status", "by"),
    [("upheld", "confirmed", "sample"), ("not_upheld", "disputed", ""), ("unreachable", "checked_out", "")],
)
def test_outcome_moves_what_nobody_had_confirmed(
    engine: Engine, world: World, drawn: tuple[int, int], outcome: str, status: str, by: str
) -> None:
    """A visit that was drawn and upheld is confirmed by the sample; told again, nothing changes."""
    with transaction(engine) as session:
        assert [_tell(session, world, drawn, outcome) for _ in range(2)] == [outcome] * 2

        visit = life.visit_of(session, drawn[1])
        assert (visit.status, visit.confirmed_by) == (status, by)
        assert len(events(session, drawn[1])) == (outcome == "not_upheld")
        with pytest.raises(WrongState):
            _tell(session, world, drawn, {"upheld": "unreachable"}.get(outcome, "upheld"))


def test_credited_visit_that_is_not_upheld_keeps_its_credit_and_an_event(
    engine: Engine, world: World, drawn: tuple[int, int]
) -> None:
    """A person decides about a reversal; the sample only says what it found."""
    with transaction(engine) as session:
        life.confirm(session, drawn[1], confirmed_by="senior")
        credit_day(session, world.book, MONDAY, now=EVENING)

        _tell(session, world, drawn, "not_upheld", note="老人说没有来")

        assert life.visit_of(session, drawn[1]).status == "confirmed"
        assert events(session, drawn[1]) == [("not_upheld", AUDITOR, "老人说没有来")]


def test_confirmed_and_uncredited_visit_that_is_not_upheld_is_disputed(
    engine: Engine, world: World, drawn: tuple[int, int]
) -> None:
    """It mints nothing until a third person has decided."""
    with transaction(engine) as session:
        life.confirm(session, drawn[1], confirmed_by="senior")
        _tell(session, world, drawn, "not_upheld")

        assert credit_day(session, world.book, MONDAY, now=EVENING).visits == 0
        assert life.visit_of(session, drawn[1]).status == "disputed"


def test_outcome_is_told_by_a_third_person_of_the_same_house(
    engine: Engine, world: World, drawn: tuple[int, int]
) -> None:
    """Who gave or was served does not audit, nor does another organisation; a bad word has reasons."""
    refused: list[tuple[type[Exception], str, dict[str, Any]]] = [
        (PartyToAudit, "upheld", {"actor": f"person:{world.volunteers['V1']}"}),
        (PartyToAudit, "upheld", {"actor": f"person:{world.seniors['S1']}"}),
        (NotFound, "upheld", {"organisation_id": world.organisations["WEST"]}),
        (WrongInput, "not_upheld", {"note": " "}),
        (WrongInput, "guilty", {}),
    ]
    with transaction(engine) as session:
        for refusal, outcome, changes in refused:
            with pytest.raises(refusal):
                _tell(session, world, drawn, outcome, **changes)
        with pytest.raises(NotFound):
            _tell(session, world, (drawn[0] + 1, drawn[1]), "upheld")
        with pytest.raises(NotFound):
            sampled(session, drawn[0], organisation_id=world.organisations["WEST"])

        assert life.visit_of(session, drawn[1]).status == "checked_out"


def test_strata_say_what_came_of_each_grade(engine: Engine, world: World, held: dict[str, int]) -> None:
    """The share that was upheld is read grade by grade, with how many there were."""
    with transaction(engine) as session:
        sample = _draw(session, world, quota=3)
        for who, outcome in (("S1", "upheld"), ("S2", "not_upheld"), ("S4", "unreachable")):
            _tell(session, world, (sample, held[who]), outcome)

        found = strata(session, sample, organisation_id=world.organisations["EAST"])

        assert found == [Stratum("app", 3, 3, 1, 1, 0), Stratum("paper", 1, 1, 0, 0, 1)]
        kept = text("SELECT count(*) FROM sampled_visit WHERE outcome <> '' AND asked_by = :who AND note <> ''")
        assert session.connection().execute(kept, {"who": AUDITOR}).scalar_one() == 3
