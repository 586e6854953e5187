"""Beijing's scheme of 2022: residents of 18 after training, students with a guardian, coins for oneself and parents."""

from datetime import date

import pytest

from tests.laws.articles import article
from tests.laws.conftest import Place, PlaceIn

PACK = "beijing-2022"


@pytest.fixture
def beijing(place_in: PlaceIn) -> Place:
    """Beijing on a Monday of 2023, with V1: a trained resident of 30."""
    place = place_in("beijing", date(2023, 5, 8))
    place.person("V1", age=30, trained=True)
    place.lives("V1", "resident")
    return place


@article(PACK, "[Y][Z] 1 hour is 1 coin", "coin_min")
def test_hour_is_a_coin(beijing: Place) -> None:
    """Given an hour and a half, when it is credited, then a coin and a half are in the account."""
    beijing.visit("V1", hours=1.5)

    assert beijing.coins("V1") == 1.5


@article(PACK, "[Y][Z] permanent residents of 18 or over", "min_age_to_earn")
@pytest.mark.parametrize(("age", "coins"), [(17, 0), (18, 1)])
def test_residents_earn_from_18(beijing: Place, age: int, coins: int) -> None:
    """Given somebody who comes alone, when their hour is credited, then at 17 it earns nothing, and at 18 a coin."""
    beijing.person("V1", age=age, trained=True)

    decision = beijing.visit("V1")

    assert beijing.coins("V1") == coins
    assert beijing.cites(decision, "min_age_to_earn") == (coins == 0)


@article(PACK, "[Y][Z] students under 18 led by a guardian", "minors_earn")
def test_student_earns_led_by_a_guardian(beijing: Place) -> None:
    """Given a student of 15 who is led by a guardian, when the hour is credited, then it earns a coin."""
    beijing.person("V1", age=15, trained=True)
    beijing.led_by("V1", "S1")

    beijing.visit("V1")

    assert beijing.coins("V1") == 1


@article(PACK, "[Y][Z] permanent residents", "residence_to_earn")
def test_who_does_not_live_there_earns_nothing(beijing: Place) -> None:
    """Given a trained visitor of 30, when their hour is credited, then it earns no coin."""
    beijing.lives("V1", "none")

    decision = beijing.visit("V1")

    assert beijing.coins("V1") == 0
    assert beijing.cites(decision, "residence_to_earn")


@article(PACK, "[Y][Z] after training", "training_required")
def test_training_comes_before_the_first_coin(beijing: Place) -> None:
    """Given a resident of 30 without training, when their hour is credited, then it earns no coin."""
    beijing.person("V1", age=30, trained=False)

    decision = beijing.visit("V1")

    assert beijing.coins("V1") == 0
    assert beijing.cites(decision, "training_required")


@article(PACK, "[Y][Z] for own use from 60", "min_age_to_redeem")
def test_coins_are_for_own_use_from_60(beijing: Place) -> None:
    """Given a coin, when it is redeemed, then at 59 it is refused, whoever is served, and at 60 it pays the hour."""
    beijing.person("V1", age=59, trained=True)
    beijing.visit("V1")

    with beijing.refusal("min_age_to_redeem"):
        beijing.redeem("V1", served="S1")
    beijing.person("V1", age=60, trained=True)
    beijing.redeem("V1")

    assert beijing.coins("V1") == 0


@article(PACK, "[Y][Z] for own use from 60", "min_age_to_be_served")
def test_who_is_served_is_60(beijing: Place) -> None:
    """Given a coin of one who is 60, when it is redeemed for one of 59, then it is refused; at 60 it is not."""
    beijing.person("V1", age=60, trained=True)
    beijing.visit("V1")
    beijing.person("S1", age=59)

    with beijing.refusal("min_age_to_be_served"):
        beijing.redeem("V1", served="S1")
    beijing.person("S1", age=60)
    beijing.redeem("V1", served="S1")

    assert beijing.coins("V1") == 0


@article(PACK, "[Y][Z] to direct relatives: parents, grandparents", "gift_circle")
def test_coins_are_given_to_parents_and_grandparents(beijing: Place) -> None:
    """Given three coins, when one each goes to a parent, a grandparent and a child, then the child gets none."""
    beijing.visit("V1", hours=3)
    beijing.is_to("S1", "V1", "parent")
    beijing.is_to("S2", "V1", "grandparent")
    beijing.is_to("V2", "V1", "child")

    beijing.give("V1", "S1")
    beijing.give("V1", "S2")
    with beijing.refusal("gift_circle"):
        beijing.give("V1", "V2")
    beijing.redeem("S1")

    assert [beijing.coins(ref) for ref in ("V1", "S1", "S2", "V2")] == [1, 0, 1, 0]
