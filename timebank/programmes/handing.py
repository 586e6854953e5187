"""Visits that go from one volunteer of a pair to the next, and who could be the next."""

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session

from timebank.core.clock import day_of
from timebank.planning.near_rows import MOST_ASKED, Candidate
from timebank.planning.stand_ins import substitute, substitutes_for
from timebank.programmes.steps import call_off_ahead
from timebank.visits.life import VISIT


def visits_ahead(session: Session, need_id: int, volunteer_id: int, *, now: datetime) -> list[int]:
    """Return the planned visits of a volunteer to a need from today on, by day."""
    v = VISIT.c
    ahead = select(v.id).where(
        v.need_id == need_id, v.volunteer_id == volunteer_id, v.status == "planned", v.day >= day_of(now)
    )
    return list(session.connection().execute(ahead.order_by(v.day, v.id)).scalars())


def hand_over(session: Session, need_id: int, from_id: int, to_id: int, *, actor: str, now: datetime) -> int:
    """Give the planned visits of one volunteer to another; one that they cannot hold is called off.

    Returns how many were given.
    """
    given = 0
    for visit in visits_ahead(session, need_id, from_id, now=now):
        found = [one for one in substitutes_for(session, visit, count=MOST_ASKED) if one.volunteer_id == to_id]
        if found:
            substitute(session, visit, to_id, starts_min=found[0].starts_min, actor=actor, now=now)
            given += 1
    call_off_ahead(session, need_id, volunteer_id=from_id, from_day=day_of(now), actor=actor, note="", now=now)
    return given


def possible_partners(
    session: Session, need_id: int, volunteer_id: int, *, organisation_id: int, count: int, now: datetime
) -> list[Candidate]:
    """Return up to ``count`` (1 to 20) of an organisation's volunteers who could take a pair over, nearest first.

    The engine looks at the next visit of the pair; without one there is nobody to tell of, and the next plan proposes.
    """
    ahead = visits_ahead(session, need_id, volunteer_id, now=now)
    return substitutes_for(session, ahead[0], organisation_id=organisation_id, count=count) if ahead else []
