"""The six facts of any visit, as they were: service, served, giver, place, day, start and end, with their evidence.

Giver, day, start, end and grade stand on the visit and stay. Service and served follow from its need, the place from
the senior's home; when one of those changes after a visit, the database keeps what it was (``need_before``,
``home_before``), so that a visit of March is not moved by a house that changed in May. The place is told as the
committee: nobody needs more than that to check an hour. What was served lies between check-in and check-out; the way
there is no part of it.
"""

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Row, Table, select
from sqlmodel import Session

from timebank.core.clock import moment_at
from timebank.core.columns import table_of
from timebank.core.errors import WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.needs.tables import Need, Service
from timebank.people.tables import Area, Senior
from timebank.visits.life import VISIT, visit_of
from timebank.visits.limits import STANDARD
from timebank.visits.refusals import TooEarly
from timebank.visits.tables import HomeBefore, NeedBefore, Visit, VisitStatement

NEED, SERVICE, SENIOR, AREA = map(table_of, (Need, Service, Senior, Area))
HOME_BEFORE, NEED_BEFORE, STATEMENT = map(table_of, (HomeBefore, NeedBefore, VisitStatement))


class Facts(NamedTuple):
    """What is known of a visit; moments and minutes are empty until they are known.

    ``stated_min_by_side`` holds the minutes that senior and organisation said, also when they differ.
    """

    visit_id: int
    service: str
    served_id: int
    giver_id: int
    place_zh: str
    place_en: str
    day: date
    began_at: datetime | None
    ended_at: datetime | None
    served_min: int | None
    evidence: str
    confirmed_by: str
    stated_min_by_side: dict[str, int]


def facts_of(session: Session, visit_id: int) -> Facts:
    """Return the facts of a visit as they were when it was held.

    Raises
    ------
    NotFound
        When there is no such visit.
    """
    visit = visit_of(session, visit_id)
    moment = visit.checked_in_at or moment_at(visit.day, visit.starts_min)
    need = _as_it_was(session, NEED_BEFORE, NEED_BEFORE.c.need_id == visit.need_id, moment)
    need = need or session.connection().execute(select(NEED).where(NEED.c.id == visit.need_id)).one()
    home = _as_it_was(session, HOME_BEFORE, HOME_BEFORE.c.senior_id == need.senior_id, moment)
    home = home or session.connection().execute(select(SENIOR).where(SENIOR.c.person_id == need.senior_id)).one()
    place = session.get_one(Area, home.committee_id)
    stated = select(STATEMENT.c.side, STATEMENT.c.minutes).where(STATEMENT.c.visit_id == visit_id)
    return Facts(
        visit_id=visit_id,
        service=session.get_one(Service, need.service_id).code,
        served_id=need.senior_id,
        giver_id=visit.volunteer_id,
        place_zh=place.name_zh,
        place_en=place.name_en,
        day=visit.day,
        began_at=visit.checked_in_at,
        ended_at=visit.checked_out_at,
        served_min=visit.served_min,
        evidence=visit.evidence,
        confirmed_by=visit.confirmed_by,
        stated_min_by_side={row.side: row.minutes for row in session.connection().execute(stated)},
    )


def _as_it_was(session: Session, past: Table, own: Any, moment: datetime) -> Row[Any] | None:
    """Return what stood until the first change after a moment; nothing when it stands still."""
    first = select(past).where(own, past.c.until_at > moment).order_by(past.c.until_at, past.c.id).limit(1)
    return session.connection().execute(first).first()


def trusted_moment(at: datetime, *, now: datetime, slack_min: int = STANDARD.clock_slack_min) -> datetime:
    """Return the moment that a telephone tells, or ours when its clock runs ahead by no more than the slack.

    A clock ten minutes fast would else keep its owner from checking in. One that is farther ahead is left as it is,
    and refused as a moment that has not come.
    """
    return min(at, now) if at <= now + timedelta(minutes=slack_min) else at


def check_out_past_midnight(
    session: Session,
    visit_id: int,
    *,
    volunteer_id: int,
    at: datetime,
    now: datetime,
    past_midnight_min: int = STANDARD.past_midnight_min,
) -> Visit:
    """End a visit that went on after midnight; its minutes count whole, on the day on which it began.

    Raises
    ------
    NotFound
        When it is not this volunteer's.
    TooEarly
        When ``at`` has not come.
    WrongInput
        When ``at`` is not after midnight, or later than the limit: somebody forgot to check out, and says so.
    WrongState
        When it was not checked in, or is past that.
    """
    visit = visit_of(session, visit_id, volunteer_id=volunteer_id)
    if at > now:
        raise TooEarly(visit_id=visit_id, day=visit.day.isoformat())
    midnight = moment_at(visit.day, 1440)
    if not midnight <= at <= midnight + timedelta(minutes=past_midnight_min):
        right = Phrase("right_past_midnight", moment=midnight.isoformat(), most=past_midnight_min)
        raise WrongInput(field="checked_out_at", value=at.isoformat(), right=right)
    if visit.checked_in_at is None:
        raise WrongState(kind="visit", key=str(visit_id), state=visit.status, allowed="checked_in")
    served = int((at - visit.checked_in_at).total_seconds() // 60)
    values = {"status": "checked_out", "checked_out_at": at, "served_min": served}
    where = (VISIT.c.id == visit_id, VISIT.c.status == "checked_in")
    is_new = session.connection().execute(VISIT.update().where(*where).values(**values)).rowcount == 1
    visit = visit_of(session, visit_id)
    if not is_new and (visit.status, visit.checked_out_at) != ("checked_out", at):
        raise WrongState(kind="visit", key=str(visit_id), state=visit.status, allowed="checked_in")
    return visit
