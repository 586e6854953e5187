"""Clients: programs of an organisation, each with scopes, and secrets or keys of which two may live at a time."""

import json
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session, col, func, select

from timebank.access.jwts import public_key
from timebank.access.refusals import CredentialsFull
from timebank.access.tables import ApiClient, ClientCredential
from timebank.core.errors import NotFound, WrongInput
from timebank.core.texts import Phrase
from timebank.people.access_events import write_event
from timebank.people.tokens import (
    ALPHABET,
    LONGEST_DAYS,
    LONGEST_NAME,
    check_scopes,
    digest_of,
    new_secret,
    revoke_made_by,
)

HEAD, SECRET_HEAD = "hhtc", "hhts"
ID_LENGTH = 16
MOST_ALIVE = 2
LONGEST_KEY_ID = 64
SHOWN_OF_SECRET = 9


class NewSecret(NamedTuple):
    """A secret as it is stored, and its text, which is shown once."""

    credential: ClientCredential
    plain: str


def make_client(
    session: Session, *, organisation_id: int, name: str, scopes: frozenset[str], actor: str, now: datetime
) -> ApiClient:
    """Make a client of an organisation; it opens nothing before it has a secret or a key.

    Raises
    ------
    WrongInput
        For an unknown scope, none at all, or a name that is empty or too long.
    """
    check_scopes(scopes)
    if not scopes or not 1 <= len(name) <= LONGEST_NAME:
        field, least, most = ("name", 1, LONGEST_NAME) if scopes else ("scopes", 1, 100)
        raise WrongInput(field=field, value=name[:20], right=Phrase("right_range", least=least, most=most))
    client = ApiClient(
        client_id=f"{HEAD}_{''.join(secrets.choice(ALPHABET) for _ in range(ID_LENGTH))}",
        organisation_id=organisation_id,
        name=name,
        scopes=" ".join(sorted(scopes)),
        made_at=now,
    )
    session.add(client)
    session.flush()
    _write(session, "client_made", client, actor=actor, now=now, detail=client.scopes)
    return client


def add_secret(
    session: Session, client: ApiClient, *, actor: str, now: datetime, days: int = LONGEST_DAYS
) -> NewSecret:
    """Give a client a secret; the one before it stays good until it is revoked, so that nothing stands still.

    Raises
    ------
    CredentialsFull
        When two are alive.
    WrongInput
        For a life of more than a year.
    """
    plain = new_secret(SECRET_HEAD)
    credential = ClientCredential(
        client_id=client.id or 0,
        way="secret",
        shown=plain[:SHOWN_OF_SECRET],
        digest=digest_of(plain),
        made_at=now,
        expires_at=_end(days, now),
    )
    return NewSecret(_added(session, client, credential, actor=actor, now=now), plain)


def add_key(
    session: Session, client: ApiClient, text: str, *, actor: str, now: datetime, days: int = LONGEST_DAYS
) -> ClientCredential:
    """Give a client a key of its own, by the public half as a JSON Web Key.

    Raises
    ------
    CredentialsFull
        When two are alive.
    WrongInput
        When it is no such key, holds a private half, or has the number of another one of the client.
    """
    parts = _read_key(text)
    wrong = WrongInput(field="key", value=text[:0], right=Phrase("right_public_key"))
    try:
        key = public_key(parts)
    except ValueError as fault:
        raise wrong from fault
    shown = str(parts.get("kid") or key.thumbprint())
    same = select(ClientCredential).where(ClientCredential.client_id == client.id, ClientCredential.shown == shown)
    if len(shown) > LONGEST_KEY_ID or session.exec(same).first() is not None:
        raise WrongInput(field="kid", value=shown[:20], right=Phrase("right_new_code", most=LONGEST_KEY_ID))
    credential = ClientCredential(
        client_id=client.id or 0,
        way="key",
        shown=shown,
        public_key=json.dumps(key.as_dict(private=False), sort_keys=True),
        made_at=now,
        expires_at=_end(days, now),
    )
    return _added(session, client, credential, actor=actor, now=now)


def _read_key(text: str) -> dict[str, object]:
    try:
        parts = json.loads(text)
    except (ValueError, RecursionError):
        parts = None
    if not isinstance(parts, dict) or "d" in parts or "k" in parts:
        raise WrongInput(field="key", value="", right=Phrase("right_public_key"))
    return parts


