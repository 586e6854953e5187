"""Places are given out: the engine decides between all who wait, and why is written down for each of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Row, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from timebank.bookings.notices import tell_desks
from timebank.bookings.reasons import ALL, DISTANCE, TIER, WAITING, Brought, Decision, reasons_of
from timebank.bookings.rules import Terms, terms_on
from timebank.bookings.steps import BOOKING, NEED, PLACE_NEED, REQUEST, move, needs_by_request, tell
from timebank.bookings.tables import PlaceDecision, PlaceRound
from timebank.core.clock import SHANGHAI, day_of
from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip, wait_turn
from timebank.core.errors import StoreBusy
from timebank.core.texts import Phrase
from timebank.ledger.refusals import broke
from timebank.needs.tables import NeedAlso, Service
from timebank.planning.places import Place, Weighed, Wish, waited_by_senior, weigh_places
from timebank.projects.projects import GIVE_PLACES

DECISION = table_of(PlaceDecision)
ALSO = table_of(NeedAlso)
LONGEST_DAYS = 366


class Decided(NamedTuple):
    """A round that was decided: its number (0 when nobody waited), who was placed, and who is on the list."""

    round_id: int
    placed: list[int]
    listed: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Party:
    """A request with its needs."""

    row: Row[Any]
    needs: tuple[int, ...]
    has_also: bool
    wish: Wish


def decide(
    session: Session,
    service: Service,
    *,
    actor: str,
    now: datetime,
    fresh: Sequence[int] = (),
    until: date | None = None,
) -> Decided:
    """Give out what is free of a service to those who wait, and to those in ``fresh``.

    With ``until`` it is a round: everybody who asked for days before that one is decided about too.
    Nobody who has a place is moved. Whoever is left without one is on the list, with the reason and their place on it.
    """
    wait_turn(session, GIVE_PLACES)
    terms, today = terms_on(session, service, day_of(now)), day_of(now)
    parties = _parties(session, service, terms, today, fresh, until)
    if not parties:
        return Decided(0, [], [])
    days = (today, min(today + timedelta(days=LONGEST_DAYS), _last_day(session, parties)))
    local = now.astimezone(SHANGHAI)
    weighed, first = _weigh(session, parties, days, local.hour * 60 + local.minute)
    given = {
        number: [place for need in party.needs for place in weighed.places[need]]
        for number, party in parties.items()
        if all(need in weighed.places for need in party.needs)
    }
    _book(session, parties, weighed, given)
    slots = {number: frozenset(place.slot_id for place in places) for number, places in given.items()}
    decisions = reasons_of([_brought(party, first) for party in parties.values()], slots, first.free)
    number = _store(session, service, days, weighed, decisions, actor, now)
    placed, listed = sorted(given), sorted(set(parties) - set(given))
    _tell(session, parties, placed, listed, number, actor=actor, now=now, is_round=until is not None)
    return Decided(number, placed, listed)


def _parties(
    session: Session, service: Service, terms: Terms, today: date, fresh: Sequence[int], until: date | None
) -> dict[int, _Party]:
    """Return who is to be decided about, by number: with the day from which on a place could still be used."""
    r = REQUEST.c
    considered = (r.status == "waiting") | r.id.in_(fresh)
    if until is not None:
        considered |= (r.status == "received") & (r.from_day < until)
    wanted = select(REQUEST).where(r.service_id == service.id, considered, r.to_day > today).order_by(r.id)
    rows = list(session.connection().execute(wanted))
    numbers = [row.id for row in rows]
    needs, asked_on = needs_by_request(session, numbers), {row.senior_id: day_of(row.received_at) for row in rows}
    waited = waited_by_senior(session, service.id or 0, asked_on, today)
    also = set(
        session.connection()
        .execute(select(PLACE_NEED.c.request_id).join(ALSO, ALSO.c.need_id == PLACE_NEED.c.need_id))
        .scalars()
    )
    soon = today + timedelta(days=terms.list_notice_days)
    return {
        row.id: _Party(
            row=row,
            needs=tuple(needs[row.id]),
            has_also=row.id in also,
            wish=Wish(today if row.is_short_notice else soon, waited[row.senior_id]),
        )
        for row in rows
    }


def _last_day(session: Session, parties: Mapping[int, _Party]) -> date:
    numbers = [need for party in parties.values() for need in party.needs]
    last: date = (
        session.connection().execute(select(func.max(NEED.c.to_day)).where(NEED.c.id.in_(numbers))).scalar_one()
    )
    return last


def _weigh(
    session: Session, parties: Mapping[int, _Party], days: tuple[date, date], minute: int
) -> tuple[Weighed, Weighed]:
    """Ask the engine until every series has all its weekdays or none; return the last answer and the first.

    Of those that could be given in part, the one that comes last on the list goes without, for its places may make
    another one whole.
    """
    left = set(parties)
    first: Weighed | None = None
    while True:
        wishes = {need: parties[number].wish for number in left for need in parties[number].needs}
        weighed = weigh_places(session, wishes, days, after_min=minute)
        first = first or weighed
        partly = [number for number in left if 0 < _count(parties[number], weighed) < len(parties[number].needs)]
        if not partly:
            return weighed, first
        left.remove(max(partly, key=lambda number: (_tier(parties[number], weighed), number)))


def _count(party: _Party, weighed: Weighed) -> int:
    return sum(need in weighed.places for need in party.needs)


def _tier(party: _Party, weighed: Weighed) -> tuple[int, int]:
    return min(weighed.claims[need].tier for need in party.needs), -party.wish.waited_days


def _brought(party: _Party, weighed: Weighed) -> Brought:
    """Put together what the needs of a request brought."""
    claims = [weighed.claims[need] for need in party.needs]
    metres = [claim.distance_m for claim in claims if claim.distance_m is not None]
    return Brought(
        request_id=party.row.id,
        tier=min(claim.tier for claim in claims),
        waited_days=party.wish.waited_days,
        distance_m=min(metres, default=None),
        suits=frozenset().union(*(claim.slots for claim in claims)),
        ready=frozenset().union(*(claim.ready for claim in claims))
        if all(claim.ready for claim in claims)
        else frozenset(),
        reason=next((claim.reason for claim in claims if claim.reason), ""),
        wheelchairs=party.row.wheelchairs,
        is_series=bool(party.row.weekdays),
        has_also=party.has_also,
    )


def _book(session: Session, parties: Mapping[int, _Party], weighed: Weighed, given: Mapping[int, list[Place]]) -> None:
    """Write the places down; one that was called off can be had again."""
    rows = [
        {"slot_id": place.slot_id, "need_id": need, "distance_m": place.distance_m, "status": "booked"}
        for number in given
        for need in parties[number].needs
        for place in weighed.places[need]
    ]
    if rows:
        connection = session.connection()
        booked = insert_or_skip(connection, BOOKING)
        again = {name: booked.excluded[name] for name in ("distance_m", "status")}
        gate = booked.on_conflict_do_update(index_elements=["slot_id", "need_id"], set_=again)
        try:
            with session.begin_nested():
                connection.execute(gate, rows)
        except IntegrityError as fault:  # somebody spoke for the money since it was counted; the same again sees it
            if not broke(fault, "ck_project_state_budget"):
                raise
            raise StoreBusy(Phrase("store_locked")) from fault


def _store(
    session: Session,
    service: Service,
    days: tuple[date, date],
    weighed: Weighed,
    decisions: Iterable[Decision],
    actor: str,
    now: datetime,
) -> int:
    """Write the round and its reasons down; returns its number."""
    listed = list(decisions)
    row = PlaceRound(
        service_id=service.id or 0,
        from_day=days[0],
        to_day=days[1],
        asked=len(listed),
        given=sum(one.is_given for one in listed),
        status=weighed.status,
        objective=weighed.objective,
        bound=weighed.bound,
        decided_by=actor,
        decided_at=now,
    )
    session.add(row)
    session.flush()
    rows = [
        {
            "round_id": row.id,
            "request_id": one.brought.request_id,
            "is_given": one.is_given,
            "why": one.why,
            "position": one.position,
            "tier": one.brought.tier,
            "waited_days": one.brought.waited_days,
            "distance_m": one.brought.distance_m,
            "by_tier": one.ahead[TIER],
            "by_waiting": one.ahead[WAITING],
            "by_distance": one.ahead[DISTANCE],
            "by_all": one.ahead[ALL],
        }
        for one in listed
    ]
    session.connection().execute(insert(DECISION), rows)
    return row.id or 0


def _tell(
    session: Session,
    parties: Mapping[int, _Party],
    placed: list[int],
    listed: list[int],
    number: int,
    *,
    actor: str,
    now: datetime,
    is_round: bool,
) -> None:
    """Move the requests and tell the desks whom to call: not whoever asks just now, for they are told at once."""
    waited = {one for one, party in parties.items() if party.row.status == "waiting"}
    newly = [one for one in listed if one not in waited]
    move(session, placed, "placed")
    move(session, newly, "waiting")
    tell(session, placed, "placed", actor=actor, now=now)
    tell(session, newly, "listed", actor=actor, now=now)
    called = [one for one in placed if is_round or one in waited]
    tell_desks(session, called, "placed", day=day_of(now), caused_by=number, now=now)
    if is_round:
        tell_desks(session, newly, "listed", day=day_of(now), caused_by=number, now=now)
