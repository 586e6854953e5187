"""`timebank serve` for real: a process on a port, a worker beside it, and what the demo prints pasted against both."""

import gc
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from sqlalchemy import Engine

from api.serve import PortTaken, keep_for_good, serve
from tests.api.conftest import Template
from tests.api.door import Json
from tests.api.served import READING
from timebank.core.clock import day_of, now
from timebank.core.database import database, transaction
from timebank.core.texts import Locale, say_refusal
from timebank.demo.run import Tokens
from timebank.demo.told import URL, to_paste
from timebank.people.tokens import issue_token

PATIENCE = 400
PAUSE_S = 0.05
START = """mutation { startMatchRun(idempotencyKey: "served", input: { startsOn: "%s" }) {
  ... on MatchRunStarted { run { id } } } }"""
RUN = "query Run($id: ID!) { matchRun(id: $id) { status progress plan { status } } }"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that listens, and its process."""

    process: "subprocess.Popen[str]"
    port: int

    def post(self, token: str, query: str, variables: Json | None = None) -> Json:
        """Ask as a holder of a token; returns the body."""
        headers = {"authorization": f"Bearer {token}"}
        answer = httpx.post(self.at(URL), headers=headers, json={"query": query, "variables": variables}, timeout=60)
        body: Json = answer.json()
        return body

    def at(self, url: str) -> str:
        """Return an address of the demo, at the port of this server."""
        return url.replace(":8000/", f":{self.port}/")

    def paste(self, command: str) -> Json:
        """Run a command that the demo prints: its headers, its body, to this server."""
        words = shlex.split(command)
        after = [(flag, value) for flag, value in pairwise(words) if flag in ("-H", "-d")]
        headers = dict(value.split(": ", 1) for flag, value in after if flag == "-H")
        data = next(value for flag, value in after if flag == "-d")
        answer = httpx.post(self.at(words[words.index("-s") + 1]), headers=headers, content=data.encode(), timeout=60)
        body: Json = answer.json()
        return body

    def workers(self) -> list[psutil.Process]:
        """Return the processes that this one started."""
        return psutil.Process(self.process.pid).children()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port: int = door.getsockname()[1]
        return port


def _until(look: Callable[[], Any]) -> Any:
    """Look until there is something, for a bounded number of times; returns it."""
    pause = threading.Event()
    for _ in range(PATIENCE):
        if found := look():
            return found
        pause.wait(PAUSE_S)
    return None


@contextmanager
def _serving(home: Path, url: str) -> Iterator[Server]:
    """Run `timebank serve` for as long as the block runs; it says by a line when it listens."""
    port = _free_port()
    command = [sys.executable, "-m", "timebank.cli", "serve", "--port", str(port)]
    environment = os.environ | {"DATABASE_URL": url, "TIMEBANK_HOME": str(home), "PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8", env=environment) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(2)]
        assert all(f"http://127.0.0.1:{port}/" in line for line in said), said
        try:
            yield Server(process=process, port=port)
        finally:
            process.kill()


def _tokens(engine: Engine, template: Template) -> Tokens:
    """Issue tokens that live now, as the demo does."""
    world = template.served.world
    organisations = (("office", world.organisations["CF1"]), ("organisation", world.organisations["EAST"]))
    with transaction(engine) as session:
        office, social = (
            issue_token(session, scopes=READING[kind], now=now(), organisation_id=number)
            for kind, number in organisations
        )
        volunteer = issue_token(session, scopes=READING["volunteer"], now=now(), person_id=world.volunteers["V1"])
    return Tokens(office, volunteer, social)


def test_what_the_demo_prints_is_answered_and_a_run_is_done(door_url: str, template: Template, tmp_path: Path) -> None:
    """The three people paste their query; a run is done by the worker beside; the end is clean."""
    with database(door_url) as engine:
        tokens = _tokens(engine, template)
    commands = [line for line in to_paste(tokens).splitlines() if line.startswith("curl")]

    with _serving(tmp_path, door_url) as server:
        office, volunteer, social = (server.paste(command) for command in commands)
        page = httpx.get(server.at("http://127.0.0.1:8000/"))
        started = server.post(tokens.social_organisation, START % day_of(now()).isoformat())
        run = started["data"]["startMatchRun"]["run"]["id"]
        done = _until(
            lambda: (
                shown
                if (shown := server.post(tokens.social_organisation, RUN, {"id": run})["data"]["matchRun"])["status"]
                in ("done", "failed")
                else None
            )
        )
        workers = server.workers()
        server.process.send_signal(signal.SIGTERM)
        status = server.process.wait(30)
        gone, alive = psutil.wait_procs(workers, timeout=15)

    assert office["data"]["createProject"]["__typename"] == "ProjectCreated"
    assert volunteer["data"]["me"]["account"]["balanceMin"] == 1500
    assert len(social["data"]["pairs"]["edges"]) == 3
    assert not any("errors" in answer for answer in (office, volunteer, social, started))
    assert ("沪助养老时光汇" in page.text, "Hu-Help Time Bank" in page.text) == (True, True)
    assert done == {"status": "done", "progress": 1.0, "plan": {"status": "OPTIMAL"}}
    assert (status, len(gone), alive) == (0, 1, [])


def test_a_worker_that_dies_is_replaced_and_none_outlives_its_server(tmp_path: Path) -> None:
    """Nobody watches a worker but its server; it steps back, and a server that is killed leaves nothing running."""
    with _serving(tmp_path, f"sqlite:///{tmp_path / 'empty.sqlite'}") as server:
        (first,) = _until(server.workers)
        behind = _until(lambda: first.nice() - psutil.Process(server.process.pid).nice())
        first.kill()
        second = _until(lambda: [worker for worker in server.workers() if worker.pid != first.pid])
        server.process.kill()
        gone, alive = psutil.wait_procs(second, timeout=15)

    assert (len(gone), alive) == (1, [])
    assert behind > 0  # a match run waits for those who ask


def test_what_stands_for_good_is_not_searched_for_garbage() -> None:
    """To search the whole schema holds everybody up, and nothing of it is ever garbage."""
    keep_for_good()
    try:
        left = len(gc.get_objects())
    finally:
        gc.unfreeze()

    assert left < len(gc.get_objects()) / 100


@pytest.mark.parametrize(("locale", "said"), [("zh", "请用 --port 另选一个"), ("en", "choose another with --port")])
def test_a_port_that_is_taken_is_told_before_anything_starts(locale: Locale, said: str) -> None:
    """The person who starts it twice reads what to do, in their language."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken) as refusal:
            serve(host="127.0.0.1", port=port)

    told = say_refusal(refusal.value, locale)
    assert (refusal.value.host, refusal.value.port) == ("127.0.0.1", port)
    assert str(port) in told
    assert said in told


@pytest.mark.parametrize("who", Tokens._fields)
def test_what_the_demo_prints_is_one_command(who: str) -> None:
    """A query with a quote too many breaks in the shell of the reader."""
    commands = [line for line in to_paste(Tokens("a", "b", "c")).splitlines() if line.startswith("curl")]

    words = shlex.split(commands[Tokens._fields.index(who)])

    assert words[0] == "curl"
    assert set(json.loads(words[-1])) == {"query"}
