"""Closing an account: what is in it is disposed of first; the account takes nothing more, and its history stays."""

from sqlalchemy import update
from sqlmodel import Session

from timebank.coins.acts import Act, Payment, acting, pay
from timebank.coins.holders import account_row, require_account
from timebank.coins.refusals import BalanceLeft, require_allowed
from timebank.coins.relations import require_self
from timebank.core.errors import WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.ledger.accounts import ACCOUNT, POOL, account_id
from timebank.rules.findings import Donation
from timebank.rules.pack import pack_in_force
from timebank.rules.spending import decide_donation

RESTS = ("", "pool")


def close_account(session: Session, act: Act, person_id: int, *, rest_to: str = "") -> int:
    """Close a person's account in a book; with ``rest_to`` the pool gets what is left, as a donation by the pack.

    Returns the account. Its entries stay, and can be read as before.

    Raises
    ------
    BalanceLeft
        When something is held, or something is left and nobody is to get it.
    NotByRules
        When the pack takes no donations to the pool.
    NotFound
        When there is no account.
    NotTheirs
        When a person closes somebody else's.
    WrongInput
        When the rest is to go to nobody known.
    WrongState
        When it is frozen or closed.
    """
    if rest_to not in RESTS:
        raise WrongInput(field="rest_to", value=rest_to[:20], right=Phrase("right_one_of", known="pool"))
    with acting(session, act, "close_account", {"person": person_id, "rest_to": rest_to}) as gate:
        account = require_account(session, act.book_id, person_id)
        if gate.is_replay:
            return account
        require_self(act, person_id, kind="person", key=str(person_id))
        row = account_row(session, account, locked=True)
        if row.status != "open":
            raise WrongState(kind="account", key=str(account), state=row.status, allowed="open")
        left = row.credits - row.debits
        if row.held or (left and not rest_to):
            raise BalanceLeft(account_id=account, balance_min=left, held_min=row.held)
        if left:
            case = Donation(day=act.day, target="pool", minutes=left, available_min=left)
            decision = require_allowed(decide_donation(case), pack_in_force(act.day))
            pool = account_id(session, act.book_id, POOL)
            payment = Payment(debit_id=account, credit_id=pool, minutes=left, reason="donate", decision=decision)
            pay(session, act, gate, payment)
        close_empty(session, account)
        return account


def close_empty(session: Session, account: int) -> None:
    """Close an account that has nothing and holds nothing; the database refuses any other."""
    session.connection().execute(update(ACCOUNT).where(ACCOUNT.c.id == account).values(status="closed"))


def freeze(session: Session, account: int) -> None:
    """Freeze an account: nothing goes in or out but what ends its holds."""
    change = update(ACCOUNT).where(ACCOUNT.c.id == account, ACCOUNT.c.status == "open")
    session.connection().execute(change.values(status="frozen"))


def thaw(session: Session, account: int) -> None:
    """Open a frozen account again."""
    change = update(ACCOUNT).where(ACCOUNT.c.id == account, ACCOUNT.c.status == "frozen")
    session.connection().execute(change.values(status="open"))
