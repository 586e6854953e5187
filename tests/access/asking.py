"""The API as a program meets it: requests over HTTP, answered in this process."""

import asyncio
from typing import Any

import httpx
from starlette.applications import Starlette

URL = "http://127.0.0.1:8000"


class Api:
    """Sends requests to an application; ``parts`` are those of httpx."""

    def __init__(self, app: Starlette) -> None:
        self.app = app

    def post(self, path: str, **parts: Any) -> httpx.Response:
        """Send by POST."""
        return asyncio.run(self._send("POST", path, parts))

    def get(self, path: str, **parts: Any) -> httpx.Response:
        """Read by GET."""
        return asyncio.run(self._send("GET", path, parts))

    async def _send(self, method: str, path: str, parts: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
            return await client.request(method, path, **parts)
