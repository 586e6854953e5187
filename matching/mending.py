"""The work of a repair: pairs for who has none, dates for who was paired anew, and a plan of both.

Needs that several come to together, and pairs that must be, are paired first, by the assignment of the vicinity
(:mod:`matching.vicinity`); all others by chains (:mod:`matching.seating`). Visits of everybody else stay as they are.
"""

from dataclasses import dataclass, replace

import numpy as np

from matching import agreement, pairing, standing
from matching.agreement import Agreed
from matching.assign import StoppedBy
from matching.candidates import Arcs, Ground
from matching.columns import Ints, Mask
from matching.diary import Diaries, Held
from matching.pairing import Assignment, Limits
from matching.plan import Plan, Status, Visits
from matching.problem import Problem, ServedBy
from matching.reach import Reach
from matching.seating import METHOD, Pairs, Seating, Wish
from matching.slots import Booked
from matching.solve import assemble
from matching.stages import Stages
from matching.standing import Standing
from matching.vicinity import near_lost, pair_anew

USUAL_CHANGE_M = 500
"""Metres that a pair must save, or let others save, before it moves, where the problem says no ``change_m``."""
MOST_CHANGE_M = 1_000_000
MINUTES_A_DAY = 1440


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a repair begins with: what holds, whom no days can be found for, who has grown room, what a move costs."""

    problem: Problem
    ground: Ground
    held: Standing
    barred: Standing
    grown: Ints
    change_m: int

    @property
    def lost(self) -> Mask:
        """Needs of volunteers that have nobody; shape (n,)."""
        is_lost = np.asarray(self.problem.needs.served_by == ServedBy.VOLUNTEER)
        is_lost[self.held.needs] = False
        return is_lost


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Pairs of a repair with their visits, and needs that nobody meets or could date; positions."""

    pairs: Pairs
    unmet: Ints
    undated: Ints
    visits: Held
    method: str
    stopped_by: StoppedBy
    anew: Ints  # needs whose pairs or visits are not what they were


def change_cost_m(problem: Problem, change_m: int | None) -> int:
    """Return what a move costs: what is asked, else the problem's own, else the usual."""
    return (problem.params.change_m or USUAL_CHANGE_M) if change_m is None else change_m


def redated(problem: Problem, found: Standing) -> tuple[Standing, Standing]:
    """Date pairs that hold without their visits around the others; the pairs with visits, and those nobody can date."""
    if found.is_dated.all():
        return found, found.some(np.zeros(len(found.needs), dtype=bool))
    loose = np.flatnonzero(~found.is_dated)
    arcs = Arcs(needs=found.needs[loose], volunteers=found.volunteers[loose], distances_m=found.distances_m[loose])
    diaries = Diaries(problem, visits_of(found.visits, arcs.volunteers, len(problem.volunteers)))
    dated = agreement.date_pairs(problem, arcs, np.arange(len(loose)), diaries=diaries)
    is_held = found.is_dated | standing.is_among(
        found.needs, found.volunteers, arcs.needs[dated.arcs], arcs.volunteers[dated.arcs]
    )
    visits = joined(found.visits, held_of(problem, dated.visits))
    return replace(found, visits=visits).some(is_held), found.some(~is_held)


def held_of(problem: Problem, visits: Visits) -> Held:
    """Look visits up in the problem."""
    return Held(
        needs=standing.positions(problem.needs.ids, visits.need_ids),
        volunteers=standing.positions(problem.volunteers.ids, visits.volunteer_ids),
        days=visits.days,
        starts_min=visits.starts_min,
    )


def visits_of(visits: Held, volunteers: Ints, people: int) -> Held:
    """Return the visits of some volunteers, ordered by volunteer, as diaries take them."""
    asked = np.zeros(people, dtype=bool)
    asked[volunteers] = True
    rows = np.flatnonzero(asked[visits.volunteers])
    return some_visits(visits, rows[np.argsort(visits.volunteers[rows], kind="stable")])


def some_visits(visits: Held, rows: Mask | Ints) -> Held:
    """Return some visits."""
    return Held(**{name: getattr(visits, name)[rows] for name in HELD})


def joined(one: Held, other: Held) -> Held:
    """Return the visits of both, in no order."""
    return Held(**{name: np.append(getattr(one, name), getattr(other, name)) for name in HELD})


