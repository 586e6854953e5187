"""Shanghai's measures of 2026: adults earn, minors come in groups, residents of 65 redeem, friends are given coins."""

from datetime import date

import pytest

from tests.laws.articles import article
from tests.laws.conftest import Place, PlaceIn

PACK = "shanghai-2026"
HARDSHIP = "[A] some seniors with special hardship from 60"


@pytest.fixture
def shanghai(place_in: PlaceIn) -> Place:
    """Shanghai on a Monday of 2026, with V1: somebody of 65."""
    place = place_in("shanghai", date(2026, 3, 2))
    place.person("V1", age=65)
    return place


@article(PACK, "[C] 1 hour is 1 time coin", "coin_min")
def test_hour_is_a_coin(shanghai: Place) -> None:
    """Given two hours, when they are credited, then two coins are in the account; one pays an hour of service."""
    shanghai.visit("V1", hours=2)
    assert shanghai.coins("V1") == 2

    shanghai.redeem("V1", hours=1, lives="resident")

    assert shanghai.coins("V1") == 1


@article(PACK, "[B][C] any healthy adult of 18 or over; younger people only in groups", "min_age_to_earn")
@pytest.mark.parametrize(("age", "coins"), [(17, 0), (18, 1), (90, 1)])
def test_adults_earn_from_18(shanghai: Place, age: int, coins: int) -> None:
    """Given somebody who comes alone, when their hour is credited, then it earns a coin from 18 on."""
    shanghai.person("V1", age=age)

    decision = shanghai.visit("V1")

    assert shanghai.coins("V1") == coins
    assert shanghai.cites(decision, "min_age_to_earn") == (coins == 0)


@article(PACK, "[B][C] under 18 only as group activity, at care institutions and the like", "minors_earn")
def test_minor_serves_in_a_group(shanghai: Place) -> None:
    """Given a pupil of 15 in a group, when its hour is credited, then it counts; that it is donated is assumed."""
    shanghai.person("V1", age=15)

    (decision,) = shanghai.group("V1")

    assert (decision.allowed, shanghai.coins("V1"), shanghai.pool()) == (True, 0, 1)
    assert shanghai.pack.article("group_hours").startswith("assumed: ")


@article(PACK, "[C] lives in Shanghai, 65 or over, holds coins", "min_age_to_redeem")
def test_coins_are_redeemed_from_65(shanghai: Place) -> None:
    """Given a coin of one who is 64, when it is redeemed for a senior of 81, then it is refused; at 65 it is not."""
    shanghai.person("V1", age=64)
    shanghai.visit("V1")

    with shanghai.refusal("min_age_to_redeem"):
        shanghai.redeem("V1", served="S1", lives="resident")
    shanghai.person("V1", age=65)
    shanghai.redeem("V1", served="S1", lives="resident")

    assert shanghai.coins("V1") == 0


@article(PACK, "[C] those who are served are 65 or over", "min_age_to_be_served")
def test_who_is_served_is_65(shanghai: Place) -> None:
    """Given a coin of one who is 65, when it is redeemed for one of 64, then it is refused; at 65 it is not."""
    shanghai.visit("V1")
    shanghai.person("S1", age=64)

    with shanghai.refusal("min_age_to_be_served"):
        shanghai.redeem("V1", served="S1", lives="resident")
    shanghai.person("S1", age=65)
    shanghai.redeem("V1", served="S1", lives="resident")

    assert shanghai.coins("V1") == 0


@article(PACK, HARDSHIP, "min_age_to_redeem_hardship")
def test_seniors_in_hardship_redeem_from_60(shanghai: Place) -> None:
    """Given a coin that a senior in special hardship was given, when they redeem it, then not at 59 and at 60."""
    shanghai.visit("V1")
    shanghai.is_to("S1", "V1", "friend")
    shanghai.give("V1", "S1")
    shanghai.registered_as("S1", "severe_registered_disability")
    shanghai.person("S1", age=59)

    with shanghai.refusal("min_age_to_redeem"):
        shanghai.redeem("S1", served="S3")
    shanghai.person("S1", age=60)
    shanghai.redeem("S1", served="S3")

    assert shanghai.coins("S1") == 0


@article(PACK, HARDSHIP, "min_age_to_be_served_hardship")
def test_seniors_in_hardship_are_served_from_60(shanghai: Place) -> None:
    """Given a coin of one who is 65, when a senior in special hardship is served for it, then not at 59 and at 60."""
    shanghai.visit("V1")
    shanghai.registered_as("S1", "severe_registered_disability")
    shanghai.person("S1", age=59)

    with shanghai.refusal("min_age_to_be_served"):
        shanghai.redeem("V1", served="S1", lives="resident")
    shanghai.person("S1", age=60)
    shanghai.redeem("V1", served="S1", lives="resident")

    assert shanghai.coins("V1") == 0


@article(PACK, "[C] lives in Shanghai", "residence_to_redeem")
def test_coins_are_redeemed_by_who_lives_there(shanghai: Place) -> None:
    """Given a coin of one who is 65, when they redeem it from elsewhere, then it is refused; not in Shanghai."""
    shanghai.visit("V1")

    with shanghai.refusal("residence_to_redeem"):
        shanghai.redeem("V1", lives="none")
    shanghai.redeem("V1", lives="resident")

    assert shanghai.coins("V1") == 0


@article(PACK, "[B][C] coins may be given to relatives and friends", "gift_circle")
def test_coins_are_given_to_relatives_and_friends(shanghai: Place) -> None:
    """Given three coins, when one each goes to a sibling, a friend and a stranger, then the stranger gets none."""
    shanghai.visit("V1", hours=3)
    shanghai.is_to("S1", "V1", "sibling")
    shanghai.is_to("S3", "V1", "friend")

    shanghai.give("V1", "S1")
    shanghai.give("V1", "S3")
    with shanghai.refusal("gift_circle"):
        shanghai.give("V1", "S4")
    shanghai.redeem("S1")

    assert [shanghai.coins(ref) for ref in ("V1", "S1", "S3", "S4")] == [1, 0, 1, 0]


@article(
    PACK,
    "[B][C] to the platform, to seniors in special hardship, or to non-profit elder-care institutions",
    "donation_targets",
)
def test_coins_are_donated_to_platform_hardship_and_institutions(shanghai: Place) -> None:
    """Given four coins, when one each goes to the three and to a project, then the project gets none."""
    shanghai.visit("V1", hours=4)
    shanghai.registered_as("S1", "childless")

    shanghai.donate("V1", "pool")
    shanghai.donate("V1", "person_in_hardship", shanghai.who("S1"))
    shanghai.donate("V1", "institution", shanghai.world.organisations["EAST"])
    with shanghai.refusal("donation_targets"):
        shanghai.donate("V1", "project", shanghai.world.project)

    assert (shanghai.pool(), shanghai.coins("S1"), shanghai.institution("EAST"), shanghai.coins("V1")) == (1, 1, 1, 1)


def test_hour_of_2025_is_redeemed_by_the_measures_of_2026(shanghai: Place) -> None:
    """Given an hour of 2025 by one of 65, when they redeem it that day, then no (70); the next day it pays (65)."""
    before, after = shanghai.on(date(2025, 12, 31)), shanghai.on(date(2026, 1, 1))
    before.person("V1", age=65)
    before.visit("V1")

    with before.refusal("min_age_to_redeem", "min_age_to_be_served"):
        before.redeem("V1", lives="resident")
    after.redeem("V1", lives="resident")

    assert after.coins("V1") == 0
