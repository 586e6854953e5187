"""Early warning: a few indicators week by week, each against its threshold; a first notice, a warning, sustained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from operator import gt, lt

from timebank.health.terms import Threshold

QUIET, NOTICE, WARNING, UNKNOWN = "quiet", "notice", "warning", "unknown"
RANK = {UNKNOWN: 0, QUIET: 0, NOTICE: 1, WARNING: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """An indicator week by week, newest first (nothing where it cannot be said), and how it stands.

    ``weeks`` is how many weeks in a row, up to the newest, were at this level or a worse one.
    """

    key: str
    values: tuple[float | None, ...]
    level: str
    weeks: int
    is_sustained: bool
    threshold: Threshold
    formula: str
    parts: tuple[str, ...] = ()

    @property
    def value(self) -> float | None:
        """The newest value."""
        return self.values[0] if self.values else None


def level_of(value: float | None, threshold: Threshold) -> str:
    """Return the level of a value: quiet, a notice, or a warning; unknown where there is none."""
    if value is None:
        return UNKNOWN
    is_past = lt if threshold.side == "below" else gt
    if is_past(value, threshold.warning):
        return WARNING
    return NOTICE if is_past(value, threshold.notice) else QUIET


def judged(
    threshold: Threshold, values: Sequence[float | None], *, formula: str, parts: Sequence[str] = ()
) -> Indicator:
    """Return an indicator as it stands: its level now, and for how many weeks in a row it was so or worse."""
    levels = [level_of(value, threshold) for value in values]
    level = levels[0] if levels else UNKNOWN
    weeks = 0
    if RANK[level]:
        weeks = next((n for n, one in enumerate(levels) if RANK[one] < RANK[level]), len(levels))
    return Indicator(
        key=threshold.indicator,
        values=tuple(values),
        level=level,
        weeks=weeks,
        is_sustained=weeks >= threshold.weeks,
        threshold=threshold,
        formula=formula,
        parts=tuple(parts),
    )


def ratio(part: float, whole: float) -> float | None:
    """Return a part of a whole; nothing of nothing, and without end where only the whole is nothing."""
    if whole > 0:
        return part / whole
    return inf if part > 0 else None


def concentration(saved: Mapping[int, int]) -> float | None:
    """Return the part of all coins that the tenth of the savers have who have most; one saver at least."""
    ordered = sorted((minutes for minutes in saved.values() if minutes > 0), reverse=True)
    if not ordered:
        return None
    return sum(ordered[: max(len(ordered) // 10, 1)]) / sum(ordered)
