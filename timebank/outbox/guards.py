"""The triggers that guard what happened and what was sent (:mod:`timebank.core.guards`)."""

from timebank.core.guards import list_append_only

APPEND_ONLY = ("event", "webhook_attempt")
"""Tables whose rows are never changed or deleted."""
WORDS = "is append-only: what happened stays"

list_append_only(APPEND_ONLY, WORDS)
