"""What members and auditors wait for, over a book of many entries: statements, past balances, and the seven checks."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session

from benchmarks.clock import Rounds
from benchmarks.command import Tell
from benchmarks.ledger_town import NOW, Town, make_town
from benchmarks.report import Report, Target, Value, at_most, equal
from timebank.core.database import database, transaction
from timebank.ledger.accounts import balance_at, balance_of, statement
from timebank.ledger.batch import post_batch
from timebank.ledger.reading import stored_moment
from timebank.ledger.reconcile import reconcile
from timebank.ledger.seals import seal_transfers

STATEMENT, DEEP, PAST, CHECKS_S = 3.0, 1.2, 2.0, 5.0
"""What is to be reached: times raw SQL, the page far back per the newest, times an indexed look-up, seconds."""
LINES, BATCH, READS = 50, 10_000, 100
RAW_PAGE = (
    "SELECT e.account_id, e.seq, e.transfer_id, e.amount_min, e.balance_after_min, e.credits_after_min, e.created_at,"
    " t.kind, t.reason FROM entry e JOIN transfer t ON t.id = e.transfer_id WHERE e.account_id = {mark}"
    " ORDER BY e.seq DESC LIMIT 50"
)
RAW_PAST = (
    "SELECT balance_after_min FROM entry WHERE account_id = {mark} AND created_at <= {mark}"
    " ORDER BY created_at DESC, seq DESC LIMIT 1"
)
RAW_LOOK_UP = "SELECT credits, debits, held FROM account WHERE id = {mark}"


def measure_reads(server: str, *, entries: int, rounds: int, members: int, tell: Tell) -> Report:
    """Fill a book on each database once, then read it in turn; ``server`` is an empty PostgreSQL database."""
    parts = []
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        for kind, url in {"sqlite": f"sqlite:///{folder}/reads.sqlite", "postgres": server}.items():
            engine = opened.enter_context(database(url))
            tell(f"{kind}: a book of {entries:,} entries")
            town = _filled(engine, entries, members)
            tell(f"{kind}: statements and balances")
            parts.append(_reads(kind, town, rounds, entries))
            tell(f"{kind}: the seven checks")
            parts.append(_checks(kind, town, max(1, rounds // 3)))
    figures: dict[str, Value] = {name: value for part in parts for name, value in part.figures.items()}
    return Report(figures=figures, targets=[target for part in parts for target in part.targets])


def _filled(engine: Engine, entries: int, members: int) -> Town:
    """Post half as many credits as there are to be entries, a minute apart from batch to batch, each batch sealed."""
    town = make_town(engine, members)
    postings = town.earned(entries // 2)
    for start in range(0, len(postings), BATCH):
        now = NOW + timedelta(minutes=start // BATCH)
        with transaction(engine) as session:
            post_batch(session, postings[start : start + BATCH], now=now)
            seal_transfers(session, town.book, now=now)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    return town


def _reads(kind: str, town: Town, rounds: int, entries: int) -> Report:
    clock = Rounds()
    middle = NOW + timedelta(minutes=entries // 4 // BATCH, seconds=1)
    mark = "?" if kind == "sqlite" else "%s"
    page, look_up, past = (words.format(mark=mark) for words in (RAW_PAGE, RAW_LOOK_UP, RAW_PAST))
    with transaction(town.engine, read_only=True) as session:
        stored = stored_moment(session.connection(), middle)
        some = town.members[:READS]
        for _ in range(rounds):
            clock.play(
                {
                    "statement": _each(partial(_page_of, session), some),
                    "raw_statement": _each(lambda account: _raw(session, page, account), some),
                    "page_1": _each(lambda _: statement(session, town.issuing, first=LINES), some),
                    "page_last": _each(
                        lambda _: statement(session, town.issuing, first=LINES, before_seq=LINES + 1), some
                    ),
                    "balance_at": _each(lambda account: balance_at(session, account, middle), some),
                    "balance_now": _each(partial(balance_of, session), some),
                    "raw_look_up": _each(lambda account: _raw(session, look_up, account), some),
                    "raw_at": _each(lambda account: _raw(session, past, account, stored), some),
                }
            )
    figures: dict[str, Value] = {f"{kind}.reads.{name}_s": clock.median_s(name) / len(some) for name in clock.seconds}
    figures[f"{kind}.reads.last_page"] = entries // 2 // LINES
    figures[f"{kind}.reads.balance_at_per_raw_look_up"] = median(clock.ratios("balance_at", "raw_look_up"))
    return Report(
        figures=figures,
        targets=[
            at_most(f"{kind}.reads.statement_per_raw", median(clock.ratios("statement", "raw_statement")), STATEMENT),
            at_most(f"{kind}.reads.last_page_per_first", median(clock.ratios("page_last", "page_1")), DEEP),
            at_most(
                f"{kind}.reads.balance_at_per_balance_now", median(clock.ratios("balance_at", "balance_now")), PAST
            ),
            at_most(
                f"{kind}.reads.raw_balance_at_per_raw_look_up", median(clock.ratios("raw_at", "raw_look_up")), PAST
            ),
        ],
    )


def _each(read: Callable[[int], object], accounts: list[int]) -> Callable[[], None]:
    def work() -> None:
        for account in accounts:
            read(account)

    return work


def _page_of(session: Session, account: int) -> object:
    return statement(session, account, first=LINES)


def _raw(session: Session, words: str, *values: object) -> list[Any]:
    """Ask the driver alone, on the same connection."""
    driver: Any = session.connection().connection.driver_connection
    cursor = driver.cursor()
    cursor.execute(words, values)
    rows: list[Any] = cursor.fetchall()
    return rows


def _checks(kind: str, town: Town, rounds: int) -> Report:
    """Run R1 to R7, with every hash and every seal made anew."""
    clock, found = Rounds(), list[Any]()
    for _ in range(rounds):
        with transaction(town.engine, read_only=True) as session:
            found += clock.play({"checks": partial(reconcile, session, town.book)})["checks"]
    seconds = clock.median_s("checks")
    targets: list[Target] = [
        at_most(f"{kind}.checks_s", seconds, CHECKS_S),
        equal(f"{kind}.checks_that_fail", len(found), 0),
    ]
    return Report(figures={f"{kind}.checks_cpu_s": clock.median_cpu_s("checks")}, targets=targets)
