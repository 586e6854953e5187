"""A sparse generalized assignment: lefts to rights along arcs, each with a cost and minutes of its own.

A left (a need) takes at most one arc. A right (a volunteer) has minutes and a number of lefts it can take. An unpaired
left costs its penalty. Tiers are strict: fewer unpaired lefts of an earlier tier are always worth more than
anything later tiers or costs can gain; :func:`rank` says so in one comparable value, and every method uses it.

This module holds the instance, its checks, and the plain recount of an answer. It knows no solver.
"""

from dataclasses import dataclass, field, fields, replace

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Rank = tuple[int, ...]

MOST = 1_000_000_000
"""Largest cost, penalty, minutes or load cost of a single row: sums of many stay inside 64 bits."""
MOST_TOTAL = 1 << 53
"""Largest sum of what a whole answer may cost: exact even where it passes through floating point."""
UNPAIRED = -1


def _nothing() -> Ints:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Columns of arcs, lefts and rights; validated once, read-only.

    Raises
    ------
    ValueError
        Naming column, row and value, and what would be right.
    """

    lefts: Ints  # of each arc
    rights: Ints  # of each arc
    costs: Ints  # of each arc, metres; may be negative, as a bonus for keeping a pair is
    weights_min: Ints  # of each arc, minutes it takes of its right
    penalties: Ints  # of each left, metres, for staying unpaired
    tiers: Ints  # of each left; 0 comes before 1 before 2, strictly
    capacities_min: Ints  # of each right
    max_lefts: Ints  # of each right
    fixed: Ints = field(default_factory=_nothing)  # positions of arcs that are set beforehand
    load_costs: Ints = field(default_factory=lambda: np.empty((0, 0), dtype=np.int64))
    """Shape (rights, steps): cost of the first, second, ... left of a right, never falling; the last step repeats."""

    def __post_init__(self) -> None:
        """Cast, refuse what cannot be, and close the columns for writing."""
        for column in fields(self):
            values = np.array(getattr(self, column.name))
            if values.size and values.dtype.kind not in "iub":
                message = f"{column.name} holds whole numbers, not {values.dtype}."
                raise ValueError(message)
            values = values.astype(np.int64, copy=False)  # a copy is made above
            values.setflags(write=False)
            object.__setattr__(self, column.name, values)
        self._check_shapes()
        self._check_values()
        self._check_fixed()

    def _check_shapes(self) -> None:
        for table in (
            ("lefts", "rights", "costs", "weights_min"),
            ("penalties", "tiers"),
            ("capacities_min", "max_lefts"),
        ):
            shapes = {name: getattr(self, name).shape for name in table}
            if len(set(shapes.values())) > 1 or any(len(shape) != 1 for shape in shapes.values()):
                message = f"Columns of one table have one length; these have {shapes}."
                raise ValueError(message)
        if self.load_costs.size and (self.load_costs.ndim != 2 or len(self.load_costs) != self.right_count):
            message = f"load_costs has a row for each of {self.right_count} rights, not shape {self.load_costs.shape}."
            raise ValueError(message)

    def _check_values(self) -> None:
        checks = (
            ("lefts", 0, self.left_count - 1, "an arc starts at a left that is there"),
            ("rights", 0, self.right_count - 1, "an arc ends at a right that is there"),
            ("costs", -MOST, MOST, "a cost lies between -1,000,000,000 and 1,000,000,000 metres"),
            ("weights_min", 0, MOST, "an arc takes 0 to 1,000,000,000 minutes"),
            ("penalties", 0, MOST, "a penalty lies between 0 and 1,000,000,000 metres"),
            ("tiers", 0, MOST, "tiers are numbered from 0"),
            ("capacities_min", 0, 1 << 60, "a capacity is 0 minutes or more"),
            ("max_lefts", 0, 1 << 60, "a right takes 0 lefts or more"),
            ("load_costs", -MOST, MOST, "a load cost lies between -1,000,000,000 and 1,000,000,000 metres"),
        )
        for name, least, most, right in checks:
            values = getattr(self, name)
            wrong = (values < least) | (values > most)
            if wrong.any():
                row = np.unravel_index(int(np.argmax(wrong)), values.shape)
                message = f"{name} cannot be {values[row]} in row {row[0]}; {right}."
                raise ValueError(message)
        if (np.diff(self.load_costs, axis=-1) < 0).any():
            message = "load_costs never fall from one left to the next: a fair load is a convex cost."
            raise ValueError(message)
        if self._most_total() > MOST_TOTAL:
            message = (
                f"{self.left_count} lefts at such costs and penalties add up past {MOST_TOTAL}; use a coarser unit."
            )
            raise ValueError(message)

    def _most_total(self) -> int:
        largest = [int(np.abs(column).max(initial=0)) for column in (self.costs, self.penalties, self.load_costs)]
        return self.left_count * sum(largest)

    def _check_fixed(self) -> None:
        pairs = self.lefts * max(1, self.right_count) + self.rights
        ordered = np.sort(pairs)
        twice = np.flatnonzero(ordered[1:] == ordered[:-1])
        if len(twice):
            left, right = divmod(int(ordered[twice[0]]), self.right_count)
            message = f"The arc from left {left} to right {right} is listed twice; list it once, at its cost."
            raise ValueError(message)
        if len(self.fixed) and (self.fixed.min() < 0 or self.fixed.max() >= len(self.lefts)):
            message = f"fixed holds a position outside the {len(self.lefts)} arcs."
            raise ValueError(message)
        if len(self.fixed):
            chosen = np.full(self.left_count, UNPAIRED)
            chosen[self.lefts[self.fixed]] = self.fixed
            broken = faults(replace(self, fixed=_nothing()), chosen)
            if len(np.unique(self.lefts[self.fixed])) < len(self.fixed):
                broken = ("a left is set to two rights", *broken)
            if broken:
                message = f"The pairs set beforehand cannot all stand: {broken[0]}."
                raise ValueError(message)

    @property
    def left_count(self) -> int:
        """How many lefts there are."""
        return len(self.penalties)

    @property
    def right_count(self) -> int:
        """How many rights there are."""
        return len(self.capacities_min)

    def free(self) -> tuple["Network", Ints]:
        """Take the pairs set beforehand out: what is left to decide, and where its arcs stand in this network.

        Lefts and rights keep their numbers; a set left has no arcs and no penalty, a right has what room remains.
        """
        if not len(self.fixed):
            usable = self.weights_min <= self.capacities_min[self.rights]
            usable &= self.max_lefts[self.rights] > 0
            return _restricted(self, np.flatnonzero(usable)), np.flatnonzero(usable)
        rights, lefts = self.rights[self.fixed], self.lefts[self.fixed]
        rooms = self.capacities_min - np.bincount(rights, self.weights_min[self.fixed], self.right_count).astype(
            np.int64
        )
        counts = np.bincount(rights, minlength=self.right_count)
        penalties = self.penalties.copy()
        penalties[lefts] = 0
        load_costs = self.load_costs
        if load_costs.size:
            steps = np.minimum(np.arange(load_costs.shape[1]) + counts[:, None], load_costs.shape[1] - 1)
            load_costs = np.take_along_axis(load_costs, steps, axis=1)
        usable = ~np.isin(self.lefts, lefts) & (self.weights_min <= rooms[self.rights])
        usable &= (self.max_lefts - counts)[self.rights] > 0
        rest = replace(
            self,
            fixed=_nothing(),
            penalties=penalties,
            capacities_min=rooms,
            max_lefts=self.max_lefts - counts,
            load_costs=load_costs,
        )
        return _restricted(rest, np.flatnonzero(usable)), np.flatnonzero(usable)


def _restricted(network: Network, arcs: Ints) -> Network:
    """Return the same network with some of its arcs."""
    if len(arcs) == len(network.lefts):
        return network
    return replace(
        network,
        lefts=network.lefts[arcs],
        rights=network.rights[arcs],
        costs=network.costs[arcs],
        weights_min=network.weights_min[arcs],
    )


def faults(network: Network, chosen: Ints) -> tuple[str, ...]:
    """Check an answer by plain counting; every broken rule in words, none when it stands.

    Parameters
    ----------
    chosen
        Position of the arc of each left, -1 for unpaired; shape (lefts,).
    """
    if chosen.shape != (network.left_count,):
        return (f"an answer has one arc for each of {network.left_count} lefts, not shape {chosen.shape}",)
    paired = np.flatnonzero(chosen != UNPAIRED)
    arcs = chosen[paired]
    if len(arcs) and (arcs.min() < 0 or arcs.max() >= len(network.lefts)):
        return ("an arc is chosen that is not there",)
    found = [
        f"left {int(paired[row])} holds an arc of another" for row in np.flatnonzero(network.lefts[arcs] != paired)
    ]
    loads = np.zeros(network.right_count, dtype=np.int64)
    np.add.at(loads, network.rights[arcs], network.weights_min[arcs])
    counts = np.bincount(network.rights[arcs], minlength=network.right_count)
    found += [
        f"right {right} has {loads[right]} minutes, more than {network.capacities_min[right]}"
        for right in np.flatnonzero(loads > network.capacities_min)
    ]
    found += [
        f"right {right} has {counts[right]} lefts, more than {network.max_lefts[right]}"
        for right in np.flatnonzero(counts > network.max_lefts)
    ]
    found += [f"arc {arc} was set beforehand and is not chosen" for arc in np.setdiff1d(network.fixed, arcs)]
    return tuple(found)


def cost(network: Network, chosen: Ints) -> int:
    """Add up arcs, load costs and penalties of an answer, in Python's own integers."""
    paired = chosen[chosen != UNPAIRED]
    total = sum(network.costs[paired].tolist()) + sum(network.penalties[chosen == UNPAIRED].tolist())
    if network.load_costs.size:
        last = network.load_costs.shape[1] - 1
        counts = np.bincount(network.rights[paired], minlength=network.right_count)
        for right in np.flatnonzero(counts):
            steps = np.minimum(np.arange(counts[right]), last)
            total += sum(network.load_costs[right, steps].tolist())
    return int(total)


def rank(network: Network, chosen: Ints) -> Rank:
    """Say how good an answer is: unpaired lefts of each tier but the last, then its cost. The lesser is better."""
    tiers = np.unique(network.tiers)
    unpaired = network.tiers[chosen == UNPAIRED]
    return (*(int((unpaired == tier).sum()) for tier in tiers[:-1]), cost(network, chosen))
