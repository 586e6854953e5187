"""Days on which visits are not held: holidays, heat, cold, typhoons; and what becomes of the visits."""

from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from timebank.core.columns import table_of
from timebank.core.errors import WrongInput
from timebank.core.naming import number_of
from timebank.core.texts import Phrase
from timebank.needs.tables import Service
from timebank.people.notes import note_of, take_back
from timebank.people.tables import Area
from timebank.planning.tables import Suspension

SUSPENSION = table_of(Suspension)
MAKE_UPS = ("drop", "later", "earlier")
CAUSES = ("holiday", "heat", "cold", "typhoon", "other")
LONGEST_DAYS = 92


def suspend(
    session: Session,
    from_day: date,
    to_day: date,
    *,
    cause: str,
    make_up: str,
    actor: str,
    now: datetime,
    area: str | None = None,
    service: str | None = None,
) -> Suspension:
    """Suspend visits from a day to a day (half-open), of a sub-district and a service (by code) or of all.

    ``make_up`` says what becomes of them: dropped, held on the first day that is open later, or the last one earlier.
    Plans that are made from now on keep to it; what is planned already is mended by a repair.

    Raises
    ------
    WrongInput
        When the days, the cause or the rule cannot be.
    NotFound
        When there is no such sub-district or service.
    """
    for field, value, known in (("make_up", make_up, MAKE_UPS), ("cause", cause, CAUSES)):
        if value not in known:
            raise WrongInput(field=field, value=value, right=Phrase("right_one_of", known=", ".join(known)))
    if not from_day < to_day <= from_day + timedelta(days=LONGEST_DAYS):
        right = Phrase("right_days_away", most=LONGEST_DAYS)
        raise WrongInput(field="to_day", value=to_day.isoformat(), right=right)
    suspension = Suspension(
        from_day=from_day,
        to_day=to_day,
        area_id=None if area is None else number_of(session, Area, area, level="subdistrict"),
        service_id=None if service is None else number_of(session, Service, service),
        make_up=make_up,
        cause=cause,
        recorded_by=actor,
        recorded_at=now,
    )
    session.add(suspension)
    session.flush()
    return suspension


def lift(session: Session, suspension_id: int, *, actor: str, now: datetime) -> Suspension:
    """Take a suspension back; one that was taken back stays so.

    Raises
    ------
    NotFound
        When there is none.
    """
    suspension = note_of(session, Suspension, suspension_id)
    take_back(session, suspension, actor=actor, now=now)
    return suspension


def suspensions_from(session: Session, day: date) -> list[Suspension]:
    """Return what stands and ends after a day, the earliest first; at most a hundred."""
    wanted = select(Suspension).where(col(Suspension.to_day) > day, col(Suspension.withdrawn_at).is_(None))
    return list(session.exec(wanted.order_by(col(Suspension.from_day), col(Suspension.id)).limit(100)))
