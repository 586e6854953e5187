"""Deliveries: each due one is tried, again for a day when it fails, then shown as a dead letter; any can be replayed.

A delivery is claimed in a transaction of its own, sent outside of any, and its outcome written in a third. A process
that is killed in between leaves the claim, which runs out: the message is then sent again under the same id, by which
a receiver knows it.
"""

import zlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

import orjson
from sqlalchemy import Engine, func, insert, update
from sqlalchemy import select as pick
from sqlmodel import Session, select

from timebank.core.columns import table_of
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongState
from timebank.core.opaque import encode
from timebank.core.settings import Settings
from timebank.core.signatures import sign
from timebank.core.texts import Phrase
from timebank.outbox.events import DELIVERY, WEBHOOK
from timebank.outbox.tables import Event, Webhook, WebhookAttempt, WebhookDelivery
from timebank.outbox.webhooks import give_up_waiting
from timebank.outbox.wire import Reply, Send, send

ATTEMPT = table_of(WebhookAttempt)
PAUSES = tuple(
    timedelta(seconds=seconds) for seconds in (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 8 * 3600, 8 * 3600 + 24 * 60)
)
"""Pauses after the first failures; with them a delivery is tried eight times within a day, then it is a dead letter."""
EARLIER_BY = 0.1
"""Part of a pause by which tries are spread, so that a receiver that comes back is not met by all at once."""
CLAIMED_FOR = timedelta(seconds=60)
"""How long a delivery is one process's; longer than a receiver may take to answer."""
MOST_AT_ONCE = 40
MOST_EACH = 8
"""Deliveries that one webhook has in a round, so that a slow receiver does not hold up the others."""
AT_ONCE = 8
GONE = 410
MOST_SHOWN = 20
FIRST_FAILED = 300


class Due(NamedTuple):
    """A delivery that this process has claimed, with all that is sent."""

    number: int
    webhook_id: int
    attempts: int
    address: str
    headers: dict[str, str]
    body: bytes


class Sent(NamedTuple):
    """What a round of sending came to."""

    delivered: int
    failed: int


def message_id(event: Event) -> str:
    """Return the id of an event's message: the same at every try, and at every replay."""
    return encode("event", event.id or 0)


def body_of(event: Event) -> bytes:
    """Write the body of a message: kind, moment, the id of what it is about as the API gives it, and the facts."""
    subject = {"id": encode(event.subject_kind, event.subject_id)}
    said = {"type": event.kind, "timestamp": event.occurred_at.isoformat(), "data": subject | event.facts}
    return orjson.dumps(said)


def deliver_due(engine: Engine, *, now: datetime, post: Send = send, most: int = MOST_AT_ONCE) -> Sent:
    """Send what is due, a bounded part of it, several at a time."""
    due = claim(engine, now=now, most=most)
    if not due:
        return Sent(0, 0)
    with ThreadPoolExecutor(min(AT_ONCE, len(due))) as pool:
        replies = list(pool.map(lambda one: post(one.address, one.headers, one.body), due))
    delivered = sum(settle(engine, one, reply, now=now) for one, reply in zip(due, replies, strict=True))
    return Sent(delivered, len(due) - delivered)


def tell_due(engine: Engine, *, now: datetime) -> Sent:
    """Send what is due to the world, as the settings allow; what the worker does every few seconds."""
    is_inside_allowed = Settings.from_environment().is_inside_told
    return deliver_due(engine, now=now, post=partial(send, is_inside_allowed=is_inside_allowed))


def claim(engine: Engine, *, now: datetime, most: int = MOST_AT_ONCE) -> list[Due]:
    """Take deliveries that are due, so that no other process sends them meanwhile."""
    if not _is_any_due(engine, now):
        return []
    with transaction(engine) as session:
        numbers = _free(session, now, most)
        if not numbers:
            return []
        d = DELIVERY.c
        held = update(DELIVERY).where(d.id.in_(numbers)).values(attempts=d.attempts + 1, next_at=now + CLAIMED_FOR)
        session.connection().execute(held)
        rows = session.exec(
            select(WebhookDelivery, Webhook, Event)
            .join(Webhook, WebhookDelivery.webhook_id == Webhook.id)  # type: ignore[arg-type]  # SQLModel columns are SQL columns
            .join(Event, WebhookDelivery.event_id == Event.id)  # type: ignore[arg-type]  # SQLModel columns are SQL columns
            .where(WebhookDelivery.id.in_(numbers))  # type: ignore[union-attr]  # SQLModel columns are SQL columns
            .order_by(WebhookDelivery.id)  # type: ignore[arg-type]  # SQLModel columns are SQL columns
        )
        return [_due(*row, now=now) for row in rows]


def _is_any_due(engine: Engine, now: datetime) -> bool:
    """Look without a lock first: a worker that looks every few seconds is in nobody's way."""
    with transaction(engine, read_only=True) as session:
        return bool(_free(session, now, 1, is_locking=False))


def _free(session: Session, now: datetime, most: int, *, is_locking: bool = True) -> list[int]:
    """Return deliveries that are due, the longest waiting first, a few of each webhook."""
    d = DELIVERY.c
    turn = func.row_number().over(partition_by=d.webhook_id, order_by=(d.next_at, d.id)).label("turn")
    due = (d.status == "waiting", d.next_at <= now, WEBHOOK.c.id == d.webhook_id, WEBHOOK.c.status == "active")
    ranked = pick(d.id, d.next_at, turn).where(*due).subquery()
    few = pick(ranked.c.id).where(ranked.c.turn <= MOST_EACH).order_by(ranked.c.next_at, ranked.c.id).limit(most)
    wanted = pick(d.id).where(d.id.in_(few), d.status == "waiting", d.next_at <= now).order_by(d.id)
    locked = wanted.with_for_update(skip_locked=True) if is_locking else wanted
    return [int(one) for one in session.connection().execute(locked).scalars()]


