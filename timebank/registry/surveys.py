"""Survey rounds: every how many days who is seen, what was found, and what is due, done and overdue by committee.

A senior in several categories of a round is seen as often as the most frequent of them says. What is due is counted
from categories and days, never stored, so a category that ends takes its surveys along.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, Subquery, and_, case, func, insert, literal, or_, select, true
from sqlmodel import Session
from sqlmodel import select as pick

from timebank.care.trainings import allowed_on, may
from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip
from timebank.core.errors import KeyConflict, NotFound, WrongInput
from timebank.core.texts import Phrase
from timebank.imports.rows import in_chunks
from timebank.people.belonging import areas_of
from timebank.people.categories import CATEGORIES
from timebank.people.focus import AREA, CATEGORY, SENIOR, held_on
from timebank.people.tables import Area
from timebank.registry.tables import Survey, SurveyFrequency, SurveyRound

ROUND = table_of(SurveyRound)
FREQUENCY = table_of(SurveyFrequency)
SURVEY = table_of(Survey)
MANNERS = ("door", "phone", "video")
OUTCOMES = ("reached", "not_reached", "refused", "moved", "deceased")
SEEN = ("reached", "refused")
"""Outcomes by which a survey is done; the others are tried again, or lead to another act."""
LONGEST_DAYS, LONGEST_NOTE, LONGEST_CODE = 366, 500, 40


class Progress(NamedTuple):
    """A committee, or a round as a whole: seniors, surveys that are due in all, done of them, and overdue."""

    committee_id: int | None
    code: str
    name_zh: str
    seniors: int
    due: int
    done: int
    overdue: int


def make_round(
    session: Session,
    code: str,
    *,
    area_id: int,
    from_day: date,
    to_day: date,
    every_days: Mapping[str, int],
    actor: str,
    now: datetime,
) -> SurveyRound:
    """Begin a round of an area (district, sub-district or committee); the same again is the same round.

    Raises
    ------
    NotFound
        When there is no such area.
    WrongInput
        When the code, the days, a category or a frequency cannot be.
    KeyConflict
        When the code is another round's.
    """
    _check_round(code, from_day, to_day, every_days)
    if session.get(Area, area_id) is None:
        raise NotFound(kind="area", key=str(area_id))
    standing = session.exec(pick(SurveyRound).where(SurveyRound.code == code)).first()
    if standing is not None:
        said = (standing.area_id, standing.from_day, standing.to_day, frequencies_of(session, standing.id or 0))
        if said != (area_id, from_day, to_day, dict(every_days)):
            raise KeyConflict(key=code)
        return standing
    row = SurveyRound(code=code, area_id=area_id, from_day=from_day, to_day=to_day, made_by=actor, made_at=now)
    session.add(row)
    session.flush()
    rows = [
        {"round_id": row.id, "category": category, "every_days": days} for category, days in sorted(every_days.items())
    ]
    session.connection().execute(insert(FREQUENCY), rows)
    return row


def round_of(session: Session, round_id: int) -> SurveyRound:
    """Return a round.

    Raises
    ------
    NotFound
        When there is none.
    """
    row = session.get(SurveyRound, round_id)
    if row is None:
        raise NotFound(kind="survey_round", key=str(round_id))
    return row


def frequencies_of(session: Session, round_id: int) -> dict[str, int]:
    """Return every how many days a round sees whom, by category."""
    own = select(FREQUENCY.c.category, FREQUENCY.c.every_days).where(FREQUENCY.c.round_id == round_id)
    return {category: int(days) for category, days in session.connection().execute(own)}


def record_survey(
    session: Session,
    round_id: int,
    senior_id: int,
    *,
    day: date,
    manner: str,
    outcome: str,
    actor: str,
    now: datetime,
    surveyor_id: int | None = None,
    note: str | None = None,
) -> Survey:
    """Write down what a survey found on a day; a senior has one a day, the same again is the same.

    Raises
    ------
    NotFound
        When there is no such round, or it does not see that senior.
    WrongInput
        When the day is not of the round, or a word cannot be.
    RoleMissing, TrainingMissing, TrainingExpired
        When the surveyor may not survey on that day.
    KeyConflict
        When something else was found on that day.
    """
    row = round_of(session, round_id)
    _check_survey(row, day, manner, outcome, note)
    due = due_seniors(row, day, only=CATEGORY.c.senior_id == senior_id)
    if session.connection().execute(select(due.c.senior_id).where(due.c.senior_id == senior_id)).first() is None:
        raise NotFound(kind="survey", key=Phrase("key_of_person", person=senior_id))
    if surveyor_id is not None:
        may(session, surveyor_id, "survey", day)
    said: dict[str, Any] = {"manner": manner, "outcome": outcome, "surveyor_id": surveyor_id, "note": note}
    keys = {"round_id": round_id, "senior_id": senior_id, "day": day}
    gate = insert_or_skip(session.connection(), SURVEY).values(**keys, **said, recorded_by=actor, recorded_at=now)
    session.connection().execute(gate.on_conflict_do_nothing(index_elements=list(keys)))
    own = pick(Survey).where(Survey.round_id == round_id, Survey.senior_id == senior_id, Survey.day == day)
    stands = session.exec(own.execution_options(populate_existing=True)).one()
    if any(getattr(stands, name) != value for name, value in said.items()):
        raise KeyConflict(key=f"{row.code} {day}")
    return stands


def record_sheet(
    session: Session, round_id: int, day: date, lines: Sequence[Mapping[str, Any]], *, actor: str, now: datetime
) -> int:
    """Write down a day's surveys at once: ``senior_id``, ``manner``, ``outcome``, ``surveyor_id`` by line.

    All or nothing, with the very rows that one by one would leave; what stands of that day stays. Returns how many
    were new.

    Raises
    ------
    NotFound
        When the round does not see somebody of the sheet.
    WrongInput
        When a word cannot be, or somebody may not survey on that day.
    """
    row = round_of(session, round_id)
    connection = session.connection()
    for manner, outcome in {(line["manner"], line["outcome"]) for line in lines}:
        _check_survey(row, day, manner, outcome, None)
    seen: set[int] = set()
    for some in in_chunks([line["senior_id"] for line in lines]):
        due = due_seniors(row, day, only=CATEGORY.c.senior_id.in_(some))
        seen |= set(connection.execute(select(due.c.senior_id)).scalars())
    if strangers := [line["senior_id"] for line in lines if line["senior_id"] not in seen]:
        raise NotFound(kind="survey", key=Phrase("key_of_person", person=strangers[0]))
    surveyors = {line["surveyor_id"] for line in lines} - {None}
    allowed = {int(person) for person in connection.execute(allowed_on("survey", day)).scalars()}
    if surveyors - allowed:
        may(session, min(surveyors - allowed), "survey", day)
    before = connection.execute(_count_day(round_id, day)).scalar_one()
    common = {"round_id": round_id, "day": day, "note": None, "recorded_by": actor, "recorded_at": now}
    if lines:
        skip = insert_or_skip(connection, SURVEY).on_conflict_do_nothing()
        connection.execute(skip, [{**line, **common} for line in lines])
    return int(connection.execute(_count_day(round_id, day)).scalar_one() - before)


def due_seniors(row: SurveyRound, day: date, only: ColumnElement[bool] | None = None) -> Subquery:
    """Return whom a round sees on a day, with committee, ``planned`` surveys and those ``expected`` by the day.

    ``only`` is a condition on categories that keeps to some seniors before anything is counted.
    """
    last = min(max(day, row.from_day), row.to_day)
    period, elapsed = (row.to_day - row.from_day).days, (last - row.from_day).days
    every = func.min(FREQUENCY.c.every_days)
    planned = _at_least(literal(period) // every, 1)
    by_now = planned if elapsed == period else _at_most(literal(elapsed) // every, planned)
    held = and_(FREQUENCY.c.category == CATEGORY.c.category, FREQUENCY.c.round_id == row.id)
    inside = or_(
        SENIOR.c.subdistrict_id == row.area_id,
        SENIOR.c.committee_id == row.area_id,
        select(AREA.c.id).where(AREA.c.id == row.area_id, AREA.c.level == "district").exists(),
    )
    return (
        select(
            CATEGORY.c.senior_id,
            SENIOR.c.external_ref,
            SENIOR.c.committee_id,
            SENIOR.c.subdistrict_id,
            planned.label("planned"),
            by_now.label("expected"),
        )
        .join(FREQUENCY, held)
        .join(SENIOR, SENIOR.c.person_id == CATEGORY.c.senior_id)
        .where(
            SENIOR.c.status == "active", inside, held_on(min(last, _last_day(row))), true() if only is None else only
        )
        .group_by(CATEGORY.c.senior_id, SENIOR.c.external_ref, SENIOR.c.committee_id, SENIOR.c.subdistrict_id)
        .subquery("due")
    )


def progress(session: Session, round_id: int, day: date, *, organisation_id: int | None = None) -> list[Progress]:
    """Return how a round stands on a day, by committee: the sums of the rows that :func:`list_due` shows."""
    rows = _standing(round_of(session, round_id), day, organisation_id).subquery()
    sums = [func.sum(rows.c[name]) for name in ("planned", "done", "overdue")]
    wanted = (
        select(AREA.c.id, AREA.c.code, AREA.c.name_zh, func.count(), *sums)
        .join(rows, rows.c.committee_id == AREA.c.id)
        .group_by(AREA.c.id, AREA.c.code, AREA.c.name_zh)
        .order_by(AREA.c.code)
    )
    return [Progress(*row[:3], *(int(each) for each in row[3:])) for row in session.connection().execute(wanted)]


def total(rows: Sequence[Progress]) -> Progress:
    """Return a round as a whole."""
    sums = (sum(getattr(row, name) for row in rows) for name in ("seniors", "due", "done", "overdue"))
    return Progress(None, "", "", *sums)


def list_due(
    session: Session,
    round_id: int,
    day: date,
    *,
    first: int,
    after: int | None = None,
    only_overdue: bool = False,
    committee: str | None = None,
    organisation_id: int | None = None,
) -> list[Row[Any]]:
    """Return up to ``first`` seniors of a round by number, after one: reference, planned, done, overdue surveys."""
    rows = _standing(round_of(session, round_id), day, organisation_id).subquery()
    wanted = select(rows, AREA.c.code.label("committee")).join(AREA, AREA.c.id == rows.c.committee_id)
    if only_overdue:
        wanted = wanted.where(rows.c.overdue > 0)
    if committee is not None:
        wanted = wanted.where(AREA.c.code == committee)
    if after is not None:
        wanted = wanted.where(rows.c.senior_id > after)
    return list(session.connection().execute(wanted.order_by(rows.c.senior_id).limit(first)))


def list_rounds(
    session: Session, *, first: int, before: int | None = None, organisation_id: int | None = None
) -> list[SurveyRound]:
    """Return up to ``first`` rounds, newest first; an organisation's touch its sub-districts."""
    wanted = pick(SurveyRound)
    if organisation_id is not None:
        own = areas_of(organisation_id)
        near = select(AREA.c.id).where(or_(AREA.c.id.in_(own), AREA.c.parent_id.in_(own), AREA.c.level == "district"))
        wanted = wanted.where(ROUND.c.area_id.in_(near))
    if before is not None:
        wanted = wanted.where(ROUND.c.id < before)
    return list(session.exec(wanted.order_by(ROUND.c.id.desc()).limit(first)))


