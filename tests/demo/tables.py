"""Every row of a database as values by which two databases can be compared.

Ids differ between databases, for a sequence never takes a number back: each is replaced by its rank in its table.
What depends on ids or on the moment of a run (hashes, seals' roots, moments of creation, tokens) is left out.
"""

import json
import re
from typing import Any

from sqlalchemy import Column, Engine, Table, select
from sqlmodel import Session, SQLModel

import timebank.tables  # noqa: F401  # makes every table known
from timebank.core.database import transaction

Rows = dict[str, list[tuple[str, ...]]]
LEFT_OUT = {
    "account_state": {"since"},
    "book": {"created_at"},
    "milestone": {"reached_at"},
    "plan": {"input_hash", "payload", "created_at"},
    "project": {"created_at"},
    "seal": {"root", "previous", "digest", "from_id", "to_id"},
    "transfer": {"request_hash", "leaf"},
}
HOME_OF = {f"account_state.{name}_id": name for name in ("book", "person", "organisation")}
"""Whose ids a column holds that is no foreign key: what it says must outlive what it speaks of."""
SAID_ID = re.compile(r"^(member|visit):(\d+)$")
TABLE_OF = {"member": "person", "visit": "visit", "plan_id": "plan", "book_id": "book"}
Ranks = dict[str, dict[int, int]]


def everything(engine: Engine) -> Rows:
    """Return every row of every table but the tokens and what is told of them, sorted."""
    tables = [table for table in SQLModel.metadata.sorted_tables if table.name not in ("access_token", "access_event")]
    with transaction(engine, read_only=True) as session:
        ranks = {table.name: _ranks(session, table) for table in tables if "id" in table.c}
        return {table.name: _rows(session, table, ranks) for table in tables}


def _ranks(session: Session, table: Table) -> dict[int, int]:
    ids = session.connection().execute(select(table.c.id).order_by(table.c.id)).scalars()
    return {number: rank for rank, number in enumerate(ids)}


def _rows(session: Session, table: Table, ranks: Ranks) -> list[tuple[str, ...]]:
    columns = [column for column in table.c if column.name not in LEFT_OUT.get(table.name, set())]
    rows = session.connection().execute(select(*columns))
    pairs = [(column, _home(column)) for column in columns]
    return sorted(
        tuple(_plain(value, home, ranks) for value, (_, home) in zip(row, pairs, strict=True)) for row in rows
    )


def _home(column: Column[Any]) -> str:
    """Name of the table whose ids a column holds, or nothing."""
    while column.foreign_keys:
        column = next(iter(column.foreign_keys)).column
    if (said := HOME_OF.get(str(column))) is not None:
        return said
    return column.table.name if column.name == "id" else ""


def _plain(value: Any, home: str, ranks: Ranks) -> str:
    if home and value is not None:
        return str(ranks[home][value])
    if isinstance(value, dict):
        kept = {
            key: ranks[TABLE_OF[key]][each] if key in TABLE_OF else each
            for key, each in value.items()
            if key != "seconds_by_stage"
        }
        return json.dumps(kept, sort_keys=True)
    said = SAID_ID.match(value) if isinstance(value, str) else None
    return f"{said[1]}:{ranks[TABLE_OF[said[1]]][int(said[2])]}" if said else str(value)
