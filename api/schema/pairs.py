"""Pairs and unmet needs of an organisation's sub-districts, with the reason of each; nobody is named."""

from collections.abc import Callable
from datetime import date
from typing import Any

import strawberry
from sqlalchemy import Row

from api.context import Info
from api.ids import decode_as, encode
from api.schema.connections import Connection, Key, page
from api.schema.scalars import InLocale, chosen
from timebank.planning.pairs import list_pairs, list_unmet, pair_reason, unmet_reason

Rows = list[Row[Any]]
FROM_DAY = "First day of its plan, from which it counts."


@strawberry.input(description="Which rows are wanted; what is left out asks for nothing.")
class MatchFilter:
    """Which rows are wanted."""

    subdistrict: str | None = strawberry.field(default=None, description="Code of a sub-district.")
    service: str | None = strawberry.field(default=None, description="Code of a service, such as greeting.")
    plan: strawberry.ID | None = strawberry.field(default=None, description="A plan; without it, those in force.")


@strawberry.type(description="A senior's need and the volunteer who serves it.")
class Pair:
    """A senior's need and the volunteer who serves it."""

    id: strawberry.ID = strawberry.field(description="Id of the pair.")
    senior_ref: str = strawberry.field(description="Reference of the senior in the registry; nobody is named.")
    volunteer_ref: str = strawberry.field(description="Reference of the volunteer.")
    service: str = strawberry.field(description="Code of the service.")
    distance_m: int = strawberry.field(description="Metres on foot between their places.")
    rank: int = strawberry.field(description="Place of the volunteer among all who could come, 1 is nearest.")
    candidates: int = strawberry.field(description="How many could come.")
    plan_id: strawberry.ID = strawberry.field(description="Id of the plan it is of.")
    from_day: date = strawberry.field(description=FROM_DAY)
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

    rule: str = strawberry.field(description="Name of the rule, such as distance.")
    count: int = strawberry.field(description="Candidates that it took away.")


@strawberry.type(description="A need that the plan leaves unmet.")
class UnmetNeed:
    """A need that the plan leaves unmet."""

    id: strawberry.ID = strawberry.field(description="Id of the unmet need.")
    senior_ref: str = strawberry.field(description="Reference of the senior in the registry; nobody is named.")
    service: str = strawberry.field(description="Code of the service.")
    code: str = strawberry.field(description="The rule that took the last candidate.")
    taken: list[TakenByRule] = strawberry.field(description="Every rule that took candidates away.")
    remaining: int = strawberry.field(description="Candidates that passed every rule and are full.")
    plan_id: strawberry.ID = strawberry.field(description="Id of the plan it is of.")
    from_day: date = strawberry.field(description=FROM_DAY)
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
        id=strawberry.ID(encode("pair", row.plan_id, row.need_id, row.volunteer_id)),
        senior_ref=row.senior_ref,
        volunteer_ref=row.volunteer_ref,
        service=row.service,
        distance_m=row.distance_m,
        rank=row.rank,
        candidates=row.candidates,
        plan_id=strawberry.ID(encode("plan", row.plan_id)),
        from_day=row.from_day,
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
        plan_id=strawberry.ID(encode("plan", row.plan_id)),
        from_day=row.from_day,
        row=row,
    )


def _reader(info: Info, rows_of: Callable[..., Rows], where: MatchFilter | None) -> Callable[[int, Key | None], Rows]:
    """Return what reads a page of rows, of the organisation's sub-districts alone."""
    organisation = info.context.organisation("matches:read")
    where = where or MatchFilter()
    plan = decode_as("plan", where.plan)[0] if where.plan else None

    def read(count: int, last: Key | None) -> Rows:
        return rows_of(
            info.context.session,
            organisation,
            first=count,
            after=tuple(last) if last else None,
            plan_id=plan,
            subdistrict=where.subdistrict,
            service=where.service,
        )

    return read


def _key(row: Row[Any]) -> Key:
    return row.plan_id, row.need_id


def _pair_key(row: Row[Any]) -> Key:
    return row.plan_id, row.need_id, row.volunteer_id


def pairs(info: Info, first: int, after: str | None, where: MatchFilter | None) -> Connection[Pair]:
    """Return a page of pairs."""
    return page("pairs", first, after, parts=3, read=_reader(info, list_pairs, where), key=_pair_key, node=_pair)


def unmet(info: Info, first: int, after: str | None, where: MatchFilter | None) -> Connection[UnmetNeed]:
    """Return a page of unmet needs."""
    return page("unmet", first, after, parts=2, read=_reader(info, list_unmet, where), key=_key, node=_unmet)
