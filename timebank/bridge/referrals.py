"""Referrals: a senior is handed on with consent, answered with a reason, served, and told of at its end.

Two organisations see a referral and nobody else. The receiver reads just the fields that were consented to, while the
consent holds, and each reading leaves a row.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from sqlalchemy import insert, or_, update
from sqlmodel import Session
from sqlmodel import select as pick

from timebank.bridge.consents import EVENT, REFERRAL, require_live
from timebank.bridge.fields import read_fields
from timebank.bridge.once import check_length, check_page, kept_under
from timebank.bridge.tables import Consent, Referral, ReferralEvent, ReferralReading
from timebank.bridge.terms import days_to_answer
from timebank.core.clock import day_of
from timebank.core.columns import table_of
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.core.keys import digest_of
from timebank.core.naming import number_of
from timebank.core.texts import Phrase
from timebank.needs.tables import Service

READING = table_of(ReferralReading)
DECLINE_REASONS = ("no_capacity", "not_eligible", "out_of_area", "other")
OUTCOMES = ("helped", "partly", "not_helped", "gone")
LONGEST_WORDS = 2000
Side = Literal["sent", "received"]


class Actor(NamedTuple):
    """Which organisation acts, and who of it as it is written down."""

    organisation_id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralDraft:
    """A referral to be: on which consent, for which service (a code, or none), and why."""

    consent_id: int
    reason: str
    service: str = ""


def refer(session: Session, actor: Actor, draft: ReferralDraft, *, idempotency_key: str, now: datetime) -> Referral:
    """Hand a senior on to whom they consented, or return what the same key handed on.

    Raises
    ------
    NotFound
        When the organisation took no such consent down, or there is no such service.
    ConsentGone
        When the consent was revoked, or its day has passed.
    WrongInput, KeyConflict
        When there is no reason, or the key was used for other content.
    """
    draft = replace(draft, reason=check_length("reason", draft.reason, least=1, most=LONGEST_WORDS))
    digest = digest_of(["ReferralDraft", draft.consent_id, draft.reason, draft.service])
    stands = kept_under(session, Referral, actor.organisation_id, idempotency_key, digest)
    if stands is not None:
        return stands
    own = pick(Consent).where(Consent.id == draft.consent_id, Consent.organisation_id == actor.organisation_id)
    if session.exec(own).first() is None:
        raise NotFound(kind="consent", key=str(draft.consent_id))
    consent = require_live(session, draft.consent_id, now=now)
    service = number_of(session, Service, draft.service) if draft.service else None
    row = Referral(
        organisation_id=actor.organisation_id,
        receiver_id=consent.receiver_id,
        consent_id=draft.consent_id,
        senior_id=consent.senior_id,
        service_id=service,
        reason=draft.reason,
        idempotency_key=idempotency_key,
        request_hash=digest,
        sent_at=now,
        answer_by=now + timedelta(days=days_to_answer(session, service, day=day_of(now))),
    )
    session.add(row)
    session.flush()
    _tell(session, row.id or 0, "sent", actor, "", now)
    return row


def accept(session: Session, actor: Actor, referral_id: int, *, now: datetime) -> Referral:
    """Accept a referral as its receiver, while its consent holds; again it changes nothing.

    Raises
    ------
    NotFound, WrongState, ConsentGone
        When it is not the receiver's, is past that, or the consent is gone.
    """
    row = referral_of(session, actor.organisation_id, referral_id, side="received")
    if row.status == "sent":
        require_live(session, row.consent_id, now=now)
    return _step(session, actor, row, ("sent",), "accepted", now, answered_at=now)


def decline(
    session: Session, actor: Actor, referral_id: int, *, reason: str, words: str = "", now: datetime
) -> Referral:
    """Decline a referral as its receiver, with a reason that the referrer is told; ``other`` takes words.

    Raises
    ------
    NotFound, WrongState
        When it is not the receiver's, or is past that.
    WrongInput
        When the reason is none, or says nothing.
    """
    if reason not in DECLINE_REASONS:
        known = ", ".join(DECLINE_REASONS)
        raise WrongInput(field="reason", value=reason[:40], right=Phrase("right_one_of", known=known))
    plain = check_length("words", words, least=int(reason == "other"), most=LONGEST_WORDS)
    row = referral_of(session, actor.organisation_id, referral_id, side="received")
    ends: dict[str, Any] = {"decline_reason": reason, "answered_at": now, "ended_at": now}
    return _step(session, actor, row, ("sent",), "declined", now, note=plain, **ends)


def begin(session: Session, actor: Actor, referral_id: int, *, now: datetime) -> Referral:
    """Say as the receiver that the service has begun.

    Raises
    ------
    NotFound, WrongState
        When it is not the receiver's, or was not accepted.
    """
    row = referral_of(session, actor.organisation_id, referral_id, side="received")
    return _step(session, actor, row, ("accepted",), "in_service", now)


def close(session: Session, actor: Actor, referral_id: int, *, outcome: str, feedback: str, now: datetime) -> Referral:
    """Close a referral as its receiver, with an outcome and words for the referrer.

    Raises
    ------
    NotFound, WrongState
        When it is not the receiver's, or the service has not begun.
    WrongInput
        When the outcome is none, or there are no words.
    """
    if outcome not in OUTCOMES:
        known = ", ".join(OUTCOMES)
        raise WrongInput(field="outcome", value=outcome[:40], right=Phrase("right_one_of", known=known))
    plain = check_length("feedback", feedback, least=1, most=LONGEST_WORDS)
    row = referral_of(session, actor.organisation_id, referral_id, side="received")
    return _step(session, actor, row, ("in_service",), "closed", now, outcome=outcome, feedback=plain, ended_at=now)


def withdraw(session: Session, actor: Actor, referral_id: int, *, words: str, now: datetime) -> Referral:
    """Withdraw a referral as its referrer, with words why, until the service has begun.

    Raises
    ------
    NotFound, WrongState
        When it is not the referrer's, or the service has begun.
    WrongInput
        When there are no words.
    """
    plain = check_length("words", words, least=1, most=LONGEST_WORDS)
    row = referral_of(session, actor.organisation_id, referral_id, side="sent")
    answered = row.answered_at or now
    states = ("sent", "accepted")
    return _step(session, actor, row, states, "withdrawn", now, note=plain, answered_at=answered, ended_at=now)


def _step(
    session: Session,
    actor: Actor,
    row: Referral,
    frm: tuple[str, ...],
    to: str,
    now: datetime,
    *,
    note: str = "",
    **values: Any,
) -> Referral:
    """Change the state if it is one of ``frm``, with an event; of two at once the second sees what the first did."""
    r = REFERRAL.c
    moved = update(REFERRAL).where(r.id == row.id, r.status.in_(frm)).values(status=to, **values)
    is_fresh = session.connection().execute(moved).rowcount
    session.refresh(row)
    if row.status != to:
        allowed = Phrase(f"allowed_referral_{to}")
        raise WrongState(kind="referral", key=str(row.id), state=row.status, allowed=allowed)
    if is_fresh:
        _tell(session, row.id or 0, to, actor, note, now)
    return row


def _tell(session: Session, referral_id: int, kind: str, actor: Actor, note: str, now: datetime) -> None:
    event = {"referral_id": referral_id, "kind": kind, "actor": actor.name, "note": note or None, "happened_at": now}
    session.connection().execute(insert(EVENT), event)


def _sides(organisation_id: int, side: Side | None) -> Any:
    r = REFERRAL.c
    sides = {"sent": r.organisation_id == organisation_id, "received": r.receiver_id == organisation_id}
    return or_(*sides.values()) if side is None else sides[side]


def referral_of(session: Session, organisation_id: int, referral_id: int, *, side: Side | None = None) -> Referral:
    """Return a referral of one of its two organisations, as it is now.

    Raises
    ------
    NotFound
        When there is none, or it is between others; the two are never told apart.
    """
    wanted = pick(Referral).where(REFERRAL.c.id == referral_id, _sides(organisation_id, side))
    row = session.exec(wanted.execution_options(populate_existing=True)).first()
    if row is None:
        raise NotFound(kind="referral", key=str(referral_id))
    return row


def referrals_of(
    session: Session, organisation_id: int, *, side: Side | None = None, first: int, before_id: int | None = None
) -> list[Referral]:
    """Return up to ``first`` (1 to 100) referrals that an organisation sent or received, newest first."""
    check_page(first)
    wanted = pick(Referral).where(_sides(organisation_id, side))
    if before_id is not None:
        wanted = wanted.where(REFERRAL.c.id < before_id)
    return list(session.exec(wanted.order_by(REFERRAL.c.id.desc()).limit(first)))


def read_senior(session: Session, actor: Actor, referral_id: int, *, now: datetime) -> dict[str, str]:
    """Return what the receiver of a referral may know of its senior, by the code of the field; the reading is kept.

    Raises
    ------
    NotFound
        When the organisation is not the receiver.
    WrongState
        When the referral is over.
    ConsentGone
        When the consent was revoked, or its day has passed.
    """
    row = referral_of(session, actor.organisation_id, referral_id, side="received")
    if row.status not in ("sent", "accepted", "in_service"):
        allowed = Phrase("allowed_referral_live")
        raise WrongState(kind="referral", key=str(row.id), state=row.status, allowed=allowed)
    consent = require_live(session, row.consent_id, now=now)
    told = read_fields(session, row.senior_id, consent.fields, day=day_of(now))
    kept = {
        "referral_id": referral_id,
        "organisation_id": actor.organisation_id,
        "actor": actor.name,
        "fields": list(told),
        "read_at": now,
    }
    session.connection().execute(insert(READING), kept)
    return told


def readings_of(session: Session, organisation_id: int, referral_id: int) -> list[ReferralReading]:
    """Return who read of the senior of a referral, the latest hundred, for either of its organisations."""
    referral_of(session, organisation_id, referral_id)
    wanted = pick(ReferralReading).where(READING.c.referral_id == referral_id)
    return list(session.exec(wanted.order_by(READING.c.id.desc()).limit(100)))


def events_of(session: Session, organisation_id: int, referral_id: int) -> list[ReferralEvent]:
    """Return the steps of a referral in their order, at most a hundred, for either of its organisations."""
    referral_of(session, organisation_id, referral_id)
    wanted = pick(ReferralEvent).where(EVENT.c.referral_id == referral_id).order_by(EVENT.c.id)
    return list(session.exec(wanted.limit(100)))
