"""Who may have a place at all, and when there are any: each no with its reason, before anybody waits in vain."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Row, func, select
from sqlmodel import Session

from timebank.bookings.refusals import BudgetUsedUp, NoSuchTime, NotForThisSenior, OutsideProjects
from timebank.core.columns import table_of
from timebank.core.minutes import format_clock
from timebank.core.texts import Locale, Phrase, say
from timebank.needs.tables import Service
from timebank.people.categories import CATEGORIES
from timebank.people.tables import Area, Person, Senior
from timebank.planning.person_rows import Span, categories_on, category_spans
from timebank.planning.slot_rows import left_for_places
from timebank.projects.tables import Project, Resource, Slot
from timebank.rules.decision import age_on

SLOT = table_of(Slot)
RESOURCE = table_of(Resource)
PROJECT = table_of(Project)
SENIOR = table_of(Senior)
MOST_TIMES = 6


class Both(NamedTuple):
    """Words in both languages."""

    zh: str
    en: str


def both(key: str, **values: object) -> Both:
    """Say a text in both languages; a value that is in both languages itself is said in each."""

    def said(locale: Locale) -> str:
        parts = {name: getattr(value, locale) if isinstance(value, Both) else value for name, value in values.items()}
        return say(key, locale, **parts)

    return Both(said("zh"), said("en"))


def joined(parts: Sequence[Both]) -> Phrase:
    """Put several words in both languages after each other."""
    return Phrase(
        "bookings_said", said=Both("；".join(part.zh for part in parts), "; ".join(part.en for part in parts))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wished:
    """For whom a place of a service is wished, on which dates, within which hours (minutes, half-open), how long.

    Without ``is_every`` any one of the dates will do.
    """

    senior_id: int
    service: Service
    dates: tuple[date, ...]
    window_min: tuple[int, int]
    minutes: int
    wheelchairs: int
    is_every: bool


class _Who(NamedTuple):
    street: str
    born_on: date
    held: list[Span]


def require_place(session: Session, wished: Wished) -> None:
    """Refuse what no project could ever give: to this senior, on these days, at these hours, for this money.

    Raises
    ------
    NotForThisSenior
        With the reason of each project.
    OutsideProjects
        When those projects that may help do not run then.
    NoSuchTime
        When they have no slot then, free or not; tells when they have.
    BudgetUsedUp
        When none of them has the money left.
    """
    offered = _offered(session, wished.service)
    able = _eligible(session, wished, offered)
    first, last = wished.dates[0], wished.dates[-1]
    running = [row for row in able if row.starts_on <= first and last < row.ends_on]
    if not wished.is_every:
        running = [row for row in able if row.starts_on <= last and first < row.ends_on]
    if not running:
        begins, ends = min(row.starts_on for row in able), max(row.ends_on for row in able)
        raise OutsideProjects(service=_name(wished.service), starts_on=begins, ends_on=ends)
    found = _slots(session, [row.id for row in running], wished)
    if not _has_slot(found, wished):
        raise NoSuchTime(service=_name(wished.service), times=_times(session, [row.id for row in running], wished))
    _require_money(session, running, len(wished.dates) if wished.is_every else 1)


def _name(service: Service) -> Phrase:
    return Phrase("bookings_said", said=Both(service.name_zh, service.name_en))


def _offered(session: Session, service: Service) -> list[Row[Any]]:
    wanted = (
        select(
            RESOURCE.c.id,
            RESOURCE.c.project_id,
            RESOURCE.c.place_cost_cents,
            PROJECT.c.title_zh,
            PROJECT.c.title_en,
            PROJECT.c.eligibility,
            PROJECT.c.starts_on,
            PROJECT.c.ends_on,
            select(func.max(SLOT.c.wheelchairs))
            .where(SLOT.c.resource_id == RESOURCE.c.id)
            .scalar_subquery()
            .label("wheelchairs"),
        )
        .join(PROJECT, PROJECT.c.id == RESOURCE.c.project_id)
        .where(RESOURCE.c.service_id == service.id, PROJECT.c.status == "running")
        .order_by(RESOURCE.c.id)
    )
    return list(session.connection().execute(wanted))


def _eligible(session: Session, wished: Wished, offered: list[Row[Any]]) -> list[Row[Any]]:
    """Return the resources that may be used, or refuse with the reasons of all projects."""
    who = _who(session, wished.senior_id)
    why: dict[int, list[tuple[str, Both]]] = {}
    able = []
    for row in offered:
        if row.project_id not in why:
            why[row.project_id] = _misfits(row.eligibility, who, wished.dates)
        if not why[row.project_id] and (row.wheelchairs or 0) >= wished.wheelchairs:
            able.append(row)
    if able:
        return able
    titles = {row.project_id: Both(row.title_zh, row.title_en or row.title_zh) for row in offered}
    said, rules = [], set[str]()
    for project, misfits in why.items():
        reasons = misfits or [("wheelchair", both("booking_no_wheelchair"))]
        rules |= {rule for rule, _ in reasons}
        said += [both("booking_by_project", project=titles[project], reason=words) for _, words in reasons]
    if not offered:
        said, rules = [both("booking_no_project")], {"project"}
    raise NotForThisSenior(service=_name(wished.service), reasons=joined(said), rules=", ".join(sorted(rules)))


def _who(session: Session, senior_id: int) -> _Who:
    senior, person = session.get_one(Senior, senior_id), session.get_one(Person, senior_id)
    held = category_spans(session, select(SENIOR.c.person_id).where(SENIOR.c.person_id == senior_id))
    return _Who(session.get_one(Area, senior.subdistrict_id).code, person.born_on, held.get(senior_id, []))


def _misfits(rule: dict[str, Any], who: _Who, dates: Sequence[date]) -> list[tuple[str, Both]]:
    """Return what stands against a senior by a project's rule, on the first and on the last date."""
    found: list[tuple[str, Both]] = []
    wanted, places, least = rule.get("categories") or [], rule.get("subdistricts") or [], int(rule.get("min_age") or 0)
    if wanted and not all(categories_on(who.held, day) & set(wanted) for day in {dates[0], dates[-1]}):
        names = [CATEGORIES[code] for code in wanted]
        listed = Both("、".join(name.name_zh for name in names), ", ".join(name.name_en for name in names))
        found.append(("category", both("booking_category", wanted=listed)))
    age = age_on(who.born_on, dates[0])
    if age < least:
        found.append(("age", both("booking_age", age=age, least=least)))
    if places and who.street not in places:
        found.append(("street", both("booking_street")))
    return found


