"""Families, the pool's aid, other districts, estates and gifts taken back: what each rule lets through."""

from datetime import date
from typing import Any

import pytest

from tests.rules.texts import SETTING
from timebank.rules.findings import Donation, Grant, Redemption
from timebank.rules.issuing import decide_grant
from timebank.rules.passing import (
    Aid,
    Inheritance,
    Move,
    Sharing,
    Undoing,
    decide_aid,
    decide_inheritance,
    decide_moving,
    decide_sharing,
    decide_undoing,
    heir_circle,
)
from timebank.rules.spending import answer_days, decide_donation, decide_redeeming

DAY = date(2026, 4, 1)


@pytest.fixture
def district(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Any:
    """Set rules of the district over Shanghai's pack from 2026-03-01 until before 2026-06-01."""

    def set_rules(**rules: str) -> None:
        head = SETTING.partition("[rules")[0]
        said = [f'[rules.{rule}]\nvalue = {value}\nsource = "区里规定"\n' for rule, value in rules.items()]
        (tmp_path / "set.toml").write_text(head + "\n".join(said), encoding="utf-8")
        monkeypatch.setenv("TIMEBANK_RULES", str(tmp_path / "set.toml"))

    return set_rules


def redemption(**facts: Any) -> Redemption:
    """Return the redeeming of an hour by a resident of 70 who has two."""
    usual: dict[str, Any] = {"holder_age": 70, "minutes": 60, "available_min": 120, "residence": "resident"}
    return Redemption(**({"day": DAY} | usual | facts))


def test_hours_of_a_group_are_not_redeemed() -> None:
    """Whatever else holds: a group has no age, no home and no door to visit."""
    decision = decide_redeeming(redemption(from_group=True))

    assert (decision.allowed, decision.reasons) == (False, ("group_hours",))


@pytest.mark.parametrize(
    ("facts", "reasons"),
    [
        ({"spent_today_min": 180}, ("redeem_ratio",)),
        ({"spent_today_min": 181}, ("family_daily_min",)),
        ({"spent_today_min": None}, ("family_daily_min",)),
        ({"spent_today_min": 0, "holder_age": 50}, ("min_age_to_redeem", "min_age_to_be_served")),
    ],
)
def test_family_spends_so_much_a_day_and_member(facts: dict[str, Any], reasons: tuple[str, ...]) -> None:
    """Four hours a day for each who asks, to the minute; and whoever is served qualifies as anyone does."""
    assert decide_redeeming(redemption(from_family=True, **facts)).reasons == reasons


def test_district_lets_only_the_head_spend(district: Any) -> None:
    """A district that wants one hand on the family's coins says so; who is not known to be the head is not."""
    district(family_spenders='"head"', family_daily_min='"none"')

    heads = [decide_redeeming(redemption(from_family=True, is_head=is_head)) for is_head in (True, False, None)]

    assert [decision.allowed for decision in heads] == [True, False, False]
    assert [decision.reasons for decision in heads[1:]] == [("family_spenders",)] * 2


def test_district_without_families_spends_from_none(district: Any) -> None:
    """Where family accounts are done away with, what stands in one is not redeemed any more, and nobody joins."""
    district(family_circle='"none"')

    assert decide_redeeming(redemption(from_family=True, spent_today_min=0)).reasons == ("family_circle",)
    assert not decide_sharing(Sharing(day=DAY)).allowed


@pytest.mark.parametrize(
    ("facts", "allowed"),
    [
        ({}, True),
        ({"relation": "spouse"}, True),
        ({"relation": "friend"}, False),
        ({"relation": "child", "minutes": 60, "available_min": 60}, True),
        ({"relation": "child", "minutes": 61, "available_min": 60}, False),
    ],
)
def test_family_is_its_circle(facts: dict[str, Any], *, allowed: bool) -> None:
    """A friend is no family, and nobody puts in what they have not."""
    assert decide_sharing(Sharing(day=DAY, **facts)).allowed is allowed


@pytest.mark.parametrize(
    ("facts", "reasons"),
    [
        ({"in_hardship": True}, ("pool_hardship_only",)),
        ({"in_hardship": True, "given_in_year_min": 5940}, ("pool_hardship_only",)),
        ({"in_hardship": True, "given_in_year_min": 5941}, ("pool_year_min",)),
        ({"in_hardship": False}, ("pool_hardship_only",)),
        ({"in_hardship": None}, ("pool_hardship_only",)),
        ({"in_hardship": True, "available_min": 59}, ("balance",)),
    ],
)
def test_pool_gives_to_hardship_up_to_the_year(facts: dict[str, Any], reasons: tuple[str, ...]) -> None:
    """What many gave goes to who needs it, and not all of it to one."""
    usual: dict[str, Any] = {"day": DAY, "minutes": 60, "available_min": 600}

    decision = decide_aid(Aid(**(usual | facts)))

    is_fine = facts.get("in_hardship") is True and reasons == ("pool_hardship_only",)
    assert (decision.allowed, decision.reasons) == (is_fine, reasons)


@pytest.mark.parametrize(
    ("moving", "has_moved", "allowed"),
    [
        ("with_home", True, True),
        ("with_home", False, False),
        ("with_home", None, False),
        ("free", False, True),
        ("none", True, False),
    ],
)
def test_coins_move_as_the_pack_says(district: Any, moving: str, *, has_moved: bool | None, allowed: bool) -> None:
    """Along with the home, freely, or not at all; nothing is guessed about a home."""
    district(moving=f'"{moving}"')

    decision = decide_moving(Move(day=DAY, minutes=60, available_min=60, has_moved=has_moved))

    assert decision.allowed is allowed
    assert decision.reasons == ("moving",)


@pytest.mark.parametrize(
    ("to", "pool", "heir", "friend"),
    [("heirs_or_pool", False, True, False), ("heirs", False, True, False), ("pool", True, False, False)],
)
def test_estate_goes_where_the_pack_says(district: Any, to: str, *, pool: bool, heir: bool, friend: bool) -> None:
    """With an heir there, the pool gets something only where everything goes to it; a friend is no heir."""
    district(estate_to=f'"{to}"')
    parts: list[dict[str, Any]] = [
        {"is_heir": False},
        {"is_heir": True, "relation": "child"},
        {"is_heir": True, "relation": "friend"},
    ]

    allowed = [decide_inheritance(Inheritance(day=DAY, minutes=60, heirs=1, **part)).allowed for part in parts]

    assert allowed == [pool, heir, friend]
    assert ("child" in heir_circle(DAY)) is heir


def test_estate_without_heirs_goes_to_the_pool() -> None:
    """Nobody's hours are lost: where there is no heir, they help others."""
    assert decide_inheritance(Inheritance(day=DAY, minutes=60, heirs=0, is_heir=False)).allowed
    assert decide_inheritance(Inheritance(day=DAY, minutes=60, heirs=1, is_heir=True)).reasons == ("estate_circle",)


@pytest.mark.parametrize(("accepted", "allowed"), [(date(2026, 3, 26), True), (date(2026, 3, 25), False)])
def test_gift_is_taken_back_for_a_week(accepted: date, *, allowed: bool) -> None:
    """Seven days count from the day of acceptance, that day among them."""
    assert decide_undoing(Undoing(day=DAY, accepted_on=accepted, minutes=60)).allowed is allowed
    assert answer_days(DAY) == 14


def test_district_lets_gifts_stay(district: Any) -> None:
    """Where gifts cannot be taken back, the same day is too late too."""
    district(gift_undo_days='"none"')

    assert decide_undoing(Undoing(day=DAY, accepted_on=DAY, minutes=60)).reasons == ("gift_undo_days",)


@pytest.mark.parametrize(("hardship", "allowed"), [(True, True), (None, True), (False, False)])
def test_donation_to_a_person_asks_for_hardship(*, hardship: bool | None, allowed: bool) -> None:
    """A donation to somebody who is not in hardship would be a gift by another door."""
    case = Donation(day=DAY, target="person_in_hardship", minutes=1, available_min=1, taker_in_hardship=hardship)

    assert decide_donation(case).allowed is allowed


@pytest.mark.parametrize(("wanted", "minutes"), [(None, 600), (600, 600), (60, 60), (601, 0), (0, 0)])
def test_programme_grants_up_to_what_the_pack_grants(wanted: int | None, minutes: int) -> None:
    """A programme can give less than the pack, never more."""
    case = Grant(day=date(2021, 3, 1), age=85, in_empty_nest=True, wanted_min=wanted, jurisdiction="nanjing")

    assert decide_grant(case).minutes == minutes
