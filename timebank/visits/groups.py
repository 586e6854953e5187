"""Group service: one occasion with many givers, or one giver with many served; credited to each giver once.

It is planned, held (who came, from when, how long), confirmed by somebody who did not give, and credited by the pack
of its day. How many were served changes nobody's minutes: an hour for twenty is an hour.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import func, insert, select, update
from sqlmodel import Session
from sqlmodel import select as pick

from timebank.core.clock import moment_at
from timebank.core.columns import table_of
from timebank.core.database import wait_turn
from timebank.core.errors import KeyConflict, NotFound, WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.needs.requests import check_words
from timebank.people.belonging import areas_of
from timebank.people.tables import Volunteer
from timebank.rules.decision import Decision
from timebank.visits.credit import credit_givers
from timebank.visits.group_tables import GroupEvent, GroupGiver, GroupServed, GroupService
from timebank.visits.life import check_evidence
from timebank.visits.paid import settle_paid
from timebank.visits.refusals import PartyToDispute, TooEarly
from timebank.visits.reminders import SENIOR

GROUP, GIVER, SERVED, EVENT, VOLUNTEER = map(table_of, (GroupService, GroupGiver, GroupServed, GroupEvent, Volunteer))
MOST_PEOPLE = 500
MINUTES_A_DAY = 1440


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What is planned: where, when, who gives and who is served."""

    organisation_id: int
    service_id: int
    area_id: int
    day: date
    starts_min: int
    planned_min: int
    giver_ids: tuple[int, ...]
    served_ids: tuple[int, ...]


class Attendance(NamedTuple):
    """A giver who came: the minute of the day on which they began, and how long they served; 0 did not come."""

    volunteer_id: int
    began_min: int
    served_min: int


def plan_group(session: Session, occasion: Occasion, *, idempotency_key: str, actor: str, now: datetime) -> int:
    """Plan an occasion; the same key with the same content is the same occasion. Returns its number.

    Raises
    ------
    KeyConflict
        When the key came with other content.
    WrongInput
        When its hours or its people cannot be.
    """
    wait_turn(session, f"groups of organisation {occasion.organisation_id}")
    digest = hashlib.sha256(json.dumps(asdict(occasion), default=str, sort_keys=True).encode()).digest()
    own = pick(GroupService).where(GroupService.organisation_id == occasion.organisation_id)
    stored = session.exec(own.where(GroupService.idempotency_key == idempotency_key)).first()
    if stored is not None:
        if stored.request_hash != digest:
            raise KeyConflict(key=idempotency_key)
        return stored.id or 0
    _check(session, occasion)
    parts = {name: value for name, value in asdict(occasion).items() if not name.endswith("_ids")}
    group = GroupService(**parts, idempotency_key=idempotency_key, request_hash=digest)
    session.add(group)
    session.flush()
    connection, number = session.connection(), group.id or 0
    connection.execute(insert(GIVER), [{"group_id": number, "volunteer_id": who} for who in occasion.giver_ids])
    connection.execute(insert(SERVED), [{"group_id": number, "senior_id": who} for who in occasion.served_ids])
    tell_group(session, number, "planned", actor, "", now)
    return number


def group_of(session: Session, group_id: int, *, organisation_id: int | None = None) -> GroupService:
    """Return an occasion as it is now; for an organisation, one of its own.

    Raises
    ------
    NotFound
        When there is none, or it is another organisation's.
    """
    group = session.get(GroupService, group_id, populate_existing=True)
    if group is None or organisation_id not in (None, group.organisation_id):
        raise NotFound(kind="group", key=str(group_id))
    return group


def hold_group(
    session: Session, group_id: int, attendance: Sequence[Attendance], *, evidence: str, actor: str, now: datetime
) -> GroupService:
    """Write who came and how long they served; one line for each giver.

    Raises
    ------
    WrongInput
        When a giver is missing, doubled or unknown, or minutes are of no day.
    TooEarly
        When it is not over.
    WrongState
        When it is confirmed, or was called off.
    """
    check_evidence(evidence)
    group = group_of(session, group_id)
    _check_attendance(session, group, attendance, now)
    if not _step(session, group_id, ("planned",), "held", evidence=evidence):
        return group_of(session, group_id)
    for who in attendance:
        mine = (GIVER.c.group_id == group_id, GIVER.c.volunteer_id == who.volunteer_id)
        came = update(GIVER).where(*mine).values(began_min=who.began_min, served_min=who.served_min)
        session.connection().execute(came)
    tell_group(session, group_id, "held", actor, "", now)
    return group_of(session, group_id)


