"""The door under load: 200 clients for a minute while match runs go on; latency of each question, faults, memory.

A district is built in a fresh folder and served as ``timebank serve`` does, worker and all; the clients are in this
process, each with a token of its own. With ``--pause 0`` a client asks again as soon as it is answered, so that they
wait for one another; with a pause they come as people do.
"""

import asyncio
import socket
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median, quantiles
from time import perf_counter
from typing import Any, Self

import httpx
import orjson
import psutil
from sqlmodel import Session, col, select

from benchmarks.command import Tell, answer, options
from benchmarks.demo import environment, run
from benchmarks.memory import BYTES_A_MEGABYTE
from benchmarks.report import Report, Value, at_most, equal
from benchmarks.stores import postgres_url
from timebank.core.clock import day_of, now
from timebank.core.database import database, transaction
from timebank.people.tables import Organisation, Volunteer
from timebank.people.tokens import issue_token

QUICK = ("--clients", "4", "--seconds", "2", "--scale", "0.005")
"""Sees that everything runs; figures of this size say nothing."""
WARM = 0.2
"""Part of the time after which memory is first looked at."""
SMALL = {
    "organisation": {
        "viewer": "{ viewer { scopes organisation { code } } }",
        "areas": "{ areas { code nameZh } }",
        "runs": "{ matchRuns(first: 5) { edges { node { id status progress } } } }",
        "pairs": "{ pairs(first: 10) { edges { node { id reason } } } }",
    },
    "person": {
        "viewer": "{ viewer { scopes } }",
        "balance": "{ me { account { balanceMin availableMin } } }",
        "visits": "{ me { nextVisits(first: 5) { edges { node { id startsAt } } } } }",
    },
}
RUN = """mutation ($key: String!, $day: Date!) { startMatchRun(idempotencyKey: $key, input: { startsOn: $day }) {
  __typename ... on MatchRunStarted { run { id } } } }"""
FOLLOW = "query ($id: ID!) { matchRun(id: $id) { status } }"
ENDED = {"done", "failed", "cancelled"}


@dataclass
class Seen:
    """What the clients saw: milliseconds by question, and what was wrong."""

    took_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    faults: list[str] = field(default_factory=list)
    runs_ended: int = 0
    memory_mb: list[float] = field(default_factory=list)


def measure(*, clients: int, seconds: float, pause: float, scale: float, store: str, tell: Tell) -> Report:
    """Serve a district, ask it for so long, and count."""
    with tempfile.TemporaryDirectory() as folder, _url(store, Path(folder)) as url:
        tell("a district is built")
        run(Path(folder), scale, tell, url=url)
        tokens, runner = _tokens(url, clients)
        with _served(environment(Path(folder), url)) as (process, port):
            tell(f"{clients} clients ask for {seconds:g} s")
            seen = asyncio.run(_all_ask(Asking(port, seconds, pause), process, tokens, runner))
    figures: dict[str, Value] = {
        "clients": clients,
        "seconds": seconds,
        "pause_s": pause,
        "scale": scale,
        "store": store,
    }
    return _report(seen, figures, seconds)


@contextmanager
def _url(store: str, folder: Path) -> Iterator[str]:
    """Give the address of an empty database of a kind."""
    if store == "sqlite":
        yield f"sqlite:///{folder / 'load.sqlite'}"
        return
    with postgres_url() as url:
        yield url.format("postgres")


def _tokens(url: str, clients: int) -> tuple[list[tuple[str, str]], str]:
    """Issue a token to each client, three of four to volunteers, and one to who runs matches."""
    with database(url) as engine, transaction(engine) as session:
        wanted = (
            select(Organisation.id).where(Organisation.kind == "social_organisation").order_by(col(Organisation.id))
        )
        organisations = list(session.exec(wanted))
        people = list(session.exec(select(Volunteer.person_id).order_by(col(Volunteer.person_id)).limit(clients)))
        tokens = []
        for number in range(clients):
            if number % 4:
                tokens.append(("person", _token(session, person_id=people[number % len(people)])))
            else:
                tokens.append(
                    ("organisation", _token(session, organisation_id=organisations[number % len(organisations)]))
                )
        return tokens, _token(session, organisation_id=organisations[0])


def _token(session: Session, **holder: Any) -> str:
    scopes = {"accounts:read", "visits:read"} if "person_id" in holder else {"matches:read", "matches:run"}
    return issue_token(session, scopes=frozenset(scopes), now=now(), **holder)


