"""Who gets the scarce place: tiers, then waiting and distance together, and why stands beside it in both languages."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from tests.bookings.conftest import THURSDAY, Desk
from tests.worlds import MONDAY
from timebank.bookings.endings import call_off
from timebank.bookings.rounds import decide
from timebank.bookings.rules import set_terms, standard_terms
from timebank.bookings.steps import request_of
from timebank.bookings.tables import PlaceDecision, PlaceRound
from timebank.bookings.told import decisions_of, last_decision, why_said
from timebank.needs.tables import Need
from timebank.people.tables import SeniorCategory
from timebank.planning.priorities import First, set_priorities
from timebank.projects.tables import Booking

NEXT_WEEK = MONDAY + timedelta(days=14)


def _in_rounds(desk: Desk, session: Session) -> None:
    terms = standard_terms()["bath"]
    set_terms(session, desk.world.services["bath"], terms, from_day=MONDAY, actor="office", now=desk.now)


def _round(desk: Desk, session: Session) -> tuple[list[int], list[int]]:
    decided = decide(session, desk.service(session), actor="office", now=desk.now, until=NEXT_WEEK)
    return decided.placed, decided.listed


def _why(session: Session, request: int) -> PlaceDecision:
    decision = last_decision(session, request)
    assert decision is not None
    return decision


def _served_before(desk: Desk, session: Session, senior: str, days_ago: int) -> None:
    """Let a senior have had a bath so many days ago."""
    session.connection().execute(
        text(
            "INSERT INTO slot (resource_id, day, starts_min, ends_min, places, wheelchairs) "
            "SELECT id, :day, 540, 660, 5, 0 FROM resource WHERE code = 'BUS'"
        ),
        {"day": (MONDAY - timedelta(days=days_ago)).isoformat()},
    )
    slot = session.connection().execute(text("SELECT max(id) FROM slot")).scalar_one()
    need = Need(
        external_ref=f"{senior}-before",
        senior_id=desk.world.seniors[senior],
        service_id=desk.world.services["bath"],
        organisation_id=desk.world.organisations["EAST"],
        frequency_kind="once",
        frequency_count=1,
        minutes=60,
        from_day=MONDAY - timedelta(days=400),
    )
    session.add(need)
    session.flush()
    session.add(Booking(slot_id=slot, need_id=need.id or 0, status="used"))
    session.flush()


def test_a_round_waits_for_everybody(desk: Desk, session: Session) -> None:
    """Where places go in rounds, who calls first is not who comes first: nobody is placed before the round."""
    _in_rounds(desk, session)
    first, second = desk.number(session, "S1"), desk.number(session, "S2")

    before = [request_of(session, number).status for number in (first, second)]
    placed, listed = _round(desk, session)

    assert before == ["received", "received"]
    assert sorted(placed + listed) == [first, second]
    assert len(placed) == 1


def test_an_earlier_tier_comes_first(desk: Desk, session: Session) -> None:
    """No nearness outweighs the order that the district has set."""
    _in_rounds(desk, session)
    desk.home(session, "S1", 100)
    desk.home(session, "S3", 3000)
    session.add(SeniorCategory(senior_id=desk.world.seniors["S3"], category="childless", from_day=date(2026, 1, 1)))
    session.flush()
    set_priorities(session, [First(0, category="childless")], from_day=MONDAY, actor="office", now=desk.now)
    near, childless = desk.number(session, "S1"), desk.number(session, "S3")

    assert _round(desk, session) == ([childless], [near])
    assert (_why(session, childless).why, _why(session, childless).by_tier) == ("tier", 1)
    assert (_why(session, near).why, _why(session, near).by_tier, _why(session, near).tier) == ("others", 1, 1)


def test_who_waited_longer_comes_first(desk: Desk, session: Session) -> None:
    """A bath ten days ago and one forty days ago: thirty days of waiting are worth 1.5 km."""
    _in_rounds(desk, session)
    desk.home(session, "S1", 100)
    desk.home(session, "S3", 900)
    _served_before(desk, session, "S1", 10)
    _served_before(desk, session, "S3", 40)
    recent, long_ago = desk.number(session, "S1"), desk.number(session, "S3")

    assert _round(desk, session) == ([long_ago], [recent])
    assert (_why(session, long_ago).why, _why(session, long_ago).waited_days) == ("waiting", 40)
    assert (_why(session, recent).waited_days, _why(session, recent).by_waiting) == (10, 1)


def test_of_equals_the_nearer_one_comes_first(desk: Desk, session: Session) -> None:
    """Nobody has waited: the bath goes where the way is short."""
    _in_rounds(desk, session)
    desk.home(session, "S1", 2500)
    desk.home(session, "S3", 200)
    far, near = desk.number(session, "S1"), desk.number(session, "S3")

    assert _round(desk, session) == ([near], [far])
    assert (_why(session, near).why, _why(session, near).by_distance) == ("distance", 1)
    assert _why(session, far).position == 1


def test_both_are_served_where_both_can_be(desk: Desk, session: Session) -> None:
    """One can come on Thursday alone, the other on either day: nobody is left out, whoever is nearer."""
    _in_rounds(desk, session)
    desk.home(session, "S1", 100)
    desk.home(session, "S3", 2500)
    either, thursday = desk.number(session, "S1", days=2), desk.number(session, "S3")

    assert _round(desk, session) == ([either, thursday], [])
    assert [_why(session, number).why for number in (either, thursday)] == ["enough", "enough"]


@pytest.mark.parametrize(
    ("locale", "given", "not_given"),
    [
        ("zh", "住得更近（先于 1 人）", "候补第 1 位：能用的名额给了 1 人：住得更近 1 人"),
        (
            "en",
            "lives nearer (before 1)",
            "Number 1 on the list: the places that would suit went to 1: 1 who live nearer",
        ),
    ],
)
def test_why_this_one_and_why_not_me_are_said(
    desk: Desk, session: Session, locale: str, given: str, not_given: str
) -> None:
    """Whoever calls the desk hears it in their language, without anybody's home being given away."""
    desk.home(session, "S1", 2500)
    desk.home(session, "S3", 200)
    _in_rounds(desk, session)
    far, near = desk.number(session, "S1"), desk.number(session, "S3")
    _round(desk, session)

    said = [why_said(_why(session, number), locale) for number in (near, far)]  # type: ignore[arg-type]  # a locale

    assert given in said[0]
    assert not_given in said[1]


