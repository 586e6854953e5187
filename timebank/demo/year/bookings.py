"""The year of baths and trips: places asked for by telephone, given out, called off, missed, driven to and recorded."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
from sqlalchemy import func, select, update
from sqlmodel import Session

from timebank.bookings.endings import call_off, keep_lists
from timebank.bookings.listing import list_length, performed
from timebank.bookings.notices import notice_done, notices_of
from timebank.bookings.outcomes import Outcome, free_missed, record_day
from timebank.bookings.refusals import AlreadyBooked, NoSuchTime, NotForThisSenior
from timebank.bookings.requests import Asked, Destination, ask_place
from timebank.bookings.rounds import decide
from timebank.bookings.rules import set_terms, standard_terms
from timebank.bookings.steps import BOOKING, NEED, PLACE_NEED, REQUEST, RESOURCE, SENIOR, SLOT, request_of
from timebank.bookings.vans import route_day
from timebank.core.clock import moment_at
from timebank.core.naming import number_of
from timebank.demo.district import OFFICE
from timebank.demo.published import published, subdistricts
from timebank.demo.year.chapter import DAYS_OF_YEAR, Chapter, Year
from timebank.needs.tables import Service
from timebank.people.focus import CATEGORY, held_on
from timebank.people.tables import Organisation
from timebank.projects.fitting import Fitting, fit_resource, resource_of
from timebank.projects.projects import (
    ProjectDraft,
    ResourceDraft,
    SlotPattern,
    create_project,
    project_number,
    start_project,
)

KEY = "bookings"
CLIMB = "stair_climb"
GROUPS = {"bath": "severe_functional_impairment", "trip": "severe_registered_disability"}
MISSED, CALLED_OFF, SHORT_NOTICE = 0.025, 0.015, 0.15
WHEELCHAIR, CLIMBED = 0.4, 0.5
"""Parts of the trips that take a wheelchair, and of these that come down the stairs with a climber."""
NOTICE_DAYS, ASKED_WITHIN_DAYS = 3, 10
"""Places are asked for from so many days ahead on, for a day within so many."""
ROUND_DAYS = (0, 2, 4)
MOST_WAITING = 30
"""So many on a list of the whole district, and the desk tells callers to try again next week."""
ASKED_A_DAY = 1.5
"""At most so many times a day's part of the year ask in a day, however many are still due."""
SERIES_WEEKS, SERIES_DAYS, SERIES_FROM_A_WEEK = 6, (0, 2, 4), 6.0
"""A patient's weeks and weekdays of dialysis; a district with fewer trips a week has none."""
ASKING_MIN, UNANSWERED_MIN, EVENING_MIN = 600, 500, 1200
CLINICS = (
    ("普陀区中心医院", 31.2480, 121.3990),
    ("利群医院", 31.2790, 121.3640),
    ("普陀区人民医院", 31.2420, 121.4350),
)
PROGRAMMES = {"bath": ("bath_assistance", "services"), "trip": ("accessible_trip", "trips")}


def _total(service: str) -> int:
    programme, figure = PROGRAMMES[service]
    return int(published()["programmes"][programme][figure])


def prepare(session: Session, year: Year) -> None:
    """Say how places are asked for, and add a bus, a van and a climber to the stations and vans of the district.

    In the year nobody is planned for a bath or a ride: whoever wants one asks.
    """
    now = moment_at(year.starts_on, 0)
    services = {code: number_of(session, Service, code) for code in GROUPS}
    planned = (NEED.c.service_id.in_(services.values()), NEED.c.status == "open")
    session.connection().execute(update(NEED).where(*planned).values(status="paused"))
    session.add(
        Service(code=CLIMB, name_zh="爬楼机", name_en="Stair climber", served_by="slot", minutes=60, priority=2)
    )
    session.flush()
    for code, number in services.items():
        set_terms(session, number, standard_terms()[code], from_day=year.starts_on, actor="demo", now=now)
    office = number_of(session, Organisation, OFFICE)
    for service, resources in _resources(year).items():
        draft = ProjectDraft(
            title_zh={"bath": "助浴流动车", "trip": "爬楼机与接送"}[service],
            title_en={"bath": "Mobile bath bus", "trip": "Stair climber and van"}[service],
            budget_cents=200_000_000,
            starts_on=year.starts_on,
            ends_on=year.ends_on + timedelta(days=ASKED_WITHIN_DAYS * 7),
            categories=(GROUPS[service],),
            resources=resources,
        )
        project = create_project(session, office, draft, idempotency_key=f"year-{service}", now=now)
        start_project(session, office, project_number(project))
    _fit(session, year)


