"""Column types of every table: 64-bit ids, aware UTC moments, encrypted personal fields.

SQLModel's ``int`` is 32-bit on PostgreSQL and 64-bit on SQLite, so each column of numbers names its
type here and both databases hold the same values.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Integer, LargeBinary, MetaData, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, SQLModel
from typing_extensions import override

from timebank.core.personal_data import open_field, seal_field

SQLModel.metadata.naming_convention = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
).naming_convention

BigId: TypeEngine[int] = BigInteger().with_variant(Integer, "sqlite")
"""64-bit primary key; SQLite only counts up by itself in a column called INTEGER PRIMARY KEY."""


class UtcMoment(TypeDecorator[datetime]):
    """A moment: aware on the Python side, stored in UTC. A naive value is a caller's mistake."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC; SQLite keeps no zone, so it gets the naive UTC reading."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = f"A moment needs its time zone: {value.isoformat()} has none."
            raise ValueError(message)
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    @override
    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware UTC moment from either database."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Encrypted(TypeDecorator[str]):
    """Text that is stored encrypted (AES-256-GCM), bound to the field it belongs to.

    ``field`` is the table and column, such as ``person.name``; it is authenticated with the text, so a
    value copied into another column does not open.
    """

    impl = LargeBinary
    cache_ok = True

    def __init__(self, field: str) -> None:
        super().__init__()
        self.field = field

    @override
    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """Encrypt on the way in."""
        return None if value is None else seal_field(self.field, value)

    @override
    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        """Decrypt on the way out."""
        return None if value is None else open_field(self.field, bytes(value))


def table_of(model: Any) -> Table:
    """Return the table of a model, for statements that go past the unit of work; SQLModel adds it past all types."""
    table: Table = model.__table__
    return table


def big_id() -> Any:
    """Primary key of 64 bits that the database counts up."""
    return Field(default=None, primary_key=True, sa_type=BigId)


def big_ref(target: str, *, index: bool = False, primary_key: bool = False) -> Any:
    """Foreign key of 64 bits to ``target``, such as ``area.id``; required."""
    return Field(
        sa_type=BigInteger,
        index=index,
        primary_key=primary_key,
        sa_column_args=[ForeignKey(target)],
        nullable=False,
    )


def optional_ref(target: str, *, index: bool = False) -> Any:
    """Foreign key of 64 bits to ``target`` that may be empty."""
    return Field(default=None, sa_type=BigInteger, index=index, sa_column_args=[ForeignKey(target)], nullable=True)


def big_int(*, default: int | None = None, index: bool = False) -> Any:
    """Number of 64 bits, required unless ``default`` is given."""
    if default is None:
        return Field(sa_type=BigInteger, index=index, nullable=False)
    return Field(
        default=default,
        sa_type=BigInteger,
        index=index,
        nullable=False,
        sa_column_kwargs={"server_default": str(default)},
    )


def optional_int() -> Any:
    """Number of 64 bits that may be empty."""
    return Field(default=None, sa_type=BigInteger, nullable=True)


def moment() -> Any:
    """Aware UTC moment, required."""
    return Field(sa_type=UtcMoment, nullable=False)


def optional_moment() -> Any:
    """Aware UTC moment that may be empty."""
    return Field(default=None, sa_type=UtcMoment, nullable=True)


def encrypted(field: str) -> Any:
    """Encrypted text of ``field`` (table and column), required."""
    return Field(sa_column=Column(Encrypted(field), nullable=False))


def optional_encrypted(field: str) -> Any:
    """Encrypted text of ``field`` (table and column) that may be empty."""
    return Field(default=None, sa_column=Column(Encrypted(field), nullable=True))


def optional_lookup() -> Any:
    """Keyed hash that finds an equal value; may be empty."""
    return Field(default=None, sa_type=LargeBinary, nullable=True, index=True)