def confirm_group(session: Session, group_id: int, *, actor: str, now: datetime) -> GroupService:
    """Confirm what was held; whoever gave does not confirm.

    Raises
    ------
    PartyToDispute
        When the actor gave.
    WrongState
        When it was not held.
    """
    _refuse_parties(session, group_id, actor, ())
    if _step(session, group_id, ("held",), "confirmed", confirmed_by=actor):
        tell_group(session, group_id, "confirmed", actor, "", now)
        settle_paid(session, group_id=group_id, actor=actor, now=now)
    return group_of(session, group_id)


def dispute_group(session: Session, group_id: int, *, actor: str, note: str, now: datetime) -> GroupService:
    """Say what was not right; nothing is credited until it is resolved.

    Raises
    ------
    WrongInput
        When there are no words.
    WrongState
        When it is not held, or is confirmed.
    """
    words = check_words("note", note)
    if _step(session, group_id, ("held",), "disputed"):
        tell_group(session, group_id, "disputed", actor, words, now)
    return group_of(session, group_id)


def resolve_group(
    session: Session, group_id: int, *, served_min_by_giver: dict[int, int], actor: str, note: str, now: datetime
) -> GroupService:
    """End a dispute with the minutes that count for each giver: none more than was claimed, all 0 is called off.

    Raises
    ------
    PartyToDispute
        When the actor gave, was served, or disputed.
    WrongInput
        When there are no words, a giver is missing, or more is given than was claimed.
    WrongState
        When it is not disputed.
    """
    words = check_words("note", note)
    _refuse_parties(session, group_id, actor, ("disputed",), with_served=True)
    state = group_of(session, group_id).status
    resolved = select(EVENT.c.id).where(EVENT.c.group_id == group_id, EVENT.c.kind == "resolved")
    if state != "disputed":
        if session.connection().execute(resolved).first() is None:
            raise WrongState(kind="group", key=str(group_id), state=state, allowed="disputed")
        return group_of(session, group_id)
    claimed = {who: minutes or 0 for who, minutes in _givers(session, group_id).items()}
    is_whole = served_min_by_giver.keys() == claimed.keys()
    if not is_whole or any(not 0 <= served_min_by_giver[who] <= claimed[who] for who in claimed):
        raise WrongInput(field="served_min", value=str(len(served_min_by_giver)), right=Phrase("right_attendance"))
    to = "confirmed" if any(served_min_by_giver.values()) else "cancelled"
    if _step(session, group_id, ("disputed",), to, confirmed_by=actor):
        for who, minutes in served_min_by_giver.items():
            mine = (GIVER.c.group_id == group_id, GIVER.c.volunteer_id == who)
            session.connection().execute(update(GIVER).where(*mine).values(served_min=minutes))
        tell_group(session, group_id, "resolved", actor, words, now)
        settle_paid(session, group_id=group_id, actor=actor, now=now)
    return group_of(session, group_id)


def cancel_group(session: Session, group_id: int, *, actor: str, note: str, now: datetime) -> GroupService:
    """Call a planned occasion off.

    Raises
    ------
    WrongInput
        When there are no words.
    WrongState
        When it was held.
    """
    words = check_words("note", note)
    if _step(session, group_id, ("planned",), "cancelled"):
        tell_group(session, group_id, "cancelled", actor, words, now)
        settle_paid(session, group_id=group_id, actor=actor, now=now)
    return group_of(session, group_id)


def credit_group(
    session: Session, book_id: int, group_id: int, *, now: datetime, donation_id: int | None = None
) -> dict[int, Decision]:
    """Credit each giver of a confirmed occasion who came once; returns the decisions of those who had none yet.

    It is decided as a visit is, with the same caps. Minutes that the pack lets be donated only go to the account
    ``donation_id``, such as the pool's; without one the giver's part waits. Every posting names giver and occasion.

    Raises
    ------
    WrongState
        When it is not confirmed.
    BalanceTooHigh, AccountClosed
        When a giver's account takes no more minutes; nothing of the occasion is credited then.
    """
    group = group_of(session, group_id)
    if group.status != "confirmed":
        raise WrongState(kind="group", key=str(group_id), state=group.status, allowed="confirmed")
    return credit_givers(session, book_id, group_id, group.day, now=now, donation_id=donation_id)


