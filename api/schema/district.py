"""What everyone may know of the district: sub-districts, services, and where hands are missing."""

import strawberry
from sqlmodel import col, select

from api.context import Info
from timebank.core.errors import NotAllowed
from timebank.needs.tables import Service as ServiceRow
from timebank.people.tables import Area as AreaRow
from timebank.planning.pairs import own_areas, shortage_rows


@strawberry.type(description="A sub-district.")
class Area:
    """A sub-district."""

    code: str
    name_zh: str
    name_en: str


@strawberry.type(description="An entry of the service catalogue.")
class Service:
    """An entry of the service catalogue."""

    code: str
    name_zh: str
    name_en: str
    minutes: int


@strawberry.type(description="Needs of a service in a sub-district, and how many the plans in force leave unmet.")
class Shortage:
    """Needs of a service in a sub-district."""

    subdistrict: Area
    service: str
    needs: int
    unmet: int


def areas(info: Info) -> list[Area]:
    """Return the sub-districts of the organisation that asks, or all for a person."""
    wanted = select(AreaRow).where(AreaRow.level == "subdistrict").order_by(col(AreaRow.id)).limit(500)
    if info.context.holder.organisation_id is not None:
        wanted = wanted.where(col(AreaRow.id).in_(own_areas(info.context.holder.organisation_id)))
    rows = info.context.session.exec(wanted)
    return [Area(code=row.code, name_zh=row.name_zh, name_en=row.name_en) for row in rows]


def services(info: Info) -> list[Service]:
    """Return the service catalogue."""
    rows = info.context.session.exec(select(ServiceRow).order_by(col(ServiceRow.id)).limit(500))
    return [Service(code=row.code, name_zh=row.name_zh, name_en=row.name_en, minutes=row.minutes) for row in rows]


def shortage(info: Info) -> list[Shortage]:
    """Return needs and unmet needs of the organisation's sub-districts."""
    context = info.context
    if not context.holder.scopes & {"projects:read", "matches:read"}:
        raise NotAllowed(action="shortage", needed="a token with the scope projects:read or matches:read")
    scope = "projects:read" if "projects:read" in context.holder.scopes else "matches:read"
    rows = shortage_rows(context.session, own_areas(context.organisation(scope)))
    return [
        Shortage(
            subdistrict=Area(code=row.area_code, name_zh=row.area_zh, name_en=row.area_en),
            service=row.service,
            needs=row.needs,
            unmet=row.unmet,
        )
        for row in rows
    ]
