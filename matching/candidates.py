"""Who could serve whom: sparse arcs, and a count of what each rule took away.

For each skill a KD-tree finds the nearest volunteers; rules are applied, and the search widens for every
need that lost candidates to a rule, so that nobody is left alone because the nearest thirty were unfit.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from matching import travel
from matching.frequency import can_be_dated
from matching.problem import Floats, Gender, Ints, Mask, Problem, ServedBy
from matching.tables import MOST_COUNT

Triples = tuple[Ints, Ints, Ints]
"""Arcs as needs, volunteers and metres, shape (a,) each."""

Worth = Callable[[Ints, Ints, Ints], Mask]
"""Asks of arcs, given as needs, volunteers and metres, which are worth a look."""

NOTHING: Triples = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64))
EVERY_DAY = 127
"""The set of all weekdays; sets are counted from 0 to here."""

RULES = ("skill", "distance", "gender", "language", "traits", "availability", "exclusion")
CELLS = 1_000_000
"""Arcs that are looked at together: what bounds the memory, whatever the size of the problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arcs:
    """Triples of arcs, ordered by need, then distance, then volunteer; positions in the problem's tables."""

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
    origin = plane_lat_deg(problem)
    return Planes(
        needs=travel.to_plane_m(needs.lats_deg, needs.lons_deg, origin_lat_deg=origin),
        volunteers=travel.to_plane_m(volunteers.lats_deg, volunteers.lons_deg, origin_lat_deg=origin),
        slots=travel.to_plane_m(slots.lats_deg, slots.lons_deg, origin_lat_deg=origin),
    )


def plane_lat_deg(problem: Problem) -> float:
    """Return the latitude at which the problem's plane is true: the given one, or the median of all places."""
    if problem.params.plane_lat_deg is not None:
        return problem.params.plane_lat_deg
    places = (problem.needs.lats_deg, problem.volunteers.lats_deg, problem.slots.lats_deg)
    return travel.origin_lat_deg(*places)


