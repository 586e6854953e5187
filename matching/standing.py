"""What of a plan still holds when the question has changed: pairs, their very visits, and bookings.

A pair holds when both are there, every rule of who may come to whom still passes, all who come together still do,
and there is room. Its visits hold when they are right by every rule of dates. Where room ran out, earlier tiers keep
their place, then higher penalties, then shorter ways.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from matching import candidates
from matching.columns import Ints, Mask
from matching.diary import Diaries, Held
from matching.due import Ask
from matching.frequency import DAYS_A_WEEK
from matching.plan import Plan
from matching.problem import Problem
from matching.travel import walking_m
from matching.verify_days import closed_fault, frequency_fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Pairs that hold (positions, metres; each once), whether their visits hold as well, and these visits."""

    needs: Ints
    volunteers: Ints
    distances_m: Ints
    is_dated: Mask
    visits: Held

    def some(self, rows: Ints | Mask) -> "Standing":
        """Return some of the pairs with their visits."""
        needs, volunteers = self.needs[rows], self.volunteers[rows]
        kept = is_among(self.visits.needs, self.visits.volunteers, needs, volunteers)
        return Standing(
            needs=needs,
            volunteers=volunteers,
            distances_m=self.distances_m[rows],
            is_dated=self.is_dated[rows],
            visits=_some(self.visits, kept),
        )


def is_among(needs: Ints, volunteers: Ints, of_needs: Ints, of_volunteers: Ints) -> Mask:
    """Tell which pairs (shape (a,) each) are among others."""
    span = np.int64(1 + max(volunteers.max(initial=0), of_volunteers.max(initial=0)))
    return np.isin(needs * span + volunteers, of_needs * span + of_volunteers)


def positions(ids: Ints, wanted: Ints) -> Ints:
    """Return the position of every wanted id, -1 where it is not there."""
    if not len(ids):
        return np.full(len(wanted), -1, dtype=np.int64)
    order = np.argsort(ids)
    found = order[np.minimum(np.searchsorted(ids, wanted, sorter=order), len(ids) - 1)]
    return np.where(ids[found] == wanted, found, -1)


def find_standing(problem: Problem, before: Plan) -> Standing:
    """Return what of a plan's pairs and visits still holds."""
    needs = positions(problem.needs.ids, before.pairs.need_ids)
    volunteers = positions(problem.volunteers.ids, before.pairs.volunteer_ids)
    known = (needs >= 0) & (volunteers >= 0)
    pairs = np.unique(np.column_stack((needs[known], volunteers[known])), axis=0)
    needs, volunteers = pairs[:, 0], pairs[:, 1]
    fits, metres = candidates.may_pair(problem, needs, volunteers)
    fits &= ~np.isin(needs, _owing(problem, needs, volunteers))
    rows = _with_room(problem, needs, volunteers, metres, np.flatnonzero(fits))
    needs, volunteers, metres = needs[rows], volunteers[rows], metres[rows]
    visits = _known_visits(problem, before, needs, volunteers)
    wrong = _wrong_days(problem, needs, volunteers, visits)
    visits = _some(visits, ~np.isin(visits.needs, wrong))
    while len(more := _crowded(problem, visits)):
        wrong = np.union1d(wrong, more)
        visits = _some(visits, ~np.isin(visits.needs, more))
    return Standing(
        needs=needs, volunteers=volunteers, distances_m=metres, is_dated=~np.isin(needs, wrong), visits=visits
    )


def find_bookings(problem: Problem, before: Plan) -> Ints:
    """Return the bookings of a plan whose need and slot are still there (positions), shape (k, 2)."""
    needs = positions(problem.needs.ids, before.bookings.need_ids)
    slots = positions(problem.slots.ids, before.bookings.slot_ids)
    return np.column_stack((needs, slots))[(needs >= 0) & (slots >= 0)]


def owed_pairs(problem: Problem, needs: Ints, volunteers: Ints) -> Ints:
    """Return the pairs that must be (positions, shape (k, 2)) and are not among those given."""
    must = np.column_stack(
        (positions(problem.needs.ids, problem.preset[:, 0]), positions(problem.volunteers.ids, problem.preset[:, 1]))
    )
    must = must[(must >= 0).all(axis=1)]
    return must[~is_among(must[:, 0], must[:, 1], needs, volunteers)]


def _owing(problem: Problem, needs: Ints, volunteers: Ints) -> Ints:
    """Needs that must have somebody they do not have."""
    return owed_pairs(problem, needs, volunteers)[:, 0]


