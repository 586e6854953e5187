"""Settles records: writes what each has become, once, and marks those that became coins with their transfer.

The claim goes first: the database marks no visit that is not claimed as coins.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select, text, update
from sqlmodel import Session

from timebank.core.database import insert_or_skip
from timebank.rules.claiming import COIN
from timebank.visits.records import GIVER, GROUP_CLAIM, VISIT_CLAIM, Record
from timebank.visits.worth import Worth

UNSETTLED = "ON CONFLICT (visit_id) DO UPDATE SET service_min = excluded.service_min, settled_at = excluded.settled_at"
CLAIM_SQLITE = (
    "INSERT INTO visit_claim (visit_id, becomes, chosen_by, service_min, settled_at) VALUES (?, 'coin', '', ?, ?) "
    f"{UNSETTLED} WHERE visit_claim.settled_at IS NULL AND visit_claim.becomes = 'coin'"
)
CLAIM_POSTGRESQL = text(
    "INSERT INTO visit_claim (visit_id, becomes, chosen_by, service_min, settled_at) "
    "SELECT d.visit, 'coin', '', d.minutes, :now "
    "FROM unnest(CAST(:visits AS bigint[]), CAST(:minutes AS bigint[])) AS d(visit, minutes) "
    f"{UNSETTLED} WHERE visit_claim.settled_at IS NULL AND visit_claim.becomes = 'coin'"
)
MARK_SQLITE = "UPDATE visit SET transfer_id = ? WHERE id = ?"
MARK_POSTGRESQL = text(
    "UPDATE visit SET transfer_id = d.transfer "
    "FROM unnest(CAST(:visits AS bigint[]), CAST(:transfers AS bigint[])) AS d(visit, transfer) "
    "WHERE visit.id = d.visit"
)
Chosen = dict[tuple[int, int, int], str]
"""What givers chose, by group, visit and giver as they stand in a record."""


class Settled(NamedTuple):
    """A record, what it is worth, and the transfer of its coins."""

    record: Record
    worth: Worth
    transfer_id: int | None


def chosen(session: Session, records: Sequence[Record]) -> Chosen:
    """Return what givers chose for some locked records; nothing where the pack's default holds."""
    connection, found = session.connection(), Chosen()
    visits = [record.visit_id for record in records if record.visit_id]
    if visits:
        c = VISIT_CLAIM.c
        among = (c.settled_at.is_(None), c.visit_id.between(min(visits), max(visits)))
        rows = connection.execute(select(c.visit_id, c.becomes).where(*among))
        by_visit = {row.visit_id: row.becomes for row in rows}
        if by_visit:
            found = {record[1:4]: by_visit[record.visit_id] for record in records if record.visit_id in by_visit}
    groups = {record.group_id for record in records if record.group_id}
    if groups:
        g = GROUP_CLAIM.c
        wanted = select(g.group_id, g.volunteer_id, g.becomes).where(g.settled_at.is_(None), g.group_id.in_(groups))
        found |= {(group, 0, giver): becomes for group, giver, becomes in connection.execute(wanted)}
    return found


def settle(session: Session, settled: Sequence[Settled], now: datetime) -> None:
    """Write what records have become; a record that is settled already is never settled again."""
    connection = session.connection()
    coins = [one for one in settled if one.worth.becomes == COIN and not one.record.group_id]
    others = [one for one in settled if one.worth.becomes != COIN and not one.record.group_id]
    groups = [one for one in settled if one.record.group_id]
    if coins:
        _claim_coins(connection, coins, now)
    if others:
        rows = [{"visit_id": one.record.visit_id} | _row(one, now) for one in others]
        _claim(connection, VISIT_CLAIM, ["visit_id"], rows)
    if groups:
        _settle_groups(connection, groups, now)


def _claim_coins(connection: Connection, coins: Sequence[Settled], now: datetime) -> None:
    """Claim and mark visits that became coins: two statements for all of them."""
    visits = [one.record.visit_id for one in coins]
    minutes = [one.worth.service_min for one in coins]
    transfers = [one.transfer_id for one in coins]
    if connection.dialect.name == "postgresql":
        claimed = connection.execute(CLAIM_POSTGRESQL, {"visits": visits, "minutes": minutes, "now": now}).rowcount
        marked = connection.execute(MARK_POSTGRESQL, {"visits": visits, "transfers": transfers}).rowcount
    else:
        moment = now.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
        claims = [(visit, least, moment) for visit, least in zip(visits, minutes, strict=True)]
        claimed = connection.exec_driver_sql(CLAIM_SQLITE, claims).rowcount
        marked = connection.exec_driver_sql(MARK_SQLITE, list(zip(transfers, visits, strict=True))).rowcount
    _check(len(coins), claimed, marked)


def _settle_groups(connection: Connection, groups: Sequence[Settled], now: datetime) -> None:
    rows = [{"group_id": one.record.group_id, "volunteer_id": one.record.giver_id} | _row(one, now) for one in groups]
    _claim(connection, GROUP_CLAIM, ["group_id", "volunteer_id"], rows)
    marks = [
        {"group": one.record.group_id, "giver": one.record.giver_id, "transfer": one.transfer_id}
        for one in groups
        if one.transfer_id is not None
    ]
    if marks:
        mine = (GIVER.c.group_id == bindparam("group"), GIVER.c.volunteer_id == bindparam("giver"))
        connection.execute(update(GIVER).where(*mine).values(transfer_id=bindparam("transfer")), marks)


def _row(one: Settled, now: datetime) -> dict[str, Any]:
    return {
        "becomes": one.worth.becomes,
        "chosen_by": "",
        "service_min": one.worth.service_min,
        "settled_at": now,
        "decision": None if one.worth.becomes == COIN else one.worth.decision,
    }


def _claim(connection: Connection, table: Any, keys: list[str], rows: list[dict[str, Any]]) -> None:
    row = insert_or_skip(connection, table)
    same = (table.c.settled_at.is_(None), table.c.becomes == row.excluded.becomes)
    said = {name: row.excluded[name] for name in ("service_min", "settled_at", "decision")}
    upsert = row.on_conflict_do_update(index_elements=keys, set_=said, where=same[0] & same[1])
    _check(len(rows), connection.execute(upsert.execution_options(preserve_rowcount=True), rows).rowcount)


def _check(wanted: int, *done: int) -> None:
    if set(done) != {wanted}:
        message = f"{wanted} records were to be settled, {' and '.join(map(str, done))} were; nothing is settled."
        raise RuntimeError(message)
