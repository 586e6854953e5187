"""A whole city in pieces: areas solved beside each other on any executor, joined, and cut anew until nothing is lost.

Rights (volunteers) are cut into areas of equal number by straight lines. Each area is solved with its own rights, the
lefts (needs) they hold and the unpaired lefts that they could hold. The next round cuts along other lines, so that
areas of different rounds overlap and what a border kept apart meets in the middle of another area. A round keeps an
area's answer only where it is better, so no round loses anything.

Areas do not depend on how many processes there are, only on the seed: the same cut, the same answer.
"""

from collections.abc import Callable
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from matching.columns import Floats, Ints
from matching.network import UNPAIRED, Network, Rank, faults, rank
from matching.watch import POLL_S

ROUNDS = 3
FIRST_ANGLE_RAD = 0.3
"""Direction of the first line: along no street grid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaAnswer:
    """What was found for an area.

    ``chosen``, shape (lefts,), is the position of the arc of each left, -1 for unpaired; ``multipliers``, shape
    (lefts,), what each left is worth in parts of a metre (:data:`matching.bound.MOST_PARTS`), 0 where not known.
    """

    chosen: Ints
    multipliers: Ints


class AreaSolver(Protocol):
    """Whatever solves one area; it must be importable, for it runs in other processes."""

    def __call__(self, network: Network, current: Ints, seed: int) -> AreaAnswer:
        """Solve an area; ``current``, shape (lefts,), is what stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """An answer made of areas: the arc of each left, how good it is, and how good after each round.

    ``multipliers``, shape (lefts,), are those of the last area that each left was in.
    """

    chosen: Ints
    rank: Rank
    ranks_by_round: tuple[Rank, ...]
    multipliers: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """How a city is cut: areas in each round (a power of two), rounds, and the seed of the first line."""

    areas: int = 8
    rounds: int = ROUNDS
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if self.areas < 1 or self.areas & (self.areas - 1) or self.rounds < 1:
            message = (
                f"A city is cut into 1, 2, 4, 8, ... areas in one round or more, not {self.areas} in {self.rounds}."
            )
            raise ValueError(message)


def solve_in_areas(
    network: Network,
    rights_m: Floats,
    cut: Cut,
    solver: AreaSolver,
    *,
    executor: Executor,
    progress: Callable[[float], None] | None = None,
    is_cancelled: Callable[[], bool] | None = None,
) -> Joined:
    """Solve a network area by area; ``rights_m`` are the places of its rights in metres, shape (rights, 2).

    Raises
    ------
    ValueError
        When places and rights differ in number, or an area's answer breaks a rule.
    """
    if rights_m.shape != (network.right_count, 2):
        message = f"Places of {network.right_count} rights have shape ({network.right_count}, 2), not {rights_m.shape}."
        raise ValueError(message)
    chosen = np.full(network.left_count, UNPAIRED, dtype=np.int64)
    chosen[network.lefts[network.fixed]] = network.fixed
    multipliers = np.zeros(network.left_count, dtype=np.int64)
    ranks: list[Rank] = []
    for number in range(cut.rounds):
        areas = cut_areas(rights_m, cut, number)
        parts = _parts(network, chosen, _homes(network, chosen, areas), areas, cut.areas)
        futures = [
            executor.submit(solver, part.network, part.current, cut.seed + area) for area, part in enumerate(parts)
        ]
        for area, (part, future) in enumerate(zip(parts, futures, strict=True)):
            if not _has_ended(future, is_cancelled):
                break
            answer = future.result()
            _take(chosen, part, answer.chosen)
            multipliers[part.lefts] = answer.multipliers
            if progress is not None:
                progress((number + (area + 1) / len(parts)) / cut.rounds)
        ranks.append(rank(network, chosen))
        if is_cancelled is not None and is_cancelled():
            for future in futures:
                future.cancel()
            break
        parts.clear()  # the next round's are not made beside these
        futures.clear()
    return Joined(chosen=chosen, rank=ranks[-1], ranks_by_round=tuple(ranks), multipliers=multipliers)


def _has_ended(future: "Future[AreaAnswer]", is_cancelled: Callable[[], bool] | None) -> bool:
    """Wait for an area, asking the caller in the meantime; false when the caller gave up first."""
    while not wait((future,), timeout=POLL_S).done:
        if is_cancelled is not None and is_cancelled():
            return False
    return True


