"""A database whose past is not guarded is noticed, whatever way the guards were lost."""

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.by_hand import run
from timebank.core.errors import StoreDiffers
from timebank.ledger.guards import missing_triggers, require_guards

NAMES = ["entry_no_update", "transfer_no_delete", "seal_no_update", "transfer_follows", "account_stays"]


def drop(engine: Engine, name: str) -> None:
    """Drop a trigger."""
    on = {"sqlite": "", "postgresql": f" ON {name.partition('_')[0]}"}[engine.dialect.name]
    run(engine, f"DROP TRIGGER {name}{on}")


def test_no_trigger_is_missing(engine: Engine) -> None:
    """What the migrations build is what a start asks for."""
    require_guards(engine)

    assert missing_triggers(engine) == set()


def test_missing_triggers_are_named(engine: Engine) -> None:
    """A migration that rebuilds a table on SQLite drops its triggers unseen; a start must stop then."""
    for name in NAMES:
        drop(engine, name)

    assert missing_triggers(engine) == set(NAMES)
    with pytest.raises(StoreDiffers, match=r"lacks account_stays, entry_no_update, .*timebank ledger verify"):
        require_guards(engine)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_trigger_with_another_meaning_is_named(engine: Engine) -> None:
    """A trigger of the right name that refuses nothing guards nothing."""
    drop(engine, "entry_no_update")
    run(engine, "CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN SELECT 1; END")

    assert missing_triggers(engine) == {"entry_no_update"}


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_trigger_that_does_not_always_fire_is_named(engine: Engine) -> None:
    """A switch is as good as a drop, and leaves the trigger in every listing."""
    run(
        engine,
        "ALTER TABLE entry DISABLE TRIGGER entry_no_update",
        "ALTER TABLE seal ENABLE TRIGGER seal_no_update",
        "ALTER TABLE transfer ENABLE REPLICA TRIGGER transfer_no_delete",
    )

    assert missing_triggers(engine) == {"entry_no_update", "seal_no_update", "transfer_no_delete"}


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_hollow_function_is_named(engine: Engine) -> None:
    """The triggers stay as they were while the function behind them lets everything pass."""
    run(
        engine,
        "CREATE OR REPLACE FUNCTION refuse_other() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    )

    assert missing_triggers(engine) == {"account_stays"}


def test_account_can_still_be_frozen(session: Session) -> None:
    """The guard of the holder leaves the state of an account to be changed."""
    connection = session.connection()
    connection.execute(text("INSERT INTO book (code, name_zh, created_at) VALUES ('b', 'b', CURRENT_TIMESTAMP)"))
    opening = (
        "INSERT INTO account (book_id, code, kind, floor_min, status) SELECT id, 'a', 'member', 0, 'open' FROM book"
    )
    connection.execute(text(opening))

    changed = connection.execute(text("UPDATE account SET status = 'frozen', code = code, kind = kind"))

    assert changed.rowcount == 1
