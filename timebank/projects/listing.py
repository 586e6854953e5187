"""Projects of an organisation, a page at a time, with what they bring."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session, col
from sqlmodel import select as pick

from timebank.needs.tables import Service
from timebank.people.tables import Area
from timebank.projects.tables import Booking, Project, Resource, Slot


class Brought(NamedTuple):
    """A resource as it is shown: its service, sub-district, dated slots and their places."""

    code: str
    name_zh: str
    service: str
    subdistrict: str
    slots: int
    places: int


def list_projects(session: Session, organisation_id: int, *, first: int, before_id: int | None = None) -> list[Project]:
    """Return up to ``first`` (1 to 100) projects of an organisation, newest first, older than ``before_id``.

    Raises
    ------
    ValueError
        When ``first`` is out of its bounds.
    """
    if not 1 <= first <= 100:
        message = f"A page has 1 to 100 projects, not {first}."
        raise ValueError(message)
    wanted = pick(Project).where(Project.organisation_id == organisation_id)
    if before_id is not None:
        wanted = wanted.where(col(Project.id) < before_id)
    return list(session.exec(wanted.order_by(col(Project.id).desc()).limit(first)))


def resources_of(session: Session, project_ids: Sequence[int]) -> dict[int, list[Brought]]:
    """Return the resources of each project, by project id, in one query."""
    wanted = (
        select(
            col(Resource.project_id),
            col(Resource.code),
            col(Resource.name_zh),
            col(Service.code),
            col(Area.name_zh),
            func.count(col(Slot.id)),
            func.coalesce(func.sum(col(Slot.places)), 0),
        )
        .join(Service, col(Service.id) == col(Resource.service_id))
        .join(Area, col(Area.id) == col(Resource.subdistrict_id))
        .outerjoin(Slot, col(Slot.resource_id) == col(Resource.id))
        .where(col(Resource.project_id).in_(project_ids))
        .group_by(col(Resource.project_id), col(Resource.id), col(Resource.code), col(Resource.name_zh))
        .group_by(col(Service.code), col(Area.name_zh))
        .order_by(col(Resource.id))
    )
    found: dict[int, list[Brought]] = defaultdict(list)
    for project, code, name, service, area, slots, places in session.connection().execute(wanted):
        found[project].append(Brought(code, name, service, area, int(slots), int(places)))
    return dict(found)


def bookings_of(session: Session, project_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """Count the bookings of each project by status (booked, used, missed, cancelled), by project id, in one query."""
    wanted = (
        select(col(Resource.project_id), col(Booking.status), func.count())
        .join(Slot, col(Slot.id) == col(Booking.slot_id))
        .join(Resource, col(Resource.id) == col(Slot.resource_id))
        .where(col(Resource.project_id).in_(project_ids))
        .group_by(col(Resource.project_id), col(Booking.status))
        .order_by(col(Booking.status))
    )
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for project, status, count in session.connection().execute(wanted):
        found[project][status] = int(count)
    return dict(found)
