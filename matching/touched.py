"""What of a question differs from the one before: whom a change touches. All others need not be looked at again.

This is a definition, for those who mend a plan and for the judge alike.
"""

from dataclasses import dataclass, fields

import numpy as np

from matching.columns import Columns, Ints, Mask
from matching.problem import Problem, ServedBy

GONE = -1
WHOLE = ("starts_on", "horizon_days")
SLOT_TABLES = ("slots", "budgets", "regulars")
PEOPLE_TABLES = ("needs", "volunteers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """Rows of the question as it is now that are new or differ, and where each row before stands now.

    ``is_all`` says that something differs which concerns everybody; ``slots``, that places of resources do.
    """

    needs: Mask
    volunteers: Mask
    needs_now: Ints
    volunteers_now: Ints
    slots: bool
    is_all: bool


def find_touched(before: Problem, now: Problem) -> Touched:
    """Compare two questions, column by column."""
    needs_now = rows_now(before.needs.ids, now.needs.ids)
    volunteers_now = rows_now(before.volunteers.ids, now.volunteers.ids)
    needs = _differ(before.needs, now.needs, needs_now)
    volunteers = _differ(before.volunteers, now.volunteers, volunteers_now)
    away = _of_people(before, now)
    seniors = np.concatenate((away, _xor(before.exclusions, now.exclusions)[:, 0]))
    needs |= np.isin(now.needs.senior_ids, seniors)
    volunteers |= np.isin(now.volunteers.ids, away)
    named = [_xor(getattr(before, name), getattr(now, name))[:, 0] for name in ("standing", "preset")]
    named += [_xor(_rows_of(before.seasons), _rows_of(now.seasons))[:, 0]] if _unlike(before, now, "seasons") else []
    needs |= np.isin(now.needs.ids, np.concatenate(named))
    slots = any(_unlike(before, now, name) for name in SLOT_TABLES) or not _same(before.bookable, now.bookable)
    by_slot = now.needs.served_by == ServedBy.SLOT
    gone_by_slot = (before.needs.served_by == ServedBy.SLOT) & (needs_now == GONE)
    is_all = any(getattr(before, name) != getattr(now, name) for name in WHOLE) or before.params != now.params
    return Touched(
        needs=needs,
        volunteers=volunteers,
        needs_now=needs_now,
        volunteers_now=volunteers_now,
        slots=bool(slots or (needs & by_slot).any() or gone_by_slot.any()),
        is_all=bool(is_all or _unlike(before, now, "suspensions")),
    )


def rows_now(before: Ints, now: Ints) -> Ints:
    """Return where each id of a column before stands in the column now; -1 where it is gone."""
    if before is now or _same(before, now):
        return np.arange(len(now))
    if not len(now):
        return np.full(len(before), GONE, dtype=np.int64)
    order = np.argsort(now, kind="stable")
    found = order[np.minimum(np.searchsorted(now, before, sorter=order), len(now) - 1)]
    return np.where(now[found] == before, found, GONE)


def _differ(before: Columns, now: Columns, rows: Ints) -> Mask:
    """Rows of a table now that are new, or differ from what they were in any column."""
    there = np.flatnonzero(rows >= 0)
    at = rows[there]
    size = len(getattr(now, "ids"))  # noqa: B009  # every such table has ids, which Columns does not know
    differs = np.ones(size, dtype=bool)
    differs[at] = False
    if before is now:
        return differs
    is_moved = len(there) != size or len(rows) != size or not (at == there).all()
    for column in fields(now):  # type: ignore[arg-type]  # every table is a dataclass
        was, will = getattr(before, column.name), getattr(now, column.name)
        if was is will:
            continue
        if is_moved:
            differs[at] |= was[there] != will[at]
        elif not _same(was, will):
            differs |= was != will
    return differs


def _of_people(before: Problem, now: Problem) -> Ints:
    """People whose absences differ."""
    if not _unlike(before, now, "absences"):
        return np.empty(0, dtype=np.int64)
    return _xor(_rows_of(before.absences), _rows_of(now.absences))[:, 0]


def _unlike(before: Problem, now: Problem, table: str) -> bool:
    one, other = getattr(before, table), getattr(now, table)
    return one is not other and not all(
        _same(getattr(one, column.name), getattr(other, column.name)) for column in fields(one)
    )


def _rows_of(table: Columns) -> Ints:
    """A table of whole numbers as rows."""
    return np.column_stack([getattr(table, column.name) for column in fields(table)])  # type: ignore[arg-type]  # as above


def _xor(one: Ints, other: Ints) -> Ints:
    """Rows that stand in one of two lists and not as often in the other."""
    if one is other or _same(one, other):
        return one[:0]
    rows, back = np.unique(np.concatenate((one, other)), axis=0, return_inverse=True)
    back = back.reshape(-1)
    counts = np.bincount(back[: len(one)], minlength=len(rows)) - np.bincount(back[len(one) :], minlength=len(rows))
    return np.asarray(rows[counts != 0], dtype=np.int64)


def _same(one: Ints, other: Ints) -> bool:
    return bool(np.array_equal(one, other))
