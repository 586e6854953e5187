"""The charity projects of the year: one each quarter, from draft to closure, with donors, helpers and people helped."""

from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session, col
from sqlmodel import select as pick

from timebank.charity.applications import answer, apply
from timebank.charity.budget import By, Promise, commit, plan_line, release, spend
from timebank.charity.life import Asked, stage_of, take_step
from timebank.charity.means import Brought, hand_out, receive
from timebank.charity.outcome import outcome_of
from timebank.core.clock import moment_at
from timebank.demo.district import OFFICE
from timebank.demo.year.chapter import Chapter, Year
from timebank.people.belonging import areas_of
from timebank.people.tables import Area, Organisation, OrganisationArea, Volunteer
from timebank.projects.eligibility import CATEGORY, SENIOR
from timebank.projects.projects import GoalDraft, ProjectDraft, create_project
from timebank.projects.tables import Commitment, Contribution, Project, ProjectStep

QUARTER_DAYS = 91
HANDOUTS_A_YEAR = 1_200
"""Parcels that the projects of a year hand out in the published district; nobody published such a figure."""
PARCEL_CENTS, WEEKLY_CENTS, DONATED_CENTS = 12_000, 150_000, 3_000_000
MORNING_MIN, MONDAY, FRIDAY = 600, 0, 4
PLANNER, HEAD = "代表处 经办", "代表处 负责人"
THEMES = (
    ("孤老暖冬", "Warm winter for the childless", "childless"),
    ("重残春行", "Spring for the severely disabled", "severe_registered_disability"),
    ("失能消暑", "A cool summer for the impaired", "severe_functional_impairment"),
    ("独居金秋", "Autumn with those who live alone", "living_alone_advanced_age"),
)
"""Title in Chinese and English, and whom a quarter's project is for."""
KEY = "year project "


class Span(NamedTuple):
    """A project of the year: its number and its days, half-open."""

    number: int
    starts_on: date
    ends_on: date


