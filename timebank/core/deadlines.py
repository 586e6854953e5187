"""Until when work on a database may last, so that the database itself stops and not only whoever waits for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from time import monotonic
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

STEPS = 20_000
"""Steps of SQLite's machine between two looks at the time: about a millisecond."""
LIMIT = text("SELECT set_config('statement_timeout', :ms, true)")


class Deadline:
    """A moment after which work is stopped; whoever waits for it can call it off before."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._ends = monotonic() + seconds
        self._is_off = False
        self._stop: Callable[[], object] | None = None
        self._turn = Lock()

    @property
    def left_s(self) -> float:
        """Return the seconds that are left."""
        return max(0.0, self._ends - monotonic())

    @property
    def is_over(self) -> bool:
        """Tell whether the work must stop."""
        return self._is_off or monotonic() >= self._ends

    def call_off(self) -> None:
        """Let the work stop now, wherever it is in the database."""
        self._is_off = True
        with self._turn:
            if self._stop is not None:
                self._stop()

    @contextmanager
    def stopping_by(self, stop: Callable[[], object]) -> Iterator[None]:
        """Say how a statement that runs is stopped from outside, for as long as the block runs."""
        self._stop = stop
        try:
            yield
        finally:
            with self._turn:  # none is stopped that begins after the block
                self._stop = None


@contextmanager
def held_to(session: Session, deadline: Deadline) -> Iterator[None]:
    """Hold a session's transaction to a deadline; its statements fail as ``StoreTimeout`` after it.

    PostgreSQL stops a statement by itself, even when this process is gone; SQLite asks between its steps.
    """
    connection = session.connection()
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        driver.set_progress_handler(lambda: deadline.is_over, STEPS)
        try:
            yield
        finally:
            driver.set_progress_handler(None, 0)
    else:
        connection.execute(LIMIT, {"ms": str(max(1, int(deadline.left_s * 1000)))})
        with deadline.stopping_by(driver.cancel):
            yield
