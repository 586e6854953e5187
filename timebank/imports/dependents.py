"""What rests on rows that are to be taken away, and what a clerk calls a row."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Table, func, select
from sqlmodel import Session, SQLModel

from timebank.core.columns import table_of
from timebank.core.texts import catalogue
from timebank.imports.rows import in_chunks
from timebank.ledger.tables import Account, Entry, Transfer
from timebank.needs.tables import Need
from timebank.people.tables import Senior, Volunteer
from timebank.planning.tables import Pair
from timebank.projects.tables import Booking, Resource
from timebank.visits.tables import Visit

FIRST_TOLD = tuple(str(model.__tablename__) for model in (Transfer, Visit, Booking, Pair, Need))
"""Of several that rest on a row, the one that says most."""
OTHER = "other"
"""Stands for tables of rooms that are not known here."""
ACCOUNT = table_of(Account)
ENTRY = table_of(Entry)


class Dependents(NamedTuple):
    """Rows of a table that rest on others."""

    table: str
    row_count: int


UNKNOWN = Dependents(OTHER, 1)
"""What refers to rows and is not known here: the database alone can tell that it is there."""


def find_dependents(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> Dependents | None:
    """Return what refers to the rows; of several tables the one that says most.

    Time that was transferred rests on the account of a person, and is told instead of the account.
    """
    found: dict[str, int] = {}
    for other in SQLModel.metadata.tables.values():
        for foreign in other.foreign_keys:
            target, _, column = foreign.target_fullname.partition(".")
            count = _count(session, foreign.parent, [row[column] for row in rows]) if target == table.name else 0
            if count:
                word = other.name if f"dependent_{other.name}" in catalogue() else OTHER
                found[word] = found.get(word, 0) + count
    if ACCOUNT.name in found and (moved := _transfers(session, [row["id"] for row in rows])):
        found[FIRST_TOLD[0]] = moved
    if not found:
        return None
    name = next((name for name in FIRST_TOLD if name in found), min(found))
    return Dependents(name, found[name])


def _count(session: Session, column: Any, keys: Sequence[Any]) -> int:
    return sum(
        session.connection().execute(select(func.count()).where(column.in_(some))).scalar_one()
        for some in in_chunks(keys)
    )


def _transfers(session: Session, persons: Sequence[int]) -> int:
    """Count transfers from and to the accounts of persons."""
    return sum(
        session.connection()
        .execute(
            select(func.count(ENTRY.c.transfer_id.distinct()))
            .join(ACCOUNT, ACCOUNT.c.id == ENTRY.c.account_id)
            .where(ACCOUNT.c.person_id.in_(some))
        )
        .scalar_one()
        for some in in_chunks(persons)
    )


def row_name(session: Session, table: str, key: dict[str, Any]) -> str:
    """Return what a clerk calls a row: the number in its register, or the code of its resource, or else its key."""
    person = key.get("person_id") or key.get("senior_id") or key.get("volunteer_id")
    if table == "person":
        person = key["id"]
    if person is not None:
        senior, volunteer = session.get(Senior, person), session.get(Volunteer, person)
        return senior.external_ref if senior else volunteer.external_ref if volunteer else str(person)
    row = (
        session.connection()
        .execute(select(SQLModel.metadata.tables[table]).where(SQLModel.metadata.tables[table].c.id == key["id"]))
        .mappings()
        .first()
    )
    if row is None:
        return str(key["id"])
    if table == "slot":
        resource = session.get(Resource, row["resource_id"])
        return f"{resource.code if resource else ''} {row['day']}"
    return str(row.get("external_ref") or row.get("code") or row.get("title_zh") or key["id"])
