"""Initial grants and expiry: coins that the bank itself gives or takes back; and what visits ask of a pack."""

from datetime import date, timedelta

from timebank.rules.decision import Decision, decide
from timebank.rules.findings import Expiry, Finding, Grant, Outcome, age_bars, found, refused, unknown
from timebank.rules.pack import Pack, pack_in_force


def decide_grant(grant: Grant) -> Decision:
    """Decide whether a person is given their initial coins, once, out of the budget that is left."""
    pack = pack_in_force(grant.day, grant.jurisdiction)
    amount = pack.value("grant_min") if grant.wanted_min is None else grant.wanted_min
    bars = grant_bars(pack, grant)
    return decide(
        "grant", pack, grant, refused(bars) if bars else Outcome(amount, [found("grant_min", "granted", amount=amount)])
    )


def grant_bars(pack: Pack, grant: Grant) -> list[Finding]:
    """Find every rule that keeps this person from a grant."""
    most, budget = pack.value("grant_min"), pack.value("grant_budget_min")
    if most is None:
        return [found("grant_min", "no_grants")]
    amount = most if grant.wanted_min is None else grant.wanted_min
    bars = [] if 0 < amount <= most else [found("grant_min", "over_grant", most=most, amount=amount)]
    bars += age_bars(pack, "grant_min_age", grant.age, in_hardship=grant.in_hardship, fact="in_hardship")
    if pack.value("grant_empty_nest_only") and not grant.in_empty_nest:
        rule = "grant_empty_nest_only"
        bars.append(unknown(rule, "in_empty_nest") if grant.in_empty_nest is None else found(rule, "no_empty_nest"))
    if grant.granted_before_min:
        bars.append(found("grant_min", "granted_before", before=grant.granted_before_min))
    left = max(budget - grant.budget_used_min, 0)
    if left < amount:
        bars.append(found("grant_budget_min", "budget_spent", left=left, amount=amount))
    return bars


def expiry_cutoff(day: date, jurisdiction: str = "") -> date | None:
    """Return the day until which (not including it) coins must have come in to expire on ``day``, or nothing."""
    return cutoff_by(pack_in_force(day, jurisdiction), day)


def cutoff_by(pack: Pack, day: date) -> date | None:
    """Return the cutoff as :func:`expiry_cutoff` does, by a pack that is given."""
    days = pack.value("expiry_days")
    return None if days is None else day - timedelta(days=days)


def decide_expiry(expiry: Expiry) -> Decision:
    """Decide how many coins expire on a day, by the pack in force on it.

    First in, first out: what came in until the cutoff less all that ever went out, never below nothing and never more
    than is available, so that what is held for a service does not expire under it.
    """
    return expiry_by(pack_in_force(expiry.day, expiry.jurisdiction), expiry)


def expiry_by(pack: Pack, expiry: Expiry) -> Decision:
    """Decide as :func:`decide_expiry` does, by a pack that is given."""
    days = pack.value("expiry_days")
    if days is None:
        return decide("expire", pack, expiry, refused([found("expiry_days", "never_expires")]))
    minutes = min(max(expiry.credits_until_min - expiry.debits_min, 0), expiry.available_min)
    return decide("expire", pack, expiry, Outcome(minutes, [found("expiry_days", "expires_after", days=days)]))


def is_late_cancellation(day: date, notice_min: int, jurisdiction: str = "") -> bool:
    """Tell whether a visit of a day that is called off so long before it begins is called off late."""
    least: int = pack_in_force(day, jurisdiction).value("late_cancellation_min")
    return notice_min < least


def confirmations_agree(day: date, first_min: int, second_min: int, jurisdiction: str = "") -> bool:
    """Tell whether two confirmations of one visit are near enough to count as one."""
    most: int = pack_in_force(day, jurisdiction).value("confirmation_tolerance_min")
    return abs(first_min - second_min) <= most
