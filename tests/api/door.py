"""The door as a caller meets it: requests over HTTP, answered in this process."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import Engine
from starlette.applications import Starlette

from tests.api.served import Served
from tests.worlds import World

ANSWER_TYPE = "application/graphql-response+json"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The application over a served district, and what stands in it."""

    app: Starlette
    engine: Engine
    served: Served

    @property
    def world(self) -> World:
        """Return what stands behind the door."""
        return self.served.world

    def send(self, method: str = "POST", path: str = "/graphql", **parts: Any) -> httpx.Response:
        """Send a request as it is said; ``parts`` are those of httpx."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
                return await client.request(method, path, **parts)

        return asyncio.run(send())

    def headers(self, who: str, locale: str = "en") -> dict[str, str]:
        """Return the headers of a caller; nobody has no token."""
        token = self.served.tokens.get(who)
        said = {"accept-language": locale, "accept": ANSWER_TYPE}
        return said | ({"authorization": f"Bearer {token}"} if token else {})

    def ask(
        self, who: str, query: str, variables: Mapping[str, Any] | None = None, locale: str = "en"
    ) -> httpx.Response:
        """Ask as a caller."""
        return self.send(headers=self.headers(who, locale), json={"query": query, "variables": variables})

    def data(self, who: str, query: str, locale: str = "en", **variables: Any) -> Json:
        """Return the data of an answer that has no errors."""
        answer = self.ask(who, query, variables, locale)
        body: Json = answer.json()
        assert (answer.status_code, body.get("errors")) == (200, None)
        found: Json = body["data"]
        return found

    def codes(self, who: str, query: str, **variables: Any) -> list[str]:
        """Return the codes of the errors of an answer; empty for one without."""
        return [error["extensions"]["code"] for error in self.ask(who, query, variables).json().get("errors", [])]

    def walk(self, who: str, query: str, *path: str, **variables: Any) -> list[list[Json]]:
        """Read every page of a list; ``path`` leads to it, and the query takes ``$after``. Returns the rows by page."""
        pages: list[list[Json]] = []
        after = None
        for _ in range(100):
            found = self.data(who, query, after=after, **variables)
            for name in path:
                found = found[name]
            pages.append([edge["node"] for edge in found["edges"]])
            after = found["pageInfo"]["endCursor"]
            if not found["pageInfo"]["hasNextPage"]:
                break
        return pages
