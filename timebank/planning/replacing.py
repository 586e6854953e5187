"""What becomes of what stands when a plan is put into force: what gives way, what cannot be, what forbids it."""

from collections import Counter
from typing import Any

import numpy as np
from sqlalchemy import Row, delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from matching.plan import Plan as Answer
from matching.problem import Ints, Mask
from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip
from timebank.core.errors import WrongState
from timebank.ledger.refusals import broke
from timebank.needs.tables import Need
from timebank.people.tables import Senior, Volunteer
from timebank.planning.agreed import are_agreed
from timebank.planning.in_force import DISTRICT, PAIR, PLAN, needs_of
from timebank.planning.tables import Plan
from timebank.projects.tables import Booking, Project, Resource, Slot
from timebank.visits.life import VISIT

NEED, SENIOR, VOLUNTEER, SLOT = map(table_of, (Need, Senior, Volunteer, Slot))
BOOKING, RESOURCE, PROJECT = map(table_of, (Booking, Resource, Project))
NEEDS_A_QUERY = 5000
FOREVER = np.iinfo(np.int64).max
LONGEST_DAYS, MINUTES_A_DAY = 1000, 1440
"""Days that a plan and what stands ahead may reach, and minutes of a day: visits end within their day."""


def outdated(plan: Plan) -> WrongState:
    """Return the refusal of a plan whose hours or places others have taken since it was made."""
    return WrongState(kind="plan", key=str(plan.id), state="outdated", allowed="fresh")


def take_place(session: Session, plan: Plan) -> None:
    """Supersede the plans that this one replaces: of its scope, and every organisation's when it is the district's.

    Raises
    ------
    WrongState
        When one of them, or the district's plan under an organisation's, was made later.
    """
    published = PLAN.c.state == "published"
    is_district = plan.scope == DISTRICT
    older = published if is_district else published & (PLAN.c.scope == plan.scope)
    near = published if is_district else published & PLAN.c.scope.in_((plan.scope, DISTRICT))
    connection = session.connection()
    made = connection.execute(select(PLAN.c.created_at, PLAN.c.id).where(near)).all()
    if any(tuple(row) > (plan.created_at, plan.id) for row in made):
        raise WrongState(kind="plan", key=str(plan.id), state="superseded", allowed="proposed")
    connection.execute(update(PLAN).where(older).values(state="superseded"))


def clear(session: Session, plan: Plan, answer: Answer) -> None:
    """Take away planned visits and open bookings from the plan's first day on, of its needs and of older plans."""
    connection = session.connection()
    of_scope = select(PLAN.c.id).where(PLAN.c.scope == plan.scope)
    v, b = VISIT.c, BOOKING.c
    visits = (
        select(v.id)
        .where(v.status == "planned", v.day >= plan.starts_on)
        .where(or_(v.need_id.in_(needs_of(PLAN.c.id == plan.id)), v.plan_id.in_(of_scope)))
        .order_by(v.id)  # in the order in which a day's sheet locks them
        .with_for_update()
    )
    connection.execute(delete(VISIT).where(v.id.in_(visits)))
    ahead = (b.status == "booked") & b.slot_id.in_(select(SLOT.c.id).where(SLOT.c.day >= plan.starts_on))
    connection.execute(delete(BOOKING).where(ahead, b.plan_id.in_(of_scope)))
    needs = np.unique(np.concatenate((answer.bookings.need_ids, answer.unmet.need_ids))).tolist()
    for start in range(0, len(needs), NEEDS_A_QUERY):
        connection.execute(delete(BOOKING).where(ahead, b.need_id.in_(needs[start : start + NEEDS_A_QUERY])))


def visits_that_can_be(session: Session, plan: Plan, answer: Answer) -> Mask:
    """Tell of every visit whether its need is still open on its day, and everyone who comes is active and agreed."""
    active = session.connection().execute(select(VOLUNTEER.c.person_id).where(VOLUNTEER.c.status == "active"))
    people = np.fromiter(active.scalars(), dtype=np.int64)
    visits = answer.visits
    days = plan.starts_on.toordinal() + visits.days
    can_be = _are_open(session, visits.need_ids, days) & np.isin(visits.volunteer_ids, people)
    can_be &= are_agreed(session, visits.need_ids, visits.volunteer_ids)
    together = visits.need_ids * LONGEST_DAYS + visits.days
    return np.asarray(can_be & ~np.isin(together, together[~can_be]), dtype=bool)


def _are_open(session: Session, need_ids: Ints, days: Ints) -> Mask:
    """Tell of each need whether it is open on a day (ordinals), and its senior active."""
    wanted = (
        select(NEED.c.id, NEED.c.to_day)
        .join(SENIOR, SENIOR.c.person_id == NEED.c.senior_id)
        .where(NEED.c.status == "open", SENIOR.c.status == "active")
        .order_by(NEED.c.id)
    )
    rows = session.connection().execute(wanted).all()
    if not rows:
        return np.zeros(len(need_ids), dtype=bool)
    ids = np.array([row.id for row in rows], dtype=np.int64)
    ends = np.array([row.to_day.toordinal() if row.to_day else FOREVER for row in rows], dtype=np.int64)
    at = np.minimum(np.searchsorted(ids, need_ids), len(ids) - 1)
    return np.asarray((ids[at] == need_ids) & (days < ends[at]), dtype=bool)


