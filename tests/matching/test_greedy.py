"""The baseline by hand is a fair one: as far as reach goes, and never better than the optimum."""

import numpy as np
import pytest
from hypothesis import given, settings

from matching import greedy
from matching.greedy import pair_by_hand
from matching.solve import solve
from tests.matching.instances import Tiny, quarter, tiny_pairings
from tests.matching.questions import (
    STORM_MET,
    VILLAGE_BY_HAND,
    VILLAGE_OBJECTIVE,
    Need,
    Volunteer,
    bath,
    question,
    storm,
    village,
)

BATHS_M = 350


def test_each_need_in_turn_gets_the_nearest_free_one() -> None:
    """The village by hand: who comes first is served best, and the rest walk farther."""
    by_hand = pair_by_hand(village())

    assert by_hand.needs.tolist() == [0, 1, 2]
    assert by_hand.volunteers.tolist() == [0, 1, 1]
    assert by_hand.distances_m.tolist() == [190, 300, 500]
    assert by_hand.objective == VILLAGE_BY_HAND > VILLAGE_OBJECTIVE - BATHS_M


def test_unmet_needs_cost_their_penalty() -> None:
    """Both sides of the comparison are counted alike; needs met by slots are not part of it."""
    needs = [Need(id=1, east_m=100), Need(id=2, east_m=100, penalty=7_000), bath(id=3)]

    by_hand = pair_by_hand(question(*needs, Volunteer(max_needs=1)))

    assert by_hand.unmet.tolist() == [1]
    assert by_hand.objective == 100 + 7_000


def test_hand_looks_past_the_nearest_candidates() -> None:
    """A coordinator whose nearest few are full asks on; a baseline that gave up there would flatter the engine."""
    needs = [Need(id=number) for number in (1, 2, 3)]
    people = [Volunteer(id=10 + number, east_m=100 * number, max_needs=1) for number in (1, 2, 3)]

    by_hand = pair_by_hand(question(*needs, *people, candidates_per_need=1))

    assert by_hand.distances_m.tolist() == [100, 200, 300]


@pytest.mark.parametrize("together", [1, 3, 1024])
def test_size_of_blocks_does_not_change_the_hand(together: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks are for speed; each need still sees who is free when its turn comes."""
    asked = quarter(needs=80, volunteers=20, seed=7, room=4, candidates=2)
    everyone = pair_by_hand(quarter(needs=80, volunteers=20, seed=7, room=4, candidates=20))

    monkeypatch.setattr(greedy, "TOGETHER", together)

    by_hand = pair_by_hand(asked)
    assert by_hand.objective == everyone.objective
    assert by_hand.volunteers.tolist() == everyone.volunteers.tolist()


def test_hand_leaves_nobody_out_either() -> None:
    """In a storm the hand uses up all room as well."""
    by_hand = pair_by_hand(storm())

    assert len(by_hand.needs) == STORM_MET - 1
    assert np.bincount(by_hand.volunteers).tolist() == [2, 2]


@settings(deadline=None, max_examples=100)
@given(tiny=tiny_pairings())
def test_hand_is_never_better_than_the_optimum(tiny: Tiny) -> None:
    """A baseline that beats an optimum proves that one of the two is wrong."""
    asked = tiny.asked

    assert pair_by_hand(asked).objective >= solve(asked).objective


def test_hand_of_nothing_is_nothing() -> None:
    """No needs, no pairs, no cost."""
    by_hand = pair_by_hand(question())

    assert (by_hand.needs.tolist(), by_hand.unmet.tolist(), by_hand.objective) == ([], [], 0)
