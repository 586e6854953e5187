"""Who gets the scarce place: offers to units within places, wheelchair places and budgets, with a proven bound.

Tiers are strict: the worth of what an earlier tier is given is settled before a later tier is looked at. Within a
tier a visit is worth its penalty and what its waiting adds, less the metres. A plain answer, made one unit at a
time, is always at hand; the solver's is taken when it is better.
"""

from dataclasses import dataclass, replace

import numpy as np
from ortools.sat.python import cp_model

from matching.columns import Ints
from matching.offers import Offers, series_key
from matching.problem import Problem

RULES = ("wheelchairs", "budget")
DETERMINISTIC_LIMIT = 20.0
"""Effort of one tier, in the solver's own count of work: the same on every machine."""
WORKERS = 1
"""More workers would be quicker and answer differently from run to run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Chosen offers (positions), and a bound that no other choice's cost is below; costs as :func:`cost_of` counts."""

    offers: Ints
    objective: int
    bound: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """Everything that runs out: how much there is of each kind, and what each offer takes (offer, kind, amount)."""

    rooms: Ints
    offers: Ints
    kinds: Ints
    amounts: Ints


def give_out(problem: Problem, offers: Offers, standing: Ints | None = None) -> Given:
    """Choose at most one offer for each unit at most worth, tier by tier.

    ``standing`` are offers (positions) that stay as far as there is room for them, earlier tiers first; the bound is
    then one for what is given out around them.
    """
    stock, worth = _stock(problem, offers), worth_of(problem, offers)
    lost, held = unserved_cost(problem, offers), np.empty(0, dtype=np.int64)
    if standing is not None and len(standing):
        tiers = problem.needs.tiers[offers.units.needs[offers.owners[standing]]]
        held = _refill(offers, stock, worth, standing[np.lexsort((standing, -worth[standing], tiers))])
    open_offers = np.flatnonzero(~np.isin(offers.owners, offers.owners[held]))
    rest, most = _give(problem, *_among(offers, stock, held, open_offers), worth[open_offers])
    kept = np.sort(np.append(held, open_offers[rest]))
    return Given(
        offers=kept,
        objective=lost - int(worth[kept].sum()),
        bound=lost - int(worth[held].sum()) - max(most, int(worth[open_offers[rest]].sum())),
    )


def _among(offers: Offers, stock: Stock, held: Ints, some: Ints) -> tuple[Offers, Stock]:
    """Some of the offers, and what is left in stock for them beside what is held."""
    used = np.zeros(len(stock.rooms), dtype=np.int64)
    taken = np.isin(stock.offers, held)
    np.add.at(used, stock.kinds[taken], stock.amounts[taken])
    number = np.full(len(offers.owners), -1, dtype=np.int64)
    number[some] = np.arange(len(some))
    rows, stocked = number[offers.rows] >= 0, number[stock.offers] >= 0
    return (
        replace(
            offers,
            owners=offers.owners[some],
            distances_m=offers.distances_m[some],
            rows=number[offers.rows[rows]],
            slots=offers.slots[rows],
        ),
        Stock(
            rooms=stock.rooms - used,
            offers=number[stock.offers[stocked]],
            kinds=stock.kinds[stocked],
            amounts=stock.amounts[stocked],
        ),
    )


def _give(problem: Problem, offers: Offers, stock: Stock, worth: Ints) -> tuple[Ints, int]:
    """Choose offers tier by tier; the choice, and the most that any choice could be worth."""
    chosen = _greedy(problem, offers, stock, worth)
    tiers = problem.needs.tiers[offers.units.needs]
    bound_worth, kept = 0, np.empty(0, dtype=np.int64)
    for tier in np.unique(tiers).tolist():
        in_play = np.flatnonzero(tiers[offers.owners] <= tier)
        hint = chosen[tiers[offers.owners[chosen]] <= tier]
        floors = [(earlier, int(worth[kept[tiers[offers.owners[kept]] == earlier]].sum())) for earlier in range(tier)]
        kept, reached = _solve(offers, stock, worth, tiers, in_play, hint, tier, floors)
        bound_worth += reached
        later = chosen[tiers[offers.owners[chosen]] > tier]
        chosen = _refill(offers, stock, worth, np.append(kept, later))
    return np.sort(kept), bound_worth


def worth_of(problem: Problem, offers: Offers) -> Ints:
    """Return what each offer is worth in metres: penalties and waiting of its visits, less its metres, more if kept."""
    units, needs, params = offers.units, problem.needs, problem.params
    owners = units.needs[offers.owners]
    each = needs.penalties[owners] + needs.waiting_days[owners] * params.waiting_m_per_day
    return each * units.visits[offers.owners] - offers.distances_m + _kept_bonus(problem, offers)


def unserved_cost(problem: Problem, offers: Offers) -> int:
    """Return the cost of giving nothing to anybody."""
    units, needs = offers.units, problem.needs
    each = needs.penalties[units.needs] + needs.waiting_days[units.needs] * problem.params.waiting_m_per_day
    return int((each * units.visits).sum())


def _kept_bonus(problem: Problem, offers: Offers) -> Ints:
    """Metres for every visit that keeps the resource, weekday and time of the plan before."""
    regulars = problem.regulars
    bonus = np.zeros(len(offers.owners), dtype=np.int64)
    if not len(regulars) or not problem.params.change_m:
        return bonus
    columns = (regulars.need_ids, regulars.resource_ids, regulars.weekdays, regulars.starts_min)
    standing = set(zip(*(column.tolist() for column in columns), strict=True))
    for row, slot in zip(offers.rows.tolist(), offers.slots.tolist(), strict=True):
        need = int(problem.needs.ids[offers.units.needs[offers.owners[row]]])
        if (need, *series_key(problem, slot)) in standing:
            bonus[row] += problem.params.change_m
    return bonus


