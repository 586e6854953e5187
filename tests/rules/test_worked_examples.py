"""Worked examples of six places, in plain words: what each pack says to a case, and where that was read.

Where a source speaks, the example names it by its letter; where none was found, it says that the rule is assumed.
"""

from datetime import date

from timebank.rules.decision import Decision, Service, decide_earning
from timebank.rules.findings import Donation, Expiry, Gift, Grant, Redemption
from timebank.rules.issuing import confirmations_agree, decide_expiry, decide_grant, is_late_cancellation
from timebank.rules.spending import decide_donation, decide_gift, decide_redeeming

HOUR = 60


def changning(served_h: int, **facts: object) -> Decision:
    """Decide a service in Changning in 2019 by a registered, trained woman of 62 who has earned nothing yet."""
    usual: dict[str, object] = {
        "giver_age": 62,
        "giver_gender": "female",
        "giver_residence": "registered",
        "is_trained": True,
        "earned_on_day_min": 0,
        "earned_total_min": 0,
    }
    minutes = served_h * HOUR
    case = {"day": date(2019, 6, 3), "planned_min": minutes, "served_min": minutes, "evidence": "paper"} | usual | facts
    return decide_earning(Service(**case, jurisdiction="changning"))  # type: ignore[arg-type]  # facts of a case, by name


def sourced(decision: Decision, rule: str, letter: str) -> bool:
    """Tell whether a rule decided, and stands in a source of that letter."""
    article = dict(zip(decision.reasons, decision.articles, strict=True)).get(rule, "")
    return article.startswith("sourced: [") and f"[{letter}]" in article


def test_changning_credits_an_hour_as_a_coin() -> None:
    """Changning 2019 [C]: 1 hour is 1 coin."""
    assert changning(1).minutes == HOUR


def test_changning_credits_two_coins_a_day_at_most() -> None:
    """Changning 2019 [C]: at most 2 coins a day, so three hours of one day earn two coins."""
    decision = changning(3)

    assert decision.minutes == 2 * HOUR
    assert sourced(decision, "daily_cap_min", "C")


def test_changning_credits_what_is_left_of_the_day() -> None:
    """Changning 2019 [C]: who has earned one and a half coins that day earns half a coin more."""
    assert changning(1, earned_on_day_min=90).minutes == 30


def test_changning_credits_nothing_past_the_day() -> None:
    """Changning 2019 [C]: who has earned 2 coins that day earns no more, and hears that rule."""
    decision = changning(1, earned_on_day_min=120)

    assert not decision.allowed
    assert sourced(decision, "daily_cap_min", "C")


def test_changning_credits_600_coins_in_all() -> None:
    """Changning 2019 [C]: at most 600 coins a person; with 599 and a half of them, an hour earns half a coin."""
    decision = changning(1, earned_total_min=600 * HOUR - 30)

    assert (decision.minutes, decision.donate_min) == (30, 0)
    assert sourced(decision, "total_cap_min", "C")


def test_changning_men_earn_from_60_and_women_from_50() -> None:
    """Changning 2019 [C]: residents of 60 to 70, women from 50; at 70 one still earns, at 71 no more."""
    allowed = {
        (gender, age)
        for gender in ("male", "female")
        for age in (49, 50, 59, 60, 70, 71)
        if changning(1, giver_gender=gender, giver_age=age).allowed
    }

    assert allowed == {("female", 50), ("female", 59), ("female", 60), ("female", 70), ("male", 60), ("male", 70)}


def test_changning_asks_for_registration() -> None:
    """Changning 2019 [C]: registered in Changning; to live there is not enough."""
    assert sourced(changning(1, giver_residence="resident"), "residence_to_earn", "C")


def test_changning_asks_for_training() -> None:
    """Changning 2019 [C]: after application and training."""
    decision = changning(1, is_trained=False)

    assert not decision.allowed
    assert sourced(decision, "training_required", "C")


def nanjing(served_h: int, **facts: object) -> Decision:
    """Decide a service in Nanjing in 2021 by a volunteer of 45 with nothing stored."""
    minutes, usual = served_h * HOUR, {"giver_age": 45, "stored_min": 0}
    case = {"day": date(2021, 3, 1), "planned_min": minutes, "served_min": minutes, "evidence": "app"} | usual | facts
    return decide_earning(Service(**case, jurisdiction="nanjing"))  # type: ignore[arg-type]  # facts of a case, by name


