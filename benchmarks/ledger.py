"""The ledger: single postings, many writers, batches, reads and checks, each beside what its database can do alone.

Every ratio is taken in one run, in turn, with full sync on both databases.
"""

from collections.abc import Sequence

import psycopg

from benchmarks.command import Tell, answer, options
from benchmarks.ledger_postgres import measure_postgres
from benchmarks.ledger_reads import measure_reads
from benchmarks.ledger_sqlite import measure_sqlite
from benchmarks.report import Report, Value
from benchmarks.stores import postgres_url

QUICK = ("--posts", "4", "--batch", "20", "--rounds", "1", "--members", "10", "--threads", "2", "--entries", "200")
"""Sees that everything runs; figures of this size say nothing."""


def measure(*, posts: int, batch: int, rounds: int, members: int, threads: int, entries: int, tell: Tell) -> Report:
    """Measure both databases, then the reads over a book of many entries."""
    sizes = {"posts": posts, "batch": batch, "rounds": rounds, "members": members, "threads": threads}
    parts = [measure_sqlite(**sizes, tell=tell)]
    with postgres_url() as server:
        with psycopg.connect(server.format("postgres"), autocommit=True) as admin:
            admin.execute("CREATE DATABASE reads")
        parts.append(measure_postgres(server.format("postgres"), **sizes, tell=tell))
        parts.append(measure_reads(server.format("reads"), entries=entries, rounds=rounds, members=members, tell=tell))
    figures: dict[str, Value] = {"entries": entries, **sizes}
    for part in parts:
        figures |= part.figures
    return Report(figures=figures, targets=[target for part in parts for target in part.targets])


def main(asked: Sequence[str] | None = None) -> None:
    """Measure as asked on the command line."""
    numbers = {"posts": 100, "batch": 1_000, "rounds": 9, "members": 1_000, "threads": 16, "entries": 1_000_000}
    answer(options("ledger", (__doc__ or "").partition("\n")[0], **numbers), measure, asked)


if __name__ == "__main__":
    main()
