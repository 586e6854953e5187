"""A request of GraphQL over HTTP: read up to its bounds, and checked before anything else looks at it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.requests import Request

from api.negotiation import JSON_TYPE

MOST_BODY_BYTES = 128 * 1024
MOST_VARIABLE_VALUES = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request of GraphQL, read and bounded; a document is sent as it is, or a trusted one is named by its id."""

    query: str | None = None
    document_id: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    operation_name: str | None = None


class BadRequest(Exception):
    """The request is not one of GraphQL over HTTP; ``key`` is its text in the catalogue."""

    def __init__(self, status: int, key: str, **values: object) -> None:
        self.status, self.key, self.values = status, key, values
        super().__init__(f"{status} {key}")


async def read_request(request: Request) -> Asked:
    """Read a request.

    Raises
    ------
    BadRequest
        With the status of HTTP that fits: 400, 405, 413 or 415.
    """
    if request.method == "GET":
        asked: Any = _once(request.query_params.multi_items())
        for name in ("variables", "extensions"):
            asked[name] = _json(asked.get(name) or "null")
    elif request.method == "POST":
        _check_kind(request)
        asked = _json(await _body(request))
    else:
        raise BadRequest(405, "bad_method")
    if not isinstance(asked, dict):
        raise BadRequest(400, "bad_shape")
    return _asked(asked)


def _check_kind(request: Request) -> None:
    """Refuse a body that is no JSON, or packed: unpacking it would pass its bound."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    packed = request.headers.get("content-encoding", "identity").strip().lower()
    if kind != JSON_TYPE or packed != "identity":
        raise BadRequest(415, "bad_type", kind=JSON_TYPE)


def _asked(asked: dict[str, Any]) -> Asked:
    query, document_id = asked.get("query"), asked.get("documentId")
    variables, name = asked.get("variables"), asked.get("operationName")
    if document_id is not None and (query is not None or not isinstance(document_id, str)):
        raise BadRequest(400, "bad_document_id")
    if document_id is None and (not isinstance(query, str) or not query.strip()):
        raise BadRequest(400, "bad_query")
    if not isinstance(variables, dict | None) or not isinstance(asked.get("extensions"), dict | None):
        raise BadRequest(400, "bad_parts")
    if not isinstance(name, str | None):
        raise BadRequest(400, "bad_parts")
    if "\x00" in (query or "") or _holds_nul(variables):
        raise BadRequest(400, "bad_nul")
    return Asked(query=query, document_id=document_id, variables=variables or {}, operation_name=name or None)


def _holds_nul(variables: dict[str, Any] | None) -> bool:
    """Tell whether a text within the variables holds a NUL, which no database stores; looks at each value once."""
    waiting: list[Any] = [variables]
    seen = 0
    while waiting:
        value = waiting.pop()
        seen += 1
        if seen > MOST_VARIABLE_VALUES:
            raise BadRequest(413, "bad_variables", most=MOST_VARIABLE_VALUES)
        if isinstance(value, str):
            if "\x00" in value:
                return True
        elif isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, list):
            waiting += value
    return False


def _json(text: str | bytes) -> Any:
    """Read JSON that every reader reads the same way.

    One reader is strict about numbers and texts, the other sees names that come twice; of two values for one name
    whoever looks at a request before us could have seen the other.
    """
    try:
        read = orjson.loads(text)
        json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as wrong:
        raise BadRequest(400, "bad_json") from wrong
    return read


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) < len(pairs):
        raise BadRequest(400, "bad_twice")
    return named


async def _body(request: Request) -> bytes:
    """Read the body up to its bound, and no byte more; one that says it is larger is not begun."""
    too_large = BadRequest(413, "bad_size", most=MOST_BODY_BYTES)
    stated = request.headers.get("content-length", "0")
    if stated.isdecimal() and int(stated[:20]) > MOST_BODY_BYTES:
        raise too_large
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BODY_BYTES:
            raise too_large
        parts.append(part)
    return b"".join(parts)
