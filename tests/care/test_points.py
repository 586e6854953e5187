"""Whoever walks to an advice point finds it open when we say so."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.care.conftest import EAST, GANQUAN, ZHENRU, Team
from tests.worlds import MONDAY
from timebank.care.points import Standing, end_hours, list_points, reopen, set_hours, shut, standing
from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput

WORKDAYS, MORNING, AFTERNOON = 0b0011111, (540, 690), (810, 990)
FRIDAY = MONDAY + timedelta(days=4)


def _open(session: Session, team: Team, span: tuple[int, int], weekdays: int = WORKDAYS, day: date = MONDAY) -> int:
    hours = set_hours(
        session,
        team.points["P1"],
        weekdays=weekdays,
        opens_min=span[0],
        closes_min=span[1],
        from_day=day,
        actor=EAST,
        now=team.noon,
    )
    return hours.id or 0


def _at(session: Session, team: Team, day: date, minute: int) -> Standing:
    point = team.points["P1"]
    return standing(session, [point], moment_at(day, minute))[point]


@pytest.mark.parametrize(
    ("day", "minute", "open_until", "opens"),
    [
        (MONDAY, 539, None, (MONDAY, 540)),
        (MONDAY, 540, (MONDAY, 690), (MONDAY, 810)),
        (MONDAY, 690, None, (MONDAY, 810)),
        (MONDAY, 811, (MONDAY, 990), (MONDAY + timedelta(days=1), 540)),
        (FRIDAY, 991, None, (MONDAY + timedelta(days=7), 540)),
        (MONDAY - timedelta(days=7), 600, None, (MONDAY, 540)),
    ],
)
def test_point_is_open_at_its_hours(
    engine: Engine,
    team: Team,
    day: date,
    minute: int,
    open_until: tuple[date, int] | None,
    opens: tuple[date, int],
) -> None:
    """Half-open hours, two a day, a weekend between, and a first day."""
    with transaction(engine) as session:
        _open(session, team, MORNING)
        _open(session, team, AFTERNOON)

        found = _at(session, team, day, minute)

    assert found == Standing(moment_at(*open_until) if open_until else None, moment_at(*opens))


def test_closure_is_stronger_than_hours(engine: Engine, team: Team) -> None:
    """On a holiday nobody is there; taken back, the hours hold again; the same closure twice is one."""
    with transaction(engine) as session:
        _open(session, team, MORNING)
        days = (MONDAY, MONDAY + timedelta(days=3))
        rows = [shut(session, team.points["P1"], *days, reason="装修", actor=EAST, now=team.noon) for _ in range(2)]
        closed = _at(session, team, MONDAY, 600)
        reopen(session, rows[0].id or 0, actor=EAST, now=team.noon)

        assert rows[0].id == rows[1].id
        assert closed == Standing(None, moment_at(MONDAY + timedelta(days=3), 540))
        assert _at(session, team, MONDAY, 600).open_until == moment_at(MONDAY, 690)


def test_hours_that_end_hold_no_more(engine: Engine, team: Team) -> None:
    """A point without hours is shut, and no day is made up on which it would open."""
    with transaction(engine) as session:
        number = _open(session, team, MORNING)
        assert _open(session, team, MORNING) == number
        end_hours(session, number, to_day=FRIDAY)

        assert _at(session, team, FRIDAY, 600) == Standing(None, None)
        assert _at(session, team, FRIDAY - timedelta(days=1), 600).open_until is not None


@pytest.mark.parametrize(
    ("span", "weekdays"),
    [((600, 600), WORKDAYS), ((-1, 60), WORKDAYS), ((600, 1441), WORKDAYS), ((680, 700), 1), ((700, 760), 128)],
)
def test_hours_that_cannot_be_are_refused(engine: Engine, team: Team, span: tuple[int, int], weekdays: int) -> None:
    """Hours that never open, leave the day, or overlap with others of the point."""
    with transaction(engine) as session:
        _open(session, team, MORNING)
        with pytest.raises(WrongInput):
            _open(session, team, span, weekdays)


def test_unknown_point_and_empty_closure_are_refused(engine: Engine, team: Team) -> None:
    """Nothing is written down of what is not there, or of no day."""
    with transaction(engine) as session:
        with pytest.raises(NotFound):
            shut(session, 10**9, MONDAY, FRIDAY, reason="", actor=EAST, now=team.noon)
        with pytest.raises(WrongInput):
            shut(session, team.points["P1"], MONDAY, MONDAY, reason="", actor=EAST, now=team.noon)


def test_points_are_listed_by_street(engine: Engine, team: Team, noon: datetime) -> None:
    """A point of a committee belongs to its street, and to the organisation that works there."""
    own, other = (team.world.organisations[code] for code in ("EAST", "WEST"))
    with transaction(engine, read_only=True) as session:
        found = [
            [row.code for row in list_points(session, first=9, **asked)]
            for asked in ({"subdistrict": GANQUAN}, {"subdistrict": ZHENRU}, {"organisation_id": own}, {"after": 99})
        ]
        hidden = list_points(session, first=9, organisation_id=other)

    assert (found, hidden, noon) == ([["P1"], [], ["P1"], []], [], team.noon)
