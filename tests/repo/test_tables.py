"""Tables keep the rules that both databases need."""

import pytest
from sqlalchemy import Column, ForeignKeyConstraint, Integer, Table, UniqueConstraint
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


NEVER_SEARCHED = {
    "alarm_order.source_id": "a source is closed and never deleted",
    "certificate.key_id": "a signing key is never deleted; a certificate is read with its key, not the other way",
    "family_member.book_id": "a book is never deleted",
    "group_giver.transfer_id": "a transfer is never deleted; the credit of a group is read from the group",
    "group_service.area_id": "an area is never deleted",
    "group_service.service_id": "a service of the catalogue is never deleted",
    "home_before.committee_id": "an area is never deleted",
    "home_before.subdistrict_id": "an area is never deleted",
    "import_batch.organisation_id": "an organisation is never deleted, and there are few batches",
    "job.organisation_id": "an organisation is never deleted, and there are few jobs",
    "need_before.service_id": "a service of the catalogue is never deleted",
    "organisation_area.area_id": "an area is never deleted, and the table has a few rows for each organisation",
    "plan.organisation_id": "an organisation is never deleted, and there are few plans",
    "service_request.service_id": "a service of the catalogue is never deleted",
    "transfer.credit_id": "an account is never deleted; its transfers are read from its entries; posting stays cheap",
    "transfer.debit_id": "an account is never deleted; its transfers are read from its entries; posting stays cheap",
    "visit.plan_id": "a plan is never deleted, and its visits are a large part of the table",
    "visit.transfer_id": "a transfer is never deleted; the credit of a visit is read from the visit",
    "volunteer_skill.service_id": "a service of the catalogue is never deleted, and its volunteers are most of them",
}
"""References without an index of their own, each with its reason."""
REFERENCES = [
    pytest.param(table, constraint, id=f"{table.name}.{constraint.columns.keys()[0]}")
    for table in METADATA.sorted_tables
    for constraint in sorted(table.foreign_key_constraints, key=lambda one: str(one.name))
]


def _leading_columns(table: Table) -> set[str]:
    """Return the columns that a key or a whole index begins with; one over some rows alone does not count."""
    whole = [index for index in table.indexes if index.dialect_options["postgresql"]["where"] is None]
    unique = [constraint for constraint in table.constraints if isinstance(constraint, UniqueConstraint)]
    keyed = [*(index.columns for index in whole), *(constraint.columns for constraint in unique)]
    return {columns.keys()[0] for columns in (*keyed, table.primary_key.columns)}


@pytest.mark.parametrize(("table", "constraint"), REFERENCES)
def test_reference_is_found_by_an_index(table: Table, constraint: ForeignKeyConstraint) -> None:
    """A deletion looks for rows that refer to what goes; without an index it reads the whole table, for each row."""
    column = constraint.columns.keys()[0]
    name = f"{table.name}.{column}"

    assert (column in _leading_columns(table)) != (name in NEVER_SEARCHED), name


def test_exceptions_are_references() -> None:
    """A reason for what is not there any more misleads."""
    names = {parameters.id for parameters in REFERENCES}

    assert set(NEVER_SEARCHED) <= names
