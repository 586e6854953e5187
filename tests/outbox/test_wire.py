"""Sending for real: to a server of this machine, signed, without redirects, and never into our own network unasked."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typing_extensions import override

from timebank.outbox.wire import Reply, send


class _Handler(BaseHTTPRequestHandler):
    """Keeps what it is sent; its path says what it answers."""

    server: "_Server"

    def do_POST(self) -> None:
        """Answer as the path says."""
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received.append((self.path, dict(self.headers), body))
        status = int(self.path.rpartition("/")[2])
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("location", f"http://localhost:{self.server.server_port}/204")
        self.send_header("content-length", "0")
        self.end_headers()

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    """A server that remembers."""

    def __init__(self) -> None:
        self.received: list[tuple[str, dict[str, str], bytes]] = []
        super().__init__(("127.0.0.1", 0), _Handler)


@pytest.fixture
def server() -> Iterator[_Server]:
    """A server on a free port of this machine."""
    with _Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_body_and_headers_arrive_as_they_were_signed(server: _Server) -> None:
    """One byte changed on the way, and no signature fits."""
    address = f"http://localhost:{server.server_port}/in/204?for=us"

    reply = send(address.replace("?for=us", ""), {"webhook-id": "evt"}, "{“甲”}".encode(), is_inside_allowed=True)

    path, headers, body = server.received[0]
    assert reply == Reply(204, "")
    assert (path, body) == ("/in/204", "{“甲”}".encode())
    assert headers["host"] == f"localhost:{server.server_port}"
    assert headers["webhook-id"] == "evt"
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize("status", [302, 410, 500])
def test_answer_is_told_and_no_redirect_is_followed(server: _Server, status: int) -> None:
    """A redirect could lead a message, and the signature with it, to anybody."""
    reply = send(f"http://localhost:{server.server_port}/{status}", {}, b"{}", is_inside_allowed=True)

    assert reply == Reply(status, "")
    assert len(server.received) == 1


@pytest.mark.parametrize(
    "address", ["https://127.0.0.1:{port}/204", "https://localhost:{port}/204", "http://localhost:{port}/204"]
)
def test_our_own_network_is_not_reached(server: _Server, address: str) -> None:
    """A webhook that leads to a machine behind our wall would read it for a stranger."""
    reply = send(address.format(port=server.server_port), {}, b"{}")

    assert reply == Reply(None, "refused")
    assert server.received == []


def test_nobody_there_is_a_reply(server: _Server) -> None:
    """A receiver that is down is an everyday thing, and no fault of ours."""
    address = f"http://localhost:{server.server_port}/204"
    server.server_close()

    assert send(address, {}, b"{}", is_inside_allowed=True) == Reply(None, "no connection")


def test_certificate_is_asked_for(server: _Server) -> None:
    """Whoever answers without the name's own certificate is not the receiver."""
    reply = send(f"https://localhost:{server.server_port}/204", {}, b"{}", is_inside_allowed=True, patience_s=2)

    assert reply.answered is None
    assert server.received == []
