"""Calendar feeds: a volunteer's visits under a secret address, which can be renewed and revoked.

The address is shown once and stored as its hash. It is made from the volunteer, the key of the request and a key of
the bank, so that a lost answer can be asked for again. It holds a family name with respect, the service and the
committee: no full name, no home.
"""

import base64
import hashlib
import hmac
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select, update
from sqlmodel import Session, col
from sqlmodel import select as pick

from timebank.core.clock import day_of, moment_at
from timebank.core.columns import table_of
from timebank.core.database import wait_turn
from timebank.core.errors import NotFound, WrongState
from timebank.core.keys import check_key
from timebank.core.personal_data import keyring
from timebank.core.texts import Phrase, say
from timebank.exchange.icalendar import Event, calendar
from timebank.exchange.identifiers import uid
from timebank.exchange.tables import CalendarFeed
from timebank.needs.tables import Need, Service
from timebank.people.tables import Area, Person, Senior, Volunteer
from timebank.planning.tables import Plan
from timebank.visits.life import EVENT, VISIT
from timebank.visits.sight import address_of_respect
from timebank.visits.tables import Visit

FEED = table_of(CalendarFeed)
BACK, AHEAD = timedelta(days=28), timedelta(days=62)
MOST_EVENTS = 1000
NOBODY = bytes(32)


class Issued(NamedTuple):
    """A feed and the secret of its address, which is told once."""

    feed: CalendarFeed
    secret: str


def renew_feed(session: Session, person_id: int, *, idempotency_key: str, now: datetime) -> Issued:
    """Give a volunteer a new secret address, and end the one before; the same key tells the same address again.

    Raises
    ------
    NotFound
        When there is no such volunteer.
    WrongState
        When the address of that key was ended since.
    WrongInput
        When the key is empty or too long.
    """
    check_key(idempotency_key)
    if session.get(Volunteer, person_id) is None:
        raise NotFound(kind="volunteer", key=str(person_id))
    wait_turn(session, f"calendar feed of {person_id}")
    secret = _secret(person_id, idempotency_key)
    same = pick(CalendarFeed).where(
        CalendarFeed.person_id == person_id, CalendarFeed.idempotency_key == idempotency_key
    )
    stands = session.exec(same).first()
    if stands is not None and stands.revoked_at is not None:
        allowed = Phrase("allowed_new_key")
        raise WrongState(kind="calendar_feed", key=str(stands.id), state="revoked", allowed=allowed)
    if stands is not None:
        return Issued(stands, secret)
    revoke_feed(session, person_id, now=now)
    digest = _digest(secret)
    feed = CalendarFeed(person_id=person_id, digest=digest, idempotency_key=idempotency_key, issued_at=now)
    session.add(feed)
    session.flush()
    return Issued(feed, secret)


def revoke_feed(session: Session, person_id: int, *, now: datetime) -> bool:
    """End a volunteer's address at once; tells whether there was one."""
    live = (FEED.c.person_id == person_id, FEED.c.revoked_at.is_(None))
    return bool(session.connection().execute(update(FEED).where(*live).values(revoked_at=now)).rowcount)


def feed_of(session: Session, person_id: int) -> CalendarFeed | None:
    """Return the live feed of a volunteer, if there is one; its secret is not known any more."""
    live = pick(CalendarFeed).where(FEED.c.person_id == person_id, FEED.c.revoked_at.is_(None))
    return session.exec(live).first()


def read_feed(session: Session, secret: str, *, now: datetime) -> bytes | None:
    """Return the calendar behind a secret; nothing for one that is wrong or ended.

    A wrong secret does the same work as a right one up to the comparison of hashes, whatever it looks like.
    """
    digest = _digest(secret)
    row = session.exec(pick(CalendarFeed).where(FEED.c.digest == digest)).first()
    is_right = hmac.compare_digest(digest, row.digest if row else NOBODY)
    if row is None or not is_right or row.revoked_at is not None:
        return None
    return calendar(say("calendar_name", "zh"), events_of(session, row.person_id, day=day_of(now)))


def events_of(session: Session, volunteer_id: int, *, day: date) -> list[Event]:
    """Return the visits of a volunteer from four weeks before a day to two months after, cancelled ones as such."""
    changes = (
        select(EVENT.c.visit_id, func.count().label("times"), func.max(EVENT.c.happened_at).label("last"))
        .group_by(EVENT.c.visit_id)
        .where(EVENT.c.visit_id.in_(select(VISIT.c.id).where(VISIT.c.volunteer_id == volunteer_id)))
        .subquery()
    )
    committee, street = table_of(Area).alias("committee"), table_of(Area).alias("street")
    wanted = (
        select(
            Visit,
            Person,
            col(Service.name_zh),
            street.c.name_zh,
            committee.c.name_zh,
            col(Plan.created_at),
            func.coalesce(changes.c.times, 0),
            changes.c.last,
        )
        .join(Need, col(Need.id) == col(Visit.need_id))
        .join(Service, col(Service.id) == col(Need.service_id))
        .join(Senior, col(Senior.person_id) == col(Need.senior_id))
        .join(Person, col(Person.id) == col(Senior.person_id))
        .join(street, street.c.id == col(Senior.subdistrict_id))
        .join(committee, committee.c.id == col(Senior.committee_id))
        .join(Plan, col(Plan.id) == col(Visit.plan_id))
        .outerjoin(changes, changes.c.visit_id == col(Visit.id))
        .where(VISIT.c.volunteer_id == volunteer_id, VISIT.c.day >= day - BACK, VISIT.c.day < day + AHEAD)
        .order_by(VISIT.c.day, VISIT.c.starts_min, VISIT.c.id)
        .limit(MOST_EVENTS)
    )
    return [_event(*row) for row in session.execute(wanted)]


def _event(
    visit: Visit,
    senior: Person,
    service: str,
    street: str,
    committee: str,
    made_at: datetime,
    changes: int,
    changed_at: datetime | None,
) -> Event:
    return Event(
        uid=uid("visit", visit.id or 0),
        sequence=changes,
        changed_at=changed_at or made_at,
        starts_at=moment_at(visit.day, visit.starts_min),
        ends_at=moment_at(visit.day, visit.starts_min + visit.planned_min),
        summary=f"{service} {address_of_respect(senior)}",
        location=f"{street} {committee}",
        is_cancelled=visit.status == "cancelled",
    )


def _secret(person_id: int, key: str) -> str:
    said = f"calendar\0{person_id}\0{key}".encode()
    return base64.urlsafe_b64encode(hmac.digest(keyring().lookup_key, said, "sha256")).decode().rstrip("=")


def _digest(secret: str) -> bytes:
    return hashlib.sha256(f"calendar {secret}".encode()).digest()
