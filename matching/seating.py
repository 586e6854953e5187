"""Places for needs that have none: by chains in the room that is left, standing pairs moving only where it pays.

Needs are looked up in what is known of who is near (:mod:`matching.reach`), which is widened wherever somebody farther
away could still do better, so that nobody within reach is overlooked.
"""

from dataclasses import dataclass

import numpy as np

from matching import candidates, chains, ejection, objective, tiers
from matching.candidates import Ground
from matching.chains import Slate
from matching.columns import Ints, Mask
from matching.network import UNPAIRED, Network
from matching.problem import Problem, ServedBy
from matching.reach import Reach
from matching.seats import NOBODY, Seats, Town, enter, enter_all, leave
from matching.shortage import weekly_visits

METHOD = "chains"
MOST_PULLED = 10_000
MOST_MINUTES = 1_000_000_000
SQUEEZES = 400_000
"""Labels of all chains in which two make room for one, for each group of needs that has nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Pairs as positions, shape (p,) each; several with one need where several come together."""

    needs: Ints
    volunteers: Ints
    distances_m: Ints

    def some(self, rows: Mask | Ints) -> "Pairs":
        """Return some of the pairs."""
        return Pairs(needs=self.needs[rows], volunteers=self.volunteers[rows], distances_m=self.distances_m[rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a repair asks of a seating.

    ``lost``, shape (n,), are needs in hand; ``barred`` pairs (positions) that must not be; ``may_move``, shape (n,),
    whose pair may; ``grown``, positions of volunteers who have more room than before.
    """

    lost: Mask
    barred: Pairs
    may_move: Mask
    grown: Ints
    change_m: int


class Seating:
    """Who has whom while places are given; ask :meth:`seat`, then read :meth:`pairs`."""

    def __init__(self, ground: Ground, reach: Reach, standing: Pairs, wish: Wish, *, homes: Pairs) -> None:
        self.reach = reach
        self._ground, self._wish = ground, wish
        problem = ground.problem
        self._together = standing.some(problem.needs.helpers[standing.needs] > 1)
        self._slate: Slate = chains.slate_of(len(problem.needs), len(problem.volunteers))
        self._town = _town(problem, reach, homes, wish)
        self._seats = _seats(problem, self._town, standing, self._together)

    @property
    def is_equal(self) -> bool:
        """Whether loads are equal, so that shortest chains are least of all."""
        return self._town.is_equal

    def seat(self) -> None:
        """Give places to all needs in hand, by tier, then the longest a week, then by number."""
        problem, wish = self._ground.problem, self._wish
        asked = np.flatnonzero(wish.lost)
        takes = self._town.weekly[asked] * problem.needs.durations_min[asked]
        asked = asked[np.lexsort((problem.needs.ids[asked], -takes, problem.needs.tiers[asked]))]
        chains.appraise(self._town, self._seats)
        while len(asked):
            asked = asked[chains.seat_all(self._town, self._seats, self._slate, asked)]
            if len(asked):
                self._look_farther()
        if not self.is_equal:
            self._squeeze_in()
        self._offer_room()

    def _squeeze_in(self) -> None:
        """Seek chains in which two make room for one, where minutes differ and somebody still has nobody."""
        seats, served = self._seats, self._ground.problem.needs.served_by == ServedBy.VOLUNTEER
        left = np.flatnonzero(served & (seats.chosen == NOBODY) & self._town.may_move)
        groups = np.array_split(left, -(-len(left) // ejection.FEW)) if len(left) and not self._town.fairness_m else []
        for some in groups:
            needs = np.sort(np.append(np.flatnonzero(self._town.may_move & (seats.chosen != NOBODY)), some))
            network, chosen = _network(self._town, seats, needs)
            prices = np.maximum(0, seats.needs_m[needs])
            found = ejection.placed(network, network.penalties, prices, chosen, work=SQUEEZES)
            moved = np.flatnonzero(found != chosen)
            for row in moved[chosen[moved] != UNPAIRED].tolist():
                leave(self._town, seats, int(needs[row]))
            for row in moved[found[moved] != UNPAIRED].tolist():
                arc = int(found[row])
                metres = int(network.costs[arc]) + self._town.change_m * bool(
                    self._town.homes[needs[row]] == network.rights[arc]
                )
                enter(self._town, seats, int(needs[row]), int(network.rights[arc]), metres)

    def pairs(self) -> Pairs:
        """Return all pairs as they are now, ordered by need."""
        needs = np.flatnonzero(self._seats.chosen != NOBODY)
        return Pairs(
            needs=np.append(needs, self._together.needs),
            volunteers=np.append(self._seats.chosen[needs], self._together.volunteers),
            distances_m=np.append(self._seats.metres[needs], self._together.distances_m),
        )

    def _look_farther(self) -> None:
        short = np.flatnonzero(self._slate.short)
        self._slate.short[short] = False
        self.reach = reach = self.reach.widened(self._ground, short)
        self._town = self._town._replace(
            begins=reach.begins,
            ends=reach.ends,
            volunteers=reach.volunteers,
            distances_m=reach.distances_m,
            looked_m=reach.looked_m,
        )

    def _offer_room(self) -> None:
        """Offer room that grew to whoever gains most by it, and then the place they leave, as long as moving pays."""
        grown, town, seats = self._wish.grown, self._town, self._seats
        for _ in range(MOST_PULLED):
            free = grown[seats.counts[grown] < seats.most[grown]]
            moves = _gains(self._ground, town, seats, free)
            if not len(moves):
                break
            need, volunteer, metres, _ = (int(value) for value in moves[np.lexsort(moves.T[[1, 0, 3]])[0]])
            left = int(seats.chosen[need])
            leave(town, seats, need)
            enter(town, seats, need, volunteer, metres)
            grown = np.union1d(grown, [left])


def _network(town: Town, seats: Seats, needs: Ints) -> tuple[Network, Ints]:
    """Some needs (positions) with all whom they know, in the room that the others leave; and the arc each has."""
    counts = town.ends[needs] - town.begins[needs]
    rows = np.repeat(town.begins[needs] - (np.cumsum(counts) - counts), counts) + np.arange(int(counts.sum()))
    has = np.flatnonzero(seats.chosen[needs] != NOBODY)
    lefts = np.append(np.repeat(np.arange(len(needs)), counts), has)
    rights = np.append(town.volunteers[rows].astype(np.int64), seats.chosen[needs[has]])
    metres = np.append(town.distances_m[rows].astype(np.int64), seats.metres[needs[has]])
    people = np.int64(len(seats.counts))
    known = (rights != NOBODY) & ~np.isin(needs[lefts] * people + rights, town.barred)
    first = np.unique(lefts[known] * people + rights[known], return_index=True)[1]
    arcs = np.flatnonzero(known)[first]
    lefts, rights, metres = lefts[arcs], rights[arcs], metres[arcs]
    takes = _minutes(town, needs[lefts], metres)
    chosen = np.full(len(needs), UNPAIRED, dtype=np.int64)
    taken = np.flatnonzero(rights == seats.chosen[needs[lefts]])
    chosen[lefts[taken]] = taken
    spent = np.bincount(rights[taken], takes[taken], people).astype(np.int64)
    network = Network(
        lefts=lefts,
        rights=rights,
        costs=metres - town.change_m * (town.homes[needs[lefts]] == rights),
        weights_min=takes,
        penalties=town.stakes_m[needs],
        tiers=np.zeros(len(needs), dtype=np.int64),
        capacities_min=np.minimum(seats.spare_min + spent, MOST_MINUTES),
        max_lefts=seats.most - seats.counts + np.bincount(rights[taken], minlength=people),
    )
    return network, chosen


def _gains(ground: Ground, town: Town, seats: Seats, free: Ints) -> Ints:
    """Moves into room that pay: need, volunteer, metres and the cost, below 0; shape (k, 4)."""
    nothing = np.empty((0, 4), dtype=np.int64)
    if not len(free):
        return nothing
    cost_m = seats.metres + np.where((town.homes != NOBODY) & (town.homes != seats.chosen), town.change_m, 0)
    least_m = np.where(town.homes == seats.chosen, town.change_m, 0)
    movers = np.flatnonzero(town.may_move & (seats.chosen != NOBODY) & (cost_m > least_m))
    found = [nothing]
    for some in np.array_split(movers, len(movers) * len(free) // candidates.CELLS + 1):
        needs, volunteers = np.repeat(some, len(free)), np.tile(free, len(some))
        places, params = ground.places, ground.problem.params
        apart_m = np.hypot(*(places.needs[needs] - places.volunteers[volunteers]).T) * params.detour
        near = apart_m <= cost_m[needs]
        needs, volunteers = needs[near], volunteers[near]
        fits, metres = candidates.may_pair(ground.problem, needs, volunteers)
        change_m = np.where((town.homes[needs] != NOBODY) & (town.homes[needs] != volunteers), town.change_m, 0)
        gain_m = metres + change_m - cost_m[needs]
        gain_m += town.fairness_m * (seats.counts[volunteers] - seats.counts[seats.chosen[needs]] + 1)
        takes = _minutes(town, needs, metres)
        fits &= (gain_m < 0) & (takes <= seats.spare_min[volunteers]) & (seats.chosen[needs] != volunteers)
        fits &= ~np.isin(needs * np.int64(len(seats.counts)) + volunteers, town.barred)
        found.append(np.column_stack((needs, volunteers, metres, gain_m))[fits])
    return np.concatenate(found)


def _minutes(town: Town, needs: Ints, metres: Ints) -> Ints:
    each = town.durations_min[needs].astype(np.float64)
    if town.pace_m_per_min:
        each += np.ceil(2 * metres / town.pace_m_per_min)
    return np.floor(town.weekly[needs] * each + 1e-9).astype(np.int64)


def _town(problem: Problem, reach: Reach, before: Pairs, wish: Wish) -> Town:
    homes = np.full(len(problem.needs), NOBODY, dtype=np.int64)
    alone = problem.needs.helpers[before.needs] == 1
    homes[before.needs[alone]] = before.volunteers[alone]
    is_barred = np.zeros(len(problem.needs), dtype=bool)
    is_barred[wish.barred.needs] = True
    return Town(
        begins=reach.begins,
        ends=reach.ends,
        volunteers=reach.volunteers,
        distances_m=reach.distances_m,
        looked_m=reach.looked_m,
        stakes_m=stakes_of(problem, wish.change_m),
        homes=homes,
        may_move=wish.may_move,
        durations_min=problem.needs.durations_min,
        weekly=weekly_visits(problem),
        barred=np.sort(wish.barred.needs * np.int64(len(problem.volunteers)) + wish.barred.volunteers),
        is_barred=is_barred,
        pace_m_per_min=float(problem.params.pace_m_per_min),
        change_m=wish.change_m,
        fairness_m=problem.params.fairness_m,
        is_equal=_is_equal(problem),
    )


def _is_equal(problem: Problem) -> bool:
    """Whether any need fits whoever takes as many: the longest of all, from as far as anybody comes, so many times."""
    served = problem.needs.served_by == ServedBy.VOLUNTEER
    weekly = (weekly_visits(problem) * problem.needs.durations_min)[served]
    if problem.params.pace_m_per_min or not len(weekly):
        return not len(weekly)
    longest = int(np.floor(weekly.max() + 1e-9))
    return bool((longest * problem.volunteers.max_needs <= problem.volunteers.weekly_caps_min).all())


def _seats(problem: Problem, town: Town, standing: Pairs, together: Pairs) -> Seats:
    """Write who stands; who comes with others takes room, and is no place that could be given up."""
    who, needs = problem.volunteers, len(problem.needs)
    every = candidates.Arcs(needs=standing.needs, volunteers=standing.volunteers, distances_m=standing.distances_m)
    takes = objective.arc_minutes(problem, every)
    spent = np.bincount(standing.volunteers, takes, len(who)).astype(np.int64)
    beside = problem.needs.helpers[standing.needs] > 1
    nobody = np.full(needs, NOBODY, dtype=np.int64)
    seats = Seats(
        chosen=nobody,
        metres=np.zeros(needs, dtype=np.int64),
        first=np.full(len(who), NOBODY, dtype=np.int64),
        after=nobody.copy(),
        before=nobody.copy(),
        counts=np.bincount(together.volunteers, minlength=len(who)),
        most=who.max_needs,
        spare_min=np.maximum(who.weekly_caps_min, spent)
        - np.bincount(standing.volunteers[beside], takes[beside], len(who)).astype(np.int64),
        needs_m=np.zeros(needs, dtype=np.int64),
        places_m=np.zeros(len(who), dtype=np.int64),
    )
    alone = standing.some(~beside)
    enter_all(town, seats, alone.needs, alone.volunteers, alone.distances_m)
    return seats


def stakes_of(problem: Problem, change_m: int) -> Ints:
    """Return what leaving each need without anybody weighs: its penalty, and what its tier adds; shape (n,)."""
    needs, served = problem.needs, problem.needs.served_by == ServedBy.VOLUNTEER
    stakes = np.array(needs.penalties)
    if len(np.unique(needs.tiers[served])) > 1:
        rows = np.flatnonzero(served)
        span = np.array([0, int(problem.params.max_distance_m) + change_m])  # the shortest and the longest way
        people = max(2, len(problem.volunteers))
        plain = Network(
            lefts=np.zeros(2, dtype=np.int64),
            rights=np.arange(2),
            costs=span,
            weights_min=np.zeros(2, dtype=np.int64),
            penalties=needs.penalties[rows],
            tiers=needs.tiers[rows],
            capacities_min=np.zeros(people, dtype=np.int64),
            max_lefts=np.zeros(people, dtype=np.int64),
        )
        stakes[rows] = tiers.chain_prices(plain)
    return stakes
