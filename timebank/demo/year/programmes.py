"""The year of the programmes: contracts, a plan every four weeks, greetings and visits, who was away, who was missed.

Shares that nobody published are assumed: who is away, who declines, who is asked; they are chosen so that a year at
the published contracts comes to the published greetings and visits.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Engine, Row, func, select, update
from sqlmodel import Session

from timebank.core.clock import moment_at
from timebank.core.columns import table_of
from timebank.core.database import expect_much, transaction
from timebank.demo.play import play_visits
from timebank.demo.year.chapter import DAYS_OF_YEAR, Chapter, Year
from timebank.ledger.seals import seal_transfers
from timebank.needs.tables import Need, Service
from timebank.people.absences import record_absence
from timebank.people.tables import Area, Organisation, Senior, Volunteer, VolunteerSkill
from timebank.planning.in_force import PLAN
from timebank.planning.problem_rows import Question
from timebank.planning.runs import make_plan
from timebank.planning.seasons import Spell
from timebank.planning.storing import publish_plan
from timebank.programmes.away import call_off_away
from timebank.programmes.enrolments import enrol_waiting
from timebank.programmes.feedback import Said, give_many
from timebank.programmes.follow_ups import FOLLOW_UP, Closing, close_many, open_follow_ups
from timebank.programmes.greetings import Greeting, programme_visits, write_contacts
from timebank.programmes.partnerships import PARTNERSHIP, answer, answer_all, propose_pairs
from timebank.programmes.programmes import ENROLMENT, PROGRAMME, ProgrammeDraft, add_season, create_programme
from timebank.programmes.programmes import list_programmes as programmes_of
from timebank.programmes.tables import CareProgramme
from timebank.visits.life import VISIT

NEED, SERVICE, SENIOR, AREA, ORGANISATION, VOLUNTEER, SKILL = map(
    table_of, (Need, Service, Senior, Area, Organisation, Volunteer, VolunteerSkill)
)
NAME = "programmes"
HORIZON_DAYS, LAST_DAYS = 28, 14
"""Days of a plan; fewer than a fortnight at the end of the year belong to the plan before."""
EVERY_DAY_IN = (("cold", (1, 20), 6), ("heat", (7, 15), 14))
"""The coldest days and a fortnight of heat, month and day of their first and how many: a greeting every day."""
CAP_MIN, EVERY_DAY, SENIORS_EACH = 450, 127, 6
"""Who signs for the year comes on every weekday, takes up to six seniors, and has the minutes for every day of them."""
AWAY = {"greeting": 0.008, "door_visit": 0.05}
"""Part of the days on which seniors are in hospital or with family."""
AWAY_DAYS = (5, 21)
DECLINED, ASKED, AT_DOOR, UNWELL, LATE = 0.01, 0.01, 0.05, 0.005, 0.03
OUTCOMES = ("well", "helped", "with_family", "in_hospital", "held", "other")
OUTCOME_SHARES = (0.7, 0.08, 0.1, 0.04, 0.06, 0.02)
PROGRAMMES = (
    ("LB", "老伙伴", "Old Partner", "greeting", ("every_n_days", 2), (), "phone"),
    ("MF", "一周一上门", "Weekly visit", "door_visit", ("per_week", 1), ("childless",), "door"),
)
"""Code, names, service, frequency, categories and usual way of what each organisation runs."""
MORNING_MIN, NOON_MIN, EVENING_MIN = 7 * 60, 11 * 60, 22 * 60


def prepare(session: Session, year: Year) -> None:
    """Let every social organisation run both programmes in its streets, for those who wait."""
    now = moment_at(year.starts_on, 0)
    social = select(ORGANISATION.c.id, ORGANISATION.c.code, ORGANISATION.c.name_zh).where(
        ORGANISATION.c.kind == "social_organisation"
    )
    for row in session.connection().execute(social.order_by(ORGANISATION.c.id)).all():
        for code, zh, en, service, frequency, categories, way in PROGRAMMES:
            quotas = _quotas(session, row.id, service)
            draft = ProgrammeDraft(
                code=f"{code}-{row.code}",
                name_zh=f"{row.name_zh}{zh}",
                name_en=en,
                service=service,
                from_day=year.starts_on,
                to_day=max(year.ends_on, year.starts_on + timedelta(days=DAYS_OF_YEAR)),
                quotas=quotas,
                frequency_kind=frequency[0],
                frequency_count=frequency[1],
                categories=tuple(categories),
                usual_way=way,
            )
            if not quotas:
                continue
            actor = f"organisation:{row.id}"
            programme = create_programme(session, row.id, draft, actor=actor, idempotency_key=draft.code, now=now)
            for cause, spell in _spells(year) if service == "greeting" else ():
                add_season(session, programme, spell, cause=cause, actor=actor, now=now)
            enrol_waiting(session, programme, actor=actor, now=now)
    greets = select(SKILL.c.volunteer_id).join(SERVICE, SERVICE.c.id == SKILL.c.service_id)
    who = VOLUNTEER.c.person_id.in_(greets.where(SERVICE.c.code == "greeting"))
    greeters = {"weekly_cap_min": CAP_MIN, "weekdays": EVERY_DAY, "max_needs": SENIORS_EACH}
    session.connection().execute(update(VOLUNTEER).where(who).values(greeters))


def _quotas(session: Session, organisation_id: int, service: str) -> dict[str, int]:
    """Count who waits for a service of an organisation, by street."""
    waiting = (
        select(AREA.c.code, func.count())
        .select_from(NEED)
        .join(SERVICE, SERVICE.c.id == NEED.c.service_id)
        .join(SENIOR, SENIOR.c.person_id == NEED.c.senior_id)
        .join(AREA, AREA.c.id == SENIOR.c.subdistrict_id)
        .where(NEED.c.organisation_id == organisation_id, SERVICE.c.code == service, NEED.c.status == "open")
        .group_by(AREA.c.code)
    )
    return {row[0]: row[1] for row in session.connection().execute(waiting.order_by(AREA.c.code))}


def _spells(year: Year) -> Iterator[tuple[str, Spell]]:
    """Yield the cold and the heat of a year; of fewer days they are as much shorter, where they lie within them."""
    for cause, start, length in EVERY_DAY_IN:
        days = round(length * year.days / DAYS_OF_YEAR)
        first = date(year.starts_on.year, *start)
        if days and year.starts_on <= first <= year.ends_on - timedelta(days=days):
            yield cause, Spell(first, first + timedelta(days=days), is_yearly=False, kind="every_n_days", times=1)


def horizon(year: Year, day: date) -> int:
    """Return the days of the plan that begins on a day; 0 when none does."""
    number = (day - year.starts_on).days
    left = year.days - number
    if number % HORIZON_DAYS or (number and left < LAST_DAYS):
        return 0
    return left if left < HORIZON_DAYS + LAST_DAYS else HORIZON_DAYS


def ahead(engine: Engine, year: Year, day: date) -> None:
    """Plan, ask the pairs that are new, plan again if somebody declined, and put it into force."""
    days = horizon(year, day)
    if not days or _is_planned(engine, day):
        return
    question, now = Question(starts_on=day, horizon_days=days, served_by="volunteer"), moment_at(day, 0)
    plan = make_plan(engine, question, now=now)
    with transaction(engine) as session:
        declined = _ask_pairs(session, year, plan, day)
    if declined:
        plan = make_plan(engine, question, now=now)
    with transaction(engine) as session:
        expect_much(session)
        _ask_pairs(session, year, plan, day, declines=False)
        publish_plan(session, plan)


def _is_planned(engine: Engine, day: date) -> bool:
    with transaction(engine, read_only=True) as session:
        wanted = select(PLAN.c.id).where(PLAN.c.starts_on == day, PLAN.c.state != "proposed")
        return session.connection().execute(wanted.limit(1)).first() is not None


def _programmes(session: Session) -> list[CareProgramme]:
    return programmes_of(session, None, first=100)


def _ask_pairs(session: Session, year: Year, plan: int, day: date, *, declines: bool = True) -> int:
    """Propose a plan's new pairs and write down what both sides said; returns how many declined."""
    random, now, p, declined = year.random(f"{NAME} pairs", day), moment_at(day, 0), PARTNERSHIP.c, 0
    for programme in _programmes(session):
        actor = f"organisation:{programme.organisation_id}"
        propose_pairs(session, programme, plan, actor=actor, now=now)
        proposed = select(p.id).where(p.programme_id == programme.id, p.state == "proposed").order_by(p.id)
        pairs = list(session.connection().execute(proposed).scalars())
        said_no = random.random(len(pairs)) < (DECLINED if declines else 0)
        for pair, is_no in zip(pairs, said_no.tolist(), strict=True):
            if is_no:
                answer(session, pair, side="volunteer", is_yes=False, actor=actor, reason="时间不便", now=now)
        agreed = [pair for pair, is_no in zip(pairs, said_no.tolist(), strict=True) if not is_no]
        answer_all(session, programme, agreed, actor=actor, now=now)
        declined += int(said_no.sum())
    return declined


