"""GraphQL over HTTP: read a bounded request, know who asks, run it in a thread with one transaction, answer."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import orjson
from graphql import GraphQLError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.types import ExecutionResult

from api.answers import Answer, Voice
from api.context import Context
from api.guard import DocumentTooLarge, Read, read_document
from api.negotiation import JSON_TYPE, locale_of, media_of
from api.requests import Asked, BadRequest, read_request
from api.schema import SCHEMA
from timebank.core.database import transaction
from timebank.core.errors import StoreDiffers, StoreUnavailable
from timebank.core.retries import retried
from timebank.people.tokens import Holder, holder_of

LONGEST_TOKEN = 200
TRIES = 3
"""How often an operation is done before its asker is told to come again."""
HEADERS = {"vary": "Accept, Accept-Language", "cache-control": "no-store", "x-content-type-options": "nosniff"}
HEADERS_BY_STATUS = {401: {"www-authenticate": "Bearer"}, 405: {"allow": "GET, POST"}, 503: {"retry-after": "5"}}


class _TakenBack(Exception):
    """Carries the result of a mutation that met an error out of its transaction, which is rolled back."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        self.errors = errors
        super().__init__("the operation met an error")


@dataclass(frozen=True, slots=True)
class GraphQL:
    """The one endpoint; ``clock`` gives the moment, so that a test may set it."""

    engine: Engine
    clock: Callable[[], datetime]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        voice = Voice(locale_of(request.headers.get("accept-language", "")))
        media = media_of(request.headers.get("accept", ""))
        try:
            answer = await self._answer(request, voice, is_accepted=media is not None)
        except ClientDisconnect:
            return
        except Exception as cause:  # noqa: BLE001  # whatever happens, its words stay inside
            answer = Answer(status=500, body={"errors": [voice.broken(cause)]})
        await _response(answer, voice, media or JSON_TYPE)(scope, receive, send)

    async def _answer(self, request: Request, voice: Voice, *, is_accepted: bool) -> Answer:
        if not is_accepted:
            return voice.failed(406, "BadRequest", "bad_accept")
        try:
            asked = await read_request(request)
        except BadRequest as wrong:
            return voice.failed(wrong.status, "BadRequest", wrong.key, **wrong.values)
        token = request.headers.get("authorization", "")
        return await asyncio.to_thread(self.answer, asked, token, voice, is_get=request.method == "GET")

    def answer(self, asked: Asked, token: str, voice: Voice, *, is_get: bool) -> Answer:
        """Answer in the calling thread."""
        try:
            holder = self._holder(token)
            if holder is None:
                return voice.failed(401, "TokenMissing")
            read = read_document(asked.query, asked.variables, asked.operation_name)
            if is_get and not read.is_query:
                return voice.failed(405, "BadRequest", "bad_get")
            return voice.told(self._execute(asked, read, holder, voice))
        except DocumentTooLarge as refusal:
            return Answer(status=400, body={"errors": [voice.refused(refusal)]}, is_of_document=True)
        except GraphQLError as wrong:
            return voice.told(ExecutionResult(data=None, errors=[wrong]))
        except StoreDiffers:
            raise  # trying again would not help
        except StoreUnavailable as fault:
            voice.log(fault)
            return voice.failed(503, "Busy")

    def _holder(self, header: str) -> Holder | None:
        kind, _, plain = header.partition(" ")
        if kind.lower() != "bearer" or len(plain) > LONGEST_TOKEN:
            return None
        with transaction(self.engine, read_only=True) as session:
            return holder_of(session, plain.strip(), now=self.clock())

    def _execute(self, asked: Asked, read: Read, holder: Holder, voice: Voice) -> ExecutionResult:
        """Run one operation in one transaction, and again when it lost against others who were at the same rows."""
        return retried(lambda: self._execute_once(asked, read, holder, voice), tries=TRIES)

    def _execute_once(self, asked: Asked, read: Read, holder: Holder, voice: Voice) -> ExecutionResult:
        """Run one operation in one transaction; a mutation that met an error leaves nothing behind.

        A fault of the database is raised as such, so that the transaction says what it means.
        """
        try:
            with transaction(self.engine, read_only=read.is_query) as session:
                result = SCHEMA.execute_sync(
                    asked.query,
                    variable_values=asked.variables,
                    operation_name=asked.operation_name,
                    context_value=Context(session, holder, self.clock(), voice.locale, read.document),
                )
                _raise_store_fault(result)
                if not read.is_query:
                    _take_back_if_wrong(result)
                return result
        except _TakenBack as taken:
            return ExecutionResult(data=None, errors=taken.errors)


def _raise_store_fault(result: ExecutionResult) -> None:
    for error in result.errors or ():
        if isinstance(error.original_error, SQLAlchemyError):
            raise error.original_error


def _take_back_if_wrong(result: ExecutionResult) -> None:
    if result.errors:
        raise _TakenBack(result.errors)


def _response(answer: Answer, voice: Voice, media: str) -> Response:
    status = 200 if answer.is_of_document and media == JSON_TYPE else answer.status
    headers = HEADERS | HEADERS_BY_STATUS.get(status, {}) | {"x-request-id": voice.request_id}
    return Response(orjson.dumps(answer.body), status, headers, media_type=f"{media}; charset=utf-8")
