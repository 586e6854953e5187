"""What if: a problem changed in a few words, solved beside the real one, compared in a table."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Protocol

import numpy as np

from matching.figures import count_figures
from matching.plan import Plan
from matching.problem import Ints, Params, Problem, Volunteers
from matching.shortage import find_shortage
from matching.solve import solve

NOT_PARAMS = frozenset({"seed"})


class Change(Protocol):
    """Something that may be otherwise: words for a table, and how the problem changes."""

    def __str__(self) -> str:
        """Say it in a few words."""

    def apply(self, problem: Problem) -> Problem:
        """Return the problem as it would be."""


@dataclass(frozen=True, slots=True)
class MoreVolunteers:
    """So many more volunteers in an area, each like one drawn by seed among those who are there.

    Without anybody there who has the skill, they live where its seniors live and are like the others elsewhere.
    """

    count: int
    area: int
    skill: int | None = None

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"{self.count} more volunteers in area {self.area}"

    def apply(self, problem: Problem) -> Problem:
        """Add them; their ids follow the largest that is there.

        Raises
        ------
        ValueError
            When the count is negative, or nobody has the skill anywhere.
        """
        who = problem.volunteers
        if not 0 <= self.count <= 100_000:
            message = f"0 to 100,000 volunteers can be added, not {self.count}."
            raise ValueError(message)
        able = np.ones(len(who), dtype=bool)
        if self.skill is not None:
            able = (who.skills >> np.uint64(self.skill) & np.uint64(1)).astype(bool)
        near = np.flatnonzero(able & (who.areas == self.area))
        models = near if len(near) else np.flatnonzero(able)
        if not len(models):
            message = "No volunteer has that skill, so nobody says what a new one would be like."
            raise ValueError(message)
        random = np.random.default_rng([problem.params.seed, self.area, self.count])
        like = models[random.integers(0, len(models), self.count)]
        columns = {name: np.append(getattr(who, name), getattr(who, name)[like]) for name in who.to_columns()}
        first = int(who.ids.max(initial=0)) + 1
        columns["ids"] = np.append(who.ids, np.arange(first, first + self.count))
        if not len(near):
            self._settle_in(problem, columns, random)
        return replace(problem, volunteers=Volunteers(**columns))

    def _settle_in(self, problem: Problem, columns: dict[str, Ints], random: np.random.Generator) -> None:
        """Give newcomers a place among the seniors of the area."""
        homes = np.flatnonzero(problem.needs.areas == self.area)
        if not len(homes) or not self.count:
            message = f"Nobody lives in area {self.area}, so newcomers have no place there."
            raise ValueError(message)
        drawn = homes[random.integers(0, len(homes), self.count)]
        columns["lats_deg"][-self.count :] = problem.needs.lats_deg[drawn]
        columns["lons_deg"][-self.count :] = problem.needs.lons_deg[drawn]
        columns["areas"][-self.count :] = self.area


@dataclass(frozen=True, slots=True)
class FewerVolunteers:
    """These volunteers are gone."""

    ids: tuple[int, ...]

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"without {len(self.ids)} volunteers"

    def apply(self, problem: Problem) -> Problem:
        """Take them away, and the pairs they stood in or were set to."""
        who, gone = problem.volunteers, np.array(self.ids, dtype=np.int64)
        stay = ~np.isin(who.ids, gone)
        left = {name: getattr(problem, name) for name in ("standing", "preset")}
        return replace(
            problem,
            volunteers=Volunteers(**{name: getattr(who, name)[stay] for name in who.to_columns()}),
            **{name: pairs[~np.isin(pairs[:, 1], gone)] for name, pairs in left.items()},
        )


@dataclass(frozen=True, slots=True)
class MorePlaces:
    """Every slot of a resource has so many places more (fewer when negative)."""

    resource_id: int
    places: int

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"{self.places:+d} places in each slot of resource {self.resource_id}"

    def apply(self, problem: Problem) -> Problem:
        """Change the places; none falls below 0, and wheelchair places stay within them."""
        slots = problem.slots
        places = np.where(slots.resource_ids == self.resource_id, slots.places + self.places, slots.places)
        places = np.maximum(0, places)
        return replace(problem, slots=replace(slots, places=places, wheelchairs=np.minimum(slots.wheelchairs, places)))


@dataclass(frozen=True, slots=True)
class Weigh:
    """A parameter of the engine has another value: a distance, a weight, a number of candidates."""

    name: str
    value: float

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"{self.name} = {self.value:g}"

    def apply(self, problem: Problem) -> Problem:
        """Set it.

        Raises
        ------
        ValueError
            When there is no such parameter.
        """
        kinds = {field.name: type(getattr(problem.params, field.name)) for field in fields(Params)}
        if self.name not in kinds or self.name in NOT_PARAMS:
            message = f"There is no parameter {self.name!r}; there are {', '.join(sorted(set(kinds) - NOT_PARAMS))}."
            raise ValueError(message)
        return replace(problem, params=replace(problem.params, **{self.name: kinds[self.name](self.value)}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a comparison."""

    name: str
    before: float
    after: float

    @property
    def difference(self) -> float:
        """After less before."""
        return round(self.after - self.before, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two plans side by side: what was changed, and every figure before and after."""

    changes: tuple[str, ...]
    before: Plan
    after: Plan
    rows: tuple[Row, ...]


def what_if(problem: Problem, changes: Sequence[Change], *, before: Plan | None = None) -> Comparison:
    """Solve the changed problem beside the real one, whose plan may be given.

    Unmet needs are also compared by area and skill, as ``unmet area 7 skill 0``.
    """
    changed = problem
    for change in changes:
        changed = change.apply(changed)
    before = solve(problem) if before is None else before
    after = solve(changed)
    rows = [
        Row(name=name, before=was, after=will)
        for (name, was), (_, will) in zip(
            count_figures(problem, before).rows(), count_figures(changed, after).rows(), strict=True
        )
    ]
    return Comparison(
        changes=tuple(str(change) for change in changes),
        before=before,
        after=after,
        rows=(*rows, *_unmet_rows((problem, before), (changed, after))),
    )


def _unmet_rows(before: tuple[Problem, Plan], after: tuple[Problem, Plan]) -> list[Row]:
    """Unmet needs of every area and skill in which either plan leaves one."""
    unmet: list[dict[tuple[int, int], int]] = []
    for problem, plan in (before, after):
        found = find_shortage(problem, plan)
        places = zip(found.areas.tolist(), found.skills.tolist(), strict=True)
        unmet.append(dict(zip(places, found.unmet.tolist(), strict=True)))
    was, will = unmet
    return [
        Row(name=f"unmet area {area} skill {skill}", before=was.get((area, skill), 0), after=will.get((area, skill), 0))
        for area, skill in sorted(was.keys() | will.keys())
        if was.get((area, skill), 0) or will.get((area, skill), 0)
    ]
