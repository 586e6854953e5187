"""Serve: the web process, and beside it a worker process that does match runs."""

import gc
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

import uvicorn

from api.app import create_app
from api.limits import Limits
from timebank.access.providers import providers_in_force
from timebank.core.database import database
from timebank.core.errors import Refusal
from timebank.core.settings import Settings, public_url
from timebank.core.texts import say

LOG = logging.getLogger("timebank.api")
STOP_S = 10
LOOK_S = 0.2
AGAIN_S = 2
BEHIND = 10
"""How far the worker steps back (as ``nice`` counts): a match run takes what those who ask leave of the processors."""


class PortTaken(Refusal):
    """The address cannot be listened on: another program has it, or it is none of this machine's."""

    def __init__(self, *, host: str, port: int, why: str) -> None:
        self.host, self.port, self.why = host, port, why
        super().__init__(f"Nothing can be served on {host} port {port} ({why}); choose another with --port.")


def serve(*, host: str, port: int) -> None:
    """Serve until interrupted; the worker ends with this process, however this one ends.

    Raises
    ------
    PortTaken
        Before anything is started.
    WrongInput
        When a limit that the environment sets cannot be, or the file of providers says what cannot be.
    """
    limits, providers = Limits.from_environment(), providers_in_force()
    with (
        _listening(host, port) as door,
        _left_in_order(),
        database(Settings.from_environment().database_url) as engine,
        _worker_beside(),
    ):
        shown = f"[{host}]" if ":" in host else host
        for locale in ("zh", "en"):
            sys.stdout.write(f"{say('serving', locale, host=shown, port=port)}\n")
        sys.stdout.flush()
        app = create_app(engine, limits=limits, url=public_url(), providers=providers)
        keep_for_good()
        config = uvicorn.Config(
            app,
            access_log=False,  # addresses of requests are nobody's business
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=STOP_S,
        )
        uvicorn.Server(config).run(sockets=[door])


def keep_for_good() -> None:
    """Take what stands now, the schema and all modules, out of what is searched for garbage.

    To search these 400,000 objects held everybody up for a quarter of a second, again and again.
    """
    gc.collect()
    gc.freeze()


@contextmanager
def _left_in_order() -> Iterator[None]:
    """Make a polite end (SIGTERM) leave every block in order, as an interrupt does."""
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        door = socket.create_server((host, port), family=family)
    except OSError as fault:
        raise PortTaken(host=host, port=port, why=os.strerror(fault.errno or 0)) from fault
    with door:
        yield door


@contextmanager
def _worker_beside() -> Iterator[None]:
    """Keep a worker process for as long as the block runs."""
    stopping = threading.Event()
    keeper = threading.Thread(target=_keep_worker, args=(stopping,), name="worker-keeper")
    keeper.start()
    try:
        yield
    finally:
        stopping.set()
        keeper.join()


def _keep_worker(stopping: threading.Event) -> None:
    """Start a worker, and another one when it dies."""
    while not stopping.is_set():
        command = [sys.executable, "-m", "timebank.cli", "work", "--parent", str(os.getpid())]
        with subprocess.Popen(command, start_new_session=True) as worker:  # noqa: S603  # our own program and a number
            with suppress(OSError):  # where it may not be, or has ended already
                os.setpriority(os.PRIO_PROCESS, worker.pid, os.getpriority(os.PRIO_PROCESS, 0) + BEHIND)
            while worker.poll() is None and not stopping.wait(LOOK_S):
                pass
            if stopping.is_set():
                _end(worker)
            else:
                LOG.error("The worker ended with %s; another one starts in %s s.", worker.returncode, AGAIN_S)
        stopping.wait(AGAIN_S)


def _end(worker: subprocess.Popen[bytes]) -> None:
    worker.terminate()
    try:
        worker.wait(STOP_S)
    except subprocess.TimeoutExpired:
        worker.kill()
