"""What differs between two plans of the same days: pairs, visits, bookings, and who is newly met or not."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest

import numpy as np

from matching.columns import Ints
from matching.plan import Plan


class Kind(StrEnum):
    """What became of a pair, a visit or a booking."""

    ENDED = "ended"
    BEGUN = "begun"
    MOVED = "moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairChange:
    """A pair that ended, began, or went from one volunteer to another; 0 metres where there is none."""

    kind: Kind
    need_id: int
    from_id: int | None
    to_id: int | None
    from_m: int
    to_m: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """When and with whom a visit is."""

    volunteer_id: int
    day: int
    starts_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitChange:
    """A visit that is no more (ended), is new (begun), or has another day, minute or volunteer (moved)."""

    kind: Kind
    need_id: int
    was: Meeting | None
    now: Meeting | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingChange:
    """A place that was freed (ended) or taken (begun)."""

    kind: Kind
    need_id: int
    slot_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """All that differs, each list ordered by need. A need of neither plan's unmet is in neither of the last two."""

    pairs: tuple[PairChange, ...]
    visits: tuple[VisitChange, ...]
    bookings: tuple[BookingChange, ...]
    newly_unmet: Ints
    newly_met: Ints

    def __len__(self) -> int:
        return sum(map(len, (self.pairs, self.visits, self.bookings, self.newly_unmet, self.newly_met)))


def find_changes(before: Plan, after: Plan) -> Changes:
    """Compare two plans of the same days."""
    was, now = set(before.unmet.need_ids.tolist()), set(after.unmet.need_ids.tolist())
    met = set(after.pairs.need_ids.tolist()) | set(after.bookings.need_ids.tolist())
    return Changes(
        pairs=tuple(_pairs(before, after)),
        visits=tuple(_visits(before, after)),
        bookings=tuple(_bookings(before, after)),
        newly_unmet=np.array(sorted(now - was), dtype=np.int64),
        newly_met=np.array(sorted((was - now) & met), dtype=np.int64),
    )


def _pairs(before: Plan, after: Plan) -> Iterable[PairChange]:
    """Pairs of one need that ended and began are one that moved."""
    tables = [
        dict(
            zip(
                zip(plan.pairs.need_ids.tolist(), plan.pairs.volunteer_ids.tolist(), strict=True),
                plan.pairs.distances_m.tolist(),
                strict=True,
            )
        )
        for plan in (before, after)
    ]
    was, now = tables
    left, came = defaultdict(list), defaultdict(list)
    for need, volunteer in sorted(was.keys() - now.keys()):
        left[need].append(volunteer)
    for need, volunteer in sorted(now.keys() - was.keys()):
        came[need].append(volunteer)
    for need in sorted(left.keys() | came.keys()):
        for old, new in zip_longest(left[need], came[need]):
            yield PairChange(
                kind=_kind(old, new),
                need_id=need,
                from_id=old,
                to_id=new,
                from_m=was.get((need, old), 0),
                to_m=now.get((need, new), 0),
            )


def _kind(old: object, new: object) -> Kind:
    if old is None:
        return Kind.BEGUN
    return Kind.ENDED if new is None else Kind.MOVED


def _visits(before: Plan, after: Plan) -> Iterable[VisitChange]:
    """Visits of one need that differ, in the order of their days: the first that is gone became the first new one."""
    was, now = _table(before), _table(after)
    both = np.concatenate((was, now))
    order = np.lexsort(both.T[::-1])
    again = (both[order][1:] == both[order][:-1]).all(axis=1)
    is_one = np.ones(len(both), dtype=bool)
    is_one[order[1:][again]] = is_one[order[:-1][again]] = False
    lost: dict[int, list[Meeting]] = defaultdict(list)
    new: dict[int, list[Meeting]] = defaultdict(list)
    for row in np.flatnonzero(is_one).tolist():
        need, day, volunteer, starts = both[row].tolist()
        side = lost if row < len(was) else new
        side[need].append(Meeting(volunteer_id=volunteer, day=day, starts_min=starts))
    for need in sorted(lost.keys() | new.keys()):
        for old, other in zip_longest(lost[need], new[need]):
            yield VisitChange(kind=_kind(old, other), need_id=need, was=old, now=other)


def _table(plan: Plan) -> Ints:
    """Visits as rows of need, day, volunteer and minute, ordered."""
    visits = plan.visits
    columns = (visits.need_ids, visits.days, visits.volunteer_ids, visits.starts_min)
    return np.column_stack(columns)[np.lexsort(columns[::-1])]


def _bookings(before: Plan, after: Plan) -> Iterable[BookingChange]:
    was, now = (
        set(zip(plan.bookings.need_ids.tolist(), plan.bookings.slot_ids.tolist(), strict=True))
        for plan in (before, after)
    )
    for need, slot in sorted(was ^ now):
        kind = Kind.ENDED if (need, slot) in was else Kind.BEGUN
        yield BookingChange(kind=kind, need_id=need, slot_id=slot)
