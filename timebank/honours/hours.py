"""Hours of service, counted from what records have become: visits and group services of a volunteer, as of any day.

A record counts when it is confirmed and settled, and the rule pack of its day lets what it became count for that use:
on certificates, or for levels. Coins count while their credit stands; one that was reversed counts no more. What
counts is time, not coins: the minutes that were served, as the pack of the day counted them. Travel is no part of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, Select, and_, case, exists, literal, or_, select
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase
from timebank.honours.levels import Ladder, Level, ladder_in_force
from timebank.ledger.accounts import ACCOUNT
from timebank.ledger.posting import TRANSFER
from timebank.needs.tables import Need, Service
from timebank.rules.claiming import CERTIFICATE, COIN, HONOUR_LEVEL, counts_for
from timebank.rules.pack import pack_in_force
from timebank.visits.claim_tables import GroupClaim, VisitClaim
from timebank.visits.group_tables import GroupGiver, GroupService
from timebank.visits.tables import Visit

VISIT = table_of(Visit)
NEED = table_of(Need)
SERVICE = table_of(Service)
GROUP = table_of(GroupService)
GIVER = table_of(GroupGiver)
VISIT_CLAIM = table_of(VisitClaim)
GROUP_CLAIM = table_of(GroupClaim)
MOST_RECORDS = 50_000
"""Most visits that are counted at once: a greeting every two days to twenty seniors for thirteen years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One record that counts: a visit or a part in a group service, what it became, and its minutes of service.

    ``credit_min`` came into the giver's own account by ``transfer_id``; it is 0 where it became no coins, or they were
    only donated.
    """

    visit_id: int | None
    group_id: int | None
    transfer_id: int | None
    day: date
    becomes: str
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


def served_records(
    session: Session,
    person_id: int,
    *,
    use: str = CERTIFICATE,
    from_day: date | None = None,
    to_day: date | None = None,
    organisation_id: int | None = None,
    known_at: datetime | None = None,
) -> list[Served]:
    """Return the records of a volunteer that count for a use, oldest first.

    Only those from ``from_day`` to ``to_day`` (half-open), only those of one organisation, and only what was known at
    a moment, where it is said: a credit that was reversed later stands at that moment.

    Raises
    ------
    WrongInput
        When there are more than can be counted at once.
    """
    connection, rows = session.connection(), list[Row[Any]]()
    for wanted, day, organisation in (
        (_visits(person_id, known_at), VISIT.c.day, NEED.c.organisation_id),
        (_groups(person_id, known_at), GROUP.c.day, GROUP.c.organisation_id),
    ):
        within = wanted.where(*_within(day, from_day, to_day))
        if organisation_id is not None:
            within = within.where(organisation == organisation_id)
        rows += connection.execute(within.limit(MOST_RECORDS + 1)).all()
    if len(rows) > MOST_RECORDS:
        right = Phrase("right_fewer_visits", most=MOST_RECORDS)
        raise WrongInput(field="from_day", value=str(from_day), right=right)
    served = [Served(**row._mapping) for row in rows if counts_for(pack_in_force(row.day), row.becomes, use)]  # noqa: SLF001  # SQLAlchemy's own public name
    return sorted(served, key=lambda one: (one.day, one.group_id or 0, one.visit_id or 0))


def _within(day: Any, from_day: date | None, to_day: date | None) -> list[ColumnElement[bool]]:
    after = [] if from_day is None else [day >= from_day]
    return after if to_day is None else [*after, day < to_day]


def _visits(person_id: int, known_at: datetime | None) -> Select[Any]:
    """Join each visit with what it became and the transfer of its coins."""
    c = VISIT_CLAIM.c
    return (
        select(VISIT.c.id.label("visit_id"), _none("group_id"), VISIT.c.day, *_shared(c))
        .select_from(VISIT)
        .join(VISIT_CLAIM, c.visit_id == VISIT.c.id)
        .join(NEED, NEED.c.id == VISIT.c.need_id)
        .join(SERVICE, SERVICE.c.id == NEED.c.service_id)
        .outerjoin(TRANSFER, and_(TRANSFER.c.id == VISIT.c.transfer_id, TRANSFER.c.reason == "earn"))
        .outerjoin(ACCOUNT, _own(VISIT.c.volunteer_id))
        .where(VISIT.c.volunteer_id == person_id, VISIT.c.status == "confirmed", *_stands(c, known_at))
    )


def _groups(person_id: int, known_at: datetime | None) -> Select[Any]:
    """Join each part in a group service with what it became and the transfer of its coins."""
    c, m = GROUP_CLAIM.c, GIVER.c
    return (
        select(_none("visit_id"), m.group_id, GROUP.c.day, *_shared(c))
        .select_from(GIVER)
        .join(GROUP_CLAIM, and_(c.group_id == m.group_id, c.volunteer_id == m.volunteer_id))
        .join(GROUP, GROUP.c.id == m.group_id)
        .join(SERVICE, SERVICE.c.id == GROUP.c.service_id)
        .outerjoin(TRANSFER, and_(TRANSFER.c.id == m.transfer_id, TRANSFER.c.reason == "earn"))
        .outerjoin(ACCOUNT, _own(m.volunteer_id))
        .where(m.volunteer_id == person_id, GROUP.c.status == "confirmed", *_stands(c, known_at))
    )


def _none(name: str) -> Any:
    return literal(None, BigInteger).label(name)


def _shared(claim: Any) -> tuple[Any, ...]:
    """Return the columns that visits and groups have alike."""
    s, t = SERVICE.c, TRANSFER.c
    services = (s.code.label("service_code"), s.name_zh.label("service_zh"), s.name_en.label("service_en"))
    own = case((ACCOUNT.c.id.is_(None), 0), else_=t.amount_min).label("credit_min")
    return (claim.becomes, claim.service_min, t.id.label("transfer_id"), own, *services)


def _own(giver: Any) -> ColumnElement[bool]:
    return and_(ACCOUNT.c.id == TRANSFER.c.credit_id, ACCOUNT.c.kind == "member", ACCOUNT.c.person_id == giver)


def _stands(claim: Any, known_at: datetime | None) -> list[ColumnElement[bool]]:
    """Tell whether a record is settled, and its coins, if it became any, were not reversed."""
    t, reversal = TRANSFER.c, TRANSFER.alias("reversal")
    undone: list[ColumnElement[bool]] = [reversal.c.reverses_id == t.id]
    known: list[ColumnElement[bool]] = [claim.settled_at.is_not(None), claim.service_min > 0]
    if known_at is not None:
        undone.append(reversal.c.created_at <= known_at)
        known.append(claim.settled_at <= known_at)
    return [*known, or_(claim.becomes != COIN, and_(t.id.is_not(None), ~exists().where(*undone)))]


def total_min(records: Iterable[Served]) -> int:
    """Return the minutes of service of some records."""
    return sum(record.service_min for record in records)


def standing_on(session: Session, person_id: int, day: date, *, known_at: datetime | None = None) -> Standing:
    """Return what a volunteer has reached by the end of a day, with every organisation.

    ``known_at`` asks what was known at a moment, as :func:`served_records` does.
    """
    until = date.fromordinal(day.toordinal() + 1)
    records = served_records(session, person_id, use=HONOUR_LEVEL, to_day=until, known_at=known_at)
    ladder = ladder_in_force(day)
    service_min = total_min(records)
    return Standing(service_min=service_min, level=ladder.level_of(service_min), ladder=ladder)
