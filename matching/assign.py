"""Assign lefts to rights at least cost, by the method that fits, with a proof of how good the answer is.

Equal loads go to the exact flow. Others are searched: a bound first, dives along the bundles it agrees on, chains of
moves for whoever is left, then annealing, then parts solved whole. The best answer so far is always our own, counted
again by plain code before it is taken, and compared tier by tier. Effort is counted in steps, moves, labels and solver
units, never in seconds: one seed and one effort give one answer on any machine and with any number of workers. A limit
in seconds only ends it earlier.
"""

import os
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from matching import anneal, core, flow, minutes, tiers
from matching.bound import MOST_PARTS, Bound, first_multipliers, parts_of, raise_bound
from matching.dive import Dive, dive, plans
from matching.ejection import placed
from matching.minutes import Floats
from matching.network import UNPAIRED, Ints, Network, cost, faults, rank
from matching.polish import Pass, Polish
from matching.rounding import cheapest_first, completed, rounded
from matching.search import Ladder, Search
from matching.watch import Here, Progress, Watch

SEARCHED = "bound, annealing, bundles"
WHOLE = "bound, annealing, core model"
LIFT = 3
"""How much of a left's multiplier is added to the price of leaving it unpaired while searching."""
SLOW = 0.03
"""Pace of the second raising of the bound."""
BUNDLED = 12
"""Lefts a right, on average, up to which bundles can be listed."""


class Proof(StrEnum):
    """What is known of an answer's cost."""

    OPTIMAL = "OPTIMAL"
    FEASIBLE = "FEASIBLE"


class StoppedBy(StrEnum):
    """Why the search ended."""

    PROVEN = "proven"
    EFFORT = "effort"
    TIME = "time"
    CANCELLED = "cancelled"


class AnswerRejected(Exception):
    """An answer of the engine breaks a rule: a fault of the engine, never of the caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How hard to try, counted in work that does not depend on the machine."""

    steps: int = 900  # of the bound
    moves_per_left: int = 8_000  # of annealing
    dives: tuple[Dive, ...] = (Dive(), Dive(heavy=0.6, reach=0.1), Dive(heavy=0.6, reach=0.1, steps=60, rate=0.04))
    passes: tuple[Pass, ...] = (
        *(Pass(rights=300, dive=Dive(heavy=0.6), where_unpaired=True),) * 4,
        Pass(rights=60, work=2.0),
        *(Pass(rights=400, dive=Dive(heavy=0.6), where_unpaired=True),) * 4,
        Pass(rights=60, work=2.0),
        *(Pass(rights=250, dive=Dive(heavy=0.6), where_unpaired=True),) * 4,
        Pass(rights=90, work=5.0, where_unpaired=True),
    )
    dive_work: int = 150_000_000  # cells of knapsack tables a step; see matching.dive.plans
    core_work: float = 8.0  # CP-SAT's units for a core model

    def __post_init__(self) -> None:
        """Refuse an effort below nothing."""
        if self.steps < 1 or self.moves_per_left < 0 or self.core_work < 0:
            message = f"An effort is at least one step of the bound and nothing below 0, not {self}."
            raise ValueError(message)


