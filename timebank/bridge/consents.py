"""Consent: which fields of a senior which organisation may know, for what, until when; ended at once by a word."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import insert, or_, select, update
from sqlmodel import Session
from sqlmodel import select as pick

from timebank.bridge.fields import FIELDS
from timebank.bridge.once import check_length, check_page, kept_under
from timebank.bridge.refusals import ConsentGone
from timebank.bridge.tables import Consent, ConsentRevocation, Referral, ReferralEvent
from timebank.core.clock import day_of
from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip
from timebank.core.errors import NotFound, WrongInput
from timebank.core.keys import digest_of
from timebank.core.naming import number_of
from timebank.core.texts import Phrase
from timebank.people.belonging import require_person
from timebank.people.tables import Organisation

CONSENT = table_of(Consent)
REVOCATION = table_of(ConsentRevocation)
REFERRAL = table_of(Referral)
EVENT = table_of(ReferralEvent)
LONGEST_DAYS = 366
GIVERS = ("senior", "guardian")
MANNERS = ("paper", "spoken", "signed_on_screen")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentDraft:
    """A consent as it was given: by whom, how, to whom (a code), for what, which fields, until which day (half-open).

    ``guardian_name`` is given for a guardian alone; ``proof`` says where the paper lies or who was there.
    """

    senior_id: int
    receiver: str
    fields: tuple[str, ...]
    purpose: str
    until_day: date
    given_by: str = "senior"
    manner: str = "paper"
    guardian_name: str = ""
    proof: str = ""


def record_consent(
    session: Session, organisation_id: int, draft: ConsentDraft, *, idempotency_key: str, now: datetime
) -> Consent:
    """Write down a consent that a senior of the organisation gave, or return what the same key wrote.

    Raises
    ------
    NotFound
        When the senior is not the organisation's, or there is no such receiver.
    WrongInput
        Naming the field, its value and what would be right.
    KeyConflict
        When the key was used for other content.
    """
    draft = replace(draft, fields=tuple(sorted(set(draft.fields))))
    digest = digest_of(["ConsentDraft", *(getattr(draft, name) for name in ConsentDraft.__slots__)])
    stands = kept_under(session, Consent, organisation_id, idempotency_key, digest)
    if stands is not None:
        return stands
    _check(draft, day_of(now))
    require_person(session, draft.senior_id, organisation_id)
    receiver = number_of(session, Organisation, draft.receiver)
    if receiver == organisation_id:
        raise WrongInput(field="receiver", value=draft.receiver, right=Phrase("right_other_organisation"))
    row = Consent(
        organisation_id=organisation_id,
        receiver_id=receiver,
        senior_id=draft.senior_id,
        fields=list(draft.fields),
        purpose=draft.purpose.strip(),
        until_day=draft.until_day,
        given_by=draft.given_by,
        guardian_name=draft.guardian_name.strip() or None,
        manner=draft.manner,
        proof=draft.proof.strip() or None,
        idempotency_key=idempotency_key,
        request_hash=digest,
        given_at=now,
    )
    session.add(row)
    session.flush()
    return row


def _check(draft: ConsentDraft, today: date) -> None:
    check_length("purpose", draft.purpose, least=1, most=200)
    check_length("proof", draft.proof, least=0, most=200)
    is_guardian = draft.given_by == "guardian"
    check_length("guardianName", draft.guardian_name, least=int(is_guardian), most=80 if is_guardian else 0)
    for field, value, known in (("givenBy", draft.given_by, GIVERS), ("manner", draft.manner, MANNERS)):
        _check_known(field, (value,), known)
    _check_known("fields", draft.fields, tuple(FIELDS))
    if not draft.fields:
        right = Phrase("right_one_of", known=", ".join(FIELDS))
        raise WrongInput(field="fields", value="", right=right)
    if not today < draft.until_day <= today + timedelta(days=LONGEST_DAYS):
        right = Phrase("right_consent_day", most=LONGEST_DAYS)
        raise WrongInput(field="untilDay", value=draft.until_day.isoformat(), right=right)


def _check_known(field: str, values: Sequence[str], known: Sequence[str]) -> None:
    for value in values:
        if value not in known:
            raise WrongInput(field=field, value=value[:40], right=Phrase("right_one_of", known=", ".join(known)))


def consent_of(
    session: Session, consent_id: int, *, organisation_id: int | None = None, senior_id: int | None = None
) -> Consent:
    """Return a consent that an organisation took down or may use, or that a senior gave.

    Raises
    ------
    NotFound
        When there is none, or it is another's; the two are never told apart.
    """
    c = CONSENT.c
    theirs = or_(c.organisation_id == organisation_id, c.receiver_id == organisation_id, c.senior_id == senior_id)
    row = session.exec(pick(Consent).where(c.id == consent_id, theirs)).first()
    if row is None:
        raise NotFound(kind="consent", key=str(consent_id))
    return row


def consents_of(session: Session, senior_id: int, *, first: int, before_id: int | None = None) -> list[Consent]:
    """Return up to ``first`` (1 to 100) consents that a senior gave, newest first."""
    check_page(first)
    wanted = pick(Consent).where(CONSENT.c.senior_id == senior_id)
    if before_id is not None:
        wanted = wanted.where(CONSENT.c.id < before_id)
    return list(session.exec(wanted.order_by(CONSENT.c.id.desc()).limit(first)))


def revoked_at(session: Session, consent_id: int) -> datetime | None:
    """Return when a consent was revoked; nothing while it was not."""
    wanted = select(REVOCATION.c.revoked_at).where(REVOCATION.c.consent_id == consent_id)
    return session.connection().execute(wanted).scalar()


def require_live(session: Session, consent_id: int, *, now: datetime) -> Consent:
    """Return a consent that holds at a moment.

    It is locked against its revocation until the transaction ends, so that nothing is read after the word.

    Raises
    ------
    ConsentGone
        When it was revoked, or its day has come.
    """
    row = session.get_one(Consent, consent_id, with_for_update=True, populate_existing=True)
    ended = revoked_at(session, consent_id)
    if ended is not None:
        raise ConsentGone(consent_id=consent_id, until=day_of(ended).isoformat())
    if day_of(now) >= row.until_day:
        raise ConsentGone(consent_id=consent_id, until=row.until_day.isoformat())
    return row


def revoke_consent(session: Session, consent_id: int, *, actor: str, now: datetime) -> datetime:
    """End a consent at once; returns when it ended, which for one that was revoked before is then.

    Referrals that rest on it and are not answered yet are withdrawn; those in service go on, and nothing is read.
    """
    session.get_one(Consent, consent_id, with_for_update=True, populate_existing=True)
    connection = session.connection()
    ending = insert_or_skip(connection, REVOCATION).values(consent_id=consent_id, actor=actor, revoked_at=now)
    ending = ending.on_conflict_do_nothing(index_elements=["consent_id"]).returning(REVOCATION.c.consent_id)
    if connection.execute(ending).first() is not None:
        r = REFERRAL.c
        waiting = update(REFERRAL).where(r.consent_id == consent_id, r.status == "sent")
        gone = waiting.values(status="withdrawn", answered_at=now, ended_at=now).returning(r.id)
        events = [
            {"referral_id": number, "kind": "consent_revoked", "actor": actor, "note": None, "happened_at": now}
            for number in connection.execute(gone).scalars().all()
        ]
        if events:
            connection.execute(insert(EVENT), events)
    ended = revoked_at(session, consent_id)
    return now if ended is None else ended
