"""From a shortage straight to a draft project: streets, service, target group, places, budget; the trail is kept."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlmodel import Session
from sqlmodel import select as pick

from timebank.charity.life import RESOURCE
from timebank.charity.refusals import NoShortage
from timebank.charity.shortage import AREA, SERVICE, Asked, Lack, Short, lacks_of, require_streets, shortage_of
from timebank.core.clock import monday_of
from timebank.core.columns import table_of
from timebank.core.errors import WrongInput
from timebank.core.places import is_in_district
from timebank.core.texts import Phrase, say
from timebank.people.tables import AdvicePoint, Senior, Volunteer
from timebank.projects.eligibility import PERSON, categories_on
from timebank.projects.projects import (
    GoalDraft,
    ProjectDraft,
    ResourceDraft,
    SlotPattern,
    create_project,
    project_number,
)
from timebank.projects.tables import Project, ProjectOrigin
from timebank.rules.decision import age_on

POINT = table_of(AdvicePoint)
SENIOR = table_of(Senior)
VOLUNTEER = table_of(Volunteer)
WORKDAYS, OPENS_MIN, CLOSES_MIN = 5, 540, 1020
PLACES_A_SLOT = 4
MOST_WEEKS = 156
USUAL_WEEKLY_MIN = 120
"""Minutes a week of a volunteer where nobody there says how much."""
GRID_DEG = 0.005
"""A middle of homes is told to this grid alone, about 500 m: the mean of a few could give one of them away."""
MOSTLY = 0.9
"""Part of those who lack something whom the target group must reach; with fewer in categories it is open to all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is wanted: which shortage (week of a day, service, streets), from when, how many weeks, at which cost.

    ``cost_cents`` is what a place costs, or an hour of volunteers (meals, fares); an empty ``title_zh`` is made up.
    """

    day: date
    service: str
    streets: tuple[str, ...] = ()
    starts_on: date
    weeks: int = 13
    cost_cents: int = 0
    title_zh: str = ""


def draft_from_shortage(
    session: Session,
    office: int,
    wish: Wish,
    *,
    key: str,
    actor: str,
    now: datetime,
    worth: dict[str, dict[str, Any]] | None = None,
) -> Project:
    """Draft a project that would meet what is missing of a service in some streets; the same key is the same project.

    ``worth`` is what the engine said of one more, by street; it is kept with the trail.

    Raises
    ------
    StreetNotYours
        When the office does not work in one of the streets.
    NoShortage
        When nothing is missing there.
    NotFound
        When there is no such service or street.
    NotAllowed
        When the organisation is no charity office.
    WrongInput
        When weeks, cost or title cannot be.
    KeyConflict
        When the key was used for other content.
    """
    _check(wish)
    standing = session.exec(
        pick(Project).where(Project.organisation_id == office, Project.idempotency_key == key)
    ).first()
    require_streets(session, office, wish.streets)
    if standing is not None and _is_of(session, standing, wish):
        return standing
    asked = Asked(day=wish.day, organisation_id=office, service=wish.service)
    short = [
        row for row in shortage_of(session, asked) if row.unmet_min and row.street in (wish.streets or (row.street,))
    ]
    if not short:
        raise NoShortage(service=wish.service, week=asked.week)
    areas = {row.area_id for row in short}
    lacks = [lack for lack in lacks_of(session, asked) if lack.unmet_min and lack.area_id in areas]
    service = session.connection().execute(select(SERVICE).where(SERVICE.c.code == wish.service)).one()
    draft = _draft(session, wish, short, lacks, service, key)
    project = create_project(session, office, draft, idempotency_key=key, now=now)
    number = project_number(project)
    if wish.cost_cents and service.served_by == "slot":
        own = RESOURCE.c.project_id == number
        session.connection().execute(update(RESOURCE).where(own).values(place_cost_cents=wish.cost_cents))
    _keep_trail(session, number, service, short, worth or {}, actor, now)
    return project


def _keep_trail(
    session: Session,
    number: int,
    service: Row[Any],
    short: Sequence[Short],
    worth: dict[str, dict[str, Any]],
    actor: str,
    now: datetime,
) -> None:
    """Write down what was missing when the project was thought of."""
    session.add_all(
        ProjectOrigin(
            project_id=number,
            area_id=row.area_id,
            service_id=service.id,
            week=row.week,
            needed_min=row.needed_min,
            served_min=row.served_min,
            unmet_min=row.unmet_min,
            reasons=row.by_reason,
            worth=worth.get(row.street, {}),
            recorded_by=actor,
            recorded_at=now,
        )
        for row in short
    )
    session.flush()


def origin_of(session: Session, project_id: int) -> list[ProjectOrigin]:
    """Return the shortage that a project was drafted from, street by street; nothing for one that was not."""
    own = pick(ProjectOrigin).where(ProjectOrigin.project_id == project_id)
    return list(session.exec(own.order_by(ProjectOrigin.area_id)))  # type: ignore[arg-type]  # a column, at run time


def _is_of(session: Session, project: Project, wish: Wish) -> bool:
    """Tell whether a project that the key made is of the same wish: rows of the week may have changed since."""
    origins = origin_of(session, project_number(project))
    ends_on = wish.starts_on + timedelta(weeks=wish.weeks)
    same = {origin.week for origin in origins} == {monday_of(wish.day)}
    return same and (project.starts_on, project.ends_on) == (wish.starts_on, ends_on)


def _check(wish: Wish) -> None:
    if not 1 <= wish.weeks <= MOST_WEEKS:
        raise WrongInput(field="weeks", value=str(wish.weeks), right=Phrase("right_range", least=1, most=MOST_WEEKS))
    if not 0 <= wish.cost_cents <= 10**9:
        raise WrongInput(field="cost_cents", value=str(wish.cost_cents), right=Phrase("right_budget"))


def _draft(
    session: Session, wish: Wish, short: Sequence[Short], lacks: list[Lack], service: Row[Any], key: str
) -> ProjectDraft:
    """Fill a project in: as many places, or volunteers, as would have met what was missing in the week."""
    seniors = {lack.senior_id for lack in lacks}
    categories, min_age = _target_group(session, seniors, wish.day)
    streets = "、".join(row.street_zh for row in short)
    title = wish.title_zh or say("charity_draft_title", "zh", streets=streets, service=service.name_zh)
    words = {
        "week": short[0].week,
        "unmet": sum(row.unmet for row in short),
        "hours": f"{sum(row.unmet_min for row in short) / 60:.1f}",
        "streets": streets,
        "service": service.name_zh,
    }
    is_slot = service.served_by == "slot"
    resources = tuple(_resource(session, row, service, key) for row in short) if is_slot else ()
    weekly = sum(_places(row, service) for row in short) if is_slot else sum(row.unmet_min for row in short) / 60
    return ProjectDraft(
        title_zh=title[:120],
        aims=say("charity_draft_aims", "zh", **words)[:2000],
        budget_cents=ceil(weekly * wish.weeks * wish.cost_cents),
        starts_on=wish.starts_on,
        ends_on=wish.starts_on + timedelta(weeks=wish.weeks),
        categories=categories,
        subdistricts=tuple(row.street for row in short),
        min_age=min_age,
        resources=resources,
        goals=tuple(_goal(session, row, service) for row in short),
    )


def _target_group(session: Session, seniors: set[int], day: date) -> tuple[tuple[str, ...], int]:
    """Return the categories that most of those who lack something are in, fewest that reach them, and their least age.

    Where too many are in none the group is open to all; the least age is a multiple of five.
    """
    held = categories_on(session, day)
    left = {senior: held.get(senior, frozenset()) for senior in seniors}
    chosen: list[str] = []
    while True:
        counts = Counter(category for categories in left.values() for category in categories)
        if sum(1 for one in left.values() if not one) > (1 - MOSTLY) * len(seniors) or not counts:
            break
        category = min(counts, key=lambda name: (-counts[name], name))
        chosen.append(category)
        left = {senior: categories for senior, categories in left.items() if category not in categories}
        if len(left) <= (1 - MOSTLY) * len(seniors):
            break
    reached = len(left) <= (1 - MOSTLY) * len(seniors)
    born = session.connection().execute(select(func.max(PERSON.c.born_on)).where(PERSON.c.id.in_(seniors))).scalar_one()
    return (tuple(sorted(chosen)) if reached else ()), max(0, age_on(born, day) // 5 * 5)


def _places(row: Any, service: Row[Any]) -> int:
    """Return how many places a week would have met what is missing."""
    return ceil(int(row.unmet_min) / int(service.minutes))


def _resource(session: Session, row: Any, service: Row[Any], key: str) -> ResourceDraft:
    """Return a place in a street that is open as often as is needed, from Monday on, from nine to five."""
    lat, lon = _middle(session, row.area_id)
    wanted = _places(row, service)
    slots, patterns = ceil(wanted / PLACES_A_SLOT), []
    for number in range(slots):
        starts = OPENS_MIN + number // WORKDAYS * service.minutes
        if starts + service.minutes > CLOSES_MIN:
            break
        places = min(PLACES_A_SLOT, wanted - number * PLACES_A_SLOT)
        patterns.append(
            SlotPattern(
                weekdays=1 << number % WORKDAYS, starts_min=starts, ends_min=starts + service.minutes, places=places
            )
        )
    return ResourceDraft(
        code=f"{key[:40]}-{row.street}",
        name_zh=f"{row.street_zh}{service.name_zh}点",
        service=service.code,
        subdistrict=row.street,
        lat_deg=lat,
        lon_deg=lon,
        slots=tuple(patterns),
    )


def _middle(session: Session, area_id: int) -> tuple[float, float]:
    """Return where a resource could stand: an advice point of the street, else the middle of its homes, roughly."""
    committees = select(AREA.c.id).where((AREA.c.id == area_id) | (AREA.c.parent_id == area_id))
    point = select(POINT.c.lat_deg, POINT.c.lon_deg).where(POINT.c.area_id.in_(committees)).order_by(POINT.c.id)
    found = session.connection().execute(point.limit(1)).first()
    if found is not None and is_in_district(*found):
        lat, lon = found
    else:
        homes = select(func.avg(SENIOR.c.lat_deg), func.avg(SENIOR.c.lon_deg)).where(SENIOR.c.subdistrict_id == area_id)
        lat, lon = (round(round(mean / GRID_DEG) * GRID_DEG, 3) for mean in session.connection().execute(homes).one())
    return float(lat), float(lon)


def _goal(session: Session, row: Any, service: Row[Any]) -> GoalDraft:
    """Return what is to be given in a street, and by how many volunteers if volunteers give it."""
    volunteers = 0
    if service.served_by == "volunteer":
        usual = select(func.avg(VOLUNTEER.c.weekly_cap_min)).where(VOLUNTEER.c.subdistrict_id == row.area_id)
        weekly = float(session.connection().execute(usual).scalar() or USUAL_WEEKLY_MIN)
        volunteers = ceil(row.unmet_min / max(weekly, 1.0))
    return GoalDraft(street=row.street, service=service.code, weekly_min=row.unmet_min, volunteers=volunteers)
