"""Figures of a district for a coordinator, counted from rows by SQL, so that a report always agrees with them."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, select, union
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.core.places import Place
from timebank.ledger.accounts import ACCOUNT, issued_min
from timebank.ledger.findings import Finding
from timebank.ledger.posting import TRANSFER
from timebank.ledger.reconcile import reconcile
from timebank.ledger.seals import sealed_count
from timebank.needs.tables import Need, Service
from timebank.people.tables import Area, Senior, SeniorCategory, Volunteer
from timebank.planning.tables import Pair, Plan, Unmet
from timebank.projects.tables import Booking
from timebank.visits.diary import count_by_status
from timebank.visits.life import VISIT

NEED, SERVICE, AREA, SENIOR, VOLUNTEER = map(table_of, (Need, Service, Area, Senior, Volunteer))
PAIR, UNMET, BOOKING, CATEGORY = map(table_of, (Pair, Unmet, Booking, SeniorCategory))
CENTRE_GRID_DEG = 0.005
"""A centre is told to this grid alone, about 500 m: the mean of a few homes could give one of them away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Street:
    """A sub-district: names, its centre on a coarse grid (degrees), how many seniors and volunteers live there."""

    area_id: int
    name_zh: str
    name_en: str
    centre: Place
    seniors: int
    volunteers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Needs of a service in a sub-district that the plan was asked for, and how many of them it leaves unmet."""

    area_id: int
    service: str
    service_zh: str
    service_en: str
    needs: int
    unmet: int

    @property
    def met(self) -> int:
        """Needs that the plan meets in full."""
        return self.needs - self.unmet


class Missing(NamedTuple):
    """Unmet needs of a service in a sub-district that have one reason."""

    reason: str
    area_id: int
    service: str
    needs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything a district's report shows. Distances in metres, times in minutes; ``engine`` is of the plan.

    ``ends_on`` is the first day after the plan; ``missing`` has the largest first.
    """

    plan_id: int
    starts_on: date
    ends_on: date
    status: str
    objective: int
    bound: int
    engine: dict[str, Any]
    streets: tuple[Street, ...]
    coverage: tuple[Coverage, ...]
    missing: tuple[Missing, ...]
    visits_by_status: dict[str, int]
    bookings_by_status: dict[str, int]
    served_min: int
    served_by_service: dict[str, int]
    issued_min: int
    transfers: int
    accounts: int
    sealed: int
    findings: tuple[Finding, ...]
    seniors_by_category: dict[str, int]


def district_figures(session: Session, plan_id: int, book_id: int) -> Figures:
    """Count everything for one plan and the book its visits are credited in."""
    plan = session.get_one(Plan, plan_id)
    connection = session.connection()
    return Figures(
        plan_id=plan_id,
        starts_on=plan.starts_on,
        ends_on=plan.starts_on + timedelta(days=plan.horizon_days),
        status=plan.status,
        objective=plan.objective,
        bound=plan.bound,
        engine=plan.figures,
        streets=streets_shown(session),
        coverage=_coverage(session, plan),
        missing=_missing(session, plan_id),
        visits_by_status=count_by_status(session, plan_id),
        bookings_by_status=_counts(session, BOOKING.c.status, BOOKING.c.plan_id == plan_id),
        served_min=int(
            connection.execute(
                select(func.coalesce(func.sum(VISIT.c.served_min), 0)).where(
                    VISIT.c.plan_id == plan_id, VISIT.c.status == "confirmed"
                )
            ).scalar_one()
        ),
        served_by_service=_served_by_service(session, plan_id),
        issued_min=issued_min(session, book_id),
        transfers=_count(session, select(func.count()).where(TRANSFER.c.book_id == book_id)),
        accounts=_count(session, select(func.count()).where(ACCOUNT.c.book_id == book_id, ACCOUNT.c.kind == "member")),
        sealed=sealed_count(session, book_id),
        findings=tuple(reconcile(session, book_id)),
        seniors_by_category=_counts(session, CATEGORY.c.category, CATEGORY.c.to_day.is_(None)),
    )


def _count(session: Session, wanted: Any) -> int:
    return int(session.connection().execute(wanted).scalar_one())


def _counts(session: Session, column: Any, *where: Any) -> dict[str, int]:
    rows = session.connection().execute(
        select(column, func.count()).where(*where).group_by(column).order_by(func.count().desc())
    )
    return {str(key): int(count) for key, count in rows}


