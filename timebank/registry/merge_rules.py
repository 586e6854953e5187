"""What two registrations must not break when they become one: each rule is a query, and names the rows in the way."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.ledger.accounts import ACCOUNT
from timebank.needs.tables import Need, Service
from timebank.people.tables import NeverTogether, Person, Senior, Volunteer
from timebank.planning.in_force import PAIR, PLAN
from timebank.registry.refusals import MergeBreaksRule
from timebank.visits.tables import Visit

PERSON, SENIOR, VOLUNTEER, NEED, SERVICE, VISIT, NEVER = map(
    table_of, (Person, Senior, Volunteer, Need, Service, Visit, NeverTogether)
)
GONE = ("deceased", "moved_away", "merged")
MOST_NAMED = 5


def require_mergeable(session: Session, kept: int, merged: int, day: date) -> None:
    """Refuse a merge that would break a rule, naming the rule and the rows in the way.

    Raises
    ------
    MergeBreaksRule
        With what to end, release or correct first.
    """
    both = (kept, merged)
    for broken, wanted in (
        ("identities_differ", _identities(both)),
        ("has_left", _who_left(both)),
        ("account_frozen", _accounts(both, ACCOUNT.c.status == "frozen")),
        ("minutes_held", _accounts((merged,), ACCOUNT.c.held > 0)),
        ("same_need", _same_need(kept, merged)),
        ("pairs_of_one_need", _pairs_of_one_need(kept, merged)),
        ("serves_oneself", _oneself(both, day)),
        ("never_together", _never(both, day)),
        ("same_hour", _same_hour(kept, merged, day)),
    ):
        rows = session.connection().execute(wanted.distinct().limit(MOST_NAMED + 1)).all()
        if rows:
            raise MergeBreaksRule(broken=broken, rows=_named(rows))


def _identities(both: tuple[int, int]) -> Select[Any]:
    """Two people who each have an identity number are two people."""
    one, other = PERSON.alias("one"), PERSON.alias("other")
    differ = and_(one.c.identity_lookup.is_not(None), other.c.identity_lookup.is_not(None))
    pair = select(one.c.id, other.c.id).join_from(one, other, differ)
    return pair.where(one.c.id == both[0], other.c.id == both[1])


def _who_left(both: tuple[int, int]) -> Select[Any]:
    seniors = select(SENIOR.c.external_ref).where(SENIOR.c.person_id.in_(both), SENIOR.c.status.in_(GONE))
    volunteers = select(VOLUNTEER.c.external_ref).where(VOLUNTEER.c.person_id.in_(both), VOLUNTEER.c.status.in_(GONE))
    refs = seniors.union(volunteers).subquery()
    return select(refs.c.external_ref)


def _accounts(people: tuple[int, ...], where: Any) -> Select[Any]:
    return select(ACCOUNT.c.code).where(ACCOUNT.c.person_id.in_(people), ACCOUNT.c.kind == "member", where)


def _same_need(kept: int, merged: int) -> Select[Any]:
    """Both need the same service in the same days: each has a pair of its own, and one of them must end first."""
    one, other = NEED.alias("one"), NEED.alias("other")
    days = and_(
        or_(one.c.to_day.is_(None), one.c.to_day > other.c.from_day),
        or_(other.c.to_day.is_(None), other.c.to_day > one.c.from_day),
    )
    same = and_(one.c.service_id == other.c.service_id, one.c.status != "closed", other.c.status != "closed", days)
    pair = select(one.c.external_ref, other.c.external_ref).join_from(one, other, same)
    return pair.where(one.c.senior_id == kept, other.c.senior_id == merged)


def _pairs_of_one_need(kept: int, merged: int) -> Select[Any]:
    """Two who come together to one need cannot be one."""
    one, other = PAIR.alias("one"), PAIR.alias("other")
    return (
        select(NEED.c.external_ref)
        .join(one, one.c.need_id == NEED.c.id)
        .join(other, and_(other.c.plan_id == one.c.plan_id, other.c.need_id == one.c.need_id))
        .join(PLAN, PLAN.c.id == one.c.plan_id)
        .where(one.c.volunteer_id == kept, other.c.volunteer_id == merged)
        .where(PLAN.c.state == "published", NEED.c.status != "closed")
    )


def _oneself(both: tuple[int, int], day: date) -> Select[Any]:
    """Nobody serves themselves."""
    planned = select(NEED.c.external_ref).join(VISIT, VISIT.c.need_id == NEED.c.id)
    return planned.where(NEED.c.senior_id.in_(both), VISIT.c.volunteer_id.in_(both), *_ahead(VISIT, day))


def _never(both: tuple[int, int], day: date) -> Select[Any]:
    """A volunteer whom one of them must never meet visits the other."""
    meets = and_(
        or_(NEED.c.senior_id == NEVER.c.senior_id, and_(NEED.c.senior_id.in_(both), NEVER.c.senior_id.in_(both))),
        or_(
            VISIT.c.volunteer_id == NEVER.c.volunteer_id,
            and_(VISIT.c.volunteer_id.in_(both), NEVER.c.volunteer_id.in_(both)),
        ),
    )
    touched = or_(NEVER.c.senior_id.in_(both), NEVER.c.volunteer_id.in_(both))
    planned = select(NEED.c.external_ref).join(VISIT, VISIT.c.need_id == NEED.c.id)
    return planned.join(NEVER, meets).where(touched, *_ahead(VISIT, day))


def _same_hour(kept: int, merged: int, day: date) -> Select[Any]:
    """Both are promised at the same hour."""
    one, other = VISIT.alias("one"), VISIT.alias("other")
    overlap = and_(
        one.c.day == other.c.day,
        one.c.starts_min < other.c.starts_min + other.c.planned_min,
        other.c.starts_min < one.c.starts_min + one.c.planned_min,
    )
    pair = select(one.c.day).join_from(one, other, overlap)
    return pair.where(
        one.c.volunteer_id == kept, other.c.volunteer_id == merged, *_ahead(one, day), *_ahead(other, day)
    )


def _ahead(visits: Any, day: date) -> tuple[Any, ...]:
    return visits.c.status == "planned", visits.c.day >= day


def _named(rows: Iterable[Any]) -> str:
    """Name the rows in the way, a few of many."""
    said = [" + ".join(str(part) for part in row) for row in rows]
    return ", ".join(said[:MOST_NAMED]) + (" ..." if len(said) > MOST_NAMED else "")