@contextmanager
def _served(settings: dict[str, str]) -> Iterator[tuple[psutil.Process, int]]:
    """Serve on a free port, with a worker beside it, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    command = [sys.executable, "-m", "timebank.cli", "serve", "--port", str(port)]
    with subprocess.Popen(command, env=settings, stdout=subprocess.DEVNULL) as process:  # our own program
        try:
            _wait_for(port)
            yield psutil.Process(process.pid), port
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    transport = httpx.HTTPTransport(retries=10)  # it waits twice as long before each
    with httpx.Client(transport=transport, timeout=60) as client:
        client.get(f"http://127.0.0.1:{port}/health").raise_for_status()


@dataclass(frozen=True)
class Asking:
    """Where the clients ask, for how long, and how long each rests between two questions."""

    port: int
    seconds: float
    pause: float


async def _all_ask(asking: Asking, process: psutil.Process, tokens: list[tuple[str, str]], runner: str) -> Seen:
    """Let all ask until the time is over."""
    await _asked_once(asking, dict(tokens))
    seen, ends = Seen(), perf_counter() + asking.seconds
    each = [_client(asking, kind, token, n, seen, ends) for n, (kind, token) in enumerate(tokens)]
    await asyncio.gather(*each, _runner(asking, runner, seen, ends), _watch(process, seen, ends))
    return seen


async def _asked_once(asking: Asking, token_by_kind: dict[str, str]) -> None:
    """Ask each question once: a server that has just started reads every document for the first time."""
    for kind, token in token_by_kind.items():
        async with _Line(asking.port, token) as line:
            for query in SMALL[kind].values():
                await line.ask({"query": query})


async def _client(asking: Asking, kind: str, token: str, number: int, seen: Seen, ends: float) -> None:
    """Ask one small question after another, drawn by chance."""
    chance, questions = Random(number), sorted(SMALL[kind].items())  # noqa: S311  # which question, no secret
    async with _Line(asking.port, token) as line:
        await asyncio.sleep(chance.uniform(0, asking.pause))
        while perf_counter() < ends:
            name, query = chance.choice(questions)
            began = perf_counter()
            fault, _ = await line.ask({"query": query})
            seen.took_ms[f"{kind}.{name}"].append((perf_counter() - began) * 1000)
            if fault:
                seen.faults.append(f"{name}: {fault}")
            await asyncio.sleep(asking.pause)


async def _runner(asking: Asking, token: str, seen: Seen, ends: float) -> None:
    """Keep a match run going on: ask for one, follow it, and ask for the next when it has ended."""
    async with _Line(asking.port, token) as line:
        while perf_counter() < ends:
            key = {"key": f"load {seen.runs_ended}", "day": day_of(now()).isoformat()}
            fault, body = await line.ask({"query": RUN, "variables": key})
            run = (body.get("data") or {}).get("startMatchRun", {}).get("run")
            if fault or run is None:
                seen.faults.append(f"start: {fault or body}")
                return
            status = ""
            while perf_counter() < ends and status not in ENDED:
                await asyncio.sleep(0.5)
                fault, body = await line.ask({"query": FOLLOW, "variables": run})
                status = ((body.get("data") or {}).get("matchRun") or {}).get("status", "")
            seen.runs_ended += status == "done"
            if status == "failed":
                seen.faults.append("a match run failed")


async def _watch(process: psutil.Process, seen: Seen, ends: float) -> None:
    """Look at the memory of the web process."""
    while perf_counter() < ends:
        seen.memory_mb.append(process.memory_info().rss / BYTES_A_MEGABYTE)
        await asyncio.sleep(0.5)


class _Line:
    """A connection that is kept, spoken to without a library, for what the clients use up is lacking to the server."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token = port, token

    async def __aenter__(self) -> Self:
        """Connect."""
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Hang up."""
        self.writer.close()

    async def ask(self, question: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return what was wrong (nothing when all was well), and the body."""
        content = orjson.dumps(question)
        head = (
            f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        self.writer.write(head.encode() + content)
        answered = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        length = next(int(one.partition(":")[2]) for one in answered if one.startswith("content-length:"))
        body: dict[str, Any] = orjson.loads(await self.reader.readexactly(length))
        status = answered[0].split()[1]
        if status != "200":
            return status, body
        errors = body.get("errors")
        return (str(errors[0]["extensions"]["code"]) if errors else ""), body


def _report(seen: Seen, figures: dict[str, Value], seconds: float) -> Report:
    """Return what was seen beside what was wanted."""
    asked = [took for each in seen.took_ms.values() for took in each]
    warm = seen.memory_mb[int(len(seen.memory_mb) * WARM)]
    late = median(seen.memory_mb[-max(1, len(seen.memory_mb) // 10) :])
    hundredths = quantiles(asked, n=100)
    figures |= {"asked": len(asked), "asked_per_s": len(asked) / seconds, "runs_ended": seen.runs_ended}
    figures |= {"p50_ms": hundredths[49], "p99_ms": hundredths[98], "memory_warm_mb": warm, "memory_end_mb": late}
    for name, took in sorted(seen.took_ms.items()):
        figures[f"{name}.p50_ms"] = median(took)
    for number, fault in enumerate(sorted(set(seen.faults))[:5]):
        figures[f"fault_{number}"] = fault
    return Report(
        figures=figures,
        targets=[
            equal("faults", len(seen.faults), 0),
            at_most("p99 per p50 of small questions", hundredths[98] / hundredths[49], 10),
            at_most("memory at the end per memory when warm", late / warm, 1.1),
        ],
    )


def main(asked: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = options("load", (__doc__ or "").partition("\n")[0], clients=200, seconds=60.0, scale=0.05)
    parser.add_argument("--pause", type=float, default=0.0, help="seconds that a client rests, 0 if unsaid")
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    answer(parser, measure, asked)


if __name__ == "__main__":
    main()
