"""The triggers that guard what alarms leave behind: steps and messages stay, and so does an order that is closed."""

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

APPEND_ONLY = ("alarm_event", "webhook_message")
"""Tables whose rows are never changed or deleted."""
STAYS = "an order is never deleted, and one that is closed stays as it is"

list_append_only(APPEND_ONLY)
_refuse = f" BEGIN RAISE EXCEPTION '{STAYS}' USING ERRCODE = 'restrict_violation'; END "
list_guards(
    sqlite={
        "alarm_order_no_update": (
            f"BEFORE UPDATE ON alarm_order WHEN OLD.state = 'closed' BEGIN {abort_sqlite(STAYS)}; END"
        ),
        "alarm_order_no_delete": f"BEFORE DELETE ON alarm_order BEGIN {abort_sqlite(STAYS)}; END",
    },
    postgresql={
        "alarm_order_no_update": f"alarm_order {ROW | BEFORE | UPDATE} 0 true{_refuse}",
        "alarm_order_no_delete": f"alarm_order {ROW | BEFORE | DELETE} 0 false{_refuse}",
        "alarm_order_no_truncate": f"alarm_order {BEFORE | TRUNCATE} 0 false{_refuse}",
    },
)
