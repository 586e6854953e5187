"""Open needs of resources: stated for a project or a street, answered by offers, chosen among, closed."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import case, or_, select, update
from sqlmodel import Session, col
from sqlmodel import select as pick

from timebank.bridge.offers import NEED, OFFER, check_quantity, is_near, take_once
from timebank.bridge.once import check_length, check_page, kept_under
from timebank.bridge.refusals import NeedsLess
from timebank.bridge.tables import OfferTaking, ResourceNeed
from timebank.core.clock import day_of
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.core.keys import digest_of
from timebank.core.naming import number_of
from timebank.core.texts import Phrase
from timebank.needs.tables import Service
from timebank.people.tables import Area, OrganisationArea
from timebank.projects.projects import project_of


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedDraft:
    """A need to be: what, how many of which unit, until which day (half-open), for a project or for a street.

    ``area`` and ``service`` are codes; just one of ``project_id`` and ``area`` is given.
    """

    what: str
    unit: str
    quantity: int
    to_day: date
    project_id: int | None = None
    area: str = ""
    service: str = ""
    words: str = ""


def state_need(
    session: Session, organisation_id: int, draft: NeedDraft, *, idempotency_key: str, now: datetime
) -> ResourceNeed:
    """State what an own project or street lacks, or return what the same key stated.

    Raises
    ------
    WrongInput
        Naming the field, its value and what would be right.
    NotFound
        When the project or the sub-district is not the organisation's, or there is no such service.
    KeyConflict
        When the key was used for other content.
    """
    draft = replace(
        draft,
        what=check_length("what", draft.what, least=1, most=120),
        unit=check_length("unit", draft.unit, least=1, most=20),
        words=check_length("words", draft.words, least=0, most=1000),
    )
    digest = digest_of(["NeedDraft", *(getattr(draft, name) for name in NeedDraft.__slots__)])
    stands = kept_under(session, ResourceNeed, organisation_id, idempotency_key, digest)
    if stands is not None:
        return stands
    check_quantity(draft.quantity)
    if (draft.project_id is None) == (draft.area == ""):
        raise WrongInput(field="project", value=draft.area, right=Phrase("right_project_or_street"))
    if draft.to_day <= day_of(now):
        right = Phrase("right_after", moment=day_of(now).isoformat())
        raise WrongInput(field="toDay", value=draft.to_day.isoformat(), right=right)
    if draft.project_id is not None:
        project_of(session, organisation_id, draft.project_id)
    row = ResourceNeed(
        organisation_id=organisation_id,
        project_id=draft.project_id,
        area_id=_own_area(session, organisation_id, draft.area) if draft.area else None,
        service_id=number_of(session, Service, draft.service) if draft.service else None,
        what=draft.what,
        unit=draft.unit,
        quantity=draft.quantity,
        to_day=draft.to_day,
        words=draft.words,
        idempotency_key=idempotency_key,
        request_hash=digest,
        stated_at=now,
    )
    session.add(row)
    session.flush()
    return row


def _own_area(session: Session, organisation_id: int, code: str) -> int:
    own = select(col(OrganisationArea.area_id)).where(col(OrganisationArea.organisation_id) == organisation_id)
    found = session.exec(pick(Area.id).where(Area.code == code, col(Area.id).in_(own))).first()
    if found is None:
        raise NotFound(kind="area", key=code[:40])
    return found


def need_of(session: Session, organisation_id: int, need_id: int, *, is_owner: bool = False) -> ResourceNeed:
    """Return a need that an organisation may see, or one of its own, as it is now.

    Raises
    ------
    NotFound
        When there is none, or it may not be seen; the two are never told apart.
    """
    seen = NEED.c.organisation_id == organisation_id if is_owner else is_near(NEED, organisation_id)
    wanted = pick(ResourceNeed).where(NEED.c.id == need_id, seen).execution_options(populate_existing=True)
    row = session.exec(wanted).first()
    if row is None:
        raise NotFound(kind="resource_need", key=str(need_id))
    return row


def needs_seen(
    session: Session, organisation_id: int, *, first: int, before_id: int | None = None
) -> list[ResourceNeed]:
    """Return up to ``first`` (1 to 100) needs that an organisation may see, newest first: open ones, and its own."""
    check_page(first)
    live = or_(NEED.c.status == "open", NEED.c.organisation_id == organisation_id)
    wanted = pick(ResourceNeed).where(is_near(NEED, organisation_id), live)
    if before_id is not None:
        wanted = wanted.where(NEED.c.id < before_id)
    return list(session.exec(wanted.order_by(NEED.c.id.desc()).limit(first)))


def choose(
    session: Session,
    organisation_id: int,
    need_id: int,
    offer_id: int,
    quantity: int,
    *,
    idempotency_key: str,
    now: datetime,
) -> OfferTaking:
    """Choose some of an offer that answers an own need; a need that lacks nothing more is met.

    Raises
    ------
    NeedsLess
        When the need lacks less than that.
    TooFewLeft, WrongState, WrongInput, KeyConflict
        As :func:`timebank.bridge.offers.take` does; also when the need is met or closed.
    NotFound
        When the need is not the organisation's, or the offer does not answer it.
    """
    need = need_of(session, organisation_id, need_id, is_owner=True)
    answers = select(OFFER.c.id).where(OFFER.c.id == offer_id, OFFER.c.need_id == need_id)
    if session.connection().execute(answers).first() is None:
        raise NotFound(kind="resource_offer", key=str(offer_id))
    check_quantity(quantity)
    with session.begin_nested():  # either both numbers move, or none
        taking, is_fresh = take_once(
            session,
            organisation_id,
            offer_id,
            quantity,
            purpose=need.what,
            idempotency_key=idempotency_key,
            now=now,
            need_id=need_id,
        )
        if is_fresh:
            _lack_less(session, need_id, quantity, now)
    session.refresh(need)
    return taking


def _lack_less(session: Session, need_id: int, quantity: int, now: datetime) -> None:
    n = NEED.c
    is_met = n.chosen + quantity == n.quantity
    values = {
        "chosen": n.chosen + quantity,
        "status": case((is_met, "met"), else_="open"),
        "ended_at": case((is_met, now), else_=None),
    }
    fits = (n.id == need_id, n.status == "open", n.chosen + quantity <= n.quantity)
    if session.connection().execute(update(NEED).where(*fits).values(values)).rowcount:
        return
    stands = session.connection().execute(select(n.status, n.chosen, n.quantity).where(n.id == need_id)).one()
    if stands.status != "open":
        raise WrongState(
            kind="resource_need", key=str(need_id), state=stands.status, allowed=Phrase("allowed_open_now")
        )
    raise NeedsLess(need_id=need_id, lacking=stands.quantity - stands.chosen, asked=quantity)


def close_need(session: Session, organisation_id: int, need_id: int, *, words: str, now: datetime) -> ResourceNeed:
    """Close an own need, met or not, with words on what came of it; again it changes nothing.

    Raises
    ------
    NotFound
        When it is not the organisation's.
    WrongInput
        When there are no words.
    """
    plain = check_length("words", words, least=1, most=1000)
    n = NEED.c
    own = (n.id == need_id, n.organisation_id == organisation_id)
    closed = {"status": "closed", "closing": plain, "ended_at": now}
    session.connection().execute(update(NEED).where(*own, n.status != "closed").values(closed))
    return need_of(session, organisation_id, need_id, is_owner=True)
