"""Limits are kept: whoever asks to stop is heard, seconds end a search and are told, no matrix fills the memory."""

import tracemalloc
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from benchmarks.instances import district
from matching.candidates import CELLS
from matching.pairing import Limits
from matching.problem import Problem
from matching.solve import Cancelled, solve
from tests.matching.answers import unmet_of
from tests.matching.questions import Need, Volunteer, question

BYTES_A_CELL = 40
"""Five numbers are kept of each of the arcs that are looked at together."""


@pytest.fixture(scope="module")
def unlike() -> Problem:
    """A small district whose visits last 10 to 50 minutes, so that a search answers; short of minutes."""
    asked = district(seniors=300, volunteers=60, seed=4)
    minutes = np.random.default_rng(4).integers(1, 6, len(asked.needs)) * 10
    return replace(
        asked,
        needs=replace(asked.needs, durations_min=minutes),
        volunteers=replace(asked.volunteers, weekly_caps_min=np.full(60, 420)),
    )


def test_cancellation_is_heard_inside_pairing(unlike: Problem) -> None:
    """A search of minutes is ended within a tenth of a second: the next look is the last one that is asked for work."""
    looks = 0
    told: list[str] = []

    def is_cancelled() -> bool:
        nonlocal looks
        looks += 1
        return looks > 3

    with pytest.raises(Cancelled):
        solve(unlike, progress=lambda stage, _: told.append(stage), is_cancelled=is_cancelled)

    assert set(told) == {"candidates", "pairing"}


def test_progress_of_a_search_goes_on_inside_its_stage_and_never_back(unlike: Problem) -> None:
    """A bar that stands still for a minute is taken for a program that hangs."""
    told: list[tuple[str, float]] = []

    solve(unlike, limits=Limits(time_limit_s=1.0), progress=lambda stage, share: told.append((stage, share)))

    shares = [share for _, share in told]
    assert all(earlier <= later for earlier, later in pairwise(shares))
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert [stage for stage, _ in told].count("pairing") > 2


def test_seconds_end_a_search_and_are_told(unlike: Problem) -> None:
    """A plan that another run may not find again says so, and is a right plan all the same."""
    plan = solve(unlike, limits=Limits(time_limit_s=0.0))

    assert plan.stopped_by == "time"
    assert plan.verdict.holds


def test_seconds_count_once_however_often_pairing_begins_again() -> None:
    """A limit that starts anew at every turn is no limit."""
    begun = Limits(time_limit_s=60.0).begun()

    assert begun.begun() is begun
    assert 0 < (begun.left_s or 0) <= 60
    assert Limits().begun().left_s is None


def test_limit_in_seconds_leaves_equal_loads_proven() -> None:
    """An exact answer is not less exact for being asked quickly."""
    plan = solve(question(Need(), Volunteer()), limits=Limits(time_limit_s=0.0))

    assert (plan.stopped_by, plan.gap, unmet_of(plan)) == ("proven", 0.0, {})


@pytest.mark.parametrize("volunteers", [600, 4_000], ids=["few hands, wide search", "a matrix of 96 MB"])
def test_no_matrix_of_needs_and_volunteers_is_built(volunteers: int) -> None:
    """At the size of a city such a matrix is 64 gigabytes; what is looked at together is bounded, whoever comes."""
    asked = replace(district(seniors=3_000, volunteers=volunteers, seed=2, candidates=10), horizon_days=7)

    tracemalloc.start()
    try:
        solve(asked)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < CELLS * BYTES_A_CELL
