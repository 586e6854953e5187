"""What is expected follows from the last weeks by sums a clerk can redo, and always says its least and its most."""

from dataclasses import replace
from math import inf

import pytest
from sqlmodel import Session

from tests.health.conftest import NOW, pay
from tests.worlds import World
from timebank.health.outlook import (
    Place,
    Range,
    Weeks,
    cover,
    expected_redemption,
    expected_supply,
    redeemable_min,
    redeemable_range,
    used_ppm,
    weekly_share,
)
from timebank.health.report import health_of
from timebank.health.supply import Supply
from timebank.health.terms import read_terms

TERMS = read_terms()
SUPPLY = Supply(spare=(), weekly_min=1000, kept_ppm=900_000)
WEEKS = Weeks(earned=(400, 600, 500), redeemed=(10, 30, 20))


def test_supply_goes_from_the_worst_week_to_all_that_volunteers_have() -> None:
    """In two weeks: twice the worst, twice the mean, twice the weekly minutes with nine of ten visits kept."""
    assert expected_supply(WEEKS, SUPPLY, 14) == Range(800, 1000, 1800)


def test_supply_of_a_bank_that_begins_is_only_a_most() -> None:
    """Where nothing was earned yet, nothing is promised."""
    assert expected_supply(Weeks((), ()), SUPPLY, 7) == Range(0, 0, 900)


def test_more_than_the_weekly_minutes_was_given() -> None:
    """Whoever gave more than they said is not cut down to it."""
    assert expected_supply(Weeks((1200,), (0,)), SUPPLY, 7) == Range(1200, 1200, 1200)


def test_share_is_that_of_the_last_weeks_once_enough_was_seen() -> None:
    """Ten of a thousand, thirty of a thousand, twenty of a thousand; a week without coins does not count."""
    share = weekly_share(WEEKS, [1000, 1000, 1000], 30, TERMS)

    assert share == pytest.approx((0.01, 0.02, 0.03))
    assert weekly_share(WEEKS, [1000, 0, 1000], 30, TERMS) == pytest.approx((0.01, 0.015, 0.02))


def test_share_is_assumed_until_enough_was_seen() -> None:
    """Twenty-nine redemptions say little; then a tenth a month is assumed, from a twentieth to three tenths."""
    share = weekly_share(WEEKS, [1000, 1000, 1000], 29, TERMS)

    assert expected_redemption(1000, share, 30) == pytest.approx((50, 100, 300))


def test_redemption_takes_a_share_of_what_is_left() -> None:
    """Half a week, two weeks: a half, and a half of the other half."""
    assert expected_redemption(800, Range(0.0, 0.5, 1.0), 14) == (0, 600, 800)


@pytest.mark.parametrize(
    ("redemption", "covered"),
    [
        (Range(50, 100, 200), Range(2.0, 10.0, 32.0)),
        (Range(0, 100, 200), Range(2.0, 10.0, inf)),
        (Range(0, 0, 0), None),
    ],
)
def test_cover_sets_the_least_against_the_most(redemption: Range, covered: Range | None) -> None:
    """The range is honest only if the worst of one side meets the worst of the other."""
    assert cover(Range(400, 1000, 1600), redemption) == covered


def test_redeemable_is_the_smaller_in_each_street() -> None:
    """What is free in one street helps nobody in another, unless people are sent across the district."""
    places = [Place(due_min=100, free_min=500), Place(due_min=300, free_min=200)]

    assert redeemable_min(places, 1_000_000) == 100 + 200
    assert redeemable_min(places, 150_000) == 75 + 30
    assert redeemable_range(places, SUPPLY, 300_000) == (100 + 60, 100 + 180, 400)


def test_used_part_is_that_of_the_weekly_minutes() -> None:
    """A mean of 500 of the 1,000 minutes a week that volunteers said."""
    assert used_ppm(WEEKS, SUPPLY) == 500_000
    assert used_ppm(Weeks((), ()), SUPPLY) == 0


def test_observed_redemptions_take_the_place_of_the_assumption(session: Session, saved: World) -> None:
    """As soon as as many were seen as the terms ask for, the bank's own weeks speak."""
    terms = replace(TERMS, least_redemptions=2)
    before = health_of(session, saved.book, "test", now=NOW, terms=terms)
    pay(session, saved, "S1", 30, 1, "redeem")

    after = health_of(session, saved.book, "test", now=NOW, terms=terms)

    assert (before.is_assumed, after.is_assumed) == (True, False)
    assert after.share.high == pytest.approx(330 / (600 + 60 + 120))
    assert after.weeks == Weeks(earned=(150, 320, 60, 250), redeemed=(330, 0, 0, 0))
