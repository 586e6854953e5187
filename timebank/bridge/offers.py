"""Offers of resources: made, seen, taken never beyond what is offered, given back, withdrawn, over.

What is left is kept by the database: a taking moves the number of the offer in one statement that asks for what it
needs, so of two who want the last of it at once one gets it and the other is told how much is left.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Table, and_, case, or_, select, update
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col
from sqlmodel import select as pick

from timebank.bridge.once import check_length, check_page, kept_under
from timebank.bridge.refusals import TooFewLeft
from timebank.bridge.tables import OfferTaking, ResourceNeed, ResourceOffer
from timebank.core.clock import day_of
from timebank.core.columns import table_of
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.core.keys import digest_of
from timebank.core.naming import number_of
from timebank.core.texts import Phrase
from timebank.needs.tables import Service
from timebank.people.tables import Area, OrganisationArea

OFFER = table_of(ResourceOffer)
TAKING = table_of(OfferTaking)
NEED = table_of(ResourceNeed)
MOST = 1_000_000
"""Most units of one offer or need."""
LONGEST_DAYS = 3 * 366


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferDraft:
    """An offer to be: what, how many of which unit, from a day to a day (half-open), on which conditions.

    ``area`` and ``service`` are codes; without an area it is for the whole district. ``answers`` is the number of the
    need that it is made for.
    """

    what: str
    unit: str
    quantity: int
    from_day: date
    to_day: date
    area: str = ""
    service: str = ""
    conditions: str = ""
    answers: int | None = None


class Taken(NamedTuple):
    """What was taken, and whether it was now."""

    taking: OfferTaking
    is_fresh: bool


def offer(
    session: Session, organisation_id: int, draft: OfferDraft, *, idempotency_key: str, now: datetime
) -> ResourceOffer:
    """Offer something, or return what the same key offered.

    Raises
    ------
    WrongInput
        Naming the field, its value and what would be right.
    NotFound
        When there is no such area or service, or the need may not be seen.
    WrongState
        When the need is met or closed.
    KeyConflict
        When the key was used for other content.
    """
    draft = replace(
        draft,
        what=check_length("what", draft.what, least=1, most=120),
        unit=check_length("unit", draft.unit, least=1, most=20),
        conditions=check_length("conditions", draft.conditions, least=0, most=1000),
    )
    digest = digest_of([draft.__class__.__name__, *(getattr(draft, name) for name in OfferDraft.__slots__)])
    stands = kept_under(session, ResourceOffer, organisation_id, idempotency_key, digest)
    if stands is not None:
        return stands
    check_quantity(draft.quantity)
    last = draft.from_day.toordinal() + LONGEST_DAYS
    if draft.to_day <= max(draft.from_day, day_of(now)) or draft.to_day.toordinal() > last:
        raise WrongInput(field="toDay", value=draft.to_day.isoformat(), right=Phrase("right_offer_days"))
    if draft.answers is not None:
        need = _seen_need(session, organisation_id, draft.answers)
        if need.status != "open":
            raise WrongState(
                kind="resource_need", key=str(need.id), state=need.status, allowed=Phrase("allowed_open_now")
            )
    row = ResourceOffer(
        organisation_id=organisation_id,
        need_id=draft.answers,
        area_id=number_of(session, Area, draft.area) if draft.area else None,
        service_id=number_of(session, Service, draft.service) if draft.service else None,
        what=draft.what,
        unit=draft.unit,
        quantity=draft.quantity,
        from_day=draft.from_day,
        to_day=draft.to_day,
        conditions=draft.conditions,
        idempotency_key=idempotency_key,
        request_hash=digest,
        offered_at=now,
    )
    session.add(row)
    session.flush()
    return row


def check_quantity(quantity: int) -> None:
    """Refuse a quantity that is none.

    Raises
    ------
    WrongInput
        When it is less than one, or beyond all measure.
    """
    if not 1 <= quantity <= MOST:
        raise WrongInput(field="quantity", value=str(quantity), right=Phrase("right_range", least=1, most=MOST))


def _seen_need(session: Session, organisation_id: int, need_id: int) -> ResourceNeed:
    row = session.exec(pick(ResourceNeed).where(NEED.c.id == need_id, is_near(NEED, organisation_id))).first()
    if row is None:
        raise NotFound(kind="resource_need", key=str(need_id))
    return row


def is_near(table: Table, organisation_id: int) -> ColumnElement[bool]:
    """Tell in SQL what an organisation may see: its own, its sub-districts', and the whole district's."""
    areas = select(col(OrganisationArea.area_id)).where(col(OrganisationArea.organisation_id) == organisation_id)
    return or_(table.c.organisation_id == organisation_id, table.c.area_id.is_(None), table.c.area_id.in_(areas))


def may_take(organisation_id: int) -> ColumnElement[bool]:
    """Tell in SQL which offers somebody may take: any that they see; one made for a need only as the need's owner."""
    own = select(NEED.c.id).where(NEED.c.organisation_id == organisation_id)
    alone = or_(OFFER.c.need_id.is_(None), OFFER.c.need_id.in_(own), OFFER.c.organisation_id == organisation_id)
    return and_(is_near(OFFER, organisation_id), alone)


