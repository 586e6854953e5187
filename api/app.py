"""The application: GraphQL, a start page, a check of certificates, calendars, the directory, messages in, health."""

from collections.abc import Callable
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from api.calendars import calendar_route
from api.certificates import certificate_page
from api.hsds import hsds_routes
from api.http import GraphQL
from api.limits import Limits
from api.oauth import identity_routes
from api.webhooks import webhook_route
from timebank.access.entrance import Entrance
from timebank.access.providers import Provider, Providers
from timebank.core.clock import now
from timebank.core.settings import DEFAULT_URL
from timebank.core.texts import say

PAGE_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


def create_app(
    engine: Engine,
    *,
    clock: Callable[[], datetime] = now,
    limits: Limits | None = None,
    url: str = DEFAULT_URL,
    providers: tuple[Provider, ...] = (),
) -> Starlette:
    """Make the application over a migrated database.

    Parameters
    ----------
    url
        The public address, which is the issuer of tokens.
    providers
        Those of persons whose tokens are taken.
    """
    entrance = Entrance(engine, clock, url=url, providers=Providers(providers))
    environment = Environment(loader=PackageLoader("api", "pages"), autoescape=True, undefined=StrictUndefined)
    page = environment.get_template("start.html.jinja").render(say=say)

    async def start(_request: Request) -> Response:
        return HTMLResponse(page, headers=PAGE_HEADERS)

    async def health(_request: Request) -> Response:
        is_up = await run_in_threadpool(_answers, engine)
        return PlainTextResponse("ok" if is_up else "the database does not answer", 200 if is_up else 503)

    return Starlette(
        routes=[
            Route("/graphql", GraphQL(engine, clock, entrance, limits or Limits())),
            *identity_routes(entrance),
            Route("/health", health),
            certificate_page(engine, clock, environment),
            webhook_route(engine, clock),
            calendar_route(engine, clock),
            hsds_routes(engine, clock),
            Route("/", start),
        ]
    )


def _answers(engine: Engine) -> bool:
    try:
        with engine.execution_options(read_only=True).connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True
