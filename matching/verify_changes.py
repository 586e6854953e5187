"""The judge of a change: what a mended plan and its question do not share with a plan that was judged before.

What is said to be as before is compared with it, row by row, and the question with the question before. The rules are
asked of everything else, in full: of every need that differs, of every volunteer who has such a need or differs, with
all that these do; and the whole cost is counted anew. Where that cannot be told apart, the whole plan is judged.
"""

from dataclasses import fields, replace
from typing import TypeVar

import numpy as np

from matching.case import look_up
from matching.columns import Columns, Ints, Mask
from matching.plan import Bookings, Pairs, Plan, Unmet, Verdict, Visits
from matching.problem import Problem, ServedBy
from matching.touched import find_touched, rows_now
from matching.verify import MOST_FAULTS, RULE_BY_NAME, cost, count_objective, verify

OF_VOLUNTEERS = ("capacity", "weekly_minutes", "overlap")
"""Rules about all that a volunteer does; the others are about one need at a time, or about slots."""
Part = TypeVar("Part", Pairs, Visits, Bookings)
Table = TypeVar("Table", bound=Columns)


def verify_changes(problem: Problem, plan: Plan, before: Plan, asked_before: Problem, changed: Ints) -> Verdict:
    """Judge a plan against one that holds for the question before.

    Parameters
    ----------
    changed
        Ids of the needs whose pairs, visits or bookings may differ; whatever else differs is found.

    Returns
    -------
    Verdict
        As :func:`matching.verify.verify` gives it.
    """
    touched = find_touched(asked_before, problem)
    differs = touched.needs | np.isin(problem.needs.ids, changed)
    if touched.slots or not _same_rows(before.bookings, plan.bookings):
        differs |= problem.needs.served_by == ServedBy.SLOT
    if touched.is_all or not before.verdict.holds or not _is_as_before(problem, plan, before, differs):
        return verify(problem, plan)
    whose = rows_now(plan.pairs.need_ids, problem.needs.ids)
    who = rows_now(plan.pairs.volunteer_ids, problem.volunteers.ids)
    if (whose < 0).any() or (who < 0).any():
        return verify(problem, plan)
    differs[whose[touched.volunteers[who]]] = True
    busy = touched.volunteers.copy()
    busy[who[differs[whose]]] = True
    beside = differs.copy()
    beside[whose[busy[who]]] = True
    others = tuple(name for name in RULE_BY_NAME if name not in (*OF_VOLUNTEERS, "cost"))
    faults = (*_faults(problem, plan, differs, others), *_faults(problem, plan, beside, OF_VOLUNTEERS))
    undated = replace(plan, visits=_some(plan.visits, np.zeros(len(plan.visits.days), dtype=bool)))
    case = look_up(problem, undated)  # no visit costs anything
    faults = (*faults, *(f"cost: {fault}" for fault in cost(case)))
    return Verdict(holds=not faults, faults=faults[:MOST_FAULTS], objective=count_objective(case))


def _is_as_before(problem: Problem, plan: Plan, before: Plan, differs: Mask) -> bool:
    """Whether all needs that do not differ have the very pairs, visits and bookings that they had, or none."""
    if (plan.starts_on, plan.horizon_days) != (before.starts_on, before.horizon_days):
        return False
    same = problem.needs.ids[~differs]
    parts = [(getattr(before, name), getattr(plan, name)) for name in ("pairs", "visits", "bookings")]
    if not all(_have_one_length(part) for part in (*(now for _, now in parts), plan.unmet)):
        return False
    is_same = all(
        _same_rows(_some(was, np.isin(was.need_ids, same)), _some(now, np.isin(now.need_ids, same)))
        for was, now in parts
    )
    was, now = (np.sort(one.unmet.need_ids) for one in (before, plan))
    return is_same and bool(np.array_equal(was[np.isin(was, same)], now[np.isin(now, same)]))


def _faults(problem: Problem, plan: Plan, needs: Mask, rules: tuple[str, ...]) -> tuple[str, ...]:
    """Ask some rules of some needs, as of a question and a plan that have no others."""
    if not needs.any():
        return ()
    ids = problem.needs.ids[needs]
    parts = {name: getattr(plan, name) for name in ("pairs", "visits", "bookings")}
    mine = {name: _some(part, np.isin(part.need_ids, ids)) for name, part in parts.items()}
    people = np.isin(
        problem.volunteers.ids, np.concatenate((mine["pairs"].volunteer_ids, mine["visits"].volunteer_ids))
    )
    rows = np.flatnonzero(np.isin(plan.unmet.need_ids, ids))
    unmet = Unmet(
        need_ids=plan.unmet.need_ids[rows],
        reasons=tuple(plan.unmet.reasons[row] for row in rows.tolist()),
        taken_by_rule=plan.unmet.taken_by_rule[rows],
        remaining=plan.unmet.remaining[rows],
    )
    lats_deg = np.concatenate((problem.needs.lats_deg, problem.volunteers.lats_deg, problem.slots.lats_deg))
    given = problem.params.plane_lat_deg
    part = replace(
        problem,
        needs=_rows(problem.needs, needs),
        volunteers=_rows(problem.volunteers, people),
        preset=problem.preset[np.isin(problem.preset[:, 0], ids)],
        standing=problem.standing[:0],
        params=replace(problem.params, plane_lat_deg=float(np.median(lats_deg)) if given is None else given),
    )
    if not np.isin(mine["visits"].volunteer_ids, part.volunteers.ids).all():
        return ("coverage: a visit is by a volunteer whom the problem does not know",)
    case = look_up(part, replace(plan, **mine, unmet=unmet))
    return tuple(f"{name}: {fault}" for name in rules for fault in RULE_BY_NAME[name](case))


def _some(part: Part, rows: Mask) -> Part:
    return type(part)(**{column.name: getattr(part, column.name)[rows] for column in fields(part)})


def _rows(table: Table, rows: Mask) -> Table:
    return type(table)(**{column.name: getattr(table, column.name)[rows] for column in fields(table)})  # type: ignore[arg-type]  # every table is a dataclass


def _same_rows(one: Part, other: Part) -> bool:
    return all(np.array_equal(getattr(one, column.name), getattr(other, column.name)) for column in fields(one))


def _have_one_length(part: Pairs | Visits | Bookings | Unmet) -> bool:
    return len({len(getattr(part, column.name)) for column in fields(part)}) == 1
