"""Rows of people that decide who comes to whom: traits, absences, categories of seniors."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Select, select
from sqlmodel import Session

from matching.tables import Absences
from timebank.core.columns import table_of
from timebank.people.tables import Absence, PersonTrait, SeniorCategory
from timebank.planning.columns import ints

Span = tuple[str, date, date | None]
"""A category with its days, half-open; without an end it goes on."""


ABSENCE, TRAIT, CATEGORY = map(table_of, (Absence, PersonTrait, SeniorCategory))


class Traits:
    """What people have, refuse and require, by person."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self._said: dict[tuple[int, str], set[str]] = defaultdict(set)
        for row in rows:
            self._said[row.person_id, row.stance].add(row.trait)

    @property
    def minded(self) -> tuple[str, ...]:
        """Traits that somebody refuses or requires, in order; others make no difference."""
        said = (traits for (_, stance), traits in self._said.items() if stance != "has")
        return tuple(sorted({trait for traits in said for trait in traits}))

    def of(self, person_id: int, stance: str) -> frozenset[str]:
        """Return what stands of a person."""
        return frozenset(self._said.get((person_id, stance), ()))


def load_traits(session: Session, people: Iterable[Select[Any]]) -> Traits:
    """Read what stands of some people, each given by a query of their numbers."""
    t = TRAIT.c
    rows: list[Any] = []
    for who in people:
        stands = select(t.person_id, t.trait, t.stance).where(t.withdrawn_at.is_(None), t.person_id.in_(who))
        rows += session.connection().execute(stands)
    return Traits(rows)


def load_absences(session: Session, days: tuple[date, date], people: Iterable[Select[Any]]) -> Absences:
    """Read when some people are away within the days (half-open), each given by a query of their numbers."""
    a = ABSENCE.c
    spans: set[tuple[int, int, int]] = set()
    for who in people:
        stands = select(a.person_id, a.from_day, a.to_day).where(
            a.withdrawn_at.is_(None), a.from_day < days[1], a.to_day > days[0], a.person_id.in_(who)
        )
        for person, first, end in session.connection().execute(stands):
            spans.add((person, (max(first, days[0]) - days[0]).days, (min(end, days[1]) - days[0]).days))
    rows = sorted(spans)
    return Absences(
        person_ids=ints(person for person, _, _ in rows),
        first_days=ints(first for _, first, _ in rows),
        last_days=ints(end for _, _, end in rows),
    )


def always_away(absences: Absences, horizon_days: int) -> set[int]:
    """Return who is away on every day of the horizon."""
    away: dict[int, set[int]] = defaultdict(set)
    columns = (absences.person_ids, absences.first_days, absences.last_days)
    for person, first, end in zip(*(column.tolist() for column in columns), strict=True):
        away[person] |= set(range(first, end))
    return {person for person, days in away.items() if len(days) == horizon_days}


def category_spans(session: Session, seniors: Select[Any]) -> dict[int, list[Span]]:
    """Return categories with their days, of some seniors, by senior."""
    c = CATEGORY.c
    held = select(c.senior_id, c.category, c.from_day, c.to_day).where(c.senior_id.in_(seniors))
    spans: dict[int, list[Span]] = defaultdict(list)
    for senior, category, from_day, to_day in session.connection().execute(held):
        spans[senior].append((category, from_day, to_day))
    return spans


def categories_on(held: Iterable[Span], day: date) -> frozenset[str]:
    """Return the categories that hold on a day."""
    return frozenset(code for code, first, end in held if first <= day and (end is None or day < end))
