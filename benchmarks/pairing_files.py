"""Pairings with unlike minutes a week, as networks: read from files, or made anew by kind and seed."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from matching.knapsack import Floats
from matching.network import Ints, Network

PENALTY = 20_000
"""Metres for a senior who stays unpaired."""
DETOUR = 1.3
SPAN_M = np.array([11_000.0, 9_000.0])
COMPOUNDS, COMPOUND_M = 420, 400.0
CROWDING = 0.2
"""How unevenly people live in compounds: the standard deviation of the logarithm of how many."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What distinguishes one kind of pairing from another."""

    minutes: tuple[int, ...]  # a week, of a senior
    shares: tuple[float, ...]
    room_min: int  # of each volunteer, or the mean where rooms differ
    is_mixed: bool = False


USUAL = ((35, 60, 70, 105, 120), (0.354, 0.2, 0.246, 0.1, 0.1))
KINDS = {
    "slack09": Kind(*USUAL, 360),
    "slack30": Kind(*USUAL, 480),
    "mixed09": Kind(*USUAL, 366, is_mixed=True),
    "kind": Kind((30, 60, 90), (0.497, 0.348, 0.155), 270),
    "short10": Kind(*USUAL, 300),
}


def read(path: Path) -> Network:
    """Read a file of numpy columns.

    ``senior``, ``volunteer`` and ``cost`` of each arc, ``minutes`` of each senior, ``cap_min`` and ``cap_seniors`` of
    each volunteer.
    """
    with np.load(path) as columns:
        return network(
            columns["senior"],
            columns["volunteer"],
            columns["cost"],
            columns["minutes"],
            columns["cap_min"],
            columns["cap_seniors"],
        )


def network(seniors: Ints, volunteers: Ints, costs: Ints, minutes: Ints, rooms: Ints, most: Ints) -> Network:
    """Return seniors as lefts and volunteers as rights."""
    return Network(
        lefts=seniors,
        rights=volunteers,
        costs=costs,
        weights_min=minutes[seniors],
        penalties=np.full(len(minutes), PENALTY),
        tiers=np.zeros(len(minutes), dtype=np.int64),
        capacities_min=rooms,
        max_lefts=most,
    )


def made(kind: str, seed: int, *, seniors: int = 12_500, volunteers: int = 2_433, candidates: int = 30) -> Network:
    """Make a pairing of a kind: people in compounds of unlike size, each senior with the nearest volunteers."""
    random, what = np.random.default_rng(seed), KINDS[kind]
    scale = np.sqrt(volunteers / 2_433)
    compounds = random.uniform(0, 1, (max(1, round(COMPOUNDS * scale**2)), 2)) * SPAN_M * scale
    homes = _places(random, compounds, seniors)
    starts = _places(random, compounds, volunteers)
    metres, nearest = cKDTree(starts).query(homes, k=min(candidates, volunteers))
    minutes = random.choice(what.minutes, seniors, p=what.shares)
    rooms = np.full(volunteers, what.room_min)
    if what.is_mixed:
        rooms = 30 * np.clip(np.round(random.lognormal(np.log(what.room_min / 30 * 0.88), 0.5, volunteers)), 3, 45)
    return network(
        np.repeat(np.arange(seniors), nearest.shape[1]),
        nearest.ravel(),
        np.round(metres.ravel() * DETOUR).astype(np.int64) + 1,
        minutes,
        rooms.astype(np.int64),
        np.full(volunteers, 10),
    )


def _places(random: np.random.Generator, compounds: Floats, count: int) -> Floats:
    crowds = random.lognormal(0, CROWDING, len(compounds))
    chosen = random.choice(len(compounds), count, p=crowds / crowds.sum())
    return compounds[chosen] + random.normal(0, COMPOUND_M, (count, 2))
