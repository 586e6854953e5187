"""Episodes: trouble that lasts is one thing with one order, in whatever order its readings come; knows no database.

What stands is known by hours. New readings change it only near themselves, so a part of the hours (the core) is looked
at anew, and what stands outside stays. Afterwards each run of hours is an episode: the eldest that it touches, or a new
one; younger ones that it has swallowed are folded into it, and one that nothing is left of is refuted.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

STANDING, REFUTED, FOLDED = "standing", "refuted", "folded"


class Span(NamedTuple):
    """Hours from one to another, half-open."""

    starts: int
    ends: int

    def touches(self, other: "Span") -> bool:
        """Tell whether two spans share an hour."""
        return self.starts < other.ends and other.starts < self.ends


class Stored(NamedTuple):
    """An episode as it is stored."""

    number: int
    span: Span
    state: str


class Change(NamedTuple):
    """What becomes of an episode: ``number`` is nothing for a new one."""

    number: int | None
    span: Span
    state: str


def runs(flags: NDArray[np.bool_], first_hour: int = 0) -> list[Span]:
    """Return the runs of flagged hours of one meter, in their order."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return [Span(first_hour + int(a), first_hour + int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def follow(stored: Sequence[Stored], core: Span, found: Sequence[Span]) -> list[Change]:
    """Return what changes when the hours of ``core`` were looked at anew and trouble was ``found`` in them.

    Parameters
    ----------
    stored
        Episodes of one meter and rule that touch the core or border on it, refuted ones too, folded ones not.
    core
        The hours that were looked at.
    found
        Runs within the core, in their order.
    """
    spans = _joined([*_outside(stored, core), *found])
    changes: list[Change] = []
    taken: set[int] = set()
    for span in spans:
        touched = sorted(one for one in stored if one.number not in taken and one.span.touches(span))
        taken |= {one.number for one in touched}
        if not touched:
            changes.append(Change(None, span, STANDING))
            continue
        changes.append(Change(touched[0].number, span, STANDING))
        changes += [Change(one.number, one.span, FOLDED) for one in touched[1:] if one.state == STANDING]
    changes += [
        Change(one.number, one.span, REFUTED) for one in stored if one.number not in taken and one.state == STANDING
    ]
    before = {one.number: Change(*one) for one in stored}
    return [change for change in changes if change.number is None or before[change.number] != change]


def _outside(stored: Sequence[Stored], core: Span) -> list[Span]:
    """Return what stands of the episodes before and after the core."""
    standing = [one.span for one in stored if one.state == STANDING]
    before = [Span(span.starts, min(span.ends, core.starts)) for span in standing if span.starts < core.starts]
    after = [Span(max(span.starts, core.ends), span.ends) for span in standing if span.ends > core.ends]
    return before + after


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Join spans that touch or border on each other; in their order."""
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.starts <= joined[-1].ends:
            joined[-1] = Span(joined[-1].starts, max(joined[-1].ends, span.ends))
        else:
            joined.append(span)
    return joined
