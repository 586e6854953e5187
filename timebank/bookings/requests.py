"""A place is asked for, once: by whom and for whom, through which door; then it is decided, or waits for a round."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import insert, select
from sqlmodel import Session
from sqlmodel import select as pick

from timebank.bookings.eligible import Wished, require_place
from timebank.bookings.refusals import AlreadyBooked, NoticeTooShort, TooFarAhead
from timebank.bookings.rounds import decide
from timebank.bookings.rules import Terms, terms_on
from timebank.bookings.steps import LIVE, PLACE_NEED, REQUEST, request_number, tell
from timebank.bookings.tables import PlaceRequest
from timebank.core.clock import day_of
from timebank.core.columns import table_of
from timebank.core.database import wait_turn
from timebank.core.errors import KeyConflict, NotFound, WrongInput
from timebank.core.keys import check_key
from timebank.core.places import is_in_district
from timebank.core.texts import Phrase
from timebank.needs.tables import Need, NeedAlso, Service
from timebank.people.belonging import serves
from timebank.projects.projects import GIVE_PLACES

ALSO = table_of(NeedAlso)
SOURCES = ("page", "phone", "paper", "relative", "home_visit")
RELATIONS = ("self", "spouse", "child", "relative", "neighbour", "staff")
TRIP = "trip"
LONGEST_WORDS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where a trip goes (WGS-84), when to be there, and when the way back begins; without it there is none."""

    name: str
    lat_deg: float
    lon_deg: float
    arrive_min: int | None = None
    back_min: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for; see :class:`timebank.bookings.tables.PlaceRequest`. Services are numbers.

    ``also`` are further services at the same time, such as a stair climber with the van: both or none.
    """

    organisation_id: int
    senior_id: int
    service_id: int
    source: str
    recorded_by: str
    asker_relation: str
    from_day: date
    to_day: date
    window_start_min: int = 420
    window_end_min: int = 1140
    minutes: int | None = None
    weekdays: int = 0
    wheelchairs: int = 0
    is_short_notice: bool = False
    also: tuple[int, ...] = ()
    destination: Destination | None = None
    asker_id: int | None = None
    asker_name: str | None = None
    wish: str | None = None


def ask_place(
    session: Session, asked: Asked, *, idempotency_key: str, now: datetime, is_another: bool = False
) -> PlaceRequest:
    """Ask for a place; the same key with the same content is the same request.

    A service whose places go at once is decided before this returns: the request is placed, or waits. A call that is
    entered twice is shown the first entry, unless it is said to be ``is_another``.

    Raises
    ------
    KeyConflict
        When the key came with other content.
    AlreadyBooked
        When a live request of the senior asks for the same service on some of the days.
    NotFound
        When there is no such senior in the desk's areas, or no such service.
    WrongInput, NoticeTooShort, TooFarAhead, NotForThisSenior, OutsideProjects, NoSuchTime, BudgetUsedUp
        When it cannot be, with what would be right.
    """
    wait_turn(session, GIVE_PLACES)
    check_key(idempotency_key)
    digest = hashlib.sha256(json.dumps(asdict(asked), default=str, sort_keys=True).encode()).digest()
    own = pick(PlaceRequest).where(PlaceRequest.organisation_id == asked.organisation_id)
    stored = session.exec(own.where(PlaceRequest.idempotency_key == idempotency_key)).first()
    if stored is not None:
        if stored.request_hash != digest:
            raise KeyConflict(key=idempotency_key)
        return stored
    service = _service(session, asked)
    terms = terms_on(session, service, day_of(now))
    dates = _dates(asked, terms, day_of(now))
    earlier = None if is_another else _alike(session, asked)
    if earlier is not None:
        raise AlreadyBooked(request_id=earlier)
    require_place(session, _wished(asked, service, dates))
    request = _store(session, asked, service, idempotency_key, digest, now)
    _add_needs(session, request, asked, dates)
    tell(session, [request_number(request)], "received", actor=asked.recorded_by, now=now)
    if terms.decides == "at_once":
        decide(session, service, actor=asked.recorded_by, now=now, fresh=(request_number(request),))
        session.refresh(request)
    return request


def _service(session: Session, asked: Asked) -> Service:
    """Return the service, and refuse what cannot be whatever the day is."""
    for field, known in (("source", SOURCES), ("asker_relation", RELATIONS)):
        value = getattr(asked, field)
        if value not in known:
            raise WrongInput(field=field, value=value[:20], right=Phrase("right_one_of", known=", ".join(known)))
    service = session.get(Service, asked.service_id)
    for number in (asked.service_id, *asked.also):
        one = session.get(Service, number)
        if one is None or one.served_by != "slot":
            raise NotFound(kind="service", key=str(number))
    if service is None or not serves(session, asked.organisation_id, asked.senior_id):
        raise NotFound(kind="senior", key=str(asked.senior_id))
    if asked.service_id in asked.also or len(set(asked.also)) != len(asked.also):
        raise WrongInput(field="also", value=service.code, right=Phrase("right_other_service"))
    for field, words in (("wish", asked.wish), ("asker_name", asked.asker_name)):
        if words is not None and not 1 <= len(words) <= LONGEST_WORDS:
            right = Phrase("right_length", least=1, most=LONGEST_WORDS)
            raise WrongInput(field=field, value=f"{words[:20]}...", right=right)
    minutes = asked.minutes or service.minutes
    begins, ends = asked.window_start_min, asked.window_end_min
    if minutes < 1 or not 0 <= begins <= ends - minutes or ends > 1440:
        raise WrongInput(field="window", value=f"{begins} {ends}", right=Phrase("right_wished_hours", minutes=minutes))
    _check_destination(asked, service)
    return service


def _check_destination(asked: Asked, service: Service) -> None:
    """A trip has a destination within reach and hours that can be; nothing else has one."""
    to = asked.destination
    if (to is None) == (service.code == TRIP):
        raise WrongInput(field="destination", value="", right=Phrase("right_destination"))
    if to is None:
        return
    if not to.name.strip() or len(to.name) > 120:
        raise WrongInput(field="destination", value=to.name[:20], right=Phrase("right_length", least=1, most=120))
    if not is_in_district(to.lat_deg, to.lon_deg):
        place = f"{to.lat_deg:.3f}, {to.lon_deg:.3f}"
        raise WrongInput(field="destination", value=place, right=Phrase("right_place"))
    arrives = asked.window_start_min if to.arrive_min is None else to.arrive_min
    goes_back = asked.window_end_min if to.back_min is None else to.back_min
    if not asked.window_start_min <= arrives <= goes_back <= asked.window_end_min:
        raise WrongInput(field="arrive_min, back_min", value=f"{arrives} {goes_back}", right=Phrase("right_ride_hours"))


def _dates(asked: Asked, terms: Terms, today: date) -> tuple[date, ...]:
    """Return the dates that are asked for, in order; those that are too soon for one place of many are left out."""
    if asked.to_day <= asked.from_day or not 0 <= asked.weekdays <= 127:
        right = Phrase("right_after", moment=asked.from_day.isoformat())
        raise WrongInput(field="to_day", value=str(asked.to_day), right=right)
    first, last = today + timedelta(days=terms.notice_days), today + timedelta(days=terms.ahead_days)
    is_series = bool(asked.weekdays)
    if asked.to_day <= first or (is_series and asked.from_day < first):
        raise NoticeTooShort(notice_days=terms.notice_days, first_day=first)
    if asked.from_day > last or (not is_series and asked.to_day > last + timedelta(days=1)):
        raise TooFarAhead(ahead_days=terms.ahead_days, last_day=last)
    begins = max(asked.from_day, first)
    weeks = (asked.to_day - asked.from_day).days / 7
    if is_series and weeks > terms.series_weeks:
        right = Phrase("right_series_weeks", most=terms.series_weeks)
        raise WrongInput(field="to_day", value=str(asked.to_day), right=right)
    every = [begins + timedelta(days=number) for number in range((asked.to_day - begins).days)]
    dates = tuple(day for day in every if not is_series or asked.weekdays >> day.weekday() & 1)
    if not dates:
        raise WrongInput(field="weekdays", value=str(asked.weekdays), right=Phrase("right_series_dates"))
    return dates


def _alike(session: Session, asked: Asked) -> int | None:
    r = REQUEST.c
    alike = (
        select(r.id)
        .where(r.senior_id == asked.senior_id, r.service_id == asked.service_id, r.status.in_(LIVE))
        .where(r.from_day < asked.to_day, r.to_day > asked.from_day)
        .order_by(r.id)
        .limit(1)
    )
    return session.connection().execute(alike).scalar()


def _wished(asked: Asked, service: Service, dates: tuple[date, ...]) -> Wished:
    return Wished(
        senior_id=asked.senior_id,
        service=service,
        dates=dates,
        window_min=(asked.window_start_min, asked.window_end_min),
        minutes=asked.minutes or service.minutes,
        wheelchairs=asked.wheelchairs,
        is_every=bool(asked.weekdays),
    )


def _store(session: Session, asked: Asked, service: Service, key: str, digest: bytes, now: datetime) -> PlaceRequest:
    to = asked.destination
    values = {name: value for name, value in asdict(asked).items() if name not in ("also", "destination", "minutes")}
    request = PlaceRequest(
        **values,
        minutes=asked.minutes or service.minutes,
        destination=to.name if to else None,
        to_lat_deg=to.lat_deg if to else None,
        to_lon_deg=to.lon_deg if to else None,
        arrive_min=to.arrive_min if to else None,
        back_min=to.back_min if to else None,
        idempotency_key=key,
        request_hash=digest,
        received_at=now,
    )
    session.add(request)
    session.flush()
    return request


def _add_needs(session: Session, request: PlaceRequest, asked: Asked, dates: tuple[date, ...]) -> None:
    """Make the needs through which the engine knows a request: one, or one for each weekday of a series."""
    number = request_number(request)
    by_weekday: dict[int, list[date]] = {}
    for day in dates:
        by_weekday.setdefault(day.weekday() if asked.weekdays else 7, []).append(day)
    connection = session.connection()
    for weekday, days in sorted(by_weekday.items()):
        need = Need(
            external_ref=f"place:{number}:{weekday}",
            senior_id=asked.senior_id,
            service_id=asked.service_id,
            organisation_id=asked.organisation_id,
            frequency_kind="every_n_days" if asked.weekdays else "once",
            frequency_count=7 if asked.weekdays else 1,
            minutes=request.minutes,
            weekdays=1 << weekday if asked.weekdays else 127,
            window_start_min=asked.window_start_min,
            window_end_min=asked.window_end_min,
            from_day=days[0],
            to_day=days[-1] + timedelta(days=7 if asked.weekdays else 1),
            status="paused",
            wheelchairs=asked.wheelchairs,
            is_series=1 if asked.weekdays else 0,
        )
        session.add(need)
        session.flush()
        connection.execute(insert(PLACE_NEED), {"need_id": need.id, "request_id": number})
        if asked.also:
            connection.execute(insert(ALSO), [{"need_id": need.id, "service_id": one} for one in asked.also])
