"""Many visits of one day at once, and a volunteer's next ones."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import bindparam, func, insert, select, update
from sqlmodel import Session, col

from timebank.core.clock import moment_at
from timebank.needs.tables import Need, Service
from timebank.people.tables import Area, Person, Senior
from timebank.visits.life import EVENT, VISIT
from timebank.visits.tables import Visit


class Outcome(NamedTuple):
    """How a visit of a day's sheet went; times in minutes of the day, 0 served minutes for a missed one.

    ``status`` is confirmed, disputed or missed.
    """

    visit_id: int
    status: str
    began_min: int
    served_min: int
    evidence: str
    confirmed_by: str
    note: str = ""


def record_day(session: Session, day: date, outcomes: Sequence[Outcome], *, actor: str, now: datetime) -> int:
    """Write a day's sheet: each planned visit of the day gets its outcome; others are left as they are.

    A sheet that is handed in again changes nothing. Returns how many visits changed.
    """
    connection = session.connection()
    planned = set(
        connection.execute(select(VISIT.c.id).where(VISIT.c.day == day, VISIT.c.status == "planned")).scalars()
    )
    fresh = [outcome for outcome in outcomes if outcome.visit_id in planned]
    held = [outcome for outcome in fresh if outcome.status != "missed"]
    missed = [outcome for outcome in fresh if outcome.status == "missed"]
    v = VISIT.c
    if held:
        names = ("status", "checked_in_at", "checked_out_at", "served_min", "evidence", "confirmed_by")
        change = (
            update(VISIT).where(v.id == bindparam("visit")).values({name: bindparam(f"new_{name}") for name in names})
        )
        connection.execute(change, [_held(day, outcome) for outcome in held])
    if missed:
        connection.execute(
            update(VISIT).where(v.id == bindparam("visit")).values(status="missed"),
            [{"visit": outcome.visit_id} for outcome in missed],
        )
    events = [
        {"visit_id": o.visit_id, "kind": o.status, "actor": actor, "note": o.note, "happened_at": now}
        for o in fresh
        if o.status in ("missed", "disputed")
    ]
    if events:
        connection.execute(insert(EVENT), events)
    return len(fresh)


def _held(day: date, outcome: Outcome) -> dict[str, object]:
    return {
        "visit": outcome.visit_id,
        "new_status": outcome.status,
        "new_checked_in_at": moment_at(day, outcome.began_min),
        "new_checked_out_at": moment_at(day, outcome.began_min + outcome.served_min),
        "new_served_min": outcome.served_min,
        "new_evidence": outcome.evidence,
        "new_confirmed_by": outcome.confirmed_by if outcome.status == "confirmed" else "",
    }


def count_by_status(session: Session, plan_id: int | None = None) -> dict[str, int]:
    """Count visits by status, of one plan or of all."""
    counted = select(VISIT.c.status, func.count()).group_by(VISIT.c.status)
    if plan_id is not None:
        counted = counted.where(VISIT.c.plan_id == plan_id)
    return {row[0]: row[1] for row in session.connection().execute(counted)}


def next_visits(
    session: Session, volunteer_id: int, *, from_day: date, first: int, after: tuple[date, int] | None = None
) -> list[tuple[Visit, Need, Service, Senior, Person, str, str]]:
    """Return up to ``first`` (1 to 100) planned visits of a volunteer from a day on, with what they need to know.

    ``after`` is day and id of the last visit of the page before. Each row has visit, need, service, senior,
    person, and the names of sub-district and committee.
    """
    if not 1 <= first <= 100:
        message = f"A page has 1 to 100 visits, not {first}."
        raise ValueError(message)
    district, committee = Area.__table__.alias("district"), Area.__table__.alias("committee")  # type: ignore[attr-defined]  # SQLModel adds it
    wanted = (
        select(Visit, Need, Service, Senior, Person, district.c.name_zh, committee.c.name_zh)
        .join(Need, col(Need.id) == col(Visit.need_id))
        .join(Service, col(Service.id) == col(Need.service_id))
        .join(Senior, col(Senior.person_id) == col(Need.senior_id))
        .join(Person, col(Person.id) == col(Senior.person_id))
        .join(district, district.c.id == col(Senior.subdistrict_id))
        .join(committee, committee.c.id == col(Senior.committee_id))
        .where(col(Visit.volunteer_id) == volunteer_id, col(Visit.status) == "planned", col(Visit.day) >= from_day)
        .order_by(col(Visit.day), col(Visit.id))
        .limit(first)
    )
    if after is not None:
        day, number = after
        wanted = wanted.where((col(Visit.day) > day) | ((col(Visit.day) == day) & (col(Visit.id) > number)))
    return [tuple(row) for row in session.execute(wanted)]
