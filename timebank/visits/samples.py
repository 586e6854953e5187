"""Samples for audit: so many visits of each grade of evidence, drawn by a seed, asked about and kept.

The order of a draw is a keyed hash of the visit's number: the same seed draws the same visits on every machine, and
nobody can place a visit outside of it. A sample that was drawn stays as it is; the same draw again shows it.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from heapq import nsmallest
from typing import Any, NamedTuple

from sqlalchemy import func, insert, select, update
from sqlmodel import Session
from sqlmodel import select as pick

from timebank.core.clock import day_of
from timebank.core.columns import table_of
from timebank.core.database import wait_turn
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.needs.requests import NEED, check_words
from timebank.people.belonging import areas_of
from timebank.visits.audit_tables import AuditSample, SampledVisit
from timebank.visits.life import VISIT, confirm, visit_of
from timebank.visits.refusals import PartyToAudit
from timebank.visits.reminders import SENIOR
from timebank.visits.statements import dispute_uncredited, parties_of, tell_visit

SAMPLED = table_of(SampledVisit)
OUTCOMES = ("upheld", "not_upheld", "unreachable")
LONGEST_DAYS, MOST_OF_A_GRADE = 366, 500


class Stratum(NamedTuple):
    """What came of the visits of one grade of evidence."""

    evidence: str
    visits: int
    drawn: int
    upheld: int
    not_upheld: int
    unreachable: int


def draw(
    session: Session,
    organisation_id: int,
    *,
    from_day: date,
    to_day: date,
    seed: int,
    quota: int,
    actor: str,
    now: datetime,
) -> AuditSample:
    """Draw ``quota`` visits of each grade from an organisation's areas (days half-open), or show the draw that stands.

    Visits that were served count, credited or not; of a grade with fewer visits all are drawn.

    Raises
    ------
    WrongInput
        When the days have not passed or are too many, or the quota is not from 1 to 500.
    """
    if not from_day < to_day <= day_of(now) + timedelta(days=1) or (to_day - from_day).days > LONGEST_DAYS:
        right = Phrase("right_sample_days", most=LONGEST_DAYS)
        raise WrongInput(field="from_day, to_day", value=f"{from_day} {to_day}", right=right)
    if not 1 <= quota <= MOST_OF_A_GRADE:
        right = Phrase("right_range", least=1, most=MOST_OF_A_GRADE)
        raise WrongInput(field="quota", value=str(quota), right=right)
    wait_turn(session, f"sample of organisation {organisation_id}")
    asked: dict[str, Any] = {
        "organisation_id": organisation_id,
        "from_day": from_day,
        "to_day": to_day,
        "seed": seed,
        "quota": quota,
    }
    standing = session.exec(pick(AuditSample).filter_by(**asked)).first()
    if standing is not None:
        return standing
    sample = AuditSample(**asked, drawn_by=actor, drawn_at=now)
    session.add(sample)
    session.flush()
    rows = [{"sample_id": sample.id} | row for row in _drawn(session, sample)]
    if rows:
        session.connection().execute(insert(SAMPLED), rows)
    return sample


def sampled(session: Session, sample_id: int, *, organisation_id: int) -> list[SampledVisit]:
    """Return the visits of an organisation's own sample, by grade and in the order of the draw.

    Raises
    ------
    NotFound
        When there is no such sample of this organisation.
    """
    _own(session, sample_id, organisation_id)
    wanted = pick(SampledVisit).where(SampledVisit.sample_id == sample_id)
    ordered = wanted.order_by(SAMPLED.c.evidence, SAMPLED.c.rank).execution_options(populate_existing=True)
    return list(session.exec(ordered))


def tell_outcome(
    session: Session,
    sample_id: int,
    visit_id: int,
    *,
    organisation_id: int,
    outcome: str,
    actor: str,
    note: str,
    now: datetime,
) -> SampledVisit:
    """Keep what came of asking about a drawn visit, once.

    One that is upheld and not confirmed yet is confirmed by the sample; one that is not upheld is disputed, unless it
    has its credit: then the event is there for whoever can reverse it.

    Raises
    ------
    WrongInput
        When the outcome is none, or one that is not upheld has no words.
    PartyToAudit
        When the actor gave or was served.
    NotFound
        When the visit was not drawn, or the sample is another organisation's.
    WrongState
        When it has another outcome already.
    """
    if outcome not in OUTCOMES:
        raise WrongInput(field="outcome", value=outcome, right=Phrase("right_one_of", known=", ".join(OUTCOMES)))
    if outcome == "not_upheld":
        check_words("note", note)
    _own(session, sample_id, organisation_id)
    visit = visit_of(session, visit_id)
    if actor in parties_of(session, visit):
        raise PartyToAudit(kind="visit", key=str(visit_id))
    mine = (SAMPLED.c.sample_id == sample_id, SAMPLED.c.visit_id == visit_id)
    values = {"outcome": outcome, "asked_by": actor, "note": note, "asked_at": now}
    asked = update(SAMPLED).where(*mine, SAMPLED.c.outcome == "").values(**values)
    is_new = session.connection().execute(asked).rowcount == 1
    kept = session.get(SampledVisit, (sample_id, visit_id), populate_existing=True)
    if kept is None:
        raise NotFound(kind="visit", key=str(visit_id))
    if kept.outcome != outcome:
        raise WrongState(kind="sample", key=str(sample_id), state="already asked", allowed="not asked yet")
    if is_new and outcome == "upheld" and visit.status == "checked_out":
        confirm(session, visit_id, confirmed_by="sample")
    if is_new and outcome == "not_upheld":
        kind = "disputed" if dispute_uncredited(session, visit_id) else "not_upheld"
        tell_visit(session, visit_id, kind, actor, note, now)
    return kept


def strata(session: Session, sample_id: int, *, organisation_id: int) -> list[Stratum]:
    """Return what came of a sample, grade by grade.

    Raises
    ------
    NotFound
        When there is no such sample of this organisation.
    """
    _own(session, sample_id, organisation_id)
    s = SAMPLED.c
    by_outcome = [func.count().filter(s.outcome == outcome) for outcome in OUTCOMES]
    counted = (
        select(s.evidence, func.max(s.stratum_size), func.count(), *by_outcome)
        .where(s.sample_id == sample_id)
        .group_by(s.evidence)
        .order_by(s.evidence)
    )
    return [Stratum(*row) for row in session.connection().execute(counted)]


def _own(session: Session, sample_id: int, organisation_id: int) -> AuditSample:
    sample = session.get(AuditSample, sample_id)
    if sample is None or sample.organisation_id != organisation_id:
        raise NotFound(kind="sample", key=str(sample_id))
    return sample


def _drawn(session: Session, sample: AuditSample) -> Iterator[dict[str, object]]:
    """Yield the first of each grade in the order of the keyed hash."""
    numbers: dict[str, list[int]] = defaultdict(list)
    v, areas = VISIT.c, areas_of(sample.organisation_id)
    wanted = (
        select(v.id, v.evidence)
        .join(NEED, NEED.c.id == v.need_id)
        .join(SENIOR, SENIOR.c.person_id == NEED.c.senior_id)
        .where(v.day >= sample.from_day, v.day < sample.to_day, v.status.in_(("checked_out", "confirmed")))
        .where(SENIOR.c.subdistrict_id.in_(areas))
    )
    for number, evidence in session.connection().execute(wanted):
        numbers[evidence].append(number)
    key = str(sample.seed).encode()

    def order(number: int) -> bytes:
        return hashlib.blake2b(str(number).encode(), key=key, digest_size=8).digest()

    for evidence, of_grade in sorted(numbers.items()):
        for rank, number in enumerate(nsmallest(sample.quota, of_grade, key=order), 1):
            yield {"visit_id": number, "evidence": evidence, "rank": rank, "stratum_size": len(of_grade)}
