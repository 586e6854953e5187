"""Who gets a scarce place: some needs and the places that are free, decided by the engine, judged, with its reasons.

Other than a plan of the district, which says anew where everybody goes, this gives out what is free and moves nobody.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

import numpy as np
from sqlalchemy import func, select
from sqlmodel import Session

from matching import offers, slots
from matching.due import slot_slices
from matching.plan import Plan as Answer
from matching.problem import Problem
from matching.solve import solve
from matching.tables import MakeUp, Slots, Volunteers
from timebank.planning.before_rows import HELD, waiting_days
from timebank.planning.codes import Codes
from timebank.planning.columns import pairs
from timebank.planning.need_rows import Asked, load_also, load_needs, load_tiers, some_rows
from timebank.planning.person_rows import Traits, load_absences
from timebank.planning.question import BOOKING, NEED, SLOT, STANDARD, Question
from timebank.planning.rule_rows import load_suspensions
from timebank.planning.slot_rows import Open, load_budgets, load_slots, open_resources, slot_rows, taken_places

WAITING_M_PER_DAY = STANDARD.waiting_m_per_day
"""Metres that a day of waiting is worth when a place is given out."""


class Wish(NamedTuple):
    """From which day on a need may have a place, and how long its senior has waited for the service."""

    first_day: date
    waited_days: int


class Claim(NamedTuple):
    """What a need brings before a scarce place: its tier, its waiting, the way to the nearest slot that would suit.

    ``slots`` are those that suit it by every rule, free or not; ``ready`` those of them that were free with all that
    goes with them: what it takes at the same time, and every other date of a series. ``reason`` is why it has none,
    empty when it has one.
    """

    tier: int
    waited_days: int
    distance_m: int | None
    slots: frozenset[int]
    ready: frozenset[int]
    reason: str


class Place(NamedTuple):
    """A slot that a need was given, and the metres to it."""

    slot_id: int
    distance_m: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """The engine's answer: places and claims by need, what was free, and the proof."""

    places: dict[int, list[Place]]
    claims: dict[int, Claim]
    free: dict[int, tuple[int, int]]
    """Places, and places for a wheelchair, that were free before, by slot."""
    status: str
    objective: int
    bound: int


def weigh_places(
    session: Session, wishes: Mapping[int, Wish], days: tuple[date, date], *, after_min: int = 0
) -> Weighed:
    """Give out the places that are free within the days (half-open) to some needs, whatever their status is.

    On the first day slots begin at ``after_min`` (minute of the day) at the earliest: what is past is not given.
    """
    if not wishes:
        return Weighed(places={}, claims={}, free={}, status="OPTIMAL", objective=0, bound=0)
    problem = _problem(session, wishes, days, after_min)
    answer = solve(problem)
    return Weighed(
        places=_places(answer),
        claims=_claims(problem, answer, wishes),
        free={
            slot: (places, chairs)
            for slot, places, chairs in zip(
                problem.slots.ids.tolist(),
                problem.slots.places.tolist(),
                problem.slots.wheelchairs.tolist(),
                strict=True,
            )
        },
        status=answer.status.value,
        objective=answer.objective,
        bound=answer.bound,
    )


def _problem(session: Session, wishes: Mapping[int, Wish], days: tuple[date, date], after_min: int) -> Problem:
    """Read the rows; a suspended day is not made up, for a place is asked for on its day."""
    question = Question(starts_on=days[0], horizon_days=(days[1] - days[0]).days)
    chosen = select(NEED.c.id).where(NEED.c.id.in_(sorted(wishes)))
    seniors = select(NEED.c.senior_id).where(NEED.c.id.in_(sorted(wishes)))
    rows, also = some_rows(session, chosen), load_also(session, chosen)
    services = {row.service_id for row in rows} | {one for each in also.values() for one in each}
    ahead = (row for row in slot_rows(session, days) if row.day > days[0] or row.ends_min > after_min)
    offered = [row for row in ahead if row.service_id in services]
    codes = Codes(tuple(sorted(services)), (), ())
    asked = Asked(
        rows=rows,
        also=also,
        tiers=load_tiers(session, days[0], rows, seniors),
        waited={need: wish.waited_days for need, wish in wishes.items()},
        regular={},
        traits=Traits(()),
        open_to=_from_then_on(open_resources(session, days, rows, also), wishes),
        served_on={},
    )
    stopped = load_suspensions(session, question, codes)
    return Problem(
        starts_on=question.starts_on,
        horizon_days=question.horizon_days,
        needs=load_needs(asked, question, codes),
        volunteers=Volunteers.empty(),
        slots=_still(load_slots(offered, taken_places(session, days, set()), question, codes), after_min),
        bookable=pairs((need, resource) for need, each in asked.open_to.items() for resource in each.resources),
        absences=load_absences(session, days, (seniors,)),
        suspensions=replace(stopped, make_ups=np.full(len(stopped), int(MakeUp.DROP), dtype=np.int64)),
        budgets=load_budgets(session, offered, days, set()),
        params=question.params,
    )


