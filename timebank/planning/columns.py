"""Values of rows as columns of the engine."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from matching.problem import Bits, Floats, Ints


def ints(values: Iterable[Any]) -> Ints:
    """Return a column of whole numbers."""
    return np.fromiter(values, dtype=np.int64)


def floats(values: Iterable[Any]) -> Floats:
    """Return a column of numbers."""
    return np.fromiter(values, dtype=np.float64)


def sets(values: Iterable[int]) -> Bits:
    """Return a column of sets of up to 64."""
    return np.fromiter(values, dtype=np.uint64)


def pairs(rows: Iterable[Any]) -> Ints:
    """Return pairs of ids in order, shape (k, 2)."""
    return np.array(sorted(tuple(row) for row in rows), dtype=np.int64).reshape(-1, 2)
