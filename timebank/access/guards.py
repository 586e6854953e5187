"""The triggers that guard the keys that sign tokens (:mod:`timebank.core.guards`)."""

from timebank.core.guards import BEFORE, DELETE, ROW, TRUNCATE, UPDATE, abort_sqlite, list_guards

STAYS = ("key_id", "public_key", "made_at")
"""What of a key never changes."""
NO_OTHER_KEY = "a key of tokens stays as it is published, and retires once"


def _of_sqlite() -> dict[str, str]:
    changed = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in STAYS)
    refuse = f"BEGIN {abort_sqlite(NO_OTHER_KEY)}; END"
    return {
        "access_key_stays": f"BEFORE UPDATE ON access_key WHEN OLD.status = 'retired' OR {changed} {refuse}",
        "access_key_no_delete": f"BEFORE DELETE ON access_key {refuse}",
    }


def _of_postgresql() -> dict[str, str]:
    refuse = f" BEGIN RAISE EXCEPTION '{NO_OTHER_KEY}' USING ERRCODE = 'restrict_violation'; END "
    return {
        "access_key_stays": f"access_key {ROW | BEFORE | UPDATE} 0 true{refuse}",
        "access_key_no_delete": f"access_key {ROW | BEFORE | DELETE} 0 false{refuse}",
        "access_key_no_truncate": f"access_key {BEFORE | TRUNCATE} 0 false{refuse}",
    }


list_guards(sqlite=_of_sqlite(), postgresql=_of_postgresql())
