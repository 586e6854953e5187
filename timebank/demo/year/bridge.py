"""The bridge in the year: resources offered and taken, seniors referred, practice approved, calendars subscribed to.

Nothing of it was published, so its size is our own: some hundred offers and referrals in a district's year.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Table, func, select
from sqlmodel import Session

from timebank.bridge.consents import CONSENT, REFERRAL, ConsentDraft, record_consent
from timebank.bridge.counting import QUERIES
from timebank.bridge.offers import OFFER, TAKING, OfferDraft, expire_offers, offer, take
from timebank.bridge.practices import PRACTICE, FigureDraft, PracticeDraft, decide, submit
from timebank.bridge.referrals import (
    READING,
    Actor,
    ReferralDraft,
    accept,
    begin,
    close,
    decline,
    read_senior,
    refer,
)
from timebank.bridge.resource_needs import NeedDraft, choose, state_need
from timebank.bridge.terms import set_term, tell_overdue
from timebank.core.clock import moment_at
from timebank.core.columns import table_of
from timebank.demo.year.chapter import Chapter, Year
from timebank.exchange.feeds import FEED, renew_feed
from timebank.exchange.hsds import build_package
from timebank.people.tables import Area, Organisation, OrganisationArea, Senior, Volunteer

AREA, ORGANISATION, OWN_AREA, SENIOR, VOLUNTEER = map(
    table_of, (Area, Organisation, OrganisationArea, Senior, Volunteer)
)
PARTNERS = (
    ("company", "COMPANY1", "普陀康护用品公司", "Putuo Care Supplies"),
    ("company", "COMPANY2", "长风物业服务公司", "Changfeng Property Service"),
    ("clinic", "CLINIC1", "甘泉社区卫生服务中心", "Ganquan Community Clinic"),
    ("clinic", "CLINIC2", "真如社区卫生服务中心", "Zhenru Community Clinic"),
    ("bureau", "BUREAU", "普陀区民政局", "Putuo Civil Affairs Bureau"),
)
GOODS = (("轮椅", "辆"), ("助浴椅", "把"), ("助行器", "个"), ("义诊", "人次"), ("理发", "人次"), ("防滑垫", "块"))
OFFERS, NEEDS, TAKINGS, REFERRALS, FEEDS = 400, 60, 700, 600, 120
"""How many a district of the published size has in a year, and volunteers whose phone has their calendar."""
FIELDS = ("committee", "name", "needs", "phone")
MORNING_MIN = 600
SERVICE_DAYS = 14
"""Days from the beginning of a service to its end."""
NO_ANSWER, NO = 0.08, 0.2
"""Part of the waiting referrals that stay unanswered on a day, and part of those answered that are declined."""


def _prepare(session: Session, year: Year) -> None:
    """Add companies, clinics and the bureau in every street, a term, and calendars of some volunteers."""
    streets = _numbers(session, select(AREA.c.id).where(AREA.c.level == "subdistrict").order_by(AREA.c.id))
    for kind, code, zh, en in PARTNERS:
        row = Organisation(kind=kind, code=code, name_zh=zh, name_en=en, serves_seniors=kind == "clinic")
        session.add(row)
        session.flush()
        session.add_all(OrganisationArea(organisation_id=row.id or 0, area_id=street) for street in streets)
    session.flush()
    now = moment_at(year.starts_on, MORNING_MIN)
    set_term(session, 3, from_day=year.starts_on, actor="organisation:bureau", now=now)
    volunteers = select(VOLUNTEER.c.person_id).order_by(VOLUNTEER.c.person_id).limit(year.sized(FEEDS))
    for volunteer in _numbers(session, volunteers):
        renew_feed(session, volunteer, idempotency_key="year", now=now)


def _play(session: Session, year: Year, day: date) -> None:
    """One day: what is over ends, offers and needs come, referrals are answered and sent, late answers are told of."""
    chance, now = year.random("bridge", day), moment_at(day, MORNING_MIN)
    expire_offers(session, now=now)
    helpers = _by_kind(session, "company", "clinic")
    social = _by_kind(session, "social_organisation")
    for n in range(year.quota(OFFERS, day)):
        _offer(session, int(chance.choice(helpers)), day, now, chance, f"{day} {n}")
    for n in range(year.quota(NEEDS, day)):
        _need(session, int(chance.choice(social)), int(chance.choice(helpers)), day, now, chance, f"{day} {n}")
    for n in range(year.quota(TAKINGS, day)):
        _take(session, int(chance.choice(social)), now, chance, f"{day} {n}")
    _answer(session, day, now, chance)
    for n in range(year.quota(REFERRALS, day)):
        _refer(session, social, _by_kind(session, "clinic"), day, now, chance, f"{day} {n}")
    if (day + timedelta(days=1)).day == 1:
        _practise(session, int(chance.choice(social)), day, now)
    tell_overdue(session, now=now)


def _numbers(session: Session, wanted: Any) -> list[int]:
    return list(session.connection().execute(wanted).scalars())


def _by_kind(session: Session, *kinds: str) -> list[int]:
    wanted = select(ORGANISATION.c.id).where(ORGANISATION.c.kind.in_(kinds)).order_by(ORGANISATION.c.id)
    return _numbers(session, wanted)


def _streets(session: Session, organisation: int) -> list[tuple[int, str]]:
    wanted = (
        select(AREA.c.id, AREA.c.code)
        .join(OWN_AREA, OWN_AREA.c.area_id == AREA.c.id)
        .where(OWN_AREA.c.organisation_id == organisation)
        .order_by(AREA.c.id)
    )
    return [(row.id, row.code) for row in session.connection().execute(wanted)]


def _offer(
    session: Session, who: int, day: date, now: datetime, chance: np.random.Generator, key: str, need: int | None = None
) -> int:
    what, unit = GOODS[int(chance.integers(len(GOODS)))]
    draft = OfferDraft(
        what=what,
        unit=unit,
        quantity=int(chance.integers(3, 21)),
        from_day=day,
        to_day=day + timedelta(days=int(chance.integers(20, 61))),
        conditions="用后归还",
        answers=need,
    )
    return offer(session, who, draft, idempotency_key=key, now=now).id or 0


def _need(
    session: Session, who: int, helper: int, day: date, now: datetime, chance: np.random.Generator, key: str
) -> None:
    """State what a street lacks; a helper answers, and some of it is chosen."""
    what, unit = GOODS[int(chance.integers(len(GOODS)))]
    streets = _streets(session, who)
    draft = NeedDraft(
        what=what,
        unit=unit,
        quantity=int(chance.integers(2, 6)),
        to_day=day + timedelta(days=30),
        area=streets[int(chance.integers(len(streets)))][1],
    )
    need = state_need(session, who, draft, idempotency_key=key, now=now)
    answer = _offer(session, helper, day, now, chance, f"answer {key}", need.id)
    choose(session, who, need.id or 0, answer, 2, idempotency_key=f"choose {key}", now=now)


def _take(session: Session, who: int, now: datetime, chance: np.random.Generator, key: str) -> None:
    """Take one or two of an offer that has them, where there is one."""
    fits = (OFFER.c.status == "open", OFFER.c.need_id.is_(None), OFFER.c.quantity - OFFER.c.taken >= 2)
    offers = _numbers(session, select(OFFER.c.id).where(*fits).order_by(OFFER.c.id))
    if offers:
        many = int(chance.integers(1, 3))
        take(session, who, int(chance.choice(offers)), many, purpose="探访使用", idempotency_key=key, now=now)


def _refer(
    session: Session,
    social: Sequence[int],
    clinics: Sequence[int],
    day: date,
    now: datetime,
    chance: np.random.Generator,
    key: str,
) -> None:
    """Refer a senior of a street to a clinic, with a consent for half a year."""
    who, receiver = int(chance.choice(social)), int(chance.choice(clinics))
    senior = _some_senior(session, [street for street, _ in _streets(session, who)], chance)
    if senior is None:
        return
    code = session.connection().execute(select(ORGANISATION.c.code).where(ORGANISATION.c.id == receiver)).scalar_one()
    draft = ConsentDraft(
        senior_id=senior,
        receiver=code,
        fields=FIELDS,
        purpose="健康评估转介",
        until_day=day + timedelta(days=180),
        proof="纸质同意书",
    )
    consent = record_consent(session, who, draft, idempotency_key=key, now=now).id or 0
    refer(session, _actor(who), ReferralDraft(consent_id=consent, reason="需要健康评估"), idempotency_key=key, now=now)


def _some_senior(session: Session, streets: Sequence[int], chance: np.random.Generator) -> int | None:
    bounds = select(func.min(SENIOR.c.person_id), func.max(SENIOR.c.person_id))
    low, high = session.connection().execute(bounds).one()
    first = int(chance.integers(low, high + 1))
    near = select(SENIOR.c.person_id).where(SENIOR.c.subdistrict_id.in_(streets), SENIOR.c.status == "active")
    for side in (SENIOR.c.person_id >= first, SENIOR.c.person_id < first):
        found = session.connection().execute(near.where(side).order_by(SENIOR.c.person_id).limit(1)).scalar()
        if found is not None:
            return int(found)
    return None


def _answer(session: Session, day: date, now: datetime, chance: np.random.Generator) -> None:
    """Answer what waits, begin what was accepted, and close what was served for two weeks."""
    r = REFERRAL.c
    live = select(r.id, r.receiver_id, r.status, r.answered_at).where(r.status.in_(("sent", "accepted", "in_service")))
    for row in session.connection().execute(live.order_by(r.id)).all():
        actor = _actor(row.receiver_id)
        if row.status == "sent" and chance.random() >= NO_ANSWER:
            read_senior(session, actor, row.id, now=now)
            if chance.random() < NO:
                decline(session, actor, row.id, reason="no_capacity", now=now)
            else:
                accept(session, actor, row.id, now=now)
        elif row.status == "accepted":
            begin(session, actor, row.id, now=now)
        elif row.status == "in_service" and row.answered_at <= moment_at(
            day - timedelta(days=SERVICE_DAYS), MORNING_MIN
        ):
            outcome = ("helped", "helped", "partly", "not_helped")[int(chance.integers(4))]
            close(session, actor, row.id, outcome=outcome, feedback="已完成评估并随访", now=now)


def _actor(organisation: int) -> Actor:
    return Actor(organisation, f"organisation:{organisation}")


def _practise(session: Session, who: int, day: date, now: datetime) -> None:
    """Submit a practice at the end of a month, with figures of its last week; the bureau approves."""
    figures = tuple(FigureDraft(query, day - timedelta(days=7), day) for query in list(QUERIES)[:3])
    draft = PracticeDraft(title_zh=f"{day.month}月做法", done="上门前先电话约定，雨天改为电话问候。", figures=figures)
    version = submit(session, who, draft, idempotency_key=f"practice {day}", now=now)
    [bureau] = _by_kind(session, "bureau")
    decide(session, bureau, version.practice_id, version.version, is_approved=True, now=now)


def _count(session: Session, year: Year) -> dict[str, int]:
    """Count what stands in the tables, and what the directory tells of it on the last day."""

    def rows(table: Table, *wanted: Any) -> int:
        counted = select(func.count()).select_from(table).where(*wanted)
        return int(session.connection().execute(counted).scalar_one())

    package = build_package(session, now=moment_at(year.ends_on - timedelta(days=1), MORNING_MIN))
    return {
        "bridge.offers": rows(OFFER),
        "bridge.takings": rows(TAKING),
        "bridge.consents": rows(CONSENT),
        "bridge.referrals_closed": rows(REFERRAL, REFERRAL.c.status == "closed"),
        "bridge.readings": rows(READING),
        "bridge.practices": rows(PRACTICE, PRACTICE.c.published.is_not(None)),
        "bridge.calendars": rows(FEED, FEED.c.revoked_at.is_(None)),
        "bridge.directory_services": len(package["services"]),
    }


CHAPTER = Chapter(key="bridge", prepare=_prepare, play=_play, count=_count)