LIGHT = Effort(
    steps=200, moves_per_left=1_000, dives=(Dive(steps=10),), passes=(Pass(rights=40, work=0.5),), core_work=1.0
)
"""A second or two for a district: for what-if and drafts."""
USUAL = Effort()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Arc of each left, and what is known of it."""

    chosen: Ints  # position of the arc of each left, -1 for unpaired
    objective: int  # arcs, load costs and penalties, counted anew
    bound: int  # no answer costs less
    unpaired: int
    unpaired_bound: int  # no answer leaves fewer unpaired
    proof: Proof
    method: str
    stopped_by: StoppedBy
    seed: int
    seconds: float
    moves: int  # of annealing
    work: float  # of solvers, in their deterministic units
    multipliers: Ints | None = None  # of each left, at the bound, in parts of a metre (matching.bound.MOST_PARTS)

    @property
    def gap(self) -> float:
        """How far the objective is above the bound, as a part of the objective."""
        return (self.objective - self.bound) / max(1, abs(self.objective))


def assign(
    network: Network,
    *,
    effort: Effort = USUAL,
    seed: int = 0,
    workers: int | None = None,
    time_limit_s: float | None = None,
    is_cancelled: Callable[[], bool] | None = None,
    progress: Progress | None = None,
    first: Ints | None = None,
) -> Answer:
    """Choose at most one arc for each left.

    Parameters
    ----------
    first
        A known answer (position of the arc of each left, -1 for unpaired) that a search begins with; none is worse.
    workers
        Threads; by default one for each core this process may use. The answer does not depend on it.
    time_limit_s
        Seconds after which the best answer so far is given; it then depends on the machine and says so.
    is_cancelled
        Asked about ten times a second; when it says yes, the best answer so far is given.
    progress
        Told the stage and how far it is, from 0 to 1.

    Raises
    ------
    ValueError
        When the tiers are too many to keep strictly at such penalties.
    AnswerRejected
        When the answer breaks a rule: a fault of the engine.
    """
    watch = Watch(time_limit_s=time_limit_s, is_cancelled=is_cancelled, progress=progress)
    rest, places = network.free()
    count = workers or len(os.sched_getaffinity(0))
    room_counts = flow.rooms(rest)
    if room_counts is not None:
        watch.tell("flow", 0.0)
        found = _Found(chosen=flow.solve(rest, room_counts), is_proven=True, method=flow.METHOD)
        found.unpaired_bound = flow.fewest_unpaired(rest, room_counts, found.chosen)
        watch.tell("flow", 1.0)
    else:
        with ThreadPoolExecutor(count) as executor:
            known = None if first is None else _moved(first, places, network)
            found = _search(rest, effort, seed, executor, watch, known)
    chosen = np.append(places, UNPAIRED)[found.chosen]  # -1 reads the last one
    chosen[network.lefts[network.fixed]] = network.fixed
    return _answer(network, rest, chosen, found, seed, watch)


@dataclass(slots=True, kw_only=True)
class _Found:
    """What a method found on the network without the pairs set beforehand."""

    chosen: Ints
    is_proven: bool
    method: str
    bound: int = 0
    unpaired_bound: int = 0
    multipliers: Ints | None = None
    moves: int = 0
    work: float = 0.0


def _answer(network: Network, rest: Network, chosen: Ints, found: _Found, seed: int, watch: Watch) -> Answer:
    """Count the answer anew and say what is proven of it."""
    broken = faults(network, chosen)
    if broken:
        message = f"The engine's answer breaks a rule: {'; '.join(broken[:3])}."
        raise AnswerRejected(message)
    objective, unpaired = cost(network, chosen), int((chosen == UNPAIRED).sum())
    set_cost = objective - cost(rest, found.chosen)
    bound = objective if found.is_proven else found.bound + set_cost
    is_optimal = found.is_proven or (objective == bound and not any(rank(network, chosen)[:-1]))
    stopped = StoppedBy.PROVEN if is_optimal else StoppedBy(watch.stopped_by or StoppedBy.EFFORT)
    return Answer(
        chosen=chosen,
        objective=objective,
        bound=bound,
        unpaired=unpaired,
        unpaired_bound=found.unpaired_bound - len(network.fixed),
        proof=Proof.OPTIMAL if is_optimal else Proof.FEASIBLE,
        method=found.method,
        stopped_by=stopped,
        seed=seed,
        seconds=watch.seconds,
        moves=found.moves,
        work=found.work,
        multipliers=found.multipliers,
    )


def _moved(first: Ints, places: Ints, network: Network) -> Ints:
    """Put a known answer into the positions of the arcs that are free, those at ``places``."""
    where = np.full(len(network.lefts) + 1, UNPAIRED)  # -1 reads the last one
    where[places] = np.arange(len(places))
    return where[first]


def _search(
    network: Network, effort: Effort, seed: int, executor: Executor, watch: Watch, known: Ints | None
) -> _Found:
    """Bound, dives, annealing, parts or core; the best answer so far wins throughout."""
    prices = tiers.sum_prices(network)
    worth = minutes.minute_prices(network, network.penalties)
    best = _Best(network, cheapest_first(network, worth))
    if known is not None:
        best.offer(known)
    watch.tell("bound", 0.0)
    bound = _raised(network, best.rank[-1], effort.steps, executor, watch)
    watch.tell("bound", 1.0)
    best.offer(rounded(network, bound))
    _dive(best, prices, bound, effort, seed, executor, watch)
    bound = max(bound, _raised_again(best, bound, effort, executor, watch), key=lambda one: one.value)
    search = Search(network, prices, worth, seed)
    _anneal(best, search, bound, worth, effort, executor, watch)
    found = _Found(chosen=best.chosen, is_proven=False, method=SEARCHED, bound=bound.value, moves=search.moves)
    if is_bundled(network):
        polish = Polish(network, prices + LIFT * (bound.multipliers // bound.parts), bound, search, best.chosen)
        for turn, step in enumerate(effort.passes):
            if watch.look() or cost(network, best.chosen) == bound.value:
                break
            polish.run(
                step, executor=executor, watch=watch, done=turn / len(effort.passes), share=1 / len(effort.passes)
            )
            best.offer(polish.chosen)
        found.work = polish.work
    elif not watch.look():
        found.method = WHOLE
        solved = watch.gather(
            executor,
            lambda width: core.improve(
                network, prices, best.chosen, worth, width=width, work=effort.core_work, seed=seed, halts=watch.halts
            ),
            (3, 6),
            stage="core",
            done=0.0,
            share=1.0,
        )
        for answer in solved:
            best.offer(answer.chosen)
            found.work += answer.work
    found.chosen = best.chosen
    found.multipliers = bound.multipliers * (MOST_PARTS // bound.parts)
    found.unpaired_bound = _unpaired_bound(network, best.chosen, effort, executor, watch)
    return found


def is_bundled(network: Network) -> bool:
    """Whether rights take few lefts each, so that their bundles can be listed and each of their lefts be looked at."""
    return network.left_count <= BUNDLED * max(1, len(np.unique(network.rights)))


class _Best:
    """The best answer so far; an offer is taken when plain counting finds it right and better, tier by tier."""

    def __init__(self, network: Network, chosen: Ints) -> None:
        self.network, self.chosen = network, chosen
        self.rank = rank(network, chosen)

    @property
    def is_full(self) -> bool:
        """Whether every left that has an arc is paired."""
        return int((self.chosen != UNPAIRED).sum()) == len(np.unique(self.network.lefts))

    def offer(self, chosen: Ints) -> None:
        """Take an answer if it is better."""
        now = rank(self.network, chosen)
        if now < self.rank and not faults(self.network, chosen):
            self.chosen, self.rank = chosen.copy(), now


def _dive(
    best: "_Best", prices: Ints, bound: Bound, effort: Effort, seed: int, executor: Executor, watch: Watch
) -> None:
    """Dive by the plans of the effort as long as somebody is unpaired; where dives are cheap, by many more."""
    network = best.network
    for turn, plan in enumerate(effort.dives):
        if watch.look() or (turn and best.is_full):
            break  # later plans are for the sake of the unpaired, and cost more
        watch.tell("dive", turn / (len(effort.dives) + 1))
        found = completed(network, dive(network, prices, bound, executor, plan, watch.look))
        best.offer(found)
        if is_bundled(network) and not watch.look():
            best.offer(placed(network, prices, bound.multipliers // bound.parts, found))
    answers = watch.gather(
        executor,
        lambda plan: completed(network, dive(network, prices, bound, Here(), plan, lambda: watch.is_stopped)),
        plans(network, bound.parts, effort.dive_work, seed),
        stage="dive",
        done=0.5,
        share=0.5,
    )
    for answer in answers:
        best.offer(answer)


def _anneal(
    best: "_Best", search: Search, bound: Bound, worth: Floats, effort: Effort, executor: Executor, watch: Watch
) -> None:
    """Anneal the best answer; before, if somebody is unpaired, with lifted prices and a worth of minutes."""
    network = best.network
    if watch.look():
        return
    where = np.full(len(network.lefts) + 1, UNPAIRED)
    where[search.order] = np.arange(len(search.order))
    board = anneal.board_of(search.arcs, network, where[best.chosen])
    moves = effort.moves_per_left * network.left_count
    tilted = search.tilted(LIFT * (bound.multipliers // bound.parts), worth)
    ladders = (
        (Ladder(hot=12.0, cold=5.0, moves=moves * 3 // 4, levels=20), tilted),
        (Ladder(hot=8.0, cold=4.0, moves=moves // 4, levels=10), search.arcs),
    )
    for ladder, arcs in ladders[int(best.is_full) :]:
        search.run(board, ladder, executor=executor, watch=watch, arcs=arcs)
        best.offer(np.where(board.chosen >= 0, search.order[board.chosen], UNPAIRED))


def _raised(network: Network, target: int, steps: int, executor: Executor, watch: Watch) -> Bound:
    """Raise the bound at the plain penalties, so that it holds for every answer."""
    return raise_bound(
        network,
        network.penalties,
        target=target,
        iterations=steps,
        executor=executor,
        multipliers=first_multipliers(network, parts_of(network, network.penalties)),
        is_stopped=watch.look,
    )


def _raised_again(best: "_Best", bound: Bound, effort: Effort, executor: Executor, watch: Watch) -> Bound:
    """Raise a good bound in small steps, now that a good answer is known."""
    if watch.look() or best.rank[-1] <= bound.value:
        return bound
    return raise_bound(
        best.network,
        best.network.penalties,
        target=best.rank[-1],
        iterations=effort.steps // 3,
        executor=executor,
        multipliers=bound.multipliers,
        pace=SLOW,
        is_stopped=watch.look,
    )


def _unpaired_bound(network: Network, chosen: Ints, effort: Effort, executor: Executor, watch: Watch) -> int:
    """Prove how many lefts must stay unpaired: by counting minutes, then by the same bound, arcs costing nothing."""
    counted = minutes.fewest_unpaired(network)
    unpaired = int((chosen == UNPAIRED).sum())
    if unpaired == counted or watch.look():
        return counted
    ones = np.ones(network.left_count, dtype=np.int64)
    free = replace(
        network,
        costs=np.zeros(len(network.lefts), dtype=np.int64),
        penalties=ones,
        load_costs=np.empty((0, 0), np.int64),
    )
    bound = _raised(free, unpaired, effort.steps // 2 + 1, executor, watch)
    return max(counted, bound.value)
