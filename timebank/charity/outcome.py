"""What came of a project: every figure with the rows that it counts, and projects beside each other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Select, func, literal, or_, select
from sqlmodel import Session

from timebank.charity import lines
from timebank.charity.life import stage_of
from timebank.core.errors import NotFound
from timebank.projects.listing import list_projects
from timebank.projects.projects import project_of
from timebank.projects.tables import Project

PAGE_LINES = 500


class Line(NamedTuple):
    """A row that a figure counts: which one, of which day, for whom (by reference, or nobody), what, and how much."""

    source: str
    number: int
    day: date | None
    senior_ref: str
    what: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure under a key such as ``services/bath``: its unit (times, min, persons, pieces, cents) and value.

    ``parts`` are the figures that one without rows of its own is worked out from.
    """

    key: str
    unit: str
    value: int | None
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a project, as its rows are now."""

    project: Project
    stage: str
    figures: tuple[Figure, ...]

    def __getitem__(self, key: str) -> Figure:
        """Return a figure.

        Raises
        ------
        NotFound
            When there is none of that key.
        """
        found = next((figure for figure in self.figures if figure.key == key), None)
        if found is None:
            raise NotFound(kind="figure", key=key[:80])
        return found


def outcome_of(session: Session, office: int, project_id: int) -> Outcome:
    """Count what came of a project of an office.

    Raises
    ------
    NotFound
        When there is none, or it is another's.
    """
    project = project_of(session, office, project_id)
    return Outcome(project=project, stage=stage_of(session, project), figures=tuple(_figures(session, project)))


def _figures(session: Session, project: Project) -> Iterator[Figure]:
    persons = _persons_helped(session, project)
    yield Figure(key="persons", unit="persons", value=persons)
    for name, rows in (("services", lines.places(project, "used")), ("visits", lines.visits(project))):
        for what, times, minutes in _by_what(session, rows):
            yield Figure(key=f"{name}/{what}", unit="times", value=times)
            yield Figure(key=f"{name}_min/{what}", unit="min", value=minutes)
    for name, unit in (("missed", "times"), ("handouts", "times"), ("hours", "min"), ("contributions", "cents")):
        yield Figure(key=name, unit=unit, value=_sum(session, counted(project, name)))
    spent = _sum(session, counted(project, "spent"))
    yield Figure(key="spent", unit="cents", value=spent)
    cost = round(spent / persons) if persons else None
    yield Figure(key="cost_per_person", unit="cents", value=cost, parts=("spent", "persons"))


def counted(project: Project, key: str) -> Select[Any]:
    """Return the query of the rows that a figure counts, each with its amount in the figure.

    Raises
    ------
    NotFound
        When the figure has no rows of its own.
    """
    name, _, what = key.partition("/")
    by_name = {
        "persons": lambda: _persons(project),
        "services": lambda: _once(_of(lines.places(project, "used"), what)),
        "services_min": lambda: _of(lines.places(project, "used"), what),
        "visits": lambda: _once(_of(lines.visits(project), what)),
        "visits_min": lambda: _of(lines.visits(project), what),
        "missed": lambda: _once(lines.places(project, "missed")),
        "handouts": lambda: _once(lines.handouts(project)),
        "hours": lambda: lines.hours(project),
        "contributions": lambda: lines.contributions(project),
        "spent": lambda: lines.spent(project),
    }
    if name not in by_name:
        raise NotFound(kind="figure", key=key[:80])
    return by_name[name]()


def trace(
    session: Session, project: Project, key: str, *, first: int = PAGE_LINES, after: tuple[str, int] = ("", 0)
) -> list[Line]:
    """Return up to ``first`` rows that a figure counts, by source and number, after these two of the page before.

    Raises
    ------
    NotFound
        When the figure has no rows of its own.
    """
    rows = counted(project, key).subquery()
    c = rows.c
    wanted = (
        select(c.source, c.number, c.day, lines.SENIOR.c.external_ref, c.what, c.amount)
        .select_from(rows.outerjoin(lines.SENIOR, lines.SENIOR.c.person_id == c.senior_id))
        .where(or_(c.source > after[0], (c.source == after[0]) & (c.number > after[1])))
        .order_by(c.source, c.number)
        .limit(first)
    )
    return [
        Line(row.source, row.number, row.day, row.external_ref or "", row.what, row.amount)
        for row in session.connection().execute(wanted)
    ]


def every_line(session: Session, project: Project, key: str) -> Iterator[Line]:
    """Yield every row that a figure counts, page by page."""
    after = ("", 0)
    while page := trace(session, project, key, after=after):
        yield from page
        after = (page[-1].source, page[-1].number)


class Compared(NamedTuple):
    """A project beside others: what it spent, whom it helped, and what a person helped cost; in cents."""

    project: Project
    stage: str
    persons: int
    spent_cents: int
    cost_cents: int | None


def compare_projects(session: Session, office: int, *, first: int, before_id: int | None = None) -> list[Compared]:
    """Return up to ``first`` (1 to 100) projects of an office, newest first, each with its cost per person helped.

    Raises
    ------
    ValueError
        When ``first`` is out of its bounds.
    """
    return [_compared(session, project) for project in list_projects(session, office, first=first, before_id=before_id)]


def by_cost(compared: Sequence[Compared]) -> list[Compared]:
    """Order projects by what a person helped cost; those that helped nobody come last."""
    return sorted(compared, key=lambda one: (one.cost_cents is None, one.cost_cents or 0, one.project.id or 0))


def _compared(session: Session, project: Project) -> Compared:
    persons, spent = _persons_helped(session, project), _sum(session, lines.spent(project))
    cost = round(spent / persons) if persons else None
    return Compared(project, stage_of(session, project), persons, spent, cost)


def _persons_helped(session: Session, project: Project) -> int:
    rows = lines.given(project)
    wanted = select(func.count(rows.c.senior_id.distinct()))
    return int(session.connection().execute(wanted).scalar_one())


def _persons(project: Project) -> Select[Any]:
    """Everyone helped, once, with the first day of it."""
    rows = lines.given(project)
    return select(
        literal("senior").label("source"),
        rows.c.senior_id.label("number"),
        func.min(rows.c.day).label("day"),
        rows.c.senior_id.label("senior_id"),
        literal("").label("what"),
        literal(1).label("amount"),
    ).group_by(rows.c.senior_id)


def _of(rows: Select[Any], what: str) -> Select[Any]:
    """Keep the rows of one service."""
    return rows.where(lines.SERVICE.c.code == what)


def _once(rows: Select[Any]) -> Select[Any]:
    """Count each row once, whatever its amount."""
    part = rows.subquery()
    return select(*(literal(1).label("amount") if column.name == "amount" else column for column in part.c))


def _by_what(session: Session, rows: Select[Any]) -> list[tuple[str, int, int]]:
    """Return times and minutes by service."""
    part = rows.subquery()
    wanted = select(part.c.what, func.count(), func.sum(part.c.amount)).group_by(part.c.what).order_by(part.c.what)
    return [(str(what), int(times), int(minutes)) for what, times, minutes in session.connection().execute(wanted)]


def _sum(session: Session, rows: Select[Any]) -> int:
    part = rows.subquery()
    return int(session.connection().execute(select(func.coalesce(func.sum(part.c.amount), 0))).scalar_one())
