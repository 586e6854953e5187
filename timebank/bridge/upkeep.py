"""What is due between organisations whoever asks: offers that are over, answers that did not come."""

from datetime import datetime

from sqlalchemy import Engine, exists, select
from sqlmodel import Session

from timebank.bridge.consents import REFERRAL
from timebank.bridge.offers import OFFER, expire_offers, is_over
from timebank.bridge.terms import is_late, tell_overdue
from timebank.core.database import transaction
from timebank.core.retries import in_transaction


def keep_bridge(engine: Engine, *, now: datetime) -> tuple[int, int]:
    """End offers whose days are over and tell referrers of late answers; returns how many of each. Again it does none.

    Looking for what is due takes no lock, so a worker that looks every few seconds is in nobody's way.
    """
    due = exists(select(OFFER.c.id).where(*is_over(now))), exists(select(REFERRAL.c.id).where(*is_late(now)))
    with transaction(engine, read_only=True) as session:
        if not any(session.connection().execute(select(*due)).one()):
            return 0, 0

    def work(session: Session) -> tuple[int, int]:
        return expire_offers(session, now=now), tell_overdue(session, now=now)

    return in_transaction(engine, work)
