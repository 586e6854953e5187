"""Rows of who is what to whom: relationships, family accounts, and the estates of those who have died."""

from datetime import date

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from timebank.core.columns import big_id, big_int, big_ref, optional_int, optional_ref


class Relationship(SQLModel, table=True):
    """What two people are to each other: proposed by one, confirmed by the other, until it ends.

    ``one_id`` is the smaller number, so that a pair stands once; ``relation`` is what ``other_id`` is to ``one_id``.
    """

    __table_args__ = (
        CheckConstraint("one_id < other_id", name="pair"),
        CheckConstraint("proposed_by IN (one_id, other_id)", name="proposed_by"),
        CheckConstraint("status IN ('proposed','confirmed','declined','ended')", name="status"),
        CheckConstraint(
            "relation IN ('parent','grandparent','spouse','child','grandchild','sibling','other_relative','friend')",
            name="relation",
        ),
        CheckConstraint("status NOT IN ('confirmed','declined') OR answer_act_id IS NOT NULL", name="answered"),
        CheckConstraint("(status = 'ended') = (end_act_id IS NOT NULL)", name="ended"),
        Index("uq_relationship_act", "act_id", unique=True),
        Index(
            "uq_relationship_pair",
            "one_id",
            "other_id",
            unique=True,
            sqlite_where=text("status IN ('proposed','confirmed')"),
            postgresql_where=text("status IN ('proposed','confirmed')"),
        ),
    )

    id: int | None = big_id()
    act_id: int = big_ref("coin_act.id")
    one_id: int = big_ref("person.id", index=True)
    other_id: int = big_ref("person.id", index=True)
    relation: str = Field(max_length=16)
    proposed_by: int = big_int()
    status: str = Field(default="proposed", max_length=12)
    answer_act_id: int | None = optional_ref("coin_act.id", index=True)
    end_act_id: int | None = optional_ref("coin_act.id", index=True)


class Family(SQLModel, table=True):
    """An account that the members of a family share; its head opened it."""

    __table_args__ = (
        CheckConstraint("status IN ('open','closed')", name="status"),
        Index("uq_family_act", "act_id", unique=True),
        Index("uq_family_account", "account_id", unique=True),
    )

    id: int | None = big_id()
    act_id: int = big_ref("coin_act.id")
    book_id: int = big_ref("book.id", index=True)
    head_id: int = big_ref("person.id", index=True)
    account_id: int = big_ref("account.id")
    status: str = Field(default="open", max_length=8)


class FamilyMember(SQLModel, table=True):
    """Somebody of a family account: what they are to its head (empty for the head), and what they put in."""

    __tablename__ = "family_member"
    __table_args__ = (
        CheckConstraint("put_in_min >= 0 AND taken_out_min >= 0", name="amounts"),
        CheckConstraint("(left_act_id IS NOT NULL) OR taken_out_min = 0", name="left"),
        Index("uq_family_member_act", "act_id", unique=True),
        Index(
            "uq_family_member_person",
            "book_id",
            "person_id",
            unique=True,
            sqlite_where=text("left_act_id IS NULL"),
            postgresql_where=text("left_act_id IS NULL"),
        ),
    )

    id: int | None = big_id()
    act_id: int = big_ref("coin_act.id")
    family_id: int = big_ref("family.id", index=True)
    book_id: int = big_ref("book.id")
    person_id: int = big_ref("person.id", index=True)
    relation: str = Field(default="", max_length=16)
    put_in_min: int = big_int(default=0)
    taken_out_min: int = big_int(default=0)
    left_act_id: int | None = optional_ref("coin_act.id", index=True)


class Estate(SQLModel, table=True):
    """What one who has died left in a book, until it has passed to heirs or to the pool."""

    __table_args__ = (
        CheckConstraint("status IN ('open','settled')", name="status"),
        CheckConstraint("(status = 'settled') = (settled_act_id IS NOT NULL)", name="settled"),
        CheckConstraint("(status = 'settled') = (passed_min IS NOT NULL)", name="passed"),
        Index("uq_estate_act", "act_id", unique=True),
        Index("uq_estate_person", "book_id", "person_id", unique=True),
    )

    id: int | None = big_id()
    act_id: int = big_ref("coin_act.id")
    book_id: int = big_ref("book.id")
    person_id: int = big_ref("person.id", index=True)
    account_id: int = big_ref("account.id", index=True)
    died_on: date
    status: str = Field(default="open", max_length=8)
    settled_act_id: int | None = optional_ref("coin_act.id", index=True)
    passed_min: int | None = optional_int()
