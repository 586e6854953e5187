"""A death and a move away: one act ends what lies ahead, stays readable, and can be undone when it was a mistake.

Undone, everything that is a state comes back: status, needs, categories, contacts, roles, the account. What went out
into the world does not: visits that were called off are planned anew, places that were free may be another's by then,
programmes are entered anew, gifts that went back stay back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, or_, select, update
from sqlmodel import Session, col
from sqlmodel import select as pick

from timebank.bookings.endings import call_off
from timebank.bookings.steps import LIVE
from timebank.bookings.tables import PlaceRequest
from timebank.care.contacts import CONTACT
from timebank.care.members import ROLE
from timebank.coins.acts import Act
from timebank.coins.estates import withdraw_estate
from timebank.coins.tables import Estate
from timebank.core.clock import day_of
from timebank.core.columns import table_of
from timebank.core.database import wait_turn
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.people.act_tables import RegistryAct
from timebank.people.focus import CATEGORY
from timebank.people.tables import Person, Residence
from timebank.people.ties import record_residence
from timebank.programmes.enrolments import leave
from timebank.programmes.tables import CareProgramme, Enrolment
from timebank.projects.tables import Booking, Slot
from timebank.registry.changes import Changes, take_back
from timebank.registry.merge_rules import NEED, SENIOR, VOLUNTEER
from timebank.registry.merging import check_reason, give_minutes_back
from timebank.visits.deaths import record_death
from timebank.visits.endings import end_for_senior

BOOKING = table_of(Booking)
SLOT = table_of(Slot)
RESIDENCE = table_of(Residence)


def die(session: Session, act: Act, person_id: int, *, died_on: date) -> RegistryAct:
    """Record a death: visits, requests, needs, bookings, categories, contacts and roles end, coins go to the estate.

    An office does, with its reason (``act.note``); what stands is the same act.

    Raises
    ------
    NotTheirs, WrongInput, NotFound
        As :func:`timebank.visits.deaths.record_death` does, and when there is no reason.
    WrongState
        When they have moved away by another act, which is undone first.
    """
    check_reason(act.note)
    with _leaving(session, "death", person_id, died_on, act.note, act.actor, act.now) as (row, changes):
        if changes is not None:
            with changes.watching(*_watched(person_id)):
                _leave_rooms(session, person_id, act.actor, act.note, act.now)
                record_death(session, act, person_id, died_on=died_on)
                _end_all(session, person_id, died_on, act.actor)
        return row


def move_away(
    session: Session, person_id: int, *, moved_on: date, reason: str, actor: str, now: datetime
) -> RegistryAct:
    """Record that somebody moved out of the district: all but their coins ends; those can be moved to another book.

    Raises
    ------
    NotFound
        When there is no such person.
    WrongInput
        When the day has not come, or there is no reason.
    WrongState
        When they have died, by an act that stands.
    """
    check_reason(reason)
    if moved_on > day_of(now):
        raise WrongInput(field="moved_on", value=moved_on.isoformat(), right=Phrase("right_day_past", day=day_of(now)))
    with _leaving(session, "moved_away", person_id, moved_on, reason, actor, now) as (row, changes):
        if changes is not None:
            with changes.watching(*_watched(person_id), (RESIDENCE, RESIDENCE.c.person_id == person_id)):
                _leave_rooms(session, person_id, actor, reason, now)
                end_for_senior(session, person_id, actor=actor, note=reason, now=now)
                for table in (SENIOR, VOLUNTEER):
                    left = update(table).where(table.c.person_id == person_id).values(status="moved_away")
                    session.connection().execute(left)
                proof = reason[:120]
                record_residence(session, person_id, "none", from_day=moved_on, proof=proof, actor=actor, now=now)
                _end_all(session, person_id, moved_on, actor)
        return row


def undo(session: Session, act_id: int, *, act: Act) -> RegistryAct:
    """Undo a merge, a death or a move away that was a mistake; undone, it stays so.

    Raises
    ------
    NotFound
        When there is no such act.
    ActChangedSince
        When a row is not as the act left it.
    MinutesSpent
        When minutes that went over with a merge were spent.
    WrongState
        When the estate of the dead was settled: what heirs have is theirs.
    """
    wait_turn(session, "registry")
    row = session.get(RegistryAct, act_id, populate_existing=True, with_for_update=True)
    if row is None:
        raise NotFound(kind="registry_act", key=str(act_id))
    if row.undone_at is not None:
        return row
    with session.begin_nested():
        if row.kind == "death":
            own = pick(Estate).where(Estate.person_id == row.person_id, Estate.book_id == act.book_id)
            estate = session.exec(own).first()
            if estate is not None:
                withdraw_estate(session, act, estate.id or 0)
        take_back(session, act_id)
        row = session.get_one(RegistryAct, act_id)
        if row.kind == "merge":
            give_minutes_back(session, row, actor=act.actor, now=act.now)
        row.undone_by, row.undone_at = act.actor, act.now
        session.flush()
        return row


def acts_of(session: Session, person_id: int) -> list[RegistryAct]:
    """Return what the registry did to a person, undone acts too, the newest first; at most a hundred."""
    mine = or_(col(RegistryAct.person_id) == person_id, col(RegistryAct.other_id) == person_id)
    return list(session.exec(pick(RegistryAct).where(mine).order_by(col(RegistryAct.id).desc()).limit(100)))


@contextmanager
def _leaving(
    session: Session, kind: str, person_id: int, day: date, reason: str, actor: str, now: datetime
) -> Iterator[tuple[RegistryAct, Changes | None]]:
    """Write an act of leaving down, once; nothing is to be changed when it stands."""
    wait_turn(session, "registry")
    if session.get(Person, person_id, with_for_update=True) is None:
        raise NotFound(kind="person", key=str(person_id))
    left = pick(RegistryAct).where(
        RegistryAct.person_id == person_id, RegistryAct.kind != "merge", col(RegistryAct.undone_at).is_(None)
    )
    standing = session.exec(left).first()
    if standing is not None:
        if standing.kind != kind:
            state = Phrase(f"state_{'deceased' if standing.kind == 'death' else standing.kind}")
            raise WrongState(kind="person", key=str(person_id), state=state, allowed=Phrase("allowed_own"))
        yield standing, None
        return
    with session.begin_nested():
        row = RegistryAct(kind=kind, person_id=person_id, day=day, reason=reason, recorded_by=actor, recorded_at=now)
        session.add(row)
        session.flush()
        changes = Changes(session, row.id or 0)
        yield row, changes
        changes.flush()
        session.refresh(row)


def _watched(person_id: int) -> list[tuple[Table, ColumnElement[bool]]]:
    return [
        (SENIOR, SENIOR.c.person_id == person_id),
        (VOLUNTEER, VOLUNTEER.c.person_id == person_id),
        (NEED, NEED.c.senior_id == person_id),
        (CATEGORY, CATEGORY.c.senior_id == person_id),
        (CONTACT, or_(CONTACT.c.senior_id == person_id, CONTACT.c.member_id == person_id)),
        (ROLE, ROLE.c.member_id == person_id),
    ]


def _leave_rooms(session: Session, person_id: int, actor: str, reason: str, now: datetime) -> None:
    """Leave every programme with its pair, and call off every place asked for, which then is the next one's."""
    joined = pick(Enrolment).where(Enrolment.senior_id == person_id, col(Enrolment.ended_at).is_(None))
    for enrolment in session.exec(joined.order_by(col(Enrolment.id))).all():
        programme = session.get_one(CareProgramme, enrolment.programme_id)
        leave(session, programme, person_id, actor=actor, reason=reason, now=now)
    asked = pick(PlaceRequest).where(PlaceRequest.senior_id == person_id, col(PlaceRequest.status).in_(LIVE))
    for request in session.exec(asked.order_by(col(PlaceRequest.id))).all():
        call_off(session, request, actor=actor, reason=reason, now=now)


def _end_all(session: Session, person_id: int, day: date, actor: str) -> None:
    """End what holds from a day to a day; what began later than the day ends as it begins."""
    for table, mine, by in (
        (CATEGORY, CATEGORY.c.senior_id == person_id, "closed_by"),
        (CONTACT, or_(CONTACT.c.senior_id == person_id, CONTACT.c.member_id == person_id), "ended_by"),
        (ROLE, ROLE.c.member_id == person_id, "ended_by"),
    ):
        open_still = or_(table.c.to_day.is_(None), table.c.to_day > day)
        for began_later, end in ((table.c.from_day <= day, day), (table.c.from_day > day, table.c.from_day)):
            ended: dict[str, Any] = {"to_day": end, by: actor}
            session.connection().execute(update(table).where(mine, open_still, began_later).values(ended))
    needs = select(NEED.c.id).where(NEED.c.senior_id == person_id)
    ahead = select(SLOT.c.id).where(SLOT.c.day >= day)
    booked = (BOOKING.c.need_id.in_(needs), BOOKING.c.status == "booked", BOOKING.c.slot_id.in_(ahead))
    session.connection().execute(update(BOOKING).where(*booked).values(status="cancelled"))
