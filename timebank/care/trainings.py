"""Trainings: recorded with their proof, valid until a day, taken back; and what they open: who may do what on a day.

Who gives in the time bank is credited only after the basic training; that day stands in ``volunteer.trained_on``, where
rules read it. It is kept in step here, so that there is one truth: the first basic training that was not taken back.
"""

from collections.abc import Collection
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, union, update
from sqlmodel import Session, col
from sqlmodel import select as pick

from timebank.care.members import ROLE, role_on
from timebank.care.refusals import RoleMissing, TrainingExpired, TrainingMissing
from timebank.care.tables import Training
from timebank.care.terms import STANDARD, Terms, months_after
from timebank.core.columns import table_of
from timebank.core.errors import NotFound, Refusal, WrongInput
from timebank.core.texts import Phrase
from timebank.people.notes import note_of, take_back
from timebank.people.tables import Person, Volunteer

TRAINING = table_of(Training)
VOLUNTEER = table_of(Volunteer)
BASIC = "basic"
LONGEST_PROOF = 120


class Validity(NamedTuple):
    """A training somebody had, and until when (half-open) it is good; empty is for ever."""

    kind: str
    trained_on: date
    valid_until: date | None


def record_training(
    session: Session,
    person_id: int,
    kind: str,
    *,
    trained_on: date,
    actor: str,
    now: datetime,
    proof: str = "",
    terms: Terms = STANDARD,
) -> Training:
    """Write down a training and until when it is good; the same day again is the same training.

    Raises
    ------
    NotFound
        When there is no such person.
    WrongInput
        When the terms know no such training, or its proof is too long.
    """
    if kind not in terms.months_by_training:
        known = ", ".join(sorted(terms.months_by_training))
        raise WrongInput(field="training", value=kind[:24], right=Phrase("right_one_of", known=known))
    if len(proof) > LONGEST_PROOF:
        right = Phrase("right_length", least=0, most=LONGEST_PROOF)
        raise WrongInput(field="proof", value=f"{proof[:20]}...", right=right)
    if session.get(Person, person_id) is None:
        raise NotFound(kind="person", key=str(person_id))
    same = pick(Training).where(
        Training.person_id == person_id,
        Training.kind == kind,
        Training.trained_on == trained_on,
        col(Training.withdrawn_at).is_(None),
    )
    standing = session.exec(same).first()
    if standing is not None:
        return standing
    row = Training(
        person_id=person_id,
        kind=kind,
        trained_on=trained_on,
        valid_until=valid_until(kind, trained_on, terms),
        proof=proof,
        recorded_by=actor,
        recorded_at=now,
    )
    session.add(row)
    session.flush()
    if kind == BASIC:
        _keep_in_step(session, row)
    return row


def withdraw_training(session: Session, training_id: int, *, actor: str, now: datetime) -> Training:
    """Take a training back that was recorded by mistake; one that was taken back stays so.

    Raises
    ------
    NotFound
        When there is none.
    """
    row = note_of(session, Training, training_id)
    take_back(session, row, actor=actor, now=now)
    if row.kind == BASIC:
        _keep_in_step(session, row)
    return row


def valid_until(kind: str, trained_on: date, terms: Terms = STANDARD) -> date | None:
    """Return the day on which a training is not good any more; nothing for one that never ends."""
    months = terms.months_by_training[kind]
    return months_after(trained_on, months) if months else None


def trainings_of(session: Session, person_id: int) -> list[Training]:
    """Return what a person was trained in, the newest first."""
    own = pick(Training).where(Training.person_id == person_id, col(Training.withdrawn_at).is_(None))
    return list(session.exec(own.order_by(col(Training.trained_on).desc(), col(Training.id).desc()).limit(200)))


def why_not(session: Session, person_id: int, act: str, day: date, *, terms: Terms = STANDARD) -> Refusal | None:
    """Return why a person may not do an act on a day, or nothing when they may.

    Raises
    ------
    WrongInput
        When the terms know no such act.
    """
    gate = terms.gate_by_act.get(act)
    if gate is None:
        known = ", ".join(sorted(terms.gate_by_act))
        raise WrongInput(field="act", value=act[:20], right=Phrase("right_one_of", known=known))
    connection = session.connection()
    if connection.execute(_with_roles(gate.roles, day).where(ROLE.c.member_id == person_id)).first() is None and (
        "volunteer" not in gate.roles
        or connection.execute(_active().where(VOLUNTEER.c.person_id == person_id)).first() is None
    ):
        return RoleMissing(act=act, roles=_in_words(gate.roles), day=day)
    for kind in gate.trainings:
        had = [one for one in _had(session, person_id, kind) if one.trained_on <= day]
        if not had:
            return TrainingMissing(act=act, training=kind)
        ends = [one.valid_until for one in had]
        if None not in ends and (last := max(end for end in ends if end)) <= day:
            return TrainingExpired(act=act, training=kind, expired_on=last)
    return None


