"""The door beside its peers: a figure counts only where everybody answers the same."""

from collections.abc import Iterator

import orjson
import pytest

from api.ids import encode
from benchmarks.graphql import ONE, PAGE, WORST, door, measure
from benchmarks.graphql_bank import Bank, bank
from benchmarks.graphql_peers import PEERS


@pytest.fixture(scope="module")
def asked() -> Iterator[Bank]:
    """The bank that everyone is asked about."""
    with bank() as built:
        yield built


@pytest.mark.parametrize("name", ["by_hand", "bare_core", "default_strawberry", "ariadne"])
def test_a_peer_answers_in_the_same_bytes(asked: Bank, name: str) -> None:
    """Who shows less is faster, and that would be no speed."""
    ours, theirs = door(asked), PEERS[name](asked)
    one = ONE.format(key=encode("run", asked.run_id))

    assert theirs(one) == ours(one)
    assert theirs(PAGE) == ours(PAGE)


def test_the_page_has_a_hundred_rows_with_a_plan_each(asked: Bank) -> None:
    """The page that is timed is the page that the target speaks of."""
    edges = orjson.loads(door(asked)(PAGE))["matchRuns"]["edges"]

    assert len({edge["node"]["plan"]["id"] for edge in edges}) == len(edges) == 100


def test_every_target_has_its_figure() -> None:
    """A target that is dropped is one that nobody misses."""
    report = measure(rounds=1, calls=1, tell=lambda _: None)

    assert len(report.targets) == 5
    assert {f"guard.worst_{name}_ms" for name in WORST} <= set(report.figures)
