"""GraphQL over HTTP: read a bounded request, know who asks, run it in a thread with one transaction, answer."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson
from graphql import GraphQLError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.types import ExecutionResult

from api.answers import Answer, Voice
from api.bucket import Buckets, State
from api.context import Context
from api.cost import points, spent_tenths
from api.documents import Documents, Read
from api.guard import DocumentTooLarge
from api.limits import Limits
from api.negotiation import JSON_TYPE, locale_of, media_of
from api.requests import Asked, BadRequest, read_request
from api.schema import SCHEMA
from api.trusted import DocumentNotTrusted, DocumentUnknown
from timebank.access.entrance import Entrance
from timebank.access.jwts import LONGEST as LONGEST_TOKEN
from timebank.core.database import transaction
from timebank.core.deadlines import Deadline, held_to
from timebank.core.errors import StoreDiffers, StoreTimeout, StoreUnavailable
from timebank.core.retries import retried
from timebank.core.texts import Phrase
from timebank.people.tokens import Holder, TokenRefused

TRIES = 3
"""How often an operation is done before its asker is told to come again."""
PATIENCE_S = 0.25
"""How long an operation lasts before somebody looks whether its asker is still there."""
LOOK_S = 0.1
DOCUMENTS = Documents(SCHEMA._schema)  # noqa: SLF001  # the library shows its types by no other name
HEADERS: dict[str, str] = {
    "vary": "Accept, Accept-Language",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
}
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
    entrance: Entrance
    limits: Limits = field(default_factory=Limits)
    buckets: Buckets = field(init=False)

    def __post_init__(self) -> None:
        """Open the buckets."""
        object.__setattr__(self, "buckets", Buckets(self.engine, self.limits.bucket))

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
        if self.entrance.uses.waiting:  # after the answer: nobody waits for it
            await asyncio.to_thread(self.entrance.uses.write, self.engine)

    async def _answer(self, request: Request, voice: Voice, *, is_accepted: bool) -> Answer:
        if not is_accepted:
            return voice.failed(406, "BadRequest", "bad_accept")
        try:
            asked = await read_request(request)
        except BadRequest as wrong:
            return voice.failed(wrong.status, "BadRequest", wrong.key, **wrong.values)
        token = request.headers.get("authorization", "")
        deadline = Deadline(self.limits.longest_s)
        work = asyncio.ensure_future(
            asyncio.to_thread(self.answer, asked, token, voice, is_get=request.method == "GET", deadline=deadline)
        )
        done, _ = await asyncio.wait({work}, timeout=PATIENCE_S)
        if not done:
            await _watch(work, request, deadline)
        return await work

    def answer(
        self, asked: Asked, token: str, voice: Voice, *, is_get: bool, deadline: Deadline | None = None
    ) -> Answer:
        """Answer in the calling thread."""
        deadline = deadline or Deadline(self.limits.longest_s)
        try:
            holder = self._holder(token)
            query = self.limits.trusted.text(asked.query, asked.document_id)
            read = DOCUMENTS.read(query, asked.variables, asked.operation_name)
            if is_get and not read.is_query:
                return voice.failed(405, "BadRequest", "bad_get")
            return self._paid(replace(asked, query=query), read, holder, voice, deadline)
        except TokenRefused as refusal:
            return voice.not_let_in(refusal)
        except (DocumentTooLarge, DocumentUnknown, DocumentNotTrusted) as refusal:
            return Answer(status=400, body={"errors": [voice.refused(refusal)]}, is_of_document=True)
        except GraphQLError as wrong:
            return voice.told(ExecutionResult(data=None, errors=[wrong]))
        except StoreUnavailable as fault:
            return _without_store(fault, voice, deadline)

    def _paid(self, asked: Asked, read: Read, holder: Holder, voice: Voice, deadline: Deadline) -> Answer:
        """Take what an operation can cost, run it, and give back what it did not use."""
        state = self.buckets.take(holder, read.cost)
        if not state.is_granted:
            return _with_cost(voice.throttled(state), state)
        used = 1  # what fails has been looked at all the same
        try:
            faults = DOCUMENTS.faults(read)
            if faults:
                answer = voice.told(ExecutionResult(data=None, errors=faults))
            else:
                result = self._execute(asked, read, holder, voice, deadline)
                used = points(spent_tenths(result.data, DOCUMENTS.bill(read)))
                answer = voice.told(result)
        except StoreTimeout:
            used = read.cost
            raise
        finally:
            state = self.buckets.settled(holder, state, used)
        return _with_cost(answer, state)

    def _holder(self, header: str) -> Holder:
        kind, _, plain = header.partition(" ")
        if kind.lower() != "bearer" or not plain.strip():
            raise TokenRefused(flaw="missing")
        if len(plain) > LONGEST_TOKEN:
            raise TokenRefused(flaw="unknown")
        return self.entrance.holder(plain.strip())

    def _execute(self, asked: Asked, read: Read, holder: Holder, voice: Voice, deadline: Deadline) -> ExecutionResult:
        """Run one operation in one transaction, and again when it lost against others who were at the same rows."""
        return retried(lambda: self._execute_once(asked, read, holder, voice, deadline), tries=TRIES)

    def _execute_once(
        self, asked: Asked, read: Read, holder: Holder, voice: Voice, deadline: Deadline
    ) -> ExecutionResult:
        """Run one operation in one transaction; a mutation that met an error leaves nothing behind.

        A fault of the database is raised as such, so that the transaction says what it means.
        """
        if deadline.is_over:
            raise StoreUnavailable(Phrase("store_locked"))  # its time went by while it waited for others
        try:
            with (
                transaction(self.engine, read_only=read.is_query, wait_s=deadline.left_s) as session,
                held_to(session, deadline),
            ):
                result = SCHEMA.execute_sync(
                    asked.query,
                    variable_values=asked.variables,
                    operation_name=asked.operation_name,
                    context_value=Context(session, holder, self.clock(), voice.locale, read.document),
                )
                _raise_store_fault(result)
                if deadline.is_over:
                    raise StoreTimeout(Phrase("store_timeout"))
                if not read.is_query:
                    _take_back_if_wrong(result)
                return result
        except _TakenBack as taken:
            return ExecutionResult(data=None, errors=taken.errors)


async def _watch(work: asyncio.Future[Answer], request: Request, deadline: Deadline) -> None:
    """Wait for work that lasts; call it off when its asker has gone, or when its time is over.

    It is called off again until it ends: between two statements there is nothing to be stopped.
    """
    gone: asyncio.Future[Any] = asyncio.ensure_future(request.receive())  # the body was read: what comes is the end
    both: set[asyncio.Future[Any]] = {work, gone}
    try:
        await asyncio.wait(both, timeout=deadline.left_s, return_when=asyncio.FIRST_COMPLETED)
        while not work.done():
            deadline.call_off()
            await asyncio.wait({work}, timeout=LOOK_S)
        if gone.done():
            raise ClientDisconnect
    finally:
        gone.cancel()


def _without_store(fault: StoreUnavailable, voice: Voice, deadline: Deadline) -> Answer:
    """Answer when the database failed, was busy, or was stopped; trying again does not help where it differs."""
    if isinstance(fault, StoreDiffers):
        raise fault
    voice.log(fault)
    if isinstance(fault, StoreTimeout):
        return voice.failed(504, "Timeout", seconds=round(deadline.seconds))
    return voice.failed(503, "Busy")


def _with_cost(answer: Answer, state: State) -> Answer:
    """Add to an answer what it cost, and what is left."""
    body = {**answer.body, "extensions": {"cost": state.shown()}}
    return replace(answer, body=body, headers=state.headers())


def _raise_store_fault(result: ExecutionResult) -> None:
    for error in result.errors or ():
        if isinstance(error.original_error, SQLAlchemyError):
            raise error.original_error


def _take_back_if_wrong(result: ExecutionResult) -> None:
    if result.errors:
        raise _TakenBack(result.errors)


def _response(answer: Answer, voice: Voice, media: str) -> Response:
    status = 200 if answer.is_of_document and media == JSON_TYPE else answer.status
    headers = HEADERS | HEADERS_BY_STATUS.get(status, {}) | dict(answer.headers) | {"x-request-id": voice.request_id}
    return Response(orjson.dumps(answer.body), status, headers, media_type=f"{media}; charset=utf-8")
