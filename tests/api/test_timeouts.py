"""An operation has its time: the database stops it, its caller hears a code, and who has gone away frees the thread."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, text

from api.app import create_app
from api.limits import Limits
from tests.api.conftest import NOON
from tests.api.door import Door
from timebank.core.database import transaction
from timebank.people.buckets import Bucket

ENDLESS = """CREATE VIEW service AS SELECT kept.* FROM service_kept kept,
    (WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT 1 - x FROM n) SELECT count(*) AS x FROM n) endless"""
SLOW = "{ services { code } }"


def _make_endless(engine: Engine) -> None:
    """Let the catalogue be one that is never read to its end."""
    with transaction(engine) as session:
        session.connection().execute(text("ALTER TABLE service RENAME TO service_kept"))
        session.connection().execute(text(ENDLESS))


@pytest.fixture
def slow(door: Door) -> Callable[[float], Door]:
    """The door over a district whose catalogue is read for ever, with so many seconds for an operation."""
    _make_endless(door.engine)
    return lambda seconds: replace(
        door,
        app=create_app(door.engine, clock=lambda: NOON, limits=Limits(longest_s=seconds, bucket=Bucket(10_000, 1))),
    )


def test_an_operation_past_its_time_answers_timeout(slow: Callable[[float], Door]) -> None:
    """Whoever asked for too much hears so, with the number that the operators know it by."""
    answer = slow(0.3).ask("east", SLOW)

    error = answer.json()["errors"][0]
    assert (answer.status_code, error["extensions"]["code"]) == (504, "Timeout")
    assert error["extensions"]["requestId"] == answer.headers["x-request-id"]
    assert "data" not in answer.json()


def test_what_was_stopped_is_paid_for(slow: Callable[[float], Door]) -> None:
    """The database worked for it all the same; who sends nothing else comes to an end."""
    door = slow(0.3)
    before = door.ask("east", "{ viewer { scopes } }").json()["extensions"]["cost"]["available"]
    door.ask("east", SLOW)

    after = door.ask("east", "{ viewer { scopes } }").json()["extensions"]["cost"]["available"]

    assert before - after > 20


async def _leave_while_it_runs(door: Door) -> list[Any]:
    """Send a query and go away; returns what was sent back when the door is done with it."""
    sent: list[Any] = []
    body = json.dumps({"query": SLOW}).encode()
    waiting = [{"type": "http.request", "body": body, "more_body": False}, {"type": "http.disconnect"}]
    headers = {"content-type": "application/json"} | door.headers("east")

    async def receive() -> Any:
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    call: Awaitable[None] = door.app(scope, receive, send)
    await call
    return sent


def test_who_goes_away_stops_the_work(slow: Callable[[float], Door]) -> None:
    """A thread that works for nobody is missing for everybody; this would take ten minutes if it were not stopped."""
    door = slow(600)

    sent = asyncio.run(_leave_while_it_runs(door))

    assert sent == []
    assert door.data("east", "{ viewer { scopes } }")["viewer"]["scopes"]