def test_nanjing_group_hours_may_only_be_donated() -> None:
    """Nanjing 2019 [X]: hours of group volunteers may only be donated, so none go to the giver's own account."""
    decision = nanjing(2, is_group=True)

    assert (decision.minutes, decision.donate_min) == (0, 2 * HOUR)
    assert sourced(decision, "group_hours", "X")


def test_nanjing_stores_1500_hours_and_donates_the_rest() -> None:
    """Nanjing 2019 [X]: 1,500 hours are stored for one person; what is past them can only be donated, or is honour."""
    decision = nanjing(2, stored_min=1499 * HOUR)

    assert (decision.minutes, decision.donate_min) == (HOUR, HOUR)
    assert sourced(decision, "stored_cap_min", "X")
    assert sourced(decision, "over_stored_cap", "X")


def test_nanjing_with_full_account_donates_all() -> None:
    """Nanjing 2019 [X]: with 1,500 hours stored, a new hour is not lost: it can be donated."""
    decision = nanjing(1, stored_min=1500 * HOUR)

    assert decision.allowed
    assert (decision.minutes, decision.donate_min) == (0, HOUR)


def test_nanjing_serves_holders_from_60() -> None:
    """Nanjing 2019 [X]: anyone of 60 or over who holds time; not at 59."""
    case = {"day": date(2021, 3, 1), "minutes": HOUR, "available_min": HOUR, "jurisdiction": "nanjing"}

    assert decide_redeeming(Redemption(holder_age=60, **case)).allowed  # type: ignore[arg-type]  # by name
    assert sourced(decide_redeeming(Redemption(holder_age=59, **case)), "min_age_to_redeem", "X")  # type: ignore[arg-type]  # by name


def nanjing_grant(age: int, *, in_hardship: bool, in_empty_nest: bool = True, used_min: int = 0) -> Decision:
    """Decide an initial grant of Nanjing's fund."""
    case = Grant(
        day=date(2021, 3, 1),
        age=age,
        in_hardship=in_hardship,
        in_empty_nest=in_empty_nest,
        budget_used_min=used_min,
        jurisdiction="nanjing",
    )
    return decide_grant(case)


def test_nanjing_issues_time_to_key_empty_nest_seniors() -> None:
    """Nanjing 2019 [X]: to those of 80 or over, or of 60 to 79 with low income and a disability, in an empty nest."""
    assert nanjing_grant(80, in_hardship=False).allowed
    assert nanjing_grant(60, in_hardship=True).allowed
    assert sourced(nanjing_grant(79, in_hardship=False), "grant_min_age", "X")
    assert sourced(nanjing_grant(85, in_hardship=False, in_empty_nest=False), "grant_empty_nest_only", "X")


def test_nanjing_grant_ends_with_the_budget() -> None:
    """Nanjing 2019: how much the fund gives was not found; the assumed ten hours are not given out of five."""
    decision = nanjing_grant(80, in_hardship=False, used_min=600_000 - 300)

    assert decision.reasons == ("grant_budget_min",)
    assert decision.articles[0].startswith("assumed: ")


BEIJING = date(2023, 5, 8)


def beijing(**facts: object) -> Decision:
    """Decide an hour of service in Beijing in 2023 by a trained resident."""
    usual: dict[str, object] = {"giver_age": 30, "giver_residence": "resident", "is_trained": True}
    case = {"day": BEIJING, "planned_min": HOUR, "served_min": HOUR, "evidence": "app"} | usual | facts
    return decide_earning(Service(**case, jurisdiction="beijing"))  # type: ignore[arg-type]  # facts of a case, by name


def test_beijing_residents_earn_from_18_after_training() -> None:
    """Beijing 2022 [Y][Z]: permanent residents of 18 or over, after training."""
    assert beijing(giver_age=18).minutes == HOUR
    assert sourced(beijing(is_trained=False), "training_required", "Y")
    assert sourced(beijing(giver_residence="none"), "residence_to_earn", "Y")


