"""Clocks of referrals: how many days an answer may take, as rows, and who is told when it did not come."""

from datetime import date, datetime

from sqlalchemy import literal, select
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col, or_
from sqlmodel import select as pick

from timebank.bridge.consents import REFERRAL
from timebank.bridge.tables import Referral, ReferralNotice, ReferralTerm
from timebank.core.columns import UtcMoment, table_of
from timebank.core.database import insert_or_skip
from timebank.core.errors import WrongInput
from timebank.core.naming import number_of
from timebank.core.texts import Phrase
from timebank.needs.tables import Service
from timebank.people.notes import note_of, take_back

NOTICE = table_of(ReferralNotice)
USUAL_DAYS = 5
"""Days to answer where no row says anything."""
LONGEST_DAYS = 90


def set_term(
    session: Session, days: int, *, from_day: date, service: str = "", actor: str, now: datetime
) -> ReferralTerm:
    """Say how many days an answer may take from a day on, for a service or for all; of a day the last word stands.

    Raises
    ------
    WrongInput
        When the days are not 1 to 90.
    NotFound
        When there is no such service.
    """
    if not 1 <= days <= LONGEST_DAYS:
        raise WrongInput(field="days", value=str(days), right=Phrase("right_range", least=1, most=LONGEST_DAYS))
    number = number_of(session, Service, service) if service else None
    row = ReferralTerm(service_id=number, days=days, from_day=from_day, recorded_by=actor, recorded_at=now)
    session.add(row)
    session.flush()
    return row


def withdraw_term(session: Session, term_id: int, *, actor: str, now: datetime) -> ReferralTerm:
    """Take a term back; one that was taken back stays so.

    Raises
    ------
    NotFound
        When there is none.
    """
    row = note_of(session, ReferralTerm, term_id)
    take_back(session, row, actor=actor, now=now)
    return row


def days_to_answer(session: Session, service_id: int | None, *, day: date) -> int:
    """Return how many days an answer may take: of the service if it has a term, else of all, else the usual."""
    t = ReferralTerm
    fits = or_(col(t.service_id).is_(None), col(t.service_id) == service_id)
    wanted = pick(t.days).where(col(t.withdrawn_at).is_(None), col(t.from_day) <= day, fits)
    last = wanted.order_by(col(t.service_id).is_(None), col(t.from_day).desc(), col(t.id).desc()).limit(1)
    found = session.exec(last).first()
    return USUAL_DAYS if found is None else found


def tell_overdue(session: Session, *, now: datetime) -> int:
    """Tell each referrer once of an answer that did not come in time; returns how many are told now."""
    r, n = REFERRAL.c, NOTICE.c
    late = select(r.id, literal(now, UtcMoment())).where(*is_late(now)).order_by(r.id)
    telling = insert_or_skip(session.connection(), NOTICE).from_select([n.referral_id, n.told_at], late)
    telling = telling.on_conflict_do_nothing(index_elements=["referral_id"]).returning(n.referral_id)
    return len(session.connection().execute(telling).all())


def is_late(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Tell in SQL of which referrals the answer is late and nobody was told."""
    r = REFERRAL.c
    return r.status == "sent", r.answer_by <= now, r.id.not_in(select(NOTICE.c.referral_id))


def overdue_of(session: Session, organisation_id: int) -> list[tuple[Referral, datetime]]:
    """Return the referrals of an organisation that wait for an answer past their time, and when it was told of each.

    The longest waiting are first, a hundred at most.
    """
    r, n = REFERRAL.c, NOTICE.c
    wanted = select(Referral, n.told_at).join(NOTICE, n.referral_id == r.id)
    waiting = wanted.where(r.organisation_id == organisation_id, r.status == "sent")
    return [(row, told) for row, told in session.execute(waiting.order_by(r.answer_by, r.id).limit(100))]
