"""What an organisation is told of: events, the webhooks that carry them out, and how each delivery went."""

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Annotated, Self

import strawberry

from api.context import Context, Info
from api.ids import encode, found_by
from api.schema.connections import Connection, Key, page
from api.schema.nodes import Node
from api.schema.refusals import (
    AddressRefused,
    KeyConflict,
    NotFound,
    Refused,
    TooManyWebhooks,
    WrongInput,
    WrongState,
    refused_or,
)
from api.schema.scalars import After, First
from timebank.core import errors
from timebank.core.settings import Settings
from timebank.outbox import refusals, tables
from timebank.outbox.deliveries import attempts_by_delivery, deliveries_of, message_id, replay
from timebank.outbox.events import Place, events_after, place_of
from timebank.outbox.webhooks import (
    WebhookDraft,
    create_webhook,
    kinds_of,
    pause,
    remove,
    renew_secret,
    resume,
    send_test,
    webhook_of,
    webhooks_of,
)

Change = Callable[..., tables.Webhook]
Delivered = tuple[tables.WebhookDelivery, tables.Event, list[tables.WebhookAttempt]]
READ, WRITE = "webhooks:read", "webhooks:write"
IdGiven = Annotated[strawberry.ID, strawberry.argument(description="An id as it was given out.")]
Keyed = Annotated[
    str, strawberry.argument(description="The same key and content is the same action, whatever is retried.")
]


