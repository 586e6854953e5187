"""Webhooks of an organisation: where it is told of events, which ones, and with which secret they are signed."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, update
from sqlmodel import Session, func, select

from timebank.core.database import wait_turn
from timebank.core.errors import KeyConflict, NotFound, WrongInput, WrongState
from timebank.core.keys import check_key
from timebank.core.signatures import make_secret
from timebank.core.texts import Phrase
from timebank.outbox.addresses import read_address
from timebank.outbox.events import DELIVERY, WANTED, Happened, emit
from timebank.outbox.kinds import KINDS
from timebank.outbox.refusals import TooManyWebhooks
from timebank.outbox.tables import Webhook, WebhookKind

MOST_WEBHOOKS = 20
BOTH_SECRETS_FOR = timedelta(days=1)
"""How long messages carry a signature by the secret before too, once it was renewed."""
LIVE = ("active", "paused")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDraft:
    """A webhook to be: its address, and the kinds of events it wants."""

    address: str
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A webhook that was made, with its secret when it was made just now; the secret is never shown again."""

    webhook: Webhook
    secret: str | None


def create_webhook(
    session: Session,
    organisation_id: int,
    draft: WebhookDraft,
    *,
    idempotency_key: str,
    actor: str,
    now: datetime,
    is_inside_allowed: bool = False,
) -> Made:
    """Make a webhook; the same key and content again is the same webhook, without its secret.

    Raises
    ------
    AddressRefused
        When events are not sent to such an address.
    WrongInput
        For no kind, a kind that is unknown, or a key that is empty or too long.
    KeyConflict
        When the key was used for another webhook.
    TooManyWebhooks
        When the organisation has 20.
    """
    read_address(draft.address, is_inside_allowed=is_inside_allowed)
    _check_kinds(draft.kinds)
    check_key(idempotency_key, field="idempotency_key")
    wait_turn(session, f"webhooks of {organisation_id}")
    digest = hashlib.sha256(json.dumps([draft.address, sorted(draft.kinds)]).encode()).digest()
    known = session.exec(
        select(Webhook).where(Webhook.organisation_id == organisation_id, Webhook.idempotency_key == idempotency_key)
    ).first()
    if known is not None:
        if known.request_hash != digest:
            raise KeyConflict(key=idempotency_key)
        return Made(webhook=known, secret=None)
    _check_room(session, organisation_id)
    secret = make_secret()
    webhook = Webhook(
        organisation_id=organisation_id,
        idempotency_key=idempotency_key,
        request_hash=digest,
        address=draft.address,
        secret=secret,
        created_by=actor,
        created_at=now,
        changed_at=now,
    )
    session.add(webhook)
    session.flush()
    rows = [{"webhook_id": webhook.id, "kind": kind} for kind in sorted(draft.kinds)]
    session.connection().execute(insert(WANTED), rows)
    return Made(webhook=webhook, secret=secret)


def _check_kinds(kinds: frozenset[str]) -> None:
    if not kinds or not kinds <= set(KINDS):
        right = Phrase("right_one_of", known=", ".join(sorted(KINDS)))
        raise WrongInput(field="kinds", value=", ".join(sorted(kinds - set(KINDS)))[:80] or "none", right=right)


def _check_room(session: Session, organisation_id: int) -> None:
    live = select(func.count()).where(Webhook.organisation_id == organisation_id, Webhook.status.in_(LIVE))  # type: ignore[attr-defined]  # SQLModel columns are SQL columns
    if session.exec(live).one() >= MOST_WEBHOOKS:
        raise TooManyWebhooks(most=MOST_WEBHOOKS)


def webhook_of(session: Session, organisation_id: int, number: int, *, is_locking: bool = True) -> Webhook:
    """Return a webhook of an organisation, locked until the transaction ends unless it is only read.

    Raises
    ------
    NotFound
        When there is none, it was removed, or it is another's.
    """
    webhook = session.get(Webhook, number, populate_existing=True, with_for_update=is_locking or None)
    if webhook is None or webhook.organisation_id != organisation_id or webhook.status == "removed":
        raise NotFound(kind="webhook", key=str(number))
    return webhook


