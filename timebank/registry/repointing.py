"""Lets every row that refers to one registration refer to another: whatever table has a foreign key to it.

Tables whose past the database guards keep their rows, and are read through the merge
(:func:`timebank.people.merged.same_person`). Where both registrations have what only one can have, the row of the
merged one is taken back, ended, or was the same fact anyway; what cannot be is refused.
"""

from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Column, Table, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from timebank.core.guards import definitions
from timebank.people.focus import CATEGORY
from timebank.registry.changes import Changes
from timebank.registry.refusals import MergeBreaksRule

ROOT = "person.id"
KEEPS_OWNER = frozenset({"account", "registry_act"})
"""An account stays whose it is, and its minutes go over; acts say who was meant when they were done."""
SAME_FACT = frozenset({"survey", "reminder"})
"""Tables without a key of the person in which two rows that collide are one fact seen twice."""
FOR_EVER = date.max


class Move(NamedTuple):
    """Who goes into whom, on which day, and by whom."""

    kept: int
    merged: int
    day: date
    actor: str
    now: datetime


def guarded_tables() -> frozenset[str]:
    """Return the tables whose rows the database lets nobody change."""
    names = definitions("sqlite")
    return frozenset(name.removesuffix("_no_update") for name in names if name.endswith("_no_update"))


def parts() -> list[Table]:
    """Return the tables that have one row for a person under their own number (senior, volunteer, member), in order."""
    found, targets = list[Table](), {ROOT}
    for table in SQLModel.metadata.sorted_tables:
        keys = list(table.primary_key.columns)
        if len(keys) == 1 and any(foreign.target_fullname in targets for foreign in keys[0].foreign_keys):
            found.append(table)
            targets.add(f"{table.name}.{keys[0].name}")
    return found


def references() -> list[tuple[Table, "Column[Any]"]]:
    """Return every column that refers to a person or a part of one and can be changed, parents first."""
    own, guarded = parts(), guarded_tables()
    targets = {ROOT} | {f"{table.name}.{next(iter(table.primary_key.columns)).name}" for table in own}
    return [
        (table, column)
        for table in SQLModel.metadata.sorted_tables
        if table not in own and table.name not in guarded | KEEPS_OWNER
        for column in table.columns
        if any(foreign.target_fullname in targets for foreign in column.foreign_keys)
    ]


def move_parts(changes: Changes, move: Move) -> None:
    """Let what one registration is (senior, volunteer, member) become what the other is too.

    Where both are it, the merged row stays under its number, out of every list by its status.
    """
    for table in parts():
        key = next(iter(table.primary_key.columns))
        connection = changes.session.connection()
        row = connection.execute(select(table).where(key == move.merged)).mappings().first()
        if row is None:
            continue
        has = connection.execute(select(key).where(key == move.kept)).first() is not None
        after: dict[str, Any] = {"status": "merged"} if "status" in table.c else {}
        if not has and "external_ref" in table.c:
            after["external_ref"] = f"{row['external_ref'][:50]}~{changes.act_id}"
        if after:
            changes.change(table, dict(row), after)
        if not has:
            changes.add(table, {**row, key.name: move.kept})


def move_references(changes: Changes, move: Move) -> None:
    """Let every reference follow; categories first, for their days must not overlap."""
    _join_categories(changes, move)
    for table, column in references():
        rows = changes.session.connection().execute(select(table).where(column == move.merged)).mappings().all()
        for row in rows:
            _move(changes, move, table, column.name, dict(row))


def _move(changes: Changes, move: Move, table: Table, column: str, row: dict[str, Any]) -> None:
    try:
        with changes.session.begin_nested():
            _changed(changes, table, row, {column: move.kept})
    except IntegrityError as fault:
        _settle(changes, move, table, column, row, fault)


def _changed(changes: Changes, table: Table, row: dict[str, Any], after: dict[str, Any]) -> None:
    """Change a row; a note of what the database refuses is not kept."""
    count = len(changes.notes)
    try:
        changes.change(table, row, after)
    except IntegrityError:
        del changes.notes[count:]
        raise


def _settle(
    changes: Changes, move: Move, table: Table, column: str, row: dict[str, Any], fault: IntegrityError
) -> None:
    """Take back, end or leave out what the kept registration has already; refuse what cannot be two."""
    if "withdrawn_at" in table.c:
        after: dict[str, Any] = {"withdrawn_by": move.actor, "withdrawn_at": move.now}
    elif "to_day" in table.c and not table.c[column].primary_key and row["to_day"] is None:
        after = {"to_day": max(move.day, row["from_day"])}
    elif table.c[column].primary_key or table.name in SAME_FACT:
        changes.remove(table, row)
        return
    else:
        raise MergeBreaksRule(broken="doubled", rows=f"{table.name} {row[next(iter(row))]}") from fault
    try:
        with changes.session.begin_nested():
            _changed(changes, table, row, {**after, column: move.kept})
    except IntegrityError as still:
        raise MergeBreaksRule(broken="doubled", rows=f"{table.name} {row[next(iter(row))]}") from still


def _join_categories(changes: Changes, move: Move) -> None:
    """Let two times in a category that overlap become one."""
    connection = changes.session.connection()
    held = select(CATEGORY).where(CATEGORY.c.senior_id.in_((move.kept, move.merged)))
    rows = [dict(row) for row in connection.execute(held.order_by(CATEGORY.c.from_day)).mappings()]
    for row in [one for one in rows if one["senior_id"] == move.merged]:
        own = [one for one in rows if one["senior_id"] == move.kept and _overlap(one, row)]
        if not own:
            continue
        ends = [one["to_day"] for one in (*own, row)]
        joined = min((*own, row), key=lambda one: one["from_day"]) | {
            "senior_id": move.kept,
            "to_day": None if None in ends else max(ends),
        }
        for one in (*own, row):
            changes.remove(CATEGORY, one)
            rows.remove(one)
        changes.add(CATEGORY, joined)
        rows.append(joined)


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Tell whether two times in a category overlap, or begin on one day."""
    if one["category"] != other["category"]:
        return False
    apart = one["from_day"] >= (other["to_day"] or FOR_EVER) or other["from_day"] >= (one["to_day"] or FOR_EVER)
    return not apart or one["from_day"] == other["from_day"]
