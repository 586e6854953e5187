"""A volunteer's calendar under a secret address: the address is the key, so a wrong one is told nothing."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from timebank.core.database import transaction
from timebank.core.errors import StoreUnavailable
from timebank.exchange.feeds import read_feed

HEADERS = {
    "cache-control": "private, max-age=900",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
}
LONGEST_SECRET = 200


def calendar_route(engine: Engine, clock: Callable[[], datetime]) -> Route:
    """Make the route over a migrated database."""

    def read(secret: str) -> bytes | None:
        with transaction(engine, read_only=True) as session:
            return read_feed(session, secret, now=clock())

    async def calendar(request: Request) -> Response:
        secret = request.path_params["secret"][:LONGEST_SECRET]
        try:
            content = await run_in_threadpool(read, secret)
        except StoreUnavailable:
            return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE, headers={"retry-after": "60"})
        if content is None:
            return Response(status_code=HTTPStatus.NOT_FOUND, headers={"cache-control": "no-store"})
        tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        asked = {part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")}
        if tag in asked:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=HEADERS | {"etag": tag})
        return Response(content, headers=HEADERS | {"etag": tag}, media_type="text/calendar; charset=utf-8")

    return Route("/calendar/{secret:str}.ics", calendar, methods=["GET"])
