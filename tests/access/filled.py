"""A row in every table of access."""

from datetime import datetime, timedelta

from sqlmodel import Session

from tests.worlds import World
from timebank.access.clients import add_secret, make_client
from timebank.access.codes import make_code
from timebank.access.keys import current_key, rotate_keys
from timebank.access.links import link_subject
from timebank.access.tables import AssertionSeen
from timebank.people.tokens import issue_token


def fill_access(session: Session, world: World, now: datetime) -> None:
    """Leave a token, keys in every state, a client with a secret, an assertion that was seen, a link and a code."""
    issue_token(session, scopes=frozenset({"visits:read"}), now=now, person_id=world.volunteers["V1"])
    current_key(session, now=now - timedelta(days=1))
    rotate_keys(session, actor="operator", now=now)
    client = make_client(
        session,
        organisation_id=world.organisations["EAST"],
        name="planner",
        scopes=frozenset({"matches:read"}),
        actor="operator",
        now=now,
    )
    add_secret(session, client, actor="operator", now=now)
    session.add(AssertionSeen(client_id=client.id or 0, jti_digest=b"seen", expires_at=now))
    who = world.volunteers["V1"]
    link_subject(session, who, issuer="https://login.example", subject="7", actor="organisation:1", now=now)
    make_code(session, who, actor="organisation:1", now=now)