def _with_room(problem: Problem, needs: Ints, volunteers: Ints, metres: Ints, rows: Ints) -> Ints:
    """Rows of the pairs for which all come and everyone has room; owed pairs have theirs set aside."""
    owed = np.bincount(owed_pairs(problem, needs[rows], volunteers[rows])[:, 1], minlength=len(problem.volunteers))
    room, asked = problem.volunteers.max_needs - owed, problem.needs
    preset = is_preset(problem, needs, volunteers)
    order = np.lexsort((asked.ids[needs], metres, -asked.penalties[needs], asked.tiers[needs], ~preset, volunteers))
    keep = np.zeros(len(needs), dtype=bool)
    keep[rows] = True
    while True:
        keep &= np.bincount(needs[keep], minlength=len(asked))[needs] == asked.helpers[needs]
        kept = order[keep[order]]
        rank = np.arange(len(kept)) - np.searchsorted(volunteers[kept], volunteers[kept])
        over = kept[rank >= room[volunteers[kept]]]
        if not len(over):
            return np.flatnonzero(keep)
        keep[over] = False


def is_preset(problem: Problem, needs: Ints, volunteers: Ints) -> Mask:
    """Tell which pairs (positions) must be."""
    if not len(problem.preset):
        return np.zeros(len(needs), dtype=bool)
    must = positions(problem.needs.ids, problem.preset[:, 0]), positions(problem.volunteers.ids, problem.preset[:, 1])
    return is_among(needs, volunteers, *must)


def _known_visits(problem: Problem, before: Plan, needs: Ints, volunteers: Ints) -> Held:
    """Visits of the pairs that hold, ordered by volunteer, need and day."""
    found = before.visits
    whose, who = positions(problem.needs.ids, found.need_ids), positions(problem.volunteers.ids, found.volunteer_ids)
    rows = np.flatnonzero((whose >= 0) & (who >= 0))
    rows = rows[is_among(whose[rows], who[rows], needs, volunteers)]
    rows = rows[np.lexsort((found.days[rows], whose[rows], who[rows]))]
    return Held(needs=whose[rows], volunteers=who[rows], days=found.days[rows], starts_min=found.starts_min[rows])


def _some(visits: Held, rows: Mask | Ints) -> Held:
    return Held(
        needs=visits.needs[rows],
        volunteers=visits.volunteers[rows],
        days=visits.days[rows],
        starts_min=visits.starts_min[rows],
    )


def _wrong_days(problem: Problem, needs: Ints, volunteers: Ints, visits: Held) -> Ints:
    """Needs whose visits are on a wrong day, too seldom or too often, outside a window, or not together."""
    asked, who, at, horizon = problem.needs, problem.volunteers, visits.starts_min, problem.horizon_days
    opens = np.maximum(asked.window_starts_min[visits.needs], who.window_starts_min[visits.volunteers])
    closes = np.minimum(asked.window_ends_min[visits.needs], who.window_ends_min[visits.volunteers])
    out = (at < opens) | (at + asked.durations_min[visits.needs] > closes)
    out |= (visits.days < 0) | (visits.days >= horizon)
    weekdays = (problem.starts_on.weekday() + visits.days) % DAYS_A_WEEK
    out |= (asked.weekdays[visits.needs] & who.weekdays[visits.volunteers]) >> weekdays & 1 == 0
    wrong = np.unique(visits.needs[out])
    inside = _some(visits, ~out)
    together = _not_together(problem, inside)
    grid = np.zeros((len(asked), horizon), dtype=bool)
    grid[inside.needs, inside.days] = True
    fault = lru_cache(maxsize=4096)(lambda ask, days: bool(frequency_fault(ask, days) or closed_fault(ask, days)))
    found = []
    for ask, some in _asks(problem, needs, volunteers):
        packed, back = np.unique(np.packbits(grid[some], axis=1), axis=0, return_inverse=True)
        days = [tuple(np.flatnonzero(row).tolist()) for row in np.unpackbits(packed, axis=1, count=horizon)]
        is_wrong = np.array([fault(ask, one) for one in days], dtype=bool)
        found.append(some[is_wrong[back.reshape(-1)]])
    return np.unique(np.concatenate((wrong, together, *found)))


