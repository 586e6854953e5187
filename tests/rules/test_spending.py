"""Thresholds, prices and facts that are not known, where no shipped pack has them all."""

from datetime import date
from typing import Any

import pytest

from tests.rules.texts import with_rule
from timebank.rules.findings import Redemption
from timebank.rules.pack import parse_pack
from timebank.rules.spending import redeeming_by

DAY = date(2026, 3, 2)
AFTER = with_rule("redeem_after_days", "365", text=with_rule("redeem_after_served_min", "6000"))
THRESHOLD = parse_pack(AFTER, file="threshold.toml")
"""Shanghai's pack with the threshold that Hongkou had in 2019: 100 hours served, or one year."""
PRICED = parse_pack(with_rule("redeem_ratio", '{ bath = "3/2" }'), file="priced.toml")


def redemption(**facts: Any) -> Redemption:
    """Return the redeeming of an hour by a resident of 70 who has two."""
    usual: dict[str, Any] = {"holder_age": 70, "minutes": 60, "available_min": 120, "residence": "resident"}
    return Redemption(**({"day": DAY} | usual | facts))


@pytest.mark.parametrize(
    ("served_min", "began", "reasons"),
    [
        (6000, DAY, ("redeem_ratio",)),
        (0, date(2025, 3, 2), ("redeem_ratio",)),
        (5999, date(2025, 3, 3), ("redeem_after_served_min", "redeem_after_days")),
        (None, None, ("redeem_after_served_min", "redeem_after_days")),
        (None, date(2025, 3, 2), ("redeem_ratio",)),
    ],
)
def test_hundred_hours_or_a_year_is_enough(
    served_min: int | None, began: date | None, reasons: tuple[str, ...]
) -> None:
    """Either opens the account; who has neither hears both, and what is not known is never taken for enough."""
    decision = redeeming_by(THRESHOLD, redemption(served_total_min=served_min, first_served_on=began))

    assert decision.reasons == reasons


@pytest.mark.parametrize(
    ("facts", "price"),
    [
        ({}, 60),
        ({"service": "greeting"}, 60),
        ({"service": "bath"}, 90),
        ({"service": "bath", "minutes": 1}, 2),
        ({"service": "bath", "redeem_numerator": 9}, 90),
        ({"service": "trip", "redeem_numerator": 3, "redeem_denominator": 2}, 90),
        ({"service": "bath", "minutes": 81}, 0),
        ({"minutes": 0}, 0),
    ],
)
def test_price_is_that_of_the_pack_before_the_catalogue(facts: dict[str, Any], price: int) -> None:
    """A pack's own ratio goes before the catalogue's; a price is rounded up, and never more than is there."""
    decision = redeeming_by(PRICED, redemption(**facts))

    assert (decision.minutes, decision.allowed) == (price, price > 0)


def test_another_is_served_by_their_own_age() -> None:
    """A holder of age may redeem for someone only who may be served."""
    assert redeeming_by(PRICED, redemption(taker_age=66)).allowed
    assert redeeming_by(PRICED, redemption(taker_age=60, taker_in_hardship=True)).allowed
    assert redeeming_by(PRICED, redemption(taker_age=50)).reasons == ("min_age_to_be_served",)


def test_what_is_not_known_is_named_and_not_guessed() -> None:
    """At 62 hardship decides; a case that does not say it is refused with that fact."""
    decision = redeeming_by(PRICED, redemption(holder_age=62, residence=None))

    asked = {(finding.rule, dict(finding.values)["fact"]) for finding in decision.findings}
    assert not decision.allowed
    assert asked == {
        ("min_age_to_redeem_hardship", "holder_in_hardship"),
        ("min_age_to_be_served_hardship", "holder_in_hardship"),
        ("residence_to_redeem", "residence"),
    }
