"""A volunteer's own visits."""

from datetime import date, datetime
from typing import Self

import strawberry

from api.context import Info
from api.ids import encode, wrong_cursor
from api.schema.connections import Connection, page
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

    id: strawberry.ID = strawberry.field(description="Id of the visit.")
    day: date = strawberry.field(description="Day of the visit, in Shanghai.")
    starts_at: datetime = strawberry.field(description="When it starts, UTC.")
    minutes: int = strawberry.field(description="How long it is planned to take.")
    status: str = strawberry.field(description="planned, for every visit that is still ahead.")
    senior_ref: str = strawberry.field(description="Reference of the senior in the registry.")
    senior_name: str = strawberry.field(description="Family name with a word of respect.")
    subdistrict: str = strawberry.field(description="Name of the sub-district, in Chinese.")
    committee: str = strawberry.field(description="Name of the neighbourhood committee, in Chinese.")
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

    def read(count: int, last: tuple[int, ...] | None) -> list[VisitRow]:
        return next_visits(
            context.session,
            person,
            from_day=day_of(context.now),
            first=count,
            after=(_day(last[0], after), last[1], last[2]) if last else None,
        )

    return page(
        "visits",
        first,
        after,
        parts=3,
        read=read,
        key=lambda row: (row[0].day.toordinal(), row[0].starts_min, row[0].id or 0),
        node=lambda row: Visit.of(row, context.now),
    )


def _day(ordinal: int, cursor: str | None) -> date:
    try:
        return date.fromordinal(ordinal)
    except (ValueError, OverflowError):
        raise wrong_cursor(cursor or "") from None
