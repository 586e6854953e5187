"""Pairs as lists: an organisation's, and a volunteer's own; seniors appear by their reference alone."""

from typing import Any

from sqlalchemy import Row, Select, select
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.people.tables import Area, Senior, Volunteer
from timebank.programmes.partnerships import LIVES, PARTNERSHIP
from timebank.programmes.programmes import ENROLMENT, PROGRAMME
from timebank.programmes.steps import STEP

AREA, SENIOR, VOLUNTEER = map(table_of, (Area, Senior, Volunteer))
MOST = 100


def list_pairs(
    session: Session,
    *,
    first: int,
    organisation_id: int | None = None,
    volunteer_id: int | None = None,
    after: int = 0,
    state: str | None = None,
    programme: str | None = None,
) -> list[Row[Any]]:
    """Return up to ``first`` (1 to 100) pairs of an organisation's programmes or of a volunteer, by number after one.

    Without a state those that live; nobody is named.
    """
    if not 1 <= first <= MOST:
        message = f"A page has 1 to {MOST} pairs, not {first}."
        raise ValueError(message)
    p = PARTNERSHIP.c
    wanted = _pairs().where(p.id > after, p.state.in_((state,) if state else LIVES))
    if organisation_id is not None:
        wanted = wanted.where(PROGRAMME.c.organisation_id == organisation_id)
    if volunteer_id is not None:
        wanted = wanted.where(p.volunteer_id == volunteer_id)
    if programme is not None:
        wanted = wanted.where(PROGRAMME.c.code == programme)
    return list(session.connection().execute(wanted.order_by(p.id).limit(first)))


def pair_row(session: Session, pair_id: int) -> Row[Any]:
    """Return one pair as lists show it."""
    return session.connection().execute(_pairs().where(PARTNERSHIP.c.id == pair_id)).one()


def _pairs() -> Select[Any]:
    p = PARTNERSHIP.c
    return (
        select(
            PARTNERSHIP,
            PROGRAMME.c.code.label("programme"),
            SENIOR.c.external_ref.label("senior_ref"),
            VOLUNTEER.c.external_ref.label("volunteer_ref"),
            AREA.c.name_zh.label("area_zh"),
            AREA.c.name_en.label("area_en"),
        )
        .join(PROGRAMME, PROGRAMME.c.id == p.programme_id)
        .join(ENROLMENT, ENROLMENT.c.id == p.enrolment_id)
        .join(SENIOR, SENIOR.c.person_id == ENROLMENT.c.senior_id)
        .join(VOLUNTEER, VOLUNTEER.c.person_id == p.volunteer_id)
        .join(AREA, AREA.c.id == ENROLMENT.c.area_id)
    )


def steps_of(session: Session, pair_id: int) -> list[Row[Any]]:
    """Return what happened to a pair, in its order: kind, actor, reason, moment."""
    s = STEP.c
    wanted = select(s.kind, s.actor, s.reason, s.happened_at).where(s.partnership_id == pair_id)
    return list(session.connection().execute(wanted.order_by(s.id)))
