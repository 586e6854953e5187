"""The ledger in a few lines of memory: what the real one must agree with, whatever is done in whatever order."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from sqlmodel import Session

from tests.ledger.conftest import Pair
from timebank.core.errors import Refusal
from timebank.ledger.accounts import balance_of
from timebank.ledger.batch import post_batch
from timebank.ledger.books import Books, books_of
from timebank.ledger.holds import capture, expire_due, hold, reverse, void
from timebank.ledger.posting import Posting, post
from timebank.ledger.seals import seal_transfers

CEILING_MIN = 1000
Outcome = TypeVar("Outcome")


@dataclass
class Held:
    """Minutes that are promised until a moment."""

    amount_min: int
    until: datetime


@dataclass
class Model:
    """Balances, open holds and what may still be reversed; each step says whether the bank must allow it."""

    anna: int = 0
    bo: int = 0
    holds: dict[int, Held] = field(default_factory=dict)
    gifts: dict[int, int] = field(default_factory=dict)

    @property
    def held(self) -> int:
        """Minutes of Anna that are promised."""
        return sum(one.amount_min for one in self.holds.values())

    def move(self, anna: int, bo: int) -> bool:
        """Change both balances if floor and ceiling hold."""
        is_allowed = self.anna + anna >= self.held and 0 <= self.bo + bo <= CEILING_MIN
        if is_allowed:
            self.anna, self.bo = self.anna + anna, self.bo + bo
        return is_allowed


class Walk:
    """A walk of random steps over the real books and the model at once, with a clock that jumps."""

    def __init__(self, session: Session, pair: Pair, now: datetime, seed: int, books: Books | None = None) -> None:
        self.session, self.pair, self.now = session, pair, now
        self.books = books or books_of(session)
        self.chance = random.Random(seed)  # noqa: S311  # chance of a test, not of a secret
        self.model = Model()
        self.steps = (self.earn, self.give, self.give_many, self.hold, self.capture, self.void, self.expire, self.undo)
        self.posted: list[Posting] = []
        self.number = 0

    def step(self) -> None:
        """Do one step, perhaps a retry of an old one or a seal between."""
        self.number += 1
        self.now += timedelta(minutes=self.chance.choice((-30, 0, 1, 60, 600)))
        self.chance.choice(self.steps)()
        if self.posted and self.chance.random() < 0.2:
            assert post(self.books, self.chance.choice(self.posted), now=self.now).is_replay
        if self.chance.random() < 0.1:
            seal_transfers(self.session, self.pair.book, now=self.now)

    def agree(self) -> None:
        """Compare balances and holds."""
        anna, bo = balance_of(self.session, self.pair.anna), balance_of(self.session, self.pair.bo)
        issuing = balance_of(self.session, self.pair.issuing)
        assert (anna.balance_min, anna.held_min, bo.balance_min) == (self.model.anna, self.model.held, self.model.bo)
        assert issuing.balance_min == -self.model.anna - self.model.bo

    def earn(self) -> None:
        """Anna earns."""
        posting = self.pair.earn(f"{self.number}", self.chance.randint(1, 120))
        post(self.books, posting, now=self.now)
        self.posted.append(posting)
        assert self.model.move(posting.amount_min, 0)

    def give(self) -> None:
        """Anna gives Bo, or tries to."""
        posting = self.pair.spend(f"{self.number}", self.chance.randint(1, 150))
        number = self._try(lambda: post(self.books, posting, now=self.now).transfer_id)
        assert (number is not None) == self.model.move(-posting.amount_min, posting.amount_min)
        if number is not None:
            self.posted.append(posting)
            self.model.gifts[number] = posting.amount_min

    def give_many(self) -> None:
        """Anna gives Bo twice in one batch, or not at all."""
        postings = [self.pair.spend(f"{self.number}.{n}", self.chance.randint(1, 90)) for n in (1, 2)]
        total = sum(posting.amount_min for posting in postings)
        done = self._try(lambda: post_batch(self.books, postings, now=self.now).posted)
        assert (done == 2) == self.model.move(-total, total)

    def hold(self) -> None:
        """Anna promises Bo something."""
        amount, until = self.chance.randint(1, 80), self.now + timedelta(hours=self.chance.randint(1, 20))
        ask = self.pair.spend(f"{self.number}", amount, kind="hold", expires_at=until)
        number = self._try(lambda: hold(self.books, ask, now=self.now).transfer_id)
        assert (number is not None) == (self.model.anna - self.model.held >= amount)
        if number is not None:
            self.model.holds[number] = Held(amount, until)

    def capture(self) -> None:
        """A promise is kept, unless its moment has passed or Bo has no room."""
        for number, one in list(self.model.holds.items())[:1]:
            keep = partial(capture, self.books, self.pair.book, number, idem_key=f"{self.number}", now=self.now)
            done = self._try(keep)
            has_room = self.model.bo + one.amount_min <= CEILING_MIN
            assert (done is not None) == (one.until > self.now and has_room)
            if done is not None:
                del self.model.holds[number]
                assert self.model.move(-one.amount_min, one.amount_min)

    def void(self) -> None:
        """A promise is taken back."""
        for number in list(self.model.holds)[-1:]:
            void(self.books, self.pair.book, number, idem_key=f"{self.number}", now=self.now)
            del self.model.holds[number]

    def expire(self) -> None:
        """The sweep passes."""
        due = [number for number, one in self.model.holds.items() if one.until <= self.now]
        assert expire_due(self.books, self.pair.book, now=self.now) == len(due)
        for number in due:
            del self.model.holds[number]

    def undo(self) -> None:
        """A gift is taken back, if Bo still has it; a second time never."""
        for number, amount in list(self.model.gifts.items())[-1:]:
            done = self._try(partial(self._reverse, number, f"{self.number}"))
            assert (done is not None) == self.model.move(amount, -amount)
            if done is not None:
                del self.model.gifts[number]
                assert self._try(partial(self._reverse, number, f"{self.number}.again")) is None

    def _reverse(self, number: int, key: str) -> int:
        back = reverse(self.books, self.pair.book, number, idem_key=key, reason="mistake", now=self.now)
        return back.transfer_id

    @staticmethod
    def _try(act: Callable[[], Outcome]) -> Outcome | None:
        try:
            return act()
        except Refusal:
            return None
