"""A problem in portions: what one process needs for some needs and volunteers, on the plane of the whole.

Candidates are found for a range of needs at a time, visits dated for some volunteers at a time. Portions depend on the
problem and their number alone, so the answer does not depend on who works them off.
"""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np

from matching import agreement, calendar, candidates
from matching.agreement import Agreed
from matching.candidates import NOTHING, Arcs
from matching.columns import Columns, Ints
from matching.diary import Diaries, Held, Placed
from matching.plan import Visits
from matching.problem import Budgets, Problem, Regulars, ServedBy, Slots

Table = TypeVar("Table", bound=Columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """Dated pairs: positions of arcs, shape (p,), visits of each, and days and minutes of all, pair after pair."""

    arcs: Ints
    counts: Ints
    days: Ints
    starts_min: Ints


def taken(table: Table, rows: Ints) -> Table:
    """Return some rows of a table."""
    return type(table)(**{column.name: getattr(table, column.name)[rows] for column in fields(table)})  # type: ignore[arg-type]  # every table is a dataclass


def portion_of(problem: Problem, needs: Ints, volunteers: Ints) -> Problem:
    """Return a problem of some needs and volunteers (positions) without slots, on the plane of the whole."""
    asked, who = taken(problem.needs, needs), taken(problem.volunteers, volunteers)
    people = np.concatenate((asked.senior_ids, who.ids))
    return replace(
        problem,
        needs=asked,
        volunteers=who,
        slots=Slots.empty(),
        budgets=Budgets.empty(),
        regulars=Regulars.empty(),
        absences=taken(problem.absences, np.flatnonzero(np.isin(problem.absences.person_ids, people))),
        seasons=taken(problem.seasons, np.flatnonzero(np.isin(problem.seasons.need_ids, asked.ids))),
        exclusions=_named(problem.exclusions, asked.senior_ids, who.ids),
        standing=_named(problem.standing, asked.ids, who.ids),
        preset=_named(problem.preset, asked.ids, who.ids),
        bookable=problem.bookable[:0],
        params=replace(problem.params, plane_lat_deg=candidates.plane_lat_deg(problem)),
    )


def _named(pairs: Ints, left_ids: Ints, right_ids: Ints) -> Ints:
    """Return the pairs whose both ids are among those given."""
    return pairs[np.isin(pairs[:, 0], left_ids) & np.isin(pairs[:, 1], right_ids)]


def find_arcs(problem: Problem, portions: int, executor: Executor) -> Arcs:
    """Find what :func:`matching.candidates.find_arcs` finds, a range of needs at a time."""
    served = np.flatnonzero(problem.needs.served_by == ServedBy.VOLUNTEER)
    everyone = np.arange(len(problem.volunteers))
    ranges = np.array_split(served, portions)
    found = _each(executor, candidates.find_arcs, [(portion_of(problem, some, everyone),) for some in ranges])
    parts = [(some[arcs.needs], arcs.volunteers, arcs.distances_m) for some, arcs in zip(ranges, found, strict=True)]
    needs, volunteers, metres = (np.concatenate(column) for column in zip(NOTHING, *parts, strict=True))
    return Arcs(needs=needs, volunteers=volunteers, distances_m=metres)


def date_pairs(problem: Problem, arcs: Arcs, chosen: Ints, portions: int, executor: Executor) -> Agreed:
    """Date chosen arcs (positions), some volunteers at a time, and move what cannot be dated.

    Those who come together share their days: they are dated first and here, with all else that they do. Who finds
    no days in the end is offered to other candidates, when all diaries are known (:mod:`matching.agreement`).
    """
    needs, who = arcs.needs[chosen], arcs.volunteers[chosen]
    together = np.isin(who, who[problem.needs.helpers[needs] > 1])
    here = chosen[together]
    rows, lost = calendar.place_pairs(problem, Diaries(problem), arcs.needs[here], arcs.volunteers[here])
    done, undated = [_dates(here, rows)], [here[lost]]
    alone = chosen[~together]
    groups = np.array_split(np.unique(arcs.volunteers[alone]), portions)
    mine = [alone[np.isin(arcs.volunteers[alone], group)] for group in groups]
    asked = [_ask(problem, arcs, pairs) for pairs in mine]
    for pairs, (dates, left) in zip(mine, _each(executor, date_portion, asked), strict=True):
        done.append(replace(dates, arcs=pairs[dates.arcs]))
        undated.append(pairs[left])
    dates = _joined(done)
    left_over = np.concatenate(undated)
    if not len(left_over):
        return _agreed(problem, arcs, dates, np.empty(0, dtype=np.int64))
    counts = np.bincount(arcs.volunteers[dates.arcs], minlength=len(problem.volunteers))
    moved = agreement.date_pairs(problem, arcs, left_over, diaries=Diaries(problem, _held(arcs, dates)), taken=counts)
    agreed = _agreed(problem, arcs, dates, moved.undated)
    return replace(
        agreed, arcs=np.sort(np.concatenate((agreed.arcs, moved.arcs))), visits=_merged(problem, agreed, moved)
    )


def _ask(problem: Problem, arcs: Arcs, pairs: Ints) -> tuple[Problem, Ints, Ints]:
    """A portion with the needs and volunteers of some arcs (positions), and where each of them stands in it."""
    needs, need_rows = np.unique(arcs.needs[pairs], return_inverse=True)
    who, volunteer_rows = np.unique(arcs.volunteers[pairs], return_inverse=True)
    return portion_of(problem, needs, who), need_rows, volunteer_rows


def date_portion(problem: Problem, needs: Ints, volunteers: Ints) -> tuple[Dates, Ints]:
    """Date pairs (positions, shape (p,) each); what is dated, by position of the pair, and the pairs that are not."""
    rows, undated = calendar.place_pairs(problem, Diaries(problem), needs, volunteers)
    return _dates(np.arange(len(needs)), rows), np.array(sorted(undated), dtype=np.int64)


def _dates(arcs: Ints, rows: list[tuple[int, Placed]]) -> Dates:
    nothing = [np.empty(0, dtype=np.int64)]
    return Dates(
        arcs=arcs[np.array([pair for pair, _ in rows], dtype=np.int64)],
        counts=np.array([len(placed.days) for _, placed in rows], dtype=np.int64),
        days=np.concatenate([placed.days for _, placed in rows] or nothing),
        starts_min=np.concatenate([placed.starts_min for _, placed in rows] or nothing),
    )


def _joined(parts: list[Dates]) -> Dates:
    return Dates(
        **{column.name: np.concatenate([getattr(part, column.name) for part in parts]) for column in fields(Dates)}
    )


def _held(arcs: Arcs, dates: Dates) -> Held:
    """What is dated, as the diaries take it."""
    pairs = np.repeat(dates.arcs, dates.counts)
    order = np.argsort(arcs.volunteers[pairs], kind="stable")
    return Held(
        needs=arcs.needs[pairs][order],
        volunteers=arcs.volunteers[pairs][order],
        days=dates.days[order],
        starts_min=dates.starts_min[order],
    )


def _agreed(problem: Problem, arcs: Arcs, dates: Dates, undated: Ints) -> Agreed:
    pairs = np.repeat(dates.arcs, dates.counts)
    order = np.lexsort((dates.starts_min, arcs.volunteers[pairs], dates.days))
    needs, who = arcs.needs[pairs[order]], arcs.volunteers[pairs[order]]
    visits = Visits(
        need_ids=problem.needs.ids[needs],
        volunteer_ids=problem.volunteers.ids[who],
        days=dates.days[order],
        starts_min=dates.starts_min[order],
        durations_min=problem.needs.durations_min[needs],
    )
    return Agreed(arcs=np.sort(dates.arcs), visits=visits, undated=undated)


def _merged(problem: Problem, one: Agreed, other: Agreed) -> Visits:
    """Visits of both, ordered by day, volunteer and start."""
    columns = {
        column.name: np.concatenate([getattr(agreed.visits, column.name) for agreed in (one, other)])
        for column in fields(Visits)
    }
    rank = np.argsort(problem.volunteers.ids)
    who = rank[np.searchsorted(problem.volunteers.ids, columns["volunteer_ids"], sorter=rank)]
    order = np.lexsort((columns["starts_min"], who, columns["days"]))
    return Visits(**{name: values[order] for name, values in columns.items()})


def _each(executor: Executor, work: Callable[..., Any], asked: list[tuple[Any, ...]]) -> list[Any]:
    """Do a work for every row of arguments, and return what it returns in that order."""
    futures: list[Future[Any]] = [executor.submit(work, *arguments) for arguments in asked]
    return [future.result() for future in futures]
