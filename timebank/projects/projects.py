"""Charity projects: created by a charity office with resources, slots and a rule of who may use them."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import insert, update
from sqlmodel import Session, col, select

from timebank.core.columns import table_of
from timebank.core.database import wait_turn
from timebank.core.errors import KeyConflict, NotAllowed, NotFound, WrongInput, WrongState
from timebank.core.keys import check_key
from timebank.core.minutes import format_clock
from timebank.core.places import is_in_district
from timebank.core.texts import Phrase
from timebank.needs.tables import Service
from timebank.people.categories import CATEGORIES
from timebank.people.tables import Area, Organisation, OrganisationArea
from timebank.projects.tables import Booking, Project, ProjectGoal, Resource, Slot

SLOT = table_of(Slot)
PROJECT = table_of(Project)
BOOKING = table_of(Booking)
GIVE_PLACES = "give places"
"""The turn of whoever gives out places of slots or takes them back; see ``wait_turn``."""
MOST_RESOURCES = 50
MOST_SLOTS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotPattern:
    """The same times on some weekdays (bit set, bit 0 is Monday): from, until, places."""

    weekdays: int
    starts_min: int
    ends_min: int
    places: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceDraft:
    """A resource to be: service by code, sub-district by code, place (WGS-84), and when it is open."""

    code: str
    name_zh: str
    service: str
    subdistrict: str
    lat_deg: float
    lon_deg: float
    slots: tuple[SlotPattern, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalDraft:
    """What a project is to give in a street: street and service by code, minutes a week, how many volunteers."""

    street: str
    service: str
    weekly_min: int
    volunteers: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectDraft:
    """A project to be; ``eligibility`` parts that are empty ask for nothing. The period is half-open.

    A project whose goals volunteers reach needs no resources.
    """

    title_zh: str
    title_en: str = ""
    aims: str = ""
    budget_cents: int = 0
    starts_on: date
    ends_on: date
    categories: tuple[str, ...] = ()
    subdistricts: tuple[str, ...] = ()
    min_age: int = 0
    resources: tuple[ResourceDraft, ...] = field(default=())
    goals: tuple[GoalDraft, ...] = field(default=())


def create_project(
    session: Session, organisation_id: int, draft: ProjectDraft, *, idempotency_key: str, now: datetime
) -> Project:
    """Create a project with all its resources and slots as a draft, or return what the same key created.

    Raises
    ------
    NotAllowed
        When the organisation is no charity office.
    WrongInput
        Naming the field, its value and what would be right.
    KeyConflict
        When the key was used for other content.
    """
    organisation = session.get(Organisation, organisation_id)
    if organisation is None or organisation.kind != "charity_office":
        raise NotAllowed(action="createProject", needed=Phrase("needed_charity_office"))
    check_key(idempotency_key)
    wait_turn(session, "project")  # of two who bring the same key or code at once, the later one sees the earlier
    digest = _hash(draft)
    standing = session.exec(
        select(Project).where(Project.organisation_id == organisation_id, Project.idempotency_key == idempotency_key)
    ).first()
    if standing is not None:
        if standing.request_hash != digest:
            raise KeyConflict(key=idempotency_key)
        return standing
    _check(session, draft)
    area_by_code = _areas(session, organisation_id)
    _known("eligibility.subdistricts", draft.subdistricts, set(area_by_code))
    _known("resources.subdistrict", tuple(r.subdistrict for r in draft.resources), set(area_by_code))
    _known("goals.street", tuple(goal.street for goal in draft.goals), set(area_by_code))
    project = Project(
        organisation_id=organisation_id,
        idempotency_key=idempotency_key,
        request_hash=digest,
        title_zh=draft.title_zh,
        title_en=draft.title_en,
        aims=draft.aims,
        eligibility={
            "categories": list(draft.categories),
            "subdistricts": list(draft.subdistricts),
            "min_age": draft.min_age,
        },
        budget_cents=draft.budget_cents,
        starts_on=draft.starts_on,
        ends_on=draft.ends_on,
        created_at=now,
    )
    session.add(project)
    session.flush()
    _add_resources(session, project, draft, area_by_code)
    _add_goals(session, project, draft, area_by_code)
    return project


def _hash(draft: ProjectDraft) -> str:
    """Return the hash by which a key is compared with what it was used for; goals count where there are some."""
    content = asdict(draft)
    if not draft.goals:
        del content["goals"]
    return hashlib.sha256(json.dumps(content, default=str, sort_keys=True).encode()).hexdigest()


def _check(session: Session, draft: ProjectDraft) -> None:
    """Refuse what cannot be, field by field."""
    if not draft.title_zh.strip() or len(draft.title_zh) > 120:
        raise WrongInput(field="titleZh", value=draft.title_zh[:20], right=Phrase("right_length", least=1, most=120))
    if len(draft.title_en) > 120:
        raise WrongInput(field="titleEn", value=draft.title_en[:20], right=Phrase("right_length", least=0, most=120))
    if len(draft.aims) > 2000:
        raise WrongInput(field="aims", value=draft.aims[:20], right=Phrase("right_length", least=0, most=2000))
    if draft.ends_on <= draft.starts_on or (draft.ends_on - draft.starts_on).days > 3 * 366:
        raise WrongInput(field="endsOn", value=draft.ends_on.isoformat(), right=Phrase("right_period"))
    if not 0 <= draft.budget_cents <= 10**14:
        raise WrongInput(field="budgetCents", value=str(draft.budget_cents), right=Phrase("right_budget"))
    if not 0 <= draft.min_age <= 120:
        raise WrongInput(
            field="eligibility.minAge", value=str(draft.min_age), right=Phrase("right_range", least=0, most=120)
        )
    least = 0 if draft.goals else 1
    if not least <= len(draft.resources) <= MOST_RESOURCES:
        right = Phrase("right_range", least=least, most=MOST_RESOURCES)
        raise WrongInput(field="resources", value=str(len(draft.resources)), right=right)
    services = {service.code for service in session.exec(select(Service)) if service.served_by == "slot"}
    _known("eligibility.categories", draft.categories, set(CATEGORIES))
    _known("resources.service", tuple(resource.service for resource in draft.resources), services)
    codes = [resource.code for resource in draft.resources]
    taken = session.exec(select(Resource.code).where(col(Resource.code).in_(codes))).all()
    for resource in draft.resources:
        if resource.code in taken or codes.count(resource.code) > 1 or not 1 <= len(resource.code) <= 64:
            raise WrongInput(field="resources.code", value=resource.code[:64], right=Phrase("right_new_code", most=64))
        _check_resource(resource)
    _check_slots(draft)


def _check_slots(draft: ProjectDraft) -> None:
    """Refuse more dated slots than a project may have, without counting on for ever."""
    dated = (row for asked in draft.resources for row in slot_rows(draft.starts_on, draft.ends_on, asked.slots))
    if sum(1 for _ in islice(dated, MOST_SLOTS + 1)) > MOST_SLOTS:
        right = Phrase("right_most", most=MOST_SLOTS)
        raise WrongInput(field="resources.slots", value=f"{MOST_SLOTS}+", right=right)


def _check_resource(resource: ResourceDraft) -> None:
    if not resource.name_zh.strip() or len(resource.name_zh) > 120:
        right = Phrase("right_length", least=1, most=120)
        raise WrongInput(field="resources.nameZh", value=resource.name_zh[:20], right=right)
    if not is_in_district(resource.lat_deg, resource.lon_deg):
        place = f"{resource.lat_deg:.3f}, {resource.lon_deg:.3f}"
        raise WrongInput(field="resources.place", value=place, right=Phrase("right_place"))
    taken_by_start: dict[int, int] = {}
    for slot in resource.slots:
        when = f"{format_clock(slot.starts_min)}-{format_clock(slot.ends_min)}"
        in_day = 0 <= slot.starts_min < slot.ends_min <= 1440
        if not (in_day and 1 <= slot.weekdays <= 127 and 1 <= slot.places <= 1000):
            value = f"{when}, {slot.places}"
            raise WrongInput(field="resources.slots", value=value, right=Phrase("right_slot", most=1000))
        if taken_by_start.get(slot.starts_min, 0) & slot.weekdays:
            raise WrongInput(field="resources.slots", value=when, right=Phrase("right_slot_once"))
        taken_by_start[slot.starts_min] = taken_by_start.get(slot.starts_min, 0) | slot.weekdays


def _known(field_name: str, values: Sequence[str], known: set[str]) -> None:
    for value in values:
        if value not in known:
            right = Phrase("right_one_of", known=", ".join(sorted(known)))
            raise WrongInput(field=field_name, value=value[:64], right=right)


def _areas(session: Session, organisation_id: int) -> dict[str, int]:
    """Sub-districts of the organisation by code."""
    wanted = (
        select(Area.code, Area.id)
        .join(OrganisationArea, OrganisationArea.area_id == Area.id)  # type: ignore[arg-type]  # SQLModel columns compare to SQL
        .where(OrganisationArea.organisation_id == organisation_id)
    )
    return {code: number for code, number in session.exec(wanted) if number is not None}


def _add_resources(session: Session, project: Project, draft: ProjectDraft, areas: dict[str, int]) -> None:
    rows: list[dict[str, Any]] = []
    for asked in draft.resources:
        resource = Resource(
            project_id=project_number(project),
            service_id=session.exec(select(Service.id).where(Service.code == asked.service)).one() or 0,
            code=asked.code,
            name_zh=asked.name_zh,
            lat_deg=asked.lat_deg,
            lon_deg=asked.lon_deg,
            subdistrict_id=areas[asked.subdistrict],
        )
        session.add(resource)
        session.flush()
        rows += [row | {"resource_id": resource.id} for row in slot_rows(draft.starts_on, draft.ends_on, asked.slots)]
    if rows:
        session.connection().execute(insert(SLOT), rows)


def _add_goals(session: Session, project: Project, draft: ProjectDraft, areas: dict[str, int]) -> None:
    services = {service.code: service.id or 0 for service in session.exec(select(Service))}
    _known("goals.service", tuple(goal.service for goal in draft.goals), set(services))
    session.add_all(
        ProjectGoal(
            project_id=project_number(project),
            area_id=areas[goal.street],
            service_id=services[goal.service],
            weekly_min=goal.weekly_min,
            volunteers=goal.volunteers,
        )
        for goal in draft.goals
    )
    session.flush()


def slot_rows(starts_on: date, ends_on: date, patterns: Sequence[SlotPattern]) -> Iterator[dict[str, Any]]:
    """Yield the dated slots of weekly patterns over a period (half-open)."""
    for number in range((ends_on - starts_on).days):
        day = starts_on + timedelta(days=number)
        for pattern in patterns:
            if pattern.weekdays >> day.weekday() & 1:
                yield {
                    "day": day,
                    "starts_min": pattern.starts_min,
                    "ends_min": pattern.ends_min,
                    "places": pattern.places,
                }


def project_number(project: Project) -> int:
    """Return the number of a stored project."""
    if project.id is None:
        message = "The project is not stored yet."
        raise ValueError(message)
    return project.id


def project_of(session: Session, organisation_id: int, project_id: int) -> Project:
    """Return a project of an organisation.

    Raises
    ------
    NotFound
        When there is none, or it is another's.
    """
    own = select(Project).where(Project.id == project_id, Project.organisation_id == organisation_id)
    project = session.exec(own).first()
    if project is None:
        raise NotFound(kind="project", key=str(project_id))
    return project


def start_project(session: Session, organisation_id: int, project_id: int) -> Project:
    """Let a drafted project run, so that its slots can be given out; a running one stays as it is.

    Raises
    ------
    NotFound
        When there is none, or it is another's.
    WrongState
        When it is over or called off.
    """
    return _move(session, project_of(session, organisation_id, project_id), frm=("draft",), to="running")


def cancel_project(session: Session, organisation_id: int, project_id: int, *, from_day: date) -> Project:
    """Call a project off: its slots are given out no more, and bookings from a day on are cancelled.

    What was used or missed stays, and so do bookings before the day. Doing it again changes nothing. The seniors
    concerned are unmet until the next plan; the cancelled bookings say who they are.

    Raises
    ------
    NotFound
        When there is none, or it is another's.
    WrongState
        When it is closed.
    """
    wait_turn(session, GIVE_PLACES)
    project = _move(session, project_of(session, organisation_id, project_id), frm=("draft", "running"), to="cancelled")
    own = (
        select(Slot.id)
        .join(Resource, col(Resource.id) == col(Slot.resource_id))
        .where(Resource.project_id == project_id, Slot.day >= from_day)
    )
    ahead = (BOOKING.c.status == "booked", BOOKING.c.slot_id.in_(own))
    session.connection().execute(update(BOOKING).where(*ahead).values(status="cancelled"))
    return project


def _move(session: Session, project: Project, *, frm: tuple[str, ...], to: str) -> Project:
    """Change the state if it is one of ``frm``; of two who try at once, the second sees what the first did."""
    moved = update(PROJECT).where(PROJECT.c.id == project.id, PROJECT.c.status.in_(frm)).values(status=to)
    session.connection().execute(moved)
    session.refresh(project)
    if project.status != to:
        allowed = " or ".join(frm)
        raise WrongState(kind="project", key=str(project.id), state=project.status, allowed=allowed)
    return project
