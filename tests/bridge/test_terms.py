"""An answer that does not come in time is told to the referrer, once; how long that is stands in rows."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.bridge.filled import consented, offered
from tests.worlds import MONDAY, World
from timebank.bridge.consents import record_consent
from timebank.bridge.offers import offer
from timebank.bridge.referrals import Actor, ReferralDraft, accept, refer
from timebank.bridge.tables import Referral
from timebank.bridge.terms import USUAL_DAYS, overdue_of, set_term, tell_overdue, withdraw_term
from timebank.bridge.upkeep import keep_bridge
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput


def _refer(session: Session, world: World, east: Actor, now: datetime, key: str, service: str = "bath") -> Referral:
    consent = record_consent(session, east.organisation_id, consented(world), idempotency_key="c", now=now)
    draft = ReferralDraft(consent_id=consent.id or 0, reason="助浴", service=service)
    return refer(session, east, draft, idempotency_key=key, now=now)


def test_days_to_answer_are_data(session: Session, world: World, east: Actor, noon: datetime) -> None:
    """Of a service if it has its own, else of all, else the usual; from its day on, and until it is taken back."""

    def days(key: str, service: str = "bath") -> int:
        row = _refer(session, world, east, noon, key, service)
        return (row.answer_by - row.sent_at).days

    usual = days("1")
    set_term(session, 9, from_day=MONDAY, actor="bureau", now=noon)
    for_all = days("2")
    own = set_term(session, 2, from_day=MONDAY, service="bath", actor="bureau", now=noon)
    set_term(session, 1, from_day=MONDAY + timedelta(days=1), service="bath", actor="bureau", now=noon)
    for_baths = (days("3"), days("4", "trip"))
    withdraw_term(session, own.id or 0, actor="bureau", now=noon)

    assert (usual, for_all, for_baths, days("5")) == (USUAL_DAYS, 9, (2, 9), 9)


@pytest.mark.parametrize("days", [0, 91])
def test_term_beyond_its_bounds_is_refused(session: Session, world: World, noon: datetime, days: int) -> None:
    """A clock that never rings is none."""
    with pytest.raises(WrongInput):
        set_term(session, days, from_day=MONDAY, actor="bureau", now=noon)
    with pytest.raises(NotFound):
        set_term(session, 3, from_day=MONDAY, service="unknown", actor="bureau", now=noon)


def test_late_answer_is_told_once(session: Session, world: World, east: Actor, west: Actor, noon: datetime) -> None:
    """The moment it is late, and not again; one that was answered is not late, and leaves the list."""
    first, second = (_refer(session, world, east, noon, key) for key in ("1", "2"))
    accept(session, west, second.id or 0, now=noon)
    due = first.answer_by

    told = [tell_overdue(session, now=moment) for moment in (due - timedelta(minutes=1), due, due + timedelta(days=1))]

    assert told == [0, 1, 0]
    assert [(row.id, at) for row, at in overdue_of(session, east.organisation_id)] == [(first.id, due)]
    assert overdue_of(session, west.organisation_id) == []
    accept(session, west, first.id or 0, now=due)
    assert overdue_of(session, east.organisation_id) == []


def test_upkeep_does_what_is_due_and_then_nothing(
    engine: Engine, world: World, east: Actor, company: int, noon: datetime
) -> None:
    """The worker asks every few seconds."""
    with transaction(engine) as session:
        _refer(session, world, east, noon, "1")
        offer(session, company, offered(to_day=MONDAY + timedelta(days=3)), idempotency_key="o", now=noon)
    later = noon + timedelta(days=10)

    done = [keep_bridge(engine, now=moment) for moment in (noon, later, later)]

    assert done == [(0, 0), (1, 1), (0, 0)]
