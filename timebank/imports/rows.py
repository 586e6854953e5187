"""Rows that stand, found by many keys in queries of bounded size."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Table, select
from sqlmodel import Session

ROWS_A_QUERY = 500


def in_chunks(values: Sequence[Any], size: int = ROWS_A_QUERY) -> Iterator[list[Any]]:
    """Yield values in lists of bounded size."""
    rest = iter(values)
    while some := list(islice(rest, size)):
        yield some


def rows_in(
    session: Session, table: Table, column: ColumnElement[Any], values: Sequence[Any]
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table whose column has one of the values; nobody changes them until the transaction ends."""
    for some in in_chunks(values):
        wanted = select(table).where(column.in_(some)).with_for_update()
        for row in session.connection().execute(wanted).mappings():
            yield {**row}


def rows_by_ref(session: Session, table: Table, refs: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return rows that stand, by their external reference."""
    return {row["external_ref"]: row for row in rows_in(session, table, table.c.external_ref, refs)}
