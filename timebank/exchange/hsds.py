"""The Human Services Data Specification, 3.1: organisations, services, places, hours and live capacity, as tables.

Public data alone: organisations and what they offer, never who is served. Places are told to a coarse grid. What is
free is counted from slots less live bookings, and from open offers less what is taken, at the moment of the reading.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session

from timebank.bridge.offers import OFFER
from timebank.core.clock import day_of
from timebank.core.columns import table_of
from timebank.core.minutes import format_clock
from timebank.exchange.identifiers import uid
from timebank.needs.tables import Service
from timebank.people.tables import Area, Organisation, OrganisationArea, Volunteer, VolunteerSkill
from timebank.projects.projects import BOOKING, PROJECT, SLOT
from timebank.projects.tables import Resource

ORGANISATION, OWN_AREA, AREA = map(table_of, (Organisation, OrganisationArea, Area))
SERVICE, RESOURCE, VOLUNTEER, SKILL = map(table_of, (Service, Resource, Volunteer, VolunteerSkill))
VERSION = "3.1"
PLACE_GRID_DEG = 0.005
"""Places are told to this grid alone, about 500 m."""
WINDOW_DAYS = 28
"""Days ahead over which places of slots are counted as capacity."""
TAXONOMY = "Hu-Help service catalogue"
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
Row = dict[str, Any]
TABLES: dict[str, tuple[str, ...]] = {
    "organizations": ("id", "name", "alternate_name", "description", "legal_status"),
    "services": ("id", "organization_id", "name", "alternate_name", "description", "status", "last_modified"),
    "locations": ("id", "location_type", "name", "latitude", "longitude", "description"),
    "service_at_locations": ("id", "service_id", "location_id", "description"),
    "schedules": (
        "id",
        "service_at_location_id",
        "valid_from",
        "valid_to",
        "timezone",
        "freq",
        "interval",
        "wkst",
        "byday",
        "opens_at",
        "closes_at",
        "description",
    ),
    "service_areas": ("id", "service_id", "name", "description"),
    "units": ("id", "name"),
    "service_capacities": ("id", "service_id", "unit_id", "available", "maximum", "description", "updated"),
    "taxonomies": ("id", "name", "description", "version"),
    "taxonomy_terms": ("id", "code", "name", "description", "taxonomy", "taxonomy_id", "language"),
    "attributes": ("id", "link_id", "link_entity", "link_type", "taxonomy_term_id", "value"),
}
"""Every table of the package with every field that leaves; a test compares the page of the exchange with it."""
Package = dict[str, list[Row]]


class Offered(NamedTuple):
    """A service of an organisation: of the catalogue, or an offer of its own."""

    organisation_id: int
    service_id: int | None
    offer_id: int | None = None

    @property
    def uid(self) -> str:
        """Return its identifier, the same for ever."""
        if self.offer_id is not None:
            return uid("offer", self.offer_id)
        return uid("service", self.organisation_id, self.service_id or 0)


def build_package(session: Session, *, now: datetime) -> Package:
    """Return the whole directory as it is now: the rows of every table of :data:`TABLES`, in the order of their age."""
    package: Package = {name: [] for name in TABLES}
    catalogue = {row.id: row for row in session.connection().execute(select(SERVICE).order_by(SERVICE.c.id))}
    organisations = {row.id: row for row in session.connection().execute(select(ORGANISATION))}
    offers = _open_offers(session, day_of(now))
    offered = _services(session, offers, day_of(now))
    _organisations(package, organisations.values(), {one.organisation_id for one in offered})
    _taxonomy(package, catalogue.values())
    for one, last in offered.items():
        _service(package, one, catalogue.get(one.service_id or 0), offers, last or now)
    _areas(session, package, offered)
    _places(session, package, catalogue, day_of(now))
    _capacities(session, package, offers, now)
    return {name: [_whole(name, row) for row in rows] for name, rows in package.items()}


def _whole(table: str, row: Row) -> Row:
    """Return a row with its fields in their order, without those that are empty; no other field leaves."""
    return {field: row[field] for field in TABLES[table] if row.get(field) not in (None, "")}


def _open_offers(session: Session, day: date) -> dict[int, Any]:
    open_ones = select(OFFER).where(OFFER.c.status == "open", OFFER.c.to_day > day, OFFER.c.need_id.is_(None))
    return {row.id: row for row in session.connection().execute(open_ones.order_by(OFFER.c.id))}


def _services(session: Session, offers: dict[int, Any], day: date) -> dict[Offered, datetime | None]:
    """Return what each organisation offers: by volunteers, in slots of running projects, and as offers."""
    connection = session.connection()
    skills = (
        select(VOLUNTEER.c.organisation_id, SKILL.c.service_id)
        .join(VOLUNTEER, VOLUNTEER.c.person_id == SKILL.c.volunteer_id)
        .where(VOLUNTEER.c.status == "active")
        .distinct()
    )
    slots = (
        select(PROJECT.c.organisation_id, RESOURCE.c.service_id)
        .join(PROJECT, PROJECT.c.id == RESOURCE.c.project_id)
        .where(PROJECT.c.status == "running", PROJECT.c.ends_on > day)
        .distinct()
    )
    found: dict[Offered, datetime | None] = {Offered(*row): None for row in connection.execute(skills)}
    found |= {Offered(*row): None for row in connection.execute(slots)}
    for row in offers.values():
        key = Offered(row.organisation_id, row.service_id, None if row.service_id else row.id)
        found[key] = row.offered_at
    return dict(sorted(found.items(), key=lambda item: (item[0].organisation_id, item[0].uid)))


def _organisations(package: Package, rows: Iterable[Any], wanted: set[int]) -> None:
    package["organizations"] = [
        {
            "id": uid("organisation", row.id),
            "name": row.name_zh,
            "alternate_name": row.name_en,
            "description": f"{row.name_zh} ({row.name_en})",
            "legal_status": row.kind,
        }
        for row in sorted(rows, key=lambda row: row.id)
        if row.id in wanted
    ]


def _taxonomy(package: Package, services: Iterable[Any]) -> None:
    taxonomy = uid("taxonomy")
    described = "Services of the district's time bank and charity projects"
    package["taxonomies"] = [{"id": taxonomy, "name": TAXONOMY, "description": described, "version": "1"}]
    package["taxonomy_terms"] = [
        {
            "id": uid("term", row.id),
            "code": row.code,
            "name": row.name_zh,
            "description": row.name_en,
            "taxonomy": TAXONOMY,
            "taxonomy_id": taxonomy,
            "language": "zh",
        }
        for row in services
    ]


def _service(package: Package, one: Offered, entry: Any, offers: dict[int, Any], last: datetime) -> None:
    offer = offers[one.offer_id] if one.offer_id is not None else None
    package["services"].append(
        {
            "id": one.uid,
            "organization_id": uid("organisation", one.organisation_id),
            "name": offer.what if offer else entry.name_zh,
            "alternate_name": None if offer else entry.name_en,
            "description": offer.conditions if offer else None,
            "status": "active",
            "last_modified": moment(last),
        }
    )
    if entry is not None:
        package["attributes"].append(
            {
                "id": uid("attribute", one.organisation_id, one.service_id or 0),
                "link_id": one.uid,
                "link_entity": "service",
                "link_type": "service_type",
                "taxonomy_term_id": uid("term", one.service_id or 0),
                "value": entry.code,
            }
        )


def _areas(session: Session, package: Package, offered: Iterable[Offered]) -> None:
    """Say for which sub-districts each service is: those that its organisation works in."""
    wanted = (
        select(OWN_AREA.c.organisation_id, AREA.c.id, AREA.c.name_zh, AREA.c.name_en)
        .join(AREA, AREA.c.id == OWN_AREA.c.area_id)
        .order_by(AREA.c.id)
    )
    areas: dict[int, list[Any]] = defaultdict(list)
    for row in session.connection().execute(wanted):
        areas[row.organisation_id].append(row)
    package["service_areas"] = [
        {
            "id": uid(f"area of {one.uid}", row.id),
            "service_id": one.uid,
            "name": row.name_zh,
            "description": row.name_en,
        }
        for one in offered
        for row in areas[one.organisation_id]
    ]


def _places(session: Session, package: Package, catalogue: dict[int, Any], day: date) -> None:
    """Add the places where services are given in slots, roughly, and their hours of the coming weeks."""
    wanted = (
        select(RESOURCE, PROJECT.c.organisation_id)
        .join(PROJECT, PROJECT.c.id == RESOURCE.c.project_id)
        .where(PROJECT.c.status == "running", PROJECT.c.ends_on > day)
        .order_by(RESOURCE.c.id)
    )
    hours = _hours(session, day)
    for row in session.connection().execute(wanted):
        here, place = uid("at", row.id), uid("place", row.id)
        package["locations"].append(
            {
                "id": place,
                "location_type": "physical",
                "name": row.name_zh,
                "latitude": rough(row.lat_deg),
                "longitude": rough(row.lon_deg),
                "description": "Rough place, to about 500 m",
            }
        )
        package["service_at_locations"].append(
            {
                "id": here,
                "service_id": Offered(row.organisation_id, row.service_id).uid,
                "location_id": place,
                "description": f"{catalogue[row.service_id].name_zh} {row.name_zh}",
            }
        )
        package["schedules"] += [_schedule(here, row.id, *times, days) for times, days in hours[row.id].items()]


def _hours(session: Session, day: date) -> dict[int, dict[tuple[int, int], list[date]]]:
    """Return the days of each time of each resource in the coming weeks."""
    s = SLOT.c
    wanted = select(s.resource_id, s.starts_min, s.ends_min, s.day).where(
        s.day >= day, s.day < day + timedelta(days=WINDOW_DAYS)
    )
    found: dict[int, dict[tuple[int, int], list[date]]] = defaultdict(lambda: defaultdict(list))
    for resource, starts_min, ends_min, on in session.connection().execute(wanted.order_by(s.day, s.starts_min)):
        found[resource][starts_min, ends_min].append(on)
    return found


def _schedule(at: str, resource: int, starts_min: int, ends_min: int, days: list[date]) -> Row:
    weekdays = sorted({on.weekday() for on in days})
    return {
        "id": uid("schedule", resource, starts_min, ends_min),
        "service_at_location_id": at,
        "valid_from": days[0].isoformat(),
        "valid_to": days[-1].isoformat(),
        "timezone": 8,
        "freq": "WEEKLY",
        "interval": 1,
        "wkst": "MO",
        "byday": ",".join(DAYS[weekday] for weekday in weekdays),
        "opens_at": f"{format_clock(starts_min)}+08:00",
        "closes_at": f"{format_clock(ends_min)}+08:00",
        "description": f"{len(days)} dated times in the coming {WINDOW_DAYS} days",
    }


def _capacities(session: Session, package: Package, offers: dict[int, Any], now: datetime) -> None:
    """Count what is free: places of slots ahead less live bookings, and of open offers what is left."""
    day = day_of(now)
    s, b = SLOT.c, BOOKING.c
    live = select(b.slot_id, func.count().label("n")).where(b.status.in_(("booked", "used"))).group_by(b.slot_id)
    booked = live.subquery()
    wanted = (
        select(
            PROJECT.c.organisation_id,
            RESOURCE.c.service_id,
            func.sum(s.places),
            func.sum(s.places - func.coalesce(booked.c.n, 0)),
        )
        .join(RESOURCE, RESOURCE.c.id == s.resource_id)
        .join(PROJECT, PROJECT.c.id == RESOURCE.c.project_id)
        .outerjoin(booked, booked.c.slot_id == s.id)
        .where(PROJECT.c.status == "running", s.day >= day, s.day < day + timedelta(days=WINDOW_DAYS))
        .group_by(PROJECT.c.organisation_id, RESOURCE.c.service_id)
        .order_by(PROJECT.c.organisation_id, RESOURCE.c.service_id)
    )
    for organisation, service, places, free in session.connection().execute(wanted):
        words = f"Places of the coming {WINDOW_DAYS} days"
        one = Offered(organisation, service)
        _capacity(package, one, "名额", max(0, int(free)), int(places), words, now)
    for row in offers.values():
        one = Offered(row.organisation_id, row.service_id, None if row.service_id else row.id)
        words = f"{row.what}, {row.from_day.isoformat()} - {(row.to_day - timedelta(days=1)).isoformat()}"
        _capacity(package, one, row.unit, row.quantity - row.taken, row.quantity, words, now, row.id)


def _capacity(
    package: Package, one: Offered, unit: str, free: int, most: int, words: str, now: datetime, offer: int = 0
) -> None:
    number = uid(f"unit {unit}")
    if not any(row["id"] == number for row in package["units"]):
        package["units"].append({"id": number, "name": unit})
    package["service_capacities"].append(
        {
            "id": uid(f"capacity of {one.uid}", offer),
            "service_id": one.uid,
            "unit_id": number,
            "available": free,
            "maximum": most,
            "description": words,
            "updated": moment(now),
        }
    )


def rough(degrees: float) -> float:
    """Return degrees on the grid of places."""
    return round(round(degrees / PLACE_GRID_DEG) * PLACE_GRID_DEG, 6)


def moment(when: datetime) -> str:
    """Write a moment as others read it: UTC, to the millisecond."""
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
