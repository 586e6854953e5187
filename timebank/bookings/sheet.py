"""The driver's sheet of a vehicle's day, for print: when, whom, where; no more of anybody than the drive takes.

Names are a family name with a word of respect, addresses stand only where somebody is fetched or brought home, and
nobody's telephone or ailment is on it. It can be had from the day before until the day after.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from sqlalchemy import or_, select
from sqlmodel import Session

from timebank.bookings.refusals import SheetClosed
from timebank.bookings.steps import NEED, PLACE_NEED
from timebank.bookings.tables import PlaceRequest, VanCall
from timebank.bookings.vans import ALSO, calls_of, day_of_van, is_as_it_was
from timebank.core.clock import day_of
from timebank.core.errors import NotFound, WrongState
from timebank.core.minutes import format_clock
from timebank.core.texts import say
from timebank.people.tables import Person
from timebank.projects.fitting import ABSENCE, STAFF
from timebank.projects.tables import Resource
from timebank.visits.sight import address_of_respect

SEEN_BEFORE = timedelta(days=1)
SEEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A line of the sheet; ``rider`` numbers those who ride, for several have the same name."""

    rider: int
    time: str
    window: str
    is_pickup: bool
    who: str
    where: str
    has_wheelchair: bool
    has_climber: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What a driver takes along on a day."""

    vehicle: str
    day: date
    crew: tuple[tuple[str, str], ...]
    """Role and name of everyone who is on duty."""
    stops: tuple[Stop, ...]
    driven_m: int
    left_out: int


def sheet_of(session: Session, resource_id: int, day: date, *, now: datetime) -> Sheet:
    """Return the sheet of a vehicle's day as it was routed.

    Raises
    ------
    SheetClosed
        Before the day before, and from the second day after on.
    NotFound
        When the day was not routed.
    WrongState
        When bookings have changed since.
    """
    opens, closes = day - SEEN_BEFORE, day + SEEN_AFTER
    if not opens <= day_of(now) <= closes:
        raise SheetClosed(day=day, from_day=opens, to_day=closes)
    stored = day_of_van(session, resource_id, day)
    if stored is None:
        raise NotFound(kind="van_day", key=day.isoformat())
    if not is_as_it_was(session, stored):
        raise WrongState(kind="van_day", key=day.isoformat(), state="outdated", allowed="fresh")
    return Sheet(
        vehicle=session.get_one(Resource, resource_id).name_zh,
        day=day,
        crew=_crew(session, resource_id, day),
        stops=_stops(session, calls_of(session, stored)),
        driven_m=stored.driven_m,
        left_out=stored.left_out,
    )


def _stops(session: Session, calls: list[VanCall]) -> tuple[Stop, ...]:
    riders: dict[int, int] = {}
    return tuple(_stop(session, call, riders.setdefault(call.need_id, len(riders) + 1)) for call in calls)


def _stop(session: Session, call: VanCall, rider: int) -> Stop:
    request, person = _whose(session, call.need_id)
    is_home = call.is_pickup != call.is_back
    climbed = session.connection().execute(select(ALSO.c.need_id).where(ALSO.c.need_id == call.need_id)).first()
    return Stop(
        rider=rider,
        time=format_clock(call.starts_min),
        window=f"{format_clock(call.window_start_min)}-{format_clock(call.window_end_min)}",
        is_pickup=call.is_pickup,
        who=address_of_respect(person),
        where=(person.address if is_home else request.destination) or "",
        has_wheelchair=bool(request.wheelchairs),
        has_climber=climbed is not None and is_home,
    )


def _whose(session: Session, need_id: int) -> tuple[PlaceRequest, Person]:
    wanted = (
        select(PLACE_NEED.c.request_id, NEED.c.senior_id)
        .join(NEED, NEED.c.id == PLACE_NEED.c.need_id)
        .where(NEED.c.id == need_id)
    )
    request, senior = session.connection().execute(wanted).one()
    return session.get_one(PlaceRequest, request), session.get_one(Person, senior)


def _crew(session: Session, resource_id: int, day: date) -> tuple[tuple[str, str], ...]:
    """Return who is on duty on a day, by role."""
    s, a = STAFF.c, ABSENCE.c
    away = select(a.person_id).where(a.withdrawn_at.is_(None), a.from_day <= day, a.to_day > day)
    there = select(s.role, s.person_id).where(
        s.resource_id == resource_id, s.withdrawn_at.is_(None), s.from_day <= day, s.person_id.not_in(away)
    )
    rows: Any = session.connection().execute(there.where(or_(s.to_day.is_(None), s.to_day > day)).order_by(s.id))
    return tuple((row.role, address_of_respect(session.get_one(Person, row.person_id))) for row in rows)


def render_sheet(sheet: Sheet) -> str:
    """Return the sheet as one HTML page for A4, in Chinese with English under it."""
    environment = Environment(
        loader=PackageLoader("timebank.bookings"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.globals |= {"say": say}
    return environment.get_template("sheet.html.jinja").render(sheet=sheet)
