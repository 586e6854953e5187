"""What became of places: used, with minutes and cost, or missed; a missed place is free for whoever can still come."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import bindparam, func, select, update
from sqlmodel import Session

from timebank.bookings.refusals import NotYet
from timebank.bookings.rounds import Decided, decide
from timebank.bookings.steps import BOOKING, NEED, PLACE_NEED, REQUEST, RESOURCE, SLOT, move, tell
from timebank.core.clock import SHANGHAI, day_of
from timebank.core.columns import table_of
from timebank.core.database import wait_turn
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.needs.tables import Service
from timebank.projects.projects import GIVE_PLACES

SERVICE = table_of(Service)
LONGEST_MIN = 1440
DEAREST_CENTS = 10_000_000


class Outcome(NamedTuple):
    """What became of the place of a need on a day: used for so many minutes, or missed.

    Without ``cost_cents`` it cost what its resource says. With two resources at once it is one outcome for both, and
    the cost that is said is that of the need's own service.
    """

    need_id: int
    status: str
    served_min: int = 0
    cost_cents: int | None = None


def record_day(session: Session, day: date, outcomes: Iterable[Outcome], *, actor: str, now: datetime) -> int:
    """Record what became of places of a day, set-based; returns how many needs were new to it.

    What is recorded stays: the same again changes nothing. Requests all of whose places are over are done.

    Raises
    ------
    NotYet
        When the day has not come.
    WrongInput
        When minutes or cost cannot be.
    """
    if day > day_of(now):
        raise NotYet(day=day)
    rows = list(outcomes)
    for one in rows:
        _check(one)
    wait_turn(session, GIVE_PLACES)
    booked = set(_booked(session, day))
    new = [one for one in rows if one.need_id in booked]
    if not new:
        return 0
    _close(session, day, new, actor, now)
    _tell(session, day, new, actor, now)
    return len(new)


def _check(one: Outcome) -> None:
    if one.status not in ("used", "missed"):
        raise WrongInput(field="status", value=one.status[:20], right=Phrase("right_one_of", known="used, missed"))
    least = 1 if one.status == "used" else 0
    most = LONGEST_MIN if one.status == "used" else 0
    if not least <= one.served_min <= most:
        raise WrongInput(
            field="minutes", value=str(one.served_min), right=Phrase("right_range", least=least, most=most)
        )
    if one.cost_cents is not None and not 0 <= one.cost_cents <= DEAREST_CENTS:
        right = Phrase("right_range", least=0, most=DEAREST_CENTS)
        raise WrongInput(field="costCents", value=str(one.cost_cents), right=right)


def _booked(session: Session, day: date) -> list[int]:
    wanted = (
        select(BOOKING.c.need_id)
        .join(SLOT, SLOT.c.id == BOOKING.c.slot_id)
        .where(SLOT.c.day == day, BOOKING.c.status == "booked")
    )
    return list(session.connection().execute(wanted).scalars())


def _close(session: Session, day: date, outcomes: list[Outcome], actor: str, now: datetime) -> None:
    """Write the outcomes; the cost is the resource's unless it was said."""
    of_resource = (
        select(RESOURCE.c.place_cost_cents)
        .join(SLOT, SLOT.c.resource_id == RESOURCE.c.id)
        .where(SLOT.c.id == BOOKING.c.slot_id)
        .scalar_subquery()
    )
    on_day = select(SLOT.c.id).where(SLOT.c.day == day)
    mine = (BOOKING.c.need_id == bindparam("need"), BOOKING.c.status == "booked", BOOKING.c.slot_id.in_(on_day))
    said = (
        update(BOOKING)
        .where(*mine)
        .values(
            status=bindparam("became"),
            served_min=bindparam("minutes"),
            cost_cents=of_resource,
            closed_by=actor,
            closed_at=now,
        )
    )
    connection = session.connection()
    connection.execute(said, [{"need": o.need_id, "became": o.status, "minutes": o.served_min} for o in outcomes])
    own = (
        select(SLOT.c.id)
        .join(RESOURCE, RESOURCE.c.id == SLOT.c.resource_id)
        .join(NEED, NEED.c.service_id == RESOURCE.c.service_id)
        .where(SLOT.c.day == day, NEED.c.id == bindparam("need"))
    )
    dear = [{"need": o.need_id, "cents": o.cost_cents} for o in outcomes if o.cost_cents is not None]
    if dear:
        cost = update(BOOKING).where(BOOKING.c.need_id == bindparam("need"), BOOKING.c.slot_id.in_(own))
        connection.execute(cost.values(cost_cents=bindparam("cents")), dear)


