"""Who could hold a visit instead, and who can come now: able people near, with an hour to spare."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.planning.conftest import Plan, change, rows_of, say
from tests.worlds import MONDAY, World
from timebank.core.clock import moment_at
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.people.absences import record_absence
from timebank.people.tables import NeverTogether, Senior, Volunteer, VolunteerSkill
from timebank.people.traits import say_trait
from timebank.planning.near_rows import Candidate
from timebank.planning.responders import responders_to
from timebank.planning.stand_ins import substitute, substitutes_for
from timebank.visits.refusals import HoursTaken
from timebank.visits.tables import Visit

MakeVisit = Callable[..., int]


@pytest.fixture
def visit(plan: Plan, make_visit: MakeVisit) -> int:
    """A visit of V1 to S1 on Wednesday at nine, of a plan that is only proposed."""
    number = plan(is_proposed=True)
    return make_visit(number, "S1-greeting", "V1", MONDAY + timedelta(days=2), starts_min=540)


def _who(engine: Engine, visit: int, **values: Any) -> list[tuple[str, int]]:
    found: list[Candidate] = say(engine, lambda session: substitutes_for(session, visit, **values))
    return [(one.volunteer_ref, one.starts_min) for one in found]


def test_who_is_free_at_the_minute_is_proposed(engine: Engine, world: World, visit: int) -> None:
    """V2 lives near and greets; V5 does not greet, V3 and V4 live too far, V1 has it already."""
    (one,) = say(engine, lambda session: substitutes_for(session, visit))

    assert (one.volunteer_ref, one.starts_min) == ("V2", 540)
    assert one.distance_m % 10 == 0
    assert 50 < one.distance_m < 500


def test_who_is_busy_then_comes_at_another_minute(
    engine: Engine, world: World, plan: Plan, visit: int, make_visit: MakeVisit
) -> None:
    """A visit of another plan counts as any: V2 is with S2 at nine, and could come at eight."""
    make_visit(plan("EAST", is_proposed=True), "S2-greeting", "V2", MONDAY + timedelta(days=2), starts_min=535)

    assert _who(engine, visit) == [("V2", 480)]


def _never(session: Session, world: World, _now: datetime) -> None:
    session.add(NeverTogether(senior_id=world.seniors["S1"], volunteer_id=world.volunteers["V2"]))


def _away(session: Session, world: World, now: datetime) -> None:
    days = (MONDAY, MONDAY + timedelta(days=7))
    record_absence(session, world.volunteers["V2"], *days, actor="a", now=now)


def _minds(session: Session, world: World, now: datetime) -> None:
    say_trait(session, world.seniors["S1"], "pets", "has", actor="a", now=now)
    say_trait(session, world.volunteers["V2"], "pets", "refuses", actor="a", now=now)


def _left(session: Session, world: World, _now: datetime) -> None:
    session.get_one(Volunteer, world.volunteers["V2"]).status = "inactive"


@pytest.mark.parametrize("against", [_never, _away, _minds, _left])
def test_whom_a_rule_forbids_is_not_proposed(
    engine: Engine, world: World, visit: int, noon: datetime, against: Callable[[Session, World, datetime], None]
) -> None:
    """A substitute in a hurry is held to the same rules as a pair."""
    say(engine, lambda session: against(session, world, noon))

    assert _who(engine, visit) == []


def test_a_full_week_is_full(engine: Engine, world: World, visit: int) -> None:
    """Minutes that a volunteer does not offer are not taken in an emergency either."""
    change(engine, Volunteer, world.volunteers["V2"], weekly_cap_min=9)

    assert _who(engine, visit) == []


def test_an_organisation_sees_its_own_visits(engine: Engine, world: World, visit: int) -> None:
    """Another organisation's visit is not there at all."""
    east, west = world.organisations["EAST"], world.organisations["WEST"]

    assert _who(engine, visit, organisation_id=east) == [("V2", 540)]
    with pytest.raises(NotFound):
        _who(engine, visit, organisation_id=west)
    for count in (0, 21):
        with pytest.raises(WrongInput):
            _who(engine, visit, count=count)


def _give(engine: Engine, world: World, visit: int, to: str, now: datetime, starts_min: int = 540) -> Visit:
    person = world.volunteers[to]
    parts: dict[str, Any] = {"starts_min": starts_min, "actor": "organisation:1", "now": now}
    given: Visit = say(engine, lambda session: substitute(session, visit, person, **parts))
    return given


