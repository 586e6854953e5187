"""A volunteer's account: balance and statement."""

from datetime import datetime
from typing import Self

import strawberry

from api.context import Info
from api.ids import cursor, encode, read_cursor
from api.schema.connections import Connection, checked_first, page
from api.schema.scalars import After, First
from timebank.core.minutes import format_coins
from timebank.ledger.accounts import account_of_person, balance_of, reason_of, statement
from timebank.ledger.tables import Account as AccountRow
from timebank.ledger.tables import Entry


@strawberry.type(description="A line of a statement. Amounts are minutes; what was given is negative.")
class StatementLine:
    """A line of a statement."""

    id: strawberry.ID
    amount_min: int
    balance_after_min: int
    reason: str = strawberry.field(description="Why it was posted: earn, redeem, gift and so on.")
    posted_at: datetime

    @classmethod
    def of(cls, entry: Entry, reason: str) -> Self:
        """Show an entry."""
        return cls(
            id=strawberry.ID(encode("entry", entry.account_id, entry.seq)),
            amount_min=entry.amount_min,
            balance_after_min=entry.balance_after_min,
            reason=reason,
            posted_at=entry.created_at,
        )


@strawberry.type(description="An account of the time bank, in minutes; 60 minutes are one time coin.")
class Account:
    """An account of the time bank."""

    id: strawberry.ID
    number: strawberry.Private[int]
    balance_min: int
    available_min: int = strawberry.field(description="The balance less what is held.")

    @strawberry.field(description="The balance in time coins, as people read it.")
    def balance_coins(self) -> str:
        """Write the balance in coins."""
        return format_coins(self.balance_min)

    @strawberry.field(description="Lines, newest first.")
    def statement(self, info: Info, first: First, after: After = None) -> Connection[StatementLine]:
        """Return a page of the statement."""
        before = read_cursor("statement", after)
        session = info.context.session
        lines = statement(session, self.number, first=checked_first(first), before_seq=before[0] if before else None)
        reasons = reason_of(session, [line.transfer_id for line in lines])
        return page(
            lines,
            first,
            lambda line: StatementLine.of(line, reasons[line.transfer_id]),
            lambda line: cursor("statement", line.seq),
        )


def account_shown(info: Info, row: AccountRow) -> Account:
    """Show an account as it is now."""
    number = row.id or 0
    balance = balance_of(info.context.session, number)
    return Account(
        id=strawberry.ID(encode("account", number)),
        number=number,
        balance_min=balance.balance_min,
        available_min=balance.available_min,
    )


def my_account(info: Info) -> Account:
    """Return the account of the person who asks."""
    person = info.context.person("accounts:read")
    return account_shown(info, account_of_person(info.context.session, person))
