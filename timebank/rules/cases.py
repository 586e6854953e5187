"""Cases written down in TOML, to be explained: which kind of decision, and the facts of the case."""

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from datetime import date
from typing import Any, get_args, get_type_hints

from timebank.rules.claiming import decide_record
from timebank.rules.decision import Decision, Service, decide_earning
from timebank.rules.findings import Donation, Expiry, Gift, Grant, Redemption
from timebank.rules.issuing import decide_expiry, decide_grant
from timebank.rules.lines import Source
from timebank.rules.pack import Pack, pack_in_force
from timebank.rules.passing import (
    Aid,
    Inheritance,
    Move,
    Parting,
    Sharing,
    Undoing,
    decide_aid,
    decide_inheritance,
    decide_moving,
    decide_parting,
    decide_sharing,
    decide_undoing,
)
from timebank.rules.spending import decide_donation, decide_gift, decide_redeeming

KINDS: dict[str, tuple[type, Callable[[Any], Decision]]] = {
    "earn": (Service, decide_earning),
    "redeem": (Redemption, decide_redeeming),
    "gift": (Gift, decide_gift),
    "donate": (Donation, decide_donation),
    "grant": (Grant, decide_grant),
    "expire": (Expiry, decide_expiry),
    "record": (Service, decide_record),
    "undo": (Undoing, decide_undoing),
    "family": (Sharing, decide_sharing),
    "leave": (Parting, decide_parting),
    "aid": (Aid, decide_aid),
    "move": (Move, decide_moving),
    "inherit": (Inheritance, decide_inheritance),
}
"""Kinds of decisions, each with the case it is made from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A case that was read, the pack of its day, and what it says."""

    day: date
    pack: Pack
    decision: Decision


def decide_case(text: str, *, file: str) -> Decided:
    """Read a case (``kind`` and a table ``[case]``) and decide it.

    Raises
    ------
    PackRefused
        For an unknown or missing key and a value that cannot be, with file and line.
    """
    source = Source(text, file=file)
    source.require_keys("", source.said, ("kind", "case"), "key")
    kind, said = source.said["kind"], source.said["case"]
    if not isinstance(kind, str) or kind not in KINDS:
        raise source.refusal("", "kind", kind, f"it is one of {', '.join(KINDS)}")
    if not isinstance(said, dict):
        raise source.refusal("", "case", said, "it is a table with the facts of the case")
    shape, decides = KINDS[kind]
    _check(source, shape, said)
    try:
        case = shape(**said)
        decision = decides(case)
        pack = pack_in_force(said["day"], case.jurisdiction)
    except ValueError as fault:
        blamed = _blamed(str(fault), said)
        raise source.refusal("case", blamed, said[blamed], str(fault).rstrip(".")) from fault
    return Decided(day=said["day"], pack=pack, decision=decision)


def _check(source: Source, shape: type, said: dict[str, Any]) -> None:
    """Refuse what is no fact of such a case, or of another kind than the fact."""
    hints = get_type_hints(shape)
    parts: list[Any] = list(fields(shape))
    needed = {one.name for one in parts if one.default is one.default_factory is MISSING}
    known = sorted(one.name for one in parts)
    for key, value in said.items():
        if key not in hints:
            raise source.refusal("case", key, value, f"the known facts are {', '.join(known)}")
        allowed = [kind for kind in (get_args(hints[key]) or (hints[key],)) if kind is not type(None)]
        if type(value) not in allowed:
            raise source.refusal("case", key, value, f"it is a {allowed[0].__name__}")
    source.require_keys("case", needed & set(said), needed, "fact")


def _blamed(fault: str, said: dict[str, Any]) -> str:
    """Return the fact that a fault begins with."""
    return next((key for key in said if fault.startswith(f"{key} ")), "day")
