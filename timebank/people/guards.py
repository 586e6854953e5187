"""The triggers that guard what was done about access (:mod:`timebank.core.guards`)."""

from timebank.core.guards import list_append_only

APPEND_ONLY = ("access_event",)
"""Tables whose rows are never changed or deleted."""
WORDS = "is append-only: what was done about access stays told"

list_append_only(APPEND_ONLY, WORDS)
