"""Redeeming, gifts and donations, by the pack in force on the day they happen."""

from datetime import date, timedelta
from fractions import Fraction

from timebank.rules.decision import Decision, decide
from timebank.rules.findings import (
    BALANCE,
    Donation,
    Finding,
    Gift,
    Outcome,
    Redemption,
    age_bars,
    found,
    refused,
    residence_bars,
    unknown,
)
from timebank.rules.known import CIRCLES
from timebank.rules.pack import Pack, pack_in_force


def decide_redeeming(redemption: Redemption) -> Decision:
    """Decide whether coins can be redeemed, and what it costs, by the pack in force on the day of redemption.

    The price is the minutes of service times the redeeming ratio, rounded up to whole minutes.
    """
    return redeeming_by(pack_in_force(redemption.day, redemption.jurisdiction), redemption)


def redeeming_by(pack: Pack, redemption: Redemption) -> Decision:
    """Decide as :func:`decide_redeeming` does, by a pack that is given."""
    ratio = pack.value("redeem_ratio").get(
        redemption.service, Fraction(redemption.redeem_numerator, redemption.redeem_denominator)
    )
    price = -(-redemption.minutes * ratio.numerator // ratio.denominator)
    priced = found("redeem_ratio", "at_price", price=price, ratio=f"{ratio.numerator}/{ratio.denominator}")
    bars = redeem_bars(pack, redemption) + _day_bars(pack, redemption, price)
    bars += [] if redemption.from_group else short(price, redemption.available_min)
    return decide("redeem", pack, redemption, refused(bars) if bars else Outcome(price, [priced]))


def redeem_bars(pack: Pack, redemption: Redemption) -> list[Finding]:
    """Find every rule that keeps this holder from redeeming, whatever the price."""
    if redemption.from_group:
        return [found("group_hours", "group_account")]
    age, hardship = redemption.holder_age, redemption.holder_in_hardship
    bars = family_bars(pack, redemption) if redemption.from_family else []
    bars += age_bars(pack, "min_age_to_redeem", age, in_hardship=hardship, fact="holder_in_hardship")
    if redemption.taker_age is None:
        served = age_bars(pack, "min_age_to_be_served", age, in_hardship=hardship, fact="holder_in_hardship")
    else:
        served = _qualifies(pack, redemption.taker_age, in_hardship=redemption.taker_in_hardship)
    bars += served
    bars += residence_bars(pack, "residence_to_redeem", redemption.residence, "residence")
    if pack.value("must_have_earned") and not redemption.earned_total_min:
        is_unknown = redemption.earned_total_min is None
        bars.append(
            unknown("must_have_earned", "earned_total_min") if is_unknown else found("must_have_earned", "never_earned")
        )
    return bars + _threshold(pack, redemption)


def family_bars(pack: Pack, redemption: Redemption) -> list[Finding]:
    """Find every rule that keeps the one who asks from spending what the family has."""
    bars = [found("family_circle", "no_families")] if pack.value("family_circle") == "none" else []
    if pack.value("family_spenders") == "head" and not redemption.is_head:
        is_unknown = redemption.is_head is None
        bars.append(unknown("family_spenders", "is_head") if is_unknown else found("family_spenders", "head_alone"))
    return bars


def _day_bars(pack: Pack, redemption: Redemption, price: int) -> list[Finding]:
    """Find whether one member would spend more of the family's coins in a day than the pack lets them."""
    most = pack.value("family_daily_min")
    if not redemption.from_family or most is None:
        return []
    if redemption.spent_today_min is None:
        return [unknown("family_daily_min", "spent_today_min")]
    spent = redemption.spent_today_min
    return [found("family_daily_min", "over_day", most=most, spent=spent)] if spent + price > most else []


def _threshold(pack: Pack, redemption: Redemption) -> list[Finding]:
    """Find whether too little was served and too little time has passed; where a pack has both, either is enough."""
    minutes, days = pack.value("redeem_after_served_min"), pack.value("redeem_after_days")
    served, began = redemption.served_total_min, redemption.first_served_on
    bars = []
    if minutes is not None and (served is None or served < minutes):
        rule = "redeem_after_served_min"
        is_unknown = served is None
        bars.append(
            unknown(rule, "served_total_min")
            if is_unknown
            else found(rule, "too_few_served", least=minutes, served=served or 0)
        )
    if days is not None and (began is None or redemption.day < began + timedelta(days=days)):
        rule = "redeem_after_days"
        opens = (began + timedelta(days=days)).isoformat() if began else ""
        bars.append(found(rule, "too_soon", days=days, opens=opens) if began else unknown(rule, "first_served_on"))
    asked = (minutes is not None) + (days is not None)
    return bars if len(bars) == asked else []


def _qualifies(pack: Pack, age: int, *, in_hardship: bool | None) -> list[Finding]:
    return age_bars(pack, "min_age_to_be_served", age, in_hardship=in_hardship, fact="taker_in_hardship")


def short(wanted: int, available: int) -> list[Finding]:
    """Find that an account has too little, or that nothing is asked of it."""
    if wanted == 0:
        return [found(BALANCE, "nothing_asked")]
    return [found(BALANCE, "too_little", wanted=wanted, available=available)] if wanted > available else []


def decide_gift(gift: Gift) -> Decision:
    """Decide whether coins can be given to a person, by the pack in force on the day of the gift."""
    return gift_by(pack_in_force(gift.day, gift.jurisdiction), gift)


def gift_by(pack: Pack, gift: Gift) -> Decision:
    """Decide as :func:`decide_gift` does, by a pack that is given."""
    circle = pack.value("gift_circle")
    in_circle = found("gift_circle", f"circle_{circle}")
    bars = [] if gift.relation in CIRCLES[circle] else [in_circle]
    if pack.value("gift_taker_must_qualify"):
        rule = "gift_taker_must_qualify"
        if gift.taker_age is None:
            bars.append(unknown(rule, "taker_age"))
        elif unfit := _qualifies(pack, gift.taker_age, in_hardship=gift.taker_in_hardship):
            bars += [found(rule, "taker_unfit"), *unfit]
    bars += short(gift.minutes, gift.available_min)
    return decide("gift", pack, gift, refused(bars) if bars else Outcome(gift.minutes, [in_circle]))


def answer_days(day: date, place: str = "") -> int:
    """Return how many days the taker of a gift of a day has to answer."""
    days: int = pack_in_force(day, place).value("gift_answer_days")
    return days


def decide_donation(donation: Donation) -> Decision:
    """Decide whether coins can be donated, by the pack in force on the day of the donation."""
    return donation_by(pack_in_force(donation.day, donation.jurisdiction), donation)


def donation_by(pack: Pack, donation: Donation) -> Decision:
    """Decide as :func:`decide_donation` does, by a pack that is given."""
    targets = pack.value("donation_targets")
    is_open = donation.target in targets
    bars = [] if is_open else [found("donation_targets", "no_target", targets=", ".join(targets) or "-")]
    if donation.target == "person_in_hardship" and donation.taker_in_hardship is False:
        bars.append(found("donation_targets", "not_in_hardship"))
    bars += short(donation.minutes, donation.available_min)
    open_to = [found("donation_targets", "open_target")]
    return decide("donate", pack, donation, refused(bars) if bars else Outcome(donation.minutes, open_to))