def _resources(year: Year) -> dict[str, tuple[ResourceDraft, ...]]:
    places = max(1, round(2 * year.scale))
    return {
        "bath": (_resource("YEAR-BUS", "流动助浴车", "bath", 3, SlotPattern(**_hours(0b0011111, 540, 660, places))),),
        "trip": (
            _resource("YEAR-VAN", "爬楼接送车", "trip", 4, SlotPattern(**_hours(0b0010101, 480, 720, 2))),
            _resource("YEAR-CLIMB", "爬楼机", CLIMB, 4, SlotPattern(**_hours(0b0010101, 480, 720, 1))),
        ),
    }


def _hours(weekdays: int, starts_min: int, ends_min: int, places: int) -> dict[str, int]:
    return {"weekdays": weekdays, "starts_min": starts_min, "ends_min": ends_min, "places": places}


def _resource(code: str, name: str, service: str, area: int, slots: SlotPattern) -> ResourceDraft:
    place = subdistricts()[area]
    return ResourceDraft(
        code=code,
        name_zh=name,
        service=service,
        subdistrict=f"310107{area + 1:03d}",
        lat_deg=place.lat_deg,
        lon_deg=place.lon_deg,
        slots=(slots,),
    )


def _fit(session: Session, year: Year) -> None:
    """Say what every resource holds, those of the 28 days too."""
    now = moment_at(year.starts_on, 0)
    kinds = {"bath": ("place", 0, 0, 8_000), "trip": ("vehicle", 2, 1, 12_000), CLIMB: ("device", 0, 1, 4_000)}
    wanted = select(RESOURCE.c.code, RESOURCE.c.service_id).order_by(RESOURCE.c.id)
    codes = {number_of(session, Service, code): code for code in kinds}
    for resource, service in list(session.connection().execute(wanted)):
        if service in codes:
            kind, seats, chairs, cents = kinds[codes[service]]
            fitting = Fitting(kind=kind, seats=seats, wheelchairs=chairs, place_cost_cents=cents)
            fit_resource(session, resource_of(session, resource), fitting, actor="demo", now=now)


def play(session: Session, year: Year, day: date) -> None:
    """Play a day: who does not answer, who calls off, who asks, what is decided, and what was done by the evening."""
    random = year.random(KEY, day)
    _miss(session, random, day)
    _call_off_some(session, random, day)
    now = moment_at(day, ASKING_MIN)
    for service in ("bath", "trip"):
        _ask(session, random, year, day, service)
    _ask_for_a_series(session, random, year, day)
    if day.weekday() in ROUND_DAYS:
        keep_lists(session, actor="demo", now=now)
        bath = session.get_one(Service, number_of(session, Service, "bath"))
        decide(session, bath, actor="demo", now=now, until=day + timedelta(days=ASKED_WITHIN_DAYS + 1))
    route_day(session, day + timedelta(days=1), actor="demo", now=moment_at(day, EVENING_MIN))
    _record(session, random, day)
    _make_calls(session, day)


def _booked(session: Session, day: date) -> list[tuple[int, int]]:
    """Return need and minutes of every place of a day, in order."""
    wanted = (
        select(BOOKING.c.need_id, NEED.c.minutes)
        .join(SLOT, SLOT.c.id == BOOKING.c.slot_id)
        .join(NEED, NEED.c.id == BOOKING.c.need_id)
        .where(SLOT.c.day == day, BOOKING.c.status == "booked")
        .distinct()
        .order_by(BOOKING.c.need_id)
    )
    return [(row.need_id, row.minutes) for row in session.connection().execute(wanted)]


