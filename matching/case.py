"""What the judge looks at: a plan looked up in its problem, and words for faults."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from matching.columns import Floats, Ints, Mask
from matching.plan import Plan
from matching.problem import Problem

DAYS_A_WEEK = 7
METRES_PER_DEGREE = 111_195.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A plan looked up in its problem: positions of every id it names."""

    problem: Problem
    plan: Plan
    pair_needs: Ints
    pair_volunteers: Ints
    visit_needs: Ints
    visit_volunteers: Ints
    booking_needs: Ints
    booking_slots: Ints

    @property
    def own_bookings(self) -> Mask:
        """Bookings of the need itself; the others are slots of its further skills."""
        skills = self.problem.slots.skills[self.booking_slots].astype(np.uint64)
        return np.asarray(self.problem.needs.also_skills[self.booking_needs] >> skills & np.uint64(1) == 0, dtype=bool)


def look_up(problem: Problem, plan: Plan) -> Case:
    """Find the position of every id that a plan names; all are known."""
    return Case(
        problem=problem,
        plan=plan,
        pair_needs=_positions(problem.needs.ids, plan.pairs.need_ids),
        pair_volunteers=_positions(problem.volunteers.ids, plan.pairs.volunteer_ids),
        visit_needs=_positions(problem.needs.ids, plan.visits.need_ids),
        visit_volunteers=_positions(problem.volunteers.ids, plan.visits.volunteer_ids),
        booking_needs=_positions(problem.needs.ids, plan.bookings.need_ids),
        booking_slots=_positions(problem.slots.ids, plan.bookings.slot_ids),
    )


def _positions(ids: Ints, wanted: Ints) -> Ints:
    order = np.argsort(ids)
    return order[np.searchsorted(ids, wanted, sorter=order)] if len(ids) else np.empty(0, dtype=np.int64)


def pair_faults(case: Case, wrong: Mask, words: str) -> Iterator[str]:
    """Yield a fault for every pair that is wrong."""
    for row in np.flatnonzero(wrong):
        pairs = case.plan.pairs
        yield f"need {pairs.need_ids[row]} and volunteer {pairs.volunteer_ids[row]}: {words}"


def metres_between(problem: Problem, from_deg: tuple[Floats, Floats], to_deg: tuple[Floats, Floats]) -> Floats:
    """Measure by the judge's own distance: small-angle arc with the cosine of the plane's latitude."""
    every = np.sort(np.concatenate((problem.needs.lats_deg, problem.volunteers.lats_deg, problem.slots.lats_deg)))
    middle = (every[(len(every) - 1) // 2] + every[len(every) // 2]) / 2 if len(every) else 0.0
    given = problem.params.plane_lat_deg
    scale = np.cos(np.radians(middle if given is None else given))
    north = (from_deg[0] - to_deg[0]) * METRES_PER_DEGREE
    east = (from_deg[1] - to_deg[1]) * METRES_PER_DEGREE * scale
    return np.asarray(np.sqrt(north * north + east * east) * problem.params.detour, dtype=np.float64)


def days_by_need(needs: Ints, days: Ints) -> dict[int, list[int]]:
    """Return the days of each need that has any, ascending."""
    order = np.lexsort((days, needs))
    some, first = np.unique(needs[order], return_index=True)
    parts = np.split(days[order], first[1:]) if len(some) else []
    return {need: part.tolist() for need, part in zip(some.tolist(), parts, strict=True)}
