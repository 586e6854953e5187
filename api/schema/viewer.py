"""Who asks: the organisation or person of the token, and what it may do."""

import strawberry

from api.context import Info
from timebank.people.tables import Organisation as OrganisationRow


@strawberry.type(description="An organisation.")
class Organisation:
    """An organisation."""

    code: str
    kind: str
    name_zh: str
    name_en: str


@strawberry.type(description="Who asks, by the token.")
class Viewer:
    """Who asks."""

    scopes: list[str]
    organisation: Organisation | None = strawberry.field(description="Empty for a person's token.")


def viewer(info: Info) -> Viewer:
    """Return who asks."""
    holder = info.context.holder
    row = info.context.session.get(OrganisationRow, holder.organisation_id) if holder.organisation_id else None
    shown = Organisation(code=row.code, kind=row.kind, name_zh=row.name_zh, name_en=row.name_en) if row else None
    return Viewer(scopes=sorted(holder.scopes), organisation=shown)
