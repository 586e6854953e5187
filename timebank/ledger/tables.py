"""Rows of the ledger: three append-only tables, two that are folded from them, and what stands beside the books.

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
    optional_encrypted,
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


class AccountState(SQLModel, table=True):
    """What an account was from an entry on: whose, of which kind, with which limits; the database writes it itself.

    ``n`` counts the states of an account from 1; it holds for the entries after ``from_seq``. So an account is written
    twice, and its limits of the past are known.
    """

    __tablename__ = "account_state"
    __table_args__ = (
        CheckConstraint("n > 0 AND from_seq >= 0", name="numbers"),
        Index("uq_account_state_n", "account_id", "n", unique=True),
    )

    id: int | None = big_id()
    account_id: int = big_ref("account.id")
    n: int = big_int()
    book_id: int = big_int()
    code: str = Field(max_length=80)
    kind: str = Field(max_length=16)
    person_id: int | None = optional_int()
    organisation_id: int | None = optional_int()
    floor_min: int | None = optional_int()
    ceiling_min: int | None = optional_int()
    status: str = Field(max_length=8)
    from_seq: int = big_int()
    since: datetime = moment()


class WarningLevel(SQLModel, table=True):
    """Balances at which people are warned, long before the database refuses: of a kind of account, or of one account.

    What is said of one account goes before what is said of its kind. Only entries from ``set_at`` on are looked at.
    """

    __tablename__ = "warning_level"
    __table_args__ = (
        CheckConstraint("(kind IS NULL) <> (account_id IS NULL)", name="of_one"),
        CheckConstraint("low_min IS NOT NULL OR high_min IS NOT NULL", name="says_something"),
        CheckConstraint("low_min IS NULL OR high_min IS NULL OR low_min < high_min", name="order"),
        Index("uq_warning_level_kind", "book_id", "kind", unique=True),
        Index("uq_warning_level_account", "account_id", unique=True),
    )

    id: int | None = big_id()
    book_id: int = big_ref("book.id")
    kind: str | None = Field(default=None, max_length=16)
    account_id: int | None = optional_ref("account.id")
    low_min: int | None = optional_int()
    high_min: int | None = optional_int()
    set_at: datetime = moment()


class Notice(SQLModel, table=True):
    """An entry took an account over a warning level: under the low one, or over the high one; once a crossing."""

    __table_args__ = (
        CheckConstraint("side IN ('low','high')", name="side"),
        ForeignKeyConstraint(["account_id", "seq"], ["entry.account_id", "entry.seq"]),
        Index("uq_notice_crossing", "account_id", "seq", "side", unique=True),
    )

    id: int | None = big_id()
    account_id: int = Field(sa_type=BigInteger, nullable=False)
    seq: int = Field(sa_type=BigInteger, nullable=False)
    side: str = Field(max_length=4)
    level_min: int = big_int()
    balance_min: int = big_int()
    noticed_at: datetime = moment()


class NoticeMark(SQLModel, table=True):
    """Until which entry an account was looked at for notices."""

    __tablename__ = "notice_mark"

    account_id: int = big_ref("account.id", primary_key=True)
    seq: int = big_int()


class SealKey(SQLModel, table=True):
    """An Ed25519 key that signs published seals; one is current, retired ones have lost their private half."""

    __tablename__ = "seal_key"
    __table_args__ = (
        CheckConstraint("status IN ('current','retired')", name="status"),
        CheckConstraint("(status = 'current') = (private_key IS NOT NULL)", name="retired_cannot_sign"),
        CheckConstraint("(status = 'current') = (retired_at IS NULL)", name="retired_at"),
        Index(
            "uq_seal_key_current",
            "status",
            unique=True,
            sqlite_where=text("status = 'current'"),
            postgresql_where=text("status = 'current'"),
        ),
    )

    key_id: str = Field(primary_key=True, max_length=16)
    public_key: bytes = Field(sa_type=LargeBinary, nullable=False)
    private_key: str | None = optional_encrypted("seal_key.private_key")
    status: str = Field(default="current", max_length=8)
    made_at: datetime = moment()
    retired_at: datetime | None = optional_moment()
