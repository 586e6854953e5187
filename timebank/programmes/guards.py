"""The triggers that guard what was said and seen in programmes (:mod:`timebank.core.guards`)."""

from timebank.core.guards import list_append_only

APPEND_ONLY = ("partnership_step", "contact", "feedback")
"""Tables whose rows are never changed or deleted."""
WORDS = "is append-only: what was said stays"

list_append_only(APPEND_ONLY, WORDS)
