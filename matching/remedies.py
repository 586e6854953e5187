"""What would meet an unmet need: the least change of each kind, verified by solving again.

A remedy is only told when the neighbourhood of the need, solved again with the change, meets it and leaves nobody
out who was met; the rest of the plan stays as it is, so the remedy holds for the whole plan. Another change may be
smaller where it moves people farther away.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from matching import travel
from matching.candidates import planes
from matching.columns import Ints
from matching.offers import is_compound
from matching.plan import Plan
from matching.problem import Gender, Problem, ServedBy
from matching.solve import solve

NEAREST = 40
"""Volunteers round a need that are solved again."""
TRIED = 6
"""People, slots or distances of one kind that are tried, from the least change on."""
MORE_MINUTES = (30, 60, 120)
EVERY_DAY = 127
FIRST_MINUTE, LAST_MINUTE = 360, 1320
"""A day's widest window for a visit: six to ten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """A change that meets the need: its kind, whom or what it is about (an id, 0 for nobody), and how much."""

    kind: str
    about_id: int
    amount: int


@dataclass(frozen=True, slots=True)
class _Try:
    """A change that may be a remedy."""

    remedy: Remedy
    change: Callable[[Problem], Problem]


def find_remedies(problem: Problem, plan: Plan, need_id: int) -> tuple[Remedy, ...]:
    """Return for an unmet need the least change of each kind that meets it.

    Kinds: ``distance_m`` (the most metres), ``needs`` and ``minutes`` (more of one volunteer, a need or weekly
    minutes), ``skill`` (one volunteer learns it), ``gender`` and ``language`` (the wish is dropped), ``hours``
    (any hour and weekday of the need's), ``places`` (of one slot), ``slot_distance_m``, ``eligibility`` (of one
    resource).

    Raises
    ------
    ValueError
        When the problem does not know the need, or the plan meets it.
    """
    row = np.flatnonzero(problem.needs.ids == need_id)
    if not len(row):
        message = f"The problem knows no need {need_id}."
        raise ValueError(message)
    if need_id not in plan.unmet.need_ids:
        message = f"Need {need_id} is met; there is nothing to mend."
        raise ValueError(message)
    need = int(row[0])
    if problem.needs.served_by[need] == ServedBy.SLOT:
        return _first_of_each(problem, plan, need, _slot_tries(problem, need))
    return _first_of_each(problem, plan, need, _volunteer_tries(problem, need))


def _first_of_each(problem: Problem, plan: Plan, need: int, tries: Iterator[_Try]) -> tuple[Remedy, ...]:
    """The first try of each kind that holds."""
    found: dict[str, Remedy] = {}
    for one in tries:
        if one.remedy.kind not in found and _holds(problem, plan, need, one):
            found[one.remedy.kind] = one.remedy
    return tuple(found.values())


def _holds(problem: Problem, plan: Plan, need: int, one: _Try) -> bool:
    """Solve the neighbourhood with the change: the need is met, and so are all who were."""
    near = neighbourhood(problem, plan, need)
    who = one.remedy.about_id
    if who and who in problem.volunteers.ids and who not in near.volunteers.ids:
        near = neighbourhood(problem, plan, need, also=who)
    solved = solve(one.change(near))
    was_unmet = np.intersect1d(plan.unmet.need_ids, near.needs.ids)
    lost = np.setdiff1d(solved.unmet.need_ids, was_unmet)
    return not len(lost) and int(problem.needs.ids[need]) not in solved.unmet.need_ids


def neighbourhood(problem: Problem, plan: Plan, need: int, *, also: int = 0) -> Problem:
    """Return the part of a problem round a need (position): the nearest volunteers with all their needs, and the need.

    For a need met by slots it is every need of the same skill that slots meet.
    """
    needs = problem.needs
    if needs.served_by[need] == ServedBy.SLOT:
        same = (needs.skills == needs.skills[need]) | is_compound(problem)  # whose money and slots are shared
        mine = np.flatnonzero((needs.served_by == ServedBy.SLOT) & same)
        return _part(problem, mine, np.empty(0, dtype=np.int64))
    metres = _metres_to_all(problem, need)
    near = np.lexsort((problem.volunteers.ids, metres))[:NEAREST]
    near = np.union1d(near, np.flatnonzero(problem.volunteers.ids == also))
    theirs = plan.pairs.need_ids[np.isin(plan.pairs.volunteer_ids, problem.volunteers.ids[near])]
    return _part(problem, np.union1d(np.flatnonzero(np.isin(needs.ids, theirs)), [need]), near)


def _part(problem: Problem, needs: Ints, volunteers: Ints) -> Problem:
    asked, who = problem.needs, problem.volunteers
    return replace(
        problem,
        needs=type(asked)(**{name: getattr(asked, name)[needs] for name in asked.to_columns()}),
        volunteers=type(who)(**{name: getattr(who, name)[volunteers] for name in who.to_columns()}),
        preset=problem.preset[np.isin(problem.preset[:, 0], asked.ids[needs])],
    )


def _metres_to_all(problem: Problem, need: int) -> Ints:
    places = planes(problem)
    here = np.repeat(places.needs[[need]], len(problem.volunteers), axis=0)
    return travel.walking_m(here, places.volunteers, detour=problem.params.detour)


