"""What happened: written in the transaction in which it did, read in the order of commits."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, insert, literal_column, tuple_
from sqlalchemy import select as pick
from sqlmodel import Session, select

from timebank.core.columns import table_of
from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase
from timebank.outbox.kinds import KINDS
from timebank.outbox.tables import Event, Webhook, WebhookDelivery, WebhookKind

EVENT, WEBHOOK, WANTED, DELIVERY = map(table_of, (Event, Webhook, WebhookKind, WebhookDelivery))
MOST_READ = 500
TURN: dict[str, ColumnElement[int]] = {
    "postgresql": literal_column("pg_current_xact_id()::text::bigint"),
    "sqlite": literal_column("0"),
}
SETTLED: dict[str, ColumnElement[int]] = {
    "postgresql": literal_column("pg_snapshot_xmin(pg_current_snapshot())::text::bigint"),
    "sqlite": literal_column("1"),
}
"""The first turn that may still be going on: a row of an earlier one is there for good, and none is to come."""


class Happened(NamedTuple):
    """Something that happened to an organisation; ``facts`` are those of its kind, and never personal data."""

    kind: str
    organisation_id: int
    subject_id: int
    facts: dict[str, str | int | bool]


class Place(NamedTuple):
    """How far a reader is: the turn and number of the last event that it has."""

    turn: int
    number: int


def emit(session: Session, happened: Happened, *, now: datetime) -> int:
    """Write one event and a delivery for each webhook that wants it; returns its number.

    Raises
    ------
    ValueError
        When the kind is unknown, or the facts are not those of the kind.
    """
    return emit_all(session, [happened], now=now)[0]


def emit_all(session: Session, events: Sequence[Happened], *, now: datetime) -> list[int]:
    """Write many events in their order, and their deliveries; returns their numbers.

    Raises
    ------
    ValueError
        As :func:`emit`; nothing is written then.
    """
    if not events:
        return []
    for happened in events:
        _check(happened)
    connection = session.connection()
    written = (
        insert(EVENT).values(turn=TURN[connection.dialect.name]).returning(EVENT.c.id, sort_by_parameter_order=True)
    )
    numbers = [int(one) for one in connection.execute(written, [_row(one, now) for one in events]).scalars()]
    _deliver(connection, numbers)
    return numbers


def _check(happened: Happened) -> None:
    known = KINDS.get(happened.kind)
    if known is None or set(happened.facts) != known.facts:
        facts = sorted(known.facts) if known else f"one of {sorted(KINDS)}"
        message = f"An event {happened.kind!r} with {sorted(happened.facts)} is none; it would be {facts}."
        raise ValueError(message)


def _row(happened: Happened, now: datetime) -> dict[str, Any]:
    return {
        "organisation_id": happened.organisation_id,
        "kind": happened.kind,
        "subject_kind": KINDS[happened.kind].subject,
        "subject_id": happened.subject_id,
        "facts": happened.facts,
        "occurred_at": now,
    }


def _deliver(connection: Connection, numbers: list[int]) -> None:
    """Make the deliveries: for webhooks of the organisation that want the kind, also those that are paused."""
    e, w = EVENT.c, WEBHOOK.c
    wanted = (
        pick(w.id, e.id, literal_column("'waiting'"), literal_column("0"), e.occurred_at)
        .select_from(EVENT)
        .join(WEBHOOK, and_(w.organisation_id == e.organisation_id, w.status.in_(("active", "paused"))))
        .join(WANTED, and_(WANTED.c.webhook_id == w.id, WANTED.c.kind == e.kind))
        .where(e.id.in_(numbers))
        .order_by(e.id, w.id)
    )
    columns = ["webhook_id", "event_id", "status", "attempts", "next_at"]
    connection.execute(insert(DELIVERY).from_select(columns, wanted))


def events_after(
    session: Session,
    organisation_id: int,
    after: Place | None,
    *,
    first: int,
    kinds: Iterable[str] = (),
) -> list[Event]:
    """Return the next events of an organisation in the order of their commits; none can come before them later.

    Raises
    ------
    WrongInput
        When more than 500 are asked for, or none.
    """
    if not 1 <= first <= MOST_READ:
        raise WrongInput(field="first", value=str(first), right=Phrase("right_range", least=1, most=MOST_READ))
    dialect = session.connection().dialect.name
    e = EVENT.c
    wanted = select(Event).where(e.organisation_id == organisation_id, e.turn < SETTLED[dialect])
    if after is not None:
        wanted = wanted.where(tuple_(e.turn, e.id) > tuple_(after.turn, after.number))
    if chosen := tuple(kinds):
        wanted = wanted.where(e.kind.in_(chosen))
    return list(session.exec(wanted.order_by(e.turn, e.id).limit(first)))


def place_of(event: Event) -> Place:
    """Return where a reader is that has this event."""
    return Place(event.turn, event.id or 0)
