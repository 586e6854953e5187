"""The focus list: which seniors are looked after first, and why; dated rules as data (``focus.toml``).

The list is never stored: it is asked of the categories and ages of a day, so it always equals the rows.
"""

import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, and_, or_, select
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.people.belonging import areas_of
from timebank.people.categories import CATEGORIES
from timebank.people.tables import Area, Person, Senior, SeniorCategory

CATEGORY = table_of(SeniorCategory)
SENIOR = table_of(Senior)
PERSON = table_of(Person)
AREA = table_of(Area)
OLDEST = 120
PEOPLE_A_QUERY = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class FocusRule:
    """Seniors in one of some categories who have reached an age, from a day to a day (half-open; empty: no end).

    Raises
    ------
    ValueError
        When a category is unknown, the age cannot be, or the rule ends before it begins.
    """

    code: str
    name_zh: str
    name_en: str
    article: str
    from_day: date
    categories: tuple[str, ...]
    min_age: int
    assumed: bool
    to_day: date | None = None

    def __post_init__(self) -> None:
        """Check what the file says."""
        unknown = set(self.categories) - set(CATEGORIES)
        if unknown or not self.categories or not 0 <= self.min_age <= OLDEST:
            message = f"The focus rule {self.code!r} names categories {sorted(unknown)} or an age that cannot be."
            raise ValueError(message)
        if self.to_day is not None and self.to_day <= self.from_day:
            message = f"The focus rule {self.code!r} ends on {self.to_day}, before it begins."
            raise ValueError(message)

    def holds_on(self, day: date) -> bool:
        """Tell whether the rule is in force on a day."""
        return self.from_day <= day and (self.to_day is None or day < self.to_day)


class Reason(NamedTuple):
    """Why a senior is on the list: the rule, and since when it has held for them."""

    rule: FocusRule
    since: date


def read_rules(text: str) -> tuple[FocusRule, ...]:
    """Read rules from TOML.

    Raises
    ------
    ValueError
        When a rule is doubled or impossible; the message names it.
    """
    rules = tuple(FocusRule(**row | {"categories": tuple(row["categories"])}) for row in tomllib.loads(text)["rules"])
    codes = [rule.code for rule in rules]
    if len(set(codes)) != len(codes):
        message = f"A focus rule stands twice: {sorted(codes)}."
        raise ValueError(message)
    return rules


STANDARD = read_rules((resources.files("timebank.people") / "focus.toml").read_text(encoding="utf-8"))
"""The rules of a district that says nothing else."""


def birthday(born_on: date, years: int) -> date:
    """Return the day on which somebody becomes so many years old; born on 29 February, on 1 March."""
    try:
        return born_on.replace(year=born_on.year + years)
    except ValueError:
        return date(born_on.year + years, 3, 1)


def born_until(day: date, years: int) -> date:
    """Return the last day of birth of those who are so many years old on a day."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return date(day.year - years, 2, 28)


def held_on(day: date) -> ColumnElement[bool]:
    """Return the condition that a category holds on a day."""
    return and_(CATEGORY.c.from_day <= day, or_(CATEGORY.c.to_day.is_(None), CATEGORY.c.to_day > day))


def on_focus(day: date, *, rule: str | None = None, rules: Sequence[FocusRule] = STANDARD) -> Select[int]:
    """Return the query of the active seniors on the focus list of a day, by all rules or by one; each once."""
    ages = [
        and_(CATEGORY.c.category.in_(one.categories), PERSON.c.born_on <= born_until(day, one.min_age))
        for one in rules
        if one.holds_on(day) and rule in (None, one.code)
    ]
    wanted = select(CATEGORY.c.senior_id).join(PERSON, PERSON.c.id == CATEGORY.c.senior_id)
    wanted = wanted.join(SENIOR, SENIOR.c.person_id == CATEGORY.c.senior_id)
    return wanted.where(SENIOR.c.status == "active", held_on(day), or_(False, *ages)).distinct()


def reasons_on(
    session: Session, seniors: Collection[int], day: date, *, rules: Sequence[FocusRule] = STANDARD
) -> dict[int, list[Reason]]:
    """Return why each of some seniors is on the list of a day; who is not has no reason."""
    found: dict[int, dict[str, Reason]] = {}
    asked, in_force = sorted(seniors), [rule for rule in rules if rule.holds_on(day)]
    for start in range(0, len(asked), PEOPLE_A_QUERY):
        held = select(CATEGORY.c.senior_id, CATEGORY.c.category, CATEGORY.c.from_day, PERSON.c.born_on)
        held = held.join(PERSON, PERSON.c.id == CATEGORY.c.senior_id).where(
            CATEGORY.c.senior_id.in_(asked[start : start + PEOPLE_A_QUERY]), held_on(day)
        )
        for senior, category, from_day, born_on in session.connection().execute(held):
            for rule in in_force:
                since = max(from_day, rule.from_day, birthday(born_on, rule.min_age))
                if category in rule.categories and since <= day:
                    known = found.setdefault(senior, {})
                    before = known.get(rule.code)
                    known[rule.code] = Reason(rule, min(since, before.since) if before else since)
    order = [rule.code for rule in rules]
    return {
        senior: sorted(by_code.values(), key=lambda one: order.index(one.rule.code))
        for senior, by_code in found.items()
    }


def list_focus(
    session: Session,
    day: date,
    *,
    first: int,
    after: int | None = None,
    organisation_id: int | None = None,
    subdistrict: str | None = None,
    rule: str | None = None,
) -> list[Row[Any]]:
    """Return up to ``first`` seniors of the list by number, after one: number, reference, street and committee.

    An organisation sees its own sub-districts alone. Nobody is named.
    """
    street, committee = AREA.alias("street"), AREA.alias("committee")
    wanted = (
        select(
            SENIOR.c.person_id,
            SENIOR.c.external_ref,
            street.c.code.label("street_code"),
            street.c.name_zh.label("street_zh"),
            street.c.name_en.label("street_en"),
            committee.c.code.label("committee_code"),
            committee.c.name_zh.label("committee_zh"),
        )
        .join(street, street.c.id == SENIOR.c.subdistrict_id)
        .join(committee, committee.c.id == SENIOR.c.committee_id)
        .where(SENIOR.c.person_id.in_(on_focus(day, rule=rule)))
    )
    if organisation_id is not None:
        wanted = wanted.where(SENIOR.c.subdistrict_id.in_(areas_of(organisation_id)))
    if subdistrict is not None:
        wanted = wanted.where(street.c.code == subdistrict)
    if after is not None:
        wanted = wanted.where(SENIOR.c.person_id > after)
    return list(session.connection().execute(wanted.order_by(SENIOR.c.person_id).limit(first)))