def _asks(problem: Problem, needs: Ints, volunteers: Ints) -> Iterator[tuple[Ask, Ints]]:
    """What the needs of pairs ask of those who come, and which needs ask it."""
    asked, diaries = problem.needs, Diaries(problem)
    is_own = asked.helpers[needs] > 1
    is_own |= np.isin(asked.senior_ids[needs], problem.absences.person_ids)
    is_own |= np.isin(problem.volunteers.ids[volunteers], problem.absences.person_ids)
    is_own |= np.isin(asked.ids[needs], problem.seasons.need_ids)
    for need in np.unique(needs[is_own]).tolist():
        yield diaries.ask(need, volunteers[needs == need].tolist()), np.array([need], dtype=np.int64)
    rows = np.flatnonzero(~is_own)
    whose = needs[rows]
    columns = [asked.weekdays[whose] & problem.volunteers.weekdays[volunteers[rows]]]
    columns += [asked.frequency_kinds[whose], asked.frequency_counts[whose], asked.least_gap_days[whose]]
    columns += [asked.first_days[whose], asked.last_days[whose]]
    if len(problem.suspensions):
        columns += [asked.areas[whose], asked.skills[whose]]
    group = np.zeros(len(rows), dtype=np.int64)
    for column in columns:
        values, code = np.unique(column, return_inverse=True)
        group = np.unique(group * (len(values) + 1) + code, return_inverse=True)[1]
    order = np.argsort(group, kind="stable")
    for some in np.split(rows[order], np.flatnonzero(np.diff(group[order])) + 1) if len(rows) else ():
        yield diaries.ask(int(needs[some[0]]), [int(volunteers[some[0]])]), needs[some]


def _not_together(problem: Problem, visits: Held) -> Ints:
    """Needs with a day on which not all come at the same minute, or one comes twice."""
    if not len(visits.needs):
        return visits.needs
    helpers = problem.needs.helpers
    keys = visits.needs * np.int64(problem.horizon_days) + visits.days
    days, first, counts = np.unique(keys, return_index=True, return_counts=True)
    earliest = np.full(len(days), np.iinfo(np.int64).max)
    row = np.searchsorted(days, keys)
    np.minimum.at(earliest, row, visits.starts_min)
    owner = visits.needs[first]
    return np.union1d(owner[counts != helpers[owner]], visits.needs[visits.starts_min != earliest[row]])


def _crowded(problem: Problem, visits: Held) -> Ints:
    """Needs to give way: the later of two visits that leave no gap, and the last of a week that is too full."""
    places = candidates.planes(problem)
    order = np.lexsort((visits.starts_min, visits.days, visits.volunteers))
    needs, who, days, at = (
        column[order] for column in (visits.needs, visits.volunteers, visits.days, visits.starts_min)
    )
    lasts = problem.needs.durations_min[needs]
    pause = np.full(max(0, len(needs) - 1), problem.params.gap_min, dtype=np.int64)
    ways = np.zeros(len(needs), dtype=np.int64)
    pace, detour = problem.params.pace_m_per_min, problem.params.detour
    if pace and len(needs):
        apart = walking_m(places.needs[needs[:-1]], places.needs[needs[1:]], detour=detour)
        pause = np.maximum(pause, np.ceil(apart / pace).astype(np.int64))
        home = walking_m(places.needs[needs], places.volunteers[who], detour=detour)
        ways = np.ceil(2 * home / pace).astype(np.int64)
    near = (who[1:] == who[:-1]) & (days[1:] == days[:-1]) & (at[1:] - at[:-1] < lasts[:-1] + pause)
    weeks = -(-problem.horizon_days // DAYS_A_WEEK)
    cells = who * weeks + days // DAYS_A_WEEK
    spent = np.bincount(cells, weights=lasts + ways, minlength=len(problem.volunteers) * weeks)
    over = np.flatnonzero(spent > np.repeat(problem.volunteers.weekly_caps_min, weeks))
    in_full = np.flatnonzero(np.isin(cells, over))
    return np.union1d(needs[1:][near], _last_of(problem, needs[in_full], who[in_full]))


def _last_of(problem: Problem, needs: Ints, volunteers: Ints) -> Ints:
    """Of the needs of each volunteer, the one that gives way first."""
    asked = problem.needs
    order = np.lexsort((asked.ids[needs], -asked.penalties[needs], asked.tiers[needs], volunteers))
    last = np.append(volunteers[order][1:] != volunteers[order][:-1], len(order) > 0)
    return np.unique(needs[order][last[: len(order)]])
