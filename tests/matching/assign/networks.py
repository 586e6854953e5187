"""Small networks for the tests of the assignment, by seed, and all their answers by brute force."""

from itertools import product

import numpy as np

from matching.network import UNPAIRED, Ints, Network, Rank, faults, rank


def network(
    *,
    lefts: int = 5,
    rights: int = 3,
    seed: int = 1,
    tiers: int = 1,
    weights: tuple[int, ...] = (35, 60, 105),
    room_min: int = 130,
    load_costs: int = 0,
    share: float = 0.8,
) -> Network:
    """Return a network with an arc between most pairs; every left has one number of minutes."""
    random = np.random.default_rng(seed)
    left, right = np.nonzero(random.random((lefts, rights)) < share)
    minutes = random.choice(weights, lefts)
    steps = (
        np.sort(random.integers(0, load_costs + 1, (rights, 2)), axis=1) if load_costs else np.empty((0, 0), np.int64)
    )
    return Network(
        lefts=left,
        rights=right,
        costs=random.integers(0, 900, len(left)),
        weights_min=minutes[left],
        penalties=random.integers(800, 2000, lefts),
        tiers=random.integers(0, tiers, lefts),
        capacities_min=np.full(rights, room_min),
        max_lefts=random.integers(1, 4, rights),
        load_costs=steps,
    )


def best_rank(instance: Network) -> Rank:
    """Rank of the best of all answers, each looked at."""
    choices = [[UNPAIRED, *np.flatnonzero(instance.lefts == left).tolist()] for left in range(instance.left_count)]
    answers = (np.array(answer, dtype=np.int64) for answer in product(*choices))
    return min(rank(instance, answer) for answer in answers if not faults(instance, answer))


def district(*, lefts: int, rights: int, seed: int, room_min: int = 360, degree: int = 12) -> Network:
    """Return people in a square of streets, each left with its nearest rights, about five lefts a right."""
    random = np.random.default_rng(seed)
    homes, starts = random.uniform(0, 3000, (lefts, 2)), random.uniform(0, 3000, (rights, 2))
    metres = np.abs(homes[:, None] - starts[None]).sum(axis=2).astype(np.int64)
    nearest = np.argsort(metres, axis=1, kind="stable")[:, :degree]
    left, right = np.repeat(np.arange(lefts), nearest.shape[1]), nearest.ravel()
    minutes = random.choice([35, 60, 70, 105, 120], lefts, p=[0.35, 0.2, 0.25, 0.1, 0.1])
    return Network(
        lefts=left,
        rights=right,
        costs=metres[left, right],
        weights_min=minutes[left],
        penalties=np.full(lefts, 20_000),
        tiers=np.zeros(lefts, np.int64),
        capacities_min=np.full(rights, room_min),
        max_lefts=np.full(rights, 10),
    )


def empty() -> Ints:
    """Return a column without a row."""
    return np.empty(0, dtype=np.int64)
