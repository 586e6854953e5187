"""What was found about a certificate, told in words for whoever checks it."""

from datetime import timedelta

from timebank.core.texts import Locale, say
from timebank.honours.paper import hours_said
from timebank.honours.verification import Finding


def verdict_lines(finding: Finding, locale: Locale) -> list[str]:
    """Return the verdict, why, and what else is to be known, a line each."""
    lines = [f"{say(f'verdict_{finding.verdict}', locale)}{say('told_colon', locale)}{say(finding.why, locale)}"]
    if finding.revoked is not None:
        reason = say(f"revoked_for_{finding.revoked.reason}", locale)
        lines.append(say("told_revoked", locale, day=finding.revoked.day.isoformat(), reason=reason))
    if finding.list_days is not None:
        lines.append(say("told_list_age", locale, days=finding.list_days))
    elif finding.why == "why_signed":
        lines.append(say("told_no_list", locale))
    if finding.name_fits is not None:
        lines.append(say("told_name_fits" if finding.name_fits else "told_name_differs", locale))
    return lines


def facts(finding: Finding, locale: Locale) -> list[tuple[str, str]]:
    """Return what the statement says, as label and value; empty when it is not ours."""
    said = finding.statement
    if said is None:
        return []
    hours = hours_said(said.service_min)[0 if locale == "zh" else 1]
    last_day = said.to_day - timedelta(days=1)
    return [
        (say("paper_number", locale), said.number),
        (say("told_issuer", locale), said.issuer),
        (say("paper_service_time", locale), hours),
        (say("paper_period", locale), f"{said.from_day.isoformat()} – {last_day.isoformat()}"),
        (say("paper_issued_on", locale), said.issued_on.isoformat()),
        (say("told_key", locale), said.key_id),
    ]