class Ground:
    """Places of a problem and trees of its volunteers by skill, made once where several looks are taken."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.places = planes(problem)
        self._able_by_skill: dict[int, tuple[Ints, cKDTree]] = {}

    def able(self, skill: int) -> tuple[Ints, cKDTree]:
        """Return the volunteers who have a skill (positions), and a tree of where they live."""
        if skill not in self._able_by_skill:
            able = _able(self.problem, skill)
            self._able_by_skill[skill] = (able, cKDTree(self.places.volunteers[able]))
        return self._able_by_skill[skill]

    def nearest(self, needs: Ints, most: int) -> Arcs:
        """Return what :func:`find_nearest` finds from here."""
        return find_nearest(self, needs, most)


def find_arcs(problem: Problem) -> Arcs:
    """Return the nearest able volunteers of every need that a volunteer serves.

    At most ``candidates_per_need`` each, within ``max_distance_m``, after all rules.
    """
    served = np.flatnonzero(problem.needs.served_by == ServedBy.VOLUNTEER)
    return find_nearest(Ground(problem), served, problem.params.candidates_per_need)


def find_nearest(ground: Ground, needs: Ints, most: int) -> Arcs:
    """Return the nearest able volunteers of some needs (positions) that volunteers serve, at most so many each."""
    skills = ground.problem.needs.skills[needs]
    parts = [_arcs_of_skill(ground, needs[skills == skill], skill, most) for skill in np.unique(skills).tolist()]
    found, volunteers, distances = _joined([NOTHING, *parts])
    order = np.lexsort((volunteers, distances, found))
    return Arcs(needs=found[order], volunteers=volunteers[order], distances_m=distances[order])


def _arcs_of_skill(ground: Ground, waiting: Ints, skill: int, most: int) -> Triples:
    """Widen the search until every need has enough candidates, or has seen all within reach."""
    able, tree = ground.able(skill)
    look, kept = most, [NOTHING]
    while len(waiting) and len(able):
        look = min(look, len(able))
        unsettled = []
        for some in np.array_split(waiting, len(waiting) * look // CELLS + 1):
            arcs, settled = _nearest(ground, tree, able, some, look, most)
            kept.append(arcs)
            unsettled.append(some[~settled])
        waiting, look = np.concatenate(unsettled), look * 4
    return _joined(kept)


def _nearest(ground: Ground, tree: cKDTree, able: Ints, some: Ints, look: int, most: int) -> tuple[Triples, Mask]:
    """Arcs of some needs to the fit among their nearest ``look``, and who of them need look no farther."""
    problem, places, params = ground.problem, ground.places, ground.problem.params
    reach_m = (params.max_distance_m + 1) / params.detour
    _, nearest = tree.query(places.needs[some], k=np.arange(1, look + 1), distance_upper_bound=reach_m)
    rows, ranks = np.nonzero(nearest < len(able))
    needs, volunteers = some[rows], able[nearest[rows, ranks]]
    distances = travel.walking_m(places.needs[needs], places.volunteers[volunteers], detour=params.detour)
    fits = (distances <= params.max_distance_m) & _passes(problem, needs, volunteers)
    rows, needs, volunteers, distances = rows[fits], needs[fits], volunteers[fits], distances[fits]
    counts = np.bincount(rows, minlength=len(some))
    position = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    settled = (counts >= most) | (nearest[:, -1] >= len(able)) | (look == len(able))
    take = settled[rows] & (position < most)
    return (needs[take], volunteers[take], distances[take]), settled


def find_all(problem: Problem, needs: Ints, *, reaches_m: Floats | None = None, worth: Worth | None = None) -> Arcs:
    """Return every able volunteer of some needs (positions) within reach, however many.

    ``reaches_m``, shape (n,), is how far each need looks; without it, all look to ``max_distance_m``. ``worth``
    is asked before the rules, which take longer, and leaves arcs out.
    """
    places, kept = planes(problem), [NOTHING]
    for arcs in _in_reach(problem, places, needs, reaches_m):
        rows, volunteers, metres = arcs if worth is None else [column[worth(*arcs)] for column in arcs]
        fits = _passes(problem, rows, volunteers)
        kept.append((rows[fits], volunteers[fits], metres[fits]))
    found, volunteers, metres = _joined(kept)
    order = np.lexsort((volunteers, metres, found))
    return Arcs(needs=found[order], volunteers=volunteers[order], distances_m=metres[order])


def _in_reach(problem: Problem, places: Planes, needs: Ints, reaches_m: Floats | None = None) -> Iterator[Triples]:
    """Arcs of some needs to all who have the skill and live within reach, in blocks of whole needs."""
    params = problem.params
    reaches = np.full(len(needs), params.max_distance_m) if reaches_m is None else reaches_m
    for skill in np.unique(problem.needs.skills[needs]):
        able = _able(problem, int(skill))
        mine = np.flatnonzero(problem.needs.skills[needs] == skill)
        mine = mine[np.argsort(reaches[mine], kind="stable")]  # a block looks as far as its farthest
        tree = cKDTree(places.volunteers[able])
        for some in np.array_split(mine, len(mine) * len(able) // CELLS + 1) if len(able) else ():
            radius_m = (reaches[some].max(initial=0) + 1) / params.detour
            near = cKDTree(places.needs[needs[some]]).sparse_distance_matrix(tree, radius_m, output_type="ndarray")
            rows, volunteers = some[near["i"]], able[near["j"]]
            metres = travel.walking_m(places.needs[needs[rows]], places.volunteers[volunteers], detour=params.detour)
            within = metres <= np.minimum(reaches[rows], params.max_distance_m)
            yield needs[rows[within]], volunteers[within], metres[within]


def may_pair(problem: Problem, needs: Ints, volunteers: Ints) -> tuple[Mask, Ints]:
    """Tell which given pairs (positions, shape (a,) each) pass every rule of who may come to whom, and their metres."""
    places = planes(problem)
    metres = travel.walking_m(places.needs[needs], places.volunteers[volunteers], detour=problem.params.detour)
    skills = problem.volunteers.skills[volunteers] >> problem.needs.skills[needs].astype(np.uint64)
    able = (skills & np.uint64(1)).astype(bool) & (problem.needs.served_by[needs] == ServedBy.VOLUNTEER)
    return able & (metres <= problem.params.max_distance_m) & _passes(problem, needs, volunteers), metres


def find_named(problem: Problem, pairs: Ints) -> Arcs:
    """Return the arcs of pairs given by id, shape (k, 2), that are known and pass every rule; each once."""
    pairs = np.unique(pairs, axis=0)
    pairs = pairs[np.isin(pairs[:, 0], problem.needs.ids) & np.isin(pairs[:, 1], problem.volunteers.ids)]
    needs, volunteers = (
        np.argsort(ids)[np.searchsorted(np.sort(ids), column)]
        for ids, column in ((problem.needs.ids, pairs[:, 0]), (problem.volunteers.ids, pairs[:, 1]))
    )
    fits, metres = may_pair(problem, needs, volunteers)
    order = np.flatnonzero(fits)[np.lexsort((volunteers[fits], metres[fits], needs[fits]))]
    return Arcs(needs=needs[order], volunteers=volunteers[order], distances_m=metres[order])


def _able(problem: Problem, skill: int) -> Ints:
    """Rule `skill`: positions of the volunteers who have it."""
    return np.flatnonzero((problem.volunteers.skills >> np.uint64(skill) & np.uint64(1)).astype(bool))


def _joined(parts: list[Triples]) -> Triples:
    needs, volunteers, distances = (np.concatenate(column) for column in zip(*parts, strict=True))
    return needs, volunteers, distances


def _passes(problem: Problem, needs: Ints, volunteers: Ints) -> Mask:
    """Apply every rule beside skill and distance to arcs."""
    every = [passes(problem, needs, volunteers) for passes in PASSES]
    return np.asarray(np.logical_and.reduce(every), dtype=bool)


def fits_gender(problem: Problem, needs: Ints, volunteers: Ints) -> Mask:
    """Rule `gender`: no wish, or the volunteer's gender is the wished one."""
    wished = problem.needs.genders[needs]
    return np.asarray((wished == Gender.ANY) | (wished == problem.volunteers.genders[volunteers]), dtype=bool)


