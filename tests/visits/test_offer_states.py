"""What may follow what between a request, its offers and its visit."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.needs.asking import DESK, NOW, TUESDAY, WEDNESDAY, events_of
from tests.visits.offering import offer, take
from tests.worlds import World
from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongState
from timebank.needs.requests import put_on_list, request_of, turn_away
from timebank.visits.endings import cancel_by, miss_by, withdraw_request
from timebank.visits.offers import Proposal, decline_offer, propose
from timebank.visits.refusals import OfferGone

ACTIONS: dict[str, Callable[[Session, World, int, int], object]] = {
    "put_on_list": lambda s, _w, _p, n: put_on_list(s, n, actor=DESK, now=NOW),
    "turn_away": lambda s, _w, _p, n: turn_away(s, n, actor=DESK, reason="重复", now=NOW),
    "propose": lambda s, w, _p, n: offer(s, w, n, "V1"),
    "accept": lambda s, w, p, n: take(w, p, "V1", _newest(s, n))(s),
    "decline": lambda s, w, _p, n: decline_offer(
        s, _newest(s, n), volunteer_id=w.volunteers["V1"], reason="有事", now=NOW
    ),
    "withdraw": lambda s, _w, _p, n: withdraw_request(s, n, actor="person:1", reason="不需要了", now=NOW),
}
PATHS: dict[str, tuple[str, ...]] = {
    "listed": (),
    "offered": ("propose",),
    "planned": ("propose", "accept"),
    "withdrawn": ("withdraw",),
    "listed again": ("propose", "decline"),
}
TABLE = {
    ("listed", "put_on_list"): "listed",
    ("listed", "turn_away"): "WrongState",
    ("listed", "propose"): "offered",
    ("listed", "accept"): "NotFound",
    ("listed", "decline"): "NotFound",
    ("listed", "withdraw"): "withdrawn",
    ("offered", "put_on_list"): "WrongState",
    ("offered", "turn_away"): "WrongState",
    ("offered", "propose"): "offered",
    ("offered", "accept"): "planned",
    ("offered", "decline"): "listed",
    ("offered", "withdraw"): "withdrawn",
    ("planned", "put_on_list"): "WrongState",
    ("planned", "turn_away"): "WrongState",
    ("planned", "propose"): "WrongState",
    ("planned", "accept"): "planned",
    ("planned", "decline"): "OfferGone",
    ("planned", "withdraw"): "withdrawn",
    ("withdrawn", "put_on_list"): "WrongState",
    ("withdrawn", "turn_away"): "WrongState",
    ("withdrawn", "propose"): "WrongState",
    ("withdrawn", "accept"): "NotFound",
    ("withdrawn", "decline"): "NotFound",
    ("withdrawn", "withdraw"): "withdrawn",
    ("listed again", "put_on_list"): "listed",
    ("listed again", "turn_away"): "WrongState",
    ("listed again", "propose"): "offered",
    ("listed again", "accept"): "OfferGone",
    ("listed again", "decline"): "listed",
    ("listed again", "withdraw"): "withdrawn",
}


def _newest(session: Session, number: int) -> int:
    newest = "SELECT coalesce(max(id), 0) FROM offer WHERE request_id = :number"
    return int(session.connection().execute(text(newest), {"number": number}).scalar_one())


def _result(session: Session, world: World, plan: int, number: int, action: str) -> str:
    attempt = session.begin_nested()
    try:
        ACTIONS[action](session, world, plan, number)
        return request_of(session, number).status
    except (NotFound, OfferGone, WrongState) as refusal:
        return refusal.code
    finally:
        attempt.rollback()
        session.expire_all()


@pytest.mark.parametrize("state", PATHS)
def test_every_action_in_every_state(engine: Engine, world: World, plan: int, request_number: int, state: str) -> None:
    """What may follow what is a table, and nothing else happens."""
    with transaction(engine) as session:
        for action in PATHS[state]:
            ACTIONS[action](session, world, plan, request_number)

        found = {(state, action): _result(session, world, plan, request_number, action) for action in ACTIONS}

        assert found == {key: result for key, result in TABLE.items() if key[0] == state}


@pytest.mark.parametrize(
    ("side", "after", "status"),
    [("giver", "listed", "open"), ("organisation", "listed", "open"), ("served", "withdrawn", "withdrawn")],
)
def test_called_off_visit_takes_its_request_along(
    engine: Engine, world: World, plan: int, request_number: int, side: str, after: str, status: str
) -> None:
    """When the giver cannot come somebody else is asked; when the senior calls off it is over."""
    with transaction(engine) as session:
        visit = take(world, plan, "V1", offer(session, world, request_number, "V1")[0])(session)

        for _ in range(2):
            cancel_by(session, visit.id or 0, side=side, actor="person:1", note="生病", now=NOW)

        assert request_of(session, request_number).status == after
        assert [event[0] for event in events_of(session, request_number)].count(after) == (
            2 if after == "listed" else 1
        )


@pytest.mark.parametrize(
    ("side", "day", "after"),
    [("giver", TUESDAY, "listed"), ("giver", WEDNESDAY, "lapsed"), ("served", TUESDAY, "planned")],
    ids=["a day is left", "no day is left", "the senior was out"],
)
def test_missed_visit_takes_its_request_along(
    engine: Engine, world: World, plan: int, request_number: int, side: str, day: Any, after: str
) -> None:
    """A senior for whom nobody came is not forgotten as long as the wish stands."""
    with transaction(engine) as session:
        (offer,) = propose(session, request_number, [Proposal(world.volunteers["V1"], day, 540)], actor=DESK, now=NOW)
        visit = take(world, plan, "V1", offer.id or 0)(session)

        miss_by(session, visit.id or 0, side=side, actor=DESK, note="", now=moment_at(day, 600))

        request = request_of(session, request_number)
        assert request.status == after
        assert request.from_day == (WEDNESDAY if after == "listed" else TUESDAY)


def test_second_side_to_call_off_does_not_end_what_the_first_let_go_on(
    engine: Engine, world: World, plan: int, request_number: int
) -> None:
    """The giver could not come and the desk looks for another; a late click of the senior's page ends nothing."""
    with transaction(engine) as session:
        visit = take(world, plan, "V1", offer(session, world, request_number, "V1")[0])(session)
        cancel_by(session, visit.id or 0, side="giver", actor="person:1", note="生病", now=NOW)
        take(world, plan, "V2", offer(session, world, request_number, "V2")[0])(session)

        cancel_by(session, visit.id or 0, side="served", actor="person:2", note="", now=NOW)

        assert request_of(session, request_number).status == "planned"