def refuse_double_hours(session: Session, plan: Plan) -> None:
    """Refuse when a volunteer would be in two places: a visit of another plan stands at the same time.

    Raises
    ------
    WrongState
        When there is one.
    """
    v = VISIT.c
    people = select(PAIR.c.volunteer_id).where(PAIR.c.plan_id == plan.id)
    ahead = select(v.volunteer_id, v.day, v.starts_min, v.planned_min).where(
        v.day >= plan.starts_on, v.status == "planned"
    )
    others = _hours(session, plan, ahead.where(v.plan_id != plan.id, v.volunteer_id.in_(people)))
    if not len(others):
        return
    mine = _hours(session, plan, ahead.where(v.plan_id == plan.id))
    mine = mine[np.argsort(mine[:, 0])]
    before = np.searchsorted(mine[:, 0], others[:, 1]) - 1  # the last of mine that begins before the other ends
    if (mine[before[before >= 0], 1] > others[before >= 0, 0]).any():
        raise outdated(plan)


def _hours(session: Session, plan: Plan, visits: Any) -> Ints:
    """Return begin and end of visits, shape (n, 2), on a clock of minutes on which nobody shares a day with another."""
    rows = [
        ((who * LONGEST_DAYS + (day - plan.starts_on).days) * MINUTES_A_DAY + starts, minutes)
        for who, day, starts, minutes in session.connection().execute(visits)
    ]
    hours = np.array(rows, dtype=np.int64).reshape(-1, 2)
    return np.column_stack((hours[:, 0], hours.sum(axis=1)))


def book_places(session: Session, plan: Plan, answer: Answer) -> int:
    """Store the bookings that can still be, never more than a slot has places; returns how many.

    A place that a need has used or missed already is not given again, one that was cancelled is booked anew.

    Raises
    ------
    WrongState
        When others have taken places since the plan was made.
    """
    connection, asked = session.connection(), answer.bookings
    slots = {row.id: row for row in connection.execute(_places(plan))}
    days = np.array(
        [slots[n].day.toordinal() if n in slots else FOREVER for n in asked.slot_ids.tolist()], dtype=np.int64
    )
    can_be = _are_open(session, asked.need_ids, days).tolist()
    standing = {(row.slot_id, row.need_id) for row in connection.execute(_standing(plan))}
    columns = (asked.need_ids.tolist(), asked.slot_ids.tolist(), asked.distances_m.tolist(), can_be)
    rows = [
        {"plan_id": plan.id, "need_id": need, "slot_id": slot, "distance_m": metres, "status": "booked"}
        for need, slot, metres, is_open in zip(*columns, strict=True)
        if is_open and (slot, need) not in standing
    ]
    new = [(row["slot_id"], row["need_id"]) for row in rows]
    if _is_overfull(session, slots, [*standing, *new], {slot for slot, _ in new}):
        raise outdated(plan)
    if rows:
        booked = insert_or_skip(connection, BOOKING)
        again = {name: booked.excluded[name] for name in ("plan_id", "distance_m", "status")}
        gate = booked.on_conflict_do_update(index_elements=["slot_id", "need_id"], set_=again)
        try:
            with session.begin_nested():
                connection.execute(gate, rows)
        except IntegrityError as fault:  # the database keeps what places cost a budget, and refuses more than it holds
            if not broke(fault, "ck_project_state_budget"):
                raise
            raise outdated(plan) from fault
    return len(rows)


def _is_overfull(session: Session, slots: dict[int, Row[Any]], taken: list[tuple[int, int]], asked: set[int]) -> bool:
    """Tell whether one of the slots asked for would have more seniors, or wheelchairs, than places."""
    rolling = set(session.connection().execute(select(NEED.c.id).where(NEED.c.wheelchairs > 0)).scalars())
    places = Counter(slot for slot, _ in taken)
    chairs = Counter(slot for slot, need in taken if need in rolling)
    return any(places[slot] > slots[slot].places or chairs[slot] > slots[slot].wheelchairs for slot in asked)


def _places(plan: Plan) -> Any:
    """Return the query of the slots of running projects from the plan's first day on."""
    return (
        select(
            SLOT.c.id,
            SLOT.c.day,
            SLOT.c.places,
            SLOT.c.wheelchairs,
        )
        .join(RESOURCE, RESOURCE.c.id == SLOT.c.resource_id)
        .join(PROJECT, PROJECT.c.id == RESOURCE.c.project_id)
        .where(PROJECT.c.status == "running", SLOT.c.day >= plan.starts_on)
    )


def _standing(plan: Plan) -> Any:
    """Return the query of the places that are taken in these slots."""
    running = _places(plan).with_only_columns(SLOT.c.id)
    return select(BOOKING.c.slot_id, BOOKING.c.need_id).where(
        BOOKING.c.status != "cancelled", BOOKING.c.is_freed == 0, BOOKING.c.slot_id.in_(running)
    )
