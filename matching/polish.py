"""Part by part, the best answer from bundles; parts are drawn anew in each pass, so that borders move."""

from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from matching import partition
from matching.bound import Bound, parts_of, raise_bound
from matching.dive import Dive, dive
from matching.ejection import placed
from matching.network import UNPAIRED, Ints, Network, faults
from matching.rounding import completed
from matching.search import Search
from matching.watch import Here, Watch

SETTLING = 120
"""Steps of the multipliers of a part before a dive."""
DEAREST = 3
"""What an unpaired left of a part may cost while its multipliers settle, as a multiple of the largest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """How large the parts of a pass are, and how long one may take."""

    rights: int  # of one part, about
    work: float = 0.0  # CP-SAT's deterministic units for one part
    dive: Dive | None = None  # dive into each part anew instead
    where_unpaired: bool = False  # only parts where somebody is unpaired


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A small network, and where its lefts and arcs stand in the whole."""

    network: Network
    lefts: Ints
    arcs: Ints
    seed: int


class Polish:
    """An answer in the positions of the network's arcs, better from pass to pass."""

    def __init__(self, network: Network, prices: Ints, bound: Bound, search: Search, chosen: Ints) -> None:
        self.network, self.prices, self.bound, self.search = network, prices, bound, search
        self.chosen = chosen.copy()
        self.work = 0.0
        self.proven = 0

    def run(self, step: Pass, *, executor: Executor, watch: Watch, done: float, share: float) -> int:
        """Improve every part once; how much cost (at prices) it took away."""
        parts = self._parts(step.rights)
        if step.where_unpaired:
            parts = [part for part in parts if self._has_unpaired(part)]
        if not parts:
            return 0
        solved = watch.gather(
            executor,
            lambda part: self._improve(part, step, watch),
            parts,
            stage="polish",
            done=done,
            share=share,
        )
        gain = 0
        for part, answer in zip(parts, solved, strict=True):
            self.work += answer.work
            gain += self._keep(part, answer.chosen)
        return gain

    def _keep(self, part: _Part, chosen: Ints) -> int:
        """Take over the answer of a part when plain counting finds it right and better."""
        known = self._local(part)
        gain = partition.value(part.network, self.prices[part.lefts], known) - partition.value(
            part.network, self.prices[part.lefts], chosen
        )
        if gain <= 0 or faults(part.network, chosen):
            return 0
        self.chosen[part.lefts] = np.where(chosen == UNPAIRED, UNPAIRED, part.arcs[chosen])
        return gain

    def _has_unpaired(self, part: _Part) -> bool:
        unpaired = np.flatnonzero(self.chosen[part.lefts] == UNPAIRED)
        return bool(np.isin(unpaired, part.network.lefts).any())

    def _local(self, part: _Part) -> Ints:
        """Return the known answer of a part in the positions of its own arcs."""
        chosen = self.chosen[part.lefts]
        place = np.searchsorted(part.arcs, chosen)
        return np.where(chosen == UNPAIRED, UNPAIRED, place)

    def _improve(self, part: _Part, step: Pass, watch: Watch) -> partition.Solved:
        known = self._local(part)
        if watch.is_stopped:
            return partition.Solved(chosen=known, is_proven=False, work=0.0)
        if step.dive is not None:
            return self._dive(part, known, step.dive)
        return partition.improve(
            part.network,
            self.prices[part.lefts],
            known,
            self.bound.multipliers[part.lefts],
            self.bound.parts,
            work=step.work,
            seed=part.seed,
            halts=watch.halts,
        )

    def _dive(self, part: _Part, known: Ints, plan: Dive) -> partition.Solved:
        """Answer a part anew by a dive, from multipliers that have settled to its borders."""
        multipliers = self.bound.multipliers[part.lefts]
        highest = DEAREST * int(multipliers.max(initial=0)) // self.bound.parts + 1
        prices = np.minimum(self.prices[part.lefts], highest)
        target = partition.value(part.network, prices, known)
        here = Here()
        parts = parts_of(part.network, prices)
        settled = raise_bound(
            part.network,
            prices,
            target=target,
            iterations=SETTLING,
            executor=here,
            multipliers=multipliers * parts // self.bound.parts,
        )
        chosen = completed(part.network, dive(part.network, prices, settled, here, plan))
        chosen = placed(part.network, self.prices[part.lefts], settled.multipliers // settled.parts, chosen)
        return partition.Solved(chosen=chosen, is_proven=False, work=0.0)

    def _parts(self, size: int) -> list[_Part]:
        """Cut the network; a left belongs where its right is, an unpaired one where one of its arcs leads."""
        network = self.network
        count = max(1, round(network.right_count / size))
        part_of = self.search.split(count).astype(np.int64)
        part_of_left = np.full(network.left_count, -1, dtype=np.int64)
        draw = self.search.random.permutation(len(network.lefts))
        part_of_left[network.lefts[draw]] = part_of[network.rights[draw]]
        paired = self.chosen != UNPAIRED
        part_of_left[paired] = part_of[network.rights[self.chosen[paired]]]
        inside = part_of_left[network.lefts] == part_of[network.rights]
        part_of_arc = np.where(inside, part_of_left[network.lefts], count)
        arcs = np.argsort(part_of_arc, kind="stable")
        lefts, rights = np.argsort(part_of_left, kind="stable"), np.argsort(part_of, kind="stable")
        cuts = [
            np.searchsorted(column[order], np.arange(count + 1))
            for column, order in ((part_of_arc, arcs), (part_of_left, lefts), (part_of, rights))
        ]
        seeds = self.search.random.integers(1, 1 << 30, count)
        return [
            _part(
                network,
                *(order[cut[part] : cut[part + 1]] for order, cut in zip((arcs, lefts, rights), cuts, strict=True)),
                seed=int(seeds[part]),
            )
            for part in range(count)
        ]


def _part(network: Network, arcs: Ints, lefts: Ints, rights: Ints, *, seed: int) -> _Part:
    """Return the network of some lefts and rights, with the arcs between them."""
    return _Part(
        network=Network(
            lefts=np.searchsorted(lefts, network.lefts[arcs]),
            rights=np.searchsorted(rights, network.rights[arcs]),
            costs=network.costs[arcs],
            weights_min=network.weights_min[arcs],
            penalties=network.penalties[lefts],
            tiers=network.tiers[lefts],
            capacities_min=network.capacities_min[rights],
            max_lefts=network.max_lefts[rights],
            load_costs=network.load_costs[rights] if network.load_costs.size else network.load_costs,
        ),
        lefts=lefts,
        arcs=arcs,
        seed=seed,
    )
