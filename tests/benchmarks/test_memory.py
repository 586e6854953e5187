"""Memory is told of one work alone."""

import numpy as np

from benchmarks.memory import measured_mb

EIGHTY_MB = 10_000_000
"""Numbers of eight bytes."""


def test_memory_is_that_of_the_work_alone() -> None:
    """What an earlier work took and gave back is not counted again."""
    _, large_mb = measured_mb(lambda: np.ones(EIGHTY_MB).sum())
    _, small_mb = measured_mb(lambda: np.ones(10).sum())

    assert large_mb > 75
    assert small_mb < 5