def cut_areas(rights_m: Floats, cut: Cut, number: int) -> Ints:
    """Return the area of every right in a round: halves of halves, along lines that turn from round to round."""
    areas = np.zeros(len(rights_m), dtype=np.int64)
    depth = cut.areas.bit_length() - 1
    angle = FIRST_ANGLE_RAD + cut.seed + np.pi * number / (2 * cut.rounds)
    for level in range(depth):
        turned = angle + level * np.pi / 2
        along = rights_m @ np.array([np.cos(turned), np.sin(turned)])
        halved = np.zeros_like(areas)
        for area in range(1 << level):
            mine = np.flatnonzero(areas == area)
            order = mine[np.lexsort((mine, along[mine]))]
            shift = len(order) // 4 if number % 2 and level == depth - 1 else len(order) // 2  # borders move as well
            halved[order[:shift]], halved[order[shift:]] = 2 * area, 2 * area + 1
        areas = halved
    return areas


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """An area's own network, and where its lefts and arcs stand in the whole."""

    network: Network
    lefts: Ints
    arcs: Ints
    current: Ints


def _homes(network: Network, chosen: Ints, areas: Ints) -> Ints:
    """Area of every left: where it is held, or where its dearest hope lies; -1 without an arc."""
    home = np.full(network.left_count, UNPAIRED, dtype=np.int64)
    least = np.full(network.left_count, np.iinfo(np.int64).max)
    np.minimum.at(least, network.lefts, network.costs)
    best = np.flatnonzero(network.costs == least[network.lefts])
    first = np.full(network.left_count, network.right_count, dtype=np.int64)
    np.minimum.at(first, network.lefts[best], network.rights[best])
    reached = np.flatnonzero(first < network.right_count)
    home[reached] = areas[first[reached]]
    paired = np.flatnonzero(chosen != UNPAIRED)
    home[paired] = areas[network.rights[chosen[paired]]]
    return home


def _parts(network: Network, chosen: Ints, homes: Ints, areas: Ints, count: int) -> list[_Part]:
    """Every area's own network: its rights, the lefts at home there, and the arcs between them."""
    left_order, right_order = np.argsort(homes, kind="stable"), np.argsort(areas, kind="stable")
    left_row, right_row = np.empty_like(left_order), np.empty_like(right_order)
    left_cuts, right_cuts = (
        np.searchsorted(of[by], np.arange(count + 1)) for of, by in ((homes, left_order), (areas, right_order))
    )
    for order, cuts, row in ((left_order, left_cuts, left_row), (right_order, right_cuts, right_row)):
        row[order] = np.arange(len(order))
        for area in range(count):
            row[order[cuts[area] : cuts[area + 1]]] -= cuts[area]
    area_of_arc = homes[network.lefts]
    inner = np.flatnonzero((area_of_arc == areas[network.rights]) & (area_of_arc != UNPAIRED))
    inner = inner[np.argsort(area_of_arc[inner], kind="stable")]
    arc_cuts = np.searchsorted(area_of_arc[inner], np.arange(count + 1))
    arc_row = np.full(len(network.lefts) + 1, UNPAIRED)  # the last stands for unpaired
    is_fixed = np.zeros(len(network.lefts), dtype=bool)
    is_fixed[network.fixed] = True
    parts = []
    for area in range(count):
        lefts = left_order[left_cuts[area] : left_cuts[area + 1]]
        rights = right_order[right_cuts[area] : right_cuts[area + 1]]
        arcs = inner[arc_cuts[area] : arc_cuts[area + 1]]
        arc_row[arcs] = np.arange(len(arcs))
        own = Network(
            lefts=left_row[network.lefts[arcs]],
            rights=right_row[network.rights[arcs]],
            costs=network.costs[arcs],
            weights_min=network.weights_min[arcs],
            penalties=network.penalties[lefts],
            tiers=network.tiers[lefts],
            capacities_min=network.capacities_min[rights],
            max_lefts=network.max_lefts[rights],
            fixed=np.flatnonzero(is_fixed[arcs]),
            load_costs=network.load_costs[rights] if network.load_costs.size else network.load_costs,
        )
        parts.append(_Part(network=own, lefts=lefts, arcs=arcs, current=arc_row[chosen[lefts]]))
    return parts


def _take(chosen: Ints, part: _Part, answer: Ints) -> None:
    """Keep the answer of an area where it is better than what stands."""
    broken = faults(part.network, answer)
    if broken:
        message = f"The answer of an area breaks a rule: {broken[0]}."
        raise ValueError(message)
    if len(part.lefts) and rank(part.network, answer) < rank(part.network, part.current):
        arcs = np.append(part.arcs, UNPAIRED)  # the last stands for unpaired
        chosen[part.lefts] = arcs[answer]