def _slots(session: Session, resources: Collection[int], wished: Wished) -> list[Row[Any]]:
    """Return the slots of some resources on the wished dates that lie within the hours and are long enough."""
    wanted = select(SLOT).where(
        SLOT.c.resource_id.in_(sorted(resources)),
        SLOT.c.day >= wished.dates[0],
        SLOT.c.day <= wished.dates[-1],
        SLOT.c.starts_min >= wished.window_min[0],
        SLOT.c.ends_min <= wished.window_min[1],
        SLOT.c.ends_min - SLOT.c.starts_min >= wished.minutes,
        SLOT.c.wheelchairs >= wished.wheelchairs,
    )
    dates = set(wished.dates)
    return [row for row in session.connection().execute(wanted) if row.day in dates]


def _has_slot(found: list[Row[Any]], wished: Wished) -> bool:
    """Tell whether there is a slot on one of the dates; for a series, one resource and time on all of a weekday."""
    if not wished.is_every:
        return bool(found)
    kept: dict[tuple[int, int, int], set[date]] = defaultdict(set)
    for row in found:
        kept[row.day.weekday(), row.resource_id, row.starts_min].add(row.day)
    by_weekday: dict[int, set[date]] = defaultdict(set)
    for day in wished.dates:
        by_weekday[day.weekday()].add(day)
    return all(
        any(weekday == own and days <= there for (own, _, _), there in kept.items())
        for weekday, days in by_weekday.items()
    )


def _times(session: Session, resources: Collection[int], wished: Wished) -> Phrase:
    """Say on which weekdays and at which times there are slots in the fortnight from the first wished date on."""
    until = wished.dates[0] + timedelta(days=14)
    wanted = select(SLOT.c.day, SLOT.c.starts_min, SLOT.c.ends_min).where(
        SLOT.c.resource_id.in_(sorted(resources)), SLOT.c.day >= wished.dates[0], SLOT.c.day < until
    )
    times = sorted({(row.day.weekday(), row.starts_min, row.ends_min) for row in session.connection().execute(wanted)})
    if not times:
        return joined([both("booking_no_times")])
    return joined(
        [
            both(
                "booking_time",
                weekday=both(f"booking_weekday_{weekday}"),
                starts=format_clock(starts),
                ends=format_clock(ends),
            )
            for weekday, starts, ends in times[:MOST_TIMES]
        ]
    )


def _require_money(session: Session, running: list[Row[Any]], count: int) -> None:
    if any(not row.place_cost_cents for row in running):
        return
    by_project = left_for_places(session, {row.project_id for row in running})
    left = {row.id: by_project[row.project_id] for row in running}
    if any(left[row.id] >= row.place_cost_cents * count for row in running):
        return
    best = max(running, key=lambda row: left[row.id])
    raise BudgetUsedUp(left_cents=max(0, left[best.id]), cost_cents=best.place_cost_cents * count)
