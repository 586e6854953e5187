"""Places that become free: called off whole or for one date, lost with a project, or past; the next one gets them.

All of it in one transaction: the place is free, decided anew, and told to the desk, or nothing has happened.
"""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select, update
from sqlmodel import Session

from timebank.bookings.notices import tell_desks
from timebank.bookings.rounds import Decided, decide
from timebank.bookings.rules import terms_on
from timebank.bookings.steps import (
    BOOKING,
    LIVE,
    PLACE_NEED,
    REQUEST,
    SLOT,
    move,
    needs_by_request,
    request_number,
    tell,
)
from timebank.bookings.tables import PlaceRequest
from timebank.core.clock import day_of
from timebank.core.columns import table_of
from timebank.core.database import wait_turn
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.needs.tables import Service
from timebank.projects.projects import GIVE_PLACES

SERVICE = table_of(Service)
LONGEST_WORDS = 1000


def call_off(
    session: Session, request: PlaceRequest, *, actor: str, reason: str, now: datetime, day: date | None = None
) -> Decided:
    """Call a request off, or one date of it; its places go to the next on the list, and their desk is told.

    The other dates of a series stay where they are. What is called off later than the rules say is noted as late.
    Doing it again changes nothing.

    Raises
    ------
    WrongInput
        When there is no reason.
    NotFound
        When it has no place on the day.
    WrongState
        When it is over.
    """
    if not 1 <= len(reason.strip()) <= LONGEST_WORDS:
        raise WrongInput(field="reason", value=reason[:20], right=Phrase("right_words"))
    wait_turn(session, GIVE_PLACES)
    number, nothing = request_number(request), Decided(0, [], [])
    session.refresh(request)
    if request.status == "withdrawn":
        return nothing
    if request.status not in LIVE:
        raise WrongState(kind="place_request", key=str(number), state=request.status, allowed=Phrase("allowed_live"))
    service, today = session.get_one(Service, request.service_id), day_of(now)
    ahead = _booked_days(session, number, today)
    if day is not None and day not in ahead:
        if _was_left_out(session, number, day):
            return nothing
        raise NotFound(kind="place", key=f"{number} {day.isoformat()}")
    chosen = sorted(ahead) if day is None else [day]
    _cancel(session, number, chosen)
    cancel_days = terms_on(session, service, today).cancel_days
    is_late = any((one - today).days < cancel_days for one in chosen)
    if day is None or (chosen == sorted(ahead) and not _has_used(session, number)):
        move(session, [number], "withdrawn", closed_at=now)
        tell(session, [number], "withdrawn", actor=actor, now=now, note=reason, day=day, is_late=is_late)
    else:
        tell(session, [number], "left_out", actor=actor, now=now, note=reason, day=day, is_late=is_late)
        if chosen == sorted(ahead):
            move(session, [number], "done", closed_at=now)
    session.refresh(request)
    return decide(session, service, actor=actor, now=now) if chosen else nothing


def _booked_days(session: Session, request_id: int, from_day: date) -> set[date]:
    days = (
        select(SLOT.c.day)
        .join(BOOKING, BOOKING.c.slot_id == SLOT.c.id)
        .join(PLACE_NEED, PLACE_NEED.c.need_id == BOOKING.c.need_id)
        .where(PLACE_NEED.c.request_id == request_id, BOOKING.c.status == "booked", SLOT.c.day >= from_day)
    )
    return set(session.connection().execute(days).scalars())


def _was_left_out(session: Session, request_id: int, day: date) -> bool:
    was = (
        select(BOOKING.c.id)
        .join(SLOT, SLOT.c.id == BOOKING.c.slot_id)
        .join(PLACE_NEED, PLACE_NEED.c.need_id == BOOKING.c.need_id)
        .where(PLACE_NEED.c.request_id == request_id, BOOKING.c.status == "cancelled", SLOT.c.day == day)
    )
    return session.connection().execute(was.limit(1)).scalar() is not None


def _has_used(session: Session, request_id: int) -> bool:
    used = select(BOOKING.c.id).join(PLACE_NEED, PLACE_NEED.c.need_id == BOOKING.c.need_id)
    used = used.where(PLACE_NEED.c.request_id == request_id, BOOKING.c.status.in_(("used", "missed")))
    return session.connection().execute(used.limit(1)).scalar() is not None


def _cancel(session: Session, request_id: int, days: Sequence[date]) -> None:
    needs = needs_by_request(session, [request_id])[request_id]
    slots = select(SLOT.c.id).where(SLOT.c.day.in_(days))
    mine = (BOOKING.c.need_id.in_(needs), BOOKING.c.status == "booked", BOOKING.c.slot_id.in_(slots))
    session.connection().execute(update(BOOKING).where(*mine).values(status="cancelled"))


def keep_lists(session: Session, *, actor: str, now: datetime) -> list[Decided]:
    """See to all lists: those who lost their place wait again, those whose days are past end, what is free is given.

    Places are lost when a project is called off or a plan is changed by hand. Done again, it changes nothing.
    """
    wait_turn(session, GIVE_PLACES)
    today, connection = day_of(now), session.connection()
    lost = _lost(session, today)
    move(session, lost, "waiting")
    tell(session, lost, "lost", actor=actor, now=now, day=today)
    tell_desks(session, lost, "lost", day=today, caused_by=0, now=now)
    past = select(REQUEST.c.id).where(REQUEST.c.status.in_(("received", "waiting")), REQUEST.c.to_day <= today)
    lapsed = list(connection.execute(past.order_by(REQUEST.c.id)).scalars())
    move(session, lapsed, "lapsed", closed_at=now)
    tell(session, lapsed, "lapsed", actor=actor, now=now, day=today)
    tell_desks(session, lapsed, "lapsed", day=today, caused_by=0, now=now)
    waiting = select(REQUEST.c.service_id).where(REQUEST.c.status == "waiting")
    wanted = select(SERVICE.c.id).where(SERVICE.c.id.in_(waiting)).order_by(SERVICE.c.id)
    services = [session.get_one(Service, number) for number in connection.execute(wanted).scalars()]
    return [decide(session, service, actor=actor, now=now) for service in services]


def _lost(session: Session, today: date) -> list[int]:
    """Return the requests that were placed, have nothing left that stands or happened, and still have days ahead."""
    stands = (
        select(PLACE_NEED.c.request_id)
        .join(BOOKING, BOOKING.c.need_id == PLACE_NEED.c.need_id)
        .where(BOOKING.c.status != "cancelled")
    )
    lost = select(REQUEST.c.id).where(
        REQUEST.c.status == "placed", REQUEST.c.to_day > today, REQUEST.c.id.not_in(stands)
    )
    return list(session.connection().execute(lost.order_by(REQUEST.c.id)).scalars())
