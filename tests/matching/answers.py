"""Plans written by hand for the judge, and plans read as plain tuples."""

from collections.abc import Sequence
from dataclasses import replace
from math import asin, cos, radians, sin, sqrt
from typing import Any

import numpy as np

from matching.frequency import due_slices
from matching.plan import (
    CANDIDATE_RULES,
    Bookings,
    Pairs,
    Plan,
    Status,
    Unmet,
    UnmetReason,
    Verdict,
    Visits,
)
from matching.problem import Ints, Problem, ServedBy
from matching.verify import verify
from tests.matching.questions import RADIUS_M

NOT_JUDGED = Verdict(holds=False, faults=(), objective=0)


def haversine_m(from_deg: tuple[float, float], to_deg: tuple[float, float]) -> float:
    """Return metres on a sphere between two places (latitude, longitude)."""
    here, there = radians(from_deg[0]), radians(to_deg[0])
    half_north, half_east = (there - here) / 2, radians(to_deg[1] - from_deg[1]) / 2
    return 2 * RADIUS_M * asin(sqrt(sin(half_north) ** 2 + cos(here) * cos(there) * sin(half_east) ** 2))


def metres(problem: Problem, need: int, other: int) -> int:
    """Return walking metres from a need to a volunteer or slot, by their ids."""
    table = problem.volunteers if other in problem.volunteers.ids else problem.slots
    here, there = int(np.argmax(problem.needs.ids == need)), int(np.argmax(table.ids == other))
    straight = haversine_m(
        (problem.needs.lats_deg[here], problem.needs.lons_deg[here]), (table.lats_deg[there], table.lons_deg[there])
    )
    return round(straight * problem.params.detour)


def due_count(problem: Problem, need: int) -> int:
    """Return how many visits of a need (position) are due, as slices of days."""
    asked = problem.needs
    days = max(0, int(asked.first_days[need])), min(problem.horizon_days, int(asked.last_days[need]))
    return len(due_slices(int(asked.frequency_kinds[need]), int(asked.frequency_counts[need]), *days))


def cost_of(problem: Problem, plan: Plan) -> int:
    """Count what a plan costs, in the plainest way."""
    walked = int(plan.pairs.distances_m.sum() + plan.bookings.distances_m.sum())
    missing = [
        due_count(problem, row) - _bookings_of_its_own(problem, plan, row)
        if problem.needs.served_by[row] == ServedBy.SLOT
        else int(need not in plan.pairs.need_ids)
        for row, need in enumerate(problem.needs.ids.tolist())
    ]
    return walked + int((problem.needs.penalties * np.array(missing, dtype=np.int64)).sum())


def _bookings_of_its_own(problem: Problem, plan: Plan, row: int) -> int:
    """Bookings of a need (position) that are not of its further skills."""
    skills = dict(zip(problem.slots.ids.tolist(), problem.slots.skills.tolist(), strict=True))
    further = int(problem.needs.also_skills[row])
    mine = plan.bookings.slot_ids[plan.bookings.need_ids == problem.needs.ids[row]].tolist()
    return sum(not further >> skills[slot] & 1 for slot in mine)


def honest(problem: Problem, plan: Plan) -> Plan:
    """Return a plan that says its true cost as optimal, so that a fault of another kind stands alone."""
    cost = cost_of(problem, plan)
    return replace(plan, objective=cost, bound=cost, gap=0.0, status=Status.OPTIMAL)


def answer(
    problem: Problem,
    *,
    pairs: Sequence[tuple[int, int]] = (),
    visits: Sequence[tuple[int, int, int, int]] = (),
    bookings: Sequence[tuple[int, int]] = (),
    unmet: Sequence[int] = (),
    **changes: Any,
) -> Plan:
    """Write a plan: pairs (need, volunteer), visits (need, volunteer, day, minute), bookings (need, slot), unmet.

    Metres, lengths of visits and cost are what they should be; ``changes`` replace parts of the plan at the end.
    """
    minutes = dict(zip(problem.needs.ids.tolist(), problem.needs.durations_min.tolist(), strict=True))
    visit_rows = [(need, who, day, start, minutes[need]) for need, who, day, start in visits]
    plan = Plan(
        starts_on=problem.starts_on.isoformat(),
        horizon_days=problem.horizon_days,
        pairs=Pairs(**_columns(Pairs, [(need, who, metres(problem, need, who)) for need, who in pairs])),
        visits=Visits(**_columns(Visits, visit_rows)),
        bookings=Bookings(**_columns(Bookings, [(need, slot, metres(problem, need, slot)) for need, slot in bookings])),
        unmet=Unmet(
            need_ids=np.array(unmet, dtype=np.int64),
            reasons=(UnmetReason.CAPACITY,) * len(unmet),
            taken_by_rule=np.zeros((len(unmet), len(CANDIDATE_RULES)), dtype=np.int64),
            remaining=np.zeros(len(unmet), dtype=np.int64),
        ),
        status=Status.OPTIMAL,
        objective=0,
        bound=0,
        gap=0.0,
        seed=problem.params.seed,
        method="by hand",
        seconds_by_stage={},
        verdict=NOT_JUDGED,
    )
    return replace(honest(problem, plan), **changes)


def _columns(table: type[Pairs | Visits | Bookings], rows: Sequence[tuple[int, ...]]) -> dict[str, Ints]:
    names = list(table.__dataclass_fields__)
    columns = np.array(rows, dtype=np.int64).reshape(-1, len(names)).T
    return dict(zip(names, columns, strict=True))


def faults(problem: Problem, plan: Plan) -> tuple[str, ...]:
    """Return what the judge finds."""
    return verify(problem, plan).faults


def pairs_of(plan: Plan) -> list[tuple[int, int]]:
    """Return pairs as (need, volunteer)."""
    return list(zip(plan.pairs.need_ids.tolist(), plan.pairs.volunteer_ids.tolist(), strict=True))


def visits_of(plan: Plan) -> list[tuple[int, int, int, int]]:
    """Return visits as (need, volunteer, day, minute)."""
    visits = plan.visits
    columns = (visits.need_ids, visits.volunteer_ids, visits.days, visits.starts_min)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def bookings_of(plan: Plan) -> list[tuple[int, int]]:
    """Return bookings as (need, slot)."""
    return list(zip(plan.bookings.need_ids.tolist(), plan.bookings.slot_ids.tolist(), strict=True))


def unmet_of(plan: Plan) -> dict[int, str]:
    """Return the reason of each unmet need."""
    return dict(zip(plan.unmet.need_ids.tolist(), map(str, plan.unmet.reasons), strict=True))
