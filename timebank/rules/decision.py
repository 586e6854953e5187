"""Decisions: allowed or not, how many minutes, which rules said so, and from what they were made."""

import hashlib
import json
from dataclasses import dataclass, fields
from datetime import date
from functools import lru_cache
from typing import Any

from timebank.rules.earning import earned
from timebank.rules.findings import Finding, Outcome, Service, age_on
from timebank.rules.pack import Pack, pack_in_force

__all__ = ["Decision", "Finding", "Service", "age_on", "decide", "decide_earning", "earning_by"]
LEDGER = "ledger: no account is spent below its floor"
"""What is said for the one thing that no pack decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a pack says to a case: minutes (0 when refused), the rules that decided, and the case itself.

    ``minutes`` go to or from the person's own account; ``donate_min`` may only be donated. ``findings`` say each
    reason with its figures; ``inputs`` is the case in canonical JSON.
    """

    kind: str
    allowed: bool
    minutes: int
    donate_min: int
    pack: str
    findings: tuple[Finding, ...]
    articles: tuple[str, ...]
    inputs: str

    @property
    def reasons(self) -> tuple[str, ...]:
        """Rules that refused, or when it is allowed those that shaped the minutes."""
        return tuple(finding.rule for finding in self.findings)

    @property
    def inputs_sha256(self) -> str:
        """SHA-256 of the canonical inputs, in hexadecimal."""
        return hashlib.sha256(self.inputs.encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Return what is stored with the transfer."""
        return {
            "kind": self.kind,
            "pack": self.pack,
            "allowed": self.allowed,
            "minutes": self.minutes,
            "donate_min": self.donate_min,
            "reasons": list(self.reasons),
            "articles": list(self.articles),
            "inputs": json.loads(self.inputs),
            "inputs_sha256": self.inputs_sha256,
        }


def decide_earning(service: Service) -> Decision:
    """Decide what a confirmed service earns, by the pack in force on the day of service; equal cases once.

    Counted minutes are those served, at most the planned ones and the tolerance; rounded down to the pack's unit; times
    the ratio of the service and the share of its grade of evidence, rounded down to whole minutes; then the caps.
    """
    return earning_by(pack_in_force(service.day, service.jurisdiction), service)


@lru_cache(maxsize=4096)
def earning_by(pack: Pack, service: Service) -> Decision:
    """Decide as :func:`decide_earning` does, by a pack that is given."""
    return decide("earn", pack, service, earned(pack, service))


def decide(kind: str, pack: Pack, case: Any, outcome: Outcome, *, moves: bool = True) -> Decision:
    """Make the decision of an outcome, with an article for each reason and the case it was made from.

    Where nothing ``moves``, as when somebody joins a family account, it is allowed when no rule bars it.
    """
    return Decision(
        kind=kind,
        allowed=outcome.minutes + outcome.donate_min > 0 if moves else not outcome.findings,
        minutes=outcome.minutes,
        donate_min=outcome.donate_min,
        pack=pack.name,
        findings=tuple(outcome.findings),
        articles=tuple(_article(pack, finding.rule) for finding in outcome.findings),
        inputs=canonical(case),
    )


def _article(pack: Pack, rule: str) -> str:
    return pack.article(rule) if rule in pack.rules else LEDGER


def canonical(case: Any) -> str:
    """Write a case as canonical JSON: keys sorted, no spaces, days as ISO, nothing for what is not known."""
    said = {one.name: getattr(case, one.name) for one in fields(case)}
    known = {name: _plain(value) for name, value in said.items() if value is not None}
    return json.dumps(known, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
