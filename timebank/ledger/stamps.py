"""Hashes of many postings at once: the bytes of ``request_hash`` and ``leaf_hash``, for a fraction of their time.

Both hashes of a posting begin alike, so the canonical text is put together once for the two. A decision or a moment
that comes again, as in a day of greetings, is written once.
"""

import json
from datetime import datetime
from hashlib import sha256
from json.encoder import encode_basestring as quoted
from typing import Any, NamedTuple

from timebank.ledger.terms import ASKED_FOR_A_MOMENT, CANONICAL, Posting, in_utc


class Stamp(NamedTuple):
    """What a posting's row has beside what was asked: both hashes, and texts of its moment (UTC) and decision."""

    request: bytes
    leaf: bytes
    effective_at: str
    decision: str


class Stamps:
    """Stamps of postings that are made at one moment."""

    def __init__(self, now: datetime) -> None:
        self.created_at = in_utc(now)
        self._end = f',"{self.created_at}"]'
        self._decisions: dict[int, tuple[dict[str, Any], str, str]] = {}
        self._moments: dict[int, tuple[datetime, str]] = {}

    def of(self, posting: Posting) -> Stamp:
        """Return the stamp of a posting."""
        kind, key = posting.kind, quoted(posting.idem_key)
        effective_at = self._moment(posting.effective_at)
        canonical, stored = self._decision(posting.decision)
        expires_at = "null" if posting.expires_at is None else f'"{self._moment(posting.expires_at)}"'
        hold_id = "null" if posting.hold_id is None else posting.hold_id
        reverses_id = "null" if posting.reverses_id is None else posting.reverses_id
        head = (
            f"[{posting.book_id},{quoted(kind)},{quoted(posting.reason)},{posting.debit_id},{posting.credit_id},"
            f"{posting.amount_min},{hold_id},{reverses_id},{expires_at},"
        )
        moment = f'"{effective_at}"'
        asked_for = moment if kind in ASKED_FOR_A_MOMENT else "null"
        return Stamp(
            sha256(f"{head}{asked_for},{canonical}]".encode()).digest(),
            sha256(f"\0{head}{moment},{canonical},{key}{self._end}".encode()).digest(),
            effective_at,
            stored,
        )

    def _decision(self, decision: dict[str, Any]) -> tuple[str, str]:
        """Write a decision as it is hashed, and as a column of JSON keeps it."""
        if not decision:
            return "{}", "{}"
        known = self._decisions.get(id(decision))
        if known is None:  # what is known is kept, so that its number is not given to another
            known = (decision, CANONICAL.encode(decision), json.dumps(decision))
            self._decisions[id(decision)] = known
        return known[1], known[2]

    def _moment(self, moment: datetime) -> str:
        known = self._moments.get(id(moment))
        if known is None:
            known = self._moments[id(moment)] = (moment, in_utc(moment))
        return known[1]


def as_sqlite_keeps(moment: str) -> str:
    """Write a moment of :func:`in_utc` as a column of SQLite keeps it."""
    return f"{moment[:10]} {moment[11:26]}"
