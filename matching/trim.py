"""The rest of a plan from a day on, so that a Tuesday's illness is mended from Tuesday on.

The rest is a question and a plan of its own whose first day is that day. Weeks of the horizon, parts of a month and
slices of every n days begin anew there; what then no longer fits is for the repair to date again.
"""

from dataclasses import fields, replace
from datetime import timedelta
from typing import TypeVar

import numpy as np

from matching.columns import Columns, Ints, Mask
from matching.due import slot_slices
from matching.frequency import due_slices
from matching.plan import Bookings, Pairs, Plan, Status, Unmet, UnmetReason, Visits
from matching.problem import Problem, ServedBy
from matching.rematch import least_cost
from matching.standing import positions
from matching.tables import FrequencyKind
from matching.verify import verify

Table = TypeVar("Table", bound=Columns)
Part = TypeVar("Part", Pairs, Bookings, Visits)


def trim(plan: Plan, problem: Problem, day: int) -> tuple[Problem, Plan]:
    """Return the question and the plan of the days from ``day`` on.

    A need that is over is gone, and so is one that is served once and was; one that had its visit in the slice of days
    that ``day`` falls into is asked for again after that slice. Slots, absences, seasons and suspensions of the past
    are gone, budgets hold what is left, and whoever waits has waited so much longer. The plan says its cost and the
    judge's verdict over the new days; its bound is the plain one of a repair.

    Raises
    ------
    ValueError
        When the day lies outside the plan.
    """
    if not 0 <= day < problem.horizon_days:
        message = f"A plan of {problem.horizon_days} days is trimmed from a day between 0 and its last, not {day}."
        raise ValueError(message)
    rest = _trimmed(problem, plan, day)
    visits, bookings = plan.visits, plan.bookings
    slots = positions(rest.slots.ids, bookings.slot_ids)
    later = _some(visits, (visits.days >= day) & np.isin(visits.need_ids, rest.needs.ids))
    kept = replace(
        plan,
        starts_on=rest.starts_on.isoformat(),
        horizon_days=rest.horizon_days,
        pairs=_some(plan.pairs, np.isin(plan.pairs.need_ids, rest.needs.ids)),
        visits=replace(later, days=later.days - day),
        bookings=_some(bookings, (slots >= 0) & np.isin(bookings.need_ids, rest.needs.ids)),
    )
    kept = replace(kept, unmet=_unmet(rest, kept))
    cost = verify(rest, kept).objective
    bound = min(cost, least_cost(rest))
    status = Status.OPTIMAL if cost == bound else Status.FEASIBLE
    kept = replace(kept, objective=cost, bound=bound, gap=(cost - bound) / max(1, abs(cost)), status=status)
    return rest, replace(kept, verdict=verify(rest, kept))


def _trimmed(problem: Problem, plan: Plan, day: int) -> Problem:
    """The problem whose first day is the given one."""
    needs, slots, budgets = problem.needs, problem.slots, problem.budgets
    first_days, is_done = _first_days(problem, plan, day)
    open_needs = (needs.last_days > day) & ~is_done & (first_days < needs.last_days)
    waited = needs.waiting_days + day
    rows = positions(needs.ids, plan.bookings.need_ids)
    booked = positions(slots.ids, plan.bookings.slot_ids)
    past = slots.days[booked] < day
    served = np.full(len(needs), -1, dtype=np.int64)
    np.maximum.at(served, rows[past], slots.days[booked[past]])
    waited = np.where(served >= 0, day - served, waited)
    dated = replace(needs, first_days=first_days - day, last_days=needs.last_days - day, waiting_days=waited)
    spent = np.zeros(len(budgets), dtype=np.int64)
    payer = positions(budgets.ids, slots.budget_ids[booked])
    np.add.at(spent, payer[past & (payer >= 0)], slots.costs_cents[booked[past & (payer >= 0)]])
    return replace(
        problem,
        starts_on=problem.starts_on + timedelta(days=day),
        horizon_days=problem.horizon_days - day,
        needs=_rows(dated, open_needs),
        slots=_from(slots, day),
        preset=problem.preset[np.isin(problem.preset[:, 0], needs.ids[open_needs])],
        budgets=replace(budgets, cents=np.maximum(0, budgets.cents - spent)),
        suspensions=_from(problem.suspensions, day),
        absences=_from(problem.absences, day, until="last_days"),
        seasons=_from(problem.seasons, day, until="last_days"),
    )


