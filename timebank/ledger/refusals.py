"""Refusals of the ledger, and how a broken constraint becomes one."""

from sqlalchemy.exc import IntegrityError

from timebank.core.errors import Refusal


class AccountClosed(Refusal):
    """The account is frozen or closed, or not in this book."""

    def __init__(self, *, account_id: int) -> None:
        self.account_id = account_id
        super().__init__(f"Account {account_id} takes no postings: it is frozen, closed or in another book.")


class AlreadyResolved(Refusal):
    """The hold was captured, voided or has expired."""

    def __init__(self, *, hold_id: int) -> None:
        self.hold_id = hold_id
        super().__init__(f"Hold {hold_id} is resolved already; a hold ends once.")


class AlreadyReversed(Refusal):
    """The transfer was reversed before."""

    def __init__(self, *, transfer_id: int) -> None:
        self.transfer_id = transfer_id
        super().__init__(f"Transfer {transfer_id} is reversed already; it happens once.")


class HoldExpired(Refusal):
    """The hold has passed the moment it expires."""

    def __init__(self, *, hold_id: int) -> None:
        self.hold_id = hold_id
        super().__init__(f"Hold {hold_id} has expired; what it held is free again.")


def broke(fault: IntegrityError, *names: str) -> bool:
    """Tell whether a fault of the database is about one of some constraints, or their columns on SQLite."""
    words = str(fault.orig)
    return any(name in words for name in names)
