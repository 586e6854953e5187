"""Kills the real command in the middle: a process of its own that gets SIGKILL at a statement of its choice."""

import multiprocessing
import os
import signal
from pathlib import Path

from sqlalchemy import Engine

from tests.watched import watch
from tests.worlds import DISTRICT

COMMAND = (
    "demo",
    f"--seed={DISTRICT['seed']}",
    f"--scale={DISTRICT['scale']}",
    f"--starts-on={DISTRICT['starts_on'].isoformat()}",
)
PATIENCE_S = 60
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["timebank.cli"])


def run_until(url: str, home: Path, statement: str, count: int = 1) -> int | None:
    """Run ``timebank demo`` on a database until it has sent ``statement`` ``count`` times; returns the exit code.

    The process is killed with -9 just before the statement is sent, in the middle of its transaction; one of several
    is meant where ``|`` stands between them. An empty statement lets it run to its end.
    """
    environment = {"DATABASE_URL": url, "TIMEBANK_HOME": str(home), "TIMEBANK_KEYS": os.environ["TIMEBANK_KEYS"]}
    process = PROCESSES.Process(target=_demo, args=(environment, statement, count))
    process.start()
    process.join(PATIENCE_S)
    return process.exitcode


def _demo(environment: dict[str, str], statement: str, count: int) -> None:
    from timebank.cli import app  # noqa: PLC0415  # only the child runs it; it was loaded before the fork

    os.environ.update(environment)
    seen = 0

    def kill(sql: str) -> None:
        nonlocal seen
        seen += bool(statement) and any(part in sql.replace('"', "") for part in statement.split("|"))
        if seen == count:
            os.kill(os.getpid(), signal.SIGKILL)

    watch(Engine, kill)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    app(COMMAND, standalone_mode=False)
