"""Who asks: the organisation or person of the token, and what it may do."""

import strawberry

from api.context import Info
from timebank.people.tables import Organisation as OrganisationRow


@strawberry.type(description="An organisation.")
class Organisation:
    """An organisation."""

    code: str = strawberry.field(description="Code of the organisation.")
    kind: str = strawberry.field(
        description="charity_office, social_organisation, charity, subdistrict_office, bureau, company or clinic."
    )
    name_zh: str = strawberry.field(description="Its name in Chinese.")
    name_en: str = strawberry.field(description="Its name in English.")


@strawberry.type(description="Who asks, by the token.")
class Viewer:
    """Who asks."""

    scopes: list[str] = strawberry.field(description="What the token may do, such as matches:read.")
    organisation: Organisation | None = strawberry.field(description="The organisation; empty for a person's token.")


def viewer(info: Info) -> Viewer:
    """Return who asks."""
    holder = info.context.holder
    row = info.context.session.get(OrganisationRow, holder.organisation_id) if holder.organisation_id else None
    shown = Organisation(code=row.code, kind=row.kind, name_zh=row.name_zh, name_en=row.name_en) if row else None
    return Viewer(scopes=sorted(holder.scopes), organisation=shown)