def _still(offered: Slots, after_min: int) -> Slots:
    """Let slots of the first day begin now when they have begun."""
    begins = np.where(offered.days == 0, np.maximum(offered.starts_min, after_min), offered.starts_min)
    return replace(offered, starts_min=begins)


def _from_then_on(opened: dict[int, Open], wishes: Mapping[int, Wish]) -> dict[int, Open]:
    """Let a need use what is open to it from the day of its wish on; what begins after its end is nothing."""
    later = {
        need: span._replace(first_day=max(span.first_day, wishes[need].first_day)) for need, span in opened.items()
    }
    return {need: span for need, span in later.items() if span.first_day < span.end_day}


def _places(answer: Answer) -> dict[int, list[Place]]:
    found: dict[int, list[Place]] = defaultdict(list)
    columns = (answer.bookings.need_ids, answer.bookings.slot_ids, answer.bookings.distances_m)
    for need, slot, metres in zip(*(column.tolist() for column in columns), strict=True):
        found[need].append(Place(slot, metres))
    return dict(found)


def _claims(problem: Problem, answer: Answer, wishes: Mapping[int, Wish]) -> dict[int, Claim]:
    """Return what every need brought; one whose days are over before they begin brought nothing that suits."""
    ids = problem.needs.ids.tolist()
    due = [(position, *part) for position in range(len(ids)) for part in slot_slices(problem, position)]
    table = np.array(due, dtype=np.int64).reshape(-1, 3)
    rows, suiting, metres = slots.find_places(problem, table[:, 0], table[:, 1:])
    suits: dict[int, set[int]] = defaultdict(set)
    nearest: dict[int, int] = {}
    for row, slot, metre in zip(rows.tolist(), suiting.tolist(), metres.tolist(), strict=True):
        need = ids[due[row][0]]
        suits[need].add(int(problem.slots.ids[slot]))
        nearest[need] = min(metre, nearest.get(need, metre))
    ready = _ready(problem)
    why = dict(zip(answer.unmet.need_ids.tolist(), (reason.value for reason in answer.unmet.reasons), strict=True))
    given = set(answer.bookings.need_ids.tolist())
    tiers = dict(zip(ids, problem.needs.tiers.tolist(), strict=True))
    return {
        need: Claim(
            tier=tiers.get(need, 0),
            waited_days=wish.waited_days,
            distance_m=nearest.get(need),
            slots=frozenset(suits[need]),
            ready=frozenset(ready[need]),
            reason="" if need in given else why.get(need, "availability"),
        )
        for need, wish in wishes.items()
    }


def _ready(problem: Problem) -> dict[int, set[int]]:
    """Return for every need its own slots that could be had before anybody was given one, with all that goes along."""
    found = offers.find_offers(problem)
    offered = problem.slots
    owners = found.units.needs[found.owners]
    is_own = offered.skills[found.slots] == problem.needs.skills[owners[found.rows]]
    chairs = problem.needs.wheelchairs[owners[found.rows]] * is_own
    is_free = (offered.places[found.slots] > 0) & (offered.wheelchairs[found.slots] >= chairs)
    broken = set(found.rows[~is_free].tolist())
    ready: dict[int, set[int]] = defaultdict(set)
    for row, slot in zip(found.rows[is_own].tolist(), found.slots[is_own].tolist(), strict=True):
        if row not in broken:
            ready[int(problem.needs.ids[owners[row]])].add(int(offered.ids[slot]))
    return ready


def waited_by_senior(session: Session, service_id: int, since: Mapping[int, date], day: date) -> dict[int, int]:
    """Return for how many days seniors have waited for a service on a day: since their last place, or since they asked.

    ``since`` is the day on which each asked. A place that is still to be used before the day counts as had.
    """
    last = _last_places(session, service_id, since, day)
    return {senior: waiting_days(asked, last.get(senior), day) for senior, asked in since.items()}


def _last_places(session: Session, service_id: int, seniors: Iterable[int], day: date) -> dict[int, date]:
    last = (
        select(NEED.c.senior_id, func.max(SLOT.c.day))
        .join(BOOKING, BOOKING.c.need_id == NEED.c.id)
        .join(SLOT, SLOT.c.id == BOOKING.c.slot_id)
        .where(NEED.c.service_id == service_id, NEED.c.senior_id.in_(sorted(seniors)))
        .where(BOOKING.c.status.in_(HELD), SLOT.c.day < day)
        .group_by(NEED.c.senior_id)
    )
    return {row[0]: row[1] for row in session.connection().execute(last)}
