"""Acts: who does something with coins, under which key, and when; each happens once, whole or not at all.

The insert of the act is the gate, as it is in the ledger: the key belongs to its actor for ever, so whoever comes
second replays what the first did, or meets a conflict when the content differs. A refusal takes the act back, and the
key is free again. Every transfer of an act is written down beside it, with the decision that allowed it and who acted.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from timebank.coins.tables import CoinAct, CoinTransfer
from timebank.core.clock import day_of
from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip
from timebank.core.errors import KeyConflict, NotFound, WrongInput
from timebank.core.texts import Phrase
from timebank.ledger.holds import hold
from timebank.ledger.posting import Posting, post
from timebank.ledger.refusals import broke
from timebank.rules.decision import Decision

ACT = table_of(CoinAct)
ACT_TRANSFER = table_of(CoinTransfer)
LONGEST = {"actor": 80, "key": 200}
LONGEST_NOTE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Who acts in which book, under which key of their own, when, and in which words.

    Actors are written as ``person:<id>`` or ``organisation:<id>``.
    """

    book_id: int
    key: str
    actor: str
    now: datetime
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse what could not be kept.

        Raises
        ------
        WrongInput
            For an actor or a key that is empty, too long or not printable, and a note that is too long.
        """
        for field, longest in LONGEST.items():
            words = getattr(self, field)
            if not 1 <= len(words) <= longest or not words.isprintable():
                right = Phrase("right_printed", least=1, most=longest)
                raise WrongInput(field=field, value=f"{words[:20]}...", right=right)
        if len(self.note) > LONGEST_NOTE:
            right = Phrase("right_length", least=0, most=LONGEST_NOTE)
            raise WrongInput(field="note", value=f"{self.note[:20]}...", right=right)

    @property
    def day(self) -> date:
        """The day of it, by which its pack is chosen."""
        return day_of(self.now)


class Gate(NamedTuple):
    """The act that stands for a key, and whether it stood before."""

    act_id: int
    is_replay: bool


@contextmanager
def acting(session: Session, act: Act, kind: str, content: Mapping[str, object]) -> Iterator[Gate]:
    """Let an act happen once: what is done inside stands or falls with it.

    Raises
    ------
    KeyConflict
        When the actor used the key for other content.
    NotFound
        When there is no such book.
    """
    asked = json.dumps([kind, act.note, content], default=str, sort_keys=True, ensure_ascii=False)
    digest = hashlib.sha256(asked.encode()).digest()
    row = {"book_id": act.book_id, "actor": act.actor, "key": act.key, "kind": kind, "request_hash": digest}
    with session.begin_nested():
        fresh = _insert(session, act, row)
        yield Gate(fresh, is_replay=False) if fresh is not None else _stood_before(session, act, digest)


def _insert(session: Session, act: Act, row: dict[str, Any]) -> int | None:
    """Write an act down; nothing when its key is taken."""
    connection = session.connection()
    gate = insert_or_skip(connection, ACT).values(**row, note=act.note or None, acted_at=act.now)
    gate = gate.on_conflict_do_nothing(index_elements=["book_id", "actor", "key"]).returning(ACT.c.id)
    try:
        fresh = connection.execute(gate).scalar()
    except IntegrityError as fault:
        if broke(fault, "FOREIGN KEY", "fk_coin_act_book_id"):
            raise NotFound(kind="book", key=str(act.book_id)) from fault
        raise
    return None if fresh is None else int(fresh)


def has_acted(session: Session, act: Act) -> bool:
    """Tell whether the actor used the key before, so that what is asked is a replay."""
    a = ACT.c
    wanted = select(a.id).where(a.book_id == act.book_id, a.actor == act.actor, a.key == act.key)
    return session.connection().execute(wanted).first() is not None


def _stood_before(session: Session, act: Act, digest: bytes) -> Gate:
    a = ACT.c
    wanted = select(a.id, a.request_hash).where(a.book_id == act.book_id, a.actor == act.actor, a.key == act.key)
    found = session.connection().execute(wanted).one()
    if bytes(found.request_hash) != digest:
        raise KeyConflict(key=act.key)
    return Gate(int(found.id), is_replay=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Minutes from one account to another, why, and the decision that allowed it.

    ``slot`` tells the payments of an act apart.
    """

    debit_id: int
    credit_id: int
    minutes: int
    reason: str
    decision: Decision
    slot: str = ""


def pay(session: Session, act: Act, gate: Gate, payment: Payment, *, book_id: int | None = None) -> int:
    """Post a payment of an act, in its own book or another; returns the transfer.

    Raises
    ------
    BalanceTooLow, BalanceTooHigh, AccountClosed
        When an account does not allow it.
    """
    posted = post(session, _posting(act, gate, payment, book_id), now=act.now)
    belongs(session, gate.act_id, posted.transfer_id)
    return posted.transfer_id


def promise(session: Session, act: Act, gate: Gate, payment: Payment, *, until: datetime) -> int:
    """Hold the minutes of a payment until a moment; returns the hold.

    Raises
    ------
    BalanceTooLow, AccountClosed
        When the account does not allow it.
    """
    posting = _posting(act, gate, payment, None, kind="hold", expires_at=until)
    held = hold(session, posting, now=act.now)
    belongs(session, gate.act_id, held.transfer_id)
    return held.transfer_id


def belongs(session: Session, act_id: int, transfer_id: int) -> None:
    """Write down that a transfer belongs to an act."""
    session.connection().execute(insert(ACT_TRANSFER), {"act_id": act_id, "transfer_id": transfer_id})


def transfers_of(session: Session, act_id: int) -> list[int]:
    """Return the transfers of an act, in the order they happened."""
    wanted = select(ACT_TRANSFER.c.transfer_id).where(ACT_TRANSFER.c.act_id == act_id)
    return list(session.connection().execute(wanted.order_by(ACT_TRANSFER.c.transfer_id)).scalars())


def _posting(act: Act, gate: Gate, payment: Payment, book_id: int | None, **more: Any) -> Posting:
    return Posting(
        book_id=book_id or act.book_id,
        idem_key=f"coins:{gate.act_id}:{payment.slot}",
        debit_id=payment.debit_id,
        credit_id=payment.credit_id,
        amount_min=payment.minutes,
        reason=payment.reason,
        effective_at=act.now,
        decision=payment.decision.to_json() | {"by": act.actor},
        **more,
    )