def _first_days(problem: Problem, plan: Plan, day: int) -> tuple[Ints, Mask]:
    """First day of every need, after the slice it was served in, and whether it was served for good."""
    needs = problem.needs
    last = np.full(len(needs), -1, dtype=np.int64)
    for table, days in (
        (plan.visits.need_ids, plan.visits.days),
        (plan.bookings.need_ids, problem.slots.days[positions(problem.slots.ids, plan.bookings.slot_ids)]),
    ):
        rows, before = positions(needs.ids, table), days < day
        np.maximum.at(last, rows[before & (rows >= 0)], days[before & (rows >= 0)])
    is_done = (needs.frequency_kinds == FrequencyKind.ONCE) & (last >= 0)
    by_slice = needs.frequency_kinds == FrequencyKind.TIMES_PER_MONTH
    by_slice |= (needs.frequency_kinds == FrequencyKind.EVERY_N_DAYS) & (needs.served_by == ServedBy.SLOT)
    first_days = needs.first_days.copy()
    for need in np.flatnonzero(by_slice & (last >= 0)).tolist():
        span = max(0, int(needs.first_days[need])), min(problem.horizon_days, int(needs.last_days[need]))
        for start, end in due_slices(int(needs.frequency_kinds[need]), int(needs.frequency_counts[need]), *span):
            if start < day < end and last[need] >= start:
                first_days[need] = end
    return first_days, is_done


def _rows(table: Table, rows: Mask) -> Table:
    return type(table)(**{name: getattr(table, name)[rows] for name in table.to_columns()})


def _from(table: Table, day: int, *, until: str = "") -> Table:
    """Rows from a day on, counted from it; or spans that end after it, whose beginning may lie before 0."""
    columns = {name: getattr(table, name) for name in table.to_columns()}
    later = columns[until] > day if until else columns["days"] >= day
    shifted = ("first_days", until) if until else ("days",)
    columns |= {name: columns[name] - day for name in shifted}
    return type(table)(**{name: values[later] for name, values in columns.items()})


def _some(table: Part, rows: Mask) -> Part:
    names = [column.name for column in fields(table)]
    return type(table)(**{name: getattr(table, name)[rows] for name in names})


def _unmet(rest: Problem, kept: Plan) -> Unmet:
    """Needs nobody is paired with, and those with a due visit that is not booked; reasons as they were."""
    needs, was = rest.needs, kept.unmet
    is_unmet = (needs.served_by == ServedBy.VOLUNTEER) & ~np.isin(needs.ids, kept.pairs.need_ids)
    slots = positions(rest.slots.ids, kept.bookings.slot_ids)
    for need in np.flatnonzero(needs.served_by == ServedBy.SLOT).tolist():
        mine = slots[kept.bookings.need_ids == needs.ids[need]]
        own = mine[rest.slots.skills[mine] == needs.skills[need]]
        days = rest.slots.days[own].tolist()
        is_unmet[need] = any(not any(a <= when < b for when in days) for a, b in slot_slices(rest, need))
    ids = np.sort(needs.ids[is_unmet])
    rows = positions(was.need_ids, ids)
    return Unmet(
        need_ids=ids,
        reasons=tuple(was.reasons[row] if row >= 0 else UnmetReason.SLOT_PLACES for row in rows.tolist()),
        taken_by_rule=np.where(rows[:, None] >= 0, was.taken_by_rule[rows], 0)
        if len(was.need_ids)
        else np.zeros((len(ids), was.taken_by_rule.shape[1]), dtype=np.int64),
        remaining=np.where(rows >= 0, was.remaining[rows], 0) if len(was.need_ids) else np.zeros(len(ids), np.int64),
    )