def test_two_resources_at_once_are_both_had_or_none(desk: Desk, session: Session) -> None:
    """A van without the stair climber leaves the senior on the fourth floor."""
    both = {"also": (desk.world.services["stair_climb"],), "wheelchairs": 1}
    first, second = desk.number(session, "S1", "trip", **both), desk.number(session, "S2", "trip", **both)
    van_only = desk.number(session, "S3", "trip")

    assert [place[0] for place in desk.places(session, first)] == ["CLIMB", "VAN-A"]
    assert desk.places(session, second) == []
    assert _why(session, second).why == "second"
    assert [place[0] for place in desk.places(session, van_only)] == ["VAN-A"]


def test_a_wheelchair_takes_a_place_for_one(desk: Desk, session: Session) -> None:
    """Each van has two places, one of them for a wheelchair."""
    first, second, third = (desk.number(session, who, "trip", wheelchairs=1) for who in ("S1", "S2", "S3"))

    assert sorted(desk.places(session, number)[0][0] for number in (first, second)) == ["VAN-A", "VAN-B"]
    assert _why(session, third).why == "wheelchair"
    assert desk.places(session, desk.number(session, "S4", "trip")) != []


def test_a_series_keeps_its_slot(desk: Desk, session: Session) -> None:
    """Monday, Wednesday and Friday for eight weeks: one van at one time, on all twenty-four dates."""
    number = desk.number(session, "S1", "trip", day=MONDAY + timedelta(days=7), days=56, weekdays=0b10101)

    places = desk.places(session, number)

    assert len(places) == 24
    assert {(place[0], place[2]) for place in places} == {("VAN-A", 480)}
    assert {place[1].weekday() for place in places} == {0, 2, 4}