def webhooks_of(session: Session, organisation_id: int, *, first: int, after: int | None = None) -> list[Webhook]:
    """Return the webhooks of an organisation that were not removed, in the order they were made."""
    wanted = select(Webhook).where(
        Webhook.organisation_id == organisation_id, Webhook.status != "removed", (Webhook.id or 0) > (after or 0)
    )
    return list(session.exec(wanted.order_by(Webhook.id).limit(first)))  # type: ignore[arg-type]  # SQLModel columns are SQL columns


def kinds_of(session: Session, numbers: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """Return the kinds that each webhook wants, by its number."""
    found: dict[int, tuple[str, ...]] = {}
    rows = session.exec(
        select(WebhookKind).where(WebhookKind.webhook_id.in_(tuple(numbers))).order_by(WebhookKind.kind)  # type: ignore[attr-defined]  # SQLModel columns are SQL columns
    )
    for row in rows:
        found[row.webhook_id] = (*found.get(row.webhook_id, ()), row.kind)
    return found


def renew_secret(session: Session, organisation_id: int, number: int, *, now: datetime) -> str:
    """Give a webhook a new secret and return it; for a day messages are signed with the one before too.

    Raises
    ------
    NotFound
        As :func:`webhook_of`.
    """
    webhook = webhook_of(session, organisation_id, number)
    secret = make_secret()
    webhook.previous_secret, webhook.previous_until = webhook.secret, now + BOTH_SECRETS_FOR
    webhook.secret, webhook.changed_at = secret, now
    session.flush()
    return secret


def pause(session: Session, organisation_id: int, number: int, *, now: datetime) -> Webhook:
    """Send nothing to a webhook for now; what happens meanwhile waits for it, and is sent when it is resumed."""
    return _turn(session, organisation_id, number, "paused", LIVE, now)


def resume(session: Session, organisation_id: int, number: int, *, now: datetime) -> Webhook:
    """Send again to a webhook that was paused, or that had said it is gone."""
    return _turn(session, organisation_id, number, "active", (*LIVE, "gone"), now)


def remove(session: Session, organisation_id: int, number: int, *, now: datetime) -> Webhook:
    """Send nothing to a webhook ever again; what waits for it is given up."""
    webhook = _turn(session, organisation_id, number, "removed", (*LIVE, "gone"), now)
    give_up_waiting(session, number, now=now)
    return webhook


def send_test(session: Session, organisation_id: int, number: int, *, now: datetime) -> int:
    """Let a webhook be told of an event that is only a test; returns its number.

    Raises
    ------
    NotFound
        As :func:`webhook_of`.
    WrongInput
        When it does not want tests (kind ``webhook.test``).
    """
    webhook_of(session, organisation_id, number)
    kinds = kinds_of(session, [number]).get(number, ())
    if "webhook.test" not in kinds:
        raise WrongInput(field="kinds", value=" ".join(kinds), right=Phrase("webhook_with_test"))
    return emit(session, Happened("webhook.test", organisation_id, number, {}), now=now)


def give_up_waiting(session: Session, number: int, *, now: datetime) -> None:
    """Make every delivery that waits for a webhook a dead letter."""
    waiting = (DELIVERY.c.webhook_id == number, DELIVERY.c.status == "waiting")
    session.connection().execute(update(DELIVERY).where(*waiting).values(status="dead", finished_at=now))


def _turn(
    session: Session, organisation_id: int, number: int, status: str, allowed: tuple[str, ...], now: datetime
) -> Webhook:
    webhook = webhook_of(session, organisation_id, number)
    if webhook.status not in allowed:
        raise WrongState(kind="webhook", key=str(number), state=webhook.status, allowed=" / ".join(allowed))
    webhook.status, webhook.changed_at = status, now
    session.flush()
    return webhook
