"""Chains find a place for whoever found none, when all that move pay for it together."""

from dataclasses import replace

import numpy as np
import pytest

from matching.ejection import FEW, placed
from matching.network import UNPAIRED, Ints, Network, cost, faults
from matching.rounding import cheapest_first
from tests.matching.assign.networks import district

SEEDS = range(6)


def row_of_three(penalty: int) -> Network:
    """Return three lefts of an hour, each knowing its right and the next, each right with room for one."""
    return Network(
        lefts=np.array([0, 1, 1, 2, 2]),
        rights=np.array([0, 0, 1, 1, 2]),
        costs=np.array([5, 10, 20, 30, 40]),
        weights_min=np.full(5, 60),
        penalties=np.full(3, penalty),
        tiers=np.zeros(3, np.int64),
        capacities_min=np.full(3, 60),
        max_lefts=np.full(3, 1),
    )


def after(network: Network, chosen: list[int]) -> list[int]:
    """Return who has which arc after chains at the plain penalties."""
    now = placed(network, network.penalties, np.zeros(network.left_count, np.int64), np.array(chosen))
    return [int(arc) for arc in now]


def test_each_makes_room_for_the_one_before() -> None:
    """Left 0 knows one right alone; that it finds a place there means that two others move on."""
    assert after(row_of_three(penalty=1000), [UNPAIRED, 1, 3]) == [0, 2, 4]


def test_chain_that_costs_more_than_it_saves_is_not_walked() -> None:
    """A way of 100 metres is more than 24 for leaving somebody unpaired, whoever moves on after it."""
    network = replace(row_of_three(penalty=24), costs=np.array([100, 10, 20, 30, 40]))

    assert after(network, [UNPAIRED, 1, 3]) == [UNPAIRED, 1, 3]


def test_two_make_room_for_a_heavy_one() -> None:
    """120 minutes take the place of 70 and 50, of whom one goes where there is room and the other takes over."""
    network = Network(
        lefts=np.array([0, 1, 1, 2, 2]),
        rights=np.array([0, 0, 1, 0, 2]),
        costs=np.array([5, 5, 9, 5, 9]),
        weights_min=np.array([120, 70, 70, 50, 50]),
        penalties=np.full(3, 1000),
        tiers=np.zeros(3, np.int64),
        capacities_min=np.array([120, 70, 50]),
        max_lefts=np.full(3, 9),
    )

    assert after(network, [UNPAIRED, 1, 3]) == [0, 2, 4]


def test_the_one_whose_waiting_weighs_least_waits() -> None:
    """One place and two who want it: prices say who has it, not who came first."""
    network = replace(row_of_three(penalty=1000), penalties=np.array([1000, 30, 1000]), max_lefts=np.array([1, 0, 1]))

    assert after(network, [UNPAIRED, 1, 4]) == [0, UNPAIRED, 4]


@pytest.mark.parametrize("most", [1, 2])
def test_number_of_lefts_is_kept(most: int) -> None:
    """Minutes to spare are no place where the number of lefts is reached."""
    network = replace(row_of_three(penalty=1000), capacities_min=np.full(3, 600), max_lefts=np.array([most, 1, 1]))

    assert after(network, [UNPAIRED, 1, 3]) == {1: [0, 2, 4], 2: [0, 1, 3]}[most]


def tight(seed: int) -> tuple[Network, Ints]:
    """Return a district with little room, and a plain answer that leaves some unpaired."""
    network = district(lefts=150, rights=30, seed=seed, room_min=372)
    return network, cheapest_first(network, np.zeros(network.right_count))


@pytest.mark.parametrize("seed", SEEDS)
def test_chains_keep_every_rule_and_never_cost_more(seed: int) -> None:
    """Chains share rights and lefts with each other; what one did, the next must see."""
    network, before = tight(seed)

    now = placed(network, network.penalties, np.zeros(network.left_count, np.int64), before)

    assert faults(network, now) == ()
    assert cost(network, now) <= cost(network, before)


@pytest.mark.parametrize("seed", [0, 1, 3])
def test_fewer_stay_unpaired(seed: int) -> None:
    """What chains are for, where nobody could find a place by a move of one or two."""
    network, before = tight(seed)

    now = placed(network, network.penalties, np.zeros(network.left_count, np.int64), before)

    assert int((now == UNPAIRED).sum()) < int((before == UNPAIRED).sum())


def test_chains_are_not_sought_where_places_are_missing() -> None:
    """With a third more people than places no chain ends anywhere, and looking takes long."""
    network = district(lefts=400, rights=30, seed=1)
    before = cheapest_first(network, np.zeros(network.right_count))

    assert int((before == UNPAIRED).sum()) > FEW
    assert placed(network, network.penalties, np.zeros(400, np.int64), before) is before


def test_effort_ends_the_search() -> None:
    """Labels are what a chain costs; without one nothing is looked at."""
    network, before = tight(1)

    now = placed(network, network.penalties, np.zeros(network.left_count, np.int64), before, work=0)

    assert (now == before).all()