def _miss(session: Session, random: np.random.Generator, day: date) -> None:
    """Some do not answer in the morning: whoever on the list can come at once has their place."""
    gone = [need for need, _ in _booked(session, day) if random.random() < MISSED]
    now = moment_at(day, UNANSWERED_MIN)
    record_day(session, day, [Outcome(need, "missed") for need in gone], actor="demo", now=now)
    for need in gone:
        free_missed(session, [need], day, actor="demo", now=now)


def _record(session: Session, random: np.random.Generator, day: date) -> None:
    """Everybody else was served, for about as long as was planned."""
    booked = _booked(session, day)
    longer = random.integers(-8, 15, len(booked)).tolist()
    outcomes = [
        Outcome(need, "used", max(1, minutes + more)) for (need, minutes), more in zip(booked, longer, strict=True)
    ]
    record_day(session, day, outcomes, actor="demo", now=moment_at(day, EVENING_MIN))


def _call_off_some(session: Session, random: np.random.Generator, day: date) -> None:
    """A few call off a place of the next days; of a series that one date."""
    wanted = (
        select(PLACE_NEED.c.request_id, SLOT.c.day, REQUEST.c.weekdays)
        .join(BOOKING, BOOKING.c.need_id == PLACE_NEED.c.need_id)
        .join(SLOT, SLOT.c.id == BOOKING.c.slot_id)
        .join(REQUEST, REQUEST.c.id == PLACE_NEED.c.request_id)
        .where(SLOT.c.day == day + timedelta(days=2), BOOKING.c.status == "booked")
        .distinct()
        .order_by(PLACE_NEED.c.request_id)
    )
    rows = [row for row in session.connection().execute(wanted) if random.random() < CALLED_OFF]
    for row in rows:
        date_of_series = row.day if row.weekdays else None
        request = request_of(session, row.request_id)
        call_off(session, request, actor="demo", reason="家里有事", now=moment_at(day, ASKING_MIN), day=date_of_series)


def _ask(session: Session, random: np.random.Generator, year: Year, day: date, service: str) -> None:
    """Let as many ask as the published year has for the days up to the last that can be asked for."""
    first, last = day + timedelta(days=NOTICE_DAYS), min(day + timedelta(days=ASKED_WITHIN_DAYS), year.ends_on)
    number = number_of(session, Service, service)
    most = max(1, year.sized(MOST_WAITING))
    if first >= last or list_length(session, number) >= most:
        return
    due = sum(
        year.quota(_total(service), year.starts_on + timedelta(days=n)) for n in range((last - year.starts_on).days)
    )
    wanted = due - _had_or_ahead(session, number, (year.starts_on, last))
    a_day = max(2, round(ASKED_A_DAY * _total(service) * year.scale / DAYS_OF_YEAR))
    people = _people(session, service, day)
    for place in range(max(0, min(wanted, a_day))):
        begins = first + timedelta(days=int(random.integers(max(1, (last - first).days - 3))))
        ends = min(last, begins + timedelta(days=5))
        who = int(people[int(random.integers(len(people)))])
        _ask_one(session, random, day, f"{service} {day} {place}", _wish(session, random, who, service, (begins, ends)))


def _had_or_ahead(session: Session, service_id: int, days: tuple[date, date]) -> int:
    """Count the places of a service that were used or are booked in some days, and who waits for the next round."""
    wanted = (
        select(func.count())
        .select_from(BOOKING)
        .join(SLOT, SLOT.c.id == BOOKING.c.slot_id)
        .join(RESOURCE, RESOURCE.c.id == SLOT.c.resource_id)
        .where(RESOURCE.c.service_id == service_id, BOOKING.c.status.in_(("used", "booked")))
        .where(SLOT.c.day >= days[0], SLOT.c.day < days[1])
    )
    asked = select(func.count()).where(REQUEST.c.service_id == service_id, REQUEST.c.status == "received")
    connection = session.connection()
    return int(connection.execute(wanted).scalar_one()) + int(connection.execute(asked).scalar_one())


