"""One of everything that organisations do for each other, for tests that need rows in every table."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from tests.worlds import MONDAY, World
from timebank.bridge.consents import ConsentDraft, record_consent, revoke_consent
from timebank.bridge.offers import OfferDraft, offer
from timebank.bridge.practices import FigureDraft, PracticeDraft, decide, submit
from timebank.bridge.referrals import Actor, ReferralDraft, read_senior, refer
from timebank.bridge.resource_needs import NeedDraft, choose, state_need
from timebank.bridge.terms import set_term, tell_overdue
from timebank.core.clock import day_of
from timebank.exchange.feeds import renew_feed
from timebank.people.tables import Organisation, OrganisationArea

GANQUAN_CODE = "310107004"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """Numbers of what stands: a company and the bureau, their offers, the need of EAST, its consent and referral."""

    company: int
    bureau: int
    offer: int
    answer: int
    need: int
    consent: int
    referral: int
    practice: int


def partner(session: Session, world: World, kind: str, code: str) -> int:
    """Add an organisation of a kind that works in Ganquan."""
    row = Organisation(kind=kind, code=code, name_zh=f"{code}单位", name_en=code)
    session.add(row)
    session.flush()
    session.add(OrganisationArea(organisation_id=row.id or 0, area_id=world.areas[GANQUAN_CODE]))
    session.flush()
    return row.id or 0


def offered(day: date = MONDAY, **changes: object) -> OfferDraft:
    """Return a draft of ten wheelchairs for a month, with some parts changed."""
    parts: dict[str, object] = {
        "what": "轮椅",
        "unit": "辆",
        "quantity": 10,
        "from_day": day,
        "to_day": day + timedelta(days=30),
        "area": GANQUAN_CODE,
        "conditions": "用后归还",
    }
    return OfferDraft(**(parts | changes))  # type: ignore[arg-type]  # parts of a draft, by name


def needed(day: date = MONDAY, **changes: object) -> NeedDraft:
    """Return a draft of a need of four wheelchairs in Ganquan, with some parts changed."""
    parts: dict[str, object] = {
        "what": "轮椅",
        "unit": "辆",
        "quantity": 4,
        "to_day": day + timedelta(days=30),
        "area": GANQUAN_CODE,
    }
    return NeedDraft(**(parts | changes))  # type: ignore[arg-type]  # parts of a draft, by name


def consented(world: World, day: date = MONDAY, **changes: object) -> ConsentDraft:
    """Return a draft of a consent of S1 that WEST may know name and telephone for a month."""
    parts: dict[str, object] = {
        "senior_id": world.seniors["S1"],
        "receiver": "WEST",
        "fields": ("phone", "name"),
        "purpose": "助浴转介",
        "until_day": day + timedelta(days=30),
        "proof": "纸质同意书第 7 号",
    }
    return ConsentDraft(**(parts | changes))  # type: ignore[arg-type]  # parts of a draft, by name


def fill_bridge(session: Session, world: World, now: datetime) -> Filled:
    """Put a row into every table of bridge and exchange; EAST refers S1 to WEST, and the company offers."""
    day = day_of(now)
    east, west = world.organisations["EAST"], world.organisations["WEST"]
    company, bureau = partner(session, world, "company", "CARE-CO"), partner(session, world, "bureau", "BUREAU")
    free = offer(session, company, offered(day), idempotency_key="free", now=now)
    need = state_need(session, east, needed(day), idempotency_key="need", now=now)
    answer = offer(session, company, offered(day, answers=need.id, quantity=3), idempotency_key="answer", now=now)
    choose(session, east, need.id or 0, answer.id or 0, 2, idempotency_key="choose", now=now)
    set_term(session, 3, from_day=day, actor="bureau", now=now)
    consent = record_consent(session, east, consented(world, day), idempotency_key="consent", now=now)
    mistaken = record_consent(session, east, consented(world, day, fields=("address",)), idempotency_key="m", now=now)
    revoke_consent(session, mistaken.id or 0, actor="organisation:1", now=now)
    draft = ReferralDraft(consent_id=consent.id or 0, reason="需要助浴", service="bath")
    referral = refer(session, Actor(east, f"organisation:{east}"), draft, idempotency_key="referral", now=now)
    read_senior(session, Actor(west, f"organisation:{west}"), referral.id or 0, now=now)
    late = refer(
        session,
        Actor(east, f"organisation:{east}"),
        ReferralDraft(consent_id=consent.id or 0, reason="无人答复"),
        idempotency_key="late",
        now=now - timedelta(days=9),
    )
    assert tell_overdue(session, now=now) == 1
    figures = (FigureDraft("visits_confirmed", day - timedelta(days=28), day),)
    practice = PracticeDraft(title_zh="雨天探访", done="下雨前先打电话。", figures=figures)
    version = submit(session, east, practice, idempotency_key="practice", now=now)
    decide(session, bureau, version.practice_id, 1, is_approved=True, now=now)
    renew_feed(session, world.volunteers["V5"], idempotency_key="calendar", now=now)
    return Filled(
        company=company,
        bureau=bureau,
        offer=free.id or 0,
        answer=answer.id or 0,
        need=need.id or 0,
        consent=consent.id or 0,
        referral=referral.id or 0 if late.id else 0,
        practice=version.practice_id,
    )
