"""Who waits for a place: needs that slots meet and that have none ahead, those who come first first."""

from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.core.errors import NotFound
from timebank.needs.tables import Service
from timebank.people.belonging import areas_of
from timebank.planning.before_rows import last_places, waiting_days
from timebank.planning.person_rows import categories_on, category_spans
from timebank.planning.priorities import priorities_on, tier_of
from timebank.planning.question import BOOKING, NEED, SENIOR, SLOT

SERVICE = table_of(Service)


class Waiting(NamedTuple):
    """A need that waits, with the tier it is of and the days since it was last served or began."""

    need_id: int
    need_ref: str
    senior_ref: str
    tier: int
    waited_days: int


def waiting_list(
    session: Session, service: str, *, day: date, first: int, organisation_id: int | None = None
) -> list[Waiting]:
    """Return up to ``first`` (1 to 100) open needs of a service without a place from a day on.

    They come by tier, then by days of waiting, then by number: the order in which a scarce place would be theirs, but
    for how far they live. An organisation sees those of its sub-districts.

    Raises
    ------
    NotFound
        When slots give no such service.
    """
    if not 1 <= first <= 100:
        message = f"A page has 1 to 100 who wait, not {first}."
        raise ValueError(message)
    known = session.connection().execute(
        select(SERVICE.c.id).where(SERVICE.c.code == service, SERVICE.c.served_by == "slot")
    )
    number = known.scalar()
    if number is None:
        raise NotFound(kind="service", key=service)
    ahead = (
        select(BOOKING.c.need_id)
        .join(SLOT, SLOT.c.id == BOOKING.c.slot_id)
        .where(BOOKING.c.status == "booked", SLOT.c.day >= day)
    )
    wanted = (
        select(NEED.c.id, NEED.c.external_ref, NEED.c.senior_id, NEED.c.from_day, SENIOR.c.external_ref.label("senior"))
        .join(SENIOR, SENIOR.c.person_id == NEED.c.senior_id)
        .where(NEED.c.service_id == number, NEED.c.status == "open", SENIOR.c.status == "active")
        .where(NEED.c.from_day <= day, (NEED.c.to_day.is_(None)) | (NEED.c.to_day > day), NEED.c.id.not_in(ahead))
    )
    if organisation_id is not None:
        wanted = wanted.where(SENIOR.c.subdistrict_id.in_(areas_of(organisation_id)))
    rows: list[Any] = list(session.connection().execute(wanted))
    last = last_places(session, day, wanted.with_only_columns(NEED.c.id))
    rules = priorities_on(session, day)
    held = category_spans(session, wanted.with_only_columns(NEED.c.senior_id)) if rules else {}
    found = [
        Waiting(
            row.id,
            row.external_ref,
            row.senior,
            tier_of(rules, number, categories_on(held.get(row.senior_id, ()), day)),
            waiting_days(row.from_day, last.get(row.id), day),
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (one.tier, -one.waited_days, one.need_id))[:first]