def play(session: Session, year: Year, day: date) -> None:
    """Play a day: who is away is not visited, the others are met or missed, and yesterday's missed are looked after."""
    expect_much(session)
    random, evening = year.random(NAME, day), moment_at(day, EVENING_MIN)
    _go_away(session, random, day)
    call_off_away(session, day, actor="organisation:desk", note="", now=moment_at(day, MORNING_MIN))
    _close_yesterdays(session, random, day)
    play_visits(session, year.book_id, day, random)
    _see(session, random, day)
    open_follow_ups(session, now=evening, look_back_days=1)
    seal_transfers(session, year.book_id, now=evening)


def _go_away(session: Session, random: np.random.Generator, day: date) -> None:
    """Let some seniors of each programme go to hospital or to their family from today on."""
    now, mean = moment_at(day, MORNING_MIN), (AWAY_DAYS[0] + AWAY_DAYS[1] - 1) / 2
    enrolled = (
        select(ENROLMENT.c.senior_id, SERVICE.c.code)
        .join(PROGRAMME, PROGRAMME.c.id == ENROLMENT.c.programme_id)
        .join(SERVICE, SERVICE.c.id == PROGRAMME.c.service_id)
        .where(ENROLMENT.c.ended_at.is_(None))
        .order_by(ENROLMENT.c.id)
    )
    rows = session.connection().execute(enrolled).all()
    for service, share in AWAY.items():
        seniors = [row.senior_id for row in rows if row.code == service]
        leaving = min(len(seniors), int(random.poisson(len(seniors) * share / mean)))
        for at in random.choice(len(seniors), leaving, replace=False).tolist():
            back = day + timedelta(days=int(random.integers(*AWAY_DAYS)))
            record_absence(session, seniors[at], day, back, actor="organisation:desk", now=now)


