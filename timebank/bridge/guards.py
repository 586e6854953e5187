"""The triggers that guard what was consented, done and told between organisations (:mod:`timebank.core.guards`)."""

from timebank.core.guards import list_append_only

APPEND_ONLY = (
    "consent",
    "consent_revocation",
    "referral_event",
    "referral_reading",
    "referral_notice",
    "practice_version",
    "practice_figure",
    "practice_decision",
)
"""Tables whose rows are never changed or deleted."""

list_append_only(APPEND_ONLY)
