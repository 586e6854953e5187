"""Who could serve whom: sparse arcs, and a count of what each rule took away.

For each skill a KD-tree finds the nearest volunteers; rules are applied, and the search widens for every
need that lost candidates to a rule, so that nobody is left alone because the nearest thirty were unfit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from matching import travel
from matching.frequency import can_be_dated
from matching.problem import Floats, Gender, Ints, Problem, ServedBy

Mask = NDArray[np.bool_]

RULES = ("skill", "distance", "gender", "language", "availability", "exclusion")
CHUNK = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Arcs:
    """Columns of arcs, ordered by need, then distance, then volunteer; positions in the problem's tables."""

    needs: Ints
    volunteers: Ints
    distances_m: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Planes:
    """Places of needs, volunteers and slots in metres, shape (n, 2) each."""

    needs: Floats
    volunteers: Floats
    slots: Floats


def planes(problem: Problem) -> Planes:
    """Put every place of the problem on one plane."""
    needs, volunteers, slots = problem.needs, problem.volunteers, problem.slots
    origin = travel.origin_lat_deg(needs.lats_deg, volunteers.lats_deg, slots.lats_deg)
    return Planes(
        needs=travel.to_plane_m(needs.lats_deg, needs.lons_deg, origin_lat_deg=origin),
        volunteers=travel.to_plane_m(volunteers.lats_deg, volunteers.lons_deg, origin_lat_deg=origin),
        slots=travel.to_plane_m(slots.lats_deg, slots.lons_deg, origin_lat_deg=origin),
    )


def find_arcs(problem: Problem) -> Arcs:
    """Return the nearest able volunteers of every need that a volunteer serves.

    At most ``candidates_per_need`` each, within ``max_distance_m``, after all rules.
    """
    places = planes(problem)
    found = [_arcs_of_skill(problem, places, int(skill)) for skill in np.unique(problem.needs.skills)]
    found = [arcs for arcs in found if len(arcs[0])]
    if not found:
        nothing = np.empty(0, dtype=np.int64)
        return Arcs(needs=nothing, volunteers=nothing, distances_m=nothing)
    needs, volunteers, distances = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((volunteers, distances, needs))
    return Arcs(needs=needs[order], volunteers=volunteers[order], distances_m=distances[order])


def _arcs_of_skill(problem: Problem, places: Planes, skill: int) -> tuple[Ints, Ints, Ints]:
    """Widen the search until every need has enough candidates, or has seen all within reach."""
    params, most = problem.params, problem.params.candidates_per_need
    waiting = np.flatnonzero((problem.needs.skills == skill) & (problem.needs.served_by == ServedBy.VOLUNTEER))
    able = np.flatnonzero((problem.volunteers.skills >> np.uint64(skill) & np.uint64(1)).astype(bool))
    kept: list[tuple[Ints, Ints, Ints]] = [(np.empty(0, np.int64),) * 3]
    if not len(able) or not len(waiting):
        return kept[0]
    tree = cKDTree(places.volunteers[able])
    reach_m = (params.max_distance_m + 1) / params.detour
    look = most
    while len(waiting):
        look = min(look, len(able))
        _, nearest = tree.query(places.needs[waiting], k=np.arange(1, look + 1), distance_upper_bound=reach_m)
        rows, ranks = np.nonzero(nearest < len(able))
        needs, volunteers = waiting[rows], able[nearest[rows, ranks]]
        distances = travel.walking_m(places.needs[needs], places.volunteers[volunteers], detour=params.detour)
        fits = (distances <= params.max_distance_m) & _passes(problem, needs, volunteers)
        rows, needs, volunteers, distances = rows[fits], needs[fits], volunteers[fits], distances[fits]
        counts = np.bincount(rows, minlength=len(waiting))
        position = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        seen_all = (nearest[:, -1] >= len(able)) | (look == len(able))
        settled = (counts >= most) | seen_all
        take = settled[rows] & (position < most)
        kept.append((needs[take], volunteers[take], distances[take]))
        waiting, look = waiting[~settled], look * 4
    needs, volunteers, distances = (np.concatenate(column) for column in zip(*kept, strict=True))
    return needs, volunteers, distances


