"""Every trigger of every room is listed, so that a start misses it whatever way it was lost."""

import json
import subprocess
import sys

import pytest
from sqlalchemy import Engine, text

from migrations.check import check
from tests.by_hand import run
from timebank.core.database import transaction
from timebank.core.errors import StoreDiffers
from timebank.core.guards import definitions, list_guards, missing_triggers, require_guards, unlisted_triggers

TABLE_OF = {
    "sqlite": "SELECT name, '' FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT t.tgname, ' ON ' || c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
    "WHERE NOT t.tgisinternal",
}


def test_what_the_migrations_make_is_what_a_start_asks_for(shared_engine: Engine) -> None:
    """A trigger that no room lists could be dropped by a later migration, and nobody would know."""
    assert missing_triggers(shared_engine) == set()
    assert unlisted_triggers(shared_engine) == set()
    assert set(definitions(shared_engine.dialect.name)) > {
        "entry_no_update",
        "request_event_no_update",
        "visit_statement_no_delete",
        "home_before_kept",
        "certificate_follows",
        "signing_key_stays",
    }


def test_every_trigger_is_missed(engine: Engine) -> None:
    """Certificates and what visits leave are guarded like the books: none of their triggers goes unseen."""
    with transaction(engine, read_only=True) as session:
        standing = session.connection().execute(text(TABLE_OF[engine.dialect.name])).all()
    run(engine, *(f"DROP TRIGGER {name}{on}" for name, on in standing))

    assert missing_triggers(engine) == {name for name, _ in standing} == set(definitions(engine.dialect.name))
    with pytest.raises(
        StoreDiffers, match=r"lacks access_event_no_delete, .*certificate_follows.*timebank ledger verify"
    ):
        require_guards(engine)


def test_trigger_that_no_room_lists_is_named(engine: Engine) -> None:
    """Whoever makes a trigger in a migration is told to list it for the start."""
    run(
        engine,
        *{
            "sqlite": ["CREATE TRIGGER stray BEFORE UPDATE ON area BEGIN SELECT 1; END"],
            "postgresql": [
                "CREATE TRIGGER stray BEFORE UPDATE ON area FOR EACH ROW EXECUTE FUNCTION refuse_change()",
                "ALTER TABLE area ENABLE ALWAYS TRIGGER stray",
            ],
        }[engine.dialect.name],
    )

    with pytest.raises(RuntimeError, match="trigger that no room lists in its guards: stray"):
        check(engine)


def test_one_name_has_one_meaning() -> None:
    """Two rooms that give their triggers one name would each think theirs is there."""
    with pytest.raises(ValueError, match="entry_no_update is listed twice, with two meanings"):
        list_guards(sqlite={"entry_no_update": "BEFORE UPDATE ON area BEGIN SELECT 1; END"}, postgresql={})


def test_command_line_asks_for_every_trigger() -> None:
    """A check of the books in a fresh process must not pass over a room that nothing has imported yet."""
    listed = "import json, timebank.cli, timebank.core.guards as g; print(json.dumps(sorted(g.definitions('sqlite'))))"

    said = subprocess.run([sys.executable, "-c", listed], capture_output=True, text=True, check=True).stdout

    assert json.loads(said) == sorted(definitions("sqlite"))