def fits_language(problem: Problem, needs: Ints, volunteers: Ints) -> Mask:
    """Rule `language`: no wish, or the volunteer speaks one of the wished languages."""
    wished = problem.needs.languages[needs]
    return np.asarray((wished == 0) | ((wished & problem.volunteers.languages[volunteers]) != 0), dtype=bool)


def fits_traits(problem: Problem, needs: Ints, volunteers: Ints) -> Mask:
    """Rule `traits`: nobody meets a trait they refuse, and the volunteer has all that are required."""
    asked, offered = problem.needs, problem.volunteers
    has, required = offered.traits[volunteers], asked.requires[needs]
    fits = (has & asked.refuses[needs] == 0) & (asked.traits[needs] & offered.refuses[volunteers] == 0)
    return np.asarray(fits & (has & required == required), dtype=bool)


def fits_availability(problem: Problem, needs: Ints, volunteers: Ints) -> Mask:
    """Rule `availability`: a common window as long as a visit, and weekdays that the frequency fits."""
    asked, offered = problem.needs, problem.volunteers
    starts = np.maximum(asked.window_starts_min[needs], offered.window_starts_min[volunteers])
    ends = np.minimum(asked.window_ends_min[needs], offered.window_ends_min[volunteers])
    weekdays = asked.weekdays[needs] & offered.weekdays[volunteers]
    codes = asked.frequency_kinds * (MOST_COUNT + 1) + asked.frequency_counts
    can_be = _datable(codes)[codes[needs], weekdays]
    return np.asarray((ends - starts >= asked.durations_min[needs]) & can_be, dtype=bool)


def _datable(codes: Ints) -> Mask:
    """Which weekday sets (columns) each frequency (rows, by its code) fits; rows of other codes are empty."""
    table = np.zeros((int(codes.max(initial=0)) + 1, EVERY_DAY + 1), dtype=bool)
    for code in np.unique(codes).tolist():
        kind, count = divmod(code, MOST_COUNT + 1)
        table[code] = [can_be_dated(kind, count, days) for days in range(EVERY_DAY + 1)]
    return table


def may_meet(problem: Problem, needs: Ints, volunteers: Ints) -> Mask:
    """Rule `exclusion`: not those who never meet."""
    return ~is_excluded(problem, needs, volunteers)


def is_excluded(problem: Problem, needs: Ints, volunteers: Ints) -> Mask:
    """Tell whose senior and volunteer never meet."""
    if not len(problem.exclusions):
        return np.zeros(len(needs), dtype=bool)
    seniors, rows = np.unique(problem.needs.senior_ids, return_inverse=True)
    pairs = problem.exclusions
    pairs = pairs[np.isin(pairs[:, 0], seniors) & np.isin(pairs[:, 1], problem.volunteers.ids)]
    order = np.argsort(problem.volunteers.ids)
    whom = order[np.searchsorted(problem.volunteers.ids, pairs[:, 1], sorter=order)]
    never = np.searchsorted(seniors, pairs[:, 0]) * len(order) + whom
    return np.isin(rows[needs] * len(order) + volunteers, never)


PASSES = (fits_gender, fits_language, fits_traits, fits_availability, may_meet)
"""Rules beside skill and distance, in the order of ``RULES``: arcs in, who passes out."""


def count_taken(problem: Problem, needs: Ints) -> tuple[Ints, Ints]:
    """Count, for some needs (positions), what each rule took away from all volunteers, in the order of ``RULES``.

    Returns
    -------
    tuple
        Counts of shape (n, len(RULES)), and candidates that remain, shape (n,).
    """
    needs, back = np.unique(needs, return_inverse=True)
    row_by_need = np.full(len(problem.needs), -1, dtype=np.int64)
    row_by_need[needs] = np.arange(len(needs))
    taken = np.zeros((len(needs), len(RULES)), dtype=np.int64)
    remaining = np.zeros(len(needs), dtype=np.int64)
    able_by_skill = {skill: len(_able(problem, skill)) for skill in np.unique(problem.needs.skills[needs]).tolist()}
    able = np.array([able_by_skill[skill] for skill in problem.needs.skills[needs].tolist()], dtype=np.int64)
    taken[:, 0], taken[:, 1] = len(problem.volunteers) - able, able
    for arcs, volunteers, _ in _in_reach(problem, planes(problem), needs):
        rows = row_by_need[arcs]
        taken[:, 1] -= np.bincount(rows, minlength=len(needs))
        left = np.ones(len(rows), dtype=bool)
        for column, passes in enumerate(PASSES, start=2):
            fits = passes(problem, arcs, volunteers)
            taken[:, column] += np.bincount(rows[left & ~fits], minlength=len(needs))
            left &= fits
        remaining += np.bincount(rows[left], minlength=len(needs))
    return taken[back], remaining[back]
