"""Rows of what coins do: who did what under which key, and what came of it; the minutes stand in the ledger."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlmodel import Field, SQLModel

from timebank.coins.family_tables import Estate, Family, FamilyMember, Relationship
from timebank.core.columns import (
    big_id,
    big_int,
    big_ref,
    moment,
    optional_encrypted,
    optional_moment,
    optional_ref,
)


class CoinAct(SQLModel, table=True):
    """Something that somebody did with coins, once for each key of theirs; append-only."""

    __tablename__ = "coin_act"
    __table_args__ = (
        CheckConstraint("actor <> '' AND key <> ''", name="words"),
        Index("uq_coin_act_key", "book_id", "actor", "key", unique=True),
    )

    id: int | None = big_id()
    book_id: int = big_ref("book.id")
    actor: str = Field(max_length=80)
    key: str = Field(max_length=200)
    kind: str = Field(max_length=24)
    request_hash: bytes = Field(sa_type=LargeBinary, nullable=False)
    note: str | None = optional_encrypted("coin_act.note")
    acted_at: datetime = moment()


class CoinTransfer(SQLModel, table=True):
    """Which act a transfer belongs to: all of one act happen together, or none does; append-only."""

    __tablename__ = "coin_transfer"

    transfer_id: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_args=[ForeignKey("transfer.id")], nullable=False
    )
    act_id: int = big_ref("coin_act.id", index=True)


class Redemption(SQLModel, table=True):
    """Minutes that are held for a service until it is served or not: for a request, a visit, a group service or none.

    ``holder_id`` is whom the rules ask about, ``asker_id`` who spends, ``served_id`` who is served. ``settlements``
    counts how often what was captured was set; it numbers the keys of the postings.
    """

    __table_args__ = (
        CheckConstraint("status IN ('held','captured','released','expired')", name="status"),
        CheckConstraint("minutes > 0 AND price_min > 0 AND numerator > 0 AND denominator > 0", name="amounts"),
        CheckConstraint("captured_min BETWEEN 0 AND price_min AND settlements >= 0", name="captured"),
        CheckConstraint("(captured_min > 0) = (transfer_id IS NOT NULL)", name="transfer"),
        CheckConstraint("captured_min = 0 OR status = 'captured'", name="state"),
        CheckConstraint(
            "CASE WHEN request_id IS NULL THEN 0 ELSE 1 END + CASE WHEN visit_id IS NULL THEN 0 ELSE 1 END "
            "+ CASE WHEN group_id IS NULL THEN 0 ELSE 1 END <= 1",
            name="one_purpose",
        ),
        Index("uq_redemption_act", "act_id", unique=True),
        Index("uq_redemption_hold", "hold_id", unique=True),
        Index(
            "uq_redemption_request",
            "request_id",
            unique=True,
            sqlite_where=text("status IN ('held','captured')"),
            postgresql_where=text("status IN ('held','captured')"),
        ),
        Index(
            "uq_redemption_visit",
            "visit_id",
            unique=True,
            sqlite_where=text("status IN ('held','captured')"),
            postgresql_where=text("status IN ('held','captured')"),
        ),
        Index(
            "uq_redemption_group",
            "group_id",
            "served_id",
            unique=True,
            sqlite_where=text("status IN ('held','captured')"),
            postgresql_where=text("status IN ('held','captured')"),
        ),
        Index("ix_redemption_list", "book_id", "status", "id"),
    )

    id: int | None = big_id()
    act_id: int = big_ref("coin_act.id")
    book_id: int = big_ref("book.id")
    account_id: int = big_ref("account.id", index=True)
    holder_id: int = big_ref("person.id", index=True)
    asker_id: int = big_ref("person.id", index=True)
    served_id: int = big_ref("person.id", index=True)
    service_id: int = big_ref("service.id", index=True)
    request_id: int | None = optional_ref("service_request.id", index=True)
    visit_id: int | None = optional_ref("visit.id", index=True)
    group_id: int | None = optional_ref("group_service.id", index=True)
    minutes: int = big_int()
    price_min: int = big_int()
    numerator: int = big_int()
    denominator: int = big_int()
    booked_on: date
    hold_id: int = big_ref("transfer.id")
    status: str = Field(default="held", max_length=12)
    captured_min: int = big_int(default=0)
    settlements: int = big_int(default=0)
    transfer_id: int | None = optional_ref("transfer.id", index=True)
    ended_at: datetime | None = optional_moment()


class Gift(SQLModel, table=True):
    """Minutes that one person offers another: held until they are accepted, declined, withdrawn, or nobody answers."""

    __table_args__ = (
        CheckConstraint("status IN ('pending','accepted','declined','withdrawn','lapsed','undone')", name="status"),
        CheckConstraint("amount_min > 0", name="amount"),
        CheckConstraint("giver_id <> taker_id", name="two_people"),
        CheckConstraint("(status = 'pending') = (answered_at IS NULL)", name="answered"),
        CheckConstraint("(status IN ('accepted','undone')) = (transfer_id IS NOT NULL)", name="transfer"),
        Index("uq_gift_act", "act_id", unique=True),
        Index("uq_gift_hold", "hold_id", unique=True),
        Index("ix_gift_taker", "taker_id", "status"),
        Index("ix_gift_giver", "giver_id", "status"),
        Index("ix_gift_list", "book_id", "status", "id"),
    )

    id: int | None = big_id()
    act_id: int = big_ref("coin_act.id")
    book_id: int = big_ref("book.id")
    giver_id: int = big_ref("person.id")
    taker_id: int = big_ref("person.id")
    relation: str = Field(max_length=16)
    amount_min: int = big_int()
    answer_by: datetime = moment()
    hold_id: int = big_ref("transfer.id")
    transfer_id: int | None = optional_ref("transfer.id", index=True)
    status: str = Field(default="pending", max_length=12)
    answered_at: datetime | None = optional_moment()


class GrantProgramme(SQLModel, table=True):
    """Initial grants of an amount each, in a period (half-open), out of a budget that the database keeps."""

    __tablename__ = "grant_programme"
    __table_args__ = (
        CheckConstraint("used_min >= 0 AND used_min <= budget_min", name="budget"),
        CheckConstraint("amount_min > 0 AND budget_min >= amount_min", name="amounts"),
        CheckConstraint("to_day > from_day", name="days"),
        Index("uq_grant_programme_act", "act_id", unique=True),
        Index("ix_grant_programme_book", "book_id", "from_day"),
    )

    id: int | None = big_id()
    act_id: int = big_ref("coin_act.id")
    book_id: int = big_ref("book.id")
    name_zh: str = Field(max_length=120)
    amount_min: int = big_int()
    budget_min: int = big_int()
    used_min: int = big_int(default=0)
    from_day: date
    to_day: date


class CoinGrant(SQLModel, table=True):
    """The initial grant of a person in a book, once; append-only."""

    __tablename__ = "coin_grant"
    __table_args__ = (
        CheckConstraint("amount_min > 0", name="amount"),
        Index("uq_coin_grant_act", "act_id", unique=True),
        Index("uq_coin_grant_transfer", "transfer_id", unique=True),
    )

    book_id: int = big_ref("book.id", primary_key=True)
    person_id: int = big_ref("person.id", primary_key=True, index=True)
    programme_id: int = big_ref("grant_programme.id", index=True)
    act_id: int = big_ref("coin_act.id")
    transfer_id: int = big_ref("transfer.id")
    amount_min: int = big_int()


class CoinMove(SQLModel, table=True):
    """Minutes that a person took from one book to another: the same out of one as into the other; append-only."""

    __tablename__ = "coin_move"
    __table_args__ = (
        CheckConstraint("from_book_id <> to_book_id AND amount_min > 0", name="amounts"),
        Index("uq_coin_move_out", "out_transfer_id", unique=True),
        Index("uq_coin_move_in", "in_transfer_id", unique=True),
    )

    act_id: int = big_ref("coin_act.id", primary_key=True)
    person_id: int = big_ref("person.id", index=True)
    from_book_id: int = big_ref("book.id", index=True)
    to_book_id: int = big_ref("book.id", index=True)
    amount_min: int = big_int()
    out_transfer_id: int = big_ref("transfer.id")
    in_transfer_id: int = big_ref("transfer.id")


__all__ = [
    "CoinAct",
    "CoinGrant",
    "CoinMove",
    "CoinTransfer",
    "Estate",
    "Family",
    "FamilyMember",
    "Gift",
    "GrantProgramme",
    "Redemption",
    "Relationship",
]