def test_a_visit_is_given_to_who_could_hold_it(engine: Engine, world: World, visit: int, noon: datetime) -> None:
    """The visit says who took it over and who said so; the same again changes nothing."""
    given = _give(engine, world, visit, "V2", noon)
    again = _give(engine, world, visit, "V2", noon)

    events = say(
        engine, lambda s: [tuple(r) for r in s.connection().execute(text("SELECT kind, actor, note FROM visit_event"))]
    )
    note = f"person:{world.volunteers['V1']} -> person:{world.volunteers['V2']}"
    assert (given.volunteer_id, given.starts_min, given.status) == (world.volunteers["V2"], 540, "planned")
    assert again == given
    assert events == [("substituted", "organisation:1", note)]


def test_a_visit_is_given_to_nobody_else(  # the world and its makers
    engine: Engine, world: World, plan: Plan, visit: int, make_visit: MakeVisit, noon: datetime
) -> None:
    """Neither to whom a rule forbids it, nor to two at once, nor when it has begun."""
    busy = make_visit(plan("EAST", is_proposed=True), "S2-greeting", "V2", MONDAY + timedelta(days=2), starts_min=535)

    with pytest.raises(WrongInput):
        _give(engine, world, visit, "V5", noon)
    with pytest.raises(HoursTaken):
        _give(engine, world, visit, "V2", noon)
    change(engine, Visit, busy, status="cancelled")
    change(engine, Visit, visit, status="checked_in")
    with pytest.raises(WrongState):
        _give(engine, world, visit, "V2", noon)
    assert {row[2] for row in rows_of(engine, "visit")["visit"] if row[1] == world.needs["S1-greeting"]} == {
        world.volunteers["V1"]
    }


def _now(engine: Engine, world: World, minute: int, **values: Any) -> list[str]:
    at = moment_at(MONDAY, minute)
    found = say(engine, lambda session: responders_to(session, world.seniors["S1"], "greeting", at=at, **values))
    return [one.volunteer_ref for one in found]


def test_the_nearest_who_can_come_now_are_asked_in_order(engine: Engine, world: World) -> None:
    """S1 calls at ten: V1 lives nearest, then V2; whoever was asked already is not asked again."""
    assert _now(engine, world, 600) == ["V1", "V2"]
    assert _now(engine, world, 600, not_ids=(world.volunteers["V1"],)) == ["V2"]
    assert _now(engine, world, 600, count=1) == ["V1"]
    assert _now(engine, world, 420) == []
    assert _now(engine, world, 600, organisation_id=world.organisations["WEST"]) == []


def test_who_is_with_somebody_else_cannot_come_now(
    engine: Engine, world: World, plan: Plan, make_visit: MakeVisit
) -> None:
    """V1 sits with S2 from a quarter to ten."""
    make_visit(plan(is_proposed=True), "S2-greeting", "V1", MONDAY, starts_min=585, minutes=30)

    assert _now(engine, world, 600) == ["V2"]
    assert _now(engine, world, 615) == ["V1", "V2"]


@pytest.mark.parametrize("against", [_never, _away, _minds, _left])
def test_whom_a_rule_forbids_is_not_called(
    engine: Engine, world: World, noon: datetime, against: Callable[[Session, World, datetime], None]
) -> None:
    """An alarm is no reason to send whoever must never come."""
    say(engine, lambda session: against(session, world, noon))

    assert _now(engine, world, 600) == ["V1"]


def test_nobody_is_called_to_whom_is_not_there(engine: Engine, world: World) -> None:
    """A senior who left the registry, a service that is none, and too many at once are refused."""
    with pytest.raises(NotFound):
        say(engine, lambda s: responders_to(s, world.seniors["S1"], "song", at=moment_at(MONDAY, 600)))
    with pytest.raises(WrongInput):
        _now(engine, world, 600, count=21)
    change(engine, Senior, world.seniors["S1"], status="deceased")
    with pytest.raises(NotFound):
        _now(engine, world, 600)


def test_a_senior_who_helps_others_is_not_called_to_themselves(engine: Engine, world: World, noon: datetime) -> None:
    """Many of the helpers are seniors too."""
    volunteer = {"external_ref": "V9", "lat_deg": 31.2645, "lon_deg": 121.43, "max_needs": 1, "weekly_cap_min": 60}
    home = {"organisation_id": world.organisations["EAST"], "subdistrict_id": world.areas["310107004"]}

    def join(session: Session) -> None:
        session.add(Volunteer(person_id=world.seniors["S1"], **volunteer, **home))  # type: ignore[arg-type]  # parts of a row, by name
        session.flush()
        session.add(VolunteerSkill(volunteer_id=world.seniors["S1"], service_id=world.services["greeting"]))

    say(engine, join)

    assert _now(engine, world, 600) == ["V1", "V2"]
