"""What a service earns by a pack: who may earn, what counts, and how much of it fits under the caps."""

from fractions import Fraction

from timebank.rules.findings import Finding, Outcome, Service, found, refused, residence_bars, unknown
from timebank.rules.parsing import Pack

ADULT_AGE = 18
CAPS = (("daily_cap_min", "earned_on_day_min"), ("total_cap_min", "earned_total_min"))
"""Caps past which nothing is earned, each with what of the case counts towards it."""


def facts_asked(pack: Pack) -> frozenset[str]:
    """Return which facts of giver and account some rule of a pack asks for; the others need not be told to it."""
    asks = {
        "giver_gender": pack.value("min_age_to_earn_women") is not None,
        "giver_residence": pack.value("residence_to_earn") != "none",
        "is_trained": pack.value("training_required"),
        "has_guardian": pack.value("minors_earn") == "with_guardian",
        "stored_min": pack.value("stored_cap_min") is not None,
    } | {fact: pack.value(cap) is not None for cap, fact in CAPS}
    return frozenset(fact for fact, is_asked in asks.items() if is_asked)


def earned(pack: Pack, service: Service) -> Outcome:
    """Return what a service earns: minutes for the giver's account, and minutes that can only be donated."""
    bars = earn_bars(pack, service)
    if bars:
        return refused(bars)
    minutes, findings = _worth(pack, service)
    if service.is_group and pack.value("group_hours") == "donate_only":
        return Outcome(0, [*findings, found("group_hours", "donate_only")], donate_min=minutes)
    for rule, fact in CAPS:
        minutes, finding = _under(pack, rule, minutes, getattr(service, fact), fact)
        if finding is not None:
            findings.append(finding)
            if finding.says == "unknown_fact":
                return refused([finding])
    return _stored(pack, service, minutes, findings)


def earn_bars(pack: Pack, service: Service) -> list[Finding]:
    """Find every rule that keeps this giver from earning, whatever the minutes."""
    bars = _young(pack, service)
    oldest = pack.value("max_age_to_earn")
    if oldest is not None and service.giver_age > oldest:
        bars.append(found("max_age_to_earn", "too_old", most=oldest, age=service.giver_age))
    bars += residence_bars(pack, "residence_to_earn", service.giver_residence, "giver_residence")
    if pack.value("training_required") and not service.is_trained:
        is_unknown = service.is_trained is None
        bars.append(
            unknown("training_required", "is_trained") if is_unknown else found("training_required", "untrained")
        )
    if service.evidence not in pack.value("earning_evidence"):
        bars.append(found("earning_evidence", "no_evidence", grades=", ".join(pack.value("earning_evidence"))))
    if service.is_group and pack.value("group_hours") == "none":
        bars.append(found("group_hours", "no_group"))
    return bars


def _young(pack: Pack, service: Service) -> list[Finding]:
    rule, least = "min_age_to_earn", pack.value("min_age_to_earn")
    women = pack.value("min_age_to_earn_women")
    if women is not None and women <= service.giver_age < least:
        if service.giver_gender is None:
            return [unknown("min_age_to_earn_women", "giver_gender")]
        if service.giver_gender == "female":
            return []
    if service.giver_age >= least:
        return []
    way = pack.value("minors_earn")
    is_led = service.is_group if way == "in_group" else service.has_guardian
    if service.giver_age < ADULT_AGE and way != "no":
        return [] if is_led else [found(rule, f"too_young_{way}", least=least, age=service.giver_age)]
    return [found(rule, "too_young", least=least, age=service.giver_age)]


def counted(pack: Pack, service: Service) -> tuple[int, list[Finding]]:
    """Return the minutes of a service that count as time, whatever they earn, and the rules that say so."""
    minutes, findings = _in_units(pack, service)
    share, said = _share(pack, service)
    return minutes * share.numerator // share.denominator, findings + said


def _worth(pack: Pack, service: Service) -> tuple[int, list[Finding]]:
    """Return the minutes that a service is worth before any cap, and the rules that made them."""
    minutes, findings = _in_units(pack, service)
    ratio = pack.value("earn_ratio").get(service.service)
    if ratio is not None:
        findings.append(found("earn_ratio", "at_ratio", ratio=f"{ratio.numerator}/{ratio.denominator}"))
    else:
        ratio = Fraction(service.earn_numerator, service.earn_denominator)
    share, said = _share(pack, service)
    worth = ratio * share
    return minutes * worth.numerator // worth.denominator, findings + said


def _in_units(pack: Pack, service: Service) -> tuple[int, list[Finding]]:
    """Return what was served, at most the plan and the tolerance, in whole units of the pack."""
    tolerance, unit = pack.value("tolerance_min"), pack.value("rounding_min")
    minutes = min(service.served_min, service.planned_min + tolerance)
    findings = [found("rounding_min", "counted_in_units", unit=unit)]
    if minutes < service.served_min:
        findings.append(found("tolerance_min", "longer_than_planned", tolerance=tolerance, counted=minutes))
    return minutes // unit * unit, findings


def _share(pack: Pack, service: Service) -> tuple[Fraction, list[Finding]]:
    """Return the part that counts by the grade of evidence; a grade that no pack knows counts for nothing."""
    share: Fraction = pack.value("evidence_share").get(service.evidence, Fraction(0))
    said = f"{share.numerator}/{share.denominator}"
    return share, [] if share == 1 else [found("evidence_share", "at_share", share=said)]


def _under(pack: Pack, rule: str, minutes: int, before: int | None, fact: str) -> tuple[int, Finding | None]:
    """Return what fits under a cap, and the finding where it is not all, or not known."""
    cap = pack.value(rule)
    if cap is None:
        return minutes, None
    if before is None:
        return 0, unknown(rule, fact)
    fits = min(minutes, max(cap - before, 0))
    return fits, found(rule, "over_cap", cap=cap, before=before) if fits < minutes else None


def _stored(pack: Pack, service: Service, minutes: int, findings: list[Finding]) -> Outcome:
    fits, finding = _under(pack, "stored_cap_min", minutes, service.stored_min, "stored_min")
    if finding is None:
        return Outcome(fits, findings)
    if finding.says == "unknown_fact":
        return refused([finding])
    findings = [*findings, finding]
    if pack.value("over_stored_cap") == "donate_only":
        return Outcome(fits, [*findings, found("over_stored_cap", "rest_donated")], donate_min=minutes - fits)
    return Outcome(fits, findings)
