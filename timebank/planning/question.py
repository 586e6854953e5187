"""What is to be planned: which days, whose needs, and what is weighed against a metre."""

from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import ColumnElement, Select, exists, or_, select

from matching.problem import Params
from timebank.core.columns import table_of
from timebank.needs.tables import Need, Service
from timebank.people.belonging import areas_of
from timebank.people.tables import Senior
from timebank.planning.in_force import DISTRICT
from timebank.projects.tables import Booking, Resource, Slot
from timebank.visits.life import VISIT

NEED = table_of(Need)
SERVICE = table_of(Service)
SENIOR = table_of(Senior)
BOOKING = table_of(Booking)
SLOT = table_of(Slot)
RESOURCE = table_of(Resource)
STANDARD = Params(change_m=500, waiting_m_per_day=50)
"""What a plan weighs unless it is asked otherwise: a pair that stands is worth 500 m, a day of waiting 50 m.

The longest wait that counts, a year, is worth less than a step of a service's priority.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be planned: the horizon, whose needs (empty: the whole district's), and the engine's params.

    ``served_by`` keeps to the needs that volunteers meet, or to those that slots do; empty is all of them.
    ``begun_on`` is given when the rest of a plan is mended: the first day of that plan. What was served since is not
    due again before its time. ``project_id`` asks for the places of one project alone, and for those who have no place
    in these days.
    """

    starts_on: date
    horizon_days: int
    organisation_id: int | None = None
    params: Params = field(default=STANDARD)
    begun_on: date | None = None
    served_by: str = ""
    project_id: int | None = None

    @property
    def scope(self) -> str:
        """``district`` or ``organisation:<id>``."""
        return DISTRICT if self.organisation_id is None else f"organisation:{self.organisation_id}"

    @property
    def ends_on(self) -> date:
        """First day after the horizon."""
        return date.fromordinal(self.starts_on.toordinal() + self.horizon_days)

    @property
    def days(self) -> tuple[date, date]:
        """The horizon, half-open."""
        return self.starts_on, self.ends_on


def needs_asked(question: Question) -> Select[tuple[int]]:
    """Return the query of the needs a question is about: open, of an active senior, with days in the horizon.

    A need that is met once is asked about until it was; what was missed or called off does not count.
    """
    asked = (
        select(NEED.c.id)
        .join(SENIOR, SENIOR.c.person_id == NEED.c.senior_id)
        .where(
            NEED.c.status == "open",
            SENIOR.c.status == "active",
            NEED.c.from_day < question.ends_on,
            or_(NEED.c.to_day.is_(None), NEED.c.to_day > question.starts_on),
            or_(NEED.c.frequency_kind != "once", ~_was_met(question.starts_on)),
        )
    )
    if question.project_id is not None:
        served = select(RESOURCE.c.service_id).where(RESOURCE.c.project_id == question.project_id)
        return asked.where(NEED.c.service_id.in_(served), ~_has_place(question))
    if question.served_by:
        given = select(SERVICE.c.id).where(SERVICE.c.served_by == question.served_by)
        asked = asked.where(NEED.c.service_id.in_(given))
    if question.organisation_id is None:
        return asked
    areas = areas_of(question.organisation_id)
    return asked.where(NEED.c.organisation_id == question.organisation_id, SENIOR.c.subdistrict_id.in_(areas))


def _has_place(question: Question) -> ColumnElement[bool]:
    """Whether a need has a place in the days of a question already."""
    return exists().where(
        BOOKING.c.need_id == NEED.c.id,
        BOOKING.c.status.in_(("booked", "used")),
        BOOKING.c.slot_id == SLOT.c.id,
        SLOT.c.day >= question.starts_on,
        SLOT.c.day < question.ends_on,
    )


def _was_met(day: date) -> ColumnElement[bool]:
    """Whether a need had a visit or a place before a day."""
    visited = exists().where(
        VISIT.c.need_id == NEED.c.id, VISIT.c.day < day, VISIT.c.status.not_in(("cancelled", "missed"))
    )
    booked = exists().where(
        BOOKING.c.need_id == NEED.c.id,
        BOOKING.c.status.in_(("booked", "used")),
        BOOKING.c.slot_id == SLOT.c.id,
        SLOT.c.day < day,
    )
    return visited | booked