def spans(year: Year) -> list[Span]:
    """Return the projects of a year in their order; a part of a year has fewer, and always one."""
    count = max(1, round(year.days / QUARTER_DAYS))
    firsts = [year.starts_on + timedelta(days=year.days * number // count) for number in range(count)]
    return [Span(*row) for row in zip(range(count), firsts, [*firsts[1:], year.ends_on], strict=True)]


def prepare(_session: Session, _year: Year) -> None:
    """Have nothing to do: a project begins on its first day."""


def play(session: Session, year: Year, day: date) -> None:
    """Begin, keep up or close the project of a day."""
    span = next(one for one in spans(year) if one.starts_on <= day < one.ends_on)
    office = session.exec(pick(Organisation.id).where(Organisation.code == OFFICE)).one() or 0
    if day == span.starts_on:
        _begin(session, year, office, span)
    project = _project(session, office, span)
    _give(session, year, project, day)
    if day.weekday() == MONDAY or day == span.starts_on:
        promise = Promise(line="staff", what="护理员", party="甘泉社区服务社", amount_cents=_sized(year, WEEKLY_CENTS))
        commit(session, office, project.id or 0, promise, _by(day, f"staff {day}"))
    if day.weekday() == FRIDAY:
        _pay(session, office, project, day)
    if day + timedelta(days=1) == span.ends_on:
        _close(session, office, project, day)


def count(session: Session, _year: Year) -> dict[str, int]:
    """Count charities, those of them for seniors, projects of the year that were closed, and people they helped."""
    charities = select(func.count()).where(col(Organisation.kind) == "charity")
    connection = session.connection()
    wanted = pick(Project).where(col(Project.idempotency_key).startswith(KEY)).order_by(col(Project.id))
    projects = session.exec(wanted).all()
    own = [project.id for project in projects]
    outcomes = [outcome_of(session, project.organisation_id, project.id or 0) for project in projects]
    closed = select(func.count()).where(col(ProjectStep.to_stage) == "closed", col(ProjectStep.project_id).in_(own))
    return {
        "care_force.charities": connection.execute(charities).scalar_one(),
        "care_force.charities_for_seniors": connection.execute(
            charities.where(col(Organisation.serves_seniors).is_(True))
        ).scalar_one(),
        "charity.projects_closed": connection.execute(closed).scalar_one(),
        "charity.persons_helped": sum(one["persons"].value or 0 for one in outcomes),
        "charity.handouts": sum(one["handouts"].value or 0 for one in outcomes),
    }


def _begin(session: Session, year: Year, office: int, span: Span) -> None:
    """Draft, decide, recruit and start a project, with its budget and what donors bring."""
    zh, en, category = THEMES[span.number % len(THEMES)]
    now = moment_at(span.starts_on, MORNING_MIN)
    street = session.exec(
        pick(Area.code)
        .join(OrganisationArea, col(OrganisationArea.area_id) == col(Area.id))
        .where(OrganisationArea.organisation_id == office)
        .order_by(col(Area.id))
        .limit(1)
    ).one()
    draft = ProjectDraft(
        title_zh=zh,
        title_en=en,
        aims="入户送物资，问安康",
        starts_on=span.starts_on,
        ends_on=span.ends_on,
        categories=(category,),
        goals=(GoalDraft(street=street, service="greeting", weekly_min=600, volunteers=10),),
    )
    project = create_project(session, office, draft, idempotency_key=f"{KEY}{span.number}", now=now)
    number, day = project.id or 0, span.starts_on
    parts: dict[str, Any] = {"donor_kind": "company", "received_on": day}
    money = Brought(donor="沪光集团", kind="money", what="捐款", value_cents=_sized(year, DONATED_CENTS), **parts)
    parcels = sum(year.quota(HANDOUTS_A_YEAR, day + timedelta(days=n)) for n in range((span.ends_on - day).days))
    goods = Brought(
        donor="惠民粮油",
        kind="goods",
        what="生活包",
        unit="份",
        quantity=max(1, parcels),
        value_cents=max(1, parcels) * PARCEL_CENTS,
        **parts,
    )
    for name, brought in (("money", money), ("goods", goods)):
        receive(session, office, number, brought, _by(day, name))
    plan_line(session, office, number, code="staff", name_zh="护理人员", planned_cents=money.value_cents * 9 // 10)
    for to, actor in (("submitted", PLANNER), ("approved", HEAD), ("recruiting", PLANNER)):
        take_step(session, office, number, Asked(to, actor, now))
    _recruit(session, year, office, number, span)
    take_step(session, office, number, Asked("running", PLANNER, now))


def _recruit(session: Session, year: Year, office: int, number: int, span: Span) -> None:
    """Let a social organisation and some volunteers apply; every third is told that there are enough."""
    now = moment_at(span.starts_on, MORNING_MIN)
    helper = pick(Organisation.id).where(Organisation.kind == "social_organisation").order_by(col(Organisation.id))
    organisation = session.exec(helper.limit(1)).one() or 0
    rows = [apply(session, number, key="helper", now=now, organisation_id=organisation, offer="承担入户")]
    wanted = max(3, year.sized(40))
    people = session.exec(
        pick(Volunteer.person_id)
        .where(Volunteer.status == "active")
        .order_by(col(Volunteer.person_id))
        .offset(span.number * wanted)
        .limit(wanted)
    ).all()
    rows += [apply(session, number, key=f"{who}", now=now, volunteer_id=who, offer="每周一次") for who in people]
    for place, row in enumerate(rows):
        enough = place % 3 == 2
        words = {"reason": "名额已满" if enough else "", "actor": PLANNER}
        answer(session, office, row.id or 0, is_accepted=not enough, now=now, **words)


def _give(session: Session, year: Year, project: Project, day: date) -> None:
    """Hand out the parcels of a day to seniors whom the project is for, drawn by chance."""
    chance = year.random("projects", day)
    goods = pick(Contribution.id).where(Contribution.project_id == project.id, Contribution.kind == "goods")
    contribution = session.exec(goods).one() or 0
    own = areas_of(project.organisation_id)
    reached = (
        select(SENIOR.c.external_ref)
        .join(CATEGORY, CATEGORY.c.senior_id == SENIOR.c.person_id)
        .where(CATEGORY.c.category.in_(project.eligibility["categories"]), CATEGORY.c.from_day <= day)
        .where(CATEGORY.c.to_day.is_(None) | (CATEGORY.c.to_day > day))
        .where(SENIOR.c.status == "active", SENIOR.c.subdistrict_id.in_(own))
    )
    known = session.connection().execute(select(func.count()).select_from(reached.subquery())).scalar_one()
    for number in range(year.quota(HANDOUTS_A_YEAR, day) if known else 0):
        at = int(chance.integers(known))
        one = reached.order_by(SENIOR.c.person_id).offset(at).limit(1)
        senior = session.connection().execute(one).scalar_one()
        by = _by(day, f"{day} {number}")
        hand_out(session, project.organisation_id, contribution, senior=senior, quantity=1, by=by)


def _pay(session: Session, office: int, project: Project, day: date) -> None:
    """Pay nine tenths of what is open; what came cheaper is let go."""
    open_ones = pick(Commitment).where(Commitment.project_id == project.id, Commitment.open_cents > 0)
    for row in session.exec(open_ones.order_by(col(Commitment.id))).all():
        paid = max(1, row.open_cents * 9 // 10)
        spend(session, office, row.id or 0, paid, _by(day, f"pay {day}"))
        release(session, office, row.id or 0, _by(day, f"rest {day}"))


def _close(session: Session, office: int, project: Project, day: date) -> None:
    _pay(session, office, project, day)
    if stage_of(session, project) == "running":
        take_step(session, office, project.id or 0, Asked("closed", HEAD, moment_at(day, MORNING_MIN), "期满结项"))


def _project(session: Session, office: int, span: Span) -> Project:
    own = pick(Project).where(Project.organisation_id == office, Project.idempotency_key == f"{KEY}{span.number}")
    return session.exec(own).one()


def _by(day: date, key: str) -> By:
    return By(PLANNER, moment_at(day, MORNING_MIN), day, key)


def _sized(year: Year, cents: int) -> int:
    return max(1, round(cents * year.scale))


CHAPTER = Chapter(key="projects", prepare=prepare, play=play, count=count)
