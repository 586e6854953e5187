"""A volunteer's own visits."""

from datetime import date, datetime
from typing import Self

import strawberry

from api.context import Info
from api.ids import cursor, encode, read_cursor
from api.schema.connections import Connection, checked_first, page
from api.schema.scalars import InLocale, chosen
from timebank.core.clock import day_of, moment_at
from timebank.needs.tables import Need, Service
from timebank.people.tables import Person, Senior
from timebank.visits import tables
from timebank.visits.diary import next_visits
from timebank.visits.sight import seen_by_volunteer

VisitRow = tuple[tables.Visit, Need, Service, Senior, Person, str, str]


@strawberry.type(description="A visit that is planned: one day, one senior, one service.")
class Visit:
    """A visit that is planned."""

    id: strawberry.ID
    day: date
    starts_at: datetime
    minutes: int
    status: str
    senior_ref: str
    senior_name: str = strawberry.field(description="Family name with a word of respect.")
    subdistrict: str
    committee: str
    address: str | None = strawberry.field(description="Seen from the day before the visit until it ends.")
    names: strawberry.Private[tuple[str, str]]

    @strawberry.field(description="The service, in words.")
    def service(self, info: Info, locale: InLocale = None) -> str:
        """Name the service."""
        return self.names[0 if chosen(locale, info.context.locale) == "zh" else 1]

    @classmethod
    def of(cls, row: VisitRow, now: datetime) -> Self:
        """Show a visit with the little its volunteer needs."""
        visit, _, service, senior, person, subdistrict, committee = row
        seen = seen_by_volunteer(visit, person, now=now)
        return cls(
            id=strawberry.ID(encode("visit", visit.id or 0)),
            day=visit.day,
            starts_at=moment_at(visit.day, visit.starts_min),
            minutes=visit.planned_min,
            status=visit.status,
            senior_ref=senior.external_ref,
            senior_name=seen.name,
            subdistrict=subdistrict,
            committee=committee,
            address=seen.address,
            names=(service.name_zh, service.name_en),
        )


def my_next_visits(info: Info, first: int, after: str | None) -> Connection[Visit]:
    """Return a page of the planned visits of the person who asks, from today on."""
    context = info.context
    person = context.person("visits:read")
    last = read_cursor("visits", after, 2)
    rows = next_visits(
        context.session,
        person,
        from_day=day_of(context.now),
        first=checked_first(first),
        after=(date.fromordinal(last[0]), last[1]) if last else None,
    )
    return page(
        rows,
        first,
        lambda row: Visit.of(row, context.now),
        lambda row: cursor("visits", row[0].day.toordinal(), row[0].id or 0),
    )