def _standing(row: SurveyRound, day: date, organisation_id: int | None) -> Select[Any]:
    """Return every senior of a round with planned, done and overdue surveys until a day (half-open for the day)."""
    due = due_seniors(row, day)
    seen = (
        select(SURVEY.c.senior_id, func.count().label("surveys"))
        .where(SURVEY.c.round_id == row.id, SURVEY.c.day <= day, SURVEY.c.outcome.in_(SEEN))
        .group_by(SURVEY.c.senior_id)
        .subquery("seen")
    )
    done = _at_most(func.coalesce(seen.c.surveys, 0), due.c.planned)
    wanted = select(
        due.c.senior_id,
        due.c.external_ref,
        due.c.committee_id,
        due.c.planned,
        done.label("done"),
        _at_least(due.c.expected - done, 0).label("overdue"),
    ).join_from(due, seen, seen.c.senior_id == due.c.senior_id, isouter=True)
    if organisation_id is not None:
        wanted = wanted.where(due.c.subdistrict_id.in_(areas_of(organisation_id)))
    return wanted


def _at_least(value: ColumnElement[Any], least: int) -> ColumnElement[Any]:
    return case((value < least, literal(least)), else_=value)


def _at_most(value: ColumnElement[Any], most: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((value > most, most), else_=value)


def _last_day(row: SurveyRound) -> date:
    return date.fromordinal(row.to_day.toordinal() - 1)


def _count_day(round_id: int, day: date) -> Select[int]:
    return select(func.count()).where(SURVEY.c.round_id == round_id, SURVEY.c.day == day)


def _check_round(code: str, from_day: date, to_day: date, every_days: Mapping[str, int]) -> None:
    if not 1 <= len(code) <= LONGEST_CODE or not code.isprintable():
        raise WrongInput(field="code", value=code[:20], right=Phrase("right_printed", least=1, most=LONGEST_CODE))
    if not 1 <= (to_day - from_day).days <= LONGEST_DAYS:
        right = Phrase("right_days_away", most=LONGEST_DAYS)
        raise WrongInput(field="to_day", value=to_day.isoformat(), right=right)
    unknown = sorted(set(every_days) - set(CATEGORIES))
    if unknown or not every_days:
        known = ", ".join(CATEGORIES)
        raise WrongInput(field="category", value=", ".join(unknown), right=Phrase("right_one_of", known=known))
    for days in every_days.values():
        if not 1 <= days <= LONGEST_DAYS:
            raise WrongInput(
                field="every_days", value=str(days), right=Phrase("right_range", least=1, most=LONGEST_DAYS)
            )


def _check_survey(row: SurveyRound, day: date, manner: str, outcome: str, note: str | None) -> None:
    for field, value, known in (("manner", manner, MANNERS), ("outcome", outcome, OUTCOMES)):
        if value not in known:
            raise WrongInput(field=field, value=value[:20], right=Phrase("right_one_of", known=", ".join(known)))
    if not row.from_day <= day < row.to_day:
        right = Phrase("right_day_of_round", from_day=row.from_day, to_day=row.to_day)
        raise WrongInput(field="day", value=day.isoformat(), right=right)
    if note is not None and not 1 <= len(note) <= LONGEST_NOTE:
        raise WrongInput(field="note", value=str(len(note)), right=Phrase("right_length", least=1, most=LONGEST_NOTE))
