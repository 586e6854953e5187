"""The triggers that guard what happened to requests (:mod:`timebank.core.guards`)."""

from timebank.core.guards import list_append_only

APPEND_ONLY = ("request_event",)
"""Tables whose rows are never changed or deleted."""

list_append_only(APPEND_ONLY)
