"""What a resource is fitted with and who works on it; a slot without its crew is not given out."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import case, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip, wait_turn
from timebank.core.errors import NotFound, WrongInput
from timebank.core.texts import Phrase
from timebank.ledger.refusals import broke
from timebank.people.notes import note_of, take_back
from timebank.people.tables import Absence, Person
from timebank.projects.fitting_tables import ResourceFitting, ResourceStaff
from timebank.projects.projects import GIVE_PLACES
from timebank.projects.tables import Project, Resource, Slot

RESOURCE = table_of(Resource)
PROJECT = table_of(Project)
SLOT = table_of(Slot)
FITTING = table_of(ResourceFitting)
STAFF = table_of(ResourceStaff)
ABSENCE = table_of(Absence)
KINDS = ("place", "vehicle", "device")
ROLES = ("driver", "carer", "bather", "operator")
MOST_ROOM = 60
DEAREST_CENTS = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """What a resource is and holds, what a place of it costs its project (cents), and who must be there."""

    kind: str
    seats: int = 0
    wheelchairs: int = 0
    longest_ride_min: int = 60
    place_cost_cents: int = 0
    roles: tuple[str, ...] = ()


def resource_of(session: Session, code: str, organisation_id: int | None = None) -> int:
    """Return the number of a resource by its code; for an organisation, one of its own projects.

    Raises
    ------
    NotFound
        When there is none, or it is another's.
    """
    wanted = select(RESOURCE.c.id).where(RESOURCE.c.code == code)
    if organisation_id is not None:
        own = select(PROJECT.c.id).where(PROJECT.c.organisation_id == organisation_id)
        wanted = wanted.where(RESOURCE.c.project_id.in_(own))
    number = session.connection().execute(wanted).scalar()
    if number is None:
        raise NotFound(kind="resource", key=code[:40])
    return int(number)


def fit_resource(session: Session, resource_id: int, fitting: Fitting, *, actor: str, now: datetime) -> None:
    """Say what a resource holds and costs; the last word stands, for all its slots.

    Raises
    ------
    WrongInput
        Naming what cannot be.
    """
    _known("kind", fitting.kind, KINDS)
    for role in fitting.roles:
        _known("roles", role, ROLES)
    for name, value, most in (
        ("seats", fitting.seats, MOST_ROOM),
        ("wheelchairs", fitting.wheelchairs, MOST_ROOM),
        ("place_cost_cents", fitting.place_cost_cents, DEAREST_CENTS),
    ):
        if not 0 <= value <= most:
            raise WrongInput(field=name, value=str(value), right=Phrase("right_range", least=0, most=most))
    if not 1 <= fitting.longest_ride_min <= 600:
        right = Phrase("right_range", least=1, most=600)
        raise WrongInput(field="longest_ride_min", value=str(fitting.longest_ride_min), right=right)
    wait_turn(session, GIVE_PLACES)
    connection = session.connection()
    said = {
        "kind": fitting.kind,
        "seats": fitting.seats,
        "wheelchairs": fitting.wheelchairs,
        "longest_ride_min": fitting.longest_ride_min,
        "roles": ",".join(fitting.roles),
        "recorded_by": actor,
        "recorded_at": now,
    }
    row = insert_or_skip(connection, FITTING).values(resource_id=resource_id, **said)
    connection.execute(row.on_conflict_do_update(index_elements=["resource_id"], set_=said))
    cost = {"place_cost_cents": fitting.place_cost_cents}
    try:
        with session.begin_nested():
            connection.execute(update(RESOURCE).where(RESOURCE.c.id == resource_id).values(**cost))
    except IntegrityError as fault:  # places that stand would cost more than the budget holds
        if not broke(fault, "ck_project_state_budget"):
            raise
        said_cents = str(fitting.place_cost_cents)
        raise WrongInput(field="place_cost_cents", value=said_cents, right=Phrase("right_place_cost")) from fault
    room = case((SLOT.c.places < fitting.wheelchairs, SLOT.c.places), else_=fitting.wheelchairs)
    connection.execute(update(SLOT).where(SLOT.c.resource_id == resource_id).values(wheelchairs=room))


def _known(field: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise WrongInput(field=field, value=value[:20], right=Phrase("right_one_of", known=", ".join(known)))


def assign_staff(
    session: Session,
    resource_id: int,
    person_id: int,
    role: str,
    *,
    from_day: date,
    to_day: date | None = None,
    actor: str,
    now: datetime,
) -> ResourceStaff:
    """Write down who works on a resource from a day to a day (half-open); the same again is the same row.

    Raises
    ------
    WrongInput
        When the role is none, or the days end before they begin.
    NotFound
        When there is no such person.
    """
    _known("role", role, ROLES)
    if to_day is not None and to_day <= from_day:
        raise WrongInput(field="to_day", value=str(to_day), right=Phrase("right_after", moment=from_day.isoformat()))
    if session.get(Person, person_id) is None:
        raise NotFound(kind="person", key=str(person_id))
    wait_turn(session, GIVE_PLACES)
    s = STAFF.c
    same = select(s.id).where(
        s.resource_id == resource_id, s.person_id == person_id, s.role == role, s.from_day == from_day
    )
    end = s.to_day.is_(None) if to_day is None else s.to_day == to_day
    stands = session.connection().execute(same.where(end, s.withdrawn_at.is_(None))).scalar()
    if stands is not None:
        return session.get_one(ResourceStaff, stands)
    row = ResourceStaff(
        resource_id=resource_id,
        person_id=person_id,
        role=role,
        from_day=from_day,
        to_day=to_day,
        recorded_by=actor,
        recorded_at=now,
    )
    session.add(row)
    session.flush()
    return row


def release_staff(session: Session, staff_id: int, *, actor: str, now: datetime) -> None:
    """Take back that somebody works on a resource.

    Raises
    ------
    NotFound
        When nobody wrote it down.
    """
    wait_turn(session, GIVE_PLACES)
    take_back(session, note_of(session, ResourceStaff, staff_id), actor=actor, now=now)


def unstaffed(session: Session, days: tuple[date, date]) -> set[tuple[int, date]]:
    """Return the resources, each with a day within some days (half-open), on which a role they need has nobody."""
    connection = session.connection()
    asked = connection.execute(select(FITTING.c.resource_id, FITTING.c.roles).where(FITTING.c.roles != ""))
    roles = {row.resource_id: row.roles.split(",") for row in asked}
    if not roles:
        return set()
    s, a = STAFF.c, ABSENCE.c
    stands = select(s.resource_id, s.person_id, s.role, s.from_day, s.to_day).where(
        s.withdrawn_at.is_(None), s.from_day < days[1], or_(s.to_day.is_(None), s.to_day > days[0])
    )
    crew = list(connection.execute(stands))
    away = select(a.person_id, a.from_day, a.to_day).where(
        a.withdrawn_at.is_(None), a.from_day < days[1], a.to_day > days[0], a.person_id.in_(select(s.person_id))
    )
    gone = [(row.person_id, day) for row in connection.execute(away) for day in _each(row.from_day, row.to_day, days)]
    there: dict[tuple[int, date], set[str]] = defaultdict(set)
    absent = set(gone)
    for row in crew:
        for day in _each(row.from_day, row.to_day, days):
            if (row.person_id, day) not in absent:
                there[row.resource_id, day].add(row.role)
    every = _each(*days, days)
    return {(one, day) for one, needed in roles.items() for day in every if not there[one, day] >= set(needed)}


def _each(first: date, end: date | None, days: tuple[date, date]) -> list[date]:
    """Return the days of a span that lie within some days; both half-open."""
    begins, ends = max(first, days[0]), min(end or days[1], days[1])
    return [begins + timedelta(days=number) for number in range((ends - begins).days)]
