"""Rows of the ledger: three append-only tables, and two that are folded from them.

Everything that happens is a transfer: one debit, one credit, one amount, so each is balanced by
construction. Entries number each account without gaps. The database itself refuses

- to change or delete a transfer, an entry or a seal, to end a hold as another one or after its moment, to reverse
  what is not the opposite, and to give an account to someone else (triggers, see ``guards``);
- to resolve a hold twice, to reverse twice, to touch an account twice in one transfer, and to open a second account
  for a member (unique keys);
- a transfer between two books (foreign keys that carry the book);
- to take an account under its floor, which counts what is held, and a floor below zero where the kind of account
  has none (checks).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, LargeBinary, text
from sqlmodel import JSON, Field, SQLModel

from timebank.core.columns import (
    BigId,
    big_id,
    big_int,
    big_ref,
    moment,
    optional_int,
    optional_moment,
    optional_ref,
)


class Book(SQLModel, table=True):
    """A book: accounts whose balances sum to zero; one for a district."""

    id: int | None = big_id()
    code: str = Field(max_length=40, unique=True)
    name_zh: str = Field(max_length=80)
    created_at: datetime = moment()


class Account(SQLModel, table=True):
    """An account, folded from its entries. ``balance = credits - debits``; available is less what is held.

    ``floor_min`` empty means without limit (the issuing account); 0 is a member; below 0 is a credit line, which
    only organisations and projects can have. ``moved_at`` is the moment of the newest entry; it never goes back, so
    that the entries of an account are in one order by number and by moment, whatever the clocks of servers say.
    """

    __table_args__ = (
        CheckConstraint("floor_min IS NULL OR credits - debits - held >= floor_min", name="floor"),
        CheckConstraint("ceiling_min IS NULL OR credits - debits <= ceiling_min", name="ceiling"),
        CheckConstraint("held >= 0 AND credits >= 0 AND debits >= 0 AND version >= 0", name="amounts"),
        CheckConstraint("kind IN ('member','organisation','project','pool','issuance','sink')", name="kind"),
        CheckConstraint("kind = 'issuance' OR floor_min IS NOT NULL", name="only_issuance_without_floor"),
        CheckConstraint("kind IN ('issuance','organisation','project') OR floor_min >= 0", name="credit_line"),
        CheckConstraint("(version = 0) = (moved_at IS NULL)", name="moved"),
        CheckConstraint("status IN ('open','frozen','closed')", name="status"),
        Index("uq_account_code", "book_id", "code", unique=True),
        Index("uq_account_book", "id", "book_id", unique=True),
        Index(
            "uq_account_member",
            "book_id",
            "person_id",
            unique=True,
            sqlite_where=text("kind = 'member'"),
            postgresql_where=text("kind = 'member'"),
        ),
        {"postgresql_with": {"fillfactor": 70}},
    )

    id: int | None = big_id()
    book_id: int = big_ref("book.id")
    code: str = Field(max_length=80)
    kind: str = Field(max_length=16)
    person_id: int | None = optional_ref("person.id", index=True)
    organisation_id: int | None = optional_ref("organisation.id", index=True)
    credits: int = big_int(default=0)
    debits: int = big_int(default=0)
    held: int = big_int(default=0)
    version: int = big_int(default=0)
    moved_at: datetime | None = optional_moment()
    floor_min: int | None = optional_int()
    ceiling_min: int | None = optional_int()
    status: str = Field(default="open", max_length=8)


class Transfer(SQLModel, table=True):
    """Something that happened, for ever: post, hold, capture, void, expire, reverse.

    ``decision`` is the rule pack's decision that allowed it; ``leaf`` is the SHA-256 of the row in canonical
    form.
    """

    __table_args__ = (
        CheckConstraint("kind IN ('post','hold','capture','void','expire','reverse')", name="kind"),
        CheckConstraint("amount_min > 0", name="amount"),
        CheckConstraint("debit_id <> credit_id", name="two_accounts"),
        CheckConstraint("idem_key <> '' AND reason <> ''", name="words"),
        ForeignKeyConstraint(["debit_id", "book_id"], ["account.id", "account.book_id"]),
        ForeignKeyConstraint(["credit_id", "book_id"], ["account.id", "account.book_id"]),
        CheckConstraint("(kind = 'hold') = (expires_at IS NOT NULL)", name="holds_expire"),
        CheckConstraint("(kind IN ('capture','void','expire')) = (hold_id IS NOT NULL)", name="resolves_hold"),
        CheckConstraint("(kind = 'reverse') = (reverses_id IS NOT NULL)", name="reverses"),
        Index("uq_transfer_idem_key", "book_id", "idem_key", unique=True),
        Index("uq_transfer_hold", "hold_id", unique=True),
        Index("uq_transfer_reverses", "reverses_id", unique=True),
    )

    id: int | None = big_id()
    book_id: int = big_ref("book.id")
    idem_key: str = Field(max_length=200)
    request_hash: bytes = Field(sa_type=LargeBinary, nullable=False)
    kind: str = Field(max_length=8)
    reason: str = Field(max_length=24)
    debit_id: int = Field(sa_type=BigInteger, nullable=False)
    credit_id: int = Field(sa_type=BigInteger, nullable=False)
    amount_min: int = big_int()
    hold_id: int | None = optional_ref("transfer.id")
    reverses_id: int | None = optional_ref("transfer.id")
    expires_at: datetime | None = optional_moment()
    effective_at: datetime = moment()
    created_at: datetime = moment()
    decision: dict[str, Any] = Field(default_factory=dict, sa_type=JSON, nullable=False)
    leaf: bytes = Field(sa_type=LargeBinary, nullable=False)


class Entry(SQLModel, table=True):
    """One side of a transfer in one account; ``seq`` counts the account's entries from 1 without gaps."""

    __table_args__ = (
        CheckConstraint("amount_min <> 0 AND seq > 0", name="amount"),
        Index("ix_entry_moment", "account_id", "created_at", "seq"),
        Index("uq_entry_transfer", "transfer_id", "account_id", unique=True),
        {"sqlite_with_rowid": False},
    )

    account_id: int = big_ref("account.id", primary_key=True)
    seq: int = Field(primary_key=True, sa_type=BigId)
    transfer_id: int = big_ref("transfer.id")
    amount_min: int = big_int()
    balance_after_min: int = big_int()
    credits_after_min: int = big_int()
    created_at: datetime = moment()


class Seal(SQLModel, table=True):
    """A seal over a run of transfers: their Merkle root (RFC 6962), chained to the seal before."""

    book_id: int = big_ref("book.id", primary_key=True)
    n: int = Field(primary_key=True, sa_type=BigId)
    from_id: int = big_int()
    to_id: int = big_int()
    transfers: int = big_int()
    root: bytes = Field(sa_type=LargeBinary, nullable=False)
    previous: bytes = Field(sa_type=LargeBinary, nullable=False)
    digest: bytes = Field(sa_type=LargeBinary, nullable=False)
    sealed_at: datetime = moment()


class HoldOpen(SQLModel, table=True):
    """A hold that is not resolved yet, by the moment it expires."""

    __tablename__ = "hold_open"
    __table_args__ = (Index("ix_hold_open_due", "expires_at", "hold_id"),)

    hold_id: int = Field(primary_key=True, sa_type=BigId, sa_column_args=[ForeignKey("transfer.id")])
    expires_at: datetime = moment()
