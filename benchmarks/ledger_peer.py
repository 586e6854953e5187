"""A ledger in the design of pgledger, spoken to statement by statement from the client: our own re-creation of it.

Identities are texts that the database makes and that sort by time, amounts are NUMERIC, balances stand in the accounts
and before and after in every entry. Accounts are locked one by one in one order, and the transfer is read back. There
is no key against doubles, no check of a balance but by the client, no hash, and no guard of the past.
"""

from random import Random
from typing import Any

import psycopg

TABLES = """
CREATE FUNCTION peer_id(prefix text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    letters CONSTANT text := '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
    bits bit varying := ('x' || replace(uuidv7()::text, '-', ''))::bit(128);
    written text := prefix || '_' || substr(letters, (bits::bit(3))::int + 1, 1);
BEGIN
    FOR place IN 0..24 LOOP
        written := written || substr(letters, (substring(bits FROM 4 + 5 * place FOR 5)::bit(5))::int + 1, 1);
    END LOOP;
    RETURN written;
END $$;
CREATE TABLE peer_account (
    id text PRIMARY KEY DEFAULT peer_id('account'), name text NOT NULL, currency text NOT NULL,
    balance numeric NOT NULL DEFAULT 0, version bigint NOT NULL DEFAULT 0, allow_negative boolean NOT NULL,
    allow_positive boolean NOT NULL, metadata jsonb, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL);
CREATE TABLE peer_transfer (
    id text PRIMARY KEY DEFAULT peer_id('transfer'), from_account_id text NOT NULL REFERENCES peer_account (id),
    to_account_id text NOT NULL REFERENCES peer_account (id), amount numeric NOT NULL,
    created_at timestamptz NOT NULL, event_at timestamptz NOT NULL, metadata jsonb,
    CHECK (amount > 0 AND from_account_id <> to_account_id));
CREATE INDEX ON peer_transfer (from_account_id);
CREATE INDEX ON peer_transfer (to_account_id);
CREATE INDEX ON peer_transfer (event_at);
CREATE TABLE peer_entry (
    id text PRIMARY KEY DEFAULT peer_id('entry'), account_id text NOT NULL REFERENCES peer_account (id),
    transfer_id text NOT NULL REFERENCES peer_transfer (id), amount numeric NOT NULL,
    account_previous_balance numeric NOT NULL, account_current_balance numeric NOT NULL,
    account_version bigint NOT NULL, created_at timestamptz NOT NULL);
CREATE INDEX ON peer_entry (account_id);
CREATE INDEX ON peer_entry (transfer_id);
"""
OPEN = (
    "INSERT INTO peer_account (name, currency, allow_negative, allow_positive, created_at, updated_at)"
    " SELECT 'member ' || number, 'MIN', true, true, now(), now() FROM generate_series(1, %s) number RETURNING id"
)
LOCK = "SELECT id FROM peer_account WHERE id = %s FOR UPDATE"
MOVE = (
    "UPDATE peer_account SET balance = balance + %s, version = version + 1, updated_at = now() WHERE id = %s"
    " RETURNING balance, version, allow_negative, allow_positive, currency"
)
TRANSFER = (
    "INSERT INTO peer_transfer (from_account_id, to_account_id, amount, created_at, event_at, metadata)"
    " VALUES (%s, %s, %s, now(), now(), %s) RETURNING id"
)
ENTRY = (
    "INSERT INTO peer_entry (account_id, transfer_id, amount, account_previous_balance, account_current_balance,"
    " account_version, created_at) VALUES (%s, %s, %s, %s, %s, %s, now())"
)
READ_BACK = (
    "SELECT id, from_account_id, to_account_id, amount, created_at, event_at, metadata FROM peer_transfer WHERE id = %s"
)
METADATA = '{"reason": "earn", "pack": "shanghai-2026"}'


class Peer:
    """Accounts of the peer in a database, and transfers between two that chance draws."""

    def __init__(self, connection: "psycopg.Connection[Any]", members: int) -> None:
        connection.execute(TABLES)
        self.members = [str(row[0]) for row in connection.execute(OPEN, (members,))]
        connection.commit()
        self._chance = Random(1)  # noqa: S311  # chance of a measurement, not of a secret

    def post(self, connection: "psycopg.Connection[Any]") -> None:
        """Move thirty minutes in a transaction of its own."""
        giver, taker = self._chance.sample(self.members, 2)
        for account in sorted((giver, taker)):
            connection.execute(LOCK, (account,))
        moved = [
            (account, amount, *_move(connection, account, amount)) for account, amount in ((giver, -30), (taker, 30))
        ]
        (transfer,) = _row(connection, TRANSFER, giver, taker, 30, METADATA)
        for account, amount, balance, version in moved:
            connection.execute(ENTRY, (account, transfer, amount, balance - amount, balance, version))
        _row(connection, READ_BACK, transfer)
        connection.commit()


def _move(connection: "psycopg.Connection[Any]", account: str, amount: int) -> tuple[Any, int]:
    balance, version, may_be_below, may_be_above, _ = _row(connection, MOVE, amount, account)
    if (balance < 0 and not may_be_below) or (balance > 0 and not may_be_above):
        message = f"The account {account} does not allow a balance of {balance}."
        raise RuntimeError(message)
    return balance, version


def _row(connection: "psycopg.Connection[Any]", statement: str, *values: object) -> tuple[Any, ...]:
    row = connection.execute(statement, values).fetchone()
    if row is None:
        message = "The peer answered nothing."
        raise RuntimeError(message)
    return tuple(row)
