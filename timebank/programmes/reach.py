"""The monthly visit rate: of everyone on the focus list, who was met this month, and who is still to be reached.

Source: national guidance on visiting care of October 2022 (every senior in special hardship is reached every month).
"""

from typing import Any, NamedTuple

from sqlalchemy import CompoundSelect, Row, Select, func, select
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.needs.tables import Need
from timebank.people.belonging import areas_of
from timebank.people.focus import on_focus
from timebank.people.tables import Area, Person, Senior
from timebank.programmes.greetings import CONTACT, HELD
from timebank.programmes.months import Month
from timebank.visits.life import VISIT

AREA, PERSON, SENIOR, NEED = map(table_of, (Area, Person, Senior, Need))
MOST = 100


class Rate(NamedTuple):
    """Seniors of the focus list of a sub-district, and how many of them were met in the month."""

    area_id: int
    code: str
    name_zh: str
    name_en: str
    seniors: int
    reached: int

    @property
    def share(self) -> float:
        """The visit rate; nobody to reach is a whole one."""
        return self.reached / self.seniors if self.seniors else 1.0


def reached_people(month: Month) -> CompoundSelect[Any]:
    """Return the query of the people who were met in a month: a visit of any service, or a contact without one."""
    v, c = VISIT.c, CONTACT.c
    visited = (
        select(NEED.c.senior_id)
        .join(VISIT, v.need_id == NEED.c.id)
        .where(v.day >= month.from_day, v.day < month.to_day, v.status.in_(HELD))
    )
    spoken = select(c.senior_id).where(c.day >= month.from_day, c.day < month.to_day)
    return visited.union(spoken)


def visit_rates(
    session: Session, month: Month, *, organisation_id: int | None = None, people: Select[Any] | None = None
) -> list[Rate]:
    """Return the visit rate of a month by sub-district, of an organisation's or of all, by code.

    ``people`` is a query of person ids; without it the list that the rules of focus give on the month's last day.
    """
    met = reached_people(month).subquery("met")
    reached = func.count(met.c[0])
    wanted = (
        select(AREA.c.id, AREA.c.code, AREA.c.name_zh, AREA.c.name_en, func.count(), reached)
        .select_from(SENIOR)
        .join(AREA, AREA.c.id == SENIOR.c.subdistrict_id)
        .outerjoin(met, met.c[0] == SENIOR.c.person_id)
        .where(*_listed(month, organisation_id, people))
        .group_by(AREA.c.id, AREA.c.code, AREA.c.name_zh, AREA.c.name_en)
        .order_by(AREA.c.code)
    )
    return [Rate(*row) for row in session.connection().execute(wanted)]


def _listed(month: Month, organisation_id: int | None, people: Select[Any] | None) -> list[Any]:
    listed = [
        SENIOR.c.status == "active",
        SENIOR.c.person_id.in_(on_focus(month.last_day) if people is None else people),
    ]
    if organisation_id is not None:
        own = areas_of(organisation_id)
        listed.append(SENIOR.c.subdistrict_id.in_(own))
    return listed


def to_reach(
    session: Session,
    month: Month,
    *,
    first: int,
    organisation_id: int | None = None,
    after: int = 0,
    street: str | None = None,
    people: Select[Any] | None = None,
    with_names: bool = False,
) -> list[Row[Any]]:
    """Return up to ``first`` (1 to 100) seniors of the focus list who are still to be reached, by number after one.

    Names are read only when they are asked for: whether the asker may is the caller's to know.
    """
    if not 1 <= first <= MOST:
        message = f"A page has 1 to {MOST} seniors, not {first}."
        raise ValueError(message)
    wanted = (
        select(
            SENIOR.c.person_id,
            SENIOR.c.external_ref.label("senior_ref"),
            AREA.c.code.label("area"),
            AREA.c.name_zh.label("area_zh"),
            AREA.c.name_en.label("area_en"),
            *([PERSON.c.name.label("name")] if with_names else []),
        )
        .join(AREA, AREA.c.id == SENIOR.c.committee_id)
        .where(*_listed(month, organisation_id, people), SENIOR.c.person_id > after)
        .where(SENIOR.c.person_id.not_in(reached_people(month)))
        .order_by(SENIOR.c.person_id)
    )
    if with_names:
        wanted = wanted.join(PERSON, PERSON.c.id == SENIOR.c.person_id)
    if street is not None:
        of_street = select(AREA.c.id).where(AREA.c.code == street).scalar_subquery()
        wanted = wanted.where(SENIOR.c.subdistrict_id == of_street)
    return list(session.connection().execute(wanted.limit(first)))