def _stock(problem: Problem, offers: Offers) -> Stock:
    """Places of slots, then wheelchair places, then budgets."""
    slots, needs, count = problem.slots, problem.needs, len(problem.slots)
    owners = offers.units.needs[offers.owners[offers.rows]]
    own_skill = slots.skills[offers.slots] == needs.skills[owners]
    chairs = needs.wheelchairs[owners] * own_skill
    order = np.argsort(problem.budgets.ids)
    paid = np.flatnonzero(slots.budget_ids[offers.slots] != 0)
    budget = order[np.searchsorted(problem.budgets.ids, slots.budget_ids[offers.slots[paid]], sorter=order)]
    return Stock(
        rooms=np.concatenate((slots.places, slots.wheelchairs, problem.budgets.cents)),
        offers=np.concatenate((offers.rows, offers.rows, offers.rows[paid])),
        kinds=np.concatenate((offers.slots, count + offers.slots, 2 * count + budget)),
        amounts=np.concatenate(
            (np.ones(len(offers.rows), dtype=np.int64), chairs, slots.costs_cents[offers.slots[paid]])
        ),
    )


def _takes(stock: Stock, offer_count: int) -> list[list[tuple[int, int]]]:
    """What each offer takes: kind and amount."""
    takes: list[list[tuple[int, int]]] = [[] for _ in range(offer_count)]
    for offer, kind, amount in zip(stock.offers.tolist(), stock.kinds.tolist(), stock.amounts.tolist(), strict=True):
        if amount:
            takes[offer].append((kind, amount))
    return takes


def _greedy(problem: Problem, offers: Offers, stock: Stock, worth: Ints) -> Ints:
    """One unit at a time: earlier tiers first, then the most worth, each the best offer that is left."""
    tiers = problem.needs.tiers[offers.units.needs[offers.owners]]
    order = np.lexsort((np.arange(len(worth)), -worth, tiers))
    return _refill(offers, stock, worth, order)


def _refill(offers: Offers, stock: Stock, worth: Ints, order: Ints) -> Ints:
    """Take offers in an order while there is room for them."""
    takes, left, served, chosen = _takes(stock, len(offers.owners)), stock.rooms.tolist(), set(), []
    for offer in order.tolist():
        owner = int(offers.owners[offer])
        if owner in served or worth[offer] <= 0:
            continue
        total: dict[int, int] = {}
        for kind, amount in takes[offer]:
            total[kind] = total.get(kind, 0) + amount
        if all(left[kind] >= amount for kind, amount in total.items()):
            for kind, amount in total.items():
                left[kind] -= amount
            served.add(owner)
            chosen.append(offer)
    return np.array(chosen, dtype=np.int64)


def _solve(
    offers: Offers,
    stock: Stock,
    worth: Ints,
    tiers: Ints,
    in_play: Ints,
    hint: Ints,
    tier: int,
    floors: list[tuple[int, int]],
) -> tuple[Ints, int]:
    """Most worth of one tier with what earlier tiers have kept; the choice, and a bound on the tier's worth."""
    mine = tiers[offers.owners]
    model, taken = _model(offers, stock, in_play)
    for earlier, least in floors:
        model.add(sum(int(worth[offer]) * taken[offer] for offer in taken if mine[offer] == earlier) >= least)
    model.maximize(sum(int(worth[offer]) * taken[offer] for offer in taken if mine[offer] == tier))
    wanted = set(hint.tolist())
    for offer, variable in taken.items():
        model.add_hint(variable, offer in wanted)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = WORKERS
    solver.parameters.random_seed = 0
    solver.parameters.max_deterministic_time = DETERMINISTIC_LIMIT
    status = solver.solve(model)
    at_hand = int(worth[hint[mine[hint] == tier]].sum())
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):  # ours stands; no answer proves nothing
        return hint, _most_at_all(offers, worth, np.flatnonzero(mine == tier))
    most = int(np.floor(solver.best_objective_bound + 1e-6))
    found = np.array([offer for offer, variable in taken.items() if solver.value(variable)], dtype=np.int64)
    is_worse = int(worth[found[mine[found] == tier]].sum()) < at_hand
    return hint if is_worse else found, most


def _model(offers: Offers, stock: Stock, in_play: Ints) -> tuple[cp_model.CpModel, dict[int, cp_model.IntVar]]:
    """At most one offer a unit, and no more of anything than there is; giving nothing is always possible."""
    model = cp_model.CpModel()
    taken = {offer: model.new_bool_var(f"offer {offer}") for offer in in_play.tolist()}
    by_unit: dict[int, list[int]] = {}
    for offer in taken:
        by_unit.setdefault(int(offers.owners[offer]), []).append(offer)
    for mine in by_unit.values():
        model.add_at_most_one(taken[offer] for offer in mine)
    by_kind: dict[int, list[tuple[int, int]]] = {}
    for offer, kind, amount in zip(stock.offers.tolist(), stock.kinds.tolist(), stock.amounts.tolist(), strict=True):
        if amount and offer in taken:
            by_kind.setdefault(kind, []).append((offer, amount))
    for kind, takers in by_kind.items():
        model.add(sum(amount * taken[offer] for offer, amount in takers) <= int(stock.rooms[kind]))
    return model, taken


def _most_at_all(offers: Offers, worth: Ints, some: Ints) -> int:
    """Worth of the best offer of every unit, as if nothing ran out."""
    best: dict[int, int] = {}
    for offer in some.tolist():
        owner = int(offers.owners[offer])
        best[owner] = max(best.get(owner, 0), int(worth[offer]))
    return sum(best.values())