def test_beijing_students_earn_led_by_a_guardian() -> None:
    """Beijing 2022 [Y][Z]: students under 18 led by a guardian; alone they do not."""
    assert beijing(giver_age=16, has_guardian=True).minutes == HOUR
    assert sourced(beijing(giver_age=16, has_guardian=False), "min_age_to_earn", "Y")


def test_beijing_redeems_for_own_use_from_60() -> None:
    """Beijing 2022 [Y][Z]: for own use from 60; at 59 the coins wait."""
    case = {"day": BEIJING, "minutes": HOUR, "available_min": 2 * HOUR, "jurisdiction": "beijing"}

    assert decide_redeeming(Redemption(holder_age=60, **case)).minutes == HOUR  # type: ignore[arg-type]  # by name
    assert sourced(decide_redeeming(Redemption(holder_age=59, **case)), "min_age_to_redeem", "Y")  # type: ignore[arg-type]  # by name


def gift(day: date, relation: str, jurisdiction: str, taker_age: int | None = None) -> Decision:
    """Decide a gift of a coin out of two."""
    case = Gift(
        day=day,
        relation=relation,
        minutes=HOUR,
        available_min=2 * HOUR,
        taker_age=taker_age,
        jurisdiction=jurisdiction,
    )
    return decide_gift(case)


def test_beijing_gifts_go_to_parents_and_grandparents() -> None:
    """Beijing 2022 [Y][Z]: to direct relatives (parents, grandparents), not to a friend."""
    assert gift(BEIJING, "parent", "beijing").allowed
    assert gift(BEIJING, "grandparent", "beijing").allowed
    assert sourced(gift(BEIJING, "friend", "beijing"), "gift_circle", "Y")


NOTICE_DAY, MEASURES_DAY = date(2025, 12, 31), date(2026, 1, 1)


def shanghai(day: date, age: int, *, in_hardship: bool = False, earned_min: int = HOUR) -> Decision:
    """Decide the redeeming of a coin by someone who lives in Shanghai."""
    return decide_redeeming(
        Redemption(
            day=day,
            holder_age=age,
            minutes=HOUR,
            available_min=HOUR,
            holder_in_hardship=in_hardship,
            residence="resident",
            earned_total_min=earned_min,
        )
    )


def test_shanghai_notice_serves_from_70_who_stored_themselves() -> None:
    """Shanghai's notice [N]: those of 70 or over who themselves stored coins."""
    assert shanghai(NOTICE_DAY, 70).allowed
    assert sourced(shanghai(NOTICE_DAY, 69), "min_age_to_redeem", "N")
    assert sourced(shanghai(NOTICE_DAY, 70, earned_min=0), "must_have_earned", "N")


def test_shanghai_notice_serves_lonely_hardship_from_60() -> None:
    """Shanghai's notice [N]: lonely seniors in special hardship from 60."""
    assert shanghai(NOTICE_DAY, 60, in_hardship=True).allowed
    assert not shanghai(NOTICE_DAY, 59, in_hardship=True).allowed


def test_shanghai_gifts_before_2026_go_to_qualifying_direct_relatives() -> None:
    """Shanghai 2023 [D][S]: to direct relatives who match the criteria of those served."""
    assert gift(NOTICE_DAY, "parent", "shanghai", taker_age=72).allowed
    assert sourced(gift(NOTICE_DAY, "friend", "shanghai", taker_age=72), "gift_circle", "D")
    assert sourced(gift(NOTICE_DAY, "parent", "shanghai", taker_age=55), "gift_taker_must_qualify", "S")


def test_shanghai_2026_lets_healthy_adults_earn() -> None:
    """Shanghai 2026 [B][C]: any healthy adult of 18 or over."""
    visit = Service(day=MEASURES_DAY, giver_age=18, planned_min=HOUR, served_min=HOUR, evidence="qr")

    assert decide_earning(visit).minutes == HOUR