def _due(delivery: WebhookDelivery, webhook: Webhook, event: Event, *, now: datetime) -> Due:
    secrets = [webhook.secret]
    if webhook.previous_secret is not None and webhook.previous_until is not None and webhook.previous_until > now:
        secrets.append(webhook.previous_secret)
    body = body_of(event)
    headers = sign(secrets, message_id(event), body, now=now)
    return Due(delivery.id or 0, delivery.webhook_id, delivery.attempts, webhook.address, headers, body)


def settle(engine: Engine, due: Due, reply: Reply, *, now: datetime) -> bool:
    """Write what came of a try; tells whether it was delivered. Another process that has it since is left alone."""
    is_taken = reply.answered is not None and reply.answered < FIRST_FAILED
    is_last = due.attempts > len(PAUSES) or reply.answered == GONE
    if is_taken or is_last:
        ending = {"status": "delivered" if is_taken else "dead", "finished_at": now}
    else:
        ending = {"next_at": now + pause_after(due.number, due.attempts)}
    d = DELIVERY.c
    mine = (d.id == due.number, d.status == "waiting", d.attempts == due.attempts)
    with transaction(engine) as session:
        connection = session.connection()
        tried = {"delivery_id": due.number, "tried_at": now, "answered": reply.answered, "fault": reply.fault}
        connection.execute(insert(ATTEMPT).values(**tried))
        connection.execute(update(DELIVERY).where(*mine).values(**ending))
        if reply.answered == GONE:
            gone = update(WEBHOOK).where(WEBHOOK.c.id == due.webhook_id, WEBHOOK.c.status == "active")
            connection.execute(gone.values(status="gone", changed_at=now))
            give_up_waiting(session, due.webhook_id, now=now)
    return is_taken


def pause_after(number: int, attempts: int) -> timedelta:
    """Return how long a delivery rests after so many attempts, up to a tenth earlier than the others."""
    spread = zlib.crc32(f"{number} {attempts}".encode()) / 2**32
    return PAUSES[attempts - 1] * (1 - EARLIER_BY * spread)


def replay(session: Session, organisation_id: int, number: int, *, now: datetime) -> WebhookDelivery:
    """Send a delivery of an organisation again, under the same id, whether it was delivered or is a dead letter.

    Raises
    ------
    NotFound
        When there is none, or it is another's.
    WrongState
        When it waits to be sent anyway, or its webhook was removed.
    """
    delivery = session.get(WebhookDelivery, number, populate_existing=True, with_for_update=True)
    webhook = session.get(Webhook, delivery.webhook_id) if delivery else None
    if delivery is None or webhook is None or webhook.organisation_id != organisation_id:
        raise NotFound(kind="delivery", key=str(number))
    if webhook.status == "removed":
        raise WrongState(kind="webhook", key=str(webhook.id), state="removed", allowed=Phrase("webhook_not_removed"))
    if delivery.status == "waiting":
        raise WrongState(kind="delivery", key=str(number), state="waiting", allowed=Phrase("delivery_over"))
    delivery.status, delivery.attempts, delivery.next_at, delivery.finished_at = "waiting", 0, now, None
    session.flush()
    return delivery


def deliveries_of(
    session: Session,
    organisation_id: int,
    *,
    first: int,
    before: int | None = None,
    statuses: Iterable[str] = (),
    webhook_id: int | None = None,
) -> list[tuple[WebhookDelivery, Event]]:
    """Return deliveries of an organisation with their events, newest first; ``statuses`` ``dead`` are dead letters."""
    wanted = (
        select(WebhookDelivery, Event)
        .join(Event, WebhookDelivery.event_id == Event.id)  # type: ignore[arg-type]  # SQLModel columns are SQL columns
        .join(Webhook, WebhookDelivery.webhook_id == Webhook.id)  # type: ignore[arg-type]  # SQLModel columns are SQL columns
        .where(Webhook.organisation_id == organisation_id)
    )
    if before is not None:
        wanted = wanted.where(DELIVERY.c.id < before)
    if chosen := tuple(statuses):
        wanted = wanted.where(DELIVERY.c.status.in_(chosen))
    if webhook_id is not None:
        wanted = wanted.where(DELIVERY.c.webhook_id == webhook_id)
    return list(session.exec(wanted.order_by(DELIVERY.c.id.desc()).limit(first)))


def attempts_by_delivery(session: Session, numbers: Sequence[int]) -> dict[int, list[WebhookAttempt]]:
    """Return the latest 20 tries at each delivery, in their order."""
    a = ATTEMPT.c
    turn = func.row_number().over(partition_by=a.delivery_id, order_by=a.id.desc()).label("turn")
    ranked = pick(a.id, turn).where(a.delivery_id.in_(numbers)).subquery()
    latest = pick(ranked.c.id).where(ranked.c.turn <= MOST_SHOWN)
    found: dict[int, list[WebhookAttempt]] = {}
    for attempt in session.exec(select(WebhookAttempt).where(a.id.in_(latest)).order_by(a.id)):
        found.setdefault(attempt.delivery_id, []).append(attempt)
    return found


def waiting_count(session: Session) -> int:
    """Return how many deliveries wait."""
    d = DELIVERY.c
    return int(session.connection().execute(pick(func.count()).where(d.status == "waiting")).scalar_one())
