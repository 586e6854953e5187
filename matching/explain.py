"""Why this pair: numbers that spoke for it, and who else could have come.

Values, not sentences; whoever shows them writes the sentence. Why a need is unmet stands in the plan itself
(:class:`matching.plan.Unmet`).
"""

from dataclasses import dataclass

import numpy as np

from matching.candidates import Arcs, find_arcs
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
    """Explain every pair at once; ties in distance share the better rank."""
    arcs = find_arcs(problem) if arcs is None else arcs
    position = np.argsort(problem.needs.ids)
    needs = position[np.searchsorted(problem.needs.ids, pairs.need_ids, sorter=position)]
    first = np.searchsorted(arcs.needs, needs)
    counts = np.searchsorted(arcs.needs, needs, side="right") - first
    span = np.int64(arcs.distances_m.max(initial=0) + 1)
    keys = arcs.needs * span + arcs.distances_m  # ascending: arcs are ordered by need, then distance
    ranks = np.searchsorted(keys, needs * span + pairs.distances_m) - first + 1
    nearest = arcs.distances_m[first] if len(needs) else np.empty(0, dtype=np.int64)
    return PairReasons(need_ids=pairs.need_ids, ranks=ranks, candidates=counts, nearest_m=nearest)


def explain_pair(problem: Problem, need_id: int, volunteer_id: int) -> PairReason:
    """Explain one pair.

    Raises
    ------
    ValueError
        When the volunteer is no candidate of the need.
    """
    arcs = find_arcs(problem)
    mine = problem.needs.ids[arcs.needs] == need_id
    who, metres = problem.volunteers.ids[arcs.volunteers[mine]], arcs.distances_m[mine]
    if volunteer_id not in who:
        message = f"Volunteer {volunteer_id} is no candidate of need {need_id}."
        raise ValueError(message)
    mine_m = int(metres[who == volunteer_id][0])
    others = [(int(other), int(m)) for other, m in zip(who, metres, strict=True) if other != volunteer_id]
    return PairReason(
        distance_m=mine_m,
        rank=int((metres < mine_m).sum()) + 1,
        candidates=len(who),
        alternatives=tuple(others[:ALTERNATIVES]),
    )
