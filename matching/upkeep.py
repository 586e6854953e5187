"""A plan that is kept: it follows what changes, so that a repair costs what changed and not what stands.

Between repairs it remembers where everybody is, who is near whom as far as anybody has looked, and that the plan was
judged. The next question is compared with the one before; pairs and visits of whom nothing touches stay unseen, and
are judged by being the same.
"""

from dataclasses import replace

import numpy as np

from matching import booking, mending, standing
from matching.assign import LIGHT
from matching.candidates import Ground, plane_lat_deg
from matching.changes import find_changes, part_of
from matching.columns import Ints, Mask
from matching.diary import Held
from matching.mending import Draft, Scene, held_of, some_visits
from matching.pairing import Limits
from matching.plan import Plan
from matching.problem import Problem, ServedBy
from matching.reach import Reach, nearest_m
from matching.rematch import STAGES, Repair, least_cost, nearest_to_all, refuse_other_days, refuse_presets, rematch
from matching.solve import PlanRejected, started
from matching.stages import Stages
from matching.standing import Standing
from matching.touched import Touched, find_touched
from matching.verify import verify
from matching.verify_changes import verify_changes

MOST_SHIFT_M = 0.5
"""How far metres may be off because the plane stays where it was laid, before all is measured anew."""


class Upkeep:
    """A plan with all that repairs of it need; ask :meth:`mend`, read ``problem`` and ``plan``."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        refuse_other_days(problem, plan)
        self.problem, self.plan = problem, plan
        self._lat_deg = plane_lat_deg(problem)
        ground = Ground(problem)
        self._nearest = nearest_to_all(ground)
        served = np.flatnonzero(problem.needs.served_by == ServedBy.VOLUNTEER)
        self._reach = Reach.nothing(len(problem.needs)).widened(ground, served)
        self._visits = held_of(problem, plan.visits)

    def mend(
        self,
        problem: Problem,
        *,
        change_m: int | None = None,
        limits: Limits | None = None,
        is_judged_whole: bool = False,
    ) -> Repair:
        """Mend the plan for the question as it is now; see :func:`matching.rematch.rematch`.

        Where something differs that concerns everybody (suspended days, params, the first day), all is looked at
        anew. With ``is_judged_whole`` the judge looks at all in any case. When an error is raised nothing has changed.
        """
        touched = find_touched(self.problem, problem)
        if touched.is_all or self._has_shifted(problem) or not self.plan.verdict.holds:
            repair = rematch(problem, self.plan, change_m=change_m, limits=limits)
            self.__init__(problem, repair.plan)  # type: ignore[misc]  # begun anew
            return repair
        stages = Stages(STAGES)
        limits = started(limits or Limits(effort=LIGHT), stages)
        refuse_presets(problem)
        stages.begin("standing")
        ground = Ground(self._on_plane(problem))
        reach, nearest = self._moved(ground, touched)
        held, barred, asked = self._standing(ground.problem, touched)
        scene = Scene(
            problem=ground.problem,
            ground=ground,
            held=held,
            barred=barred,
            grown=self._grown(problem, touched, held),
            change_m=mending.change_cost_m(problem, change_m),
        )
        stages.end("standing")
        stages.begin("pairing")
        draft, reach = mending.draft(scene, reach, limits, stages)
        stages.begin("slots")
        booked = booking.book(problem, standing.find_bookings(problem, self.plan))
        stages.end("slots")
        stages.begin("verify")
        plan = mending.plan_of(problem, draft, booked, least_cost(problem, nearest))
        changed = self._changed(problem, draft, asked)
        verdict = (
            verify(problem, plan)
            if is_judged_whole
            else verify_changes(problem, plan, self.plan, self.problem, changed)
        )
        stages.end("verify")
        if not verdict.holds:
            raise PlanRejected(verdict.faults, problem)
        plan = replace(plan, verdict=verdict, seconds_by_stage=stages.seconds)
        changes = find_changes(self.plan, plan, changed)
        self.problem, self.plan = problem, plan
        self._reach, self._nearest, self._visits = reach, nearest, draft.visits
        return Repair(plan=plan, changes=changes)

    def _has_shifted(self, problem: Problem) -> bool:
        """Whether the plane of the question as it is now would measure otherwise, by more than rounding."""
        here, there = np.cos(np.radians([self._lat_deg, plane_lat_deg(problem)]))
        farthest_m = max(problem.params.max_distance_m, problem.params.max_slot_distance_m)
        return bool(abs(there / here - 1) * farthest_m > MOST_SHIFT_M)

    def _on_plane(self, problem: Problem) -> Problem:
        """The question on the plane that was laid when all was measured."""
        return replace(problem, params=replace(problem.params, plane_lat_deg=self._lat_deg))

    def _moved(self, ground: Ground, touched: Touched) -> tuple[Reach, Ints]:
        """Who is near whom now: needs that are new forget, and so do those near somebody who is."""
        newcomers = np.flatnonzero(touched.volunteers)
        places_m = ground.places.volunteers[newcomers]
        needs_now, volunteers_now, count = touched.needs_now, touched.volunteers_now, len(touched.needs)
        volunteers_now = np.where(_of_rows(touched.volunteers, volunteers_now), -1, volunteers_now)
        reach = self._reach.moved(needs_now, volunteers_now, count, touched.needs)
        forgotten = reach.near(ground, places_m) | touched.needs
        reach = reach.moved(np.arange(count), np.arange(len(touched.volunteers)), count, forgotten)
        nearest = np.zeros(count, dtype=np.int64)
        nearest[needs_now[needs_now >= 0]] = self._nearest[needs_now >= 0]
        everyone = np.arange(len(touched.volunteers))
        new = np.flatnonzero(touched.needs)
        nearest[new] = nearest_m(ground, new, everyone)
        if len(newcomers):
            nearest = np.minimum(nearest, nearest_m(ground, np.arange(count), newcomers))
        return reach, nearest

    def _standing(self, problem: Problem, touched: Touched) -> tuple[Standing, Standing, Ints]:
        """What holds; pairs that no days are found for; and the needs (ids) that were looked at.

        Looked at are needs that differ, those of volunteers who do, and all that share a volunteer with one of these.
        """
        was, visits = self.plan.pairs, self._visits
        needs = touched.needs_now[standing.positions(self.problem.needs.ids, was.need_ids)]
        who = touched.volunteers_now[standing.positions(self.problem.volunteers.ids, was.volunteer_ids)]
        known = (needs >= 0) & (who >= 0)
        suspect = touched.needs.copy()
        suspect[needs[known][touched.volunteers[who[known]]]] = True
        suspect[needs[(needs >= 0) & (who < 0)]] = True
        asked = _beside(suspect, needs[known], who[known], len(touched.volunteers))
        stays = known & ~_of_rows(asked, needs)
        moved = Held(
            needs=touched.needs_now[visits.needs],
            volunteers=touched.volunteers_now[visits.volunteers],
            days=visits.days,
            starts_min=visits.starts_min,
        )
        held = Standing(
            needs=needs[stays],
            volunteers=who[stays],
            distances_m=was.distances_m[stays],
            is_dated=np.ones(int(stays.sum()), dtype=bool),
            visits=some_visits(moved, (moved.needs >= 0) & ~_of_rows(asked, moved.needs)),
        )
        ids = problem.needs.ids[asked]
        if not (known & _of_rows(asked, needs)).any():
            return held, held.some(np.zeros(len(held.needs), dtype=bool)), ids
        found = standing.find_standing(problem, part_of(self.plan, ids))
        held = Standing(
            needs=np.append(held.needs, found.needs),
            volunteers=np.append(held.volunteers, found.volunteers),
            distances_m=np.append(held.distances_m, found.distances_m),
            is_dated=np.append(held.is_dated, found.is_dated),
            visits=mending.joined(held.visits, found.visits),
        )
        return *mending.redated(problem, held), ids

    def _grown(self, problem: Problem, touched: Touched, held: Standing) -> Ints:
        """Volunteers (positions) who are new or differ, or have fewer needs than before."""
        who = touched.volunteers_now[standing.positions(self.problem.volunteers.ids, self.plan.pairs.volunteer_ids)]
        before = np.bincount(who[who >= 0], minlength=len(problem.volunteers))
        now = np.bincount(held.volunteers, minlength=len(problem.volunteers))
        return np.flatnonzero((now < before) | touched.volunteers)

    def _changed(self, problem: Problem, draft: Draft, asked: Ints) -> Ints:
        """Ids of all needs that may differ in the plan: paired or dated anew, unmet, looked at, gone, or slots'."""
        gone = np.setdiff1d(self.problem.needs.ids, problem.needs.ids)
        by_slot = problem.needs.ids[problem.needs.served_by == ServedBy.SLOT]
        parts = (
            problem.needs.ids[draft.anew],
            problem.needs.ids[draft.undated],
            self.plan.unmet.need_ids,
            asked,
            gone,
            by_slot,
        )
        return np.unique(np.concatenate(parts))


def _of_rows(is_so: Mask, rows: Ints) -> Mask:
    """What is said of some rows; no for -1, who is gone."""
    return np.asarray(np.append(is_so, False)[rows], dtype=bool)


def _beside(suspect: Mask, needs: Ints, volunteers: Ints, people: int) -> Mask:
    """Needs that are suspect, and all that share a volunteer with one of them."""
    busy = np.zeros(people, dtype=bool)
    busy[volunteers[suspect[needs]]] = True
    asked = suspect.copy()
    asked[needs[busy[volunteers]]] = True
    return asked