HELD = ("needs", "volunteers", "days", "starts_min")


def draft(scene: Scene, reach: Reach, limits: Limits, stages: Stages) -> tuple[Draft, Reach]:
    """Pair and date in stages (the first has begun); where moves cost somebody their days, they must pay for it."""
    lost, held = scene.lost, scene.held
    nobody = np.zeros(len(held.needs), dtype=bool)
    if not (lost.any() or len(scene.grown)):
        stages.end("pairing")
        return _in_stage(stages, scene, _pairs_of(held), METHOD, StoppedBy.PROVEN), reach
    may_move = ~standing.is_preset(scene.problem, held.needs, held.volunteers)
    seniors = scene.problem.needs.senior_ids
    may_move &= ~np.isin(seniors[held.needs], seniors[scene.barred.needs])
    moving, reach, method, stopped_by = _paired(scene, reach, lost, may_move, limits)
    stages.end("pairing")
    best = _in_stage(stages, scene, moving, method, stopped_by)
    # In a vicinity without needs of the last tier the assignment weighs whom it leaves unmet against metres, so whoever
    # was moved for a need that several come to is compared too.
    is_sure = stopped_by == StoppedBy.PROVEN and not len(best.undated) and not _compounds(scene, lost).any()
    if not is_sure and may_move.any():
        still, reach, method, stopped_by = _paired(scene, reach, lost, nobody, limits)
        best = min(best, _dated(scene, still, method, stopped_by), key=lambda one: _rank(scene, one))
    return best, reach


def _in_stage(stages: Stages, scene: Scene, pairs: Pairs, method: str, stopped_by: StoppedBy) -> Draft:
    stages.begin("calendar")
    dated = _dated(scene, pairs, method, stopped_by)
    stages.end("calendar")
    return dated


def _pairs_of(held: Standing) -> Pairs:
    return Pairs(needs=held.needs, volunteers=held.volunteers, distances_m=held.distances_m)


def _paired(
    scene: Scene, reach: Reach, lost: Mask, may_move: Mask, limits: Limits
) -> tuple[Pairs, Reach, str, StoppedBy]:
    """Pair what has nobody: first those whom several, or somebody said beforehand, come to."""
    problem, held = scene.problem, scene.held
    compound = _compounds(scene, lost)
    pairs, method, stopped_by = _pairs_of(held), METHOD, StoppedBy.PROVEN
    if compound.any():
        pairs, method, stopped_by = _compound(scene, compound, limits, is_moving=bool(may_move.any()))
        method = f"{method}, {METHOD}"
    needs_move = np.zeros(len(problem.needs), dtype=bool)
    needs_move[held.needs[may_move]] = True
    if may_move.any():
        needs_move[lost & ~compound] = True  # whoever is new to a place may pass it on
    seniors = problem.needs.senior_ids
    wish = Wish(
        lost=lost & ~compound,
        barred=_barred(problem, held, scene.barred),
        may_move=needs_move & (problem.needs.helpers == 1) & ~np.isin(seniors, seniors[scene.barred.needs]),
        grown=scene.grown if may_move.any() else scene.grown[:0],
        change_m=scene.change_m,
    )
    seating = Seating(scene.ground, reach, pairs, wish, homes=_pairs_of(held))
    seating.seat()
    if not seating.is_equal:
        stopped_by = StoppedBy.EFFORT
    return seating.pairs(), seating.reach, method, stopped_by


def _compounds(scene: Scene, lost: Mask) -> Mask:
    """Needs without a place that several come to, or that must have somebody; shape (n,)."""
    problem = scene.problem
    owed = problem.preset[:, 0] if len(problem.preset) else np.empty(0, dtype=np.int64)
    return np.asarray(lost & ((problem.needs.helpers > 1) | np.isin(problem.needs.ids, owed)))


def _barred(problem: Problem, held: Standing, barred: Standing) -> Pairs:
    """Pairs for which no days are found, for every need of the senior, unless they meet for another, or must."""
    seniors = problem.needs.senior_ids
    meets = standing.is_among(seniors[barred.needs], barred.volunteers, seniors[held.needs], held.volunteers)
    meets |= standing.is_preset(problem, barred.needs, barred.volunteers)
    never = [
        (other, volunteer)
        for need, volunteer in zip(barred.needs[~meets].tolist(), barred.volunteers[~meets].tolist(), strict=True)
        for other in np.flatnonzero(seniors == seniors[need]).tolist()
    ]
    table = np.array(never, dtype=np.int64).reshape(-1, 2)
    return Pairs(needs=table[:, 0], volunteers=table[:, 1], distances_m=np.zeros(len(table), dtype=np.int64))


