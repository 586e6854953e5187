"""Rings are found whole, each once."""

import pytest

from timebank.visits.rings import Gift, find_rings


@pytest.mark.parametrize(
    ("gifts", "rings"),
    [
        ([], []),
        ([(1, 1)], []),
        ([(1, 2)], []),
        ([(1, 2), (2, 1)], [(1, 2)]),
        ([(2, 3), (3, 1), (1, 2)], [(1, 2, 3)]),
        ([(1, 3), (3, 2), (2, 1)], [(1, 3, 2)]),
        ([(1, 2), (2, 3), (3, 4), (4, 1)], []),
        ([(1, 2), (2, 1), (2, 3), (3, 2)], [(1, 2), (2, 3)]),
        ([(1, 2), (2, 3), (3, 1), (2, 1)], [(1, 2), (1, 2, 3)]),
    ],
    ids=["none", "to oneself", "one way", "two", "three", "the other way", "too long", "two rings", "a ring in a ring"],
)
def test_every_ring_is_found_once(gifts: list[tuple[int, int]], rings: list[tuple[int, ...]]) -> None:
    """However the gifts are ordered, a ring begins with its smallest number."""
    found = find_rings([Gift(giver, taker, 60) for giver, taker in gifts], longest=3)

    assert list(found) == rings


def test_search_for_rings_ends() -> None:
    """Fifty people who all give to each other have millions of rings; the search stays bounded."""
    people = range(50)
    everybody = [Gift(giver, taker, 60) for giver in people for taker in people]

    assert 1000 < len(list(find_rings(everybody, longest=6))) <= 200_000
