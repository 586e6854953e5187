"""What one more would be worth where something is missing: a place, a volunteer, an hour, a place in a slot.

The prices of the optimal pairing say where one more place of a volunteer could save most; there, and for a volunteer,
an hour and a place in a slot, the problem is solved again with one more: the worth is the difference, exact as far as
both answers are optimal.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from matching import booking, candidates, widening
from matching.columns import Ints
from matching.plan import Plan
from matching.problem import Problem, ServedBy
from matching.shortage import find_shortage
from matching.whatif import MoreVolunteers

HOUR_MIN = 60
TRIED = 5
"""Volunteers or slots that an hour or a place is given to in turn; the best counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """Shortage of an area and skill, and what one more would do; metres count penalties, needs count seniors' needs.

    ``place`` is one need more of the volunteer where it saves most, ``hour`` sixty weekly minutes more of one,
    ``volunteer`` one more like those who are there, ``slot`` one more place in a slot. Nothing stands where it does not
    apply. Each is (metres saved, needs met more).
    """

    area: int
    skill: int
    unmet: int
    unmet_weekly_min: float
    place: tuple[int, int] | None = None
    volunteer: tuple[int, int] | None = None
    hour: tuple[int, int] | None = None
    slot: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Solved:
    """Cost and unmet needs of the pairing or of the bookings."""

    cost: int
    unmet: int


def find_worth(problem: Problem, plan: Plan, *, progress: Callable[[float], None] | None = None) -> tuple[Worth, ...]:
    """Return what one more would be worth for every area and skill with an unmet need, most unmet first."""
    shortage = find_shortage(problem, plan)
    rows = np.flatnonzero(shortage.unmet)
    rows = rows[np.lexsort((shortage.skills[rows], shortage.areas[rows], -shortage.unmet[rows]))]
    base = _Base(problem)
    found = []
    for number, row in enumerate(rows.tolist()):
        area, skill = int(shortage.areas[row]), int(shortage.skills[row])
        worth = Worth(
            area=area,
            skill=skill,
            unmet=int(shortage.unmet[row]),
            unmet_weekly_min=float(shortage.unmet_weekly_min[row]),
        )
        by_slot = problem.needs.served_by[problem.needs.skills == skill] == ServedBy.SLOT
        found.append(base.of_slots(worth) if by_slot.all() else base.of_volunteers(worth))
        if progress is not None:
            progress((number + 1) / len(rows))
    return tuple(found)


class _Base:
    """The problem solved once, and again with one thing more."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        arcs = candidates.find_arcs(problem)
        self._arcs, paired = widening.pair_within_reach(problem, arcs)
        self._pairing = _Solved(cost=paired.objective, unmet=len(paired.unmet))
        self._prices = widening.find_prices(problem, self._arcs, paired)
        booked = booking.book(problem)
        self._booking = _Solved(cost=booked.objective, unmet=len(booked.unmet))

    def of_volunteers(self, worth: Worth) -> Worth:
        """Add what a place, a volunteer and an hour would do."""
        who = self._there(worth)
        newcomer = MoreVolunteers(1, worth.area, skill=worth.skill)
        try:
            more = _gain(self._pairing, _pair(newcomer.apply(self.problem)))
        except ValueError:  # nobody anywhere is a model of a newcomer
            more = None
        prices = self._prices.volunteers_m[who]
        best = int(prices.max(initial=0))
        dearest = who[np.lexsort((who, -prices))[:TRIED]]
        hours = [_gain(self._pairing, _pair(self._longer(int(row)))) for row in dearest]
        place = _gain(self._pairing, _pair(self._roomier(int(dearest[0])))) if best else (0, 0)
        return replace(worth, place=place if len(who) else None, volunteer=more, hour=max(hours, default=None))

    def of_slots(self, worth: Worth) -> Worth:
        """Add what one more place in the best of the slots would do."""
        mine = np.flatnonzero(self.problem.slots.skills == worth.skill)
        taken = mine[np.lexsort((self.problem.slots.ids[mine], self._metres_to(worth, mine)))][:TRIED]
        gains = []
        for row in taken.tolist():
            more = self.problem.slots.places + (np.arange(len(self.problem.slots)) == row)
            changed = replace(self.problem, slots=replace(self.problem.slots, places=more))
            booked = booking.book(changed)
            gains.append(_gain(self._booking, _Solved(cost=booked.objective, unmet=len(booked.unmet))))
        return replace(worth, slot=max(gains, default=None))

    def _there(self, worth: Worth) -> Ints:
        """Volunteers of the area who have the skill; of everywhere when there is none."""
        who = self.problem.volunteers
        able = (who.skills >> np.uint64(worth.skill) & np.uint64(1)).astype(bool)
        near = np.flatnonzero(able & (who.areas == worth.area))
        return near if len(near) else np.flatnonzero(able)

    def _roomier(self, row: int) -> Problem:
        who = self.problem.volunteers
        roomier = who.max_needs + (np.arange(len(who)) == row)
        return replace(self.problem, volunteers=replace(who, max_needs=roomier))

    def _longer(self, row: int) -> Problem:
        who = self.problem.volunteers
        longer = who.weekly_caps_min + HOUR_MIN * (np.arange(len(who)) == row)
        return replace(self.problem, volunteers=replace(who, weekly_caps_min=longer))

    def _metres_to(self, worth: Worth, rows: Ints) -> Ints:
        """Metres from the middle of the area's seniors to slots."""
        places = candidates.planes(self.problem)
        needs = self.problem.needs
        middle = places.needs[(needs.areas == worth.area) & (needs.skills == worth.skill)].mean(axis=0)
        return np.asarray(np.rint(np.hypot(*(places.slots[rows] - middle).T)), dtype=np.int64)


def _pair(problem: Problem) -> _Solved:
    _, paired = widening.pair_within_reach(problem, candidates.find_arcs(problem))
    return _Solved(cost=paired.objective, unmet=len(paired.unmet))


def _gain(before: _Solved, after: _Solved) -> tuple[int, int]:
    """Metres saved and needs met more."""
    return before.cost - after.cost, before.unmet - after.unmet
