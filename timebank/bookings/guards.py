"""The triggers that guard what happened to requests for places (:mod:`timebank.core.guards`)."""

from timebank.core.guards import list_append_only

APPEND_ONLY = ("place_event", "place_round", "place_decision", "van_day", "van_call")
"""Tables whose rows are never changed or deleted."""

list_append_only(APPEND_ONLY)
