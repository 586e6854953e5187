"""Webhooks: who is told, where, and with which secret."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from tests.outbox.conftest import ADDRESS, Receiver, Told
from tests.together import at_once
from tests.worlds import World
from timebank.core.database import transaction
from timebank.core.errors import KeyConflict, NotFound, WrongInput
from timebank.core.signatures import SignatureWrong, check
from timebank.outbox.addresses import is_outside
from timebank.outbox.deliveries import deliver_due, deliveries_of
from timebank.outbox.refusals import AddressRefused, TooManyWebhooks
from timebank.outbox.webhooks import (
    MOST_WEBHOOKS,
    WebhookDraft,
    create_webhook,
    kinds_of,
    pause,
    remove,
    renew_secret,
    resume,
    send_test,
    webhooks_of,
)

RUNS = frozenset({"match_run.finished"})


def test_the_same_key_is_the_same_webhook(told: Told) -> None:
    """A reply that was lost on the way must not leave two webhooks; the secret is shown once."""
    kinds = frozenset({"match_run.finished", "webhook.test"})
    draft = WebhookDraft(address=ADDRESS, kinds=kinds)

    with transaction(told.engine) as session:
        again = create_webhook(session, told.organisation, draft, idempotency_key="first", actor="test", now=told.now)

    assert (again.webhook.id, again.secret) == (told.webhook, None)


def test_a_key_for_something_else_is_refused(told: Told) -> None:
    """A key that means two things would hide that the second was never made."""
    draft = WebhookDraft(address=ADDRESS, kinds=RUNS)

    with pytest.raises(KeyConflict), transaction(told.engine) as session:
        create_webhook(session, told.organisation, draft, idempotency_key="first", actor="test", now=told.now)


def test_two_at_once_with_one_key_make_one(told: Told) -> None:
    """Two clicks are one wish."""
    draft = WebhookDraft(address=ADDRESS, kinds=RUNS)

    one, other = at_once(
        told.engine,
        lambda session: create_webhook(session, told.organisation, draft, idempotency_key="k", actor="a", now=told.now),
        lambda session: create_webhook(session, told.organisation, draft, idempotency_key="k", actor="a", now=told.now),
    )

    assert one.webhook.id == other.webhook.id
    assert (one.secret is None, other.secret is None) == (False, True)


def test_secrets_and_address_are_not_readable_in_the_database(told: Told) -> None:
    """Who steals a copy of the database must not be able to speak in our name."""
    with transaction(told.engine, read_only=True) as session:
        row = session.connection().execute(text("SELECT address, secret FROM webhook")).one()

    assert told.secret.encode() not in bytes(row.secret)
    assert b"partner.example" not in bytes(row.address)


def test_renewed_secret_signs_beside_the_one_before_for_a_day(told: Told, receiver: Receiver) -> None:
    """A receiver changes its secret without losing a message; after a day the old one is worth nothing."""
    with transaction(told.engine) as session:
        renewed = renew_secret(session, told.organisation, told.webhook, now=told.now)
    told.emit(1)
    deliver_due(told.engine, now=told.now, post=receiver)
    told.emit(2)
    late = told.now + timedelta(days=1)
    deliver_due(told.engine, now=late, post=receiver)

    (_, early, body), (_, later, later_body) = receiver.messages
    assert check(early, body, secrets_held=[told.secret], now=told.now).message_id
    assert check(early, body, secrets_held=[renewed], now=told.now).message_id
    assert check(later, later_body, secrets_held=[renewed], now=late).message_id
    with pytest.raises(SignatureWrong):
        check(later, later_body, secrets_held=[told.secret], now=late)


def test_what_happens_in_a_pause_is_sent_afterwards(told: Told, receiver: Receiver) -> None:
    """A receiver that is rebuilt for an hour loses nothing."""
    with transaction(told.engine) as session:
        pause(session, told.organisation, told.webhook, now=told.now)
    told.emit(1)

    paused = deliver_due(told.engine, now=told.now, post=receiver)
    with transaction(told.engine) as session:
        resume(session, told.organisation, told.webhook, now=told.now)
    resumed = deliver_due(told.engine, now=told.now, post=receiver)

    assert (paused.delivered, resumed.delivered) == (0, 1)


def test_removed_webhook_is_told_nothing_more(told: Told, receiver: Receiver, world: World) -> None:
    """What was on the way is given up, and shown as such; the webhook is not found any more."""
    told.emit(1)
    with transaction(told.engine) as session:
        remove(session, told.organisation, told.webhook, now=told.now)
    told.emit(2)

    sent = deliver_due(told.engine, now=told.now, post=receiver)

    with transaction(told.engine) as session:
        dead = deliveries_of(session, told.organisation, first=10)
        assert webhooks_of(session, told.organisation, first=10) == []
        with pytest.raises(NotFound):
            pause(session, told.organisation, told.webhook, now=told.now)
    assert sent.delivered == 0
    assert [(delivery.status, event.subject_id) for delivery, event in dead] == [("dead", 1)]


@pytest.mark.parametrize("act", [pause, resume, remove, renew_secret, send_test])
def test_webhook_of_another_is_not_there(told: Told, world: World, act: object) -> None:
    """Whose number one guesses must not matter."""
    assert callable(act)
    with pytest.raises(NotFound), transaction(told.engine) as session:
        act(session, world.organisations["WEST"], told.webhook, now=told.now)


def test_there_is_an_end_to_webhooks(told: Told) -> None:
    """Every webhook costs a delivery for each event."""
    with transaction(told.engine) as session:
        for number in range(1, MOST_WEBHOOKS):
            draft = WebhookDraft(address=ADDRESS, kinds=RUNS)
            create_webhook(session, told.organisation, draft, idempotency_key=f"{number}", actor="a", now=told.now)

    with pytest.raises(TooManyWebhooks), transaction(told.engine) as session:
        draft = WebhookDraft(address=ADDRESS, kinds=RUNS)
        create_webhook(session, told.organisation, draft, idempotency_key="one more", actor="a", now=told.now)


def test_test_event_reaches_who_wants_it(told: Told, receiver: Receiver) -> None:
    """A partner sees that its receiver works before anything happens."""
    with transaction(told.engine) as session:
        send_test(session, told.organisation, told.webhook, now=told.now)
        assert kinds_of(session, [told.webhook]) == {told.webhook: ("match_run.finished", "webhook.test")}

    assert deliver_due(told.engine, now=told.now, post=receiver).delivered == 1


def test_test_event_that_is_not_wanted_is_refused(told: Told) -> None:
    """Silence would look like a receiver that does not work."""
    with transaction(told.engine) as session:
        draft = WebhookDraft(address=ADDRESS, kinds=RUNS)
        made = create_webhook(session, told.organisation, draft, idempotency_key="k", actor="a", now=told.now)

    with pytest.raises(WrongInput, match=r"webhook\.test"), transaction(told.engine) as session:
        send_test(session, told.organisation, made.webhook.id or 0, now=told.now)


@pytest.mark.parametrize(
    "address",
    [
        "http://partner.example/",
        "ftp://partner.example/",
        "https://user:word@partner.example/",
        "https://partner.example/#part",
        "https:///events",
        "https://partner.example:0/",
        "https://partner.example:99999/",
        "https://partner.example/a b",
        "https://partner.example/\r\nx: y",
        "https://合作.example/",
        "https://[::1",
        "partner.example",
        "https://partner.example/" + "a" * 500,
    ],
)
def test_address_that_cannot_be_is_refused(told: Told, address: str) -> None:
    """Facts of the district go over an encrypted line to a host of the world outside, and nowhere else."""
    with pytest.raises(AddressRefused), transaction(told.engine) as session:
        draft = WebhookDraft(address=address, kinds=RUNS)
        create_webhook(session, told.organisation, draft, idempotency_key="k", actor="a", now=told.now)


@pytest.mark.parametrize("kinds", [frozenset(), frozenset({"person.died"})], ids=["none", "unknown"])
def test_kinds_that_cannot_be_are_refused(told: Told, kinds: frozenset[str]) -> None:
    """A typing fault in a kind would be a webhook that is silent for ever."""
    with pytest.raises(WrongInput, match="kinds"), transaction(told.engine) as session:
        draft = WebhookDraft(address=ADDRESS, kinds=kinds)
        create_webhook(session, told.organisation, draft, idempotency_key="k", actor="a", now=told.now)


@pytest.mark.parametrize("key", ["", "k" * 201], ids=["empty", "long"])
def test_key_that_cannot_be_is_refused(told: Told, key: str, noon: datetime) -> None:
    """A key without a text would make every webhook the same."""
    with pytest.raises(WrongInput, match="idempotency_key"), transaction(told.engine) as session:
        draft = WebhookDraft(address=ADDRESS, kinds=RUNS)
        create_webhook(session, told.organisation, draft, idempotency_key=key, actor="a", now=noon)


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104  # an address to be refused
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("2002:0a00:0001::", False),
    ],
)
def test_networks_of_our_own_are_known(ip: str, expected: bool) -> None:  # noqa: FBT001  # a column of the table above
    """A webhook must not be a way to ask the machines behind our wall."""
    assert is_outside(ip) is expected
