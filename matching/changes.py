"""What differs between two plans of the same days: pairs, visits, bookings, and who is newly met or not."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from functools import cached_property
from itertools import zip_longest
from typing import Any, NamedTuple

import numpy as np

from matching.columns import Ints
from matching.plan import Plan


class Kind(StrEnum):
    """What became of a pair, a visit or a booking."""

    ENDED = "ended"
    BEGUN = "begun"
    MOVED = "moved"


class PairChange(NamedTuple):
    """A pair that ended, began, or went from one volunteer to another; 0 metres where there is none."""

    kind: Kind
    need_id: int
    from_id: int | None
    to_id: int | None
    from_m: int
    to_m: int


class Meeting(NamedTuple):
    """When and with whom a visit is."""

    volunteer_id: int
    day: int
    starts_min: int


class VisitChange(NamedTuple):
    """A visit that is no more (ended), is new (begun), or has another day, minute or volunteer (moved)."""

    kind: Kind
    need_id: int
    was: Meeting | None
    now: Meeting | None


class BookingChange(NamedTuple):
    """A place that was freed (ended) or taken (begun)."""

    kind: Kind
    need_id: int
    slot_id: int


@dataclass(frozen=True, kw_only=True)
class Changes:
    """All that differs, each list ordered by need. A need of neither plan's unmet is in neither of the last two.

    ``lost`` and ``new``, shape (k, 4), are the visits that differ, as need, day, volunteer and minute; they are
    written out as ``visits`` when that is first read, for one volunteer who leaves has a hundred of them.
    """

    pairs: tuple[PairChange, ...]
    bookings: tuple[BookingChange, ...]
    newly_unmet: Ints
    newly_met: Ints
    lost: Ints
    new: Ints

    @cached_property
    def visits(self) -> tuple[VisitChange, ...]:
        """Visits that differ: of one need the first that is gone became the first new one."""
        return tuple(_visits(self.lost, self.new))

    def __len__(self) -> int:
        return sum(map(len, (self.pairs, self.visits, self.bookings, self.newly_unmet, self.newly_met)))


def find_changes(before: Plan, after: Plan, needs: Ints | None = None) -> Changes:
    """Compare two plans of the same days; of some needs (ids) alone where the others are known to be the same."""
    if needs is not None:
        before, after = part_of(before, needs), part_of(after, needs)
    was, now = set(before.unmet.need_ids.tolist()), set(after.unmet.need_ids.tolist())
    met = set(after.pairs.need_ids.tolist()) | set(after.bookings.need_ids.tolist())
    lost, new = _unlike_rows(_table(before), _table(after))
    return Changes(
        pairs=tuple(_pairs(before, after)),
        bookings=tuple(_bookings(before, after)),
        newly_unmet=np.array(sorted(now - was), dtype=np.int64),
        newly_met=np.array(sorted((was - now) & met), dtype=np.int64),
        lost=lost,
        new=new,
    )


def part_of(plan: Plan, needs: Ints) -> Plan:
    """Return a plan with the pairs, visits and bookings of some needs (ids) alone; the unmet are all there."""
    parts: dict[str, Any] = {name: getattr(plan, name) for name in ("pairs", "visits", "bookings")}
    for name, part in parts.items():
        rows = np.isin(part.need_ids, needs)
        parts[name] = type(part)(**{column.name: getattr(part, column.name)[rows] for column in fields(part)})
    return replace(plan, **parts)


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


def _unlike_rows(was: Ints, now: Ints) -> tuple[Ints, Ints]:
    """Rows that stand in one of two tables alone."""
    both = np.concatenate((was, now))
    order = np.lexsort(both.T[::-1])
    again = (both[order][1:] == both[order][:-1]).all(axis=1)
    is_one = np.ones(len(both), dtype=bool)
    is_one[order[1:][again]] = is_one[order[:-1][again]] = False
    return was[is_one[: len(was)]], now[is_one[len(was) :]]


def _visits(lost: Ints, new: Ints) -> Iterable[VisitChange]:
    """Visits of one need that differ, in the order of their days: the first that is gone became the first new one."""
    was, now = _meetings(lost), _meetings(new)
    for need in sorted(was.keys() | now.keys()):
        for old, other in zip_longest(was.get(need, ()), now.get(need, ())):
            yield VisitChange(_kind(old, other), need, old, other)


def _meetings(rows: Ints) -> dict[int, list[Meeting]]:
    """Rows of need, day, volunteer and minute, by need."""
    needs, days, volunteers, starts = (column.tolist() for column in rows.T)
    found: dict[int, list[Meeting]] = defaultdict(list)
    for need, meeting in zip(needs, map(Meeting, volunteers, days, starts), strict=True):
        found[need].append(meeting)
    return found


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
