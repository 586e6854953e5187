"""Why this pair: numbers that spoke for it, and who else could have come.

Values, not sentences; whoever shows them writes the sentence. Why a need is unmet stands in the plan itself
(:class:`matching.plan.Unmet`).
"""

from dataclasses import dataclass

import numpy as np

from matching.candidates import Arcs, find_all, find_arcs
from matching.plan import Pairs
from matching.problem import Ints, Problem

ALTERNATIVES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PairReasons:
    """Columns beside the pairs: rank by distance (1 is nearest), number of candidates, nearest in metres."""

    need_ids: Ints
    ranks: Ints
    candidates: Ints
    nearest_m: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class PairReason:
    """One pair: metres, rank among its candidates, and the best others as (volunteer id, metres)."""

    distance_m: int
    rank: int
    candidates: int
    alternatives: tuple[tuple[int, int], ...]


def explain_pairs(problem: Problem, pairs: Pairs, arcs: Arcs | None = None) -> PairReasons:
    """Explain every pair at once; ties in distance share the better rank.

    Candidates are the nearest ``candidates_per_need``; a pair that reaches past them is ranked among all within reach.

    Raises
    ------
    ValueError
        When a pair names a need that the problem does not know.
    """
    arcs = find_arcs(problem) if arcs is None else arcs
    unknown = np.setdiff1d(pairs.need_ids, problem.needs.ids)
    if len(unknown):
        message = f"The pairs name need {unknown[0]}, which the problem does not know."
        raise ValueError(message)
    position = np.argsort(problem.needs.ids)
    needs = position[np.searchsorted(problem.needs.ids, pairs.need_ids, sorter=position)] if len(position) else position
    ranks, counts, nearest = _rank(arcs, needs, pairs.distances_m)
    past = np.flatnonzero(ranks > counts)
    everyone = find_all(problem, np.unique(needs[past]))
    ranks[past], counts[past], nearest[past] = _rank(everyone, needs[past], pairs.distances_m[past])
    return PairReasons(need_ids=pairs.need_ids, ranks=ranks, candidates=counts, nearest_m=nearest)


def _rank(arcs: Arcs, needs: Ints, metres: Ints) -> tuple[Ints, Ints, Ints]:
    """Rank of some metres among the arcs of their needs, how many arcs these are, and the nearest."""
    first, end = np.searchsorted(arcs.needs, needs), np.searchsorted(arcs.needs, needs, side="right")
    span = np.int64(max(arcs.distances_m.max(initial=0), metres.max(initial=0)) + 1)
    keys = arcs.needs * span + arcs.distances_m  # ascending: arcs are ordered by need, then distance
    ranks = np.searchsorted(keys, needs * span + metres) - first + 1
    nearest = np.append(arcs.distances_m, 0)[first]
    return ranks, end - first, np.where(end > first, nearest, metres)


def explain_pair(problem: Problem, need_id: int, volunteer_id: int) -> PairReason:
    """Explain one pair among all able volunteers within reach.

    Raises
    ------
    ValueError
        When the problem does not know the need, or the volunteer is none who could serve it.
    """
    need = np.flatnonzero(problem.needs.ids == need_id)
    if not len(need):
        message = f"The problem knows no need {need_id}."
        raise ValueError(message)
    arcs = find_all(problem, need)
    who = problem.volunteers.ids[arcs.volunteers]
    if volunteer_id not in who:
        message = f"Volunteer {volunteer_id} is no candidate of need {need_id}."
        raise ValueError(message)
    mine_m = int(arcs.distances_m[who == volunteer_id][0])
    others = zip(who.tolist(), arcs.distances_m.tolist(), strict=True)
    return PairReason(
        distance_m=mine_m,
        rank=int((arcs.distances_m < mine_m).sum()) + 1,
        candidates=len(who),
        alternatives=tuple((other, metres) for other, metres in others if other != volunteer_id)[:ALTERNATIVES],
    )
