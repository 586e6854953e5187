"""What three parties say of the same visit: senior, volunteer, organisation; and where they differ.

Feedback decides nothing: credit rests on records and statements. It shows where somebody should ask.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.core.texts import Locale, Phrase, say
from timebank.people.tables import Senior, Volunteer
from timebank.programmes.greetings import visit_in_programme
from timebank.programmes.programmes import ENROLMENT, PROGRAMME
from timebank.programmes.refusals import SaidOtherwise
from timebank.programmes.steps import words_of
from timebank.programmes.tables import Feedback
from timebank.visits.life import VISIT

FEEDBACK, SENIOR, VOLUNTEER = map(table_of, (Feedback, Senior, Volunteer))
SIDES = ("senior", "volunteer", "organisation")
MOST_MINUTES, LEAST, MOST_CONTENT = 1440, 1, 5
TOLERANCE_MIN, TOLERANCE_CONTENT = 5, 1
"""Up to here two parties mean the same: minutes, and steps of five by which they are content."""
ON_NOTHING = ("planned", "cancelled")
MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one party says: whether it happened, for how many minutes, how content they are from 1 to 5."""

    happened: bool
    minutes: int | None = None
    satisfaction: int | None = None
    note: str = ""


def give_feedback(
    session: Session,
    visit_id: int,
    said: Said,
    *,
    side: str,
    actor: str,
    now: datetime,
    organisation_id: int | None = None,
    volunteer_id: int | None = None,
) -> Row[Any]:
    """Write what one party says of a visit; the same again changes nothing.

    Raises
    ------
    NotFound
        When there is no such visit of a programme, or it is another's.
    WrongState
        When nothing has happened to it yet, or it was called off.
    WrongInput
        When a value cannot be.
    SaidOtherwise
        When the side said something else before.
    """
    visit = visit_in_programme(session, visit_id, organisation_id=organisation_id)
    if volunteer_id not in (None, visit.volunteer_id):
        raise NotFound(kind="visit", key=str(visit_id))
    _check(side, said)
    if visit.status in ON_NOTHING:
        raise WrongState(kind="visit", key=str(visit_id), state=visit.status, allowed="confirmed")
    give_many(session, [(visit_id, said)], side=side, actor=actor, now=now)
    f = FEEDBACK.c
    stands = session.connection().execute(select(FEEDBACK).where(f.visit_id == visit_id, f.side == side)).one()
    asked = (int(said.happened), said.minutes, said.satisfaction)
    if (stands.happened, stands.minutes, stands.satisfaction) != asked:
        raise SaidOtherwise(visit=visit_id)
    return stands


def _check(side: str, said: Said) -> None:
    if side not in SIDES:
        raise WrongInput(field="side", value=side[:20], right=Phrase("right_one_of", known=", ".join(SIDES)))
    ranges = (("minutes", said.minutes, 0, MOST_MINUTES), ("satisfaction", said.satisfaction, LEAST, MOST_CONTENT))
    for field, number, least, most in ranges:
        if number is not None and not least <= number <= most:
            raise WrongInput(field=field, value=str(number), right=Phrase("right_range", least=least, most=most))
    words_of("note", said.note, least=0)


def give_many(session: Session, said: Sequence[tuple[int, Said]], *, side: str, actor: str, now: datetime) -> None:
    """Write what one party says of many visits of programmes, set-based; a side that spoke already is passed over."""
    rows = [
        {
            "visit_id": visit,
            "side": side,
            "happened": int(one.happened),
            "minutes": one.minutes,
            "satisfaction": one.satisfaction,
            "note": one.note.strip() or None,
            "said_by": actor,
            "said_at": now,
        }
        for visit, one in said
    ]
    if rows:
        session.connection().execute(insert_or_skip(session.connection(), FEEDBACK).on_conflict_do_nothing(), rows)


def feedback_of(session: Session, visit_id: int) -> list[Row[Any]]:
    """Return what each party said of a visit."""
    f = FEEDBACK.c
    return list(session.connection().execute(select(FEEDBACK).where(f.visit_id == visit_id).order_by(f.side)))


def list_differences(
    session: Session,
    *,
    days: tuple[date, date],
    first: int,
    organisation_id: int | None = None,
    after: int = 0,
) -> list[Row[Any]]:
    """Return up to ``first`` (1 to 100) visits of some days (half-open) on which parties differ, by number after one.

    They differ when one says that it happened and another not, when their minutes are more than five apart, or when
    how content they are is more than one step apart. Nobody is named.
    """
    if not 1 <= first <= MOST:
        message = f"A page has 1 to {MOST} visits, not {first}."
        raise ValueError(message)
    v, f = VISIT.c, FEEDBACK.c
    spread = _spread()
    wanted = (
        select(
            v.id,
            v.day,
            v.status,
            PROGRAMME.c.code.label("programme"),
            SENIOR.c.external_ref.label("senior_ref"),
            VOLUNTEER.c.external_ref.label("volunteer_ref"),
            *spread,
        )
        .join(FEEDBACK, f.visit_id == v.id)
        .join(ENROLMENT, ENROLMENT.c.need_id == v.need_id)
        .join(PROGRAMME, PROGRAMME.c.id == ENROLMENT.c.programme_id)
        .join(SENIOR, SENIOR.c.person_id == ENROLMENT.c.senior_id)
        .join(VOLUNTEER, VOLUNTEER.c.person_id == v.volunteer_id)
        .where(v.day >= days[0], v.day < days[1], v.id > after)
        .group_by(v.id, v.day, v.status, PROGRAMME.c.code, SENIOR.c.external_ref, VOLUNTEER.c.external_ref)
        .having(differs())
    )
    if organisation_id is not None:
        wanted = wanted.where(PROGRAMME.c.organisation_id == organisation_id)
    return list(session.connection().execute(wanted.order_by(v.id).limit(first)))


def _spread() -> tuple[Any, ...]:
    f = FEEDBACK.c
    return (
        (func.max(f.happened) - func.min(f.happened)).label("happened_apart"),
        (func.max(f.minutes) - func.min(f.minutes)).label("minutes_apart"),
        (func.max(f.satisfaction) - func.min(f.satisfaction)).label("satisfaction_apart"),
    )


def differs() -> Any:
    """Return the condition of a group of what parties say of one visit: they differ."""
    happened, minutes, content = _spread()
    return (happened > 0) | (minutes > TOLERANCE_MIN) | (content > TOLERANCE_CONTENT)


def difference_words(row: Row[Any], locale: Locale = "zh") -> str:
    """Say in what the parties differ."""
    parts = [say("differ_happened", locale)] if row.happened_apart else []
    if (row.minutes_apart or 0) > TOLERANCE_MIN:
        parts.append(say("differ_minutes", locale, minutes=row.minutes_apart))
    if (row.satisfaction_apart or 0) > TOLERANCE_CONTENT:
        parts.append(say("differ_satisfaction", locale, steps=row.satisfaction_apart))
    return ("；" if locale == "zh" else "; ").join(parts)
