"""A request for a single service: taken in through any door, reviewed, and followed until it is planned or ends.

Every step is one conditional UPDATE with an event, so of two who try at once one succeeds, and the same again is
harmless. A request in the list has a need of its own; the need is paused, so that plans of the whole district leave
it to whoever looks for a volunteer one by one.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlmodel import Session, col
from sqlmodel import select as pick

from timebank.core.clock import day_of
from timebank.core.columns import table_of
from timebank.core.database import wait_turn
from timebank.core.errors import KeyConflict, NotFound, WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.needs.refusals import AlreadyAsked
from timebank.needs.tables import Need, RequestEvent, Service, ServiceRequest
from timebank.people.belonging import serves

REQUEST = table_of(ServiceRequest)
EVENT = table_of(RequestEvent)
NEED = table_of(Need)
SOURCES = ("page", "phone", "paper", "relative", "home_visit")
RELATIONS = ("self", "spouse", "child", "relative", "neighbour", "staff")
LIVE = ("received", "listed", "offered", "planned")
"""States in which a request is still to be served."""
LONGEST_WISH_DAYS = 92
LONGEST_NOTE = 1000
MOST_LAPSED = 1000
"""Most requests that lapse in one call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked, by whom and on whose behalf.

    The wish is exact with ``starts_min`` on a single day, and fuzzy without. ``to_day`` is half-open.
    """

    organisation_id: int
    senior_id: int
    service_id: int
    source: str
    recorded_by: str
    asker_relation: str
    from_day: date
    to_day: date
    window_start_min: int = 480
    window_end_min: int = 1080
    starts_min: int | None = None
    minutes: int | None = None
    asker_id: int | None = None
    asker_name: str | None = None
    wish: str | None = None


def ask(
    session: Session, asked: Asked, *, idempotency_key: str, now: datetime, is_another: bool = False
) -> ServiceRequest:
    """Take in a request; the same key with the same content is the same request.

    An operator who enters a call twice is shown the first entry, unless they say that it ``is_another``.

    Raises
    ------
    KeyConflict
        When the key came with other content.
    AlreadyAsked
        When a live request of the senior asks for the same service on some of the days.
    NotFound
        When there is no such senior in the organisation's areas, or no such service.
    WrongInput
        When the wish cannot be.
    """
    wait_turn(session, f"requests of senior {asked.senior_id}")
    digest = _digest(asked)
    stored = _by_key(session, asked.organisation_id, idempotency_key)
    if stored is not None:
        if stored.request_hash != digest:
            raise KeyConflict(key=idempotency_key)
        return stored
    minutes = _checked(session, asked, now)
    earlier = None if is_another else _alike(session, asked)
    if earlier is not None:
        raise AlreadyAsked(request_id=earlier)
    values = asdict(asked) | {"minutes": minutes}
    request = ServiceRequest(**values, idempotency_key=idempotency_key, request_hash=digest, received_at=now)
    session.add(request)
    session.flush()
    tell(session, request.id or 0, "received", asked.recorded_by, "", now)
    return request


def request_of(session: Session, request_id: int, *, organisation_id: int | None = None) -> ServiceRequest:
    """Return a request as it is now; for an organisation, one of its own.

    Raises
    ------
    NotFound
        When there is none, or it is another organisation's; the two are never told apart.
    """
    request = session.get(ServiceRequest, request_id, populate_existing=True)
    if request is None or organisation_id not in (None, request.organisation_id):
        raise NotFound(kind="request", key=str(request_id))
    return request


def requests_in(
    session: Session, organisation_id: int, status: str, *, first: int, after: tuple[date, int] | None = None
) -> list[ServiceRequest]:
    """Return up to ``first`` (1 to 100) requests of an organisation in a state, the most pressing first.

    ``after`` is first day and id of the last request of the page before.
    """
    if not 1 <= first <= 100:
        message = f"A page has 1 to 100 requests, not {first}."
        raise ValueError(message)
    wanted = (
        pick(ServiceRequest)
        .where(ServiceRequest.organisation_id == organisation_id, ServiceRequest.status == status)
        .order_by(col(ServiceRequest.from_day), col(ServiceRequest.id))
        .limit(first)
    )
    if after is not None:
        day, number = after
        later = (REQUEST.c.from_day > day) | ((REQUEST.c.from_day == day) & (REQUEST.c.id > number))
        wanted = wanted.where(later)
    return list(session.exec(wanted))


def put_on_list(session: Session, request_id: int, *, actor: str, now: datetime) -> ServiceRequest:
    """Accept a request into the list of those for whom somebody is looked for; it gets its need.

    Raises
    ------
    WrongState
        When it was turned away, or is past that.
    """
    request = request_of(session, request_id)
    if request.status == "listed":
        return request
    need_id = request.need_id or _need_for(session, request_id)
    return step(session, request_id, ("received",), "listed", actor=actor, note="", now=now, need_id=need_id)[0]


def turn_away(session: Session, request_id: int, *, actor: str, reason: str, now: datetime) -> ServiceRequest:
    """Turn a request away, with a reason that the senior can be told.

    Raises
    ------
    WrongInput
        When there is no reason.
    WrongState
        When it is in the list, or is past that.
    """
    note = check_words("reason", reason)
    return step(session, request_id, ("received",), "turned_away", actor=actor, note=note, now=now, closed_at=now)[0]


def lapse_past(session: Session, *, now: datetime) -> int:
    """End the requests whose last day has passed without anybody; returns how many, at most a thousand a call."""
    r = REQUEST.c
    past = (
        select(r.id)
        .where(r.status.in_(("received", "listed")), r.to_day <= day_of(now))
        .order_by(r.id)
        .limit(MOST_LAPSED)
        .with_for_update()
    )
    connection = session.connection()
    numbers = list(connection.execute(past).scalars())
    if numbers:
        connection.execute(update(REQUEST).where(r.id.in_(numbers)).values(status="lapsed", closed_at=now))
        close_needs(session, numbers)
        rows = [
            {"request_id": number, "kind": "lapsed", "actor": "clock", "note": "", "happened_at": now}
            for number in numbers
        ]
        connection.execute(insert(EVENT), rows)
    return len(numbers)


def step(
    session: Session,
    request_id: int,
    frm: tuple[str, ...],
    to: str,
    *,
    actor: str,
    note: str,
    now: datetime,
    **values: Any,
) -> tuple[ServiceRequest, bool]:
    """Change the state if it is one of ``frm``, with an event; tells whether it changed now or was so already.

    Raises
    ------
    WrongState
        When it is in another state.
    """
    where = (REQUEST.c.id == request_id, REQUEST.c.status.in_(frm))
    is_new = session.connection().execute(update(REQUEST).where(*where).values(status=to, **values)).rowcount == 1
    after = request_of(session, request_id)
    if not is_new and after.status != to:
        raise WrongState(kind="request", key=str(request_id), state=after.status, allowed=" or ".join(frm))
    if is_new:
        tell(session, request_id, to, actor, note, now)
        if "closed_at" in values:
            close_needs(session, [request_id])
    return after, is_new


def tell(session: Session, request_id: int, kind: str, actor: str, note: str, now: datetime) -> None:
    """Write an event of a request."""
    row = {"request_id": request_id, "kind": kind, "actor": actor, "note": note, "happened_at": now}
    session.connection().execute(insert(EVENT), row)


def close_needs(session: Session, request_ids: list[int]) -> None:
    """Close the needs of requests that have ended."""
    ended = select(REQUEST.c.need_id).where(REQUEST.c.id.in_(request_ids))
    session.connection().execute(update(NEED).where(NEED.c.id.in_(ended)).values(status="closed"))


def check_words(field: str, words: str) -> str:
    """Return words that somebody has to say; none, or too many, are refused."""
    if not words.strip():
        raise WrongInput(field=field, value=words, right=Phrase("right_words"))
    if len(words) > LONGEST_NOTE:
        raise WrongInput(
            field=field, value=f"{words[:20]}...", right=Phrase("right_length", least=1, most=LONGEST_NOTE)
        )
    return words


def _digest(asked: Asked) -> bytes:
    return hashlib.sha256(json.dumps(asdict(asked), default=str, sort_keys=True).encode()).digest()


def _by_key(session: Session, organisation_id: int, key: str) -> ServiceRequest | None:
    own = pick(ServiceRequest).where(ServiceRequest.organisation_id == organisation_id)
    return session.exec(own.where(ServiceRequest.idempotency_key == key)).first()


def _checked(session: Session, asked: Asked, now: datetime) -> int:
    """Refuse what cannot be; return the minutes that the service takes."""
    for field, known in (("source", SOURCES), ("asker_relation", RELATIONS)):
        value = getattr(asked, field)
        if value not in known:
            raise WrongInput(field=field, value=value, right=Phrase("right_one_of", known=", ".join(known)))
    service = session.get(Service, asked.service_id)
    if service is None or service.served_by != "volunteer":
        raise NotFound(kind="service", key=str(asked.service_id))
    if not serves(session, asked.organisation_id, asked.senior_id):
        raise NotFound(kind="senior", key=str(asked.senior_id))
    today = day_of(now)
    if not today < asked.to_day or not asked.from_day < asked.to_day <= today + timedelta(days=LONGEST_WISH_DAYS):
        right = Phrase("right_wished_days", today=today, most=LONGEST_WISH_DAYS)
        raise WrongInput(field="from_day, to_day", value=f"{asked.from_day} {asked.to_day}", right=right)
    minutes = asked.minutes or service.minutes
    begins = asked.window_start_min if asked.starts_min is None else asked.starts_min
    is_inside = 0 <= asked.window_start_min <= begins and begins + minutes <= asked.window_end_min <= 1440
    if minutes < 1 or not is_inside:
        right = Phrase("right_wished_hours", minutes=minutes)
        raise WrongInput(field="window", value=f"{asked.window_start_min} {asked.window_end_min}", right=right)
    if asked.starts_min is not None and asked.to_day != asked.from_day + timedelta(days=1):
        raise WrongInput(field="starts_min", value=str(asked.starts_min), right=Phrase("right_exact_wish"))
    return minutes


def _alike(session: Session, asked: Asked) -> int | None:
    """Return a live request of the senior for the same service on some of the same days."""
    r = REQUEST.c
    alike = (
        select(r.id)
        .where(r.senior_id == asked.senior_id, r.service_id == asked.service_id, r.status.in_(LIVE))
        .where(r.from_day < asked.to_day, r.to_day > asked.from_day)
        .order_by(r.id)
        .limit(1)
    )
    return session.connection().execute(alike).scalar()


def _need_for(session: Session, request_id: int) -> int:
    """Make the need of a request, once; whoever asks second waits for the first."""
    locked = session.get_one(ServiceRequest, request_id, populate_existing=True, with_for_update=True)
    if locked.need_id is not None or locked.status != "received":
        return locked.need_id or 0
    need = Need(
        external_ref=f"request:{request_id}",
        senior_id=locked.senior_id,
        service_id=locked.service_id,
        organisation_id=locked.organisation_id,
        frequency_kind="once",
        frequency_count=1,
        minutes=locked.minutes,
        window_start_min=locked.window_start_min,
        window_end_min=locked.window_end_min,
        from_day=locked.from_day,
        to_day=locked.to_day,
        status="paused",
    )
    session.add(need)
    session.flush()
    return need.id or 0
