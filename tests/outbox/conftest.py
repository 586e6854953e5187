"""An organisation with a webhook, and a receiver that keeps what it is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from sqlalchemy import Engine

from tests.worlds import World
from timebank.core.database import transaction
from timebank.outbox.events import Happened, emit
from timebank.outbox.webhooks import WebhookDraft, create_webhook
from timebank.outbox.wire import Reply

ADDRESS = "https://partner.example/events"


@dataclass(slots=True)
class Receiver:
    """Keeps every message, and answers as it is told to: a status of HTTP, or nothing at all."""

    answers: int | None = 204
    messages: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def __call__(self, address: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Take a message."""
        self.messages.append((address, dict(headers), body))
        return Reply(self.answers, "" if self.answers else "no connection")

    @property
    def ids(self) -> list[str]:
        """Return the ids of the messages."""
        return [headers["webhook-id"] for _, headers, _ in self.messages]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An organisation that is told of runs: its number, its webhook's and the secret."""

    engine: Engine
    organisation: int
    webhook: int
    secret: str
    now: datetime

    def happened(self, number: int = 1) -> Happened:
        """Return a run that finished."""
        return Happened("match_run.finished", self.organisation, number, {"status": "done"})

    def emit(self, *numbers: int) -> list[int]:
        """Let runs finish, each in a transaction of its own."""
        found = []
        for number in numbers:
            with transaction(self.engine) as session:
                found.append(emit(session, self.happened(number), now=self.now))
        return found


@pytest.fixture
def receiver() -> Receiver:
    """A receiver that takes everything."""
    return Receiver()


@pytest.fixture
def told(engine: Engine, world: World, noon: datetime) -> Told:
    """The eastern organisation, told of runs and of tests."""
    organisation = world.organisations["EAST"]
    draft = WebhookDraft(address=ADDRESS, kinds=frozenset({"match_run.finished", "webhook.test"}))
    with transaction(engine) as session:
        made = create_webhook(session, organisation, draft, idempotency_key="first", actor="test", now=noon)
    assert made.secret is not None
    number = made.webhook.id or 0
    return Told(engine=engine, organisation=organisation, webhook=number, secret=made.secret, now=noon)
