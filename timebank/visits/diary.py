"""Many visits of one day at once, and a volunteer's next ones."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import bindparam, func, insert, select, tuple_, update
from sqlmodel import Session, col

from timebank.core.clock import day_of, moment_at
from timebank.core.columns import table_of
from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase
from timebank.needs.tables import Need, Service
from timebank.people.tables import Area, Person, Senior
from timebank.visits.life import EVENT, VISIT, check_confirmer, check_evidence, check_note
from timebank.visits.tables import Visit

MINUTES_A_DAY = 1440


class Outcome(NamedTuple):
    """How a visit of a day's sheet went; times in minutes of the day, 0 served minutes for a missed one.

    ``status`` is confirmed, disputed or missed. A disputed one says in its note what was not right.
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

    A sheet that is handed in again changes nothing, and a visit that somebody checks in meanwhile is theirs.
    Returns how many visits changed.

    Raises
    ------
    WrongInput
        When the day has not come, or a line cannot be; nothing of the sheet is written then.
    """
    _check_sheet(day, outcomes, now)
    connection = session.connection()
    v = VISIT.c
    locked = select(v.id).where(v.day == day, v.status == "planned").order_by(v.id).with_for_update()
    planned = set(connection.execute(locked).scalars())
    fresh = [outcome for outcome in outcomes if outcome.visit_id in planned]
    held = [outcome for outcome in fresh if outcome.status != "missed"]
    missed = [outcome for outcome in fresh if outcome.status == "missed"]
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


def _check_sheet(day: date, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Refuse a sheet of a day that has not come, or with a line that cannot be."""
    if day > day_of(now):
        raise WrongInput(field="day", value=day.isoformat(), right=Phrase("right_until_day", day=day_of(now)))
    seen: set[int] = set()
    for outcome in outcomes:
        if outcome.visit_id in seen:
            raise WrongInput(field="visit_id", value=str(outcome.visit_id), right=Phrase("right_once_on_sheet"))
        seen.add(outcome.visit_id)
        if outcome.status != "missed":
            _check_held(day, outcome, now)


def _check_held(day: date, outcome: Outcome, now: datetime) -> None:
    if outcome.status not in ("confirmed", "disputed"):
        raise WrongInput(
            field="status", value=outcome.status, right=Phrase("right_one_of", known="confirmed, disputed, missed")
        )
    if outcome.served_min < 1 or outcome.began_min < 0 or outcome.began_min + outcome.served_min > MINUTES_A_DAY:
        value = f"{outcome.began_min} for {outcome.served_min} minutes"
        raise WrongInput(field="began_min, served_min", value=value, right=Phrase("right_within_day"))
    if moment_at(day, outcome.began_min + outcome.served_min) > now:
        raise WrongInput(
            field="began_min", value=str(outcome.began_min), right=Phrase("right_over_by", moment=now.isoformat())
        )
    check_evidence(outcome.evidence)
    if outcome.status == "confirmed":
        check_confirmer(outcome.confirmed_by)
    else:
        check_note(outcome.note)


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
    session: Session, volunteer_id: int, *, from_day: date, first: int, after: tuple[date, int, int] | None = None
) -> list[tuple[Visit, Need, Service, Senior, Person, str, str]]:
    """Return up to ``first`` (1 to 100) planned visits of a volunteer from a day on, with what they need to know.

    They come in the order of their hours, of whichever plan they are. ``after`` is day, start (minute of the day)
    and id of the last visit of the page before. Each row has visit, need, service, senior,
    person, and the names of sub-district and committee.
    """
    if not 1 <= first <= 100:
        message = f"A page has 1 to 100 visits, not {first}."
        raise ValueError(message)
    district, committee = table_of(Area).alias("district"), table_of(Area).alias("committee")
    wanted = (
        select(Visit, Need, Service, Senior, Person, district.c.name_zh, committee.c.name_zh)
        .join(Need, col(Need.id) == col(Visit.need_id))
        .join(Service, col(Service.id) == col(Need.service_id))
        .join(Senior, col(Senior.person_id) == col(Need.senior_id))
        .join(Person, col(Person.id) == col(Senior.person_id))
        .join(district, district.c.id == col(Senior.subdistrict_id))
        .join(committee, committee.c.id == col(Senior.committee_id))
        .where(col(Visit.volunteer_id) == volunteer_id, col(Visit.status) == "planned", col(Visit.day) >= from_day)
        .order_by(col(Visit.day), col(Visit.starts_min), col(Visit.id))
        .limit(first)
    )
    if after is not None:
        wanted = wanted.where(tuple_(col(Visit.day), col(Visit.starts_min), col(Visit.id)) > tuple_(*after))
    return [tuple(row) for row in session.execute(wanted)]
