"""Pairs and unmet needs of an organisation's sub-districts, with the reason of each; nobody is named."""

from typing import Any

import strawberry
from sqlalchemy import Row

from api.context import Info
from api.ids import cursor, decode_as, encode, read_cursor
from api.schema.connections import Connection, checked_first, page
from api.schema.scalars import InLocale, chosen
from timebank.planning.pairs import list_pairs, list_unmet, pair_reason, unmet_reason


@strawberry.input(description="Which rows are wanted; what is left out asks for nothing.")
class MatchFilter:
    """Which rows are wanted."""

    subdistrict: str | None = strawberry.field(default=None, description="Code of a sub-district.")
    service: str | None = strawberry.field(default=None, description="Code of a service, such as greeting.")
    plan: strawberry.ID | None = strawberry.field(default=None, description="A plan; without it, those in force.")


@strawberry.type(description="A senior's need and the volunteer who serves it.")
class Pair:
    """A senior's need and the volunteer who serves it."""

    id: strawberry.ID
    senior_ref: str
    volunteer_ref: str
    service: str
    distance_m: int
    rank: int = strawberry.field(description="Place of the volunteer among all who could come, 1 is nearest.")
    candidates: int = strawberry.field(description="How many could come.")
    row: strawberry.Private[Row[Any]]

    @strawberry.field(description="Name of the sub-district.")
    def subdistrict(self, info: Info, locale: InLocale = None) -> str:
        """Name the sub-district."""
        return str(self.row.area_zh if chosen(locale, info.context.locale) == "zh" else self.row.area_en)

    @strawberry.field(description="Why this volunteer, in words.")
    def reason(self, info: Info, locale: InLocale = None) -> str:
        """Say why."""
        return pair_reason(self.row, chosen(locale, info.context.locale))


@strawberry.type(description="How many candidates a rule took away.")
class TakenByRule:
    """How many candidates a rule took away."""

    rule: str
    count: int


@strawberry.type(description="A need that the plan leaves unmet.")
class UnmetNeed:
    """A need that the plan leaves unmet."""

    id: strawberry.ID
    senior_ref: str
    service: str
    code: str = strawberry.field(description="The rule that took the last candidate.")
    taken: list[TakenByRule]
    remaining: int = strawberry.field(description="Candidates that passed every rule and are full.")
    row: strawberry.Private[Row[Any]]

    @strawberry.field(description="Name of the sub-district.")
    def subdistrict(self, info: Info, locale: InLocale = None) -> str:
        """Name the sub-district."""
        return str(self.row.area_zh if chosen(locale, info.context.locale) == "zh" else self.row.area_en)

    @strawberry.field(description="Why, in words.")
    def reason(self, info: Info, locale: InLocale = None) -> str:
        """Say why."""
        return unmet_reason(self.row, chosen(locale, info.context.locale))


def _pair(row: Row[Any]) -> Pair:
    return Pair(
        id=strawberry.ID(encode("pair", row.plan_id, row.need_id)),
        senior_ref=row.senior_ref,
        volunteer_ref=row.volunteer_ref,
        service=row.service,
        distance_m=row.distance_m,
        rank=row.rank,
        candidates=row.candidates,
        row=row,
    )


def _unmet(row: Row[Any]) -> UnmetNeed:
    return UnmetNeed(
        id=strawberry.ID(encode("unmet", row.plan_id, row.need_id)),
        senior_ref=row.senior_ref,
        service=row.service,
        code=row.reason,
        taken=[TakenByRule(rule=rule, count=count) for rule, count in row.taken_by_rule.items() if count],
        remaining=row.remaining,
        row=row,
    )


def _asked(kind: str, first: int, after: str | None, where: MatchFilter | None) -> dict[str, Any]:
    """Read what both lists are asked with."""
    last = read_cursor(kind, after, 2)
    where = where or MatchFilter()
    return {
        "first": checked_first(first),
        "after": (last[0], last[1]) if last else None,
        "plan_id": decode_as("plan", where.plan)[0] if where.plan else None,
        "subdistrict": where.subdistrict,
        "service": where.service,
    }


def pairs(info: Info, first: int, after: str | None, where: MatchFilter | None) -> Connection[Pair]:
    """Return a page of pairs."""
    organisation = info.context.organisation("matches:read")
    rows = list_pairs(info.context.session, organisation, **_asked("pairs", first, after, where))
    return page(rows, first, _pair, lambda row: cursor("pairs", row.plan_id, row.need_id))


def unmet(info: Info, first: int, after: str | None, where: MatchFilter | None) -> Connection[UnmetNeed]:
    """Return a page of unmet needs."""
    organisation = info.context.organisation("matches:read")
    rows = list_unmet(info.context.session, organisation, **_asked("unmet", first, after, where))
    return page(rows, first, _unmet, lambda row: cursor("unmet", row.plan_id, row.need_id))
