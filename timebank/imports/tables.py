"""Rows of imports: a batch for each file, and what it did to which row, so that it can be undone."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlmodel import JSON, Field, SQLModel

from timebank.core.columns import big_id, big_int, big_ref, moment, optional_moment, optional_ref


class ImportBatch(SQLModel, table=True):
    """A file that was brought in. The same content is brought in once, until it is undone."""

    __tablename__ = "import_batch"
    __table_args__ = (
        CheckConstraint("status IN ('applied','undone')", name="status"),
        Index("ix_import_batch_digest", "kind", "digest"),
    )

    id: int | None = big_id()
    kind: str = Field(max_length=20)
    file_name: str = Field(max_length=255)
    digest: str = Field(max_length=64)
    organisation_id: int | None = optional_ref("organisation.id")
    status: str = Field(default="applied", max_length=12)
    added: int = big_int(default=0)
    changed: int = big_int(default=0)
    unchanged: int = big_int(default=0)
    created_at: datetime = moment()
    undone_at: datetime | None = optional_moment()


class ImportChange(SQLModel, table=True):
    """What a batch did to one row: its key, and the row before (sealed, for it can hold personal data)."""

    __tablename__ = "import_change"

    batch_id: int = big_ref("import_batch.id", primary_key=True)
    n: int = Field(primary_key=True, sa_type=BigInteger)
    table_name: str = Field(max_length=40)
    row_key: dict[str, Any] = Field(default_factory=dict, sa_type=JSON, nullable=False)
    before: bytes | None = Field(default=None)
    after_digest: str = Field(default="", max_length=64)
