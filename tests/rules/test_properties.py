"""What holds of every decision, whatever the case: nothing comes of nothing, and nobody falls below zero."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.texts import with_rule
from timebank.rules.decision import Service, earning_by
from timebank.rules.findings import Expiry, Redemption
from timebank.rules.issuing import expiry_by
from timebank.rules.known import GRADES
from timebank.rules.pack import load_packs, parse_pack
from timebank.rules.spending import redeeming_by

SHARES = "{ " + ", ".join(f'{grade} = "{n}/6"' for n, grade in enumerate(GRADES, 1)) + " }"
STRICT = parse_pack(
    with_rule(
        "evidence_share",
        SHARES,
        text=with_rule(
            "rounding_min", "15", text=with_rule("stored_cap_min", "600", text=with_rule("daily_cap_min", "90"))
        ),
    ),
    file="strict.toml",
)
"""A pack with every limit at once: quarter hours, caps of a day and of the store, unlike shares of evidence."""
RELAXED = parse_pack(with_rule("expiry_days", "365"), file="expiring.toml")
PACKS = st.sampled_from([*load_packs(), STRICT])
MINUTES = st.integers(0, 100_000)
FEW = settings(max_examples=150, deadline=None)


@st.composite
def services(draw: st.DrawFn) -> Service:
    """Draw a service of anyone, with all the facts that a pack can ask for."""
    facts: dict[str, Any] = {
        "giver_age": st.integers(0, 110),
        "planned_min": st.integers(0, 600),
        "served_min": st.integers(0, 900),
        "evidence": st.sampled_from(GRADES),
        "earn_numerator": st.integers(0, 5),
        "earn_denominator": st.integers(1, 5),
        "giver_gender": st.sampled_from(["female", "male", "unknown"]),
        "giver_residence": st.sampled_from(["resident", "registered"]),
        "is_trained": st.just(value=True),
        "is_group": st.booleans(),
        "has_guardian": st.booleans(),
        "earned_on_day_min": st.integers(0, 200),
        "earned_total_min": MINUTES,
        "stored_min": MINUTES,
    }
    return Service(day=date(2026, 3, 2), **{name: draw(drawn) for name, drawn in facts.items()})


@FEW
@given(pack=PACKS, service=services())
def test_nobody_earns_below_nothing_or_more_than_served(pack: Any, service: Service) -> None:
    """What goes to the account and to donation together is never more than was served at the ratio of the service."""
    decision = earning_by(pack, service)

    assert decision.minutes >= 0
    assert decision.donate_min >= 0
    ratio = Fraction(service.earn_numerator, service.earn_denominator)
    assert decision.minutes + decision.donate_min <= service.served_min * ratio
    assert decision.allowed == (decision.minutes + decision.donate_min > 0)


@FEW
@given(pack=PACKS, service=services(), more=st.integers(0, 300))
def test_longer_service_never_earns_less(pack: Any, service: Service, more: int) -> None:
    """Nobody gains by leaving early."""
    longer = replace(service, served_min=service.served_min + more)

    assert earning_by(pack, service).minutes <= earning_by(pack, longer).minutes


@FEW
@given(service=services())
def test_no_credit_passes_a_cap(service: Service) -> None:
    """What was there and what is added stay under the caps of the day and of the store, if they were under them."""
    decision = earning_by(STRICT, service)

    assert decision.minutes <= max(90 - (service.earned_on_day_min or 0), 0)
    assert decision.minutes <= max(600 - (service.stored_min or 0), 0)


@FEW
@given(pack=PACKS, service=services())
def test_every_reason_has_its_article(pack: Any, service: Service) -> None:
    """No decision is without a reason, and no reason without where it stands."""
    decision = earning_by(pack, service)

    assert decision.reasons
    assert list(decision.articles) == [pack.article(rule) for rule in decision.reasons]


@FEW
@given(
    pack=PACKS,
    minutes=st.integers(0, 1000),
    available=st.integers(0, 1000),
    numerator=st.integers(0, 5),
    denominator=st.integers(1, 5),
)
def test_nobody_redeems_more_than_they_have(
    pack: Any, minutes: int, available: int, numerator: int, denominator: int
) -> None:
    """The price is that of the ratio, never rounded in the holder's favour, and never more than is there."""
    case = Redemption(
        day=date(2026, 3, 2),
        holder_age=80,
        minutes=minutes,
        available_min=available,
        residence="resident",
        earned_total_min=1,
        redeem_numerator=numerator,
        redeem_denominator=denominator,
    )

    decision = redeeming_by(pack, case)

    exact = minutes * Fraction(numerator, denominator)
    assert decision.allowed == (0 < exact <= available)
    assert decision.minutes in {0, -(-exact.numerator // exact.denominator)}


@FEW
@given(
    lots=st.lists(st.tuples(st.integers(0, 800), st.integers(1, 300)), max_size=12),
    spent=st.integers(0, 3000),
    held=st.integers(0, 300),
)
def test_coins_expire_first_in_first_out(lots: list[tuple[int, int]], spent: int, held: int) -> None:
    """The closed form is the plain way: the oldest lots are spent first; the old rest expires, but for what is held."""
    total = sum(amount for _, amount in lots)
    spent, old = min(spent, total), sum(amount for age, amount in lots if age > 365)
    held = min(held, total - spent)
    case = Expiry(day=date(2027, 3, 2), credits_until_min=old, debits_min=spent, available_min=total - spent - held)

    expired = expiry_by(RELAXED, case).minutes

    assert expired == min(_old_rest(lots, spent), total - spent - held)


def _old_rest(lots: list[tuple[int, int]], spent: int) -> int:
    """Spend lot by lot, oldest first; return what is left of those older than a year."""
    rest = 0
    for age, amount in sorted(lots, reverse=True):
        used = min(spent, amount)
        spent -= used
        rest += amount - used if age > 365 else 0
    return rest
