"""What was found about a certificate, told in words for whoever checks it."""

from datetime import timedelta
from typing import NamedTuple

from timebank.core.texts import Locale, say
from timebank.honours.paper import hours_said
from timebank.honours.verification import Finding


class Fact(NamedTuple):
    """A label and a value in both languages; the English value is empty where it is the same."""

    label_zh: str
    label_en: str
    zh: str
    en: str


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


def facts(finding: Finding) -> list[Fact]:
    """Return what the statement says, in both languages; nothing when it is not ours."""
    said = finding.statement
    if said is None:
        return []
    period = f"{said.from_day.isoformat()} – {(said.to_day - timedelta(days=1)).isoformat()}"
    return [
        _fact("paper_number", said.number),
        _fact("told_issuer", said.issuer),
        _fact("paper_service_time", *hours_said(said.service_min)),
        _fact("paper_period", period),
        _fact("paper_issued_on", said.issued_on.isoformat()),
        _fact("told_key", said.key_id),
    ]


def _fact(key: str, zh: str, en: str = "") -> Fact:
    return Fact(say(key, "zh"), say(key, "en"), zh, en)
