"""Rows of a project's money and means: lines, commitments and their entries, what donors bring, what people are given.

The sums are kept by the database itself as entries are written (:mod:`timebank.projects.guards`), and its checks
refuse whatever would spend more than there is, whoever writes at the same moment.
"""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary
from sqlmodel import Field, SQLModel

from timebank.core.columns import big_id, big_int, big_ref, encrypted, moment, optional_ref


class BudgetLine(SQLModel, table=True):
    """A line of a project's budget: planned, committed (promised and not yet paid) and spent, in cents."""

    __tablename__ = "budget_line"
    __table_args__ = (
        CheckConstraint("planned_cents >= 0 AND committed_cents >= 0 AND spent_cents >= 0", name="amounts"),
        CheckConstraint("committed_cents + spent_cents <= planned_cents", name="planned"),
        Index("uq_budget_line_code", "project_id", "code", unique=True),
    )

    id: int | None = big_id()
    project_id: int = big_ref("project.id")
    code: str = Field(max_length=40)
    name_zh: str = Field(max_length=120)
    planned_cents: int = big_int()
    committed_cents: int = big_int(default=0)
    spent_cents: int = big_int(default=0)


class Commitment(SQLModel, table=True):
    """Something that a project has promised to pay, to whom, and what of it is open and paid, in cents."""

    __table_args__ = (
        CheckConstraint("amount_cents > 0 AND open_cents >= 0 AND spent_cents >= 0", name="amounts"),
        CheckConstraint("open_cents + spent_cents <= amount_cents", name="amount"),
        Index("uq_commitment_key", "project_id", "idempotency_key", unique=True),
    )

    id: int | None = big_id()
    project_id: int = big_ref("project.id")
    line_id: int = big_ref("budget_line.id", index=True)
    what: str = Field(max_length=200)
    party: str = Field(max_length=120)
    amount_cents: int = big_int()
    open_cents: int = big_int(default=0)
    spent_cents: int = big_int(default=0)
    idempotency_key: str = Field(max_length=200)
    request_hash: bytes = Field(sa_type=LargeBinary, nullable=False)


class BudgetEntry(SQLModel, table=True):
    """A step of a commitment: made, paid in part or whole, or let go; append-only, and what the sums are made of."""

    __tablename__ = "budget_entry"
    __table_args__ = (
        CheckConstraint("kind IN ('commit','spend','release')", name="kind"),
        CheckConstraint("amount_cents > 0", name="amount"),
        Index("uq_budget_entry_key", "commitment_id", "idempotency_key", unique=True),
    )

    id: int | None = big_id()
    commitment_id: int = big_ref("commitment.id")
    kind: str = Field(max_length=8)
    amount_cents: int = big_int()
    on_day: date
    actor: str = Field(max_length=80)
    note: str = Field(default="", max_length=1000)
    idempotency_key: str = Field(max_length=200)
    entered_at: datetime = moment()


class Contribution(SQLModel, table=True):
    """What a donor or a company brings to a project, its value, and the group it is for if it is for one.

    ``given`` is how much of ``quantity`` people were given. Money for nobody in particular raises the budget.
    """

    __table_args__ = (
        CheckConstraint("donor_kind IN ('person','company','organisation','foundation')", name="donor_kind"),
        CheckConstraint("kind IN ('money','goods','service')", name="kind"),
        CheckConstraint("quantity > 0 AND value_cents >= 0", name="amounts"),
        CheckConstraint("given BETWEEN 0 AND quantity", name="given"),
        Index("uq_contribution_key", "project_id", "idempotency_key", unique=True),
    )

    id: int | None = big_id()
    project_id: int = big_ref("project.id")
    donor_kind: str = Field(max_length=12)
    donor: str = encrypted("contribution.donor")
    kind: str = Field(max_length=8)
    what: str = Field(max_length=200)
    unit: str = Field(max_length=20)
    quantity: int = big_int()
    value_cents: int = big_int()
    given: int = big_int(default=0)
    for_category: str = Field(default="", max_length=40)
    for_area_id: int | None = optional_ref("area.id", index=True)
    received_on: date
    recorded_by: str = Field(max_length=80)
    recorded_at: datetime = moment()
    idempotency_key: str = Field(max_length=200)
    request_hash: bytes = Field(sa_type=LargeBinary, nullable=False)


class Handout(SQLModel, table=True):
    """What a senior was given out of a contribution, when and by whom; append-only."""

    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        Index("uq_handout_key", "contribution_id", "idempotency_key", unique=True),
    )

    id: int | None = big_id()
    contribution_id: int = big_ref("contribution.id")
    senior_id: int = big_ref("senior.person_id", index=True)
    quantity: int = big_int()
    given_on: date
    given_by: str = Field(max_length=80)
    idempotency_key: str = Field(max_length=200)
    recorded_at: datetime = moment()


class ProjectHours(SQLModel, table=True):
    """Minutes of the pool that a project drew for a senior whom it helps; append-only."""

    __tablename__ = "project_hours"
    __table_args__ = (CheckConstraint("minutes > 0", name="minutes"),)

    transfer_id: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_args=[ForeignKey("transfer.id")], nullable=False
    )
    project_id: int = big_ref("project.id", index=True)
    senior_id: int = big_ref("senior.person_id", index=True)
    minutes: int = big_int()
    drawn_on: date
    drawn_by: str = Field(max_length=80)
