"""Annealing over a whole network: level by level colder, each level in parts that run beside each other."""

from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from matching import anneal, parts
from matching.anneal import Arcs, Board, Small
from matching.minutes import Floats
from matching.network import Ints, Network
from matching.watch import Watch

RIGHTS_A_PART = 300
LEVELS = 48
SLICE = 400_000
"""Moves between two looks at the watch: less than a tenth of a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """From which temperature to which, in metres, and moves in all."""

    hot: float
    cold: float
    moves: int
    levels: int = LEVELS


class Search:
    """A board with all that annealing it needs; one seed, one answer, whatever the number of threads."""

    def __init__(self, network: Network, prices: Ints, minute_prices: Floats, seed: int) -> None:
        self.network = network
        self.arcs, self.order = anneal.arcs_of(network, prices, minute_prices)
        by_right = np.argsort(self.arcs.rights, kind="stable")
        owners = np.repeat(np.arange(network.left_count), np.diff(self.arcs.starts))
        self.lefts_by_right = owners[by_right]
        self.right_starts = np.zeros(network.right_count + 1, dtype=np.int64)
        np.cumsum(np.bincount(self.arcs.rights, minlength=network.right_count), out=self.right_starts[1:])
        self.random = np.random.default_rng(seed)
        self.moves = 0

    def split(self, count: int) -> Small:
        """Cut the rights into parts, drawn anew at each call."""
        first = self.random.permutation(self.network.right_count)
        return parts.split(self.arcs, self.lefts_by_right, self.right_starts, first, count)

    def homes(self, board: Board) -> Ints:
        """Right of each left: the one it has, for an unpaired one the most promising; -1 without arcs."""
        has_arcs = np.diff(self.arcs.starts) > 0
        nearest = np.where(has_arcs, self.arcs.starts[:-1], 0)
        at = np.where(board.chosen >= 0, board.chosen, nearest)
        return np.where(has_arcs, self.arcs.rights[at], -1)

    def tilted(self, lift: Ints, worth: Floats) -> Arcs:
        """Return the arcs with prices lifted, and with a worth for every minute that no further left can use.

        Lifts that grow with a left's multiplier drive whoever is unpaired to where there is room; the worth of
        minutes rewards bundles that fill a right and gathers what is spare, so that somebody fits in.
        """
        return self.arcs._replace(
            prices=self.arcs.prices + lift,
            worth=(worth * anneal.PARTS).astype(np.int64),
            usable=anneal.usable_minutes(self.network),
        )

    def run(self, board: Board, ladder: Ladder, *, executor: Executor, watch: Watch, arcs: Arcs | None = None) -> int:
        """Anneal the board in place; the change of cost, as the given arcs count it."""
        arcs = arcs or self.arcs
        count = max(1, round(self.network.right_count / RIGHTS_A_PART))
        steps = np.geomspace(ladder.hot, ladder.cold, ladder.levels + 1)
        total = 0
        for level in range(ladder.levels):
            if watch.look():
                break
            part_of = self.split(count)
            homes = self.homes(board)
            part_of_left = np.where(homes >= 0, part_of[homes], -1)
            jobs = [
                _Job(
                    lefts=np.flatnonzero(part_of_left == part).astype(np.int32),
                    parts=part_of,
                    part=part,
                    moves=ladder.moves // (ladder.levels * count),
                    hot=float(steps[level]),
                    cold=float(steps[level + 1]),
                    seed=int(self.random.integers(1, 1 << 62)),
                )
                for part in range(count)
            ]
            changes = watch.gather(
                executor,
                lambda job: _run(arcs, board, job, watch),
                [job for job in jobs if len(job.lefts)],
                stage="search",
                done=level / ladder.levels,
                share=1 / ladder.levels,
            )
            total += sum(change for change, _ in changes)
            self.moves += sum(moves for _, moves in changes)
        return total


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One part at one level."""

    lefts: Small
    parts: Small
    part: int
    moves: int
    hot: float
    cold: float
    seed: int


def _run(arcs: Arcs, board: Board, job: _Job, watch: Watch) -> tuple[int, int]:
    """Anneal one part in slices, so that a stop is heard."""
    state = np.array([job.seed], dtype=np.uint64)
    out = np.empty(4, dtype=np.int64)
    total, done = 0, 0
    while done < job.moves and not watch.is_stopped:
        moves = min(SLICE, job.moves - done)
        hot, cold = (job.hot * (job.cold / job.hot) ** (at / job.moves) for at in (done, done + moves))
        total += anneal.anneal(arcs, board, job.lefts, job.parts, job.part, moves, hot, cold, state, out)
        done += moves
    return total, done