def _tell(session: Session, day: date, outcomes: list[Outcome], actor: str, now: datetime) -> None:
    """Write the steps of requests, and end those all of whose places are over."""
    request_by_need = _requests(session, [one.need_id for one in outcomes])
    for status in ("used", "missed"):
        mine = sorted(
            {request_by_need[o.need_id] for o in outcomes if o.status == status and o.need_id in request_by_need}
        )
        tell(session, mine, status, actor=actor, now=now, day=day)
    ahead = (
        select(PLACE_NEED.c.request_id)
        .join(BOOKING, BOOKING.c.need_id == PLACE_NEED.c.need_id)
        .where(BOOKING.c.status == "booked")
    )
    over = select(REQUEST.c.id).where(
        REQUEST.c.id.in_(sorted(set(request_by_need.values()))),
        REQUEST.c.status == "placed",
        REQUEST.c.id.not_in(ahead),
    )
    move(session, list(session.connection().execute(over).scalars()), "done", closed_at=now)


def _requests(session: Session, needs: Collection[int]) -> dict[int, int]:
    rows = select(PLACE_NEED.c.need_id, PLACE_NEED.c.request_id).where(PLACE_NEED.c.need_id.in_(sorted(needs)))
    return {row.need_id: row.request_id for row in session.connection().execute(rows)}


def record_one(
    session: Session,
    request_id: int,
    day: date,
    status: str,
    *,
    served_min: int = 0,
    cost_cents: int | None = None,
    actor: str,
    now: datetime,
) -> Decided:
    """Record what became of a request's place on a day; a missed one goes to the next who can still come.

    Raises
    ------
    NotYet
        When the day has not come.
    NotFound
        When it has no place on the day.
    WrongState
        When something else was recorded.
    """
    wait_turn(session, GIVE_PLACES)
    wanted = (
        select(BOOKING.c.need_id, BOOKING.c.status)
        .join(SLOT, SLOT.c.id == BOOKING.c.slot_id)
        .join(PLACE_NEED, PLACE_NEED.c.need_id == BOOKING.c.need_id)
        .where(PLACE_NEED.c.request_id == request_id, SLOT.c.day == day, BOOKING.c.status != "cancelled")
    )
    row = session.connection().execute(wanted.limit(1)).first()
    if row is None:
        raise NotFound(kind="place", key=f"{request_id} {day.isoformat()}")
    if row.status not in ("booked", status):
        raise WrongState(kind="place", key=str(request_id), state=row.status, allowed="booked")
    outcome = Outcome(row.need_id, status, served_min, cost_cents)
    is_new = record_day(session, day, [outcome], actor=actor, now=now) > 0
    if status != "missed" or not is_new:
        return Decided(0, [], [])
    return free_missed(session, [row.need_id], day, actor=actor, now=now)


def free_missed(session: Session, needs: Collection[int], day: date, *, actor: str, now: datetime) -> Decided:
    """Free the missed places of some needs whose slots are not over, for the next on the list who can come at once.

    What somebody else has then costs theirs alone; what nobody takes was still paid for.
    """
    local = now.astimezone(SHANGHAI)
    minute = local.hour * 60 + local.minute if day == day_of(now) else LONGEST_MIN
    left = select(SLOT.c.id).where(SLOT.c.day == day, SLOT.c.ends_min > minute)
    mine = (BOOKING.c.need_id.in_(sorted(needs)), BOOKING.c.status == "missed", BOOKING.c.slot_id.in_(left))
    connection = session.connection()
    if not connection.execute(update(BOOKING).where(*mine).values(is_freed=1)).rowcount:
        return Decided(0, [], [])
    number = connection.execute(select(func.min(NEED.c.service_id)).where(NEED.c.id.in_(sorted(needs)))).scalar_one()
    decided = decide(session, session.get_one(Service, number), actor=actor, now=now)
    theirs = select(PLACE_NEED.c.need_id).where(PLACE_NEED.c.request_id.in_(decided.placed))
    again = select(BOOKING.c.slot_id).where(BOOKING.c.need_id.in_(theirs), BOOKING.c.status == "booked")
    paid = (*mine, BOOKING.c.slot_id.in_(list(connection.execute(again).scalars())))
    connection.execute(update(BOOKING).where(*paid).values(cost_cents=0))
    return decided
