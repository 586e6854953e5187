"""Changning's pilot of 2019: women of 50, men of 60, until 70; two coins a day, six hundred in a life."""

from datetime import date, timedelta

import pytest

from tests.laws.articles import article
from tests.laws.conftest import Place, PlaceIn

PACK = "changning-2019"
AGES = "[C] registered in Changning, 60 to 70, women from 50"


@pytest.fixture
def changning(place_in: PlaceIn) -> Place:
    """Changning on a Monday of the pilot, with V1: a man of 62, trained, and registered there."""
    place = place_in("changning", date(2019, 6, 3))
    place.person("V1", age=62, gender="male", trained=True)
    place.lives("V1", "registered")
    return place


@article(PACK, "[C] 1 hour is 1 coin", "coin_min")
def test_hour_is_a_coin(changning: Place) -> None:
    """Given an hour, when it is credited, then one coin is in the account, and pays an hour of service at 62."""
    changning.visit("V1", hours=1)
    assert changning.coins("V1") == 1

    changning.redeem("V1", hours=1)

    assert changning.coins("V1") == 0


@article(PACK, AGES, "min_age_to_earn", "min_age_to_earn_women", "max_age_to_earn")
@pytest.mark.parametrize(
    ("gender", "age", "coins", "rule"),
    [
        ("male", 59, 0, "min_age_to_earn"),
        ("male", 60, 1, None),
        ("male", 70, 1, None),
        ("male", 71, 0, "max_age_to_earn"),
        ("female", 49, 0, "min_age_to_earn"),
        ("female", 50, 1, None),
        ("female", 70, 1, None),
        ("female", 71, 0, "max_age_to_earn"),
    ],
)
def test_men_earn_from_60_and_women_from_50_until_70(
    changning: Place, gender: str, age: int, coins: int, rule: str | None
) -> None:
    """Given somebody of an age, when their hour is credited, then they have a coin, or hear which article says no."""
    changning.person("V1", age=age, gender=gender, trained=True)

    decision = changning.visit("V1")

    assert changning.coins("V1") == coins
    assert rule is None or changning.cites(decision, rule)


@article(PACK, "[C] registered in Changning (户籍)", "residence_to_earn")
@pytest.mark.parametrize(("tie", "coins"), [("none", 0), ("resident", 0), ("registered", 1)])
def test_registration_and_not_living_there_counts(changning: Place, tie: str, coins: int) -> None:
    """Given a man of 62 who only lives in Changning, when his hour is credited, then it earns no coin."""
    changning.lives("V1", tie)

    decision = changning.visit("V1")

    assert changning.coins("V1") == coins
    assert changning.cites(decision, "residence_to_earn") == (coins == 0)


@article(PACK, "[C] after application and training", "training_required")
def test_training_comes_before_the_first_coin(changning: Place) -> None:
    """Given a man of 62 without training, when his hour is credited, then it earns no coin."""
    changning.person("V1", age=62, gender="male", trained=False)

    decision = changning.visit("V1")

    assert changning.coins("V1") == 0
    assert changning.cites(decision, "training_required")


@article(PACK, "[C] at most 2 coins a day", "daily_cap_min")
def test_third_hour_of_a_day_earns_nothing(changning: Place) -> None:
    """Given three hours of one day, when they are credited, then two coins are stored; the next day counts anew."""
    changning.visit("V1", served="S1", starts_h=8)
    half = changning.visit("V1", hours=1.5, served="S2", starts_h=10)
    last = changning.visit("V1", served="S3", starts_h=14)

    assert changning.coins("V1") == 2
    assert (half.minutes, last.minutes) == (60, 0)
    assert changning.cites(half, "daily_cap_min")
    assert changning.cites(last, "daily_cap_min")
    tomorrow = changning.on(changning.day + timedelta(days=1))
    tomorrow.visit("V1")
    assert tomorrow.coins("V1") == 3


@article(PACK, "[C] at most 600 coins a person", "total_cap_min")
def test_six_hundred_coins_are_all_that_one_person_earns(changning: Place) -> None:
    """Given 599 and a half coins, when an hour is credited, then half a coin comes in; spending makes no new room."""
    changning.earned_before("V1", hours=599.5)

    decision = changning.visit("V1", served="S1", starts_h=8)

    assert changning.coins("V1") == 600
    assert changning.cites(decision, "total_cap_min")
    changning.redeem("V1", hours=5)
    assert changning.visit("V1", served="S2", starts_h=10).minutes == 0
    assert changning.coins("V1") == 595


def test_coins_of_the_pilot_stay_with_who_has_them(changning: Place) -> None:
    """Given a coin, when it is given to a parent, then it is refused: assumed, as the pilot says nothing of gifts."""
    changning.visit("V1")
    changning.is_to("S1", "V1", "parent")

    with changning.refusal("gift_circle", status="assumed"):
        changning.give("V1", "S1")

    assert changning.coins("V1") == 1
