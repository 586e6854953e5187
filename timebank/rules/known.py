"""Every rule a pack says, with the kind of its value, in the order people read them."""

from timebank.rules.kinds import Choice, Choices, ChoicesByWord, Flag, Kind, Ratios, Whole

EVIDENCE = frozenset({"app", "qr", "nfc", "landline", "paper", "witness"})
GRADES = ("app", "qr", "nfc", "landline", "paper", "witness")
"""Grades of evidence, strongest first."""
SERVICES = ("greeting", "door_visit", "bath", "trip")
"""Codes of the service catalogue that every district starts with."""
RESIDENCES = ("none", "resident", "registered")
"""Ties to the place, weakest first: none, lives there, is registered there."""
KIN = ("parent", "grandparent")
DIRECT = (*KIN, "spouse", "child", "grandchild")
RELATIVES = (*DIRECT, "sibling", "other_relative")
RELATIONS = (*RELATIVES, "friend", "stranger")
"""What the one who is given coins is to the giver."""
CIRCLES: dict[str, tuple[str, ...]] = {
    "none": (),
    "parents_and_grandparents": KIN,
    "direct_relatives": DIRECT,
    "relatives": RELATIVES,
    "relatives_and_friends": (*RELATIVES, "friend"),
}
"""Relations within each gift circle, smallest circle first."""
TARGETS = ("pool", "project", "person_in_hardship", "institution")
SPENDERS = ("everyone", "head")
"""Who may spend from a family account."""
CLAIMS = ("coin", "volunteer_record", "honour")
"""What a record of service can become, once."""
USES = ("certificate", "honour_level")
"""What a record can count for, whatever it became."""
STARS = (1, 2, 3, 4, 5)
DAY_MIN, LIFE_MIN = 1440, 60_000_000
_AGE, _AGE_OR_NONE = Whole(0, 120), Whole(0, 120, or_none=True)
_MINUTES_OR_NONE = Whole(1, LIFE_MIN, or_none=True)

RULES: dict[str, Kind] = {
    # the unit
    "coin_min": Whole(1, DAY_MIN),
    "rounding_min": Whole(1, DAY_MIN),
    "tolerance_min": Whole(0, DAY_MIN),
    "confirmation_tolerance_min": Whole(0, DAY_MIN),
    "late_cancellation_min": Whole(0, 30 * DAY_MIN),
    # who may earn, and what
    "min_age_to_earn": _AGE,
    "min_age_to_earn_women": _AGE_OR_NONE,
    "max_age_to_earn": _AGE_OR_NONE,
    "minors_earn": Choice(("no", "in_group", "with_guardian")),
    "residence_to_earn": Choice(RESIDENCES),
    "training_required": Flag(),
    "earning_evidence": Choices(GRADES),
    "evidence_share": Ratios(GRADES, 1, is_whole=True),
    "earn_ratio": Ratios(SERVICES, 10),
    "group_hours": Choice(("own", "donate_only", "none")),
    # what a record of service becomes
    "record_becomes": ChoicesByWord(CLAIMS, USES),
    "record_default": Choice(CLAIMS),
    "claim_days": Whole(0, 366, or_none=True),
    # how much
    "daily_cap_min": Whole(1, DAY_MIN, or_none=True),
    "total_cap_min": _MINUTES_OR_NONE,
    "stored_cap_min": _MINUTES_OR_NONE,
    "over_stored_cap": Choice(("not_credited", "donate_only")),
    # who may redeem and be served
    "min_age_to_redeem": _AGE,
    "min_age_to_redeem_hardship": _AGE_OR_NONE,
    "min_age_to_be_served": _AGE,
    "min_age_to_be_served_hardship": _AGE_OR_NONE,
    "residence_to_redeem": Choice(RESIDENCES),
    "must_have_earned": Flag(),
    "redeem_after_served_min": _MINUTES_OR_NONE,
    "redeem_after_days": Whole(1, 36_500, or_none=True),
    "redeem_ratio": Ratios(SERVICES, 100),
    # gifts, donations, grants
    "gift_circle": Choice(tuple(CIRCLES)),
    "gift_taker_must_qualify": Flag(),
    "donation_targets": Choices(TARGETS, least=0),
    "grant_min": _MINUTES_OR_NONE,
    "grant_budget_min": _MINUTES_OR_NONE,
    "grant_min_age": _AGE,
    "grant_min_age_hardship": _AGE_OR_NONE,
    "grant_empty_nest_only": Flag(),
    "gift_answer_days": Whole(1, 365),
    "gift_undo_days": Whole(1, 365, or_none=True),
    # families, the pool, other districts, estates
    "family_circle": Choice(tuple(CIRCLES)),
    "family_spenders": Choice(SPENDERS),
    "family_daily_min": _MINUTES_OR_NONE,
    "pool_hardship_only": Flag(),
    "pool_year_min": _MINUTES_OR_NONE,
    "moving": Choice(("none", "with_home", "free")),
    "estate_to": Choice(("pool", "heirs", "heirs_or_pool")),
    "estate_circle": Choice(tuple(CIRCLES)),
    "expiry_days": Whole(1, 36_500, or_none=True),
    "expiry_to": Choice(("pool", "sink")),
    # honours
    **{f"honour_hours_{stars}": Whole(1, 100_000) for stars in STARS},
}
"""Every rule a pack must say, with the kind of its value."""
