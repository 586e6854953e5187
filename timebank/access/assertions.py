"""Assertions: a client signs who it is, for us alone, for minutes, and once (RFC 7523)."""

import hashlib
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from sqlmodel import Session

from timebank.access.jwts import LEEWAY, check_times, check_words, look_into, public_key, text_of, verify
from timebank.access.tables import AssertionSeen, ClientCredential
from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip
from timebank.people.tokens import TokenRefused

SEEN = table_of(AssertionSeen)
LONGEST_LIFE = timedelta(minutes=5)
Keys = Callable[[str], list[tuple[ClientCredential, dict[str, str]]]]


def check_assertion(
    session: Session, assertion: str, keys: Keys, *, audiences: Collection[str], now: datetime
) -> ClientCredential:
    """Return the key of a client that signed an assertion, which is then used up.

    Parameters
    ----------
    keys
        Gives the living keys of a client by its public name; none for one that is unknown or revoked.

    Raises
    ------
    TokenRefused
        When nobody signed it, it is for somebody else, past its end or longer than minutes, or was here before.
    """
    said = look_into(assertion, kinds=("", "jwt", "client-authentication+jwt"))
    name = text_of(said.claims, "iss")
    credential = _signer(assertion, said.key_id, keys(name))
    check_words(said.claims, issuer=text_of(said.claims, "sub"), audiences=audiences)
    ends = check_times(said.claims, now=now, longest=LONGEST_LIFE)
    number = text_of(said.claims, "jti")
    _use_up(session, credential.client_id, number, ends + LEEWAY)
    return credential


def _signer(assertion: str, key_id: str, known: list[tuple[ClientCredential, dict[str, str]]]) -> ClientCredential:
    for credential, parts in known:
        if key_id not in ("", credential.shown):
            continue
        try:
            verify(assertion, public_key(parts))
        except TokenRefused:
            continue
        return credential
    raise TokenRefused(flaw="client")


def _use_up(session: Session, client: int, number: str, until: datetime) -> None:
    """Keep the number of an assertion until it is dead; of two who bring it at once, one is first."""
    connection = session.connection()
    row = {"client_id": client, "jti_digest": hashlib.sha256(number.encode()).digest(), "expires_at": until}
    keep = insert_or_skip(connection, SEEN).values(**row).on_conflict_do_nothing().returning(SEEN.c.client_id)
    if connection.execute(keep).first() is None:
        raise TokenRefused(flaw="replayed")
