"""Running balances of a batch: every account of it, one posting after the other, within floor and ceiling."""

from collections.abc import Iterator, Mapping, Sequence

from timebank.core.errors import BalanceTooHigh, BalanceTooLow
from timebank.ledger.refusals import AccountClosed
from timebank.ledger.terms import Posting

AccountRow = tuple[int, int, int, int, int, str | None, int | None, int | None]
"""Number, credits, debits, held, version, moment of the newest entry, floor and ceiling."""
EntryRow = tuple[int, int, int, int, int, int, str]
"""Account, number in it, transfer, amount, balance and credits after it, moment."""
ChangeRow = tuple[int, int, int, str, int, int]
"""Credits, debits, version and moment that an account gets, its number, and the version that it had."""


class State:
    """An account while a batch runs over it; ``moved_at`` is a text that sorts as moments do."""

    __slots__ = ("account", "ceiling", "credits", "debits", "floor", "held", "moved_at", "version", "was")

    def __init__(self, row: AccountRow, now: str) -> None:
        self.account, self.credits, self.debits, self.held, self.version, moved_at, self.floor, self.ceiling = row
        self.moved_at = now if moved_at is None else max(moved_at, now)
        self.was = self.version

    def debit(self, amount: int, transfer: int) -> EntryRow:
        """Take minutes, down to the floor; what is held counts as spent."""
        self.debits += amount
        self.version += 1
        balance = self.credits - self.debits
        if self.floor is not None and balance - self.held < self.floor:
            available = balance - self.held + amount - self.floor
            raise BalanceTooLow(account_id=self.account, available_min=available, amount_min=amount)
        return self.account, self.version, transfer, -amount, balance, self.credits, self.moved_at

    def credit(self, amount: int, transfer: int) -> EntryRow:
        """Add minutes, up to the ceiling."""
        self.credits += amount
        self.version += 1
        balance = self.credits - self.debits
        if self.ceiling is not None and balance > self.ceiling:
            raise BalanceTooHigh(account_id=self.account, ceiling_min=self.ceiling, amount_min=amount)
        return self.account, self.version, transfer, amount, balance, self.credits, self.moved_at


class Running:
    """The open accounts of a batch by number."""

    def __init__(self, rows: Sequence[AccountRow], now: str) -> None:
        self._states = {row[0]: State(row, now) for row in rows}

    def require(self, wanted: Sequence[int]) -> None:
        """Refuse the first of the wanted accounts that is not here: it is closed or in another book."""
        for account in wanted:
            if account not in self._states:
                raise AccountClosed(account_id=account)

    def entries(self, postings: Sequence[Posting], number_by_key: Mapping[str, int]) -> list[EntryRow]:
        """Run over postings in their order, and return their entries by account and number.

        Raises
        ------
        BalanceTooLow, BalanceTooHigh
            At the first posting that an account does not allow; of its two accounts the lower number is asked first.
        """
        rows: list[EntryRow] = []
        states = self._states
        for posting in postings:
            amount, transfer = posting.amount_min, number_by_key[posting.idem_key]
            giver, taker = states[posting.debit_id], states[posting.credit_id]
            if posting.debit_id < posting.credit_id:
                rows.append(giver.debit(amount, transfer))
                rows.append(taker.credit(amount, transfer))
            else:
                rows.append(taker.credit(amount, transfer))
                rows.append(giver.debit(amount, transfer))
        rows.sort()  # neighbours in the table are written one after the other
        return rows

    def changes(self) -> Iterator[ChangeRow]:
        """Yield what each account becomes, by number."""
        for account, state in sorted(self._states.items()):
            yield state.credits, state.debits, state.version, state.moved_at, account, state.was
