"""The rules of a pairing said again for one pair at a time, as slowly and plainly as can be."""

from itertools import pairwise
from math import ceil, cos, hypot, radians
from statistics import median

import numpy as np

from matching.problem import FrequencyKind, Gender, Ints, Problem, ServedBy


def able_metres(asked: Problem) -> Ints:
    """Return walking metres of every need (row) to every volunteer (column) who may serve it, -1 where not."""
    found = np.full((len(asked.needs), len(asked.volunteers)), -1, dtype=np.int64)
    for need in range(len(asked.needs)):
        for volunteer in range(len(asked.volunteers)):
            if first_rule_against(asked, need, volunteer) is None:
                found[need, volunteer] = walk_m(asked, need, volunteer)
    return found


def walk_m(asked: Problem, need: int, volunteer: int) -> int:
    """Return walking metres from a need to a volunteer (positions) on a plane true at the median latitude."""
    needs, people = asked.needs, asked.volunteers
    middle = median([*needs.lats_deg.tolist(), *people.lats_deg.tolist(), *asked.slots.lats_deg.tolist()])
    north = (needs.lats_deg[need] - people.lats_deg[volunteer]) * 111_195
    east = (needs.lons_deg[need] - people.lons_deg[volunteer]) * 111_195 * cos(radians(middle))
    return round(hypot(north, east) * asked.params.detour)


def first_rule_against(asked: Problem, need: int, volunteer: int) -> str | None:
    """Return the first rule, in the engine's order, that keeps a need and a volunteer (positions) apart."""
    needs, people = asked.needs, asked.volunteers
    starts = max(needs.window_starts_min[need], people.window_starts_min[volunteer])
    ends = min(needs.window_ends_min[need], people.window_ends_min[volunteer])
    weekdays = [day for day in range(7) if needs.weekdays[need] & people.weekdays[volunteer] & (1 << day)]
    keeps = {
        "skill": int(people.skills[volunteer]) >> int(needs.skills[need]) & 1,
        "distance": walk_m(asked, need, volunteer) <= asked.params.max_distance_m,
        "gender": needs.genders[need] in (Gender.ANY, people.genders[volunteer]),
        "language": needs.languages[need] == 0 or needs.languages[need] & people.languages[volunteer],
        "availability": ends - starts >= needs.durations_min[need] and is_datable(asked, need, weekdays),
        "exclusion": [needs.senior_ids[need], people.ids[volunteer]] not in asked.exclusions.tolist(),
    }
    return next((rule for rule, kept in keeps.items() if not kept), None)


def is_datable(asked: Problem, need: int, weekdays: list[int]) -> bool:
    """Try whether weekdays carry a frequency for ever, by walking over them for some weeks."""
    kind, count = FrequencyKind(int(asked.needs.frequency_kinds[need])), int(asked.needs.frequency_counts[need])
    if not weekdays:
        return False
    if kind == FrequencyKind.EVERY_N_DAYS:
        days = [7 * week + day for week in range(3) for day in weekdays]
        return max(later - earlier for earlier, later in pairwise(days)) <= count
    if kind == FrequencyKind.TIMES_PER_WEEK:
        return any(_is_spread(chosen, 7 // count) for chosen in _choices(weekdays, count)) if count <= 7 else False
    return True


def _choices(weekdays: list[int], count: int) -> list[list[int]]:
    if count == 0:
        return [[]]
    return [[day, *rest] for row, day in enumerate(weekdays) for rest in _choices(weekdays[row + 1 :], count - 1)]


def _is_spread(weekdays: list[int], apart_days: int) -> bool:
    days = [7 * week + day for week in range(2) for day in weekdays]
    return all(later - earlier >= apart_days for earlier, later in pairwise(days))


def due_days(asked: Problem) -> list[tuple[int, range]]:
    """Return the due visits of all needs met by slots: position of the need, and the days that will do."""
    found = []
    for need in np.flatnonzero(asked.needs.served_by == ServedBy.SLOT).tolist():
        first = max(0, int(asked.needs.first_days[need]))
        last = min(asked.horizon_days, int(asked.needs.last_days[need]))
        found += [(need, days) for days in _slices(asked, need, first, last)]
    return found


def _slices(asked: Problem, need: int, first: int, last: int) -> list[range]:
    kind, count = FrequencyKind(int(asked.needs.frequency_kinds[need])), int(asked.needs.frequency_counts[need])
    if kind == FrequencyKind.ONCE:
        return [range(first, last)]
    if kind == FrequencyKind.EVERY_N_DAYS:
        return [range(day, day + count) for day in range(first, last, count) if day + count <= last]
    if kind == FrequencyKind.TIMES_PER_WEEK:
        weeks = [week for week in range(0, asked.horizon_days, 7) if first <= week and week + 7 <= last]
        edges = [[week + 7 * part // count for part in range(count + 1)] for week in weeks]
    else:
        parts = ceil(count * (last - first) / 30)
        edges = [[first + (last - first) * part // parts for part in range(parts + 1)]]
    return [range(start, end) for row in edges for start, end in pairwise(row)]