def _passes(problem: Problem, needs: Ints, volunteers: Ints) -> Mask:
    """Apply every rule beside skill and distance to arcs."""
    passes = fits_gender(problem, needs, volunteers) & fits_language(problem, needs, volunteers)
    return passes & fits_availability(problem, needs, volunteers) & ~is_excluded(problem, needs, volunteers)


def fits_gender(problem: Problem, needs: Ints, volunteers: Ints) -> Mask:
    """Rule `gender`: no wish, or the volunteer's gender is the wished one."""
    wished = problem.needs.genders[needs]
    return np.asarray((wished == Gender.ANY) | (wished == problem.volunteers.genders[volunteers]), dtype=bool)


def fits_language(problem: Problem, needs: Ints, volunteers: Ints) -> Mask:
    """Rule `language`: no wish, or the volunteer speaks one of the wished languages."""
    wished = problem.needs.languages[needs]
    return np.asarray((wished == 0) | ((wished & problem.volunteers.languages[volunteers]) != 0), dtype=bool)


def fits_availability(problem: Problem, needs: Ints, volunteers: Ints) -> Mask:
    """Rule `availability`: a common window as long as a visit, and weekdays that the frequency fits."""
    asked, offered = problem.needs, problem.volunteers
    starts = np.maximum(asked.window_starts_min[needs], offered.window_starts_min[volunteers])
    ends = np.minimum(asked.window_ends_min[needs], offered.window_ends_min[volunteers])
    weekdays = asked.weekdays[needs] & offered.weekdays[volunteers]
    kinds, counts = asked.frequency_kinds[needs], asked.frequency_counts[needs]
    codes, inverse = np.unique(kinds * 10**9 + np.minimum(counts, 10**6) * 128 + weekdays, return_inverse=True)
    table = np.array([can_be_dated(int(c // 10**9), int(c % 10**9 // 128), int(c % 128)) for c in codes], dtype=bool)
    return np.asarray((ends - starts >= asked.durations_min[needs]) & table[inverse], dtype=bool)


def is_excluded(problem: Problem, needs: Ints, volunteers: Ints) -> Mask:
    """Rule `exclusion`: the senior and the volunteer never meet."""
    if not len(problem.exclusions):
        return np.zeros(len(needs), dtype=bool)
    span = np.int64(max(int(problem.volunteers.ids.max(initial=0)), int(problem.exclusions[:, 1].max())) + 1)
    never = problem.exclusions[:, 0] * span + problem.exclusions[:, 1]
    return np.isin(problem.needs.senior_ids[needs] * span + problem.volunteers.ids[volunteers], never)


def count_taken(problem: Problem, needs: Ints) -> tuple[Ints, Ints]:
    """Count, for some needs (positions), what each rule took away from all volunteers, in the order of ``RULES``.

    Returns
    -------
    tuple
        Counts of shape (n, len(RULES)), and candidates that remain, shape (n,).
    """
    places, everyone = planes(problem), np.arange(len(problem.volunteers))
    taken = np.zeros((len(needs), len(RULES)), dtype=np.int64)
    remaining = np.zeros(len(needs), dtype=np.int64)
    for start in range(0, len(needs) if len(everyone) else 0, CHUNK):
        some = needs[start : start + CHUNK]
        rows, who = np.repeat(some, len(everyone)), np.tile(everyone, len(some))
        left = np.ones(len(rows), dtype=bool)
        for column, rule in enumerate(_rule_masks(problem, places, rows, who)):
            taken[start : start + CHUNK, column] = (left & ~rule).reshape(len(some), -1).sum(axis=1)
            left &= rule
        remaining[start : start + CHUNK] = left.reshape(len(some), -1).sum(axis=1)
    return taken, remaining


def _rule_masks(problem: Problem, places: Planes, needs: Ints, volunteers: Ints) -> tuple[Mask, ...]:
    """One mask a rule, in the order of ``RULES``: who passes it."""
    skills = problem.needs.skills[needs].astype(np.uint64)
    params = problem.params
    distances = travel.walking_m(places.needs[needs], places.volunteers[volunteers], detour=params.detour)
    return (
        (problem.volunteers.skills[volunteers] >> skills & np.uint64(1)).astype(bool),
        distances <= params.max_distance_m,
        fits_gender(problem, needs, volunteers),
        fits_language(problem, needs, volunteers),
        fits_availability(problem, needs, volunteers),
        ~is_excluded(problem, needs, volunteers),
    )
