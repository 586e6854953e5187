"""When people are away: written down by whom and when, taken back the same way, listed."""

from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase
from timebank.people.belonging import require_person
from timebank.people.notes import note_of, take_back
from timebank.people.tables import Absence

LONGEST_DAYS = 366


def record_absence(
    session: Session,
    person_id: int,
    from_day: date,
    to_day: date,
    *,
    actor: str,
    now: datetime,
    organisation_id: int | None = None,
) -> Absence:
    """Write down that somebody is away from a day to a day (half-open); the same days again are the same absence.

    Raises
    ------
    NotFound
        When there is no such person among the organisation's.
    WrongInput
        When the days are none, or more than a year.
    """
    require_person(session, person_id, organisation_id)
    if not from_day < to_day <= from_day + timedelta(days=LONGEST_DAYS):
        right = Phrase("right_days_away", most=LONGEST_DAYS)
        raise WrongInput(field="to_day", value=to_day.isoformat(), right=right)
    standing = select(Absence).where(Absence.person_id == person_id, col(Absence.withdrawn_at).is_(None))
    same = session.exec(standing.where(Absence.from_day == from_day, Absence.to_day == to_day)).first()
    if same is not None:
        return same
    absence = Absence(person_id=person_id, from_day=from_day, to_day=to_day, recorded_by=actor, recorded_at=now)
    session.add(absence)
    session.flush()
    return absence


def withdraw_absence(
    session: Session, absence_id: int, *, actor: str, now: datetime, organisation_id: int | None = None
) -> Absence:
    """Take an absence back: they are there after all; one that was taken back stays so.

    Raises
    ------
    NotFound
        When there is none, or it is of another's people.
    """
    absence = note_of(session, Absence, absence_id)
    require_person(session, absence.person_id, organisation_id)
    take_back(session, absence, actor=actor, now=now)
    return absence


def absences_of(session: Session, person_id: int, *, from_day: date) -> list[Absence]:
    """Return the absences of a person that end after a day, the earliest first; at most a hundred."""
    wanted = select(Absence).where(
        Absence.person_id == person_id, col(Absence.to_day) > from_day, col(Absence.withdrawn_at).is_(None)
    )
    return list(session.exec(wanted.order_by(col(Absence.from_day), col(Absence.id)).limit(100)))