def may(session: Session, person_id: int, act: str, day: date, *, terms: Terms = STANDARD) -> None:
    """Refuse a person who may not do an act on a day: the wrong role, a training never had, or one that has ended.

    Raises
    ------
    RoleMissing, TrainingMissing, TrainingExpired
        Each with what would be right.
    WrongInput
        When the terms know no such act.
    """
    refusal = why_not(session, person_id, act, day, terms=terms)
    if refusal is not None:
        raise refusal


def allowed_on(act: str, day: date, *, terms: Terms = STANDARD) -> Select[int]:
    """Return the query of everyone who may do an act on a day: what :func:`may` says of each, for all at once."""
    gate = terms.gate_by_act[act]
    roles = _with_roles(gate.roles, day)
    people = union(roles, _active()) if "volunteer" in gate.roles else union(roles)
    some = people.subquery()
    wanted = select(some.c[0])
    for kind in gate.trainings:
        wanted = wanted.where(some.c[0].in_(_trained(kind, day)))
    return wanted


def good_on(day: date) -> ColumnElement[bool]:
    """Return the condition that a training stands and is good on a day."""
    t = TRAINING.c
    return and_(t.withdrawn_at.is_(None), t.trained_on <= day, or_(t.valid_until.is_(None), t.valid_until > day))


def expired_until(session: Session, people: Collection[int], kind: str, day: date) -> dict[int, date]:
    """Return on which day the last training of a kind ended, of some people who had it and have none on a day."""
    t = TRAINING.c
    last = (
        select(t.person_id, func.max(t.valid_until))
        .where(t.person_id.in_(people), t.kind == kind, t.withdrawn_at.is_(None), t.trained_on <= day)
        .where(t.person_id.not_in(select(t.person_id).where(t.kind == kind, good_on(day))))
        .group_by(t.person_id)
    )
    return {person: ended for person, ended in session.connection().execute(last) if ended is not None}


def _in_words(roles: tuple[str, ...]) -> Phrase:
    """Say roles one after the other, in either language."""
    said = Phrase("roles_last", role=roles[-1])
    for role in reversed(roles[:-1]):
        said = Phrase("roles_more", role=role, rest=said)
    return said


def _with_roles(roles: tuple[str, ...], day: date) -> Select[int]:
    return select(ROLE.c.member_id).where(ROLE.c.role.in_(roles), role_on(day)).distinct()


def _active() -> Select[int]:
    """Return the query of the volunteers of the time bank, who have the role by being one."""
    return select(VOLUNTEER.c.person_id).where(VOLUNTEER.c.status == "active")


def _trained(kind: str, day: date) -> Select[int]:
    trained = select(TRAINING.c.person_id).where(TRAINING.c.kind == kind, good_on(day))
    if kind != BASIC:
        return trained
    both = union(trained, select(VOLUNTEER.c.person_id).where(VOLUNTEER.c.trained_on <= day)).subquery()
    return select(both.c[0])


def _had(session: Session, person_id: int, kind: str) -> list[Validity]:
    t = TRAINING.c
    own = select(t.kind, t.trained_on, t.valid_until).where(t.person_id == person_id, t.kind == kind)
    had = [Validity(*row) for row in session.connection().execute(own.where(t.withdrawn_at.is_(None)))]
    if kind == BASIC:  # files of volunteers bring its day along
        brought = select(VOLUNTEER.c.trained_on).where(VOLUNTEER.c.person_id == person_id)
        day = session.connection().execute(brought).scalar()
        had += [Validity(BASIC, day, None)] if day is not None else []
    return had


def _keep_in_step(session: Session, row: Training) -> None:
    """Let ``volunteer.trained_on`` be the first basic training that stands, or the earlier day that a file brought."""
    t, brought = TRAINING.c, VOLUNTEER.c.trained_on
    own = (t.person_id == row.person_id, t.kind == BASIC, t.withdrawn_at.is_(None))
    first = session.connection().execute(select(func.min(t.trained_on)).where(*own)).scalar()
    was_from_here = or_(brought.is_(None), brought >= (min(first, row.trained_on) if first else row.trained_on))
    change = update(VOLUNTEER).where(VOLUNTEER.c.person_id == row.person_id, was_from_here)
    session.connection().execute(change.values(trained_on=first))
