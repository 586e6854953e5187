"""Random lives of a book, led on both databases and in a model of a few lines at once.

Every step is done by one of the three paths (through the driver, by the plain reference, by the writer), perhaps with a
fault on its way or with a reply that gets lost; then both databases and the model must tell the same.
"""

from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import Engine
from sqlmodel import Session

from tests.ledger.sides import FLOORS, NOON, PATHS, TROUBLES, Act, Model, Pay, Side, Told, is_refused, said
from tests.together import at_once
from timebank.core.database import transaction
from timebank.core.errors import Refusal
from timebank.ledger.accounts import balance_of
from timebank.ledger.batch import post_batch
from timebank.ledger.books import Books
from timebank.ledger.holds import capture, expire_due, hold, reverse, void
from timebank.ledger.posting import post
from timebank.ledger.reconcile import reconcile
from timebank.ledger.seals import seal_transfers

_books = count(1)
codes = st.sampled_from(sorted(FLOORS))
pays = st.tuples(codes, codes, st.integers(1, 120)).filter(lambda pay: pay[0] != pay[1])
paths, troubles = st.sampled_from(PATHS), st.sampled_from(TROUBLES)


class BookMachine(RuleBasedStateMachine):
    """The life of one book, on as many databases as there are engines."""

    def __init__(self, engines: list[Engine], steps: list[str] | None = None) -> None:
        super().__init__()
        code = f"book {next(_books)}"
        self.sides = [Side(engine, code) for engine in engines]
        self.has_equal_numbers = len({(side.book, *side.accounts.values()) for side in self.sides}) == 1
        self.model, self.now, self.number = Model(), NOON, 0
        self.holds: dict[str, Told] = {}
        self.moved: dict[str, Told] = {}
        self.done: dict[str, Act] = {}
        self.steps = steps if steps is not None else []

    def _do(self, act: Act, path: str, trouble: str) -> Any:
        """Do the same on every side; all must tell the same."""
        self.steps.append(path)
        first, *others = [side.do(act, path, trouble) for side in self.sides]
        assert all(other == first for other in others), (first, others)
        return first

    def _key(self) -> str:
        self.number += 1
        return f"{self.number}"

    def _note(self, key: str, act: Act, moved: Told | None = None) -> None:
        self.done[key] = act
        if moved is not None:
            self.moved[key] = moved

    @rule(pay=pays, path=paths, trouble=troubles)
    def pay(self, pay: Pay, path: str, trouble: str) -> None:
        """Move minutes from one to another."""
        key, now = self._key(), self.now

        def act(side: Side, books: Books) -> bool:
            posted = post(books, side.posting(key, pay), now=now)
            side.numbers[key] = posted.transfer_id
            return posted.is_replay

        outcome = self._do(act, path, trouble)
        assert is_refused(outcome) != self.model.move(pay)
        if not is_refused(outcome):
            assert outcome == (trouble == "reply lost")
            self._note(key, act, Told(pay))

    @rule(asked=st.lists(pays, min_size=1, max_size=4), path=paths, trouble=troubles)
    def pay_many(self, asked: list[Pay], path: str, trouble: str) -> None:
        """Post a batch: all in turn, or nothing."""
        key, now = self._key(), self.now

        def act(side: Side, books: Books) -> bool:
            postings = [side.posting(f"{key}.{n}", pay) for n, pay in enumerate(asked)]
            batch = post_batch(books, postings, now=now)
            side.numbers |= batch.transfer_by_key
            return batch.posted == 0

        outcome = self._do(act, path, trouble)
        assert is_refused(outcome) != self.model.move(*asked)
        if not is_refused(outcome):
            self._note(key, act)
            self.moved |= {f"{key}.{n}": Told(pay) for n, pay in enumerate(asked)}

    @rule(one=pays, two=pays, path=paths, trouble=troubles)
    def pay_together(self, one: Pay, two: Pay, path: str, trouble: str) -> None:
        """Post two as a group: they succeed together, or neither does."""
        key, now = self._key(), self.now

        def act(side: Side, books: Books) -> bool:
            with books.together():
                replays = [
                    post(books, side.posting(f"{key}.{n}", pay), now=now).is_replay for n, pay in enumerate((one, two))
                ]
            return all(replays)

        outcome = self._do(act, path, trouble)
        assert is_refused(outcome) != self.model.move(one, two)
        if not is_refused(outcome):
            self._note(key, act)

    @rule(pay=pays, hours=st.integers(1, 40), path=paths, trouble=troubles)
    def hold(self, pay: Pay, hours: int, path: str, trouble: str) -> None:
        """Set minutes aside."""
        key, now = self._key(), self.now
        until = now + timedelta(hours=hours)

        def act(side: Side, books: Books) -> bool:
            posted = hold(books, side.posting(key, pay, kind="hold", expires_at=until), now=now)
            side.numbers[key] = posted.transfer_id
            return posted.is_replay

        outcome = self._do(act, path, trouble)
        assert is_refused(outcome) != self.model.hold(pay[0], pay[2])
        if not is_refused(outcome):
            self.holds[key] = Told(pay, until)
            self._note(key, act)

    @precondition(lambda self: self.holds)
    @rule(chance=st.randoms(use_true_random=False), keep=st.booleans(), path=paths, trouble=troubles)
    def end_a_hold(self, chance: Any, keep: bool, path: str, trouble: str) -> None:  # noqa: FBT001  # drawn
        """Capture a hold, or give it back; also one that has ended before."""
        held_key = chance.choice(list(self.holds))
        held, key, now = self.holds[held_key], self._key(), self.now
        ending = capture if keep else void

        def act(side: Side, books: Books) -> bool:
            ended = ending(books, side.book, side.numbers[held_key], idem_key=key, now=now)
            side.numbers[key] = ended.transfer_id
            return ended.is_replay

        outcome = self._do(act, path, trouble)
        is_due = held.until is not None and held.until <= now
        is_allowed = not held.is_over and not (keep and is_due)
        if is_allowed and keep:
            is_allowed = self.model.move(held.pay, freed=held.pay[2])
        elif is_allowed:
            self.model.held[held.pay[0]] -= held.pay[2]
        assert is_refused(outcome) != is_allowed
        if is_allowed:
            held.is_over = True
            self._note(key, act, Told(held.pay) if keep else None)

    @rule(path=paths, trouble=troubles)
    def sweep(self, path: str, trouble: str) -> None:
        """Free what is due."""
        now = self.now
        due = [held for held in self.holds.values() if held.until and held.until <= now and not held.is_over]

        freed = self._do(lambda side, books: expire_due(books, side.book, now=now), path, trouble)

        assert freed == (0 if trouble == "reply lost" else len(due))
        for held in due:
            held.is_over = True
            self.model.held[held.pay[0]] -= held.pay[2]

    @precondition(lambda self: self.moved)
    @rule(chance=st.randoms(use_true_random=False), path=paths, trouble=troubles)
    def undo(self, chance: Any, path: str, trouble: str) -> None:
        """Take a transfer back; also one that was taken back before."""
        moved_key = chance.choice(list(self.moved))
        moved, key, now = self.moved[moved_key], self._key(), self.now
        debit, credit, amount = moved.pay

        def act(side: Side, books: Books) -> bool:
            number = side.numbers[moved_key]
            back = reverse(books, side.book, number, idem_key=key, reason="mistake", now=now)
            return back.is_replay

        outcome = self._do(act, path, trouble)
        is_allowed = not moved.is_over and self.model.move((credit, debit, amount))
        assert is_refused(outcome) != is_allowed
        if is_allowed:
            moved.is_over = True
            self._note(key, act)

    @precondition(lambda self: self.done)
    @rule(chance=st.randoms(use_true_random=False), path=paths)
    def ask_again(self, chance: Any, path: str) -> None:
        """Ask for something that was done: it is told, and nothing happens."""
        assert self._do(self.done[chance.choice(list(self.done))], path, "none") is True

    @precondition(lambda self: self.moved)
    @rule(chance=st.randoms(use_true_random=False), path=paths)
    def ask_for_something_else(self, chance: Any, path: str) -> None:
        """Use a key again for another amount: a conflict, whatever the balance."""
        key = chance.choice(list(self.moved))
        debit, credit, amount = self.moved[key].pay

        def act(side: Side, books: Books) -> bool:
            return post(books, side.posting(key, (debit, credit, amount + 1)), now=self.now).is_replay

        assert self._do(act, path, "none")[0] == "KeyConflict"

    @rule(one=pays, two=pays)
    def two_at_once(self, one: Pay, two: Pay) -> None:
        """Two pay at once; the second begins before the first has committed."""
        keys, now = (self._key(), self._key()), self.now

        def act(side: Side, key: str, pay: Pay, session: Session) -> Any:
            try:
                side.numbers[key] = post(session, side.posting(key, pay), now=now).transfer_id
            except Refusal as refusal:
                return said(refusal)
            return True

        results = [
            at_once(side.engine, partial(act, side, keys[0], one), partial(act, side, keys[1], two))
            for side in self.sides
        ]

        assert all(result == results[0] for result in results)
        for key, pay, outcome in zip(keys, (one, two), results[0], strict=True):
            assert is_refused(outcome) != self.model.move(pay)
            if not is_refused(outcome):
                self.moved[key] = Told(pay)

    @rule(minutes=st.sampled_from([-90, -1, 1, 60, 600, 2400]))
    def clock_jumps(self, minutes: int) -> None:
        """The server's clock goes on, or back."""
        self.now += timedelta(minutes=minutes)

    @rule()
    def seal(self) -> None:
        """Seal what is there."""
        for side in self.sides:
            with transaction(side.engine) as session:
                seal_transfers(session, side.book, now=self.now)

    @invariant()
    def books_agree(self) -> None:
        """Every balance is the model's on every side, and R1 to R7 hold."""
        for side in self.sides:
            with transaction(side.engine) as session:
                for code, number in side.accounts.items():
                    stands = balance_of(session, number)
                    told = self.model.balances[code], self.model.held[code]
                    assert (stands.balance_min, stands.held_min) == told, code
                assert reconcile(session, side.book) == []

    def teardown(self) -> None:
        """Compare every row across the databases; hashes too, unless a failure before made their numbers differ."""
        for side in self.sides:
            side.writer.close()
        self.steps.append("hashes compared" if self.has_equal_numbers else "numbers differ")
        first, *others = [side.told(with_leaves=self.has_equal_numbers) for side in self.sides]
        assert all(other == first for other in others)