def offer_of(session: Session, organisation_id: int, offer_id: int) -> ResourceOffer:
    """Return an offer that an organisation may see, as it is now.

    Raises
    ------
    NotFound
        When there is none, or it may not be seen; the two are never told apart.
    """
    wanted = pick(ResourceOffer).where(OFFER.c.id == offer_id, may_take(organisation_id))
    row = session.exec(wanted.execution_options(populate_existing=True)).first()
    if row is None:
        raise NotFound(kind="resource_offer", key=str(offer_id))
    return row


def offers_seen(
    session: Session, organisation_id: int, *, first: int, before_id: int | None = None, answers: int | None = None
) -> list[ResourceOffer]:
    """Return up to ``first`` (1 to 100) offers that an organisation may see, newest first.

    They are those that are open, and its own in every state; ``answers`` keeps those made for a need.
    """
    check_page(first)
    live = or_(OFFER.c.status == "open", OFFER.c.organisation_id == organisation_id)
    wanted = pick(ResourceOffer).where(may_take(organisation_id), live)
    if before_id is not None:
        wanted = wanted.where(OFFER.c.id < before_id)
    if answers is not None:
        wanted = wanted.where(OFFER.c.need_id == answers)
    return list(session.exec(wanted.order_by(OFFER.c.id.desc()).limit(first)))


def take(
    session: Session,
    organisation_id: int,
    offer_id: int,
    quantity: int,
    *,
    purpose: str,
    idempotency_key: str,
    now: datetime,
    need_id: int | None = None,
) -> OfferTaking:
    """Take some of an offer, or return what the same key took.

    Raises
    ------
    TooFewLeft
        When less is left.
    WrongState
        When the offer is withdrawn, or over.
    NotFound
        When it may not be seen, or is made for another's need.
    WrongInput, KeyConflict
        As :func:`offer` does.
    """
    return take_once(
        session,
        organisation_id,
        offer_id,
        quantity,
        purpose=purpose,
        idempotency_key=idempotency_key,
        now=now,
        need_id=need_id,
    ).taking


def take_once(
    session: Session,
    organisation_id: int,
    offer_id: int,
    quantity: int,
    *,
    purpose: str,
    idempotency_key: str,
    now: datetime,
    need_id: int | None,
) -> Taken:
    """Do as :func:`take` does, and tell whether it was taken now or stood before."""
    purpose = check_length("purpose", purpose, least=0, most=200)
    digest = digest_of(["take", offer_id, quantity, purpose, need_id])
    stands = kept_under(session, OfferTaking, organisation_id, idempotency_key, digest)
    if stands is not None:
        return Taken(stands, is_fresh=False)
    check_quantity(quantity)
    row = offer_of(session, organisation_id, offer_id)
    if row.organisation_id == organisation_id:
        raise WrongInput(field="offer", value=str(offer_id), right=Phrase("right_others_offer"))
    _move(session, offer_id, quantity, day_of(now))
    taking = OfferTaking(
        offer_id=offer_id,
        organisation_id=organisation_id,
        need_id=need_id if need_id is not None else row.need_id,
        quantity=quantity,
        purpose=purpose,
        idempotency_key=idempotency_key,
        request_hash=digest,
        taken_at=now,
    )
    session.add(taking)
    session.flush()
    session.refresh(row)
    return Taken(taking, is_fresh=True)


