"""Peers: what is not there is said not to be there, and days are counted alike for everyone."""

from importlib import import_module

import pytest

from benchmarks.peer_days import round_by_engine, stops_of, vans_by_engine, vans_of
from benchmarks.peers import Answer, named


def missing() -> Answer:
    """Need what nobody has."""
    return {"cost_m": len(import_module("a_peer_that_nobody_has").__name__)}


def broken() -> Answer:
    """Fail for another reason."""
    message = "the answer breaks a rule"
    raise RuntimeError(message)


def test_missing_peer_is_said_to_be_missing() -> None:
    """A figure that was not measured must not be made up."""
    assert named("round.nobody", missing) == {"round.nobody.cost_m": "not installed: a_peer_that_nobody_has"}


def test_wrong_answer_of_a_peer_is_no_figure() -> None:
    """Only what is not installed is passed over; a fault ends the benchmark."""
    with pytest.raises(RuntimeError, match="breaks a rule"):
        named("round.wrong", broken)


def test_days_of_one_seed_are_one_day() -> None:
    """Everyone is asked the same: the engine's answers to equal seeds are equal in cost and count."""
    rounds = [round_by_engine(*stops_of(6, 3), 5.0)[:3] for _ in range(2)]
    vans = [vans_by_engine(*vans_of(4, 2, 3), 5.0)[:3] for _ in range(2)]

    assert rounds[0] == rounds[1]
    assert vans[0] == vans[1]
    assert (rounds[0][2], vans[0][2]) == (6, 4)
