"""Where tokens are given (OAuth 2.1), and where it stands by which keys they are checked.

What is read is bounded, and so is how often; no answer is kept by anyone between, but for what is public.
"""

import base64
import binascii
import logging
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote_plus

import orjson
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from api.rate import Rate
from timebank.access.entrance import Entrance
from timebank.access.grants import BY_CLIENT, BY_CODE, Asked, Given, endpoint, give_token
from timebank.access.jwts import ALGORITHMS
from timebank.access.keys import KEPT_BY_OTHERS, current_key, published_keys
from timebank.access.refusals import GrantRefused
from timebank.core.database import transaction
from timebank.core.errors import StoreUnavailable
from timebank.core.retries import in_transaction
from timebank.core.texts import say
from timebank.people.tokens import SCOPES, TokenRefused

LOG = logging.getLogger("timebank.api")
FORM_TYPE = "application/x-www-form-urlencoded"
MOST_BODY_BYTES = 16 * 1024
MOST_FIELDS = 20
MOST_AT_ONCE, MOST_A_SECOND = 60, 20
"""Tokens that are asked for at once, and how many more each second, by all together in one process."""
NOT_KEPT = {"cache-control": "no-store", "pragma": "no-cache", "x-content-type-options": "nosniff"}
NAMES = (
    "grant_type",
    "scope",
    "client_id",
    "client_assertion_type",
    "client_assertion",
    "login",
    "code",
    "subject_token",
)
STATUS_BY_ERROR = {"invalid_client": HTTPStatus.UNAUTHORIZED}
BUSY = "temporarily_unavailable"


class Form(NamedTuple):
    """What is asked, and the token of a provider that came with it, not looked at yet."""

    asked: Asked
    subject_token: str


def identity_routes(entrance: Entrance) -> list[Route]:
    """Make the endpoints beside an entrance, over its database."""
    engine, clock, url = entrance.engine, entrance.clock, entrance.url
    rate = Rate(clock, MOST_AT_ONCE, MOST_A_SECOND)

    async def token(request: Request) -> Response:
        if not rate.take():
            return _refused(GrantRefused(error=BUSY, flaw="often"), HTTPStatus.TOO_MANY_REQUESTS)
        try:
            asked = await _asked(request)
            given = await run_in_threadpool(_decided, entrance, asked)
        except GrantRefused as refusal:
            return _refused(refusal)
        except ClientDisconnect:
            return Response(status_code=HTTPStatus.BAD_REQUEST)
        except StoreUnavailable:
            return _refused(GrantRefused(error=BUSY, flaw="busy"), HTTPStatus.SERVICE_UNAVAILABLE)
        return _refused(given) if isinstance(given, GrantRefused) else _given(given)

    async def keys(_request: Request) -> Response:
        try:
            found = await run_in_threadpool(_published, engine, clock())
        except StoreUnavailable:
            return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE, headers={"retry-after": "5"})
        return _public({"keys": found}, "application/jwk-set+json")

    async def metadata(_request: Request) -> Response:
        return _public(_told(url), "application/json")

    return [
        Route("/oauth/token", token, methods=["POST"]),
        Route("/.well-known/jwks.json", keys),
        Route("/.well-known/oauth-authorization-server", metadata),
    ]


def _decided(entrance: Entrance, asked: Form) -> Given | GrantRefused:
    """Decide in one transaction; a provider's token is looked at before it, for that may ask the provider."""
    subject = None
    if asked.subject_token:
        try:
            subject = entrance.subject(asked.subject_token)
        except TokenRefused as refused:
            return GrantRefused(error="invalid_grant", flaw=refused.flaw)
    whole, now = replace(asked.asked, subject=subject), entrance.clock()
    return in_transaction(entrance.engine, lambda session: give_token(session, whole, url=entrance.url, now=now))


def _told(url: str) -> dict[str, Any]:
    """Tell what can be asked here (RFC 8414)."""
    return {
        "issuer": url,
        "token_endpoint": endpoint(url),
        "jwks_uri": f"{url}/.well-known/jwks.json",
        "response_types_supported": [],
        "grant_types_supported": [BY_CLIENT, BY_CODE],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "scopes_supported": sorted(SCOPES),
    }