def test_shanghai_2026_lets_minors_come_in_groups_only() -> None:
    """Shanghai 2026 [B][C]: under 18 only as group activity; that their hours are for donation is assumed."""
    alone = Service(day=MEASURES_DAY, giver_age=17, planned_min=HOUR, served_min=HOUR, evidence="qr")
    in_group = Service(day=MEASURES_DAY, giver_age=17, planned_min=HOUR, served_min=HOUR, evidence="qr", is_group=True)

    assert sourced(decide_earning(alone), "min_age_to_earn", "C")
    assert decide_earning(in_group).donate_min == HOUR


def test_shanghai_2026_redeems_from_65_and_in_hardship_from_60() -> None:
    """Shanghai 2026 [A][C]: lives in Shanghai, 65 or over, holds coins; some with special hardship from 60."""
    assert shanghai(MEASURES_DAY, 65).allowed
    assert sourced(shanghai(MEASURES_DAY, 64), "min_age_to_redeem", "C")
    assert shanghai(MEASURES_DAY, 60, in_hardship=True).allowed


def test_shanghai_2026_gifts_go_to_relatives_and_friends() -> None:
    """Shanghai 2026 [B][C]: to relatives and friends, of any age; not to strangers."""
    assert gift(MEASURES_DAY, "friend", "shanghai").allowed
    assert sourced(gift(MEASURES_DAY, "stranger", "shanghai"), "gift_circle", "B")


def test_shanghai_2026_donates_to_platform_hardship_and_institutions() -> None:
    """Shanghai 2026 [B][C]: to the platform, to seniors in special hardship, to non-profit institutions."""
    decided = {
        target: decide_donation(Donation(day=MEASURES_DAY, target=target, minutes=HOUR, available_min=HOUR)).allowed
        for target in ("pool", "person_in_hardship", "institution", "project")
    }

    assert decided == {"pool": True, "person_in_hardship": True, "institution": True, "project": False}


def test_the_day_of_redemption_decides_and_not_that_of_service() -> None:
    """An hour given under the notice is redeemed under the measures: at 65 not on 2025-12-31, but the day after."""
    assert shanghai(NOTICE_DAY, 65).pack == "shanghai-notice"
    assert not shanghai(NOTICE_DAY, 65).allowed
    assert shanghai(MEASURES_DAY, 65).pack == "shanghai-2026"
    assert shanghai(MEASURES_DAY, 65).allowed


def test_the_day_of_service_decides_what_is_earned() -> None:
    """A minor's group visit of 2025-12-31 stays under the notice, which knows no minors, though entered in 2026."""
    facts = {"giver_age": 17, "planned_min": HOUR, "served_min": HOUR, "evidence": "app", "is_group": True}

    assert not decide_earning(Service(day=NOTICE_DAY, **facts)).allowed  # type: ignore[arg-type]  # by name
    assert decide_earning(Service(day=MEASURES_DAY, **facts)).allowed  # type: ignore[arg-type]  # by name


def test_coins_of_shanghai_do_not_expire() -> None:
    """Shanghai 2026: no source speaks of expiry, so that none is assumed and no coin is taken."""
    case = Expiry(day=MEASURES_DAY, credits_until_min=600, debits_min=0, available_min=600)

    decision = decide_expiry(case)

    assert (decision.allowed, decision.minutes) == (False, 0)
    assert decision.articles[0].startswith("assumed: not found in any source read")


def test_neutral_rules_are_all_assumed() -> None:
    """A place whose rules are not known: adults earn a minute for a minute, and nothing of it is called law."""
    visit = Service(
        day=MEASURES_DAY, giver_age=18, planned_min=50, served_min=50, evidence="app", jurisdiction="haikou"
    )

    decision = decide_earning(visit)

    assert (decision.pack, decision.minutes) == ("default-1", 50)
    assert decision.articles == ("assumed: whole minutes lose nothing",)


def test_a_day_of_notice_and_a_quarter_hour_of_doubt_are_assumed() -> None:
    """No source says what is late, or how far two confirmations may differ: a day, and 15 minutes, both to be set."""
    assert is_late_cancellation(MEASURES_DAY, 1439)
    assert not is_late_cancellation(MEASURES_DAY, 1440)
    assert confirmations_agree(MEASURES_DAY, 45, 60)
    assert not confirmations_agree(MEASURES_DAY, 60, 44)
