"""A volunteer's account: balance and statement."""

from datetime import datetime
from typing import Self

import strawberry

from api.context import Info
from api.ids import encode
from api.schema.connections import Connection, page
from api.schema.scalars import After, First
from timebank.core.errors import NotFound
from timebank.core.minutes import format_coins
from timebank.ledger.accounts import Line, account_of_person, balance_of, statement
from timebank.ledger.tables import Account as AccountRow


@strawberry.type(description="A line of a statement. Amounts are minutes; what was given is negative.")
class StatementLine:
    """A line of a statement."""

    id: strawberry.ID = strawberry.field(description="Id of the line.")
    amount_min: int = strawberry.field(description="Minutes that came, or went when negative.")
    balance_after_min: int = strawberry.field(description="Balance in minutes after this line.")
    reason: str = strawberry.field(description="Why it was posted: earn, redeem, gift and so on.")
    posted_at: datetime = strawberry.field(description="When it was posted, UTC.")

    @classmethod
    def of(cls, line: Line) -> Self:
        """Show a line."""
        return cls(
            id=strawberry.ID(encode("entry", line.account_id, line.seq)),
            amount_min=line.amount_min,
            balance_after_min=line.balance_after_min,
            reason=line.reason,
            posted_at=line.created_at,
        )


@strawberry.type(description="An account of the time bank, in minutes; 60 minutes are one time coin.")
class Account:
    """An account of the time bank."""

    id: strawberry.ID = strawberry.field(description="Id of the account.")
    balance_min: int = strawberry.field(description="The balance in minutes.")
    available_min: int = strawberry.field(description="The balance less what is held.")
    number: strawberry.Private[int]

    @strawberry.field(description="The balance in time coins, as people read it.")
    def balance_coins(self) -> str:
        """Write the balance in coins."""
        return format_coins(self.balance_min)

    @strawberry.field(description="Lines, newest first.")
    def statement(self, info: Info, first: First, after: After = None) -> Connection[StatementLine]:
        """Return a page of the statement."""
        session = info.context.session

        def read(count: int, last: tuple[int, ...] | None) -> list[Line]:
            return statement(session, self.number, first=count, before_seq=last[0] if last else None)

        return page(
            "statement",
            first,
            after,
            read=read,
            key=lambda line: (line.seq,),
            node=StatementLine.of,
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


def my_account(info: Info) -> Account | None:
    """Return the account of the person who asks; nothing before their first hour was credited."""
    person = info.context.person("accounts:read")
    try:
        row = account_of_person(info.context.session, person)
    except NotFound:
        return None
    return account_shown(info, row)
