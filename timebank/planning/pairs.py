"""Pairs and unmet needs of the plans in force, for an organisation's own sub-districts, with the reason of each."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, Select, Table, case, func, literal, or_, select, tuple_
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.core.texts import Locale, say
from timebank.needs.tables import Need, Service
from timebank.people.belonging import areas_of
from timebank.people.tables import Area, Senior, Volunteer
from timebank.planning.in_force import DISTRICT, PAIR, PLAN, UNMET, is_in_force
from timebank.planning.question import BOOKING

NEED, SERVICE, SENIOR, VOLUNTEER = map(table_of, (Need, Service, Senior, Volunteer))
AREA = table_of(Area)


def _scoped(wanted: Select[Any], table: Table, organisation_id: int, plan_id: int | None) -> Select[Any]:
    """Keep to the organisation's areas, and to the plan asked for if it may see it, or to what is in force."""
    scope = f"organisation:{organisation_id}"
    wanted = wanted.where(SENIOR.c.subdistrict_id.in_(areas_of(organisation_id)))
    if plan_id is None:
        return wanted.where(PLAN.c.scope.in_((DISTRICT, scope)), is_in_force(table))
    was_in_force = (PLAN.c.scope == DISTRICT) & (PLAN.c.state != "proposed")
    return wanted.where(PLAN.c.id == plan_id, (PLAN.c.scope == scope) | was_in_force)


def list_pairs(
    session: Session,
    organisation_id: int,
    *,
    first: int,
    after: tuple[int, ...] | None = None,
    plan_id: int | None = None,
    subdistrict: str | None = None,
    service: str | None = None,
) -> list[Row[Any]]:
    """Return up to ``first`` (1 to 100) pairs by plan, need and volunteer, after these three of the page before.

    Nobody is named: seniors and volunteers appear by their reference. ``from_day`` is the first day of the plan.
    """
    wanted = (
        select(
            PAIR,
            PLAN.c.starts_on.label("from_day"),
            SERVICE.c.code.label("service"),
            SERVICE.c.name_zh.label("service_zh"),
            SERVICE.c.name_en.label("service_en"),
            SENIOR.c.external_ref.label("senior_ref"),
            VOLUNTEER.c.external_ref.label("volunteer_ref"),
            AREA.c.name_zh.label("area_zh"),
            AREA.c.name_en.label("area_en"),
        )
        .join(PLAN, PLAN.c.id == PAIR.c.plan_id)
        .join(VOLUNTEER, VOLUNTEER.c.person_id == PAIR.c.volunteer_id)
    )
    wanted = _joined(wanted, PAIR)
    keys = (PAIR.c.plan_id, PAIR.c.need_id, PAIR.c.volunteer_id)
    return _page(session, wanted, PAIR, keys, organisation_id, first, after, plan_id, subdistrict, service)


def list_unmet(
    session: Session,
    organisation_id: int,
    *,
    first: int,
    after: tuple[int, ...] | None = None,
    plan_id: int | None = None,
    subdistrict: str | None = None,
    service: str | None = None,
) -> list[Row[Any]]:
    """Return up to ``first`` (1 to 100) unmet needs by plan and need, after these two of the page before."""
    wanted = select(
        UNMET,
        PLAN.c.starts_on.label("from_day"),
        SERVICE.c.code.label("service"),
        SERVICE.c.name_zh.label("service_zh"),
        SERVICE.c.name_en.label("service_en"),
        SENIOR.c.external_ref.label("senior_ref"),
        AREA.c.name_zh.label("area_zh"),
        AREA.c.name_en.label("area_en"),
    ).join(PLAN, PLAN.c.id == UNMET.c.plan_id)
    wanted = _joined(wanted, UNMET)
    keys = (UNMET.c.plan_id, UNMET.c.need_id)
    return _page(session, wanted, UNMET, keys, organisation_id, first, after, plan_id, subdistrict, service)


def _joined(wanted: Select[Any], table: Table) -> Select[Any]:
    return (
        wanted.join(NEED, NEED.c.id == table.c.need_id)
        .join(SERVICE, SERVICE.c.id == NEED.c.service_id)
        .join(SENIOR, SENIOR.c.person_id == NEED.c.senior_id)
        .join(AREA, AREA.c.id == SENIOR.c.subdistrict_id)
    )


