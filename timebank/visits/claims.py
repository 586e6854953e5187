"""What a record becomes, as its giver chooses: within the days of the pack, and only until it is settled.

The choice is kept with who made it, and each change leaves an event; the next credit run settles it.
"""

from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, Table, select
from sqlmodel import Session

from timebank.core.clock import day_of
from timebank.core.database import insert_or_skip
from timebank.core.errors import NotFound, WrongState
from timebank.core.texts import Phrase
from timebank.rules.claiming import choices, last_day_to_choose
from timebank.rules.pack import pack_in_force
from timebank.visits.groups import group_of, tell_group
from timebank.visits.life import VISIT, visit_of
from timebank.visits.records import GIVER, GROUP_CLAIM, VISIT_CLAIM
from timebank.visits.refusals import ChoiceClosed, ClaimNotAllowed, RecordSettled
from timebank.visits.statements import tell_visit

CHOSEN_IN = ("checked_out", "confirmed", "disputed")
"""States of a visit in which its giver can choose: it was held, and is not settled."""


class Claim(NamedTuple):
    """What a record becomes or has become, who chose it (nobody: the pack), and the day it was settled, if it was."""

    becomes: str
    chosen_by: str
    settled_on: date | None
    service_min: int | None


def claim_of_visit(session: Session, visit_id: int, *, volunteer_id: int | None = None) -> Claim:
    """Return what a visit becomes: as chosen, or by the pack of its day; for a volunteer, one of their own.

    Raises
    ------
    NotFound
        When there is no such visit, or it is another volunteer's.
    """
    visit = visit_of(session, visit_id, volunteer_id=volunteer_id)
    return _claim(_stored(session, VISIT_CLAIM, {"visit_id": visit_id}), visit.day)


def claim_of_part(session: Session, group_id: int, giver_id: int) -> Claim:
    """Return what a giver's part in a group service becomes.

    Raises
    ------
    NotFound
        When there is no such group, or they were no giver.
    """
    day = _part_day(session, group_id, giver_id)
    return _claim(_stored(session, GROUP_CLAIM, {"group_id": group_id, "volunteer_id": giver_id}), day)


def choose_for_visit(
    session: Session, visit_id: int, becomes: str, *, actor: str, now: datetime, volunteer_id: int | None = None
) -> Claim:
    """Choose what a visit becomes; the same again changes nothing.

    ``volunteer_id`` is the giver who chooses; without one somebody writes down what the giver said.

    Raises
    ------
    NotFound
        When it is not this volunteer's.
    WrongState
        When it was not held.
    RecordSettled
        When it has become something already.
    ClaimNotAllowed, ChoiceClosed
        When the pack of its day does not know that, or its days are over.
    """
    session.connection().execute(select(VISIT.c.id).where(VISIT.c.id == visit_id).with_for_update())
    visit = visit_of(session, visit_id, volunteer_id=volunteer_id)
    keys = {"visit_id": visit_id}
    if visit.status not in CHOSEN_IN:
        raise WrongState(kind="visit", key=str(visit_id), state=visit.status, allowed="checked_out or confirmed")
    if _choose(session, VISIT_CLAIM, keys, f"visit:{visit_id}", visit.day, becomes, actor, now):
        tell_visit(session, visit_id, "claimed", actor, becomes, now)
    return claim_of_visit(session, visit_id)


def choose_for_part(
    session: Session,
    group_id: int,
    giver_id: int,
    becomes: str,
    *,
    actor: str,
    now: datetime,
    organisation_id: int | None = None,
) -> Claim:
    """Choose what a giver's part in a group service becomes; for an organisation, one of its own.

    The same again changes nothing.

    Raises
    ------
    NotFound
        When there is no such group, or they were no giver.
    WrongState
        When it was not held.
    RecordSettled, ClaimNotAllowed, ChoiceClosed
        As with visits.
    """
    mine = (GIVER.c.group_id == group_id, GIVER.c.volunteer_id == giver_id)
    session.connection().execute(select(GIVER.c.group_id).where(*mine).with_for_update())
    group = group_of(session, group_id, organisation_id=organisation_id)
    day, state = _part_day(session, group_id, giver_id), group.status
    if state not in ("held", "confirmed", "disputed"):
        raise WrongState(kind="group", key=str(group_id), state=state, allowed="held or confirmed")
    keys = {"group_id": group_id, "volunteer_id": giver_id}
    if _choose(session, GROUP_CLAIM, keys, f"group:{group_id}:{giver_id}", day, becomes, actor, now):
        tell_group(session, group_id, "claimed", actor, f"{giver_id}: {becomes}", now)
    return claim_of_part(session, group_id, giver_id)


def _choose(
    session: Session,
    table: Table,
    keys: dict[str, int],
    key: str,
    day: date,
    becomes: str,
    actor: str,
    now: datetime,
) -> bool:
    """Write a choice for a locked record; tells whether it is another one than before."""
    pack, stored = pack_in_force(day), _stored(session, table, keys)
    if stored is not None and stored.settled_at is not None:
        became = Phrase(f"becomes_{stored.becomes}")
        raise RecordSettled(key=key, became=became, day=day_of(stored.settled_at).isoformat())
    if becomes not in choices(pack):
        words = (Phrase(f"becomes_{one}") for one in choices(pack))
        known = dict(zip(("first", "second", "third"), words, strict=False))
        raise ClaimNotAllowed(becomes=becomes[:20], allowed=Phrase(f"one_of_{len(known)}", **known), pack=pack.name)
    last = last_day_to_choose(pack, day)
    if last is not None and day_of(now) > last:
        raise ChoiceClosed(key=key, last_day=last.isoformat())
    if stored is not None and stored.becomes == becomes:
        return False
    said = {"becomes": becomes, "chosen_by": actor, "chosen_at": now}
    connection = session.connection()
    row = insert_or_skip(connection, table).values(**keys, **said)
    connection.execute(row.on_conflict_do_update(index_elements=list(keys), set_=said))
    return True


def _stored(session: Session, table: Table, keys: dict[str, int]) -> Row[Any] | None:
    wanted = select(table).where(*(table.c[name] == number for name, number in keys.items()))
    return session.connection().execute(wanted).first()


def _claim(stored: Row[Any] | None, day: date) -> Claim:
    if stored is None:
        return Claim(pack_in_force(day).value("record_default"), "", None, None)
    settled_on = day_of(stored.settled_at) if stored.settled_at else None
    return Claim(stored.becomes, stored.chosen_by, settled_on, stored.service_min)


def _part_day(session: Session, group_id: int, giver_id: int) -> date:
    mine = (GIVER.c.group_id == group_id, GIVER.c.volunteer_id == giver_id)
    if session.connection().execute(select(GIVER.c.group_id).where(*mine)).first() is None:
        raise NotFound(kind="group", key=str(group_id))
    return group_of(session, group_id).day