def _givers(session: Session, group_id: int) -> dict[int, int | None]:
    """Return the minutes of each giver, in the order of their numbers."""
    g = GIVER.c
    wanted = select(g.volunteer_id, g.served_min).where(g.group_id == group_id).order_by(g.volunteer_id)
    return {row.volunteer_id: row.served_min for row in session.connection().execute(wanted)}


def _check(session: Session, occasion: Occasion) -> None:
    """Refuse hours and people that cannot be; every senior lives in the organisation's areas."""
    if (
        occasion.starts_min < 0
        or occasion.planned_min < 1
        or occasion.starts_min + occasion.planned_min > MINUTES_A_DAY
    ):
        value = f"{occasion.starts_min} {occasion.planned_min}"
        raise WrongInput(field="starts_min, planned_min", value=value, right=Phrase("right_group_day"))
    areas = areas_of(occasion.organisation_id)
    v, s = VOLUNTEER.c, SENIOR.c
    fit = select(func.count()).where(v.person_id.in_(occasion.giver_ids), v.status == "active")
    near = select(func.count()).where(s.person_id.in_(occasion.served_ids), s.subdistrict_id.in_(areas))
    right = Phrase("right_group_people", most=MOST_PEOPLE)
    for field, people, counted in (("givers", occasion.giver_ids, fit), ("served", occasion.served_ids, near)):
        is_some = 1 <= len(people) <= MOST_PEOPLE and len(set(people)) == len(people)
        if not is_some or session.connection().execute(counted).scalar_one() != len(people):
            raise WrongInput(field=field, value=str(len(people)), right=right)


def _check_attendance(session: Session, group: GroupService, attendance: Sequence[Attendance], now: datetime) -> None:
    lines = {who.volunteer_id: who for who in attendance}
    is_whole = lines.keys() == _givers(session, group.id or 0).keys() and len(lines) == len(attendance)
    ends = [who.began_min + who.served_min for who in attendance]
    if not is_whole or any(who.began_min < 0 or who.served_min < 0 for who in attendance) or max(ends) > MINUTES_A_DAY:
        raise WrongInput(field="attendance", value=str(len(attendance)), right=Phrase("right_attendance"))
    if moment_at(group.day, max(ends)) > now:
        raise TooEarly(visit_id=group.id or 0, day=group.day.isoformat())


def _refuse_parties(
    session: Session, group_id: int, actor: str, kinds: tuple[str, ...], *, with_served: bool = False
) -> None:
    connection = session.connection()
    told = select(EVENT.c.actor).where(EVENT.c.group_id == group_id, EVENT.c.kind.in_(kinds))
    parties = {f"person:{who}" for who in _givers(session, group_id)} | set(connection.execute(told).scalars())
    if with_served:
        served = select(SERVED.c.senior_id).where(SERVED.c.group_id == group_id)
        parties |= {f"person:{who}" for who in connection.execute(served).scalars()}
    if actor in parties:
        raise PartyToDispute(visit_id=group_id)


def _step(session: Session, group_id: int, frm: tuple[str, ...], to: str, **values: Any) -> bool:
    """Change the state if it is one of ``frm``; tells whether it changed now or was so already."""
    where = (GROUP.c.id == group_id, GROUP.c.status.in_(frm))
    is_new = session.connection().execute(update(GROUP).where(*where).values(status=to, **values)).rowcount == 1
    state = group_of(session, group_id).status
    if not is_new and state != to:
        raise WrongState(kind="group", key=str(group_id), state=state, allowed=" or ".join(frm))
    return is_new


def tell_group(session: Session, group_id: int, kind: str, actor: str, note: str, now: datetime) -> None:
    """Write an event of an occasion."""
    row = {"group_id": group_id, "kind": kind, "actor": actor, "note": note, "happened_at": now}
    session.connection().execute(insert(EVENT), row)
