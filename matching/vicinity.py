"""Whom a repair asks: needs without a place, and the pairs round them that may make room; the others only take room."""

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from matching import candidates, objective, standing, widening
from matching.candidates import Arcs
from matching.columns import Ints, Mask
from matching.pairing import Assignment, Limits
from matching.problem import Problem, ServedBy
from matching.standing import Standing

HOPS = 6
"""Longest chain that is looked for: A takes over from B, who takes over from C, and so on."""


def near_lost(weighed: Problem, held: Standing, lost: Mask, barred: Standing, first: tuple[Arcs, Assignment]) -> Mask:
    """Tell which pairs may move so that it pays, once needs without a place were given what room there is (``first``).

    Not a pair that must be, nor one of a senior who is barred from somebody. What a place at a volunteer could save is
    followed from place to place: what the newcomer saves there, less what whoever gives way walks farther, less what a
    move costs. Where nothing is left of it nobody need move, and nobody behind.
    """
    may_move = ~standing.is_preset(weighed, held.needs, held.volunteers)
    may_move &= ~np.isin(weighed.needs.senior_ids[held.needs], weighed.needs.senior_ids[barred.needs])
    asked = np.zeros(len(lost), dtype=bool)
    if not lost.any():
        return np.zeros(len(held.needs), dtype=bool)
    arcs, paired = first
    needs = np.append(held.needs, arcs.needs[paired.arcs])
    who = np.append(held.volunteers, arcs.volunteers[paired.arcs])
    metres = np.append(held.distances_m, arcs.distances_m[paired.arcs])
    costs_m = np.append(np.full(len(held.needs), weighed.params.change_m), np.zeros(len(paired.arcs), dtype=np.int64))
    stakes_m = paired.stakes_m.copy()
    stakes_m[arcs.needs[paired.arcs]] = arcs.distances_m[paired.arcs]
    saved_m = np.zeros(len(weighed.volunteers), dtype=np.int64)
    np.maximum.at(saved_m, arcs.volunteers, stakes_m[arcs.needs] - arcs.distances_m)
    known, nearer_m = arcs, _nearer_m(weighed, held)
    for _ in range(HOPS):
        is_worth = may_move & (saved_m[held.volunteers] + nearer_m > weighed.params.change_m) & ~asked[held.needs]
        is_worth &= saved_m[held.volunteers] > 0
        if not is_worth.any():
            break
        fresh = np.zeros(len(lost), dtype=bool)
        fresh[held.needs[is_worth]] = True
        asked |= fresh
        known = _joined(known, candidates.find_arcs(_only(weighed, fresh)))
        pushed_m = np.full(len(lost), np.iinfo(np.int64).min // 2)
        np.maximum.at(pushed_m, needs, saved_m[who] + metres - costs_m)
        np.maximum.at(saved_m, known.volunteers, pushed_m[known.needs] - known.distances_m)
    return np.asarray(may_move & asked[held.needs], dtype=bool)


def _nearer_m(problem: Problem, held: Standing) -> Ints:
    """Metres that the volunteer nearest to each need, whoever that is, would save its pair."""
    places = candidates.planes(problem)
    near_m = cKDTree(places.volunteers).query(places.needs[held.needs])[0] * problem.params.detour
    return np.asarray(held.distances_m - np.floor(near_m).astype(np.int64), dtype=np.int64)


def _joined(one: Arcs, other: Arcs) -> Arcs:
    return Arcs(
        needs=np.append(one.needs, other.needs),
        volunteers=np.append(one.volunteers, other.volunteers),
        distances_m=np.append(one.distances_m, other.distances_m),
    )


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