def _compound(scene: Scene, lost: Mask, limits: Limits, *, is_moving: bool) -> tuple[Pairs, str, StoppedBy]:
    """Pair needs that several come to, or that must have somebody; others move for them where it pays."""
    problem, held, barred = scene.problem, scene.held, scene.barred
    named = np.column_stack((problem.needs.ids[held.needs], problem.volunteers.ids[held.volunteers]))
    # A move pays when it saves more than it costs, so one metre more stands against it; at no cost it is free.
    cost_m = min(MOST_CHANGE_M, scene.change_m + 1) if scene.change_m else 0
    weighed = replace(problem, standing=named, params=replace(problem.params, change_m=cost_m))
    nobody = np.zeros(len(held.needs), dtype=bool)
    found = pair_anew(weighed, held, lost, barred, nobody, limits)
    if is_moving:
        may_move = near_lost(weighed, held, lost, barred, found[:2])
        found = pair_anew(weighed, held, lost, barred, may_move, limits) if may_move.any() else found
    arcs, paired, asked = found
    stays = ~asked[held.needs]
    pairs = Pairs(
        needs=np.append(held.needs[stays], arcs.needs[paired.arcs]),
        volunteers=np.append(held.volunteers[stays], arcs.volunteers[paired.arcs]),
        distances_m=np.append(held.distances_m[stays], arcs.distances_m[paired.arcs]),
    )
    if problem.params.fairness_m:  # those who stay were in the vicinity's own pairing, set beforehand
        pairs = Pairs(
            needs=arcs.needs[paired.arcs],
            volunteers=arcs.volunteers[paired.arcs],
            distances_m=arcs.distances_m[paired.arcs],
        )
    return pairs, paired.method, paired.stopped_by


def _dated(scene: Scene, pairs: Pairs, method: str, stopped_by: StoppedBy) -> Draft:
    """Date what was paired anew around the visits that stay; a need whose people are the same keeps its visits."""
    problem, held = scene.problem, scene.held
    people = len(problem.volunteers)
    was_there = standing.is_among(pairs.needs, pairs.volunteers, held.needs, held.volunteers)
    is_there = standing.is_among(held.needs, held.volunteers, pairs.needs, pairs.volunteers)
    is_anew = np.zeros(len(problem.needs), dtype=bool)
    is_anew[pairs.needs[~was_there]] = is_anew[held.needs[~is_there]] = True
    kept, asked = pairs.some(~is_anew[pairs.needs]), pairs.some(is_anew[pairs.needs])
    visits = some_visits(held.visits, ~is_anew[held.visits.needs])
    arcs, agreed = _agreed(scene, kept, asked, visits)
    served = problem.needs.served_by == ServedBy.VOLUNTEER
    is_unmet = np.asarray(served)
    is_unmet[pairs.needs] = False
    every = Pairs(
        needs=np.append(kept.needs, arcs.needs[agreed.arcs]),
        volunteers=np.append(kept.volunteers, arcs.volunteers[agreed.arcs]),
        distances_m=np.append(kept.distances_m, arcs.distances_m[agreed.arcs]),
    )
    return Draft(
        pairs=every,
        unmet=np.flatnonzero(is_unmet),
        undated=agreed.undated,
        visits=_in_order(visits, held_of(problem, agreed.visits), people),
        method=f"repair, {method}",
        stopped_by=stopped_by,
        anew=np.flatnonzero(is_anew | is_unmet),
    )


