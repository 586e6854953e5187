"""A whole city in pieces: areas solved beside each other on any executor, joined, and cut anew until nothing is lost.

Rights (volunteers) are cut into areas of equal number by straight lines. Each area is solved with its own rights, the
lefts (needs) they hold and the unpaired lefts that they could hold. The next round cuts along other lines, so that
areas of different rounds overlap and what a border kept apart meets in the middle of another area. A round keeps an
area's answer only where it is better, so no round loses anything.

Areas do not depend on how many processes there are, only on the seed: the same cut, the same answer.
"""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from matching.columns import Floats, Ints
from matching.network import UNPAIRED, Network, Rank, faults, rank

ROUNDS = 3
FIRST_ANGLE_RAD = 0.3
"""Direction of the first line: along no street grid."""


class AreaSolver(Protocol):
    """Whatever solves one area; it must be importable, for it runs in other processes."""

    def __call__(self, network: Network, seed: int) -> Ints:
        """Return the position of the arc of each left, -1 for unpaired, shape (lefts,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """An answer made of areas: the arc of each left, how good it is, and how good after each round."""

    chosen: Ints
    rank: Rank
    ranks_by_round: tuple[Rank, ...]


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
    ranks: list[Rank] = []
    for number in range(cut.rounds):
        areas = cut_areas(rights_m, cut, number)
        parts = [_part(network, chosen, area) for area in _lefts_and_rights(network, chosen, areas, cut.areas)]
        futures: list[Future[Ints]] = [
            executor.submit(solver, part.network, cut.seed + area) for area, part in enumerate(parts)
        ]
        for area, (part, future) in enumerate(zip(parts, futures, strict=True)):
            _take(chosen, part, future.result())
            if progress is not None:
                progress((number + (area + 1) / len(parts)) / cut.rounds)
        ranks.append(rank(network, chosen))
        if is_cancelled is not None and is_cancelled():
            break
    return Joined(chosen=chosen, rank=ranks[-1], ranks_by_round=tuple(ranks))


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


def _lefts_and_rights(network: Network, chosen: Ints, areas: Ints, count: int) -> list[tuple[Ints, Ints]]:
    """Lefts and rights of every area: who is held there, and the unpaired whose dearest hope lies there."""
    home = np.full(network.left_count, UNPAIRED, dtype=np.int64)
    order = np.lexsort((network.rights, network.costs, network.lefts))
    lefts, first = np.unique(network.lefts[order], return_index=True)
    home[lefts] = areas[network.rights[order[first]]]
    paired = np.flatnonzero(chosen != UNPAIRED)
    home[paired] = areas[network.rights[chosen[paired]]]
    return [(np.flatnonzero(home == area), np.flatnonzero(areas == area)) for area in range(count)]


def _part(network: Network, chosen: Ints, area: tuple[Ints, Ints]) -> _Part:
    lefts, rights = area
    left_row, right_row = np.full(network.left_count, UNPAIRED), np.full(network.right_count, UNPAIRED)
    left_row[lefts], right_row[rights] = np.arange(len(lefts)), np.arange(len(rights))
    arcs = np.flatnonzero((left_row[network.lefts] != UNPAIRED) & (right_row[network.rights] != UNPAIRED))
    arc_row = np.full(len(network.lefts), UNPAIRED)
    arc_row[arcs] = np.arange(len(arcs))
    current = np.where(chosen[lefts] == UNPAIRED, UNPAIRED, arc_row[chosen[lefts]])
    own = Network(
        lefts=left_row[network.lefts[arcs]],
        rights=right_row[network.rights[arcs]],
        costs=network.costs[arcs],
        weights_min=network.weights_min[arcs],
        penalties=network.penalties[lefts],
        tiers=network.tiers[lefts],
        capacities_min=network.capacities_min[rights],
        max_lefts=network.max_lefts[rights],
        fixed=arc_row[network.fixed][arc_row[network.fixed] != UNPAIRED] if len(network.fixed) else network.fixed,
        load_costs=network.load_costs[rights] if network.load_costs.size else network.load_costs,
    )
    return _Part(network=own, lefts=lefts, arcs=arcs, current=current)


def _take(chosen: Ints, part: _Part, answer: Ints) -> None:
    """Keep the answer of an area where it is better than what stands."""
    broken = faults(part.network, answer)
    if broken:
        message = f"The answer of an area breaks a rule: {broken[0]}."
        raise ValueError(message)
    if len(part.lefts) and rank(part.network, answer) < rank(part.network, part.current):
        arcs = np.append(part.arcs, UNPAIRED)  # the last stands for unpaired
        chosen[part.lefts] = arcs[answer]
