"""The ledger on SQLite, with full sync, beside the bare driver that runs the same statements."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.clock import Rounds
from benchmarks.command import Tell
from benchmarks.ledger_town import (
    NOW,
    Ready,
    Town,
    bare_sqlite,
    by_threads,
    leaves_of,
    make_town,
    p99,
    ready,
    run_bare_each,
    run_bare_together,
    waits_of,
)
from benchmarks.report import Report, Value, at_least, at_most
from timebank.core.database import database, transaction
from timebank.ledger.batch import post_batch
from timebank.ledger.plain_books import PlainBooks
from timebank.ledger.posting import post
from timebank.ledger.terms import Posting
from timebank.ledger.writer import Writer

SINGLE, BATCH, GROUP, TWENTIETH, EVIDENCE = 0.6, 0.8, 5.0, 20.0, 0.05
"""What is to be reached: shares of the bare driver, times one commit per posting, and the share of the leaf."""

WAYS = ("bare", "writer", "session")


@contextmanager
def towns(members: int, *names: str) -> Iterator[dict[str, Town]]:
    """Open a town for each name, in a file of its own."""
    with tempfile.TemporaryDirectory() as folder:
        made = {}
        engines = [database(f"sqlite:///{Path(folder) / name}.sqlite") for name in names]
        for name, opened in zip(names, engines, strict=True):
            made[name] = make_town(opened.__enter__(), members)
        yield made
        for opened in engines:
            opened.__exit__(None, None, None)


def measure_sqlite(*, posts: int, batch: int, rounds: int, members: int, threads: int, tell: Tell) -> Report:
    """Measure singles, batches and many writers."""
    parts = []
    with towns(members, "bare", "library", "writer", "plain") as made:
        tell("SQLite: single postings, each committed")
        parts.append(_singles(made, posts, rounds))
        tell(f"SQLite: batches of {batch}")
        parts.append(_batches(made, batch, rounds))
        tell(f"SQLite: {threads} writers at once")
        parts.append(_crowd(made, max(1, posts // 4), rounds, threads))
    figures: dict[str, Value] = {name: value for part in parts for name, value in part.figures.items()}
    return Report(figures=figures, targets=[target for part in parts for target in part.targets])


def _singles(made: dict[str, Town], posts: int, rounds: int) -> Report:
    clock = Rounds()
    with closing(bare_sqlite(made["bare"].engine)) as bare, Writer(made["writer"].engine) as writer:
        for _ in range(rounds):
            rows = ready(made["bare"].spread(posts))
            asked = {name: made[name].spread(posts) for name in ("library", "writer", "plain")}
            clock.play(
                {
                    "bare": partial(run_bare_each, bare, rows),
                    "session": partial(post_each, made["library"], asked["library"]),
                    "writer": partial(written_each, writer, asked["writer"]),
                    "plain": partial(post_each, made["plain"], asked["plain"], is_plain=True),
                    "leaves": partial(leaves_of, asked["library"]),
                }
            )
    figures: dict[str, Value] = {f"sqlite.single.{name}_per_s": posts / clock.median_s(name) for name in clock.seconds}
    session, written = (median(clock.ratios("bare", name)) for name in ("session", "writer"))
    return Report(
        figures=figures | {f"sqlite.single.{name}_cpu_s": clock.median_cpu_s(name) / posts for name in WAYS},
        targets=[
            at_least("sqlite.single.writer_per_bare_driver", written, SINGLE),
            at_least("sqlite.single.session_per_bare_driver", session, SINGLE),
            at_most("sqlite.single.tamper_evidence_per_posting", median(clock.ratios("leaves", "writer")), EVIDENCE),
        ],
    )


def post_each(town: Town, postings: list[Posting], *, is_plain: bool = False) -> None:
    """Post each in a transaction of its own, as callers of the library do."""
    for posting in postings:
        with transaction(town.engine) as session:
            post(PlainBooks(session) if is_plain else session, posting, now=NOW)


def written_each(writer: Writer, postings: list[Posting]) -> list[float]:
    """Have each written, and wait for its answer before the next is asked; returns the waits."""
    return waits_of(lambda posting: writer.write(posting, now=NOW), postings)


def _batches(made: dict[str, Town], batch: int, rounds: int) -> Report:
    clock = Rounds()
    with closing(bare_sqlite(made["bare"].engine)) as bare:
        for _ in range(rounds):
            rows, asked = ready(made["bare"].spread(batch)), made["library"].spread(batch)
            earned, bare_earned = made["library"].earned(batch), ready(made["bare"].earned(batch))
            clock.play(
                {
                    "bare": partial(run_bare_together, bare, rows),
                    "library": partial(post_together, made["library"], asked),
                    "bare_earned": partial(run_bare_together, bare, bare_earned),
                    "library_earned": partial(post_together, made["library"], earned),
                    "leaves": partial(leaves_of, asked),
                }
            )
    figures: dict[str, Value] = {f"sqlite.batch.{name}_per_s": batch / clock.median_s(name) for name in clock.seconds}
    spread = median(clock.ratios("bare", "library"))
    earned_ratio = median(clock.ratios("bare_earned", "library_earned"))
    return Report(
        figures=figures,
        targets=[
            at_least("sqlite.batch.library_per_bare_loop", spread, BATCH),
            at_least("sqlite.batch.library_per_bare_loop_earned", earned_ratio, BATCH),
            at_most("sqlite.batch.tamper_evidence_per_posting", median(clock.ratios("leaves", "library")), EVIDENCE),
        ],
    )


def post_together(town: Town, postings: list[Posting]) -> int:
    """Post a batch in one transaction."""
    with transaction(town.engine) as session:
        return post_batch(session, postings, now=NOW).posted


def _crowd(made: dict[str, Town], posts: int, rounds: int, threads: int) -> Report:
    """Many clients, each waiting for its answer: one commit per posting, or one writer for all."""
    took: dict[str, list[float]] = {"direct": [], "writer": []}
    late: dict[str, list[float]] = {"direct": [], "writer": []}
    bares = [bare_sqlite(made["bare"].engine) for _ in range(threads)]
    with Writer(made["writer"].engine) as writer:
        for number in range(max(1, rounds // 3)):
            rows = [[ready([posting]) for posting in made["bare"].spread(posts)] for _ in bares]
            asked = [made["writer"].spread(posts) for _ in bares]
            plays = {
                "direct": [partial(_direct, bare, share) for bare, share in zip(bares, rows, strict=True)],
                "writer": [partial(written_each, writer, share) for share in asked],
            }
            for name in sorted(plays, reverse=bool(number % 2)):
                seconds, waits = by_threads(plays[name])
                took[name].append(seconds)
                late[name].append(p99(waits))
    for bare in bares:
        bare.close()
    figures: dict[str, Value] = {}
    for name, seconds_each in took.items():
        figures[f"sqlite.crowd.{name}_per_s"] = threads * posts / median(seconds_each)
        figures[f"sqlite.crowd.{name}_p99_s"] = median(late[name])
    times = [direct / grouped for direct, grouped in zip(took["direct"], took["writer"], strict=True)]
    shorter = [grouped / direct for direct, grouped in zip(late["direct"], late["writer"], strict=True)]
    return Report(
        figures=figures,
        targets=[
            at_least("sqlite.crowd.writer_per_one_commit_each", median(times), GROUP),
            at_most("sqlite.crowd.writer_p99_per_one_commit_each", median(shorter), 1 / TWENTIETH),
        ],
    )


def _direct(bare: sqlite3.Connection, share: list[list[Ready]]) -> list[float]:
    """Commit each posting alone, and return the waits."""
    waits = []
    for rows in share:
        began = perf_counter()
        run_bare_each(bare, rows)
        waits.append(perf_counter() - began)
    return waits
