"""A place is asked for once, far enough ahead, for whom a project is there; every no says what would be right."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlmodel import Session

from tests.bookings.conftest import HOSPITAL, THURSDAY, Desk
from tests.worlds import MONDAY
from timebank.bookings.refusals import (
    AlreadyBooked,
    BudgetUsedUp,
    NoSuchTime,
    NotForThisSenior,
    NoticeTooShort,
    OutsideProjects,
    TooFarAhead,
)
from timebank.bookings.requests import Destination
from timebank.bookings.rules import standard_terms, terms_on
from timebank.bookings.steps import REQUEST
from timebank.core.errors import KeyConflict, NotFound, Refusal, WrongInput
from timebank.core.texts import say_refusal


def _count(session: Session) -> int:
    return int(session.connection().execute(select(func.count()).select_from(REQUEST)).scalar_one())


def test_same_key_with_same_content_is_one_booking(desk: Desk, session: Session) -> None:
    """A clerk whose line broke enters the call again."""
    first = desk.number(session, "S1", key="call-1")

    again = desk.number(session, "S1", key="call-1")

    assert again == first
    assert _count(session) == 1
    assert len(desk.places(session, first)) == 1


def test_same_key_with_other_content_is_refused(desk: Desk, session: Session) -> None:
    """Nobody is told that another wish was booked."""
    desk.ask(session, "S1", key="call-1")

    with pytest.raises(KeyConflict):
        desk.ask(session, "S2", key="call-1")


def test_same_wish_under_another_key_is_shown_the_first(desk: Desk, session: Session) -> None:
    """Daughter and neighbour both call: the second desk sees that it is done, and may say that this is another."""
    first = desk.number(session, "S1")

    with pytest.raises(AlreadyBooked) as refusal:
        desk.ask(session, "S1", asker_relation="neighbour")

    assert refusal.value.request_id == first
    assert desk.number(session, "S1", is_another=True) != first


def test_days_that_are_too_soon_are_left_out_of_several(desk: Desk, session: Session) -> None:
    """Any day of this week will do: the first that can be asked for is three days ahead."""
    number = desk.number(session, "S1", day=MONDAY, days=5)

    assert [place[1] for place in desk.places(session, number)] == [THURSDAY]


def test_who_asks_and_for_whom_is_written_down(desk: Desk, session: Session) -> None:
    """The desk that recorded it, the one who called, and the words of the call; names do not stand in plain."""
    row = desk.ask(session, "S1", asker_relation="child", asker_name="王小明", wish="上午最好")

    plain = session.connection().execute(text("SELECT asker_name, recorded_by FROM place_request")).one()
    assert (row.asker_relation, row.source, plain.recorded_by) == ("child", "phone", "organisation:1")
    assert (row.asker_name, row.wish) == ("王小明", "上午最好")
    assert "王小明".encode() not in bytes(plain.asker_name)


def _before(session: Session, statement: str) -> None:
    if statement:
        session.connection().execute(text(statement))


REFUSED: list[Any] = [
    pytest.param({"day": MONDAY + timedelta(days=2)}, "", NoticeTooShort, "2026-03-05", id="two days ahead"),
    pytest.param({"day": MONDAY + timedelta(days=61)}, "", TooFarAhead, "2026-05-01", id="too far ahead"),
    pytest.param(
        {},
        "UPDATE senior_category SET to_day = '2026-03-01'",
        NotForThisSenior,
        "须属于重度失能",
        id="not of the category",
    ),
    pytest.param(
        {},
        "UPDATE person SET born_on = '1960-01-01'",
        NotForThisSenior,
        "66 岁，须满 70 岁",
        id="too young",
    ),
    pytest.param(
        {},
        'UPDATE project SET eligibility = \'{"subdistricts": ["310107007"]}\'',
        NotForThisSenior,
        "不在项目覆盖的街镇",
        id="another street",
    ),
    pytest.param(
        {"wheelchairs": 1},
        "UPDATE slot SET wheelchairs = 0",
        NotForThisSenior,
        "没有轮椅位",
        id="no place for a wheelchair",
    ),
    pytest.param({}, "UPDATE project SET status = 'closed'", NotForThisSenior, "没有开放的项目", id="no project"),
    pytest.param(
        {}, "UPDATE project SET ends_on = '2026-03-05'", OutsideProjects, "2026-03-05", id="after the project's period"
    ),
    pytest.param({"day": date(2026, 3, 7)}, "", NoSuchTime, "周一09:00-11:00", id="a Saturday"),
    pytest.param({"window_start_min": 720}, "", NoSuchTime, "09:00-11:00", id="in the afternoon"),
    pytest.param({}, "UPDATE project SET budget_cents = 4999", BudgetUsedUp, "4999", id="past the budget"),
    pytest.param({"source": "fax"}, "", WrongInput, "phone", id="no such door"),
    pytest.param({"asker_relation": "boss"}, "", WrongInput, "neighbour", id="no such relation"),
    pytest.param({"minutes": 900}, "", WrongInput, "900", id="longer than the hours"),
    pytest.param({"destination": HOSPITAL}, "", WrongInput, "目的地", id="a bath that goes somewhere"),
    pytest.param({"days": 0}, "", WrongInput, "to_day", id="no day"),
    pytest.param({"wish": "x" * 1001}, "", WrongInput, "1000", id="too many words"),
]


@pytest.mark.parametrize(("changes", "before", "refusal", "said"), REFUSED)
def test_what_cannot_be_is_refused_with_its_reason(
    desk: Desk, session: Session, changes: dict[str, Any], before: str, refusal: type[Refusal], said: str
) -> None:
    """Whoever calls is told why not, in words, and nothing is left behind."""
    _before(session, before)

    with pytest.raises(refusal) as met:
        desk.ask(session, "S1", **changes)

    assert said in say_refusal(met.value, "zh")
    assert say_refusal(met.value, "en")
    assert _count(session) == 0


TRIPS: list[Any] = [
    pytest.param({"destination": None}, "destination", id="nowhere"),
    pytest.param({"destination": Destination(name="", lat_deg=31.25, lon_deg=121.42)}, "destination", id="no name"),
    pytest.param({"destination": Destination(name="北京", lat_deg=39.9, lon_deg=116.4)}, "destination", id="too far"),
    pytest.param(
        {"destination": Destination(name="院", lat_deg=31.25, lon_deg=121.42, arrive_min=700, back_min=600)},
        "arrive_min, back_min",
        id="back before it arrives",
    ),
]


@pytest.mark.parametrize(("changes", "field"), TRIPS)
def test_a_trip_has_a_destination_that_can_be(
    desk: Desk, session: Session, changes: dict[str, Any], field: str
) -> None:
    """A driver must know where to, and be able to be there."""
    with pytest.raises(WrongInput) as refusal:
        desk.ask(session, "S1", "trip", **changes)

    assert refusal.value.field == field


SERIES: list[Any] = [
    pytest.param({"days": 92}, WrongInput, id="longer than thirteen weeks"),
    pytest.param({"day": MONDAY + timedelta(days=1)}, NoticeTooShort, id="begins too soon"),
    pytest.param({"days": 14, "weekdays": 1 << 5}, NoSuchTime, id="a weekday without slots"),
    pytest.param({"days": 1, "weekdays": 1}, WrongInput, id="no such weekday within the days"),
]


@pytest.mark.parametrize(("changes", "refusal"), SERIES)
def test_a_series_must_be_possible_whole(
    desk: Desk, session: Session, changes: dict[str, Any], refusal: type[Refusal]
) -> None:
    """Dialysis needs every one of its dates; what can never be is not put on a list."""
    series: dict[str, Any] = {"day": THURSDAY, "days": 28, "weekdays": 0b10101}

    with pytest.raises(refusal):
        desk.ask(session, "S1", "trip", **(series | changes))


def test_seniors_of_other_streets_are_not_there(desk: Desk, session: Session) -> None:
    """A desk books for its own sub-districts; another's senior looks as if there were none."""
    with pytest.raises(NotFound):
        desk.ask(session, "S5", organisation_id=desk.world.organisations["EAST"])


def test_rules_hold_until_others_are_said(desk: Desk, session: Session) -> None:
    """Notice periods are data with a day; without a row the published custom holds: three days ahead."""
    assert terms_on(session, desk.service(session, "trip"), MONDAY) == standard_terms()["trip"]
    assert standard_terms()["trip"].notice_days == 3
    assert terms_on(session, desk.service(session), MONDAY).decides == "at_once"
    assert terms_on(session, desk.service(session), MONDAY - timedelta(days=60)).decides == "round"