@strawberry.enum(description="How a delivery stands.")
class DeliveryStatus(Enum):
    """How a delivery stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


@strawberry.type(description="Something that happened, without personal data; ask for more by the id of its subject.")
class Event:
    """Something that happened."""

    id: strawberry.ID = strawberry.field(description="The id that its message has too: webhook-id.")
    kind: str = strawberry.field(description="What happened, such as match_run.finished.")
    subject_id: strawberry.ID = strawberry.field(description="Id of what it is about.")
    facts: list["Fact"] = strawberry.field(description="What is said of it.")
    occurred_at: datetime = strawberry.field(description="When it happened, UTC.")

    @classmethod
    def of(cls, row: tables.Event) -> Self:
        """Show an event."""
        return cls(
            id=strawberry.ID(message_id(row)),
            kind=row.kind,
            subject_id=strawberry.ID(encode(row.subject_kind, row.subject_id)),
            facts=[Fact(name=name, value=str(value)) for name, value in sorted(row.facts.items())],
            occurred_at=row.occurred_at,
        )


@strawberry.type(description="A fact of an event.")
class Fact:
    """A fact of an event."""

    name: str = strawberry.field(description="What it is, such as status.")
    value: str = strawberry.field(description="A code, a state, a count or a day.")


@strawberry.type(description="An address that is told of events, each message signed as Standard Webhooks says.")
class Webhook(Node):
    """An address that is told of events."""

    address: str = strawberry.field(description="Where messages go.")
    kinds: list[str] = strawberry.field(description="Kinds of events it is told of.")
    status: str = strawberry.field(description="active, paused, or gone when its receiver answered 410.")
    created_at: datetime = strawberry.field(description="When it was made, UTC.")

    @classmethod
    def of(cls, row: tables.Webhook, kinds: tuple[str, ...]) -> Self:
        """Show a webhook."""
        return cls(
            id=strawberry.ID(encode("webhook", row.id or 0)),
            address=row.address,
            kinds=list(kinds),
            status=row.status,
            created_at=row.created_at,
        )


@strawberry.type(description="A try to deliver.")
class DeliveryAttempt:
    """A try to deliver."""

    tried_at: datetime = strawberry.field(description="When, UTC.")
    answered: int | None = strawberry.field(description="Status of HTTP; empty when there was no answer.")
    fault: str = strawberry.field(description="Why there was no answer, in a word; else empty.")


@strawberry.type(description="An event on its way to a webhook; dead after a day of tries.")
class WebhookDelivery:
    """An event on its way to a webhook."""

    id: strawberry.ID = strawberry.field(description="Id of the delivery.")
    webhook_id: strawberry.ID = strawberry.field(description="Id of the webhook.")
    event: Event = strawberry.field(description="What it carries.")
    status: DeliveryStatus = strawberry.field(description="How it stands.")
    next_at: datetime | None = strawberry.field(description="When it is tried next, UTC; empty when it is not.")
    attempts: list[DeliveryAttempt] = strawberry.field(description="Its latest tries, at most 20, in their order.")

    @classmethod
    def of(cls, row: tables.WebhookDelivery, event: tables.Event, tries: list[tables.WebhookAttempt]) -> Self:
        """Show a delivery."""
        return cls(
            id=strawberry.ID(encode("delivery", row.id or 0)),
            webhook_id=strawberry.ID(encode("webhook", row.webhook_id)),
            event=Event.of(event),
            status=DeliveryStatus(row.status),
            next_at=row.next_at if row.status == "waiting" else None,
            attempts=[DeliveryAttempt(tried_at=one.tried_at, answered=one.answered, fault=one.fault) for one in tries],
        )


@strawberry.input(description="A webhook to be.")
class WebhookInput:
    """A webhook to be."""

    address: str = strawberry.field(description="An https address of the world outside, at most 500 characters.")
    kinds: list[str] = strawberry.field(description="Kinds of events it is told of, at least one.")


@strawberry.type(description="The webhook that was made, or that the same key made before.")
class WebhookCreated:
    """The webhook that was made."""

    webhook: Webhook = strawberry.field(description="The webhook.")
    secret: str | None = strawberry.field(
        description="Its secret, whsec_...; shown once, so empty when the same key made it before."
    )


@strawberry.type(description="The webhook has a new secret; for a day messages carry a signature by the old one too.")
class WebhookSecretRenewed:
    """The webhook has a new secret."""

    webhook: Webhook = strawberry.field(description="The webhook.")
    secret: str = strawberry.field(description="The new secret, shown once.")


@strawberry.type(description="The webhook as it is now.")
class WebhookChanged:
    """The webhook as it is now."""

    webhook: Webhook = strawberry.field(description="The webhook.")


@strawberry.type(description="An event that is only a test is on its way.")
class WebhookTested:
    """A test is on its way."""

    webhook: Webhook = strawberry.field(description="The webhook that gets it.")


@strawberry.type(description="The delivery is sent again, under the same id.")
class DeliveryReplayed:
    """The delivery is sent again."""

    id: strawberry.ID = strawberry.field(description="Id of the delivery.")


CreateWebhookPayload = Annotated[
    WebhookCreated | AddressRefused | TooManyWebhooks | WrongInput | KeyConflict,
    strawberry.union("CreateWebhookPayload", description="The webhook, or why there is none."),
]
RenewWebhookSecretPayload = Annotated[
    WebhookSecretRenewed | NotFound,
    strawberry.union("RenewWebhookSecretPayload", description="The new secret, or why there is none."),
]
ChangeWebhookPayload = Annotated[
    WebhookChanged | NotFound | WrongState,
    strawberry.union("ChangeWebhookPayload", description="The webhook as it is now, or why it stays."),
]
TestWebhookPayload = Annotated[
    WebhookTested | NotFound | WrongInput,
    strawberry.union("TestWebhookPayload", description="The test is on its way, or why not."),
]
ReplayDeliveryPayload = Annotated[
    DeliveryReplayed | NotFound | WrongState,
    strawberry.union("ReplayDeliveryPayload", description="The delivery is sent again, or why not."),
]


def webhook_shown(context: Context, number: int) -> Webhook:
    """Return a webhook of the organisation that asks."""
    row = webhook_of(context.session, context.organisation(READ), number, is_locking=False)
    return _shown(context, row)


def _shown(context: Context, row: tables.Webhook) -> Webhook:
    number = row.id or 0
    return Webhook.of(row, kinds_of(context.session, [number]).get(number, ()))


@strawberry.type
class WebhookQueries:
    """Root fields of webhooks."""

    @strawberry.field(description="What happened to my organisation, in the order of commits; nothing is passed over.")
    def events(
        self,
        info: Info,
        first: First,
        after: After = None,
        kinds: Annotated[list[str] | None, strawberry.argument(description="Kinds that are wanted; else all.")] = None,
    ) -> Connection[Event]:
        """Return a page of events."""
        context = info.context
        organisation = context.organisation(READ)

        def read(count: int, last: Key | None) -> list[tables.Event]:
            place = Place(last[0] - 1, last[1]) if last else None
            return events_after(context.session, organisation, place, first=count, kinds=kinds or ())

        return page(
            "events",
            first,
            after,
            parts=2,
            read=read,
            key=lambda row: (place_of(row).turn + 1, place_of(row).number),  # a part of a cursor is above 0
            node=Event.of,
        )

    @strawberry.field(description="My webhooks, in the order they were made.")
    def webhooks(self, info: Info, first: First, after: After = None) -> Connection[Webhook]:
        """Return a page of webhooks."""
        context = info.context
        organisation = context.organisation(READ)

        def read(count: int, last: Key | None) -> list[tuple[tables.Webhook, tuple[str, ...]]]:
            rows = webhooks_of(context.session, organisation, first=count, after=last[0] if last else None)
            kinds = kinds_of(context.session, [row.id or 0 for row in rows])
            return [(row, kinds.get(row.id or 0, ())) for row in rows]

        return page(
            "webhooks", first, after, read=read, key=lambda row: (row[0].id or 0,), node=lambda row: Webhook.of(*row)
        )

    @strawberry.field(description="Deliveries to my webhooks, newest first; those that are DEAD can be replayed.")
    def webhook_deliveries(
        self,
        info: Info,
        first: First,
        after: After = None,
        status: Annotated[
            DeliveryStatus | None, strawberry.argument(description="How they stand; else however they do.")
        ] = None,
    ) -> Connection[WebhookDelivery]:
        """Return a page of deliveries."""
        context = info.context
        organisation = context.organisation(READ)
        statuses = (status.value,) if status else ()

        def read(count: int, last: Key | None) -> list[Delivered]:
            rows = deliveries_of(
                context.session, organisation, first=count, before=last[0] if last else None, statuses=statuses
            )
            tries = attempts_by_delivery(context.session, [row.id or 0 for row, _ in rows])
            return [(row, event, tries.get(row.id or 0, [])) for row, event in rows]

        return page(
            "deliveries",
            first,
            after,
            read=read,
            key=lambda row: (row[0].id or 0,),
            node=lambda row: WebhookDelivery.of(*row),
        )


@strawberry.type
class WebhookMutations:
    """What can be done with webhooks."""

    @strawberry.mutation(description="Let an address be told of events; the answer shows its secret once.")
    def create_webhook(
        self,
        info: Info,
        input: Annotated[WebhookInput, strawberry.argument(description="The webhook to be.")],
        idempotency_key: Keyed,
    ) -> CreateWebhookPayload:
        """Make a webhook."""
        context = info.context
        organisation = context.organisation(WRITE)
        draft = WebhookDraft(address=input.address, kinds=frozenset(input.kinds))

        def act() -> WebhookCreated:
            made = create_webhook(
                context.session,
                organisation,
                draft,
                idempotency_key=idempotency_key,
                actor=f"organisation:{organisation}",
                now=context.now,
                is_inside_allowed=Settings.from_environment().is_inside_told,
            )
            return WebhookCreated(webhook=_shown(context, made.webhook), secret=made.secret)

        known = (refusals.AddressRefused, refusals.TooManyWebhooks, errors.WrongInput, errors.KeyConflict)
        return refused_or(context, act, *known)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Give a webhook a new secret.")
    def renew_webhook_secret(self, info: Info, id: IdGiven) -> RenewWebhookSecretPayload:
        """Renew the secret of a webhook."""
        context = info.context
        organisation = context.organisation(WRITE)

        def act(number: int) -> WebhookSecretRenewed:
            secret = renew_secret(context.session, organisation, number, now=context.now)
            row = webhook_of(context.session, organisation, number)
            return WebhookSecretRenewed(webhook=_shown(context, row), secret=secret)

        return refused_or(context, lambda: found_by("webhook", id, act), errors.NotFound)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Send nothing to a webhook for now; what happens meanwhile waits for it.")
    def pause_webhook(self, info: Info, id: IdGiven) -> ChangeWebhookPayload:
        """Pause a webhook."""
        return _changed(info, id, pause)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Send again to a webhook that was paused, or is gone.")
    def resume_webhook(self, info: Info, id: IdGiven) -> ChangeWebhookPayload:
        """Resume a webhook."""
        return _changed(info, id, resume)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Send nothing to a webhook ever again; what waits for it is given up.")
    def remove_webhook(self, info: Info, id: IdGiven) -> ChangeWebhookPayload:
        """Remove a webhook."""
        return _changed(info, id, remove)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Send an event webhook.test, which the webhook must want.")
    def test_webhook(self, info: Info, id: IdGiven) -> TestWebhookPayload:
        """Send a test."""
        context = info.context
        organisation = context.organisation(WRITE)

        def act(number: int) -> WebhookTested:
            send_test(context.session, organisation, number, now=context.now)
            return WebhookTested(webhook=_shown(context, webhook_of(context.session, organisation, number)))

        return refused_or(context, lambda: found_by("webhook", id, act), errors.NotFound, errors.WrongInput)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Send a delivery again, delivered or dead; its message keeps its id.")
    def replay_delivery(self, info: Info, id: IdGiven) -> ReplayDeliveryPayload:
        """Replay a delivery."""
        context = info.context
        organisation = context.organisation(WRITE)

        def act(number: int) -> DeliveryReplayed:
            replay(context.session, organisation, number, now=context.now)
            return DeliveryReplayed(id=strawberry.ID(encode("delivery", number)))

        return refused_or(context, lambda: found_by("delivery", id, act), errors.NotFound, errors.WrongState)  # type: ignore[return-value]  # refusals are of the union


def _changed(info: Info, id: str, change: Change) -> WebhookChanged | Refused:
    context = info.context
    organisation = context.organisation(WRITE)

    def act(number: int) -> WebhookChanged:
        row = change(context.session, organisation, number, now=context.now)
        return WebhookChanged(webhook=_shown(context, row))

    return refused_or(context, lambda: found_by("webhook", id, act), errors.NotFound, errors.WrongState)