def _people(session: Session, service: str, day: date) -> Sequence[int]:
    """Return the seniors for whom a service is on a day, in order."""
    wanted = (
        select(CATEGORY.c.senior_id)
        .join(SENIOR, SENIOR.c.person_id == CATEGORY.c.senior_id)
        .where(CATEGORY.c.category == GROUPS[service], SENIOR.c.status == "active", held_on(day))
        .order_by(CATEGORY.c.senior_id)
    )
    return list(session.connection().execute(wanted).scalars())


def _wish(
    session: Session,
    random: np.random.Generator,
    who: int,
    service: str,
    days: tuple[date, date],
    **changes: Any,
) -> Asked:
    """Draw what somebody asks for: by telephone most of them, for themselves or a parent."""
    name, lat, lon = CLINICS[int(random.integers(len(CLINICS)))]
    in_chair = service == "trip" and random.random() < WHEELCHAIR
    is_climbed = in_chair and random.random() < CLIMBED
    parts: dict[str, Any] = {
        "organisation_id": number_of(session, Organisation, OFFICE),
        "senior_id": who,
        "service_id": number_of(session, Service, service),
        "source": "phone" if random.random() < 0.8 else "paper",
        "recorded_by": "demo",
        "asker_relation": "self" if random.random() < 0.4 else "child",
        "from_day": days[0],
        "to_day": days[1],
        "wheelchairs": int(in_chair),
        "is_short_notice": random.random() < SHORT_NOTICE,
        "also": (number_of(session, Service, CLIMB),) if is_climbed else (),
        "destination": Destination(name=name, lat_deg=lat, lon_deg=lon) if service == "trip" else None,
    }
    return Asked(**(parts | changes))


def _ask_one(session: Session, random: np.random.Generator, day: date, key: str, asked: Asked) -> None:
    """Ask; who has asked already, is in the category no more, or asks for days without a slot, is told so."""
    minute = ASKING_MIN + int(random.integers(-90, 1))
    try:
        ask_place(session, asked, idempotency_key=f"year {key}", now=moment_at(day, minute))
    except (AlreadyBooked, NoSuchTime, NotForThisSenior):
        return


def _ask_for_a_series(session: Session, random: np.random.Generator, year: Year, day: date) -> None:
    """On a Monday without one, a patient asks for weeks of dialysis: van and climber three times a week."""
    a_week = _total("trip") * year.scale * 7 / DAYS_OF_YEAR
    begins = day + timedelta(days=7)
    ends = begins + timedelta(days=7 * SERIES_WEEKS)
    live = REQUEST.c.status.in_(("waiting", "placed")) & (REQUEST.c.weekdays > 0) & (REQUEST.c.to_day > begins)
    stands = session.connection().execute(select(REQUEST.c.id).where(live).limit(1)).scalar()
    if day.weekday() != 0 or a_week < SERIES_FROM_A_WEEK or ends > year.ends_on or stands is not None:
        return
    people = _people(session, "trip", day)
    who = int(people[int(random.integers(len(people)))])
    weekdays = sum(1 << weekday for weekday in SERIES_DAYS)
    climb = (number_of(session, Service, CLIMB),)
    series = _wish(session, random, who, "trip", (begins, ends), weekdays=weekdays, wheelchairs=1, also=climb)
    _ask_one(session, random, day, f"series {day}", series)


def _make_calls(session: Session, day: date) -> None:
    """By the evening the desk has called everybody whom it had to."""
    office = number_of(session, Organisation, OFFICE)
    for notice in notices_of(session, office, first=100):
        number = notice.id or 0
        notice_done(session, number, organisation_id=office, actor="demo", now=moment_at(day, EVENING_MIN))


def count(session: Session, year: Year) -> dict[str, int]:
    """Count the places that were used, from the rows."""
    days = (year.starts_on, year.ends_on)
    return {
        f"programmes.{programme}.{figure}": performed(session, number_of(session, Service, service), days).used
        for service, (programme, figure) in PROGRAMMES.items()
    }


CHAPTER = Chapter(key=KEY, prepare=prepare, play=play, count=count)
