"""GraphQL over HTTP: read a bounded request, know who asks, run it in a thread with one transaction, answer."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from graphql import GraphQLError
from sqlalchemy import Engine
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from api.answers import Answer, fault
from api.context import Context
from api.guard import MOST_BYTES, DocumentTooLarge, is_read_only, read_document
from api.schema import SCHEMA
from timebank.core.database import transaction
from timebank.core.errors import StoreUnavailable
from timebank.core.texts import Locale, say, say_refusal
from timebank.people.tokens import Holder, holder_of

MOST_BODY_BYTES = 128 * 1024
JSON_TYPE, ANSWER_TYPE = "application/json", "application/graphql-response+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request of GraphQL, read and bounded."""

    query: str
    variables: dict[str, Any] = field(default_factory=dict)
    operation_name: str | None = None


class BadRequest(Exception):
    """The request is not one of GraphQL over HTTP."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


class _TakeBack(Exception):
    """Carries the answer of a broken operation out of its transaction, which is rolled back."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__("the operation broke")


@dataclass(frozen=True, slots=True)
class GraphQL:
    """The one endpoint; ``clock`` gives the moment, so that a test may set it."""

    engine: Engine
    clock: Callable[[], datetime]

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        locale = _locale(request.headers.get("accept-language", ""))
        media = ANSWER_TYPE if ANSWER_TYPE in request.headers.get("accept", "") else JSON_TYPE
        try:
            asked = await _read(request)
        except BadRequest as wrong:
            return _respond(wrong.status, {"errors": [fault("BadRequest", str(wrong))]}, media)
        except ClientDisconnect:
            return Response(status_code=400)
        token = request.headers.get("authorization", "")
        is_get = request.method == "GET"
        status, body = await asyncio.to_thread(self.answer, asked, token, locale, is_get=is_get)
        if media == JSON_TYPE and status == 400:
            status = 200  # the older media type says what is wrong in the body alone
        return _respond(status, body, media)

    def answer(self, asked: Asked, token: str, locale: Locale, *, is_get: bool) -> tuple[int, dict[str, Any]]:
        """Answer in the calling thread; returns the status of HTTP and the body."""
        try:
            holder = self._holder(token)
            if holder is None:
                return 401, {"errors": [fault("TokenMissing", say("TokenMissing", locale))]}
            document = read_document(asked.query)
            reads = is_read_only(document, asked.operation_name)
            if is_get and not reads:
                return 405, {"errors": [fault("BadRequest", "A mutation is sent by POST.")]}
            answer = self._execute(asked, holder, locale, read_only=reads)
        except DocumentTooLarge as refusal:
            return 400, {"errors": [fault(refusal.code, say_refusal(refusal, locale))]}
        except GraphQLError as wrong:
            return 400, {"errors": [fault("BadRequest", wrong.message)]}
        except StoreUnavailable:
            return 503, {"errors": [fault("Busy", say("Busy", locale))]}
        body = answer.body()
        return (200 if "data" in body else 400), body

    def _holder(self, header: str) -> Holder | None:
        kind, _, plain = header.partition(" ")
        if kind.lower() != "bearer":
            return None
        with transaction(self.engine, read_only=True) as session:
            return holder_of(session, plain.strip(), now=self.clock())

    def _execute(self, asked: Asked, holder: Holder, locale: Locale, *, read_only: bool) -> Answer:
        """Run one operation in one transaction; one that broke leaves nothing behind."""
        try:
            with transaction(self.engine, read_only=read_only) as session:
                result = SCHEMA.execute_sync(
                    asked.query,
                    variable_values=asked.variables,
                    operation_name=asked.operation_name,
                    context_value=Context(session, holder, self.clock(), locale),
                )
                answer = Answer(result, locale)
                _take_back_if_broken(answer)
                return answer
        except _TakeBack as broken:
            broken.answer.data = None
            return broken.answer


def _take_back_if_broken(answer: Answer) -> None:
    if answer.is_broken:
        raise _TakeBack(answer)


def _locale(accepted: str) -> Locale:
    """Chinese, unless the first language that is accepted is English."""
    return "en" if accepted.strip().lower().startswith("en") else "zh"


def _respond(status: int, body: Mapping[str, Any], media: str) -> Response:
    headers = {"vary": "Accept, Accept-Language", "cache-control": "no-store"}
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    return Response(orjson.dumps(body), status, headers, media_type=f"{media}; charset=utf-8")


async def _read(request: Request) -> Asked:
    if request.method == "GET":
        asked: dict[str, Any] = dict(request.query_params)
        asked["variables"] = _json(asked.get("variables") or "null")
    else:
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != JSON_TYPE:
            raise BadRequest(415, f"Send the query as {JSON_TYPE}.")
        asked = _json(await _body(request))
    if not isinstance(asked, dict):
        raise BadRequest(400, "A request is one JSON object with a query; batches are not read.")
    return _asked(asked)


def _asked(asked: dict[str, Any]) -> Asked:
    query, variables, name = asked.get("query"), asked.get("variables"), asked.get("operationName")
    if not isinstance(query, str) or not query.strip():
        raise BadRequest(400, "The request needs a query.")
    if not isinstance(variables, dict | None) or not isinstance(name, str | None):
        raise BadRequest(400, "Variables are an object, operationName is a text.")
    if "\x00" in query or "\\u0000" in json.dumps(variables):
        raise BadRequest(400, "A text holds no NUL character.")
    return Asked(query=query, variables=variables or {}, operation_name=name or None)


def _json(text: str | bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as wrong:
        raise BadRequest(400, "The request is no JSON.") from wrong


async def _body(request: Request) -> bytes:
    """Read the body up to its bound, and no byte more."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BODY_BYTES:
            raise BadRequest(413, f"A request has at most {MOST_BODY_BYTES} bytes, and its query {MOST_BYTES}.")
        parts.append(part)
    return b"".join(parts)
