"""Pairs that are asked before they count: who must be paired because both said yes, and who is not proposed again.

A need that is asked first has visits of a pair that must be and of no other, by whichever way a plan comes into force.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import CompoundSelect, Row, Select, Table, bindparam, insert, select, update
from sqlmodel import Session

from matching.problem import Ints, Mask
from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip
from timebank.needs.tables import Need
from timebank.people.tables import NeverTogether
from timebank.planning.columns import pairs
from timebank.planning.in_force import PAIR
from timebank.planning.presets import PRESET
from timebank.planning.rule_tables import AskedFirst, DeclinedPair

NEED, NEVER, ASKED, DECLINED = map(table_of, (Need, NeverTogether, AskedFirst, DeclinedPair))
NeedAndVolunteer = tuple[int, int]
"""The numbers of a need and of a volunteer."""


def ask_first(session: Session, needs: Select[Any], *, actor: str, now: datetime) -> None:
    """Let some needs (a query of their numbers) have visits of agreed pairs alone; again changes nothing."""
    given = needs.subquery().c[0]
    fresh = select(given).where(given.not_in(select(ASKED.c.need_id)))
    rows = [
        {"need_id": number, "recorded_by": actor, "recorded_at": now}
        for number in session.connection().execute(fresh).scalars()
    ]
    if rows:
        session.connection().execute(insert(ASKED), rows)


def are_agreed(session: Session, need_ids: Ints, volunteer_ids: Ints) -> Mask:
    """Tell of every visit, columns of shape (v,), whether its pair may come: it was agreed, or is not asked first."""
    connection = session.connection()
    asked = np.fromiter(connection.execute(select(ASKED.c.need_id)).scalars(), dtype=np.int64)
    may = ~np.isin(need_ids, asked)
    if may.all():
        return may
    must = select(PRESET.c.need_id, PRESET.c.volunteer_id).where(
        PRESET.c.withdrawn_at.is_(None), PRESET.c.need_id.in_(select(ASKED.c.need_id))
    )
    agreed = pairs(connection.execute(must))
    most = np.int64(max(volunteer_ids.max(initial=0), agreed[:, 1].max(initial=0)) + 1)
    keys = agreed[:, 0] * most + agreed[:, 1]
    return np.asarray(may | np.isin(need_ids * most + volunteer_ids, keys), dtype=bool)


def agree_pairs(session: Session, agreed: Iterable[NeedAndVolunteer], *, actor: str, now: datetime) -> None:
    """Decide that many pairs must be in every plan from now on, set-based; what stands already stays as it is."""
    _write(session, PRESET, agreed, actor, now)


def decline_pairs(session: Session, declined: Iterable[NeedAndVolunteer], *, actor: str, now: datetime) -> None:
    """Let pairs not be proposed again, set-based; again changes nothing."""
    _write(session, DECLINED, declined, actor, now)


def _write(session: Session, table: Table, rows: Iterable[NeedAndVolunteer], actor: str, now: datetime) -> None:
    who = {"recorded_by": actor, "recorded_at": now, "withdrawn_by": "", "withdrawn_at": None}
    values = [{"need_id": need, "volunteer_id": volunteer} | who for need, volunteer in rows]
    if values:
        session.connection().execute(insert_or_skip(session.connection(), table).on_conflict_do_nothing(), values)


def release_pairs(session: Session, released: Iterable[NeedAndVolunteer], *, actor: str, now: datetime) -> None:
    """Let pairs not have to be any more; one that does not stand is passed over."""
    p = PRESET.c
    gone = [{"need": need, "volunteer": volunteer} for need, volunteer in released]
    if gone:
        stands = update(PRESET).where(
            p.need_id == bindparam("need"), p.volunteer_id == bindparam("volunteer"), p.withdrawn_at.is_(None)
        )
        session.connection().execute(stands.values(withdrawn_by=actor, withdrawn_at=now), gone)


def never_pairs(seniors: Select[Any]) -> CompoundSelect[Any]:
    """Return the query of who of some seniors is not sent whom: those who never meet, and pairs that were declined.

    What was declined for one need of a senior holds for all of them: the engine keeps people apart, not needs.
    """
    never = select(NEVER.c.senior_id, NEVER.c.volunteer_id).where(NEVER.c.senior_id.in_(seniors))
    declined = (
        select(NEED.c.senior_id, DECLINED.c.volunteer_id)
        .join(NEED, NEED.c.id == DECLINED.c.need_id)
        .where(DECLINED.c.withdrawn_at.is_(None), NEED.c.senior_id.in_(seniors))
    )
    return never.union(declined)


def pairs_of_plan(session: Session, plan_id: int, needs: Select[Any]) -> list[Row[Any]]:
    """Return the pairs of a plan for some needs: need, volunteer and metres, by need."""
    wanted = select(PAIR.c.need_id, PAIR.c.volunteer_id, PAIR.c.distance_m).where(
        PAIR.c.plan_id == plan_id, PAIR.c.need_id.in_(needs)
    )
    return list(session.connection().execute(wanted.order_by(PAIR.c.need_id, PAIR.c.volunteer_id)))
