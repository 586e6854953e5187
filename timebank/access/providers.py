"""Providers of persons (OpenID Connect): whose tokens are taken, by which keys, and how their keys are kept.

``TIMEBANK_PROVIDERS`` names a TOML file with a table for each. Keys are fetched when a token names one that is not
known, but no more often than once a minute, whatever tokens come; while a provider does not answer, the known ones hold
for a day.
"""

import json
import logging
import os
import threading
import tomllib
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from joserfc.jwk import Key
from typing_extensions import override

from timebank.access.jwts import ALGORITHMS, Said, check_times, check_words, public_key, text_of, verify
from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase
from timebank.people.tokens import SCOPES, TokenRefused, check_scopes

LOG = logging.getLogger("timebank.access")
KEPT = timedelta(hours=1)
"""How long keys are used before they are read anew."""
KEPT_WITHOUT = timedelta(days=1)
"""How long they are used while the provider does not answer."""
FLOOR = timedelta(minutes=1)
"""Least time between two fetches, whatever tokens come."""
FETCH_S = 5
MOST_BYTES = 256 * 1024
MOST_KEYS = 100
LOOPBACK = ("127.0.0.1", "::1", "localhost")
NEEDED = ("issuer", "audience", "keys")
KNOWN = {*NEEDED, "algorithms", "scopes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Whose tokens are taken: ``issuer`` and ``audience`` as they stand in them, ``keys`` as an address or a file."""

    issuer: str
    audience: str
    keys: str
    algorithms: tuple[str, ...] = ALGORITHMS
    scopes: frozenset[str] = SCOPES


class Subject(NamedTuple):
    """Whom a provider means, and what a token of it opens."""

    issuer: str
    subject: str
    scopes: frozenset[str]


def providers_in_force() -> tuple[Provider, ...]:
    """Return the providers of the file that the environment names; none where nothing is said.

    Raises
    ------
    WrongInput
        When the file cannot be read, or says what cannot be.
    """
    path = os.environ.get("TIMEBANK_PROVIDERS", "")
    return read_providers(Path(path)) if path else ()


def read_providers(path: Path) -> tuple[Provider, ...]:
    """Read a file of providers.

    Raises
    ------
    WrongInput
        When it cannot be read, lacks a part, or says one that is unknown.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("provider", [])
    except (OSError, ValueError) as fault:
        raise _wrong(str(path)) from fault
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise _wrong(str(path))
    found = tuple(_provider(table, path) for table in tables)
    if not found or len({provider.issuer for provider in found}) != len(found):
        raise _wrong(str(path))
    return found


def _wrong(value: str) -> WrongInput:
    return WrongInput(field="TIMEBANK_PROVIDERS", value=value[-80:], right=Phrase("right_providers"))


def _provider(table: dict[str, Any], path: Path) -> Provider:
    if not set(NEEDED) <= set(table) <= KNOWN or not all(isinstance(table[name], str) for name in NEEDED):
        raise _wrong(", ".join(sorted(map(str, table))))
    algorithms = tuple(map(str, table.get("algorithms", ALGORITHMS)))
    if not algorithms or not set(algorithms) <= set(ALGORITHMS):
        raise _wrong(", ".join(algorithms))
    scopes = frozenset(map(str, table.get("scopes", SCOPES)))
    check_scopes(scopes)
    keys = table["keys"]
    where = urlsplit(keys)
    if where.scheme == "https" or (where.scheme == "http" and where.hostname in LOOPBACK):
        keys = str(keys)
    elif "://" in keys:
        raise _wrong(keys)
    else:
        keys = str(path.parent / keys)
    return Provider(issuer=table["issuer"], audience=table["audience"], keys=keys, algorithms=algorithms, scopes=scopes)


class _NoTurning(urllib.request.HTTPRedirectHandler):
    """Keys come from the address that was configured, not from where it points to."""

    @override
    def redirect_request(self, *_: Any) -> None:
        """Refuse to go elsewhere."""


def _fetched(where: str) -> bytes:
    if "://" not in where:
        return Path(where).read_bytes()[:MOST_BYTES]
    opener = urllib.request.build_opener(_NoTurning)
    with opener.open(where, timeout=FETCH_S) as answer:
        content: bytes = answer.read(MOST_BYTES + 1)
    return content


def _keys(content: bytes) -> dict[str, Key]:
    """Read a set of keys; those that are none of ours are passed over, and so is one that is for encrypting."""
    said = json.loads(content)
    tables = said.get("keys") if isinstance(said, dict) else None
    if not isinstance(tables, list):
        raise ValueError("It is no set of keys.")  # noqa: TRY004  # what was read is wrong, not how we were called
    found: dict[str, Key] = {}
    for table in tables[:MOST_KEYS]:
        if not isinstance(table, dict) or table.get("use", "sig") != "sig":
            continue
        try:
            found[str(table.get("kid", ""))] = public_key(table)
        except ValueError:
            continue
    return found


@dataclass(slots=True)
class KeyCache:
    """The keys of a provider, as they were read last; shared by the threads of a process."""

    where: str
    fetch: Callable[[str], bytes] = _fetched
    keys: dict[str, Key] = field(default_factory=dict)
    read_at: datetime | None = None
    tried_at: datetime | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def key(self, key_id: str, *, now: datetime) -> Key:
        """Return a key by its number; without one, the only key there is.

        Raises
        ------
        TokenRefused
            When there is none, and it is not yet time to look again.
        """
        found = self._known(key_id, now)
        is_fresh = self.read_at is not None and now - self.read_at < KEPT
        if (found is None or not is_fresh) and self.lock.acquire(blocking=found is None):
            try:
                self._renew(key_id, now)
            finally:
                self.lock.release()
            found = self._known(key_id, now)
        if found is None:
            raise TokenRefused(flaw="key")
        return found

    def _known(self, key_id: str, now: datetime) -> Key | None:
        keys = self.keys
        if self.read_at is None or now - self.read_at >= KEPT_WITHOUT:
            return None
        return keys.get(key_id) if key_id else next(iter(keys.values()), None) if len(keys) == 1 else None

    def _renew(self, key_id: str, now: datetime) -> None:
        """Read the keys, unless another thread just did or it is too soon."""
        is_fresh = self.read_at is not None and now - self.read_at < KEPT and self._known(key_id, now) is not None
        if is_fresh or (self.tried_at is not None and now - self.tried_at < FLOOR):
            return
        self.tried_at = now
        try:
            self.keys, self.read_at = _keys(self.fetch(self.where)), now
        except (OSError, ValueError, HTTPException, RecursionError) as fault:
            LOG.warning("the keys of %s cannot be read: %s", self.where, type(fault).__name__)


class Providers:
    """All providers of a process, each with its keys."""

    def __init__(self, providers: tuple[Provider, ...]) -> None:
        self.by_issuer = {provider.issuer: (provider, KeyCache(provider.keys)) for provider in providers}

    def __contains__(self, issuer: object) -> bool:
        return isinstance(issuer, str) and issuer in self.by_issuer

    def subject(self, token: str, said: Said, *, now: datetime) -> Subject:
        """Return whom a token means.

        Raises
        ------
        TokenRefused
            When the provider did not sign it, or not for us, or not for now.
        """
        issuer = text_of(said.claims, "iss")
        if issuer not in self:
            raise TokenRefused(flaw="issuer")
        provider, cache = self.by_issuer[issuer]
        if said.header["alg"] not in provider.algorithms:
            raise TokenRefused(flaw="algorithm")
        claims = verify(token, cache.key(said.key_id, now=now), provider.algorithms)
        check_words(claims, issuer=issuer, audiences=(provider.audience,))
        if "iat" not in claims:
            raise TokenRefused(flaw="claims")
        check_times(claims, now=now)
        return Subject(issuer, text_of(claims, "sub"), provider.scopes)
