"""Buckets of points: never more is given out than there is, whoever asks where, and what was not used comes back."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import Engine, text

from api.app import create_app
from api.bucket import Buckets, State
from api.limits import Limits
from tests.api.conftest import NOON
from tests.api.door import Door
from timebank.core.database import transaction
from timebank.people.buckets import Bucket
from timebank.people.tokens import Holder

EAST = Holder(name="token:1", organisation_id=7, organisation_kind="charity", person_id=None, scopes=frozenset())
WEST = replace(EAST, name="token:2", organisation_id=8)
SMALL = Bucket(100, 10)


@dataclass
class Clock:
    """Seconds that stand still until they are set."""

    seconds: float = 1_000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.seconds


def _left(state: State) -> tuple[bool, int]:
    return state.is_granted, state.available


def test_a_call_takes_from_the_bucket_until_there_is_too_little(engine: Engine) -> None:
    """Whoever asks too much hears no, and the no itself costs nothing."""
    buckets = Buckets(engine, SMALL, Clock())

    told = [_left(buckets.take(EAST, cost)) for cost in (60, 30, 20, 10, 1)]

    assert told == [(True, 40), (True, 10), (False, 10), (True, 0), (False, 0)]


def test_a_bucket_fills_by_itself_and_not_above_its_brim(engine: Engine) -> None:
    """Ten points come back each second, and whoever sleeps for a day does not wake up rich."""
    clock = Clock()
    buckets = Buckets(engine, SMALL, clock)
    buckets.take(EAST, 100)

    clock.seconds += 2.5
    after_a_while = buckets.take(EAST, 5)
    clock.seconds += 86_400
    after_a_day = buckets.take(EAST, 5)

    assert (after_a_while.available, after_a_day.available) == (20, 95)


def test_a_clock_that_goes_back_fills_nothing(engine: Engine) -> None:
    """Two machines never agree on the time; the earlier one must not take points away, nor add them twice."""
    clock = Clock()
    buckets = Buckets(engine, SMALL, clock)
    buckets.take(EAST, 100)

    clock.seconds -= 3
    earlier = buckets.take(EAST, 1)
    clock.seconds += 4
    later = buckets.take(EAST, 1)

    assert (_left(earlier), _left(later)) == ((False, 0), (True, 9))


def test_each_holder_has_a_bucket_and_all_its_tokens_share_it(engine: Engine) -> None:
    """A second token is no second allowance, and a neighbour who asks much takes nothing from others."""
    buckets = Buckets(engine, SMALL, Clock())
    buckets.take(EAST, 90)

    shared = buckets.take(replace(EAST, name="token:99"), 5)
    of_others = buckets.take(WEST, 5)

    assert (shared.available, of_others.available) == (5, 95)


def test_what_was_not_used_comes_back(engine: Engine) -> None:
    """A page of a hundred that had three rows costs three; more than was taken never comes back."""
    buckets = Buckets(engine, SMALL, Clock())
    taken = buckets.take(EAST, 60)

    settled = buckets.settled(EAST, taken, 20)
    more = buckets.settled(EAST, buckets.take(EAST, 10), 30)

    assert (settled.requested, settled.actual, settled.available) == (60, 20, 80)
    assert (more.actual, more.available) == (10, 70)


def test_two_workers_at_once_give_out_no_more_than_there_is(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each sees the bucket before the other writes, if looking and taking are two steps."""
    monkeypatch.setattr("api.bucket.PATIENCE_S", 20)
    workers = [Buckets(engine, SMALL, Clock()) for _ in range(2)]

    with ThreadPoolExecutor(4) as pool:
        states = list(pool.map(lambda n: workers[n % 2].take(EAST, 3), range(60)))

    assert sum(state.is_granted for state in states) == 33
    assert min(state.available for state in states) == 1


def test_nobody_waits_for_another_writer_and_what_was_taken_meanwhile_is_settled(engine: Engine) -> None:
    """On SQLite a plan is stored for seconds, and whoever only reads is answered all the same."""
    clock = Clock()
    buckets = Buckets(engine, SMALL, clock)
    buckets.take(EAST, 10)
    with transaction(engine) as session:
        session.connection().execute(text("UPDATE job SET stage = stage"))
        meanwhile = [buckets.take(EAST, 40), buckets.take(EAST, 40), buckets.take(EAST, 40)]
        back = buckets.settled(EAST, meanwhile[0], 30)

    clock.seconds += 1
    settled = buckets.take(EAST, 1)
    of_another_worker = Buckets(engine, SMALL, clock).take(EAST, 1)

    assert [_left(state) for state in meanwhile] == [(True, 50), (True, 10), (False, 10)]
    assert (back.actual, settled.available, of_another_worker.available) == (30, 29, 28)


@pytest.fixture
def poor(door: Door) -> Door:
    """The door with a bucket that one page empties; nothing comes back within a test."""
    limits = Limits(bucket=Bucket(100, 1))
    return replace(door, app=create_app(door.engine, clock=lambda: NOON, limits=limits))


PAGE = "{ pairs(first: 60) { edges { node { id rank seniorRef } } } }"
"""It costs 60 times 1.3 points at most; there are 27 pairs."""


def test_an_answer_tells_what_it_cost_and_what_is_left(poor: Door) -> None:
    """A client that reads it slows down before it is refused."""
    answer = poor.ask("east", PAGE)

    cost = answer.json()["extensions"]["cost"]
    assert cost == {"requested": 78, "actual": 36, "available": 64, "maximum": 100, "restoreRate": 1}
    assert answer.headers["ratelimit-limit"] == "100"
    assert answer.headers["ratelimit-remaining"] == "64"
    assert answer.headers["ratelimit-reset"] == "36"
    assert "retry-after" not in answer.headers


@pytest.mark.parametrize(("accept", "status"), [("application/graphql-response+json", 429), ("application/json", 200)])
def test_who_has_too_little_left_is_refused_before_anything_runs(poor: Door, accept: str, status: int) -> None:
    """The newer media type says it by its status; both say when there will be enough."""
    poor.ask("east", PAGE)
    mutation = 'mutation { startMatchRun(idempotencyKey: "%s", input: { startsOn: "2026-03-02" }) { __typename } }'
    for n in range(5):
        poor.ask("east", mutation % n)

    answer = poor.send(headers=poor.headers("east") | {"accept": accept}, json={"query": mutation % "refused"})

    error = answer.json()["errors"][0]
    assert (answer.status_code, error["extensions"]["code"]) == (status, "THROTTLED")
    assert error["extensions"]["requestId"] == answer.headers["x-request-id"]
    assert "data" not in answer.json()
    assert answer.json()["extensions"]["cost"]["actual"] == 0
    assert int(answer.headers["retry-after"]) > 1
    with transaction(poor.engine, read_only=True) as session:
        kept = session.connection().execute(text("SELECT count(*) FROM job WHERE idempotency_key = 'refused'"))
        assert kept.scalar() == 0


def test_a_document_that_cannot_run_costs_one_point(poor: Door) -> None:
    """It was looked at all the same, and a caller who sends nothing else must meet an end."""
    answer = poor.ask("east", "{ pairs(first: 60) { edges { nothing } } }")

    assert answer.status_code == 400
    assert answer.json()["extensions"]["cost"]["actual"] == 1
