"""Is a certificate good? Decided offline from the text of its QR code and what the district publishes.

The order of what is said: *altered* when the text is not what was signed, *unknown* when it was signed by nobody we
know, *revoked* when it was good once, *valid* otherwise.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from timebank.core.clock import day_of
from timebank.honours.keys import PublicKey
from timebank.honours.revocations import RevocationList, Revoked
from timebank.honours.statement import Statement, Unreadable, is_name_of, is_signed_by, read


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found: the verdict, why (a key of the catalogue), and what the statement says when it is ours.

    ``list_days`` is the age of the revocation list; empty when none was given, then ``valid`` says nothing of
    revocation. ``name_fits`` is empty when no name was asked for.
    """

    verdict: str
    why: str
    statement: Statement | None = None
    revoked: Revoked | None = None
    list_days: int | None = None
    name_fits: bool | None = None


def check_text(text: str, keys: Iterable[PublicKey]) -> Finding:
    """Check what a text says by its signature alone: ``valid`` when a published key signed it on a day of its own."""
    try:
        signed = read(text)
    except Unreadable as fault:
        return Finding(verdict="altered", why=fault.why)
    statement = signed.statement
    key = next((key for key in keys if key.key_id == statement.key_id), None)
    if key is None:
        return Finding(verdict="unknown", why="why_key_unknown")
    if not is_signed_by(signed, key.public_key):
        return Finding(verdict="altered", why="why_signature")
    if not key.signed_on(statement.issued_on):
        return Finding(verdict="altered", why="why_key_dates")
    return Finding(verdict="valid", why="why_signed", statement=statement)


def check_offline(
    text: str, keys: Iterable[PublicKey], revoked: RevocationList | None = None, *, now: datetime
) -> Finding:
    """Check a text by its signature and, when it is given, by a revocation list, whose age is told."""
    finding = check_text(text, keys)
    if finding.statement is None or revoked is None:
        return finding
    age = max(0, (day_of(now) - day_of(revoked.made_at)).days)
    entry = revoked.by_number.get(finding.statement.number)
    if entry is not None:
        return replace(finding, verdict="revoked", why="why_revoked", revoked=entry, list_days=age)
    is_older = day_of(revoked.made_at) < finding.statement.issued_on
    return replace(finding, why="why_list_older" if is_older else "why_signed", list_days=age)


def check_name(finding: Finding, name: str, check_code: str) -> Finding:
    """Add whether a name is the one that was certified; it says nothing for a statement that is not ours."""
    if finding.statement is None:
        return finding
    return replace(finding, name_fits=is_name_of(finding.statement, name, check_code))
