"""What could be given to whom: every offer of slots that meets one due visit, or a whole series, at once.

An offer of a due visit is a slot of the need's own skill and, for each further skill, a slot of another resource on the
same day whose time overlaps the first by a visit's length. An offer of a series is the same resource, weekday and
time for each of its visits over the whole horizon: one series for each visit of a week.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice, product

import numpy as np

from matching import slots
from matching.columns import Ints
from matching.due import slot_slices
from matching.frequency import DAYS_A_WEEK
from matching.problem import Problem, ServedBy
from matching.tables import FrequencyKind

RULES = ("at_once", "series")
MOST_OFFERS = 200
"""Offers of one due visit or series that are looked at: the nearest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """Columns of what is given or not as one: a due visit, or a series. ``visits`` is how many it stands for."""

    needs: Ints
    visits: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """Units, and columns of their offers: whose, metres, and the slots of each (row of the offer, slot)."""

    units: Units
    owners: Ints
    distances_m: Ints
    rows: Ints
    slots: Ints


Bundle = tuple[int, tuple[int, ...]]
"""Metres and slots."""


def is_compound(problem: Problem) -> bool:
    """Tell whether a need takes more than a place of one slot at a time, or money is short: the flow cannot say it."""
    needs = problem.needs
    mine = needs.served_by == ServedBy.SLOT
    asked = (needs.also_skills != 0) | (needs.is_series != 0) | (needs.wheelchairs != 0)
    return bool((asked & mine).any() or len(problem.budgets) or len(problem.regulars))


def find_offers(problem: Problem) -> Offers:
    """Return every unit of the needs met by slots, with its offers, nearest first."""
    served = np.flatnonzero(problem.needs.served_by == ServedBy.SLOT)
    due = np.array(
        [(need, *part) for need in served.tolist() for part in slot_slices(problem, need)], dtype=np.int64
    ).reshape(-1, 3)
    bundles = _bundles(problem, due)
    needs, visits, found = [], [], []
    for rows in _unit_rows(problem, due):
        needs.append(int(due[rows[0], 0]))
        visits.append(len(rows))
        is_series = bool(problem.needs.is_series[needs[-1]])
        found.append(_series(problem, [bundles[row] for row in rows]) if is_series else bundles[rows[0]])
    every = [(unit, *bundle) for unit, some in enumerate(found) for bundle in sorted(some)[:MOST_OFFERS]]
    return Offers(
        units=Units(needs=np.array(needs, dtype=np.int64), visits=np.array(visits, dtype=np.int64)),
        owners=np.array([unit for unit, _, _ in every], dtype=np.int64),
        distances_m=np.array([metres for _, metres, _ in every], dtype=np.int64),
        rows=np.array([row for row, (_, _, some) in enumerate(every) for _ in some], dtype=np.int64),
        slots=np.array([slot for _, _, some in every for slot in some], dtype=np.int64),
    )


def _unit_rows(problem: Problem, due: Ints) -> Iterator[list[int]]:
    """Rows of due visits that belong together: each for itself, or the n-th visits of all weeks of a series."""
    series: dict[tuple[int, int], list[int]] = {}
    for row, (need, start, _) in enumerate(due.tolist()):
        if not problem.needs.is_series[need]:
            yield [row]
            continue
        weekly = problem.needs.frequency_kinds[need] == FrequencyKind.TIMES_PER_WEEK
        part = start % DAYS_A_WEEK if weekly else 0
        series.setdefault((need, part), []).append(row)
    yield from series.values()


def _bundles(problem: Problem, due: Ints) -> list[list[Bundle]]:
    """Metres and slots of every way to meet each due visit."""
    found: list[list[Bundle]] = [[] for _ in range(len(due))]
    own = _by_due(problem, due)
    further = {
        skill: _by_due(_asking_for(problem, skill), due, having=skill)
        for skill in range(64)
        if (problem.needs.also_skills[due[:, 0]] >> np.uint64(skill) & np.uint64(1)).any()
    }
    for row, need in enumerate(due[:, 0].tolist()):
        wanted = int(problem.needs.also_skills[need])
        others = [further[skill].get(row, []) for skill in range(64) if wanted >> skill & 1]
        for metres, slot in own.get(row, []):
            fitting = [[other for other in some if _is_together(problem, need, slot, other[1])] for some in others]
            for chosen in islice(product(*fitting), MOST_OFFERS):
                taken = (slot, *(other for _, other in chosen))
                if len({int(problem.slots.resource_ids[one]) for one in taken}) == len(taken):
                    found[row].append((metres + sum(more for more, _ in chosen), taken))
    return found


def _by_due(problem: Problem, due: Ints, *, having: int | None = None) -> dict[int, list[tuple[int, int]]]:
    """Metres and slot of every slot that a due visit could take, nearest first; only of needs with a further skill."""
    rows = np.arange(len(due))
    if having is not None:
        rows = np.flatnonzero(problem.needs.also_skills[due[:, 0]] >> np.uint64(having) & np.uint64(1))
    lefts, rights, metres = slots.find_places(problem, due[rows, 0], due[rows, 1:])
    needs_chair = problem.needs.wheelchairs[due[rows[lefts], 0]] > problem.slots.wheelchairs[rights]
    keep = ~needs_chair if having is None else np.ones(len(lefts), dtype=bool)
    order = np.lexsort((rights, metres, lefts))
    found: dict[int, list[tuple[int, int]]] = {}
    for arc in order[keep[order]].tolist():
        found.setdefault(int(rows[lefts[arc]]), []).append((int(metres[arc]), int(rights[arc])))
    return found


def _asking_for(problem: Problem, skill: int) -> Problem:
    """The same needs, asking for another skill."""
    return replace(problem, needs=replace(problem.needs, skills=np.full(len(problem.needs), skill)))


def _is_together(problem: Problem, need: int, slot: int, other: int) -> bool:
    """Whether two slots share a day and as many minutes as a visit takes."""
    times = problem.slots
    if times.days[slot] != times.days[other]:
        return False
    shared = min(times.ends_min[slot], times.ends_min[other]) - max(times.starts_min[slot], times.starts_min[other])
    return bool(shared >= problem.needs.durations_min[need])


def _series(problem: Problem, bundles: list[list[Bundle]]) -> list[Bundle]:
    """Ways to meet every visit of a series with one resource, weekday and time."""
    by_key: dict[tuple[tuple[int, int, int], ...], list[Bundle]] = {}
    for some in bundles:
        seen = set()
        for metres, taken in sorted(some):
            key = tuple(series_key(problem, slot) for slot in taken)
            if key not in seen:  # the nearest of equal ones
                seen.add(key)
                by_key.setdefault(key, []).append((metres, taken))
    return [
        (sum(metres for metres, _ in chosen), tuple(slot for _, taken in chosen for slot in taken))
        for chosen in by_key.values()
        if len(chosen) == len(bundles)
    ]


def series_key(problem: Problem, slot: int) -> tuple[int, int, int]:
    """Return resource, weekday and starting minute of a slot: what a series keeps."""
    weekday = (problem.starts_on.weekday() + int(problem.slots.days[slot])) % DAYS_A_WEEK
    return int(problem.slots.resource_ids[slot]), weekday, int(problem.slots.starts_min[slot])
