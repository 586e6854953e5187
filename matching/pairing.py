"""Needs to volunteers at least cost: needs, volunteers and their arcs as a network, and the answer back.

Rule `preset`: a pair that must be is in the network as a fixed arc. Rule `capacity`: a volunteer takes at most
``max_needs`` needs, and no more minutes a week than they offer. Which method answers is the assignment's choice
(:mod:`matching.assign`): an exact flow where loads are equal, a search with a bound elsewhere. A need that
several come to together stands in the network once for each of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Protocol

import numpy as np

from matching import assign, candidates, flow, objective, tiers
from matching.assign import USUAL, Effort, StoppedBy
from matching.candidates import Arcs
from matching.columns import Ints, Mask
from matching.network import UNPAIRED, Network
from matching.problem import Problem, ServedBy

RULES = ("preset", "capacity")
MOST_TURNS = 5
"""How often the network is solved again because one person was chosen twice for one need."""
MOST_MINUTES = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How hard and how long pairing may try; seconds may only stop it earlier.

    ``ends_at`` is the moment of the machine's own clock at which ``time_limit_s`` is over, once it began. ``assigner``
    answers a network in place of :func:`matching.assign.assign`, as a city in areas does.
    """

    effort: Effort = USUAL
    workers: int | None = None
    time_limit_s: float | None = None
    is_cancelled: Callable[[], bool] | None = None
    progress: Callable[[str, float], None] | None = None
    ends_at: float | None = None
    assigner: "Assigner | None" = None

    def begun(self) -> "Limits":
        """Return the same limits with their seconds counted from now."""
        if self.time_limit_s is None or self.ends_at is not None:
            return self
        return replace(self, ends_at=perf_counter() + self.time_limit_s)

    @property
    def left_s(self) -> float | None:
        """Seconds that are left, 0 when time is over; nothing without a limit."""
        return self.time_limit_s if self.ends_at is None else max(0.0, self.ends_at - perf_counter())


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Chosen arcs and unmet needs (positions), the cost in metres, and a bound that no other choice's cost is below.

    The cost counts arcs less what is kept, unlike loads, and penalties of needs. ``rooms``, shape (m,), is how many
    needs each volunteer can take where loads are equal, and None elsewhere; ``stakes_m``, shape (n,), is what leaving
    a need unmet weighs once its tier is counted in.
    """

    arcs: Ints
    unmet: Ints
    objective: int
    bound: int
    method: str
    stopped_by: StoppedBy
    rooms: Ints | None
    stakes_m: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """A network with what its rows stand for: the need of each left, and the arc of each of its arcs."""

    network: Network
    needs: Ints
    arcs: Ints


class Assigner(Protocol):
    """Whatever answers the network of a roster."""

    def __call__(self, roster: Roster, limits: Limits, seed: int) -> assign.Answer:
        """Choose at most one arc for each left."""


def pair(problem: Problem, arcs: Arcs, limits: Limits | None = None) -> Assignment:
    """Choose for each need as many volunteers as come together, at least total cost.

    Ties are broken by the problem's seed; the same problem and effort give the same answer.

    Raises
    ------
    ValueError
        When the pairs that must be break a rule together.
    """
    limits = (limits or Limits()).begun()
    roster = roster_of(problem, arcs)
    first = chosen = _assign(roster, problem, limits)
    for _ in range(MOST_TURNS):
        wrong = _met_twice(roster, chosen.chosen)
        if not len(wrong):
            break
        roster = _without(roster, wrong)
        chosen = _assign(roster, problem, limits)
    while len(half := _half_met(problem, roster, chosen.chosen)):  # room that one gives up may half meet another
        roster = _without(roster, np.flatnonzero(np.isin(roster.needs[roster.network.lefts], half)))
        chosen = _assign(roster, problem, limits)
    picked = chosen.chosen[chosen.chosen != UNPAIRED]
    served = np.unique(roster.needs)
    met = np.unique(roster.needs[chosen.chosen != UNPAIRED])
    unmet = np.setdiff1d(served, met)
    taken = np.sort(roster.arcs[picked])
    cost = cost_of(problem, arcs, taken, unmet)
    bound = min(cost, first.bound)
    return Assignment(
        arcs=taken,
        unmet=unmet,
        objective=cost,
        bound=bound,
        method=first.method,
        stopped_by=chosen.stopped_by,
        rooms=_rooms(problem, roster) if first.method == flow.METHOD else None,
        stakes_m=_stakes(problem, roster),
    )


def _rooms(problem: Problem, roster: Roster) -> Ints:
    """Needs that each volunteer can take by number and by minutes, the longest of their arcs counted."""
    longest = np.ones(len(problem.volunteers), dtype=np.int64)
    np.maximum.at(longest, roster.network.rights, roster.network.weights_min)
    by_minutes = problem.volunteers.weekly_caps_min // longest
    return np.asarray(np.minimum(problem.volunteers.max_needs, by_minutes), dtype=np.int64)


def _stakes(problem: Problem, roster: Roster) -> Ints:
    stakes = np.zeros(len(problem.needs), dtype=np.int64)
    stakes[roster.needs] = tiers.chain_prices(roster.network)
    return stakes


def penalties_of(problem: Problem, needs: Ints) -> int:
    """Return what leaving all of some needs unmet costs."""
    return int(problem.needs.penalties[needs].sum())


def cost_of(problem: Problem, arcs: Arcs, chosen: Ints, unmet: Ints) -> int:
    """Count what chosen arcs and unmet needs (positions) cost, in metres."""
    metres = int(objective.arc_costs(problem, arcs)[chosen].sum())
    return metres + objective.fairness_m(problem, arcs.volunteers[chosen]) + penalties_of(problem, unmet)


def roster_of(problem: Problem, arcs: Arcs) -> Roster:
    """Put the needs that volunteers serve and their arcs into a network; lefts are shuffled by the seed."""
    helpers = problem.needs.helpers
    served = np.flatnonzero(problem.needs.served_by == ServedBy.VOLUNTEER)
    needs = np.repeat(served, helpers[served])
    needs = needs[np.random.default_rng(problem.params.seed).permutation(len(needs))]
    order = np.argsort(needs, kind="stable")
    first = np.zeros(len(helpers), dtype=np.int64)
    first[served] = np.cumsum(helpers[served]) - helpers[served]
    copies = helpers[arcs.needs]
    rows = np.repeat(np.arange(len(arcs.needs)), copies)
    turn = np.arange(len(rows)) - np.repeat(np.cumsum(copies) - copies, copies)
    lefts = order[first[arcs.needs[rows]] + turn]
    is_fixed = objective.is_preset(problem, arcs.needs[rows], arcs.volunteers[rows])
    return Roster(
        network=Network(
            lefts=lefts,
            rights=arcs.volunteers[rows],
            costs=objective.arc_costs(problem, arcs)[rows],
            weights_min=objective.arc_minutes(problem, arcs)[rows],
            penalties=_shared(problem.needs.penalties[needs], helpers[needs]),
            tiers=problem.needs.tiers[needs],
            capacities_min=np.minimum(problem.volunteers.weekly_caps_min, MOST_MINUTES),
            max_lefts=np.minimum(problem.volunteers.max_needs, len(needs)),
            fixed=_fixed(lefts, turn, is_fixed, copies[rows]),
            load_costs=objective.load_costs(problem),
        ),
        needs=needs,
        arcs=rows,
    )


def _shared(penalties: Ints, helpers: Ints) -> Ints:
    """Share the penalty of a need out among those who come together, rounded down."""
    return penalties // helpers


def _fixed(lefts: Ints, turn: Ints, is_fixed: Mask, copies: Ints) -> Ints:
    """One arc for each pair that must be: the copies of a need take the preset volunteers in turn."""
    rows = np.flatnonzero(is_fixed)
    taken: set[int] = set()
    found = []
    for start in rows[turn[rows] == 0].tolist():
        for row in range(start, start + int(copies[start])):
            if int(lefts[row]) not in taken:
                taken.add(int(lefts[row]))
                found.append(row)
                break
    return np.array(found, dtype=np.int64)


def _assign(roster: Roster, problem: Problem, limits: Limits) -> assign.Answer:
    if limits.assigner is not None:
        return limits.assigner(roster, limits, problem.params.seed)
    return assign.assign(
        roster.network,
        effort=limits.effort,
        seed=problem.params.seed,
        workers=limits.workers,
        time_limit_s=limits.left_s,
        is_cancelled=limits.is_cancelled,
        progress=limits.progress,
    )


def _met_twice(roster: Roster, chosen: Ints) -> Ints:
    """Arcs that would send one person to a need a second time, for the later of the lefts."""
    picked = chosen[chosen != UNPAIRED]
    needs = roster.needs[roster.network.lefts[picked]]
    pairs = needs * max(1, roster.network.right_count) + roster.network.rights[picked]
    order = np.argsort(pairs, kind="stable")
    again = order[1:][pairs[order][1:] == pairs[order][:-1]]
    return np.setdiff1d(picked[again], roster.network.fixed)


def _half_met(problem: Problem, roster: Roster, chosen: Ints) -> Ints:
    """Needs for which some come and others are missing, or one comes twice."""
    wrong = roster.needs[roster.network.lefts[_met_twice(roster, chosen)]]
    counts = np.bincount(roster.needs[chosen != UNPAIRED], minlength=len(problem.needs))
    some = np.flatnonzero((counts > 0) & (counts < problem.needs.helpers))
    return np.union1d(some, wrong)


def _without(roster: Roster, arcs: Ints) -> Roster:
    """The same network without some of its arcs."""
    network = roster.network
    keep = np.setdiff1d(np.arange(len(network.lefts)), arcs)
    where = np.full(len(network.lefts), UNPAIRED)
    where[keep] = np.arange(len(keep))
    fixed = where[network.fixed]
    columns = {name: getattr(network, name)[keep] for name in ("lefts", "rights", "costs", "weights_min")}
    smaller = replace(network, fixed=fixed[fixed != UNPAIRED], **columns)
    return Roster(network=smaller, needs=roster.needs, arcs=roster.arcs[keep])


def with_named_pairs(problem: Problem, arcs: Arcs) -> Arcs:
    """Add the arcs of standing and preset pairs that the nearest candidates leave out.

    Raises
    ------
    ValueError
        When a pair that must be breaks a rule, naming both ids.
    """
    named = candidates.find_named(problem, np.concatenate((problem.standing, problem.preset)))
    span = np.int64(len(problem.volunteers) + 1)
    new = np.zeros(len(named.needs), dtype=bool)
    if len(new):  # without a name there is nothing to sort all arcs for
        new = ~np.isin(named.needs * span + named.volunteers, arcs.needs * span + arcs.volunteers)
    if not new.any():
        _check_preset(problem, arcs)
        return arcs
    columns = {name: np.append(getattr(arcs, name), getattr(named, name)[new]) for name in COLUMNS}
    order = np.lexsort((columns["volunteers"], columns["distances_m"], columns["needs"]))
    found = Arcs(**{name: values[order] for name, values in columns.items()})
    _check_preset(problem, found)
    return found


COLUMNS = ("needs", "volunteers", "distances_m")


def _check_preset(problem: Problem, arcs: Arcs) -> None:
    able = objective.is_preset(problem, arcs.needs, arcs.volunteers)
    met = zip(
        problem.needs.ids[arcs.needs[able]].tolist(),
        problem.volunteers.ids[arcs.volunteers[able]].tolist(),
        strict=True,
    )
    missing = set(map(tuple, problem.preset.tolist())) - set(met)
    if missing:
        need, volunteer = min(missing)
        message = (
            f"The pair that must be of need {need} and volunteer {volunteer} breaks a rule of who may come to whom."
        )
        raise ValueError(message)
