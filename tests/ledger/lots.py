"""Coins lot by lot, as people think of them: what the closed form of expiry must agree with."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import Engine

from tests.ledger.conftest import Pair
from timebank.core.clock import day_of, moment_at
from timebank.core.database import transaction
from timebank.ledger.accounts import balance_of
from timebank.ledger.expiry import expire_coins
from timebank.ledger.holds import hold, reverse, void
from timebank.ledger.posting import post
from timebank.ledger.terms import Posting


@dataclass
class Lots:
    """The coins of one account in the order they came, each lot with its moment; and what is held."""

    lots: list[tuple[datetime, int]] = field(default_factory=list)
    held_min: int = 0

    @property
    def balance_min(self) -> int:
        """All coins there are."""
        return sum(minutes for _, minutes in self.lots)

    def credit(self, minutes: int, now: datetime) -> None:
        """Coins come in."""
        self.lots.append((now, minutes))

    def debit(self, minutes: int) -> None:
        """Coins go out, the oldest first."""
        while minutes:
            came, lot = self.lots.pop(0)
            taken = min(lot, minutes)
            minutes -= taken
            if lot > taken:
                self.lots.insert(0, (came, lot - taken))

    def expire(self, cutoff: datetime) -> int:
        """Take away what came before the cutoff, as far as it is not held; returns the minutes."""
        due = sum(minutes for came, minutes in self.lots if came < cutoff)
        taken = min(due, self.balance_min - self.held_min)
        self.debit(taken)
        return taken


class Walk:
    """Walks over the real books of Anna and over her lots at once, step by step, days apart."""

    def __init__(self, engine: Engine, pair: Pair, term: timedelta, now: datetime) -> None:
        self.engine, self.pair, self.term, self.now = engine, pair, term, now
        self.lots = Lots()
        self.number = 0
        self.holds: list[tuple[int, int]] = []
        self.spent: list[tuple[int, int]] = []
        self.expired_on: date | None = None

    def go(self, steps: list[tuple[str, int, int]]) -> None:
        """Do steps, one after the other: what, how many minutes, how many days later."""
        for step in steps:
            self.step(*step)

    def step(self, kind: str, minutes: int, days: int) -> None:
        """Let days pass, and do one thing."""
        self.now += timedelta(days=days)
        self.number += 1
        getattr(self, kind)(minutes)

    def earn(self, minutes: int) -> None:
        """Coins come in."""
        self._post(self.pair.earn(f"{self.number}", minutes))
        self.lots.credit(minutes, self.now)

    def spend(self, minutes: int) -> None:
        """Coins go out, as many as are free."""
        free = min(minutes, self.lots.balance_min - self.lots.held_min)
        if free:
            posting = self.pair.spend(f"{self.number}", free, credit_id=self.pair.issuing)
            self.spent.append((self._post(posting), free))
            self.lots.debit(free)

    def hold(self, minutes: int) -> None:
        """Coins are promised, as many as are free."""
        free = min(minutes, self.lots.balance_min - self.lots.held_min)
        if free:
            until = self.now + timedelta(days=999)
            ask = self.pair.spend(f"{self.number}", free, kind="hold", expires_at=until)
            with transaction(self.engine) as session:
                self.holds.append((hold(session, ask, now=self.now).transfer_id, free))
            self.lots.held_min += free

    def free(self, _minutes: int) -> None:
        """The oldest promise is taken back."""
        for number, minutes in self.holds[:1]:
            with transaction(self.engine) as session:
                void(session, self.pair.book, number, idem_key=f"{self.number}", now=self.now)
            self.lots.held_min -= minutes
        del self.holds[:1]

    def undo(self, _minutes: int) -> None:
        """What was spent last comes back, and has come in today."""
        for number, minutes in self.spent[-1:]:
            with transaction(self.engine) as session:
                reverse(session, self.pair.book, number, idem_key=f"{self.number}", reason="mistake", now=self.now)
            self.lots.credit(minutes, self.now)
        del self.spent[-1:]

    def sweep(self, _minutes: int) -> None:
        """What has reached its term goes, once a day."""
        day = day_of(self.now)
        done = expire_coins(self.engine, self.pair.book, day=day, now=self.now)
        due = 0 if day == self.expired_on else self.lots.expire(moment_at(day - self.term, 0))
        self.expired_on = day if due else self.expired_on
        assert done.minutes == due

    def agree(self) -> None:
        """Compare what is left and what is held."""
        with transaction(self.engine, read_only=True) as session:
            balance = balance_of(session, self.pair.anna)
        assert (balance.balance_min, balance.held_min) == (self.lots.balance_min, self.lots.held_min)

    def _post(self, posting: Posting) -> int:
        with transaction(self.engine) as session:
            return post(session, posting, now=self.now).transfer_id
