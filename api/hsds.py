"""The service directory for everyone, in the shape of the HSDS API: read only, public data, paged and bounded.

It is under ``/hsds``: ``/hsds/`` tells the version, ``/hsds/services`` and the others are lists, with an identifier
behind they are whole things.
"""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any

import orjson
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from timebank.core.database import transaction
from timebank.core.errors import StoreUnavailable
from timebank.exchange.hsds import VERSION, build_package
from timebank.exchange.hsds_views import LISTS, MOST_A_PAGE, USUAL_A_PAGE, WHOLE, page_of

LARGEST_PAGE_NUMBER = 1_000_000
HEADERS = {
    "cache-control": "public, max-age=60",
    "access-control-allow-origin": "*",  # nothing here is anybody's: a page elsewhere may read it
    "x-content-type-options": "nosniff",
}
PROFILE = "https://docs.openreferral.org/en/3.1/hsds/"


def hsds_routes(engine: Engine, clock: Callable[[], datetime]) -> Mount:
    """Make the routes over a migrated database."""

    def package() -> dict[str, list[dict[str, Any]]]:
        with transaction(engine, read_only=True) as session:
            return build_package(session, now=clock())

    async def about(_request: Request) -> Response:
        return _answer({"version": VERSION, "profile": PROFILE, "description": "沪助养老时光汇 服务目录"})

    async def listed(request: Request) -> Response:
        name = request.path_params["name"]
        bounds = [
            _number(request, "page", 1, LARGEST_PAGE_NUMBER),
            _number(request, "per_page", USUAL_A_PAGE, MOST_A_PAGE),
        ]
        if name not in LISTS:
            return _refused(HTTPStatus.NOT_FOUND, "there is no such list")
        if None in bounds:
            return _refused(HTTPStatus.BAD_REQUEST, f"page is from 1 on, per_page is 1 to {MOST_A_PAGE}")
        page, per_page = (bound or 1 for bound in bounds)
        found = await _read(package)
        return _busy() if found is None else _answer(page_of(found, name, page=page, per_page=per_page))

    async def whole(request: Request) -> Response:
        name, number = request.path_params["name"], request.path_params["number"]
        if name not in WHOLE:
            return _refused(HTTPStatus.NOT_FOUND, "there is no such list")
        found = await _read(package)
        if found is None:
            return _busy()
        one = WHOLE[name](found, number)
        return _refused(HTTPStatus.NOT_FOUND, "there is no such thing") if one is None else _answer(one)

    return Mount(
        "/hsds",
        routes=[
            Route("/", about, methods=["GET"]),
            Route("/{name:str}", listed, methods=["GET"]),
            Route("/{name:str}/{number:str}", whole, methods=["GET"]),
        ],
    )


async def _read(package: Callable[[], dict[str, list[dict[str, Any]]]]) -> dict[str, list[dict[str, Any]]] | None:
    try:
        return await run_in_threadpool(package)
    except StoreUnavailable:
        return None


def _number(request: Request, name: str, usual: int, most: int) -> int | None:
    """Return a number of the query within its bounds, or nothing when it is none."""
    text = request.query_params.get(name, str(usual))
    is_number = text.isascii() and text.isdecimal() and len(text) <= 7
    return int(text) if is_number and 1 <= int(text) <= most else None


def _answer(body: dict[str, Any], status: int = HTTPStatus.OK) -> Response:
    return Response(orjson.dumps(body), status, HEADERS, media_type="application/json")


def _refused(status: HTTPStatus, words: str) -> Response:
    return _answer({"error": words}, status)


def _busy() -> Response:
    response = _refused(HTTPStatus.SERVICE_UNAVAILABLE, "the database does not answer; try again")
    response.headers["retry-after"] = "5"
    response.headers["cache-control"] = "no-store"
    return response
