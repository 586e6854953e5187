"""What everyone may know of the district: sub-districts, services, and where hands are missing."""

import strawberry
from sqlmodel import col, select

from api.context import Info
from timebank.needs.tables import Service as ServiceRow
from timebank.people.belonging import areas_of
from timebank.people.tables import Area as AreaRow
from timebank.planning.pairs import shortage_rows

MOST_LISTED = 500


@strawberry.type(description="A sub-district.")
class Area:
    """A sub-district."""

    code: str = strawberry.field(description="Code of the sub-district, nine digits.")
    name_zh: str = strawberry.field(description="Its name in Chinese.")
    name_en: str = strawberry.field(description="Its name in English.")


@strawberry.type(description="An entry of the service catalogue.")
class Service:
    """An entry of the service catalogue."""

    code: str = strawberry.field(description="Code of the service, such as greeting.")
    name_zh: str = strawberry.field(description="Its name in Chinese.")
    name_en: str = strawberry.field(description="Its name in English.")
    minutes: int = strawberry.field(description="How long it takes, usually.")


@strawberry.type(description="Needs of a service in a sub-district, and how many of them nobody meets.")
class Shortage:
    """Needs of a service in a sub-district."""

    subdistrict: Area = strawberry.field(description="The sub-district.")
    service: str = strawberry.field(description="Code of the service.")
    needs: int = strawberry.field(description="Open needs.")
    unmet: int = strawberry.field(
        description="Those of them that the plans in force leave unmet, and those of which no plan speaks."
    )


def areas(info: Info) -> list[Area]:
    """Return the sub-districts of the organisation that asks, or all for a person."""
    wanted = select(AreaRow).where(AreaRow.level == "subdistrict").order_by(col(AreaRow.id)).limit(MOST_LISTED)
    if info.context.holder.organisation_id is not None:
        wanted = wanted.where(col(AreaRow.id).in_(areas_of(info.context.holder.organisation_id)))
    rows = info.context.session.exec(wanted)
    return [Area(code=row.code, name_zh=row.name_zh, name_en=row.name_en) for row in rows]


def services(info: Info) -> list[Service]:
    """Return the service catalogue."""
    rows = info.context.session.exec(select(ServiceRow).order_by(col(ServiceRow.id)).limit(MOST_LISTED))
    return [Service(code=row.code, name_zh=row.name_zh, name_en=row.name_en, minutes=row.minutes) for row in rows]


def shortage(info: Info) -> list[Shortage]:
    """Return needs and unmet needs of the organisation's sub-districts."""
    context = info.context
    organisation = context.organisation("projects:read", "matches:read")
    rows = context.once("shortage", lambda: shortage_rows(context.session, areas_of(organisation)))
    return [
        Shortage(
            subdistrict=Area(code=row.area_code, name_zh=row.area_zh, name_en=row.area_en),
            service=row.service,
            needs=row.needs,
            unmet=row.unmet,
        )
        for row in rows
    ]
