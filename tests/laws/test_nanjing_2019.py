"""Nanjing's measures of 2019: groups donate, 1,500 hours are stored, and a public fund begins with the weakest."""

from datetime import date

import pytest

from tests.laws.articles import article
from tests.laws.conftest import Place, PlaceIn
from timebank.honours.hours import standing_on

PACK = "nanjing-2019"


@pytest.fixture
def nanjing(place_in: PlaceIn) -> Place:
    """Nanjing on a Monday of 2021, with V1: a volunteer of 45."""
    place = place_in("nanjing", date(2021, 3, 1))
    place.person("V1", age=45)
    return place


@article(PACK, "[X] hours of group volunteers may only be donated", "group_hours")
def test_hour_of_a_group_is_donated(nanjing: Place) -> None:
    """Given an hour that two gave as a group, when it is credited, then neither has a coin, and the pool has two."""
    decisions = nanjing.group("V1", "V2")

    assert (nanjing.coins("V1"), nanjing.coins("V2"), nanjing.pool()) == (0, 0, 2)
    assert all(nanjing.cites(decision, "group_hours") for decision in decisions)


@article(PACK, "[X] at most 1,500 hours are stored for one person", "stored_cap_min")
@article(PACK, "[X] what is past the cap can only be donated, or becomes social honour", "over_stored_cap")
def test_hour_past_1500_is_donated(nanjing: Place) -> None:
    """Given 1,499 hours, when two more are credited, then one is stored and the other is in the pool."""
    nanjing.earned_before("V1", hours=1499)

    decision = nanjing.visit("V1", hours=2)

    assert (nanjing.coins("V1"), nanjing.pool()) == (1500, 1)
    assert nanjing.cites(decision, "stored_cap_min", "over_stored_cap")


@article(PACK, "[X] at most 1,500 hours are stored for one person", "stored_cap_min")
def test_what_is_spent_makes_room_to_store(nanjing: Place) -> None:
    """Given 1,500 hours of which one was redeemed at 60, when an hour is credited, then it is stored again."""
    nanjing.person("V1", age=60)
    nanjing.earned_before("V1", hours=1500)
    nanjing.redeem("V1")

    nanjing.visit("V1")

    assert (nanjing.coins("V1"), nanjing.pool()) == (1500, 0)


@article(PACK, "[X] anyone of 60 or over who holds time", "min_age_to_redeem")
def test_who_holds_time_redeems_it_from_60(nanjing: Place) -> None:
    """Given an hour of one who is 59, when it is redeemed for a senior, then it is refused; at 60 it is not."""
    nanjing.person("V1", age=59)
    nanjing.visit("V1")

    with nanjing.refusal("min_age_to_redeem"):
        nanjing.redeem("V1", served="S1")
    nanjing.person("V1", age=60)
    nanjing.redeem("V1", served="S1")

    assert nanjing.coins("V1") == 0


@article(PACK, "[X] key empty-nest seniors, and anyone of 60 or over who holds time", "min_age_to_be_served")
def test_who_is_served_is_60(nanjing: Place) -> None:
    """Given an hour of one who is 60, when it is redeemed for one of 59, then it is refused; at 60 it is not."""
    nanjing.person("V1", age=60)
    nanjing.visit("V1")
    nanjing.person("S1", age=59)

    with nanjing.refusal("min_age_to_be_served"):
        nanjing.redeem("V1", served="S1")
    nanjing.person("S1", age=60)
    nanjing.redeem("V1", served="S1")

    assert nanjing.coins("V1") == 0


@article(PACK, "[X] key empty-nest seniors: 80 or over", "grant_min_age")
def test_fund_gives_time_to_empty_nest_seniors_of_80(nanjing: Place) -> None:
    """Given a senior who lives alone, when the fund grants two hours, then not at 79 and at 80; one is redeemed."""
    nanjing.registered_as("S1", "living_alone")
    programme = nanjing.programme(hours=2)
    nanjing.person("S1", age=79)
    with nanjing.refusal("grant_min_age"):
        nanjing.grant(programme, "S1")

    nanjing.person("S1", age=80)
    nanjing.grant(programme, "S1")
    nanjing.redeem("S1")

    assert nanjing.coins("S1") == 1


@article(PACK, "[X] key empty-nest seniors: 60 to 79 with low income and a disability", "grant_min_age_hardship")
def test_fund_gives_time_in_hardship_from_60(nanjing: Place) -> None:
    """Given a senior with low income and a disability in an empty nest, when granted, then not at 59 and at 60."""
    nanjing.registered_as("S1", "childless", "low_income", "severe_registered_disability")
    programme = nanjing.programme(hours=2)
    nanjing.person("S1", age=59)
    with nanjing.refusal("grant_min_age"):
        nanjing.grant(programme, "S1")

    nanjing.person("S1", age=60)
    nanjing.grant(programme, "S1")

    assert nanjing.coins("S1") == 2


@article(PACK, "[X] key empty-nest seniors: 60 to 79 with low income and a disability", "grant_min_age_hardship")
@pytest.mark.parametrize("one", ["low_income", "severe_registered_disability", "living_alone"])
def test_fund_asks_for_low_income_and_a_disability_together(nanjing: Place, one: str) -> None:
    """Given a childless senior of 79 with one of the two, or alone, when granted, then they wait until 80."""
    nanjing.registered_as("S1", "childless", one)
    programme = nanjing.programme(hours=2)
    nanjing.person("S1", age=79)

    with nanjing.refusal("grant_min_age"):
        nanjing.grant(programme, "S1")

    assert nanjing.coins("S1") == 0


@article(PACK, "[X] a public fund issues time to key empty-nest seniors", "grant_empty_nest_only")
def test_fund_gives_time_to_empty_nests_alone(nanjing: Place) -> None:
    """Given a senior of 85 who lives with the children, when the fund grants, then it is refused."""
    programme = nanjing.programme(hours=2)
    nanjing.person("S1", age=85)

    with nanjing.refusal("grant_empty_nest_only"):
        nanjing.grant(programme, "S1")

    assert nanjing.coins("S1") == 0


@article(PACK, "[H] one star from 100 hours", "honour_hours_1")
@article(PACK, "[H] four stars from 1,000 hours", "honour_hours_4")
@article(PACK, "[H] five stars from 1,500 hours", "honour_hours_5")
@pytest.mark.parametrize(("hours", "before", "after"), [(99, 0, 1), (999, 3, 4), (1499, 4, 5)])
def test_hour_brings_the_next_star(nanjing: Place, hours: int, before: int, after: int) -> None:
    """Given one hour too few, when one more is credited, then the volunteer has the star and a coin."""
    nanjing.served_before("V1", hours=hours)
    short = standing_on(nanjing.session, nanjing.who("V1"), nanjing.day).level

    nanjing.visit("V1", starts_h=20)

    reached = standing_on(nanjing.session, nanjing.who("V1"), nanjing.day).level
    assert reached is not None
    assert (short.stars if short else 0, reached.stars, reached.status) == (before, after, "sourced")
    assert nanjing.coins("V1") == 1
