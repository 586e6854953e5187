"""The flow under the pairing: always an answer, always proven, or an error in words."""

import numpy as np
import pytest

from matching.candidates import find_arcs
from matching.flow import Flow, Transport, cheapest
from matching.pairing import pair
from matching.problem import Ints
from tests.matching.questions import STORM_UNMET, Need, Volunteer, bath, question, storm

BATHS_UNMET = 2


def _ints(*values: int) -> Ints:
    return np.array(values, dtype=np.int64)


def _two_by_two(**columns: Ints) -> Transport:
    """Two on the left, two on the right with a place each; crossing over costs less in all."""
    arcs = {"lefts": _ints(0, 0, 1, 1), "rights": _ints(0, 1, 0, 1), "costs": _ints(1, 2, 3, 9)}
    nodes = {"rooms": _ints(1, 1), "penalties": _ints(50, 50), "demands": _ints(1, 1)}
    return Transport(**(arcs | nodes | {"steps": np.empty((0, 0), dtype=np.int64)} | columns))


def _read(flow: Flow) -> tuple[list[int], list[int], int]:
    """Return the arcs that are used, the lefts that are not met, and the cost."""
    return np.flatnonzero(flow.units).tolist(), np.flatnonzero(flow.unmet).tolist(), flow.cost


def test_flow_takes_the_least_total_not_the_least_arc() -> None:
    """The cheapest arc of all is left, because it would make the other dear."""
    solved = cheapest(_two_by_two())

    assert _read(solved) == ([1, 2], [], 5)


def test_flow_pays_the_penalty_where_it_is_less() -> None:
    """Leaving one out is an answer like any other, at its price."""
    solved = cheapest(_two_by_two(penalties=_ints(50, 1)))

    assert _read(solved) == ([0], [1], 2)


def test_flow_without_rooms_leaves_all_unmet() -> None:
    """A model without penalties would have no answer here, and the solver might never end."""
    solved = cheapest(_two_by_two(rooms=_ints(0, 0)))

    assert _read(solved) == ([], [0, 1], 100)


def test_flow_without_arcs_leaves_all_unmet() -> None:
    """Nobody knows anybody."""
    solved = cheapest(_two_by_two(lefts=_ints(), rights=_ints(), costs=_ints()))

    assert _read(solved) == ([], [0, 1], 100)


def test_flow_of_nothing_costs_nothing() -> None:
    """No needs, no solver."""
    names = ("lefts", "rights", "costs", "rooms", "penalties", "demands", "steps")
    solved = cheapest(Transport(**{name: _ints() for name in names}))

    assert _read(solved) == ([], [], 0)


def test_rooms_beyond_counting_are_room_enough() -> None:
    """Rooms are added up inside the solver, and must not overflow there."""
    solved = cheapest(_two_by_two(rooms=_ints(2**63 - 1, 2**63 - 1)))

    assert solved.cost == 4


def test_costs_beyond_counting_are_an_error_in_words() -> None:
    """A solver that gives up must never be taken for one that answered."""
    with pytest.raises(ValueError, match="too large for a flow of this size"):
        cheapest(_two_by_two(costs=_ints(2**62, 2**62, 2**62, 2**62)))


def test_pairs_are_positions_of_arcs_and_needs() -> None:
    """Needs met by slots stand between the others and are neither paired nor unmet here."""
    asked = question(bath(id=1), Need(id=2, east_m=10), Need(id=3, east_m=20), Volunteer(max_needs=1))
    arcs = find_arcs(asked)

    paired = pair(asked, arcs)

    assert arcs.needs[paired.arcs].tolist() == [1]
    assert paired.unmet.tolist() == [2]
    assert paired.objective == 10 + 20_000


def test_storm_leaves_those_who_are_too_many() -> None:
    """Three of seven greetings find no hand."""
    asked = storm()

    paired = pair(asked, find_arcs(asked))

    assert len(paired.unmet) == STORM_UNMET - BATHS_UNMET


def test_two_who_come_together_never_leave_another_pair_half_met() -> None:
    """Room that one half-met need gives up may half meet the next, and so on to the last."""
    needs = [Need(id=number, helpers=2, penalty=100 * number) for number in range(1, 5)]
    asked = question(*needs, Volunteer(max_needs=1))

    paired = pair(asked, find_arcs(asked))

    assert len(paired.arcs) == 0
    assert paired.unmet.tolist() == [0, 1, 2, 3]
