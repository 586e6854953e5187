"""A program of EAST with a secret and a key of its own, and sessions that are taken back."""

import json
from dataclasses import dataclass
from datetime import datetime

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.access.signing import KEYS
from tests.worlds import World, small_district
from timebank.access.clients import add_key, add_secret, make_client
from timebank.access.tables import ApiClient
from timebank.core.database import transaction

SCOPES = frozenset({"matches:read", "matches:run"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program as its makers know it: its name, its secret, and the keys that we have the public half of."""

    client_id: str
    secret: str
    row: ApiClient


def make_program(session: Session, organisation_id: int, now: datetime, *algorithms: str) -> Program:
    """Make a program of an organisation with a secret, and a key for each algorithm, of which two are alive at most."""
    client = make_client(
        session, organisation_id=organisation_id, name="planner", scopes=SCOPES, actor="operator", now=now
    )
    secret = add_secret(session, client, actor="operator", now=now, days=30).plain
    for algorithm in algorithms:
        parts = KEYS[algorithm].as_dict(private=False) | {"kid": "one"}
        add_key(session, client, json.dumps(parts), actor="operator", now=now, days=60)
    return Program(client_id=client.client_id, secret=secret, row=client)


@pytest.fixture
def session(shared_session: Session) -> Session:
    """One transaction; taken back at the end."""
    return shared_session


@pytest.fixture(scope="module")
def stored(shared_engine: Engine, noon: datetime) -> World:
    """The small district in a database that a file of tests shares."""
    with transaction(shared_engine) as session:
        return small_district(session, noon)


@pytest.fixture
def program(session: Session, stored: World, noon: datetime) -> Program:
    """A program with a secret and an Ed25519 key."""
    return make_program(session, stored.organisations["EAST"], noon, "Ed25519")
