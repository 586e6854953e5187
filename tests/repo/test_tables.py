"""Tables keep the rules that both databases need."""

import pytest
from sqlalchemy import Column, Integer, Table
from sqlalchemy.types import BigInteger

from timebank.tables import METADATA

COLUMNS = [
    pytest.param(column, id=f"{table.name}.{column.name}")
    for table in METADATA.sorted_tables
    for column in table.columns
]


@pytest.mark.parametrize("column", COLUMNS)
def test_numbers_have_64_bits(column: "Column[object]") -> None:
    """A 32-bit number holds on SQLite and overflows on PostgreSQL."""
    is_number = isinstance(column.type, Integer)

    assert not is_number or isinstance(column.type, BigInteger)


@pytest.mark.parametrize("table", METADATA.sorted_tables, ids=lambda table: str(table.name))
def test_constraints_have_names(table: Table) -> None:
    """A constraint without a name cannot be told from another when it refuses."""
    assert all(constraint.name for constraint in table.constraints)
