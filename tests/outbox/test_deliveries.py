"""Deliveries: none lost, none invented, tried for a day, shown when given up, and replayed under the same id."""

from datetime import datetime, timedelta

import orjson
import pytest
from sqlalchemy import Engine

from tests.outbox.conftest import ADDRESS, Receiver, Told
from tests.worlds import World
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongState
from timebank.core.opaque import encode
from timebank.core.signatures import check
from timebank.outbox.deliveries import (
    CLAIMED_FOR,
    MOST_EACH,
    PAUSES,
    attempts_by_delivery,
    claim,
    deliver_due,
    deliveries_of,
    pause_after,
    replay,
    settle,
    waiting_count,
)
from timebank.outbox.tables import WebhookDelivery
from timebank.outbox.webhooks import WebhookDraft, create_webhook, resume, webhooks_of
from timebank.outbox.wire import Reply

DAY = timedelta(days=1)


def _newest(told: Told) -> WebhookDelivery:
    with transaction(told.engine, read_only=True) as session:
        return deliveries_of(session, told.organisation, first=1)[0][0]


def test_message_is_signed_and_says_what_happened(told: Told, receiver: Receiver) -> None:
    """A receiver checks who speaks, and finds the thing by the id that the API knows it under."""
    told.emit(5)

    sent = deliver_due(told.engine, now=told.now, post=receiver)

    (address, headers, body) = receiver.messages[0]
    assert (sent.delivered, sent.failed) == (1, 0)
    assert address == ADDRESS
    assert check(headers, body, secrets_held=[told.secret], now=told.now).message_id
    assert orjson.loads(body) == {
        "type": "match_run.finished",
        "timestamp": "2026-03-02T04:00:00+00:00",
        "data": {"id": encode("run", 5), "status": "done"},
    }


def test_delivered_message_is_not_sent_again(told: Told, receiver: Receiver) -> None:
    """A worker that looks every few seconds must not tell the same every few seconds."""
    told.emit(1)

    for hours in range(30):
        deliver_due(told.engine, now=told.now + timedelta(hours=hours), post=receiver)

    assert len(receiver.messages) == 1
    assert _newest(told).status == "delivered"


def test_failing_receiver_is_tried_for_a_day_then_shown(told: Told, receiver: Receiver) -> None:
    """A receiver that is down over night gets everything in the morning; one that is down for longer is told of."""
    receiver.answers = 500
    told.emit(1)

    for minutes in range(0, 2 * 24 * 60, 1):
        moment = told.now + timedelta(minutes=minutes)
        if _newest(told).next_at <= moment:
            deliver_due(told.engine, now=moment, post=receiver)
        if _newest(told).status == "dead":
            break

    delivery = _newest(told)
    with transaction(told.engine, read_only=True) as session:
        tries = attempts_by_delivery(session, [delivery.id or 0])[delivery.id or 0]
        dead = deliveries_of(session, told.organisation, first=9, statuses=["dead"])
    assert len(tries) == len(PAUSES) + 1 == 8
    assert {attempt.answered for attempt in tries} == {500}
    assert timedelta(hours=21) < tries[-1].tried_at - told.now <= DAY
    assert len(set(receiver.ids)) == 1
    assert [row.id for row, _ in dead] == [delivery.id]


def test_pauses_make_a_day_together() -> None:
    """A day is what was promised to partners."""
    assert DAY - timedelta(minutes=2) < sum(PAUSES, timedelta()) <= DAY


@pytest.mark.parametrize("attempts", range(1, len(PAUSES) + 1))
def test_tries_are_spread(attempts: int) -> None:
    """A receiver that comes back is not met by everything at once, and nobody waits longer than was said."""
    pauses = {pause_after(number, attempts) for number in range(50)}

    assert len(pauses) == 50
    assert max(pauses) <= PAUSES[attempts - 1]
    assert min(pauses) >= PAUSES[attempts - 1] * 0.9


def test_killed_worker_leaves_nothing_unsent(told: Told, receiver: Receiver) -> None:
    """A process that claims and dies loses no message: the claim runs out, and the id tells a doubled one."""
    told.emit(1)
    claimed = claim(told.engine, now=told.now)

    meanwhile = deliver_due(told.engine, now=told.now, post=receiver)
    later = deliver_due(told.engine, now=told.now + CLAIMED_FOR, post=receiver)

    assert (meanwhile.delivered, later.delivered) == (0, 1)
    assert receiver.ids == [claimed[0].headers["webhook-id"]]


