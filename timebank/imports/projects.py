"""Files of projects: a row for each resource; rows of the same key are one project. They come in as drafts."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from timebank.core.clock import SHANGHAI
from timebank.core.columns import table_of
from timebank.core.errors import KeyConflict, WrongInput
from timebank.imports import cells, timetables
from timebank.imports.changes import Log
from timebank.imports.columns import Column, column_names, columns_of
from timebank.imports.faults import Faults
from timebank.imports.kinds import NOTHING, Counts, Entry, Kind, Work, note_doubles
from timebank.imports.known import Known
from timebank.imports.persons import PLACE_READS, settle_place
from timebank.imports.rows import rows_in
from timebank.projects.projects import ProjectDraft, ResourceDraft, SlotPattern, create_project, project_number
from timebank.projects.tables import Project, Resource, Slot

PROJECT = table_of(Project)
RESOURCE = table_of(Resource)
SLOT = table_of(Slot)
DEFAULTS = {"title_en": "", "aims": "", "budget": 0, "categories": (), "min_age": 0}
MOST_PROJECTS = 200
"""Each project brings up to thousands of slots."""
LONGEST_DAYS = 3 * 366
OF_PROJECT = (
    "organisation", "title_zh", "title_en", "aims", "budget", "starts_on", "ends_on", "categories", "min_age",
)  # fmt: skip
"""What every row of a project says alike."""
FIELD_COLUMNS = {"resources": "code", "resources.code": "code", "resources.slots": "hours", "endsOn": "ends_on"}
"""Fields that the bank refuses a project by, and the columns they come from; others show at the key."""
Draft = tuple[int, ProjectDraft, str]


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
        "weekdays": timetables.weekdays,
        "hours": timetables.hours,
        "places": cells.whole(1, 1000),
    }
    return columns_of("projects", PLACE_READS | own, DEFAULTS)


def compare(session: Session, known: Known, entries: Sequence[Entry], faults: Faults, today: date) -> Work:
    """Try each project in a transaction of its own that is taken back; those that stand are left alone."""
    names = column_names("projects")
    projects = _by_key(entries, names, faults)
    for entry in entries:
        settle_place(entry, known, faults)
        _check_entry(entry, known, names, faults)
    note_doubles(entries, "code", names["code"], "doubled_code", faults, masked=False)
    _note_taken(session, entries, names, faults)
    if faults.count:
        return NOTHING
    drafts = [(rows[0].values["organisation"], _draft(rows, known), key) for key, rows in projects.items()]
    standing = {draft[2]: _is_standing(session, draft, projects[draft[2]], names, faults, today) for draft in drafts}
    if None in standing.values():
        return NOTHING
    fresh = [draft for draft in drafts if not standing[draft[2]]]
    counts = Counts(len(fresh), 0, len(drafts) - len(fresh))
    return Work(counts, lambda session, log: _write(session, log, fresh, today))


def _by_key(entries: Sequence[Entry], names: Mapping[str, str], faults: Faults) -> dict[str, list[Entry]]:
    """Group rows by project; rows of one project agree on what is the project's."""
    projects: dict[str, list[Entry]] = {}
    for entry in entries:
        if not entry.has("key"):
            continue
        first = projects.setdefault(entry.values["key"], [])
        first.append(entry)
        if len(projects) == MOST_PROJECTS + 1 and len(first) == 1:
            entry.fault(faults, names["key"], entry.values["key"], "many_projects", most=MOST_PROJECTS)
        for key in OF_PROJECT:
            if entry.has(key) and first[0].has(key) and entry.values[key] != first[0].values[key]:
                entry.fault(faults, names[key], "", "project_rows", row=first[0].row, name=names[key])
    return projects


def _check_entry(entry: Entry, known: Known, names: Mapping[str, str], faults: Faults) -> None:
    """Note what no project may say: no office, a place where it does not work, a period without days."""
    values = entry.values
    if entry.has("organisation"):
        word = known.word_of(known.organisations, values["organisation"])
        if values["organisation"] not in known.offices:
            entry.fault(faults, names["organisation"], word, "not_office")
        elif entry.has("subdistrict") and not known.works_in(values["organisation"], values["subdistrict"]):
            word = known.word_of(known.subdistricts, values["subdistrict"])
            entry.fault(faults, names["subdistrict"], word, "office_elsewhere")
    if entry.has("starts_on", "ends_on") and not 0 < (values["ends_on"] - values["starts_on"]).days <= LONGEST_DAYS:
        entry.fault(faults, names["ends_on"], values["ends_on"], "period")


def _note_taken(session: Session, entries: Sequence[Entry], names: Mapping[str, str], faults: Faults) -> None:
    """Note resources whose number belongs to another project."""
    codes = [entry.values["code"] for entry in entries if entry.has("code")]
    standing = {row["code"]: row["project_id"] for row in rows_in(session, RESOURCE, RESOURCE.c.code, codes)}
    projects = rows_in(session, PROJECT, PROJECT.c.id, sorted(set(standing.values())))
    key_by_project = {row["id"]: row["idempotency_key"] for row in projects}
    for entry in entries:
        if entry.has("code", "key") and entry.values["code"] in standing:
            key = key_by_project[standing[entry.values["code"]]]
            if key != _key(entry.values["key"]):
                entry.fault(faults, names["code"], entry.values["code"], "code_taken")


def _draft(rows: list[Entry], known: Known) -> ProjectDraft:
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
        resources=tuple(_resource(entry.values, known) for entry in rows),
    )


def _resource(values: Mapping[str, Any], known: Known) -> ResourceDraft:
    starts_min, ends_min = values["hours"]
    slots = SlotPattern(weekdays=values["weekdays"], starts_min=starts_min, ends_min=ends_min, places=values["places"])
    return ResourceDraft(
        code=values["code"],
        name_zh=values["resource_name"],
        service=values["service"],
        subdistrict=known.code_by_area[values["subdistrict"]],
        lat_deg=values["lat"],
        lon_deg=values["lon"],
        slots=(slots,),
    )


def _is_standing(
    session: Session, draft: Draft, rows: list[Entry], names: Mapping[str, str], faults: Faults, today: date
) -> bool | None:
    """Tell whether the project stands already; what the bank refuses is a fault of its first row, and nothing."""
    organisation, asked, key = draft
    wanted = select(PROJECT.c.id).where(
        PROJECT.c.organisation_id == organisation, PROJECT.c.idempotency_key == _key(key)
    )
    standing = session.connection().execute(wanted).scalar_one_or_none()
    attempt = session.begin_nested()
    try:
        create_project(session, organisation, asked, idempotency_key=_key(key), now=_moment(today))
    except WrongInput as refusal:
        column = names[FIELD_COLUMNS.get(refusal.field, "key")]
        rows[0].fault(faults, column, refusal.value, "project", right=refusal.right)
        return None
    except KeyConflict:
        rows[0].fault(faults, names["key"], key, "project_differs")
        return None
    finally:
        attempt.rollback()
        session.expunge_all()
    return standing is not None


def _key(key: str) -> str:
    return f"import:{key}"


def _moment(today: date) -> datetime:
    return datetime.combine(today, time(12), tzinfo=SHANGHAI)


def _write(session: Session, log: Log, drafts: list[Draft], today: date) -> None:
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
