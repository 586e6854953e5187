"""Tokens for clients and for persons with a code: who asks shows who they are, and gets a token for a short time."""

import hmac
import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from timebank.access.assertions import check_assertion
from timebank.access.codes import person_of_code
from timebank.access.jwts import sign
from timebank.access.keys import TOKEN_LIFE, current_key
from timebank.access.links import link_subject
from timebank.access.providers import Subject
from timebank.access.refusals import GrantRefused, SubjectTaken
from timebank.access.tables import ApiClient, ClientCredential
from timebank.core.key_pairs import private_half
from timebank.people.access_events import write_event
from timebank.people.tokens import SCOPES, TokenRefused, digest_of, is_well_formed, make_token

BY_CLIENT = "client_credentials"
BY_CODE = "urn:hu-help:params:oauth:grant-type:one-time-code"
SIGNED_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
PERSON_LIFE = timedelta(hours=1)
"""How long the token lives that a person gets for a code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked at the token endpoint; what was not sent is empty.

    ``basic`` are name and secret of the header; ``subject`` is whom a provider's token means that came with a code, and
    is to be linked to the code's person.
    """

    grant: str
    scope: str = ""
    client_id: str = ""
    basic: tuple[str, str] | None = None
    assertion_type: str = ""
    assertion: str = ""
    login: str = ""
    code: str = ""
    subject: Subject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A token, what it opens, and how long it lives."""

    token: str
    scopes: Collection[str]
    life: timedelta


def give_token(session: Session, asked: Asked, *, url: str, now: datetime) -> Given | GrantRefused:
    """Give a token, or say why there is none.

    The refusal is returned and not raised: what was counted on the way (a try of a code, an assertion that was used)
    is to be kept.

    Parameters
    ----------
    url
        The public address of the API: the issuer of tokens, and what assertions are made for.
    """
    grants = {BY_CLIENT: _to_client, BY_CODE: _to_person}
    give = grants.get(asked.grant)
    if give is None:
        return GrantRefused(error="unsupported_grant_type" if asked.grant else "invalid_request", flaw="grant")
    try:
        return give(session, asked, url, now)
    except GrantRefused as refused:
        return refused


def audience(url: str) -> str:
    """Return what tokens of ours are good for."""
    return f"{url}/graphql"


def endpoint(url: str) -> str:
    """Return where tokens are given."""
    return f"{url}/oauth/token"


def _to_client(session: Session, asked: Asked, url: str, now: datetime) -> Given:
    client, credential = _authenticated(session, asked, url, now)
    allowed = frozenset(client.scopes.split())
    scopes = _scopes(asked.scope, allowed)
    key = current_key(session, now=now)
    number = secrets.token_urlsafe(16)
    claims = {
        "iss": url,
        "aud": audience(url),
        "sub": client.client_id,
        "client_id": client.client_id,
        "iat": int(now.timestamp()),
        "exp": int((now + TOKEN_LIFE).timestamp()),
        "jti": number,
        "scope": " ".join(sorted(scopes)),
        "credential": credential.id,
    }
    token = sign(private_half(key.private_key or ""), key.key_id, claims)
    credential.last_used_at = now
    holder = f"organisation:{client.organisation_id}"
    detail = f"{number} {credential.shown} {claims['scope']}"
    about = f"client:{client.id}"
    write_event(session, "token_given", about, actor=about, now=now, holder=holder, detail=detail)
    return Given(token=token, scopes=scopes, life=TOKEN_LIFE)


def _to_person(session: Session, asked: Asked, _url: str, now: datetime) -> Given:
    found = person_of_code(session, asked.login, asked.code, now=now)
    scopes = _scopes(asked.scope, SCOPES)
    if asked.subject is not None:
        _link(session, found.person_id, asked.subject, now)
    issued = make_token(
        session,
        scopes=scopes,
        now=now,
        life=PERSON_LIFE,
        person_id=found.person_id,
        name="one-time code",
        made_by=f"code:{found.code_id}",
    )
    return Given(token=issued.plain, scopes=scopes, life=PERSON_LIFE)


def _link(session: Session, person_id: int, subject: Subject, now: datetime) -> None:
    """Link the account of a provider to who showed a code: the code says who they are, the token that it is theirs."""
    actor = f"person:{person_id}"
    try:
        link_subject(session, person_id, issuer=subject.issuer, subject=subject.subject, actor=actor, now=now)
    except SubjectTaken as refused:
        raise GrantRefused(error="invalid_grant", flaw="subject_taken") from refused


def _scopes(asked: str, allowed: frozenset[str]) -> frozenset[str]:
    """Return what is asked for, or all that is allowed when nothing is said."""
    wanted = frozenset(asked.split())
    if not wanted <= allowed:
        raise GrantRefused(error="invalid_scope", flaw="scope")
    return wanted or allowed


def _authenticated(session: Session, asked: Asked, url: str, now: datetime) -> tuple[ApiClient, ClientCredential]:
    if asked.basic is not None and asked.assertion:
        raise GrantRefused(error="invalid_request", flaw="two_ways")
    if asked.basic is not None:
        found = _by_secret(session, *asked.basic, now=now)
    elif asked.assertion and asked.assertion_type == SIGNED_ASSERTION:
        found = _by_assertion(session, asked.assertion, url, now)
    else:
        raise GrantRefused(error="invalid_client", flaw="no_client")
    if asked.client_id not in ("", found[0].client_id):
        raise GrantRefused(error="invalid_request", flaw="two_clients")
    return found


def _by_secret(session: Session, name: str, secret: str, *, now: datetime) -> tuple[ApiClient, ClientCredential]:
    unknown = GrantRefused(error="invalid_client", flaw="client")
    if not is_well_formed(secret, "hhts"):
        raise unknown
    wanted = select(ApiClient, ClientCredential).where(
        ClientCredential.client_id == ApiClient.id, ClientCredential.digest == digest_of(secret)
    )
    found = session.exec(wanted).first()
    if found is None or not hmac.compare_digest(found[0].client_id.encode(), name.encode()):
        raise unknown
    if not _is_alive(*found, now):
        raise unknown
    return found[0], found[1]


def _by_assertion(session: Session, assertion: str, url: str, now: datetime) -> tuple[ApiClient, ClientCredential]:
    def keys(client_id: str) -> list[tuple[ClientCredential, dict[str, str]]]:
        wanted = select(ApiClient, ClientCredential).where(
            ApiClient.client_id == client_id,
            ClientCredential.client_id == ApiClient.id,
            ClientCredential.way == "key",
            col(ClientCredential.revoked_at).is_(None),
        )
        return [
            (credential, json.loads(credential.public_key or "{}"))
            for client, credential in session.exec(wanted)
            if _is_alive(client, credential, now)
        ]

    try:
        credential = check_assertion(session, assertion, keys, audiences=(url, endpoint(url)), now=now)
    except TokenRefused as refused:
        raise GrantRefused(error="invalid_client", flaw=refused.flaw) from refused
    return session.get_one(ApiClient, credential.client_id), credential


def _is_alive(client: ApiClient, credential: ClientCredential, now: datetime) -> bool:
    return client.revoked_at is None and credential.revoked_at is None and credential.expires_at > now
