"""Why this pair: numbers that can be checked."""

import numpy as np
import pytest

from matching.candidates import find_arcs
from matching.explain import ALTERNATIVES, explain_pair, explain_pairs
from matching.solve import solve
from tests.matching.instances import quarter
from tests.matching.plain import able_metres
from tests.matching.questions import Need, Volunteer, question, village


def test_reasons_of_the_village_are_counted_by_hand() -> None:
    """Need 1 has the farther of its two candidates, the others the nearest they can have."""
    asked = village()

    reasons = explain_pairs(asked, solve(asked).pairs)

    assert reasons.need_ids.tolist() == [1, 2, 3]
    assert reasons.ranks.tolist() == [2, 1, 1]
    assert reasons.candidates.tolist() == [2, 2, 2]
    assert reasons.nearest_m.tolist() == [190, 100, 500]


@pytest.mark.parametrize("candidates_per_need", [1, 3, 30])
def test_rank_is_the_number_of_nearer_ones_and_one(candidates_per_need: int) -> None:
    """Also for a pair that reaches past the candidates looked at first."""
    asked = quarter(needs=80, volunteers=30, seed=5, room=3, candidates=candidates_per_need)
    pairs, able = solve(asked).pairs, able_metres(asked)

    reasons = explain_pairs(asked, pairs)

    nearer = [
        int(((row >= 0) & (row < metres)).sum()) + 1
        for row, metres in zip(able[np.searchsorted(asked.needs.ids, pairs.need_ids)], pairs.distances_m, strict=True)
    ]
    assert reasons.ranks.tolist() == nearer
    assert (reasons.ranks <= reasons.candidates).all()


def test_reasons_are_the_same_with_arcs_at_hand() -> None:
    """Who already has the arcs saves the search."""
    asked = village()
    pairs = solve(asked).pairs

    given, found = explain_pairs(asked, pairs, find_arcs(asked)), explain_pairs(asked, pairs)

    assert given.ranks.tolist() == found.ranks.tolist()


def test_plan_without_pairs_has_no_reasons() -> None:
    """Nothing to explain is no error."""
    asked = question(Need())

    reasons = explain_pairs(asked, solve(asked).pairs)

    assert reasons.ranks.tolist() == []


def test_one_pair_is_explained_with_the_nearest_others() -> None:
    """A coordinator sees who else could have come, nearest first."""
    people = [Volunteer(id=number, east_m=100 * number) for number in range(1, 7)]

    reason = explain_pair(question(Need(), *people, candidates_per_need=2), 1, 4)

    assert (reason.distance_m, reason.rank, reason.candidates) == (400, 4, 6)
    assert reason.alternatives == ((1, 100), (2, 200), (3, 300))
    assert len(reason.alternatives) == ALTERNATIVES


def test_equal_distances_share_the_better_rank() -> None:
    """Two neighbours in one house are equally near."""
    people = [Volunteer(id=11, east_m=100), Volunteer(id=12, east_m=-100), Volunteer(id=13, east_m=200)]

    ranks = [explain_pair(question(Need(), *people), 1, who).rank for who in (11, 12, 13)]

    assert ranks == [1, 1, 3]


@pytest.mark.parametrize(
    ("need", "volunteer", "words"),
    [(1, 12, "Volunteer 12 is no candidate of need 1"), (9, 11, "knows no need 9"), (1, 99, "Volunteer 99")],
    ids=["out of reach", "unknown need", "unknown volunteer"],
)
def test_pair_that_cannot_be_is_refused(need: int, volunteer: int, words: str) -> None:
    """There is no reason for a pair that the rules forbid."""
    asked = question(Need(), Volunteer(id=11), Volunteer(id=12, east_m=5_000))

    with pytest.raises(ValueError, match=words):
        explain_pair(asked, need, volunteer)


def test_pairs_of_another_problem_are_refused() -> None:
    """Reasons of strangers would be numbers about somebody else."""
    pairs = solve(village()).pairs

    with pytest.raises(ValueError, match="need 2, which the problem does not know"):
        explain_pairs(question(Need(id=1), Volunteer()), pairs)