def _move(session: Session, offer_id: int, quantity: int, day: date) -> None:
    """Take from what is left; nothing changes when it does not reach."""
    o = OFFER.c
    fits = (o.id == offer_id, o.status == "open", o.taken + quantity <= o.quantity, o.to_day > day)
    full = case((o.taken + quantity == o.quantity, "taken"), else_="open")
    moved = update(OFFER).where(*fits).values(taken=o.taken + quantity, status=full)
    if session.connection().execute(moved).rowcount:
        return
    now = session.connection().execute(select(o.status, o.taken, o.quantity, o.to_day).where(o.id == offer_id)).one()
    if now.status in ("withdrawn", "expired") or now.to_day <= day:
        state = "withdrawn" if now.status == "withdrawn" else "expired"
        raise WrongState(kind="resource_offer", key=str(offer_id), state=state, allowed=Phrase("allowed_open_now"))
    raise TooFewLeft(offer_id=offer_id, left=now.quantity - now.taken, asked=quantity)


def give_back(session: Session, organisation_id: int, taking_id: int, *, now: datetime) -> OfferTaking:
    """Give back what was taken; what was given back already stays so.

    It is free for others again, unless the offer was withdrawn or is over; a need that it was chosen for lacks it.

    Raises
    ------
    NotFound
        When the organisation took no such thing.
    """
    t, o = TAKING.c, OFFER.c
    mine = (t.id == taking_id, t.organisation_id == organisation_id)
    freed = update(TAKING).where(*mine, t.returned_at.is_(None)).values(returned_at=now)
    is_fresh = session.connection().execute(freed).rowcount
    row = session.exec(pick(OfferTaking).where(*mine).execution_options(populate_existing=True)).first()
    if row is None:
        raise NotFound(kind="offer_taking", key=str(taking_id))
    if is_fresh:
        again = case((o.status == "taken", "open"), else_=o.status)
        free = update(OFFER).where(o.id == row.offer_id).values(taken=o.taken - row.quantity, status=again)
        session.connection().execute(free)
        n = NEED.c
        lacking = update(NEED).where(n.id == row.need_id, n.organisation_id == organisation_id)
        state = case((n.status == "met", "open"), else_=n.status)
        ended = case((n.status == "met", None), else_=n.ended_at)
        session.connection().execute(lacking.values(chosen=n.chosen - row.quantity, status=state, ended_at=ended))
    return row


def withdraw_offer(session: Session, organisation_id: int, offer_id: int) -> ResourceOffer:
    """Withdraw what is left of an own offer; what was taken stays taken. Again it changes nothing.

    Raises
    ------
    NotFound
        When there is none of the organisation's.
    WrongState
        When all of it is taken, or it is over.
    """
    o = OFFER.c
    own = (o.id == offer_id, o.organisation_id == organisation_id)
    session.connection().execute(update(OFFER).where(*own, o.status == "open").values(status="withdrawn"))
    row = session.exec(pick(ResourceOffer).where(*own).execution_options(populate_existing=True)).first()
    if row is None:
        raise NotFound(kind="resource_offer", key=str(offer_id))
    if row.status != "withdrawn":
        raise WrongState(kind="resource_offer", key=str(offer_id), state=row.status, allowed=Phrase("allowed_open_now"))
    return row


def expire_offers(session: Session, *, now: datetime) -> int:
    """End the open offers whose last day has passed; returns how many."""
    past = update(OFFER).where(*is_over(now)).values(status="expired")
    return int(session.connection().execute(past).rowcount)


def is_over(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Tell in SQL which open offers have no day left."""
    return OFFER.c.status == "open", OFFER.c.to_day <= day_of(now)


def takings_of(session: Session, offer_id: int, *, organisation_id: int) -> list[OfferTaking]:
    """Return who took of an offer, at most a hundred: all of it for the owner of the offer, else one's own."""
    owner = select(OFFER.c.id).where(OFFER.c.organisation_id == organisation_id)
    seen = or_(TAKING.c.organisation_id == organisation_id, TAKING.c.offer_id.in_(owner))
    wanted = pick(OfferTaking).where(TAKING.c.offer_id == offer_id, seen).order_by(TAKING.c.id).limit(100)
    return list(session.exec(wanted))
