"""The door as a real server on a socket, in a thread of the test, for what only a network shows."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import uvicorn
from starlette.applications import Starlette


@contextmanager
def listening(app: Starlette) -> Iterator[str]:
    """Serve an application for as long as the block runs; gives the address of its endpoint."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        server = uvicorn.Server(uvicorn.Config(app, access_log=False, log_level="critical", server_header=False))
        thread = Thread(target=server.run, kwargs={"sockets": [door]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}/graphql"
        finally:
            server.should_exit = True
            thread.join()
