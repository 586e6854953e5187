"""Shanghai's notice before 2026: those of 70 who stored coins themselves are served, and relatives alike."""

from datetime import date

import pytest

from tests.laws.articles import article
from tests.laws.conftest import Place, PlaceIn

PACK = "shanghai-notice"
SERVED = "[N] those served are 70 or over and have stored coins themselves"
HARDSHIP = "[N] lonely seniors in special hardship from 60"


@pytest.fixture
def shanghai(place_in: PlaceIn) -> Place:
    """Shanghai on the last day of the notice, with V1: somebody of 70."""
    place = place_in("shanghai", date(2025, 12, 31))
    place.person("V1", age=70)
    return place


@article(PACK, "[N] the same duration: an hour given is an hour to redeem", "coin_min")
def test_hour_given_is_an_hour_to_redeem(shanghai: Place) -> None:
    """Given two hours of one who is 70, when an hour is redeemed, then one coin is left."""
    shanghai.visit("V1", hours=2)
    assert shanghai.coins("V1") == 2

    shanghai.redeem("V1", hours=1)

    assert shanghai.coins("V1") == 1


@article(
    PACK, "[N] retired people of 60 to 70 (women from 50), and healthy volunteers of 18 or over", "min_age_to_earn"
)
@pytest.mark.parametrize(("age", "coins"), [(17, 0), (18, 1), (71, 1)])
def test_healthy_volunteers_earn_from_18(shanghai: Place, age: int, coins: int) -> None:
    """Given somebody of an age, when their hour is credited, then it earns a coin from 18 on."""
    shanghai.person("V1", age=age)

    decision = shanghai.visit("V1")

    assert shanghai.coins("V1") == coins
    assert shanghai.cites(decision, "min_age_to_earn") == (coins == 0)


@article(PACK, SERVED, "min_age_to_redeem")
def test_coins_are_redeemed_from_70(shanghai: Place) -> None:
    """Given a coin of one who is 69, when it is redeemed for a senior of 81, then it is refused; at 70 it is not."""
    shanghai.person("V1", age=69)
    shanghai.visit("V1")

    with shanghai.refusal("min_age_to_redeem"):
        shanghai.redeem("V1", served="S1")
    shanghai.person("V1", age=70)
    shanghai.redeem("V1", served="S1")

    assert shanghai.coins("V1") == 0


@article(PACK, SERVED, "min_age_to_be_served")
def test_who_is_served_is_70(shanghai: Place) -> None:
    """Given a coin of one who is 70, when it is redeemed for one of 69, then it is refused; at 70 it is not."""
    shanghai.visit("V1")
    shanghai.person("S1", age=69)

    with shanghai.refusal("min_age_to_be_served"):
        shanghai.redeem("V1", served="S1")
    shanghai.person("S1", age=70)
    shanghai.redeem("V1", served="S1")

    assert shanghai.coins("V1") == 0


@article(PACK, HARDSHIP, "min_age_to_redeem_hardship")
def test_lonely_seniors_in_hardship_redeem_from_60(shanghai: Place) -> None:
    """Given a lonely senior who stored a coin when younger, when they redeem it, then not at 59 and at 60."""
    shanghai.earned_before("S1", hours=1)
    shanghai.registered_as("S1", "childless")
    shanghai.person("S1", age=59)

    with shanghai.refusal("min_age_to_redeem"):
        shanghai.redeem("S1", served="S3")
    shanghai.person("S1", age=60)
    shanghai.redeem("S1", served="S3")

    assert shanghai.coins("S1") == 0


@article(PACK, HARDSHIP, "min_age_to_be_served_hardship")
def test_lonely_seniors_in_hardship_are_served_from_60(shanghai: Place) -> None:
    """Given a coin of one who is 70, when a lonely senior is served for it, then not at 59 and at 60."""
    shanghai.visit("V1")
    shanghai.registered_as("S1", "childless")
    shanghai.person("S1", age=59)

    with shanghai.refusal("min_age_to_be_served"):
        shanghai.redeem("V1", served="S1")
    shanghai.person("S1", age=60)
    shanghai.redeem("V1", served="S1")

    assert shanghai.coins("V1") == 0


@article(PACK, SERVED, "must_have_earned")
def test_who_redeems_has_stored_coins_themselves(shanghai: Place) -> None:
    """Given a coin that was only given to one of 72, when it is redeemed, then not before they served an hour."""
    shanghai.visit("V1")
    shanghai.person("V2", age=72)
    shanghai.is_to("V2", "V1", "spouse")
    shanghai.give("V1", "V2")

    with shanghai.refusal("must_have_earned"):
        shanghai.redeem("V2")
    shanghai.visit("V2", served="S2")
    shanghai.redeem("V2")

    assert (shanghai.coins("V1"), shanghai.coins("V2")) == (0, 1)


@article(PACK, "[D] in 2023: only to qualifying direct relatives", "gift_circle")
def test_coins_are_given_to_direct_relatives(shanghai: Place) -> None:
    """Given two coins, when one goes to a parent and one to a friend, both of 81, then the friend gets none."""
    shanghai.visit("V1", hours=2)
    shanghai.is_to("S1", "V1", "parent")
    shanghai.is_to("S3", "V1", "friend")

    shanghai.give("V1", "S1")
    with shanghai.refusal("gift_circle"):
        shanghai.give("V1", "S3")

    assert [shanghai.coins(ref) for ref in ("V1", "S1", "S3")] == [1, 1, 0]


@article(PACK, "[S] in 2023: to relatives who match the criteria of those served", "gift_taker_must_qualify")
def test_relative_who_is_given_coins_may_be_served(shanghai: Place) -> None:
    """Given a coin, when it goes to a spouse of 69, then it is refused by what is asked of those served; not at 70."""
    shanghai.visit("V1")
    shanghai.is_to("V2", "V1", "spouse")
    shanghai.person("V2", age=69)

    with shanghai.refusal("gift_taker_must_qualify", "min_age_to_be_served"):
        shanghai.give("V1", "V2")
    shanghai.person("V2", age=70)
    shanghai.give("V1", "V2")

    assert (shanghai.coins("V1"), shanghai.coins("V2")) == (0, 1)


@article(PACK, "[S] in 2023: to seniors in need", "donation_targets")
def test_coins_are_donated_to_seniors_in_need(shanghai: Place) -> None:
    """Given two coins, when one goes to a senior in hardship and one to the pool, then the pool gets none."""
    shanghai.visit("V1", hours=2)
    shanghai.registered_as("S1", "childless")

    shanghai.donate("V1", "person_in_hardship", shanghai.who("S1"))
    with shanghai.refusal("donation_targets"):
        shanghai.donate("V1", "pool")

    assert (shanghai.coins("V1"), shanghai.coins("S1"), shanghai.pool()) == (1, 1, 0)
