"""Contacts: whom of the care team a senior turns to; one at a time, with days, proposed for all who have none."""

from collections import defaultdict
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import func, insert, select, update
from sqlmodel import Session, col
from sqlmodel import select as pick

from timebank.care.members import ROLE, member_of, role_on
from timebank.care.tables import SeniorContact
from timebank.care.trainings import allowed_on, may
from timebank.core.columns import table_of
from timebank.core.errors import NotFound, WrongInput
from timebank.core.texts import Phrase
from timebank.people.belonging import areas_of
from timebank.people.focus import AREA, SENIOR, on_focus
from timebank.people.tables import Senior

CONTACT = table_of(SeniorContact)
MOST_SENIORS = 40
"""Seniors that somebody is given at most when contacts are proposed."""


class Assigned(NamedTuple):
    """What a proposal for all did: contacts that were made, and seniors for whom nobody was left."""

    made: int
    left: int


def assign_contact(
    session: Session, senior_id: int, member_id: int, *, from_day: date, actor: str, now: datetime
) -> SeniorContact:
    """Let a member be a senior's contact from a day on, instead of who was; the same again is the same.

    Raises
    ------
    NotFound
        When there is no such senior or member.
    RoleMissing, TrainingMissing, TrainingExpired
        When the member may not be a contact on that day.
    WrongInput
        When the senior is not active, or the contact before began later.
    """
    senior = session.get(Senior, senior_id, with_for_update=True)
    if senior is None:
        raise NotFound(kind="senior", key=str(senior_id))
    if senior.status != "active":
        raise WrongInput(field="senior", value=senior.external_ref, right=Phrase("right_active_senior"))
    member_of(session, member_id)
    standing = contact_of(session, senior_id)
    if standing is not None and standing.member_id == member_id:
        return standing
    may(session, member_id, "contact", from_day)
    if standing is not None:
        end_contact(session, senior_id, to_day=from_day, actor=actor)
    row = SeniorContact(senior_id=senior_id, member_id=member_id, from_day=from_day, recorded_by=actor, recorded_at=now)
    session.add(row)
    session.flush()
    return row


def end_contact(session: Session, senior_id: int, *, to_day: date, actor: str) -> SeniorContact | None:
    """End a senior's contact on a day; nothing when they have none.

    Raises
    ------
    WrongInput
        When it would end before it begins.
    """
    standing = contact_of(session, senior_id)
    if standing is None:
        return None
    if to_day < standing.from_day:
        right = Phrase("right_not_before", day=standing.from_day.isoformat())
        raise WrongInput(field="to_day", value=to_day.isoformat(), right=right)
    standing.to_day, standing.ended_by = to_day, actor
    session.flush()
    return standing


def contact_of(session: Session, senior_id: int) -> SeniorContact | None:
    """Return a senior's contact as it stands."""
    own = pick(SeniorContact).where(SeniorContact.senior_id == senior_id, col(SeniorContact.to_day).is_(None))
    return session.exec(own.execution_options(populate_existing=True)).first()


def assign_missing(
    session: Session,
    day: date,
    *,
    actor: str,
    now: datetime,
    organisation_id: int | None = None,
    most_seniors: int = MOST_SENIORS,
) -> Assigned:
    """Give everyone on the focus list who has no contact one of their committee or street, those with fewest first.

    Nobody gets more than ``most_seniors``. The whole district is a few queries; what is left is left for people.
    """
    missing = select(SENIOR.c.person_id, SENIOR.c.committee_id, SENIOR.c.subdistrict_id).where(
        SENIOR.c.person_id.in_(on_focus(day)),
        SENIOR.c.person_id.not_in(select(CONTACT.c.senior_id).where(CONTACT.c.to_day.is_(None))),
    )
    if organisation_id is not None:
        missing = missing.where(SENIOR.c.subdistrict_id.in_(areas_of(organisation_id)))
    seniors = session.connection().execute(missing.order_by(SENIOR.c.person_id)).all()
    if not seniors:
        return Assigned(0, 0)
    by_area, load = _members_by_area(session, day)
    rows = []
    for senior, committee, street in seniors:
        near = [who for who in by_area[committee] if load[who] < most_seniors]
        near = near or [who for who in by_area[street] if load[who] < most_seniors]
        if near:
            chosen = min(near, key=lambda who: (load[who], who))
            load[chosen] += 1
            rows.append({"senior_id": senior, "member_id": chosen, "from_day": day})
    if rows:
        session.connection().execute(
            insert(CONTACT), [row | {"recorded_by": actor, "recorded_at": now} for row in rows]
        )
    return Assigned(len(rows), len(seniors) - len(rows))


def release_member(session: Session, member_id: int, *, to_day: date, actor: str) -> int:
    """End every contact of a member who leaves; returns how many seniors have none now."""
    c = CONTACT.c
    own = update(CONTACT).where(c.member_id == member_id, c.to_day.is_(None), c.from_day <= to_day)
    return int(session.connection().execute(own.values(to_day=to_day, ended_by=actor)).rowcount)


def _members_by_area(session: Session, day: date) -> tuple[dict[int, list[int]], dict[int, int]]:
    """Return who may be a contact, by committee and by street, and how many seniors each has."""
    connection = session.connection()
    held = (
        select(ROLE.c.member_id, ROLE.c.area_id, AREA.c.parent_id, AREA.c.level)
        .join(AREA, AREA.c.id == ROLE.c.area_id)
        .where(role_on(day), ROLE.c.member_id.in_(allowed_on("contact", day)))
        .order_by(ROLE.c.member_id)
    )
    by_area: dict[int, list[int]] = defaultdict(list)
    for member, area, parent, level in connection.execute(held):
        for place in (area, parent) if level == "committee" else (area,):
            if member not in by_area[place][-1:]:
                by_area[place].append(member)
    load: dict[int, int] = defaultdict(int)
    counted = select(CONTACT.c.member_id, func.count()).where(CONTACT.c.to_day.is_(None)).group_by(CONTACT.c.member_id)
    load.update({int(member): int(count) for member, count in connection.execute(counted)})
    return by_area, load


def seniors_of(session: Session, member_id: int, *, first: int = 100, after: int | None = None) -> list[int]:
    """Return the seniors whose contact a member is, by number, after one."""
    own = select(CONTACT.c.senior_id).where(CONTACT.c.member_id == member_id, CONTACT.c.to_day.is_(None))
    if after is not None:
        own = own.where(CONTACT.c.senior_id > after)
    return list(session.connection().execute(own.order_by(CONTACT.c.senior_id).limit(first)).scalars())
