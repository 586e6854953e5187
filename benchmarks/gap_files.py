"""Generalized assignment in the standard text format, as networks; and instances of the published types.

A file holds whole numbers: agents and jobs, a row of costs for each agent, a row of weights for each agent, and the
capacities. Every job is to be assigned, so an unassigned one costs more than any answer can save.

References
----------
Types C, D, E: Chu and Beasley (1997), doi:10.1016/S0305-0548(96)00032-9; Laguna et al. (1995) for type E.
"""

import csv
from pathlib import Path

import numpy as np

from matching.network import Ints, Network


def read(path: Path) -> Network:
    """Read one file.

    Raises
    ------
    ValueError
        When it holds other than as many whole numbers as its first two say.
    """
    numbers = np.array(path.read_text().split(), dtype=np.int64)
    agents, jobs = (int(number) for number in numbers[:2])
    if len(numbers) != 2 + 2 * agents * jobs + agents:
        message = (
            f"{path} has {len(numbers)} numbers; {agents} agents and {jobs} jobs take {2 + 2 * agents * jobs + agents}."
        )
        raise ValueError(message)
    cells = numbers[2:]
    costs, weights = (cells[at : at + agents * jobs].reshape(agents, jobs) for at in (0, agents * jobs))
    return network(costs, weights, cells[2 * agents * jobs :])


def network(costs: Ints, weights: Ints, capacities: Ints) -> Network:
    """Return jobs as lefts and agents as rights; costs and weights have a row for each agent."""
    agents, jobs = costs.shape
    job, agent = np.repeat(np.arange(jobs), agents), np.tile(np.arange(agents), jobs)
    return Network(
        lefts=job,
        rights=agent,
        costs=costs.T.ravel(),
        weights_min=weights.T.ravel(),
        penalties=np.full(jobs, int(costs.max()) * jobs),
        tiers=np.zeros(jobs, dtype=np.int64),
        capacities_min=capacities,
        max_lefts=np.full(agents, jobs),
    )


def made(kind: str, agents: int, jobs: int, seed: int) -> Network:
    """Make an instance of type C, D or E as published; those where cost and weight oppose (D, E) are the hard ones."""
    random = np.random.default_rng(seed)
    shape = (agents, jobs)
    if kind == "e":
        weights = np.floor(1 - 10 * np.log(random.uniform(0, 1, shape).clip(1e-12))).astype(np.int64)
        costs = np.floor(1000 / weights - 10 * random.uniform(0, 1, shape)).astype(np.int64)
    elif kind == "d":
        weights = random.integers(1, 101, shape)
        costs = 111 - weights + random.integers(-10, 11, shape)
    else:
        weights = random.integers(5, 26, shape)
        costs = random.integers(10, 51, shape)
    capacities = (0.8 * weights.sum(axis=1) / agents).astype(np.int64)
    return network(costs, weights, capacities)


def best_known(path: Path) -> dict[str, int]:
    """Read the best known value of each instance from a table with columns ``instance`` and ``best_known_value``."""
    with path.open() as table:
        return {row["instance"]: int(row["best_known_value"]) for row in csv.DictReader(table)}
