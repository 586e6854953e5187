"""The triggers that guard what the care team did (:mod:`timebank.core.guards`)."""

from timebank.core.guards import list_append_only

APPEND_ONLY = ("advice", "care_level")
"""Tables whose rows are never changed or deleted."""

list_append_only(APPEND_ONLY)
