"""Files of projects: a row for each resource; rows of the same key are one project. They come in as drafts."""

from collections.abc import Sequence
from datetime import date, datetime, time

from sqlalchemy import Table, select
from sqlmodel import Session

from timebank.core.clock import SHANGHAI
from timebank.core.errors import KeyConflict, NotAllowed, WrongInput
from timebank.imports import cells
from timebank.imports.changes import Log
from timebank.imports.columns import Column, columns_of
from timebank.imports.faults import CellFault, Faults
from timebank.imports.kinds import Counts, Entry, Kind, Work
from timebank.imports.known import Known
from timebank.imports.persons import LAT, PLACE_READS
from timebank.projects.projects import ProjectDraft, ResourceDraft, SlotPattern, create_project, project_number
from timebank.projects.tables import Project, Resource, Slot

PROJECT: Table = Project.__table__  # type: ignore[attr-defined]  # SQLModel adds it
RESOURCE: Table = Resource.__table__  # type: ignore[attr-defined]  # SQLModel adds it
SLOT: Table = Slot.__table__  # type: ignore[attr-defined]  # SQLModel adds it
DEFAULTS = {"title_en": "", "aims": "", "budget": 0, "categories": (), "min_age": 0}
OF_PROJECT = {
    "organisation": "组织",
    "title_zh": "项目名称",
    "title_en": "英文名称",
    "aims": "宗旨",
    "budget": "预算",
    "starts_on": "开始日期",
    "ends_on": "结束日期",
    "categories": "帮助类别",
    "min_age": "最低年龄",
}
"""What every row of a project says alike, with its column."""


def columns(known: Known) -> tuple[Column, ...]:
    """Return the columns of a file of projects."""
    by_slot = {word: service.code for word, service in known.services.items() if service.served_by == "slot"}
    own = {
        "key": cells.ref,
        "organisation": cells.choice(known.organisations),
        "title_zh": cells.text(120),
        "title_en": cells.text(120),
        "aims": cells.text(500),
        "budget": cells.cents,
        "starts_on": cells.day,
        "ends_on": cells.day,
        "categories": cells.several(cells.category_words()),
        "min_age": cells.whole(0, 120),
        "code": cells.ref,
        "resource_name": cells.text(120),
        "service": cells.choice(by_slot),
        "subdistrict": cells.choice(known.subdistricts),
        "weekdays": cells.weekdays,
        "hours": cells.hours,
        "places": cells.whole(1, 1000),
    }
    return columns_of("projects", PLACE_READS | own, DEFAULTS)


def compare(session: Session, known: Known, entries: Sequence[Entry], faults: Faults, today: date) -> Work:
    """Try each project in a transaction of its own that is taken back; those that stand are left alone."""
    drafts: list[tuple[int, ProjectDraft, str]] = []
    unchanged = 0
    for key, rows in _by_key(entries, faults).items():
        organisation = rows[0].values["organisation"]
        draft = _draft(rows, known, faults)
        if organisation not in known.offices:
            rows[0].fault(faults, "组织", "", "not_office")
        elif draft is not None:
            stands = _try(session, organisation, draft, key, rows[0], faults, today)
            unchanged += stands
            drafts += [] if stands else [(organisation, draft, key)]
    counts = Counts(len(drafts), 0, unchanged)
    return Work(counts, lambda session, log: _write(session, log, drafts, today))


def _by_key(entries: Sequence[Entry], faults: Faults) -> dict[str, list[Entry]]:
    """Group rows by project; rows of one project agree on what is the project's."""
    projects: dict[str, list[Entry]] = {}
    for entry in entries:
        first = projects.setdefault(entry.values["key"], [])
        first.append(entry)
        for name, column in OF_PROJECT.items():
            if entry.values[name] != first[0].values[name]:
                entry.fault(faults, column, entry.values[name], "project_rows", row=first[0].row, name=column)
    return projects


def _draft(rows: list[Entry], known: Known, faults: Faults) -> ProjectDraft | None:
    before = faults.count
    resources = [resource for entry in rows if (resource := _resource(entry, known, faults)) is not None]
    if faults.count != before:
        return None
    values = rows[0].values
    return ProjectDraft(
        title_zh=values["title_zh"],
        title_en=values["title_en"],
        aims=values["aims"],
        budget_cents=values["budget"],
        starts_on=values["starts_on"],
        ends_on=values["ends_on"],
        categories=values["categories"],
        min_age=values["min_age"],
        resources=tuple(resources),
    )


def _resource(entry: Entry, known: Known, faults: Faults) -> ResourceDraft | None:
    values = entry.values
    try:
        lat, lon = known.place(values["lat"], values["lon"], values["system"])
    except CellFault as wrong:
        faults.add(entry.sheet, entry.row, LAT, f"{values['lat']:.2f}, {values['lon']:.2f}", wrong)
        return None
    starts_min, ends_min = values["hours"]
    slots = SlotPattern(weekdays=values["weekdays"], starts_min=starts_min, ends_min=ends_min, places=values["places"])
    return ResourceDraft(
        code=values["code"],
        name_zh=values["resource_name"],
        service=values["service"],
        subdistrict=known.code_by_area[values["subdistrict"]],
        lat_deg=lat,
        lon_deg=lon,
        slots=(slots,),
    )


def _try(
    session: Session, organisation: int, draft: ProjectDraft, key: str, entry: Entry, faults: Faults, today: date
) -> bool:
    """Tell whether the project stands already; what the bank refuses is a fault of its first row."""
    attempt = session.begin_nested()
    try:
        before = set(session.connection().execute(select(PROJECT.c.id)).scalars())
        project = create_project(session, organisation, draft, idempotency_key=_key(key), now=_moment(today))
        return project_number(project) in before
    except WrongInput as refusal:
        entry.fault(faults, refusal.field, refusal.value, "project", field=refusal.field, right=refusal.right)
    except (KeyConflict, NotAllowed):
        entry.fault(faults, "项目编号", key, "project_differs")
    finally:
        attempt.rollback()
        session.expunge_all()
    return False


def _key(key: str) -> str:
    return f"import:{key}"


def _moment(today: date) -> datetime:
    return datetime.combine(today, time(12), tzinfo=SHANGHAI)


def _write(session: Session, log: Log, drafts: list[tuple[int, ProjectDraft, str]], today: date) -> None:
    for organisation, draft, key in drafts:
        project = create_project(session, organisation, draft, idempotency_key=_key(key), now=_moment(today))
        number = project_number(project)
        own = select(RESOURCE.c.id).where(RESOURCE.c.project_id == number)
        for table, where in (
            (PROJECT, PROJECT.c.id == number),
            (RESOURCE, RESOURCE.c.project_id == number),
            (SLOT, SLOT.c.resource_id.in_(own)),
        ):
            rows = session.connection().execute(select(table).where(where)).mappings()
            log.note_added(table, [{**row} for row in rows])


PROJECTS = Kind(name="projects", columns=columns, compare=compare)
