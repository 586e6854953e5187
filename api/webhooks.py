"""The door for signed messages of device platforms: bounded, checked, taken in one transaction, answered in words.

Status 200 says that the message is stored with all it caused, also when it was before: a sender that heard no answer
sends again and must not be told that something is wrong. 409 says that its id came with another body, 401 that the
signature or the clock is wrong, 404 that there is no such source, 400 that it is signed and says what cannot be. 503
is the one to try again.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

import orjson
from sqlalchemy import Engine
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from api.answers import Answer, Voice
from api.negotiation import JSON_TYPE, locale_of
from timebank.alarms.inbox import MOST_BODY_BYTES, Taken, take_message
from timebank.core.errors import KeyConflict, NotFound, Refusal, StoreDiffers, StoreUnavailable
from timebank.core.retries import in_transaction
from timebank.core.signatures import ClockOff, SignatureWrong

HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
STATUS: dict[type[Refusal], int] = {NotFound: 404, SignatureWrong: 401, ClockOff: 401, KeyConflict: 409}
"""Status of a refusal; any other is 400."""


def webhook_route(engine: Engine, clock: Callable[[], datetime]) -> Route:
    """Make the route over a migrated database."""

    async def take(request: Request) -> Response:
        voice = Voice(locale_of(request.headers.get("accept-language", "")))
        try:
            answer = await _answer(request, voice)
        except ClientDisconnect:
            return Response(status_code=400)
        except StoreDiffers as fault:
            answer = _broken(voice, fault)
        except StoreUnavailable as fault:
            voice.log(fault)
            answer = voice.failed(503, "Busy")
        except Exception as fault:  # noqa: BLE001  # whatever happens, its words stay inside
            answer = _broken(voice, fault)
        headers = HEADERS | {"x-request-id": voice.request_id} | ({"retry-after": "5"} if answer.status == 503 else {})
        return Response(orjson.dumps(answer.body), answer.status, headers, media_type=JSON_TYPE)

    async def _answer(request: Request, voice: Voice) -> Answer:
        body = await _body(request)
        if body is None:
            return voice.failed(413, "BadRequest", "bad_size", most=MOST_BODY_BYTES)
        source, headers = request.path_params["source"], dict(request.headers)
        try:
            taken = await asyncio.to_thread(
                in_transaction, engine, lambda session: take_message(session, source, headers, body, now=clock())
            )
        except Refusal as refusal:
            return Answer(status=STATUS.get(type(refusal), 400), body={"errors": [voice.refused(refusal)]})
        return Answer(status=200, body=_told(taken))

    return Route("/webhooks/{source}", take, methods=["POST"])


def _told(taken: Taken) -> dict[str, object]:
    return {"taken": True, "isNew": taken.is_new, "caused": taken.caused}


def _broken(voice: Voice, fault: Exception) -> Answer:
    return Answer(status=500, body={"errors": [voice.broken(fault)]})


async def _body(request: Request) -> bytes | None:
    """Read the body up to its bound, and no byte more; nothing for one that passes it."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BODY_BYTES:
            return None
    return body