def _agreed(scene: Scene, kept: Pairs, asked: Pairs, visits: Held) -> tuple[Arcs, Agreed]:
    """Date pairs; only where that fails, all who are near are looked up for a need that could not be dated."""
    problem, people = scene.problem, len(scene.problem.volunteers)
    taken = np.bincount(kept.volunteers, minlength=people)
    order = np.lexsort((asked.volunteers, asked.distances_m, asked.needs))
    arcs = Arcs(needs=asked.needs[order], volunteers=asked.volunteers[order], distances_m=asked.distances_m[order])
    chosen = np.arange(len(order))
    diaries = Diaries(problem, visits_of(visits, arcs.volunteers, people))
    agreed = agreement.date_pairs(problem, arcs, chosen, diaries=diaries, taken=taken)
    if len(agreed.undated):
        arcs, chosen = _with_others(scene, arcs, agreed.undated)
        diaries = Diaries(problem, visits_of(visits, arcs.volunteers, people))
        agreed = agreement.date_pairs(problem, arcs, chosen, diaries=diaries, taken=taken)
    return arcs, agreed


def _with_others(scene: Scene, arcs: Arcs, needs: Ints) -> tuple[Arcs, Ints]:
    """Add all near candidates of some needs; and where the arcs given stand now."""
    more = scene.ground.nearest(needs, scene.problem.params.candidates_per_need)
    columns = [np.append(getattr(arcs, name), getattr(more, name)) for name in pairing.COLUMNS]
    table = np.unique(np.column_stack((columns[0], columns[2], columns[1])), axis=0)
    every = Arcs(needs=table[:, 0], volunteers=table[:, 2], distances_m=table[:, 1])
    is_given = standing.is_among(every.needs, every.volunteers, arcs.needs, arcs.volunteers)
    return every, np.flatnonzero(is_given)


def _in_order(visits: Held, more: Held, people: int) -> Held:
    """Join visits and order them by day, volunteer and minute; quicker where the first are in order already."""
    keys, others = (
        (some.days * max(1, people) + some.volunteers) * MINUTES_A_DAY + some.starts_min for some in (visits, more)
    )
    every = joined(visits, more)
    if (keys[1:] < keys[:-1]).any():
        return some_visits(every, np.argsort(np.append(keys, others), kind="stable"))
    order = np.argsort(others, kind="stable")
    rows = np.insert(np.arange(len(keys)), np.searchsorted(keys, others[order], side="right"), len(keys) + order)
    return some_visits(every, rows)


def _rank(scene: Scene, one: Draft) -> tuple[int, ...]:
    """How good a draft is: unmet needs of each tier but the last, then cost, moves counted in; less is better."""
    needs, params = scene.problem.needs, scene.problem.params
    unmet = np.union1d(one.unmet, one.undated)
    counts = [int((needs.tiers[unmet] == tier).sum()) for tier in np.unique(needs.tiers)[:-1]]
    kept = standing.is_among(one.pairs.needs, one.pairs.volunteers, scene.held.needs, scene.held.volunteers).sum()
    loads = np.bincount(one.pairs.volunteers, minlength=1)
    cost = int(one.pairs.distances_m.sum()) + pairing.penalties_of(scene.problem, unmet)
    cost += params.fairness_m * int((loads * (loads - 1) // 2).sum()) - scene.change_m * int(kept)
    return (*counts, cost)


def plan_of(problem: Problem, one: Draft, booked: Booked, bound: int) -> Plan:
    """Put a draft and bookings together; ``bound`` is a plain one on the cost of pairs."""
    arcs = Arcs(needs=one.pairs.needs, volunteers=one.pairs.volunteers, distances_m=one.pairs.distances_m)
    every = np.arange(len(arcs.needs))
    paired = Assignment(
        arcs=every,
        unmet=one.unmet,
        objective=0,  # counted anew
        bound=bound,
        method=one.method,
        stopped_by=one.stopped_by,
        rooms=None,
        stakes_m=problem.needs.penalties,
    )
    visits = Visits(
        need_ids=problem.needs.ids[one.visits.needs],
        volunteer_ids=problem.volunteers.ids[one.visits.volunteers],
        days=one.visits.days,
        starts_min=one.visits.starts_min,
        durations_min=problem.needs.durations_min[one.visits.needs],
    )
    agreed = Agreed(arcs=every, visits=visits, undated=one.undated)
    plan = assemble(problem, arcs, paired, replace(booked, bound=0), agreed)
    is_proven = plan.status == Status.OPTIMAL
    stopped_by = StoppedBy.EFFORT if one.stopped_by == StoppedBy.PROVEN and not is_proven else one.stopped_by
    return replace(plan, stopped_by=stopped_by.value)
