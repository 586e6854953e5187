"""The page that checks a certificate: without any login, for whoever holds a paper or scans its code.

The statement comes in the address, as a QR code that is a link has it; a name, which is nobody else's business, only
in the body of the form. What is read is bounded, and so is how often.
"""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from urllib.parse import parse_qs

from jinja2 import Environment
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from api.rate import Rate
from timebank.core.database import transaction
from timebank.core.errors import StoreUnavailable
from timebank.core.texts import say
from timebank.honours.register import check_registered
from timebank.honours.told import facts, verdict_lines
from timebank.honours.verification import Finding, check_name

MOST_STATEMENT = 4000
"""Most characters of a statement in an address; the longest that can be issued has less than half."""
MOST_BODY_BYTES = 16 * 1024
MOST_AT_ONCE, MOST_A_SECOND = 60, 20
"""Checks that are answered at once, and how many more each second: far more than a counter needs."""
FORM_TYPE = "application/x-www-form-urlencoded"
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


class _Refused(Exception):
    """The request is not answered; ``key`` is its text in the catalogue."""

    def __init__(self, status: HTTPStatus, key: str) -> None:
        self.status, self.key = status, key
        super().__init__(key)


def certificate_page(engine: Engine, clock: Callable[[], datetime], environment: Environment) -> Route:
    """Make the page over a migrated database."""
    template = environment.get_template("certificate.html.jinja")
    rate = Rate(clock, MOST_AT_ONCE, MOST_A_SECOND)

    def write(finding: Finding | None, said: str, status: int = 200, fault: str = "") -> Response:
        words = {"say": say, "lines": verdict_lines, "facts": facts, "finding": finding, "said": said, "fault": fault}
        more = {"retry-after": "1"} if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE) else {}
        return HTMLResponse(template.render(**words), status, HEADERS | more)

    async def check(request: Request) -> Response:
        try:
            said, name, code = await _asked(request)
            if not said:
                return write(None, "")
            if not rate.take():
                raise _Refused(HTTPStatus.TOO_MANY_REQUESTS, "check_too_often")  # noqa: TRY301  # one way to refuse
            finding = await run_in_threadpool(_checked, engine, said)
        except _Refused as refused:
            return write(None, "", refused.status, refused.key)
        except ClientDisconnect:
            return Response(status_code=HTTPStatus.BAD_REQUEST)
        except StoreUnavailable:
            return write(None, "", HTTPStatus.SERVICE_UNAVAILABLE, "check_no_store")
        return write(check_name(finding, name, code) if name else finding, said)

    return Route("/certificates/check", check, methods=["GET", "POST"])


async def _asked(request: Request) -> tuple[str, str, str]:
    """Read the statement, and in a form the name and its check code, up to their bounds."""
    fields = parse_qs(await _body(request)) if request.method == "POST" else {}
    query = request.query_params.get("statement", "")
    statement, name, code = (fields.get(key, [""])[0].strip() for key in ("statement", "name", "code"))
    statement = statement or query.strip()
    if len(statement) > MOST_STATEMENT:
        raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "why_too_long")
    return statement, name, code


async def _body(request: Request) -> str:
    """Read the body of a form up to its bound, and no byte more."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != FORM_TYPE:
        raise _Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "check_no_form")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BODY_BYTES:
            raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "why_too_long")
    return body.decode("utf-8", errors="replace")


def _checked(engine: Engine, statement: str) -> Finding:
    with transaction(engine, read_only=True) as session:
        return check_registered(session, statement)
