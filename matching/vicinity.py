"""Whom a repair asks: needs without a place, and the pairs round them that may make room; the others only take room."""

from dataclasses import replace
from typing import Any

import numpy as np

from matching import candidates, objective, standing, widening
from matching.candidates import Arcs
from matching.columns import Ints, Mask
from matching.pairing import Assignment, Limits
from matching.problem import Problem, ServedBy
from matching.standing import Standing

NEAREST = 8
"""Volunteers round a need without a place whose pairs may move, and again round each of these pairs."""
HOPS = 2


def near_lost(problem: Problem, held: Standing, lost: Mask, barred: Standing) -> Mask:
    """Tell which pairs may move: those of volunteers near a need without a place, and of those near these.

    Not a pair that must be, nor one of a senior who is barred from somebody.
    """
    may_move = ~standing.is_preset(problem, held.needs, held.volunteers)
    barred_seniors = problem.needs.senior_ids[barred.needs]
    may_move &= ~np.isin(problem.needs.senior_ids[held.needs], barred_seniors)
    if not lost.any():
        return np.zeros(len(held.needs), dtype=bool)
    near = replace(problem.params, candidates_per_need=min(NEAREST, problem.params.candidates_per_need))
    asked, seen = lost.copy(), lost.copy()
    is_near = np.zeros(len(problem.volunteers), dtype=bool)
    for hop in range(HOPS):
        if is_near.all():
            break
        arcs = candidates.find_arcs(replace(_only(problem, asked), params=near))
        is_near[arcs.volunteers] = True
        asked[:] = False
        asked[held.needs[is_near[held.volunteers]]] = True
        asked &= ~seen
        seen |= asked
        if hop + 1 < HOPS and not asked.any():
            break
    return np.asarray(may_move & seen[held.needs], dtype=bool)


def _only(problem: Problem, needs: Mask) -> Problem:
    """The same problem in which volunteers serve only some needs."""
    served_by = np.where(needs, problem.needs.served_by, ServedBy.SLOT)
    return replace(problem, needs=replace(problem.needs, served_by=served_by))


def pair_anew(
    weighed: Problem, held: Standing, lost: Mask, barred: Standing, may_move: Mask, limits: Limits
) -> tuple[Arcs, Assignment, Mask]:
    """Pair needs without a place (shape (n,)) and pairs that may move, in the room that all others leave.

    ``barred`` are pairs that no days can be found for. Returns arcs, the assignment, and which needs were asked.
    """
    asked = lost.copy()
    asked[held.needs[may_move]] = True
    part = _only(weighed, asked) if weighed.params.fairness_m == 0 else weighed
    part = replace(part, **_room(weighed, held, asked, barred))
    arcs, paired = widening.pair_within_reach(part, candidates.find_arcs(part), limits)
    return arcs, paired, asked


def _barred_ids(weighed: Problem, held: Standing, barred: Standing) -> Ints:
    """Ids of seniors and volunteers who are barred from each other, unless they meet for another need, or must."""
    seniors = weighed.needs.senior_ids
    meets = standing.is_among(seniors[barred.needs], barred.volunteers, seniors[held.needs], held.volunteers)
    meets |= standing.is_preset(weighed, barred.needs, barred.volunteers)
    return np.column_stack((seniors[barred.needs], weighed.volunteers.ids[barred.volunteers]))[~meets]


def _room(weighed: Problem, held: Standing, asked: Mask, barred: Standing) -> dict[str, Any]:
    """What is left of volunteers beside the pairs that stay; and as parts of a problem who may not meet or must."""
    who, size = weighed.volunteers, len(weighed.volunteers)
    arcs = Arcs(needs=held.needs, volunteers=held.volunteers, distances_m=held.distances_m)
    minutes = objective.arc_minutes(weighed, arcs)
    caps = np.maximum(who.weekly_caps_min, np.bincount(held.volunteers, minutes, size).astype(np.int64))
    never = _barred_ids(weighed, held, barred)
    named = np.column_stack((weighed.needs.ids[held.needs], who.ids[held.volunteers]))
    stays = ~asked[held.needs]
    must = weighed.preset[~np.isin(weighed.preset[:, 0], weighed.needs.ids[held.needs[stays]])]
    if weighed.params.fairness_m:  # loads that add up need everyone's load, so those who stay are set beforehand
        return {
            "volunteers": replace(who, weekly_caps_min=caps),
            "preset": np.concatenate((must, named[stays])),
            "standing": named,
            "exclusions": np.concatenate((weighed.exclusions, never)),
        }
    counts = np.bincount(held.volunteers[stays], minlength=size)
    spent = np.bincount(held.volunteers[stays], minutes[stays], size).astype(np.int64)
    return {
        "volunteers": replace(who, max_needs=who.max_needs - counts, weekly_caps_min=caps - spent),
        "preset": must,
        "standing": named[~stays],
        "exclusions": np.concatenate((weighed.exclusions, never)),
    }