def test_a_series_is_had_whole_or_waits(desk: Desk, session: Session) -> None:
    """One date that is full on both vans, and none of the dates is taken from others."""
    friday = MONDAY + timedelta(days=18)
    for who in ("S2", "S3", "S4", "S5"):
        desk.ask(session, who, "trip", day=friday)
    number = desk.number(session, "S1", "trip", day=MONDAY + timedelta(days=7), days=14, weekdays=0b10101)

    assert desk.places(session, number) == []
    assert _why(session, number).why == "series"


def test_a_series_that_waits_gets_its_slot_when_one_date_is_free(desk: Desk, session: Session) -> None:
    """Somebody calls off their Friday: the whole series is given, in the same transaction."""
    friday = MONDAY + timedelta(days=18)
    taken = [desk.number(session, who, "trip", day=friday) for who in ("S2", "S3", "S4", "S5")]
    number = desk.number(session, "S1", "trip", day=MONDAY + timedelta(days=7), days=14, weekdays=0b10101)

    decided = call_off(session, request_of(session, taken[0]), actor="office", reason="住院", now=desk.now)

    assert decided.placed == [number]
    assert len(desk.places(session, number)) == 6


def test_of_two_series_that_could_be_had_in_part_one_is_whole(desk: Desk, session: Session) -> None:
    """Two places short on one weekday: the engine could split them; one gets all of its dates, the other waits."""
    _in_rounds(desk, session)
    monday = MONDAY + timedelta(days=7)
    series: dict[str, Any] = {"day": monday, "days": 7, "weekdays": 0b00011}
    desk.home(session, "S1", 100)
    desk.home(session, "S3", 800)
    near, far = desk.number(session, "S1", **series), desk.number(session, "S3", **series)

    assert _round(desk, session) == ([near], [far])
    assert len(desk.places(session, near)) == 2
    assert desk.places(session, far) == []


def test_what_was_there_before_is_said_as_such(desk: Desk, session: Session) -> None:
    """A place that went last week was not lost to anybody of this round."""
    desk.ask(session, "S1")

    later = desk.number(session, "S2")

    assert (_why(session, later).why, _why(session, later).position) == ("full", 1)


def test_a_slot_without_its_crew_is_not_given(desk: Desk, session: Session) -> None:
    """A van whose driver nobody has named stays in its garage, and the reason is that nothing is there."""
    session.connection().execute(text("UPDATE resource_fitting SET roles = 'driver' WHERE resource_id > 0"))

    number = desk.number(session, "S1", "trip")

    assert desk.places(session, number) == []
    assert _why(session, number).why == "skill"


def test_every_round_carries_its_proof(desk: Desk, session: Session) -> None:
    """How many asked and were given, that nothing better was possible, and each decision stays."""
    first, second = desk.number(session, "S1"), desk.number(session, "S2")

    rounds = list(session.exec(select(PlaceRound).order_by(PlaceRound.id)))  # type: ignore[arg-type]  # SQL columns

    assert [(one.asked, one.given, one.status) for one in rounds] == [(1, 1, "OPTIMAL"), (1, 0, "OPTIMAL")]
    assert all(one.objective == one.bound for one in rounds)
    assert [len(decisions_of(session, number)) for number in (first, second)] == [1, 1]


def test_places_taken_by_the_district_plan_are_not_given_again(desk: Desk, session: Session) -> None:
    """One slot, two ways to it: who has a place by the plan keeps it."""
    slot = session.connection().execute(
        text("SELECT s.id FROM slot s JOIN resource r ON r.id = s.resource_id WHERE r.code = 'BUS' AND s.day = :day"),
        {"day": THURSDAY.isoformat()},
    )
    session.add(Booking(slot_id=slot.scalar_one(), need_id=desk.world.needs["S2-bath"]))
    session.flush()

    number = desk.number(session, "S1")

    assert desk.places(session, number) == []
