"""Rosters: many members at once, and a training that many went through together; the very rows of one by one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlmodel import Session

from timebank.care.members import GENDERS, MEMBER, ROLE, Newcomer
from timebank.care.terms import ROLES, STANDARD, Terms
from timebank.care.trainings import BASIC, TRAINING, valid_until
from timebank.core.columns import table_of
from timebank.core.database import wait_turn
from timebank.core.errors import WrongInput, WrongState
from timebank.core.personal_data import lookup_hash
from timebank.core.texts import Phrase
from timebank.people.tables import Person

PERSON = table_of(Person)
REFS_A_QUERY = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Somebody new of the team: number, person, role for an area, and trainings by kind with their days."""

    ref: str
    person: Newcomer
    role: str
    area_id: int
    from_day: date
    trainings: tuple[tuple[str, date], ...] = ()


def enrol_roster(
    session: Session, lines: Sequence[Line], *, actor: str, now: datetime, terms: Terms = STANDARD
) -> list[int]:
    """Take many newcomers into the team with their role and trainings, all or none; returns their numbers in order.

    Raises
    ------
    WrongInput
        When a role, gender or training is unknown.
    WrongState
        When a number is somebody's already, or stands twice.
    """
    for line in lines:
        _check(line, terms)
    wait_turn(session, "care roster")
    refs = [line.ref for line in lines]
    taken = _taken(session, refs) or _doubled(refs)
    if taken:
        raise WrongState(
            kind="care_member", key=taken, state=Phrase("state_other_holder"), allowed=Phrase("allowed_free")
        )
    numbers = _insert_people(session, [line.person for line in lines])
    both = list(zip(lines, numbers, strict=True))
    said = {"recorded_by": actor, "recorded_at": now}
    members = [{"person_id": n, "external_ref": line.ref, "joined_on": line.from_day} for line, n in both]
    roles = [
        {"member_id": n, "role": line.role, "area_id": line.area_id, "from_day": line.from_day, **said}
        for line, n in both
    ]
    trained = [(n, kind, day) for line, n in both for kind, day in line.trainings]
    for table, rows in ((MEMBER, members), (ROLE, roles), (TRAINING, _trainings(trained, said, terms))):
        if rows:
            session.connection().execute(insert(table), rows)
    return numbers


def train_many(
    session: Session,
    kind: str,
    people: Iterable[int],
    *,
    trained_on: date,
    actor: str,
    now: datetime,
    terms: Terms = STANDARD,
) -> int:
    """Write down that many went through a training on a day; who has it of that day stays. Returns how many were new.

    Raises
    ------
    WrongInput
        When the terms know no such training, or it is the basic one, which is recorded one by one.
    """
    if kind not in terms.months_by_training or kind == BASIC:
        known = ", ".join(sorted(set(terms.months_by_training) - {BASIC}))
        raise WrongInput(field="training", value=kind[:24], right=Phrase("right_one_of", known=known))
    t = TRAINING.c
    had = select(t.person_id).where(t.kind == kind, t.trained_on == trained_on, t.withdrawn_at.is_(None))
    stands = set(session.connection().execute(had).scalars())
    said = {"recorded_by": actor, "recorded_at": now}
    rows = _trainings([(person, kind, trained_on) for person in sorted(set(people) - stands)], said, terms)
    if rows:
        session.connection().execute(insert(TRAINING), rows)
    return len(rows)


def _check(line: Line, terms: Terms) -> None:
    kinds = sorted(set(terms.months_by_training) - {BASIC})
    words = [("role", line.role, ROLES), ("gender", line.person.gender, GENDERS)]
    for field, value, known in [*words, *(("training", kind, tuple(kinds)) for kind, _ in line.trainings)]:
        if value not in known:
            raise WrongInput(field=field, value=value[:24], right=Phrase("right_one_of", known=", ".join(known)))


def _taken(session: Session, refs: Sequence[str]) -> str:
    for start in range(0, len(refs), REFS_A_QUERY):
        some = select(MEMBER.c.external_ref).where(MEMBER.c.external_ref.in_(refs[start : start + REFS_A_QUERY]))
        found = session.connection().execute(some.order_by(MEMBER.c.external_ref)).scalar()
        if found is not None:
            return str(found)
    return ""


def _doubled(refs: Sequence[str]) -> str:
    seen: set[str] = set()
    return next((ref for ref in refs if ref in seen or seen.add(ref)), "")  # type: ignore[func-returns-value]  # it remembers


def _insert_people(session: Session, people: Sequence[Newcomer]) -> list[int]:
    connection = session.connection()
    before = connection.execute(select(func.coalesce(func.max(PERSON.c.id), 0))).scalar_one()
    rows: list[dict[str, Any]] = [
        {
            "name": one.name,
            "gender": one.gender,
            "born_on": one.born_on,
            "phone": one.phone,
            "phone_lookup": lookup_hash("phone", one.phone) if one.phone else None,
        }
        for one in people
    ]
    if rows:
        connection.execute(insert(PERSON), rows)
    return list(connection.execute(select(PERSON.c.id).where(PERSON.c.id > before).order_by(PERSON.c.id)).scalars())


def _trainings(trained: Iterable[tuple[int, str, date]], said: dict[str, Any], terms: Terms) -> list[dict[str, Any]]:
    return [
        {
            "person_id": person,
            "kind": kind,
            "trained_on": day,
            "valid_until": valid_until(kind, day, terms),
            **said,
        }
        for person, kind, day in trained
    ]
