"""Offers: a request's visit is offered to one volunteer, or a few, until a moment; then to the next.

Who is asked, and in which order, is the caller's to propose. Of two who accept at once one has the visit. The row of
the request is always taken first, so that nobody waits for each other.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, insert, select, update
from sqlmodel import Session, col
from sqlmodel import select as pick

from timebank.core.clock import moment_at
from timebank.core.columns import table_of
from timebank.core.database import wait_turn
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.needs.requests import REQUEST, check_words, request_of, step, tell
from timebank.needs.tables import ServiceRequest
from timebank.people.tables import NeverTogether, Senior, Volunteer
from timebank.visits.life import VISIT, visit_of
from timebank.visits.limits import STANDARD
from timebank.visits.refusals import HoursTaken, OfferGone
from timebank.visits.tables import Offer, Visit

OFFER = table_of(Offer)
VOLUNTEER = table_of(Volunteer)
MOST_PROPOSALS, MOST_AT_ONCE = 20, 5
MOST_LAPSED = 500
"""Most offers that run out in one call."""


class Proposal(NamedTuple):
    """A volunteer who could come, and when."""

    volunteer_id: int
    day: date
    starts_min: int


def propose(
    session: Session,
    request_id: int,
    proposals: Sequence[Proposal],
    *,
    actor: str,
    now: datetime,
    at_once: int = 1,
    open_min: int = STANDARD.offer_open_min,
) -> list[Offer]:
    """Offer a listed request to volunteers in their order; ``at_once`` of them are asked at the same time.

    The same proposals again, while they stand, change nothing. Returns the offers of this round.

    Raises
    ------
    WrongInput
        When a proposal lies outside the wish, has passed, or is to somebody who cannot be asked.
    WrongState
        When the request is not in the list, or was offered to others.
    """
    request = _locked(session, request_id)
    round_ = _last_round(session, request_id)
    if request.status == "offered":
        standing = _of_round(session, request_id, round_)
        if [Proposal(offer.volunteer_id, offer.day, offer.starts_min) for offer in standing] == list(proposals):
            return standing
    if request.status != "listed":
        raise WrongState(kind="request", key=str(request_id), state=request.status, allowed="listed")
    _check_counts(proposals, at_once, open_min)
    for proposal in proposals:
        _check_wish(request, proposal, now)
    _check_people(session, request, proposals)
    rows = [
        {"request_id": request_id, "round": round_ + 1, "rank": rank, "open_min": open_min, "state": "waiting"}
        | proposal._asdict()
        for rank, proposal in enumerate(proposals, 1)
    ]
    session.connection().execute(insert(OFFER), rows)
    step(session, request_id, ("listed",), "offered", actor=actor, note="", now=now)
    for _ in range(at_once):
        _open_next(session, request_id, now)
    return _of_round(session, request_id, round_ + 1)


def offers_to(session: Session, volunteer_id: int, *, now: datetime) -> list[Offer]:
    """Return the offers that a volunteer can answer, those that end first first; at most a hundred."""
    wanted = pick(Offer).where(Offer.volunteer_id == volunteer_id, Offer.state == "open", col(Offer.ends_at) > now)
    return list(session.exec(wanted.order_by(col(Offer.ends_at), col(Offer.id)).limit(100)))


def offer_of(session: Session, offer_id: int, *, volunteer_id: int) -> Offer:
    """Return an offer to a volunteer as it is now.

    Raises
    ------
    NotFound
        When there is none, or it is another's; the two are never told apart.
    """
    offer = session.get(Offer, offer_id, populate_existing=True)
    if offer is None or offer.volunteer_id != volunteer_id:
        raise NotFound(kind="offer", key=str(offer_id))
    return offer


def accept_offer(session: Session, offer_id: int, *, volunteer_id: int, plan_id: int, now: datetime) -> Visit:
    """Take an offer: it becomes a planned visit, and every other offer of the request is withdrawn.

    ``plan_id`` is the plan to which visits that are agreed one by one belong.

    Raises
    ------
    NotFound
        When it is not this volunteer's.
    OfferGone
        When its time ran out, it was answered otherwise, or another was first.
    HoursTaken
        When the volunteer has another visit at that time.
    WrongState
        When the senior or the volunteer has left the registry.
    """
    request = _locked(session, offer_of(session, offer_id, volunteer_id=volunteer_id).request_id)
    wait_turn(session, f"hours of volunteer {volunteer_id}")
    offer = offer_of(session, offer_id, volunteer_id=volunteer_id)
    if offer.state == "accepted":
        return visit_of(session, offer.visit_id or 0)
    if offer.state != "open" or offer.ends_at is None or offer.ends_at <= now:
        raise OfferGone(offer_id=offer_id, state="lapsed" if offer.state == "open" else offer.state)
    _check_active("senior", session.get_one(Senior, request.senior_id, populate_existing=True))
    _check_active("volunteer", session.get_one(Volunteer, volunteer_id, populate_existing=True))
    _check_free(session, offer, request.minutes)
    visit = Visit(
        plan_id=plan_id,
        need_id=request.need_id or 0,
        volunteer_id=volunteer_id,
        day=offer.day,
        starts_min=offer.starts_min,
        planned_min=request.minutes,
    )
    session.add(visit)
    session.flush()
    _answer(session, offer, "accepted", now, visit_id=visit.id)
    withdraw_offers(session, [offer.request_id], now)
    step(session, offer.request_id, ("offered",), "planned", actor=f"person:{volunteer_id}", note="", now=now)
    return visit


def decline_offer(session: Session, offer_id: int, *, volunteer_id: int, reason: str, now: datetime) -> Offer:
    """Say no, with a reason; the next is asked at once, and after the last the request is in the list again.

    Raises
    ------
    NotFound
        When it is not this volunteer's.
    WrongInput
        When there is no reason.
    OfferGone
        When it is not open.
    """
    words = check_words("reason", reason)
    _locked(session, offer_of(session, offer_id, volunteer_id=volunteer_id).request_id)
    offer = offer_of(session, offer_id, volunteer_id=volunteer_id)
    if offer.state == "declined":
        return offer
    if offer.state != "open":
        raise OfferGone(offer_id=offer_id, state=offer.state)
    _answer(session, offer, "declined", now, reason=words)
    tell(session, offer.request_id, "declined", f"person:{volunteer_id}", words, now)
    _go_on(session, offer.request_id, now)
    return offer_of(session, offer_id, volunteer_id=volunteer_id)


def lapse_offers(session: Session, *, now: datetime) -> int:
    """Let the offers run out whose time is over, and ask the next; returns how many, at most 500 a call."""
    o = OFFER.c
    over = select(o.request_id, o.id).where(o.state == "open", o.ends_at <= now).order_by(o.request_id, o.rank)
    lapsed = 0
    for request_id, number in session.connection().execute(over.limit(MOST_LAPSED)).all():
        _locked(session, request_id)
        ran_out = update(OFFER).where(o.id == number, o.state == "open").values(state="lapsed", answered_at=now)
        if session.connection().execute(ran_out).rowcount:
            lapsed += 1
            tell(session, request_id, "offer_lapsed", "clock", "", now)
            _go_on(session, request_id, now)
    return lapsed


def withdraw_offers(session: Session, request_ids: Sequence[int], now: datetime) -> None:
    """Take back the offers of requests that nobody has accepted."""
    o = OFFER.c
    standing = o.request_id.in_(request_ids) & o.state.in_(("waiting", "open"))
    session.connection().execute(update(OFFER).where(standing).values(state="withdrawn", answered_at=now))


def _locked(session: Session, request_id: int) -> ServiceRequest:
    session.connection().execute(select(REQUEST.c.id).where(REQUEST.c.id == request_id).with_for_update())
    return request_of(session, request_id)


def _last_round(session: Session, request_id: int) -> int:
    highest = select(func.coalesce(func.max(OFFER.c.round), 0)).where(OFFER.c.request_id == request_id)
    return int(session.connection().execute(highest).scalar_one())


def _of_round(session: Session, request_id: int, round_: int) -> list[Offer]:
    wanted = pick(Offer).where(Offer.request_id == request_id, Offer.round == round_).order_by(col(Offer.rank))
    return list(session.exec(wanted.execution_options(populate_existing=True)))


def _open_next(session: Session, request_id: int, now: datetime) -> bool:
    """Open the next offer whose hour still lies ahead; one whose hour has passed lapses unasked."""
    for offer in _of_round(session, request_id, _last_round(session, request_id)):
        if offer.state != "waiting":
            continue
        ends_at = min(now + timedelta(minutes=offer.open_min), moment_at(offer.day, offer.starts_min))
        is_ahead = ends_at > now
        values = {"state": "open", "opened_at": now, "ends_at": ends_at} if is_ahead else {"state": "lapsed"}
        session.connection().execute(update(OFFER).where(OFFER.c.id == offer.id).values(**values))
        if is_ahead:
            return True
    return False


def _go_on(session: Session, request_id: int, now: datetime) -> None:
    """Ask the next; when nobody is left to answer, the request is in the list again."""
    if _open_next(session, request_id, now):
        return
    still_open = select(OFFER.c.id).where(OFFER.c.request_id == request_id, OFFER.c.state == "open").limit(1)
    if session.connection().execute(still_open).first() is None:
        step(session, request_id, ("offered",), "listed", actor="clock", note="", now=now)


def _answer(session: Session, offer: Offer, state: str, now: datetime, **values: object) -> None:
    where = (OFFER.c.id == offer.id, OFFER.c.state == "open")
    answered = session.connection().execute(update(OFFER).where(*where).values(state=state, answered_at=now, **values))
    if answered.rowcount != 1:
        raise OfferGone(offer_id=offer.id or 0, state="answered")


def _check_counts(proposals: Sequence[Proposal], at_once: int, open_min: int) -> None:
    people = [proposal.volunteer_id for proposal in proposals]
    if not 1 <= len(people) <= MOST_PROPOSALS or len(set(people)) < len(people):
        right = Phrase("right_proposals", most=MOST_PROPOSALS)
        raise WrongInput(field="proposals", value=str(len(people)), right=right)
    for field, value, most in (("at_once", at_once, MOST_AT_ONCE), ("open_min", open_min, 7 * 1440)):
        if not 1 <= value <= most:
            raise WrongInput(field=field, value=str(value), right=Phrase("right_range", least=1, most=most))


def _check_wish(request: ServiceRequest, proposal: Proposal, now: datetime) -> None:
    """Refuse an hour that was not wished, or has passed."""
    begins, ends = proposal.starts_min, proposal.starts_min + request.minutes
    is_wished = request.from_day <= proposal.day < request.to_day and (
        begins == request.starts_min
        if request.starts_min is not None
        else request.window_start_min <= begins and ends <= request.window_end_min
    )
    if not is_wished or moment_at(proposal.day, begins) <= now:
        value = f"{proposal.day} {begins}"
        raise WrongInput(field="proposals", value=value, right=Phrase("right_wished"))


def _check_people(session: Session, request: ServiceRequest, proposals: Sequence[Proposal]) -> None:
    """Refuse whoever is not active, is the senior, or never meets the senior."""
    people = [proposal.volunteer_id for proposal in proposals]
    apart = select(col(NeverTogether.volunteer_id)).where(col(NeverTogether.senior_id) == request.senior_id)
    fit = select(VOLUNTEER.c.person_id).where(
        VOLUNTEER.c.person_id.in_(people),
        VOLUNTEER.c.status == "active",
        VOLUNTEER.c.person_id != request.senior_id,
        VOLUNTEER.c.person_id.not_in(apart),
    )
    missing = set(people) - set(session.connection().execute(fit).scalars())
    if missing:
        raise WrongInput(field="proposals", value=str(min(missing)), right=Phrase("right_volunteer"))


def _check_active(kind: str, row: Senior | Volunteer) -> None:
    if row.status != "active":
        raise WrongState(kind=kind, key=str(row.person_id), state=row.status, allowed="active")


def _check_free(session: Session, offer: Offer, minutes: int) -> None:
    v = VISIT.c
    busy = select(v.id).where(
        v.volunteer_id == offer.volunteer_id,
        v.day == offer.day,
        v.status.in_(("planned", "checked_in")),
        v.starts_min < offer.starts_min + minutes,
        v.starts_min + v.planned_min > offer.starts_min,
    )
    if session.connection().execute(busy.limit(1)).first() is not None:
        raise HoursTaken(volunteer_id=offer.volunteer_id, day=offer.day.isoformat())
