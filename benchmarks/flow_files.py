"""Sparse transportation instances with units of demand, as flows: read from files, or made anew by seed."""

import csv
import gzip
import json
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from matching.flow import Transport

OPTIMA = "optimum.csv"


def read(path: Path) -> Transport:
    """Read one JSON file, packed by gzip or plain.

    ``demand``, ``capacity``, ``penalty`` of a unit that is not met, and ``arcs``: from, to, cost of a unit.
    """
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    columns = json.loads(text)
    lefts, rights, costs = (np.array(column, dtype=np.int64) for column in columns["arcs"])
    return Transport(
        lefts=lefts,
        rights=rights,
        costs=costs,
        demands=np.array(columns["demand"], dtype=np.int64),
        penalties=np.full(len(columns["demand"]), columns["penalty"], dtype=np.int64),
        rooms=np.array(columns["capacity"], dtype=np.int64),
        steps=np.empty((0, 0), dtype=np.int64),
    )


def optima(folder: Path) -> dict[str, int]:
    """Read the proven optimum of each file of a folder, by its name without endings."""
    with (folder / OPTIMA).open() as table:
        return {row["instance"]: int(row["optimum_mcf"]) for row in csv.DictReader(table)}


def made(*, lefts: int, rights: int, degree: int, tightness: float, seed: int) -> Transport:
    """Make an instance of one to three units a left, with the nearest rights; tightness is demand over capacity."""
    random = np.random.default_rng(seed)
    homes, starts = random.uniform(0, 9_000, (lefts, 2)), random.uniform(0, 9_000, (rights, 2))
    metres, nearest = cKDTree(starts).query(homes, k=degree)
    demands = random.integers(1, 4, lefts)
    wanted = demands.sum() / tightness / rights
    return Transport(
        lefts=np.repeat(np.arange(lefts), degree),
        rights=nearest.ravel(),
        costs=np.round(metres.ravel()).astype(np.int64),
        demands=demands,
        penalties=np.full(lefts, 1_000_000),
        rooms=random.poisson(wanted, rights).astype(np.int64),
        steps=np.empty((0, 0), dtype=np.int64),
    )