def _end(days: int, now: datetime) -> datetime:
    if not 1 <= days <= LONGEST_DAYS:
        raise WrongInput(field="days", value=str(days), right=Phrase("right_range", least=1, most=LONGEST_DAYS))
    return now + timedelta(days=days)


def _added(
    session: Session, client: ApiClient, credential: ClientCredential, *, actor: str, now: datetime
) -> ClientCredential:
    locked = select(ApiClient.revoked_at).where(ApiClient.id == client.id).with_for_update()
    if session.exec(locked).one() is not None:
        raise NotFound(kind="client", key=client.client_id)
    c = ClientCredential
    alive = select(func.count()).where(
        c.client_id == client.id, c.way == credential.way, col(c.revoked_at).is_(None), c.expires_at > now
    )
    if session.exec(alive).one() >= MOST_ALIVE:
        raise CredentialsFull(client=client.client_id, most=MOST_ALIVE)
    session.add(credential)
    session.flush()
    _write(session, f"{credential.way}_made", client, actor=actor, now=now, detail=credential.shown)
    return credential


def revoke_credential(session: Session, client: ApiClient, shown: str, *, actor: str, now: datetime) -> None:
    """Revoke a secret by its first letters, or a key by its number; what was given for it is refused at once.

    Raises
    ------
    NotFound
        When the client has none such.
    """
    wanted = select(ClientCredential).where(ClientCredential.client_id == client.id, ClientCredential.shown == shown)
    credential = session.exec(wanted).first()
    if credential is None:
        raise NotFound(kind="credential", key=shown[:20])
    if credential.revoked_at is None:
        credential.revoked_at = now
        session.flush()
        _write(session, f"{credential.way}_revoked", client, actor=actor, now=now, detail=shown)


def revoke_client(session: Session, client: ApiClient, *, actor: str, now: datetime) -> None:
    """Revoke a client with all it was given: its tokens, and those it made itself, are refused at once."""
    if client.revoked_at is None:
        client.revoked_at = now
        session.flush()
        _write(session, "client_revoked", client, actor=actor, now=now)
        revoke_made_by(session, f"client:{client.id}", actor=actor, now=now)


def client_named(session: Session, client_id: str, *, organisation_id: int | None = None) -> ApiClient:
    """Return a client by its public name, revoked or not; of an organisation where one is said.

    Raises
    ------
    NotFound
        When there is none, or it is another's; the two are never told apart.
    """
    client = session.exec(select(ApiClient).where(ApiClient.client_id == client_id)).first()
    if client is None or organisation_id not in (None, client.organisation_id):
        raise NotFound(kind="client", key=client_id[:40])
    return client


def client_by_number(session: Session, number: int, *, organisation_id: int) -> ApiClient:
    """Return a client of an organisation.

    Raises
    ------
    NotFound
        When there is none, or it is another's; the two are never told apart.
    """
    client = session.get(ApiClient, number)
    if client is None or client.organisation_id != organisation_id:
        raise NotFound(kind="client", key=str(number))
    return client


def clients_of(
    session: Session, organisation_id: int | None = None, *, first: int = 100, before_id: int | None = None
) -> list[ApiClient]:
    """Return the clients of an organisation, or of all, newest first."""
    wanted = select(ApiClient).order_by(col(ApiClient.id).desc()).limit(first)
    if organisation_id is not None:
        wanted = wanted.where(ApiClient.organisation_id == organisation_id)
    return list(session.exec(wanted if before_id is None else wanted.where(col(ApiClient.id) < before_id)))


def credentials_of(session: Session, clients: list[int]) -> dict[int, list[ClientCredential]]:
    """Return the secrets and keys of clients, dead ones too, oldest first, by the number of the client."""
    found: dict[int, list[ClientCredential]] = {number: [] for number in clients}
    wanted = select(ClientCredential).where(col(ClientCredential.client_id).in_(clients))
    for credential in session.exec(wanted.order_by(col(ClientCredential.id))):
        found[credential.client_id].append(credential)
    return found


def _write(session: Session, kind: str, client: ApiClient, *, actor: str, now: datetime, detail: str = "") -> None:
    holder = f"organisation:{client.organisation_id}"
    write_event(session, kind, f"client:{client.id}", actor=actor, now=now, holder=holder, detail=detail)