def _published(engine: Engine, now: datetime) -> list[dict[str, str]]:
    """Return the public keys; makes the first ones, so that whoever asks early finds them."""
    with transaction(engine, read_only=True) as session:
        found = published_keys(session, now=now)
    if found:
        return found

    def begin(session: Any) -> list[dict[str, str]]:
        current_key(session, now=now)
        return published_keys(session, now=now)

    return in_transaction(engine, begin)


def _public(said: dict[str, Any], media: str) -> Response:
    kept = {"cache-control": f"public, max-age={int(KEPT_BY_OTHERS.total_seconds())}"}
    return Response(orjson.dumps(said), headers=kept | {"x-content-type-options": "nosniff"}, media_type=media)


def _given(given: Given) -> Response:
    said = {
        "access_token": given.token,
        "token_type": "Bearer",
        "expires_in": int(given.life.total_seconds()),
        "scope": " ".join(sorted(given.scopes)),
    }
    return Response(orjson.dumps(said), headers=NOT_KEPT, media_type="application/json")


def _refused(refusal: GrantRefused, status: int | None = None) -> Response:
    """Say no in the words of RFC 6749; they are English, for its fields hold nothing else."""
    status = status or STATUS_BY_ERROR.get(refusal.error, HTTPStatus.BAD_REQUEST)
    headers = dict(NOT_KEPT)
    if status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = 'Basic realm="timebank", charset="UTF-8"'
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        headers["retry-after"] = "1"
    if refusal.error in ("invalid_client", "invalid_grant"):
        LOG.warning("a token was not given: %s, %s", refusal.error, refusal.flaw)
    said = {"error": refusal.error, "error_description": say(f"flaw_{refusal.flaw}", "en")}
    return Response(orjson.dumps(said), status, headers, media_type="application/json")


async def _asked(request: Request) -> Form:
    """Read what is asked, up to its bounds.

    Raises
    ------
    GrantRefused
        For what is no form, is too large, or says something twice.
    """
    fields = await _form(request)
    said = {name: fields.get(name, [""]) for name in NAMES}
    if any(len(values) > 1 for values in said.values()) or "client_secret" in fields:
        raise GrantRefused(error="invalid_request", flaw="form")
    grant, scope, client_id, kind, assertion, login, code, subject_token = (values[0] for values in said.values())
    asked = Asked(
        grant=grant,
        scope=scope,
        client_id=client_id,
        basic=_basic(request.headers.get("authorization", "")),
        assertion_type=kind,
        assertion=assertion,
        login=login,
        code=code,
    )
    return Form(asked, subject_token)


async def _form(request: Request) -> dict[str, list[str]]:
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != FORM_TYPE:
        raise GrantRefused(error="invalid_request", flaw="form")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BODY_BYTES:
            raise GrantRefused(error="invalid_request", flaw="size")
    try:
        text = body.decode("utf-8")
        fields = parse_qs(text, max_num_fields=MOST_FIELDS, strict_parsing=bool(text), errors="strict")
    except ValueError as fault:
        raise GrantRefused(error="invalid_request", flaw="form") from fault
    if any("\x00" in value for values in fields.values() for value in values):
        raise GrantRefused(error="invalid_request", flaw="form")
    return fields


def _basic(header: str) -> tuple[str, str] | None:
    """Read name and secret of a client, each written as in a form (RFC 6749, 2.3.1); nothing without such a header."""
    kind, _, coded = header.partition(" ")
    if not kind:
        return None
    try:
        said = base64.b64decode(coded.strip(), validate=True).decode("utf-8")
    except (ValueError, binascii.Error):
        said = ""
    name, found, secret = said.partition(":")
    if kind.lower() != "basic" or not found:
        raise GrantRefused(error="invalid_client", flaw="no_client")
    return unquote_plus(name), unquote_plus(secret)
