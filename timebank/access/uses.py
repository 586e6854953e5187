"""When a token was used last: noted in memory and written now and then, for a request must not wait for a write."""

import threading
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Row, bindparam, update

from timebank.core.columns import table_of
from timebank.core.database import transaction
from timebank.core.errors import StoreUnavailable
from timebank.people.tables import AccessToken

TOKEN = table_of(AccessToken)
LAG = timedelta(minutes=10)
"""How far what is told of a token's last use may be behind."""


class Uses:
    """Uses that wait to be written; shared by the threads of a process."""

    def __init__(self) -> None:
        self.waiting: dict[int, datetime] = {}
        self.lock = threading.Lock()
        self.writing = threading.Lock()

    def note(self, token: Row[Any], *, now: datetime) -> None:
        """Note a use, unless one is told that is not long ago."""
        if token.last_used_at is None or now - token.last_used_at >= LAG:
            with self.lock:
                self.waiting[token.id] = now

    def write(self, engine: Engine) -> None:
        """Write what waits, in one statement; while the database is busy it waits on.

        One thread writes at a time. Another who comes meanwhile leaves, and what it brought is written with the next:
        many threads that wait for the same turn would be lacking to those who ask.
        """
        if not self.writing.acquire(blocking=False):
            return
        try:
            self._write(engine)
        finally:
            self.writing.release()

    def _write(self, engine: Engine) -> None:
        with self.lock:
            taken, self.waiting = self.waiting, {}
        if not taken:
            return
        rows = [{"token": number, "at": at} for number, at in sorted(taken.items())]
        set_based = update(TOKEN).where(TOKEN.c.id == bindparam("token")).values(last_used_at=bindparam("at"))
        try:
            with transaction(engine) as session:
                session.connection().execute(set_based, rows)
        except StoreUnavailable:
            with self.lock:
                self.waiting = taken | self.waiting
