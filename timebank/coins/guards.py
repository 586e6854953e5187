"""The triggers that guard what coins did, and the closing of accounts (:mod:`timebank.core.guards`)."""

from timebank.core.guards import BEFORE, ROW, UPDATE, abort_sqlite, list_append_only, list_guards

APPEND_ONLY = ("coin_act", "coin_transfer", "coin_grant", "coin_move")
"""Tables whose rows are never changed or deleted."""
FULL = "NEW.status = 'closed' AND (NEW.credits <> NEW.debits OR NEW.held <> 0)"
NOT_EMPTY = "an account is closed when there is nothing in it"

list_append_only(APPEND_ONLY)
list_guards(
    sqlite={
        "account_closes_empty": (f"BEFORE UPDATE OF status ON account WHEN {FULL} BEGIN {abort_sqlite(NOT_EMPTY)}; END")
    },
    postgresql={
        "account_closes_empty": (
            f"account {ROW | BEFORE | UPDATE} 1 true BEGIN RAISE EXCEPTION '{NOT_EMPTY}' "
            "USING ERRCODE = 'check_violation'; END "
        )
    },
)
