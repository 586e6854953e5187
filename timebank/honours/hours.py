"""Hours of service, counted from the ledger: the credited visits of a volunteer, as of any day.

An hour counts when the visit is confirmed and its credit stands in the volunteer's own account. Travel is no part of
a visit, and a credit that was reversed counts no more. What counts is time, not coins: where a service earns more or
less than a coin an hour, the minutes that were served are taken, as the rule pack of the day counted them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, and_, exists, select
from sqlmodel import Session

from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase
from timebank.honours.levels import Ladder, Level, ladder_in_force
from timebank.ledger.accounts import ACCOUNT, ENTRY
from timebank.ledger.posting import TRANSFER
from timebank.needs.tables import Need, Service
from timebank.people.tables import Person
from timebank.rules.decision import Service as Case
from timebank.rules.decision import age_on, decide_earning
from timebank.visits.tables import Visit

VISIT: Table = Visit.__table__  # type: ignore[attr-defined]  # SQLModel adds it
NEED: Table = Need.__table__  # type: ignore[attr-defined]  # SQLModel adds it
SERVICE: Table = Service.__table__  # type: ignore[attr-defined]  # SQLModel adds it
PERSON: Table = Person.__table__  # type: ignore[attr-defined]  # SQLModel adds it
MOST_VISITS = 50_000
"""Most visits that are counted at once: a greeting every two days to twenty seniors for thirteen years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One credited visit: its transfer, its minutes of service, and the minutes it was credited with."""

    transfer_id: int
    visit_id: int
    day: date
    service_code: str
    service_zh: str
    service_en: str
    service_min: int
    credit_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a volunteer has reached on a day: minutes of service, the level, and the ladder that says so."""

    service_min: int
    level: Level | None
    ladder: Ladder


def served_visits(
    session: Session,
    person_id: int,
    *,
    from_day: date | None = None,
    to_day: date | None = None,
    organisation_id: int | None = None,
    known_at: datetime | None = None,
) -> list[Served]:
    """Return the credited visits of a volunteer, oldest first.

    Only those from ``from_day`` to ``to_day`` (half-open), only those of one organisation, and only what the ledger
    knew at a moment, where it is said: a credit that was reversed later stands at that moment.

    Raises
    ------
    WrongInput
        When there are more than can be counted at once.
    """
    wanted = _standing_credits(person_id, known_at)
    if from_day is not None:
        wanted = wanted.where(VISIT.c.day >= from_day)
    if to_day is not None:
        wanted = wanted.where(VISIT.c.day < to_day)
    if organisation_id is not None:
        wanted = wanted.where(NEED.c.organisation_id == organisation_id)
    rows = session.connection().execute(wanted.order_by(VISIT.c.day, VISIT.c.id).limit(MOST_VISITS + 1)).all()
    if len(rows) > MOST_VISITS:
        right = Phrase("right_fewer_visits", most=MOST_VISITS)
        raise WrongInput(field="from_day", value=str(from_day), right=right)
    return [_served(row) for row in rows]


def _standing_credits(person_id: int, known_at: datetime | None) -> Any:
    """Join each visit with the entry of its credit in the volunteer's own account, unless the credit was reversed."""
    t, reversal = TRANSFER, TRANSFER.alias("reversal")
    undone: list[ColumnElement[bool]] = [reversal.c.reverses_id == t.c.id]
    known: list[ColumnElement[bool]] = []
    if known_at is not None:
        undone.append(reversal.c.created_at <= known_at)
        known.append(t.c.created_at <= known_at)
    return (
        select(
            t.c.id.label("transfer_id"),
            VISIT.c.id.label("visit_id"),
            *(VISIT.c[name] for name in ("day", "planned_min", "served_min", "evidence")),
            *(SERVICE.c[name] for name in ("code", "name_zh", "name_en", "earn_numerator", "earn_denominator")),
            PERSON.c.born_on,
            ENTRY.c.amount_min,
        )
        .select_from(VISIT)
        .join(t, and_(t.c.id == VISIT.c.transfer_id, t.c.kind == "post", t.c.reason == "earn"))
        .join(ACCOUNT, and_(ACCOUNT.c.id == t.c.credit_id, ACCOUNT.c.person_id == VISIT.c.volunteer_id))
        .join(ENTRY, and_(ENTRY.c.account_id == ACCOUNT.c.id, ENTRY.c.transfer_id == t.c.id))
        .join(NEED, NEED.c.id == VISIT.c.need_id)
        .join(SERVICE, SERVICE.c.id == NEED.c.service_id)
        .join(PERSON, PERSON.c.id == VISIT.c.volunteer_id)
        .where(VISIT.c.volunteer_id == person_id, VISIT.c.status == "confirmed", ACCOUNT.c.kind == "member")
        .where(~exists().where(*undone), *known)
    )


def _served(row: Row[Any]) -> Served:
    return Served(
        transfer_id=row.transfer_id,
        visit_id=row.visit_id,
        day=row.day,
        service_code=row.code,
        service_zh=row.name_zh,
        service_en=row.name_en,
        service_min=_service_min(row),
        credit_min=row.amount_min,
    )


def _service_min(row: Row[Any]) -> int:
    """Return the minutes of service behind a credit: the credit itself where an hour earns a coin.

    Where it earns another number of coins, the pack of the day says what an hour of it would have counted; it is
    never more than was served.
    """
    served_min = row.served_min or 0
    if row.earn_numerator == row.earn_denominator:
        return int(min(row.amount_min, served_min))
    case = Case(
        day=row.day,
        giver_age=age_on(row.born_on, row.day),
        planned_min=row.planned_min,
        served_min=served_min,
        evidence=row.evidence,
    )
    return min(decide_earning(case).minutes, served_min)


def total_min(visits: Iterable[Served]) -> int:
    """Return the minutes of service of some visits."""
    return sum(visit.service_min for visit in visits)


def standing_on(session: Session, person_id: int, day: date, *, known_at: datetime | None = None) -> Standing:
    """Return what a volunteer has reached by the end of a day, with every organisation.

    ``known_at`` asks what the ledger knew at a moment, as :func:`served_visits` does.
    """
    visits = served_visits(session, person_id, to_day=date.fromordinal(day.toordinal() + 1), known_at=known_at)
    ladder = ladder_in_force(day)
    service_min = total_min(visits)
    return Standing(service_min=service_min, level=ladder.level_of(service_min), ladder=ladder)