def _close_yesterdays(session: Session, random: np.random.Generator, day: date) -> None:
    """Close what was opened the evening before: most before noon, a few in the afternoon."""
    f = FOLLOW_UP.c
    numbers = list(session.connection().execute(select(f.id).where(f.closed_at.is_(None)).order_by(f.id)).scalars())
    outcomes, late = random.choice(OUTCOMES, len(numbers), p=OUTCOME_SHARES), random.random(len(numbers)) < LATE
    closings = [Closing(number, str(how)) for number, how in zip(numbers, outcomes, strict=True)]
    for is_late, minute in ((False, NOON_MIN), (True, NOON_MIN + 240)):
        some = [one for one, after in zip(closings, late.tolist(), strict=True) if after is is_late]
        close_many(session, some, actor="organisation:desk", now=moment_at(day, minute))


def _see(session: Session, random: np.random.Generator, day: date) -> None:
    """Write what was otherwise than usual of some greetings, and what three parties say of a few."""
    held = programme_visits().where(VISIT.c.day == day, VISIT.c.status == "confirmed").order_by(VISIT.c.id)
    rows = list(session.connection().execute(held))
    chance, evening = random.random(len(rows)), moment_at(day, EVENING_MIN)
    seen = [
        (row, Greeting(is_met=True, way="door" if chance[n] < AT_DOOR else "", condition=_condition(float(chance[n]))))
        for n, row in enumerate(rows)
        if chance[n] < AT_DOOR + UNWELL
    ]
    write_contacts(session, seen, actor="organisation:desk", now=evening)
    asked = [row for n, row in enumerate(rows) if chance[n] > 1 - ASKED]
    for side, share in (("volunteer", 1.0), ("senior", 0.8), ("organisation", 0.5)):
        said = [(row.id, _said(random, row)) for row in asked if random.random() < share]
        give_many(session, said, side=side, actor=f"{side}:desk", now=evening)


def _condition(chance: float) -> str:
    return "well" if chance < AT_DOOR else "unwell"


def _said(random: np.random.Generator, row: Row[Any]) -> Said:
    """Draw what one party says of a visit: mostly what is written, now and then something else."""
    minutes = max(1, int(row.served_min + random.integers(-2, 3) + (12 if random.random() < 0.05 else 0)))
    return Said(happened=bool(random.random() > 0.005), minutes=minutes, satisfaction=int(5 - random.binomial(2, 0.15)))


def count(session: Session, year: Year) -> dict[str, int]:
    """Count confirmed visits of the programmes in the year, who is in them, and who greets."""
    days = (VISIT.c.day >= year.starts_on, VISIT.c.day < year.ends_on)
    held = _by_service(
        session,
        select(SERVICE.c.code, func.count()).select_from(VISIT.join(ENROLMENT, ENROLMENT.c.need_id == VISIT.c.need_id)),
        (VISIT.c.status == "confirmed", *days),
    )
    people = _by_service(session, select(SERVICE.c.code, func.count()).select_from(ENROLMENT), ())
    greeting = select(func.count()).select_from(SKILL.join(SERVICE, SERVICE.c.id == SKILL.c.service_id))
    volunteers = session.connection().execute(greeting.where(SERVICE.c.code == "greeting")).scalar_one()
    return {
        "programmes.old_partner.volunteers": int(volunteers),
        "programmes.old_partner.seniors": people.get("greeting", 0),
        "programmes.old_partner.greetings": held.get("greeting", 0),
        "programmes.weekly_visit.seniors": people.get("door_visit", 0),
        "programmes.weekly_visit.visits": held.get("door_visit", 0),
    }


def _by_service(session: Session, counted: Any, where: Sequence[Any]) -> dict[str, int]:
    counted = (
        counted.join(PROGRAMME, PROGRAMME.c.id == ENROLMENT.c.programme_id)
        .join(SERVICE, SERVICE.c.id == PROGRAMME.c.service_id)
        .where(*where)
        .group_by(SERVICE.c.code)
    )
    return {row[0]: int(row[1]) for row in session.connection().execute(counted)}


CHAPTER = Chapter(key=NAME, prepare=prepare, ahead=ahead, play=play, count=count)