def test_late_word_of_a_worker_that_was_given_up_changes_nothing(told: Told, receiver: Receiver) -> None:
    """A worker that wakes after another took over must not make a waiting message delivered, nor dead."""
    told.emit(1)
    slow = claim(told.engine, now=told.now)[0]
    receiver.answers = 503
    deliver_due(told.engine, now=told.now + CLAIMED_FOR, post=receiver)

    settle(told.engine, slow, Reply(204, ""), now=told.now + CLAIMED_FOR)

    assert _newest(told).status == "waiting"


def test_two_workers_share_the_work(told: Told, receiver: Receiver) -> None:
    """Each message is one worker's at a time."""
    told.emit(1, 2, 3, 4)

    first = claim(told.engine, now=told.now, most=2)
    second = claim(told.engine, now=told.now)

    assert len(first) == len(second) == 2
    assert {due.number for due in first}.isdisjoint({due.number for due in second})


def test_slow_webhook_does_not_hold_up_others(told: Told, world: World) -> None:
    """A thousand messages to a dead receiver must not stand before the one of a neighbour."""
    west = world.organisations["WEST"]
    with transaction(told.engine) as session:
        draft = WebhookDraft(address=ADDRESS, kinds=frozenset({"match_run.finished"}))
        made = create_webhook(session, west, draft, idempotency_key="k", actor="a", now=told.now)
    told.emit(*range(MOST_EACH + 5))
    told_west = Told(engine=told.engine, organisation=west, webhook=0, secret="", now=told.now + timedelta(seconds=1))
    told_west.emit(1)

    due = claim(told.engine, now=told.now + timedelta(seconds=1))

    assert [one.webhook_id for one in due].count(told.webhook) == MOST_EACH
    assert [one.webhook_id for one in due].count(made.webhook.id or 0) == 1


def test_receiver_that_is_gone_is_told_nothing_more(told: Told, receiver: Receiver) -> None:
    """410 is a receiver's way to leave; it can be taken up again by hand."""
    told.emit(1, 2)
    receiver.answers = 410

    deliver_due(told.engine, now=told.now, post=receiver, most=1)
    told.emit(3)
    deliver_due(told.engine, now=told.now, post=receiver)

    with transaction(told.engine) as session:
        assert webhooks_of(session, told.organisation, first=5)[0].status == "gone"
        rows = deliveries_of(session, told.organisation, first=9)
        assert resume(session, told.organisation, told.webhook, now=told.now).status == "active"
    assert [(row.status, event.subject_id) for row, event in rows] == [("dead", 2), ("dead", 1)]
    assert len(receiver.messages) == 1


@pytest.mark.parametrize("answers", [204, 410], ids=["delivered", "dead"])
def test_replay_sends_the_same_message_again(told: Told, receiver: Receiver, answers: int) -> None:
    """A receiver that lost its own database asks for everything again, and knows what it has by the id."""
    told.emit(1)
    receiver.answers = answers
    deliver_due(told.engine, now=told.now, post=receiver)
    receiver.answers = 204
    with transaction(told.engine) as session:
        resume(session, told.organisation, told.webhook, now=told.now)
        replay(session, told.organisation, _newest(told).id or 0, now=told.now)

    deliver_due(told.engine, now=told.now, post=receiver)

    assert len(receiver.messages) == 2
    assert len(set(receiver.ids)) == 1
    assert receiver.messages[0][2] == receiver.messages[1][2]


def test_replay_of_what_waits_is_refused(told: Told) -> None:
    """It is sent anyway; a second wish would only move it."""
    told.emit(1)

    with pytest.raises(WrongState, match="waiting"), transaction(told.engine) as session:
        replay(session, told.organisation, _newest(told).id or 0, now=told.now)


def test_replay_of_another_is_not_there(told: Told, world: World) -> None:
    """A neighbour cannot make us talk to a third."""
    told.emit(1)

    with pytest.raises(NotFound), transaction(told.engine) as session:
        replay(session, world.organisations["WEST"], _newest(told).id or 0, now=told.now)


def test_nobody_who_wants_it_is_nothing_to_send(
    engine: Engine, world: World, noon: datetime, receiver: Receiver
) -> None:
    """Most organisations have no webhook; events are there for them all the same."""
    told = Told(engine=engine, organisation=world.organisations["EAST"], webhook=0, secret="", now=noon)
    told.emit(1)

    with transaction(engine, read_only=True) as session:
        assert waiting_count(session) == 0
    assert deliver_due(engine, now=noon, post=receiver) == (0, 0)
