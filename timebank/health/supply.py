"""What can be given: free minutes of volunteers and free places of resources, by street and service.

A volunteer's free minutes of a week are their weekly minutes less those of the visits that stand in their diary for the
seven days ahead, never below nothing; they are shared evenly among the services that the volunteer may give.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.health.savers import AREA, VOLUNTEER
from timebank.needs.tables import Service
from timebank.people.tables import VolunteerSkill
from timebank.projects.tables import Booking, Resource, Slot
from timebank.visits.life import VISIT

BOOKING = table_of(Booking)
RESOURCE = table_of(Resource)
SERVICE = table_of(Service)
SKILL = table_of(VolunteerSkill)
SLOT = table_of(Slot)
WEEK_DAYS = 7


@dataclass(frozen=True, slots=True)
class Offered:
    """An entry of the service catalogue."""

    code: str
    name_zh: str
    name_en: str


class Spare(NamedTuple):
    """Free minutes of one volunteer or one slot, for one service in one street, within the horizon."""

    kind: str
    number: int
    street: str
    service: str
    minutes: int


@dataclass(frozen=True, slots=True)
class Supply:
    """What can be given from a day on: free minutes, those that volunteers have a week, and how many visits are kept.

    ``kept_ppm`` is the part of the visits of the week before that were not missed, in millionths; everything where
    nothing was due.
    """

    spare: tuple[Spare, ...]
    weekly_min: int
    kept_ppm: int

    def by_place(self) -> dict[tuple[str, str], int]:
        """Return free minutes by street and service, if every visit were kept."""
        sums: dict[tuple[str, str], int] = defaultdict(int)
        for one in self.spare:
            sums[one.street, one.service] += one.minutes
        return sums

    def usable(self, minutes: int) -> int:
        """Return what is left of minutes when so many visits are kept as last week, rounded down."""
        return minutes * self.kept_ppm // 1_000_000


def services_of(session: Session) -> list[Offered]:
    """Return the service catalogue, by number."""
    columns = (SERVICE.c.code, SERVICE.c.name_zh, SERVICE.c.name_en)
    return [Offered(*row) for row in session.connection().execute(select(*columns).order_by(SERVICE.c.id))]


def supplies_of(session: Session, days: Sequence[date], horizon_days: int) -> list[Supply]:
    """Return what can be given from each of ``days`` on (newest first, a week apart).

    Who volunteers, what they may give and their weekly minutes are those of now: the registry keeps no past of them.
    """
    givers, diary = _givers(session), _diary(session, days)
    places = _places(session, days, horizon_days)
    return [_supply(givers, diary, places, day, week, horizon_days) for week, day in enumerate(days)]


class _Giver(NamedTuple):
    person_id: int
    street: str
    weekly_min: int
    services: tuple[str, ...]


class _Week(NamedTuple):
    """Minutes that stand in a volunteer's diary for a week, and how many visits of it were kept and missed."""

    minutes: int
    kept: int
    missed: int


def _givers(session: Session) -> list[_Giver]:
    v = VOLUNTEER.c
    wanted = (
        select(v.person_id, AREA.c.code, v.weekly_cap_min, SERVICE.c.code.label("service"))
        .join(AREA, AREA.c.id == v.subdistrict_id)
        .outerjoin(SKILL, SKILL.c.volunteer_id == v.person_id)
        .outerjoin(SERVICE, SERVICE.c.id == SKILL.c.service_id)
        .where(v.status == "active")
        .order_by(v.person_id, SERVICE.c.id)
    )
    found: dict[int, _Giver] = {}
    for person, street, weekly, service in session.connection().execute(wanted):
        giver = found.get(person, _Giver(person, street, weekly, ()))
        found[person] = giver._replace(services=(*giver.services, service)) if service else giver
    return list(found.values())


def _diary(session: Session, days: Sequence[date]) -> dict[tuple[int, int], _Week]:
    """Return the week ahead of each day in each volunteer's diary; week -1 is the one ahead of the first day."""
    v = VISIT.c
    older: list[tuple[ColumnElement[bool], Any]] = [(v.day >= day, week - 1) for week, day in enumerate(days)]
    week = case(*older, else_=len(days) - 1).label("week")
    kept, missed = v.status.in_(("checked_out", "confirmed", "disputed")), v.status == "missed"
    wanted = (
        select(
            v.volunteer_id,
            week,
            func.sum(v.planned_min),
            func.sum(case((kept, 1), else_=0)),
            func.sum(case((missed, 1), else_=0)),
        )
        .where(v.day >= days[-1] - timedelta(days=WEEK_DAYS), v.day < days[0] + timedelta(days=WEEK_DAYS))
        .where(v.status != "cancelled")
        .group_by(v.volunteer_id, week)
    )
    rows = session.connection().execute(wanted)
    return {(who, number): _Week(int(minutes), int(come), int(lost)) for who, number, minutes, come, lost in rows}


class _Place(NamedTuple):
    slot_id: int
    day: date
    street: str
    service: str
    minutes: int


def _places(session: Session, days: Sequence[date], horizon_days: int) -> list[_Place]:
    """Return the free places of the slots of all horizons, in minutes of service."""
    taken = and_(BOOKING.c.slot_id == SLOT.c.id, BOOKING.c.status != "cancelled")
    free = SLOT.c.places - func.count(BOOKING.c.id)
    wanted = (
        select(SLOT.c.id, SLOT.c.day, AREA.c.code, SERVICE.c.code, (free * SERVICE.c.minutes).label("minutes"))
        .join(RESOURCE, RESOURCE.c.id == SLOT.c.resource_id)
        .join(AREA, AREA.c.id == RESOURCE.c.subdistrict_id)
        .join(SERVICE, SERVICE.c.id == RESOURCE.c.service_id)
        .outerjoin(BOOKING, taken)
        .where(SLOT.c.day >= days[-1], SLOT.c.day < days[0] + timedelta(days=horizon_days))
        .group_by(SLOT.c.id, SLOT.c.day, AREA.c.code, SERVICE.c.code, SLOT.c.places, SERVICE.c.minutes)
        .order_by(SLOT.c.id)
    )
    return [_Place(*row) for row in session.connection().execute(wanted) if row.minutes > 0]


def _supply(
    givers: Iterable[_Giver],
    diary: dict[tuple[int, int], _Week],
    places: Iterable[_Place],
    day: date,
    week: int,
    horizon_days: int,
) -> Supply:
    nothing = _Week(0, 0, 0)
    spare, weekly_min = [], 0
    for giver in givers:
        weekly_min += giver.weekly_min
        free = max(giver.weekly_min - diary.get((giver.person_id, week - 1), nothing).minutes, 0)
        share = free * horizon_days // (WEEK_DAYS * max(len(giver.services), 1))
        spare += [Spare("volunteer", giver.person_id, giver.street, service, share) for service in giver.services]
    until = day + timedelta(days=horizon_days)
    spare += [
        Spare("slot", one.slot_id, one.street, one.service, one.minutes) for one in places if day <= one.day < until
    ]
    past = [entry for (_, number), entry in diary.items() if number == week]
    kept, missed = sum(entry.kept for entry in past), sum(entry.missed for entry in past)
    return Supply(tuple(spare), weekly_min, 1_000_000 * kept // (kept + missed) if kept + missed else 1_000_000)
