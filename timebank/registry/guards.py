"""The triggers that guard what the registry did (:mod:`timebank.core.guards`)."""

from timebank.core.guards import list_append_only

APPEND_ONLY = ("registry_change",)
"""Tables whose rows are never changed or deleted."""

list_append_only(APPEND_ONLY)