def _page(
    session: Session,
    wanted: Select[Any],
    table: Table,
    keys: tuple[ColumnElement[int], ...],
    organisation_id: int,
    first: int,
    after: tuple[int, ...] | None,
    plan_id: int | None,
    subdistrict: str | None,
    service: str | None,
) -> list[Row[Any]]:
    if not 1 <= first <= 100:
        message = f"A page has 1 to 100 rows, not {first}."
        raise ValueError(message)
    wanted = _scoped(wanted, table, organisation_id, plan_id)
    if subdistrict is not None:
        wanted = wanted.where(AREA.c.code == subdistrict)
    if service is not None:
        wanted = wanted.where(SERVICE.c.code == service)
    if after is not None:
        wanted = wanted.where(tuple_(*keys) > tuple_(*(literal(part, BigInteger) for part in after)))
    return list(session.connection().execute(wanted.order_by(*keys).limit(first)))


def pair_reason(row: Row[Any], locale: Locale = "zh") -> str:
    """Write why this pair was made, in words."""
    key = "pair_nearest" if row.rank == 1 else "pair_reason"
    return say(key, locale, distance_m=row.distance_m, rank=row.rank, candidates=row.candidates)


def unmet_reason(row: Row[Any], locale: Locale = "zh") -> str:
    """Write why a need is unmet: the rule, and how many candidates each rule took away."""
    taken = "，".join if locale == "zh" else ", ".join
    counts = taken(f"{say(f'rule_{rule}', locale)} {count}" for rule, count in row.taken_by_rule.items() if count)
    return say(f"unmet_{row.reason}", locale, remaining=row.remaining) + (
        say("unmet_counts", locale, counts=counts) if counts else ""
    )


def shortage_rows(session: Session, area_ids: Select[Any]) -> list[Row[Any]]:
    """Count open needs by sub-district and service, for some sub-districts, and how many of them nobody meets.

    ``unmet`` are those that a plan in force leaves unmet, and those of which no plan speaks (``unplanned``): neither a
    pair nor a place stands for them.
    """
    left = select(UNMET.c.need_id).join(PLAN, PLAN.c.id == UNMET.c.plan_id).where(is_in_force(UNMET))
    paired = select(PAIR.c.need_id).join(PLAN, PLAN.c.id == PAIR.c.plan_id).where(is_in_force(PAIR))
    placed = (
        select(BOOKING.c.need_id)
        .join(PLAN, PLAN.c.id == BOOKING.c.plan_id)
        .where(PLAN.c.state == "published", BOOKING.c.status != "cancelled")
    )
    is_unplanned = NEED.c.id.not_in(left) & NEED.c.id.not_in(paired) & NEED.c.id.not_in(placed)
    wanted = (
        select(
            AREA.c.id.label("area_id"),
            AREA.c.code.label("area_code"),
            AREA.c.name_zh.label("area_zh"),
            AREA.c.name_en.label("area_en"),
            SERVICE.c.code.label("service"),
            SERVICE.c.name_zh.label("service_zh"),
            SERVICE.c.name_en.label("service_en"),
            func.count().label("needs"),
            func.sum(case((or_(NEED.c.id.in_(left), is_unplanned), 1), else_=0)).label("unmet"),
            func.sum(case((is_unplanned, 1), else_=0)).label("unplanned"),
        )
        .select_from(NEED)
        .join(SERVICE, SERVICE.c.id == NEED.c.service_id)
        .join(SENIOR, SENIOR.c.person_id == NEED.c.senior_id)
        .join(AREA, AREA.c.id == SENIOR.c.subdistrict_id)
        .where(NEED.c.status == "open", SENIOR.c.status == "active", AREA.c.id.in_(area_ids))
        .group_by(AREA.c.id, AREA.c.code, AREA.c.name_zh, AREA.c.name_en, SERVICE.c.id, SERVICE.c.code)
        .group_by(SERVICE.c.name_zh, SERVICE.c.name_en)
        .order_by(AREA.c.id, SERVICE.c.id)
    )
    return list(session.connection().execute(wanted))
