"""Records of service that wait for their credit: visits and hours of groups, in the order in which they began.

The order is that of one after the other: by the minute they were planned for, visits before groups, then by number.
Caps of a day are used up in it, whether a whole day is credited at once or each record alone.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, and_, exists, select, tuple_
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.needs.tables import Need
from timebank.visits.claim_tables import GroupClaim, VisitClaim
from timebank.visits.group_tables import GroupGiver, GroupService
from timebank.visits.life import VISIT
from timebank.visits.tables import NeedBefore

NEED, NEED_BEFORE, GROUP, GIVER = map(table_of, (Need, NeedBefore, GroupService, GroupGiver))
VISIT_CLAIM, GROUP_CLAIM = map(table_of, (VisitClaim, GroupClaim))
RECORDS_A_PAGE = 10_000


class Record(NamedTuple):
    """What somebody gave once: a visit, or their part in a group service (``group_id`` is then not empty)."""

    starts_min: int
    group_id: int
    visit_id: int
    giver_id: int
    planned_min: int
    served_min: int
    evidence: str
    service_id: int

    @property
    def key(self) -> str:
        """Key of the record's credit in the books."""
        return f"group:{self.group_id}:{self.giver_id}" if self.group_id else f"visit:{self.visit_id}"


def day_pages(session: Session, day: date) -> Iterator[list[Record]]:
    """Yield the records of a day that are confirmed and not settled, in pages, each locked until the end."""
    groups = _groups(session, _open_groups().where(GROUP.c.day == day))
    last = (-1, 0)
    while rows := _visits(session, _after(last).where(VISIT.c.day == day)):
        last = (rows[-1].starts_min, rows[-1].visit_id)
        due = [record for record in groups if record.starts_min < last[0]]
        groups = groups[len(due) :]
        yield sorted((*rows, *due)) if due else rows
    if groups:
        yield groups


def visit_record(session: Session, visit_id: int) -> list[Record]:
    """Return the record of a visit, locked; nothing when it is not confirmed, or is settled."""
    return _visits(session, _after((-1, 0)).where(VISIT.c.id == visit_id))


def group_records(session: Session, group_id: int) -> list[Record]:
    """Return the records of a group's givers who came and are not settled, locked."""
    return _groups(session, _open_groups().where(GROUP.c.id == group_id))


def _after(last: tuple[int, int]) -> Select[Any]:
    v, c = VISIT.c, VISIT_CLAIM.c
    is_settled = exists().where(c.visit_id == v.id, c.settled_at.is_not(None))
    return (
        select(v.starts_min, v.id, v.volunteer_id, v.planned_min, v.served_min, v.evidence, NEED.c.service_id, v.day)
        .join(NEED, NEED.c.id == v.need_id)
        .where(v.status == "confirmed", v.transfer_id.is_(None), ~is_settled)
        .where(tuple_(v.starts_min, v.id) > tuple_(*last))
        .order_by(v.starts_min, v.id)
        .limit(RECORDS_A_PAGE)
        .with_for_update(of=VISIT)  # nobody disputes a visit, or chooses, between its decision and its mark
    )


def _visits(session: Session, wanted: Select[Any]) -> list[Record]:
    rows = session.connection().execute(wanted).all()
    if not rows:
        return []
    was = _services_as_they_were(session, rows)
    return [
        Record(starts, 0, number, giver, planned, served or 0, evidence, was.get(number, service))
        for starts, number, giver, planned, served, evidence, service, _ in rows
    ]


def _services_as_they_were(session: Session, rows: Sequence[Row[Any]]) -> dict[int, int]:
    """Return the service of each visit whose need has become one of another service since."""
    n, v = NEED_BEFORE.c, VISIT.c
    mine = (v.id == rows[0].id,) if len(rows) == 1 else (v.day == rows[0].day, v.status == "confirmed")
    changed = (
        select(v.id, n.service_id)
        .select_from(NEED_BEFORE.join(VISIT, and_(v.need_id == n.need_id, n.until_at > v.checked_in_at)))
        .where(*mine)
        .order_by(v.id, n.until_at.desc(), n.id.desc())
    )
    return {row.id: row.service_id for row in session.connection().execute(changed)}  # the first change stays last


def _open_groups() -> Select[Any]:
    g, m, c = GROUP.c, GIVER.c, GROUP_CLAIM.c
    is_settled = exists().where(c.group_id == m.group_id, c.volunteer_id == m.volunteer_id, c.settled_at.is_not(None))
    return (
        select(g.starts_min, g.id, m.volunteer_id, g.planned_min, m.served_min, g.evidence, g.service_id)
        .join(GIVER, m.group_id == g.id)
        .where(g.status == "confirmed", m.served_min > 0, m.transfer_id.is_(None), ~is_settled)
        .order_by(g.starts_min, g.id, m.volunteer_id)
        .with_for_update(of=GIVER)
    )


def _groups(session: Session, wanted: Select[Any]) -> list[Record]:
    rows = session.connection().execute(wanted)
    return [
        Record(starts, group, 0, giver, planned, served, evidence, service)
        for starts, group, giver, planned, served, evidence, service in rows
    ]
