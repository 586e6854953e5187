"""A repair refuses what cannot be, ends when asked, and never claims a bound that is none."""

from dataclasses import replace

import numpy as np
import pytest

from matching.rematch import rematch
from matching.solve import Cancelled, solve
from tests.matching.answers import answer, pairs_of
from tests.matching.instances import quarter
from tests.matching.questions import Need, Volunteer, question, village
from tests.matching.test_rematch import NEVER_M


def test_fair_loads_count_those_who_stay() -> None:
    """A volunteer who has two already is no fair choice for a third, though nearer."""
    needs = [Need(id=1), Need(id=2), Need(id=3)]
    people = [Volunteer(id=11), Volunteer(id=12, east_m=150)]
    before = answer(
        question(*needs, *people, Volunteer(id=13)),
        pairs=[(1, 11), (2, 11), (3, 13)],
        visits=[(1, 11, 0, 480), (2, 11, 1, 480), (3, 13, 0, 480)],
    )

    mended = rematch(question(*needs, *people, fairness_m=100), before, change_m=NEVER_M)

    assert pairs_of(mended.plan) == [(1, 11), (2, 11), (3, 12)]


def test_plan_of_other_days_is_refused() -> None:
    """A plan of last week says nothing of this one until it is trimmed."""
    with pytest.raises(ValueError, match="trim it first"):
        rematch(question(Need(), Volunteer(), days=14), solve(question(Need(), Volunteer())))


def test_pair_that_must_be_and_cannot_is_refused_by_its_ids() -> None:
    """A caller's mistake is told in words, not as a fault of the engine."""
    before = solve(village())

    with pytest.raises(ValueError, match="need 1 and volunteer 99"):
        rematch(replace(village(), preset=np.array([[1, 99]])), before)


def test_cancellation_ends_a_repair() -> None:
    """Who asked to stop gets no plan."""
    with pytest.raises(Cancelled):
        rematch(village(), solve(village()), is_cancelled=lambda: True)


def test_bound_is_never_above_the_optimum() -> None:
    """The plain bound of a repair is weak, and true."""
    asked = quarter(needs=60, volunteers=12, seed=7)
    best = solve(asked)

    assert 0 < rematch(asked, best).plan.bound <= best.objective
