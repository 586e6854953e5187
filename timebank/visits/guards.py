"""The triggers that guard what visits leave behind, and that keep homes and needs as they were when visits were made.

What each says is compared with a database at every start (:mod:`timebank.core.guards`).
"""

from timebank.core.guards import (
    BEFORE,
    DELETE,
    ROW,
    TRUNCATE,
    UPDATE,
    abort_sqlite,
    list_append_only,
    list_guards,
)

APPEND_ONLY = ("visit_event", "visit_ending", "visit_statement", "group_event", "home_before", "need_before")
"""Tables whose rows are never changed or deleted."""
WAS_VISITED = (
    "SELECT 1 FROM need n JOIN visit v ON v.need_id = n.id "
    "WHERE n.senior_id = OLD.person_id AND v.status <> 'cancelled'"
)
WAS_SERVED = "SELECT 1 FROM visit v WHERE v.need_id = OLD.id AND v.status <> 'cancelled'"
HOME = ("subdistrict_id", "committee_id", "lat_deg", "lon_deg")
ASKED = ("senior_id", "service_id")
PAST = (
    ("senior", "home_before", "senior_id", "person_id", HOME, WAS_VISITED),
    ("need", "need_before", "need_id", "id", ASKED, WAS_SERVED),
)
"""Table, where its past is kept, the key there and here, the columns that are kept, and when they are."""
SQLITE_NOW = "strftime('%Y-%m-%d %H:%M:%f000', 'now')"
CLAIMS = ("visit_claim", "group_claim")
"""Tables whose rows are never changed or deleted once they are settled."""
STAYS = "a record becomes one thing once: what is settled stays"
CLAIMED = "SELECT 1 FROM visit_claim c WHERE c.visit_id = NEW.id AND c.becomes = 'coin' AND c.settled_at IS NOT NULL"
UNCLAIMED = "a visit is credited when it is claimed as coins, and as nothing else"


def _of_sqlite() -> dict[str, str]:
    said = {}
    for table, past, key, own, columns, served in PAST:
        changed = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in columns)
        old = ", ".join(f"OLD.{column}" for column in columns)
        said[f"{past}_kept"] = (
            f"AFTER UPDATE OF {', '.join(columns)} ON {table} WHEN ({changed}) AND EXISTS ({served}) BEGIN "
            f"INSERT INTO {past} ({key}, {', '.join(columns)}, until_at) VALUES (OLD.{own}, {old}, {SQLITE_NOW}); END"
        )
    for table in CLAIMS:
        for action in ("update", "delete"):
            settled = f"{table} WHEN OLD.settled_at IS NOT NULL BEGIN {abort_sqlite(STAYS)}; END"
            said[f"{table}_no_{action}"] = f"BEFORE {action.upper()} ON {settled}"
    said["visit_claimed"] = (
        f"BEFORE UPDATE OF transfer_id ON visit WHEN NEW.transfer_id IS NOT NULL AND NOT EXISTS ({CLAIMED}) "
        f"BEGIN {abort_sqlite(UNCLAIMED)}; END"
    )
    return said


def _of_postgresql() -> dict[str, str]:
    said = {}
    for table, past, key, own, columns, served in PAST:
        old = ", ".join(f"OLD.{column}" for column in columns)
        said[f"{past}_kept"] = (
            f"{table} {ROW | UPDATE} {len(columns)} true BEGIN "
            f"IF EXISTS ({served}) THEN INSERT INTO {past} ({key}, {', '.join(columns)}, until_at) "
            f"VALUES (OLD.{own}, {old}, clock_timestamp()); END IF; RETURN NEW; END "
        )
    refuse = f" BEGIN RAISE EXCEPTION '{STAYS}' USING ERRCODE = 'restrict_violation'; END "
    for table in CLAIMS:
        said[f"{table}_no_update"] = f"{table} {ROW | BEFORE | UPDATE} 0 true{refuse}"
        said[f"{table}_no_delete"] = f"{table} {ROW | BEFORE | DELETE} 0 true{refuse}"
        said[f"{table}_no_truncate"] = f"{table} {BEFORE | TRUNCATE} 0 false{refuse}"
    said["visit_claimed"] = (
        f"visit {ROW | BEFORE | UPDATE} 1 true BEGIN IF NOT EXISTS ({CLAIMED}) THEN "
        f"RAISE EXCEPTION '{UNCLAIMED}' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END "
    )
    return said


list_append_only(APPEND_ONLY)
list_guards(sqlite=_of_sqlite(), postgresql=_of_postgresql())
