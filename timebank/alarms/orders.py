"""Orders as they stand: found within what somebody may see, listed, and all of them accounted for."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, and_, func, or_, select
from sqlmodel import Session

from timebank.alarms.tables import AlarmAsk, AlarmDevice, AlarmEvent, AlarmOrder, WebhookSource
from timebank.core.columns import table_of
from timebank.core.errors import NotFound
from timebank.people.belonging import areas_of
from timebank.people.tables import Area, Person, Senior, Volunteer

ORDER, EVENT, ASK, DEVICE = map(table_of, (AlarmOrder, AlarmEvent, AlarmAsk, AlarmDevice))
SOURCE, SENIOR, AREA, VOLUNTEER, PERSON = map(table_of, (WebhookSource, Senior, Area, Volunteer, Person))
MOST_ROWS = 100


class Accounts(NamedTuple):
    """Every order that was ever received: by state while it is open, by outcome when it is closed."""

    received: int
    open_by_state: dict[str, int]
    closed_by_outcome: dict[str, int]

    @property
    def is_balanced(self) -> bool:
        """Tell whether nothing is missing and nothing too much."""
        return self.received == sum(self.open_by_state.values()) + sum(self.closed_by_outcome.values())


def accounts(session: Session, *, organisation_id: int | None = None) -> Accounts:
    """Account for all orders, or an organisation's: received by events, open by the orders, closed by events.

    Both sides come from different rows, so that an order that lost a step would be seen.
    """
    connection, o, e = session.connection(), ORDER.c, EVENT.c
    heard = select(func.count()).select_from(EVENT).where(e.n == 1, e.kind == "received")
    states = select(o.state, func.count()).where(o.due_at.is_not(None)).group_by(o.state).order_by(o.state)
    closing = select(o.outcome, func.count()).join(EVENT, and_(e.order_id == o.id, e.n == o.n, e.kind == "closed"))
    outcomes = closing.where(o.state == "closed").group_by(o.outcome).order_by(o.outcome)
    if organisation_id is not None:
        mine = seen_by(organisation_id)
        heard = heard.where(e.order_id.in_(select(o.id).where(mine)))
        states, outcomes = states.where(mine), outcomes.where(mine)
    return Accounts(
        received=connection.execute(heard).scalar_one(),
        open_by_state={row.state: row[1] for row in connection.execute(states)},
        closed_by_outcome={row.outcome: row[1] for row in connection.execute(outcomes)},
    )


def seen_by(organisation_id: int) -> ColumnElement[bool]:
    """Return the condition of what an organisation may see: its streets', and what its own sources could not place."""
    areas = areas_of(organisation_id)
    devices = select(DEVICE.c.id).join(SENIOR, SENIOR.c.person_id == DEVICE.c.senior_id)
    sources = select(SOURCE.c.id).where(SOURCE.c.organisation_id == organisation_id)
    return or_(
        ORDER.c.device_id.in_(devices.where(SENIOR.c.subdistrict_id.in_(areas))),
        and_(ORDER.c.device_id.is_(None), ORDER.c.source_id.in_(sources)),
    )


def order_of(session: Session, order_id: int, *, organisation_id: int | None = None, lock: bool = False) -> AlarmOrder:
    """Return an order as it is now, of an organisation's when one is given; locked until the transaction ends if asked.

    Raises
    ------
    NotFound
        When there is none, or it is another's; the two are never told apart.
    """
    if organisation_id is not None:
        mine = select(ORDER.c.id).where(ORDER.c.id == order_id, seen_by(organisation_id))
        if session.connection().execute(mine).first() is None:
            raise NotFound(kind="alarm_order", key=str(order_id))
    order = session.get(AlarmOrder, order_id, populate_existing=True, with_for_update=True if lock else None)
    if order is None:
        raise NotFound(kind="alarm_order", key=str(order_id))
    return order


def household_of(session: Session, order: AlarmOrder) -> int | None:
    """Return the senior whose device an order came from, as it was then; nothing for an unknown household."""
    senior = select(DEVICE.c.senior_id).where(DEVICE.c.id == order.device_id)
    found = session.connection().execute(senior).scalar()
    return None if found is None else int(found)


def list_orders(
    session: Session,
    *,
    first: int,
    before_id: int | None = None,
    organisation_id: int | None = None,
    volunteer_id: int | None = None,
    is_open: bool | None = None,
    kind: str | None = None,
    order_id: int | None = None,
) -> list[Row[Any]]:
    """Return up to ``first`` (1 to 100) orders, newest first, before one, with reference and street of the household.

    Of a volunteer are those in which they are asked now, or which they took on.
    """
    if not 1 <= first <= MOST_ROWS:
        message = f"A page has 1 to {MOST_ROWS} orders, not {first}."
        raise ValueError(message)
    o = ORDER.c
    wanted = (
        select(
            ORDER,
            SENIOR.c.external_ref.label("senior_ref"),
            AREA.c.name_zh.label("area_zh"),
            AREA.c.name_en.label("area_en"),
        )
        .outerjoin(DEVICE, DEVICE.c.id == o.device_id)
        .outerjoin(SENIOR, SENIOR.c.person_id == DEVICE.c.senior_id)
        .outerjoin(AREA, AREA.c.id == SENIOR.c.subdistrict_id)
        .order_by(o.id.desc())
        .limit(first)
    )
    if before_id is not None:
        wanted = wanted.where(o.id < before_id)
    if organisation_id is not None:
        wanted = wanted.where(seen_by(organisation_id))
    if volunteer_id is not None:
        mine = select(ASK.c.order_id).where(ASK.c.volunteer_id == volunteer_id, ASK.c.state.in_(("asked", "accepted")))
        wanted = wanted.where(o.id.in_(mine))
    if is_open is not None:
        wanted = wanted.where(o.due_at.is_not(None) if is_open else o.due_at.is_(None))
    if kind is not None:
        wanted = wanted.where(o.kind == kind)
    if order_id is not None:
        wanted = wanted.where(o.id == order_id)
    return list(session.connection().execute(wanted))


def address_for(session: Session, order_id: int, volunteer_id: int) -> str | None:
    """Return where to go, for the volunteer who took an order on, until it is closed; nothing for anyone else."""
    o, a = ORDER.c, ASK.c
    here = and_(a.order_id == o.id, a.step == o.step, a.turn == o.turn, a.volunteer_id == volunteer_id)
    wanted = (
        select(PERSON.c.address)
        .select_from(ORDER)
        .join(ASK, and_(here, a.state == "accepted"))
        .join(DEVICE, DEVICE.c.id == o.device_id)
        .join(PERSON, PERSON.c.id == DEVICE.c.senior_id)
        .where(o.id == order_id, o.state.in_(("accepted", "confirmed")))
    )
    found: str | None = session.connection().execute(wanted).scalar()
    return found


def events_of(session: Session, order_id: int) -> Sequence[Row[Any]]:
    """Return every step of an order, in their order; at most the first thousand."""
    wanted = select(EVENT).where(EVENT.c.order_id == order_id).order_by(EVENT.c.n).limit(1000)
    return session.connection().execute(wanted).all()


def asks_of(session: Session, order_id: int) -> Sequence[Row[Any]]:
    """Return the volunteers who were or can be asked, in their turn, with their reference."""
    wanted = select(ASK, VOLUNTEER.c.external_ref).join(VOLUNTEER, VOLUNTEER.c.person_id == ASK.c.volunteer_id)
    return (
        session.connection()
        .execute(wanted.where(ASK.c.order_id == order_id).order_by(ASK.c.step, ASK.c.turn).limit(MOST_ROWS))
        .all()
    )