def _needs_with(problem: Problem, need_id: int, **values: int) -> Problem:
    """The problem with some columns of one need changed."""
    row = problem.needs.ids == need_id
    columns = {name: np.where(row, value, getattr(problem.needs, name)) for name, value in values.items()}
    return replace(problem, needs=replace(problem.needs, **columns))


def _volunteers_with(problem: Problem, volunteer_id: int, **more: int) -> Problem:
    """The problem with one volunteer given more: numbers are added, skills joined."""
    row, who = problem.volunteers.ids == volunteer_id, problem.volunteers
    columns = {name: getattr(who, name).copy() for name in more}
    for name, value in more.items():
        columns[name][row] = columns[name][row] | np.uint64(value) if name == "skills" else columns[name][row] + value
    return replace(problem, volunteers=replace(who, **columns))


def _volunteer_tries(problem: Problem, need: int) -> Iterator[_Try]:
    """Changes that could give the need a volunteer, from the least on within each kind."""
    needs, number, skill = problem.needs, int(problem.needs.ids[need]), int(problem.needs.skills[need])
    metres = _metres_to_all(problem, need)
    order = np.lexsort((problem.volunteers.ids, metres))
    has = (problem.volunteers.skills >> np.uint64(skill) & np.uint64(1)).astype(bool)
    within = metres <= problem.params.max_distance_m
    for row in order[has[order] & ~within[order]][:TRIED].tolist():
        far = int(metres[row])
        yield _Try(Remedy(kind="distance_m", about_id=int(problem.volunteers.ids[row]), amount=far), _reaching(far))
    for row in order[has[order] & within[order]][:TRIED].tolist():
        who = int(problem.volunteers.ids[row])
        yield _Try(Remedy(kind="needs", about_id=who, amount=1), _giving(who, max_needs=1))
        for more in MORE_MINUTES:
            yield _Try(Remedy(kind="minutes", about_id=who, amount=more), _giving(who, weekly_caps_min=more))
    for row in order[~has[order] & within[order]][:TRIED].tolist():
        who = int(problem.volunteers.ids[row])
        yield _Try(Remedy(kind="skill", about_id=who, amount=skill), _giving(who, skills=1 << skill))
    if needs.genders[need] != Gender.ANY:
        yield _Try(Remedy(kind="gender", about_id=0, amount=0), _asking(number, genders=int(Gender.ANY)))
    if needs.languages[need]:
        yield _Try(Remedy(kind="language", about_id=0, amount=0), _asking(number, languages=0))
    wide = {"weekdays": EVERY_DAY, "window_starts_min": FIRST_MINUTE, "window_ends_min": LAST_MINUTE}
    if any(int(getattr(needs, name)[need]) != value for name, value in wide.items()):
        yield _Try(Remedy(kind="hours", about_id=0, amount=0), _asking(number, **wide))


def _slot_tries(problem: Problem, need: int) -> Iterator[_Try]:
    """Changes that could give the need a place."""
    slots, number = problem.slots, int(problem.needs.ids[need])
    places = planes(problem)
    mine = np.flatnonzero(slots.skills == problem.needs.skills[need])
    here = np.repeat(places.needs[[need]], len(mine), axis=0)
    metres = travel.walking_m(here, places.slots[mine], detour=problem.params.detour)
    order = np.lexsort((slots.ids[mine], metres))
    open_to = problem.bookable[problem.bookable[:, 0] == number, 1]
    may = np.isin(slots.resource_ids[mine], open_to)
    far = metres > problem.params.max_slot_distance_m
    for at in order[may[order] & ~far[order]][:TRIED].tolist():
        slot = int(slots.ids[mine[at]])
        yield _Try(Remedy(kind="places", about_id=slot, amount=1), _one_more_place(slot))
    for at in order[may[order] & far[order]][:TRIED].tolist():
        slot, most = int(slots.ids[mine[at]]), int(metres[at])
        yield _Try(Remedy(kind="slot_distance_m", about_id=slot, amount=most), _slots_reaching(most))
    for resource in dict.fromkeys(slots.resource_ids[mine[order[~may[order]]]].tolist()):
        yield _Try(Remedy(kind="eligibility", about_id=resource, amount=0), _opening(number, resource))


def _reaching(metres: int) -> Callable[[Problem], Problem]:
    return lambda problem: replace(problem, params=replace(problem.params, max_distance_m=float(metres)))


def _slots_reaching(metres: int) -> Callable[[Problem], Problem]:
    return lambda problem: replace(problem, params=replace(problem.params, max_slot_distance_m=float(metres)))


def _giving(volunteer_id: int, **more: int) -> Callable[[Problem], Problem]:
    return lambda problem: _volunteers_with(problem, volunteer_id, **more)


def _asking(need_id: int, **values: int) -> Callable[[Problem], Problem]:
    return lambda problem: _needs_with(problem, need_id, **values)


def _opening(need_id: int, resource_id: int) -> Callable[[Problem], Problem]:
    return lambda problem: replace(problem, bookable=np.append(problem.bookable, [[need_id, resource_id]], axis=0))


def _one_more_place(slot_id: int) -> Callable[[Problem], Problem]:
    def change(problem: Problem) -> Problem:
        more = problem.slots.places + (problem.slots.ids == slot_id)
        return replace(problem, slots=replace(problem.slots, places=more))

    return change