def _served_by_service(session: Session, plan_id: int) -> dict[str, int]:
    """Confirmed visits and used places by service code."""
    served: dict[str, int] = {}
    for table, status in ((VISIT, "confirmed"), (BOOKING, "used")):
        wanted = (
            select(SERVICE.c.code, func.count())
            .join(NEED, NEED.c.service_id == SERVICE.c.id)
            .join(table, table.c.need_id == NEED.c.id)
            .where(table.c.plan_id == plan_id, table.c.status == status)
            .group_by(SERVICE.c.code)
        )
        for code, count in session.connection().execute(wanted):
            served[str(code)] = served.get(str(code), 0) + int(count)
    return served


def streets_shown(session: Session) -> tuple[Street, ...]:
    """Return the sub-districts where active seniors live, each with its middle on a coarse grid."""
    v = VOLUNTEER.c
    people = select(v.subdistrict_id, func.count().label("people")).where(v.status == "active")
    helpers = people.group_by(v.subdistrict_id).subquery()
    wanted = (
        select(
            AREA.c.id,
            AREA.c.name_zh,
            AREA.c.name_en,
            func.avg(SENIOR.c.lat_deg),
            func.avg(SENIOR.c.lon_deg),
            func.count(SENIOR.c.person_id),
            func.coalesce(func.max(helpers.c.people), 0),
        )
        .join(SENIOR, SENIOR.c.subdistrict_id == AREA.c.id)
        .outerjoin(helpers, helpers.c.subdistrict_id == AREA.c.id)
        .where(SENIOR.c.status == "active")
        .group_by(AREA.c.id, AREA.c.name_zh, AREA.c.name_en)
        .order_by(AREA.c.id)
    )
    return tuple(_street(tuple(row)) for row in session.connection().execute(wanted))


def _street(row: tuple[Any, ...]) -> Street:
    return Street(
        area_id=row[0],
        name_zh=row[1],
        name_en=row[2],
        centre=Place(_coarse(row[3]), _coarse(row[4])),
        seniors=int(row[5]),
        volunteers=int(row[6]),
    )


def _coarse(degrees: float) -> float:
    return round(round(degrees / CENTRE_GRID_DEG) * CENTRE_GRID_DEG, 3)


def _coverage(session: Session, plan: Plan) -> tuple[Coverage, ...]:
    """Needs that the plan was asked for, by sub-district and service, and the unmet among them.

    They are those the plan answered with a pair, a place or a reason: a need that came later is in none of them, and
    must not look as if it were met.
    """
    own = [select(table.c.need_id).where(table.c.plan_id == plan.id) for table in (PAIR, BOOKING, UNMET)]
    asked = union(*own).subquery()
    unmet = select(UNMET.c.need_id).where(UNMET.c.plan_id == plan.id).subquery()
    wanted = (
        select(
            SENIOR.c.subdistrict_id.label("area_id"),
            SERVICE.c.code.label("service"),
            SERVICE.c.name_zh.label("service_zh"),
            SERVICE.c.name_en.label("service_en"),
            func.count().label("needs"),
            func.count(unmet.c.need_id).label("unmet"),
        )
        .select_from(asked)
        .join(NEED, NEED.c.id == asked.c.need_id)
        .join(SERVICE, SERVICE.c.id == NEED.c.service_id)
        .join(SENIOR, SENIOR.c.person_id == NEED.c.senior_id)
        .outerjoin(unmet, unmet.c.need_id == NEED.c.id)
        .group_by(SENIOR.c.subdistrict_id, SERVICE.c.id, SERVICE.c.code, SERVICE.c.name_zh, SERVICE.c.name_en)
        .order_by(SENIOR.c.subdistrict_id, SERVICE.c.id)
    )
    rows = session.connection().execute(wanted).mappings()
    return tuple(Coverage(**row) for row in rows)


def _missing(session: Session, plan_id: int) -> tuple[Missing, ...]:
    needs = func.count().label("needs")
    wanted = (
        select(UNMET.c.reason, SENIOR.c.subdistrict_id, SERVICE.c.code, needs)
        .join(NEED, NEED.c.id == UNMET.c.need_id)
        .join(SERVICE, SERVICE.c.id == NEED.c.service_id)
        .join(SENIOR, SENIOR.c.person_id == NEED.c.senior_id)
        .where(UNMET.c.plan_id == plan_id)
        .group_by(UNMET.c.reason, SENIOR.c.subdistrict_id, SERVICE.c.code)
        .order_by(needs.desc(), UNMET.c.reason, SENIOR.c.subdistrict_id, SERVICE.c.code)
    )
    return tuple(Missing(*row) for row in session.connection().execute(wanted))
