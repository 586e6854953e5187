"""A request is offered in turn, taken by one, and never by two."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.needs.asking import DESK, NOW, THURSDAY, TUESDAY, WEDNESDAY, events_of, listed
from tests.together import at_once
from tests.visits.conftest import MakeVisit
from tests.worlds import MONDAY, World
from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.needs.requests import put_on_list, request_of, turn_away
from timebank.people.tables import NeverTogether, Senior, Volunteer
from timebank.visits.endings import cancel_by, miss_by, withdraw_request
from timebank.visits.offers import Proposal, accept_offer, decline_offer, lapse_offers, offers_to, propose
from timebank.visits.refusals import HoursTaken, OfferGone
from timebank.visits.tables import Offer, Visit

STATES = "SELECT state FROM offer WHERE request_id = :number ORDER BY round, rank"


@pytest.fixture
def request_number(engine: Engine, world: World) -> int:
    """A greeting of S1 on Tuesday or Wednesday, in the list."""
    with transaction(engine) as session:
        return listed(session, world)


def _to(world: World, *who: str, starts_min: int = 540) -> list[Proposal]:
    return [Proposal(world.volunteers[one], TUESDAY, starts_min) for one in who]


def _offer(session: Session, world: World, number: int, *who: str, **settings: Any) -> list[int]:
    return [o.id or 0 for o in propose(session, number, _to(world, *who), actor=DESK, now=NOW, **settings)]


def _states(session: Session, number: int) -> list[str]:
    return list(session.connection().execute(text(STATES), {"number": number}).scalars())


def _take(world: World, plan: int, who: str, offer: int, **later: float) -> Callable[[Session], Visit]:
    mine, now = world.volunteers[who], NOW + timedelta(**later)
    return lambda session: accept_offer(session, offer, volunteer_id=mine, plan_id=plan, now=now)


def test_accepted_offer_is_a_planned_visit(engine: Engine, world: World, plan: int, request_number: int) -> None:
    """From here on the hour lives as every other; the steps before it are kept."""
    with transaction(engine) as session:
        first, second = _offer(session, world, request_number, "V1", "V2")
        visit = _take(world, plan, "V1", first)(session)

        assert (visit.status, visit.day, visit.starts_min, visit.planned_min) == ("planned", TUESDAY, 540, 10)
        assert (visit.volunteer_id, visit.need_id) == (
            world.volunteers["V1"],
            request_of(session, request_number).need_id,
        )
        assert _states(session, request_number) == ["accepted", "withdrawn"]
        assert [event[0] for event in events_of(session, request_number)] == [
            "received",
            "listed",
            "offered",
            "planned",
        ]
        assert _take(world, plan, "V1", first)(session).id == visit.id
        with pytest.raises(OfferGone):
            _take(world, plan, "V2", second)(session)


def test_offer_is_open_to_one_and_waits_for_the_next(
    engine: Engine, world: World, plan: int, request_number: int
) -> None:
    """The next volunteer is not disturbed before it is their turn."""
    with transaction(engine) as session:
        _, second = _offer(session, world, request_number, "V1", "V2")

        assert [len(offers_to(session, world.volunteers[who], now=NOW)) for who in ("V1", "V2")] == [1, 0]
        with pytest.raises(OfferGone) as caught:
            _take(world, plan, "V2", second)(session)
        assert caught.value.state == "waiting"


def test_declined_goes_to_the_next_and_at_last_back_to_the_list(
    engine: Engine, world: World, request_number: int
) -> None:
    """A no has a reason and costs nobody time; after the last no the desk looks again."""
    with transaction(engine) as session:
        first, second = _offer(session, world, request_number, "V1", "V2")
        v1, v2 = world.volunteers["V1"], world.volunteers["V2"]
        with pytest.raises(WrongInput, match="reason"):
            decline_offer(session, first, volunteer_id=v1, reason="", now=NOW)

        decline_offer(session, first, volunteer_id=v1, reason="那天有事", now=NOW)
        decline_offer(session, first, volunteer_id=v1, reason="那天有事", now=NOW)
        assert _states(session, request_number) == ["declined", "open"]
        decline_offer(session, second, volunteer_id=v2, reason="太远", now=NOW)

        assert request_of(session, request_number).status == "listed"
        assert events_of(session, request_number)[3:] == [
            ("declined", f"person:{v1}", "那天有事"),
            ("declined", f"person:{v2}", "太远"),
            ("listed", "clock", ""),
        ]
        assert _offer(session, world, request_number, "V2", "V1") != [first, second]


def test_unanswered_offer_runs_out_and_goes_on(engine: Engine, world: World, plan: int, request_number: int) -> None:
    """A telephone that lies in a drawer does not keep a senior waiting; a sweep again changes nothing."""
    with transaction(engine) as session:
        first, second = _offer(session, world, request_number, "V1", "V2", open_min=60)
        at = [NOW + timedelta(minutes=minutes) for minutes in (59, 60, 60, 120, 180)]

        swept = [lapse_offers(session, now=moment) for moment in at[:3]]
        with pytest.raises(OfferGone):
            _take(world, plan, "V1", first, hours=1)(session)
        assert (swept, _states(session, request_number)) == ([0, 1, 0], ["lapsed", "open"])
        assert lapse_offers(session, now=at[3]) == 1

        assert request_of(session, request_number).status == "listed"
        with pytest.raises(OfferGone):
            _take(world, plan, "V2", second)(session)


def test_offer_past_its_end_is_not_taken_before_the_sweep(
    engine: Engine, world: World, plan: int, request_number: int
) -> None:
    """The end counts, and not when somebody looked."""
    with transaction(engine) as session:
        (first,) = _offer(session, world, request_number, "V1", open_min=60)

        with pytest.raises(OfferGone) as caught:
            _take(world, plan, "V1", first, hours=1)(session)

        assert caught.value.state == "lapsed"


def test_of_two_who_accept_at_once_one_has_the_visit(
    engine: Engine, world: World, plan: int, request_number: int
) -> None:
    """Two volunteers were asked at the same time and both say yes: one visit, and one friendly word."""
    with transaction(engine) as session:
        first, second = _offer(session, world, request_number, "V1", "V2", at_once=2)
        assert _states(session, request_number) == ["open", "open"]

    one, other = at_once(engine, _take(world, plan, "V1", first), _take(world, plan, "V2", second))

    assert one.volunteer_id == world.volunteers["V1"]
    assert isinstance(other, OfferGone)
    with transaction(engine) as session:
        assert session.connection().execute(text("SELECT count(*) FROM visit")).scalar_one() == 1
        assert _states(session, request_number) == ["accepted", "withdrawn"]


def test_one_press_twice_at_once_is_one_visit(engine: Engine, world: World, plan: int, request_number: int) -> None:
    """A finger that trembles makes one promise."""
    with transaction(engine) as session:
        (first,) = _offer(session, world, request_number, "V1")

    one, other = at_once(engine, _take(world, plan, "V1", first), _take(world, plan, "V1", first))

    assert one.id == other.id


def test_accepted_and_run_out_at_once_is_one_of_both(
    engine: Engine, world: World, plan: int, request_number: int
) -> None:
    """The sweep meets a yes of the last second: the yes came first and stays."""
    with transaction(engine) as session:
        first, _ = _offer(session, world, request_number, "V1", "V2", open_min=60)

    one, other = at_once(
        engine,
        _take(world, plan, "V1", first, minutes=59),
        lambda session: lapse_offers(session, now=NOW + timedelta(minutes=60)),
    )

    assert (one.status, other) == ("planned", 0)


def test_nobody_promises_one_hour_twice(
    engine: Engine, world: World, make_visit: MakeVisit, plan: int, request_number: int
) -> None:
    """A volunteer cannot stand at two doors; the hour after is theirs to give."""
    make_visit("S2-greeting", "V1", day=TUESDAY, starts_min=535)
    with transaction(engine) as session:
        (first,) = _offer(session, world, request_number, "V1")
        with pytest.raises(HoursTaken):
            _take(world, plan, "V1", first)(session)
        decline_offer(session, first, volunteer_id=world.volunteers["V1"], reason="已有安排", now=NOW)

        later = propose(session, request_number, _to(world, "V1", starts_min=545), actor=DESK, now=NOW)

        assert _take(world, plan, "V1", later[0].id or 0)(session).starts_min == 545


@pytest.mark.parametrize("gone", [Senior, Volunteer], ids=["the senior died", "the volunteer left"])
def test_no_visit_is_planned_for_who_is_gone(
    engine: Engine, world: World, plan: int, request_number: int, gone: type[Senior | Volunteer]
) -> None:
    """Between offer and answer a life can end; nobody is sent to a door that stays closed."""
    number = {Senior: world.seniors["S1"], Volunteer: world.volunteers["V1"]}[gone]
    with transaction(engine) as session:
        (first,) = _offer(session, world, request_number, "V1")
        session.get_one(gone, number).status = "inactive"
        session.flush()

        with pytest.raises(WrongState) as caught:
            _take(world, plan, "V1", first)(session)

        assert caught.value.state == "inactive"


def test_offer_of_another_is_not_there(engine: Engine, world: World, plan: int, request_number: int) -> None:
    """Numbers can be tried without learning anything."""
    with transaction(engine) as session:
        (first,) = _offer(session, world, request_number, "V1")
        with pytest.raises(NotFound):
            _take(world, plan, "V2", first)(session)
        with pytest.raises(NotFound):
            decline_offer(session, first, volunteer_id=world.volunteers["V2"], reason="不", now=NOW)


@pytest.mark.parametrize(
    ("day", "starts_min"),
    [(THURSDAY, 540), (TUESDAY, 479), (WEDNESDAY, 1071), (MONDAY, 900)],
    ids=["another day", "too early", "too late", "a day that was not wished"],
)
def test_offer_keeps_to_the_wish(engine: Engine, world: World, request_number: int, day: Any, starts_min: int) -> None:
    """The senior said when it suits; nobody comes at another hour."""
    proposal = [Proposal(world.volunteers["V1"], day, starts_min)]

    with transaction(engine) as session, pytest.raises(WrongInput, match="an hour that was wished"):
        propose(session, request_number, proposal, actor=DESK, now=NOW)


def test_exact_wish_is_offered_at_its_hour_alone(engine: Engine, world: World) -> None:
    """The hospital's appointment is at ten, and not about ten."""
    with transaction(engine) as session:
        number = listed(session, world, starts_min=600, to_day=WEDNESDAY)
        with pytest.raises(WrongInput):
            propose(session, number, _to(world, "V1", starts_min=605), actor=DESK, now=NOW)

        (offer,) = propose(session, number, _to(world, "V1", starts_min=600), actor=DESK, now=NOW)

        assert offer.ends_at == NOW + timedelta(hours=2)


def test_offer_ends_before_the_visit_begins(engine: Engine, world: World, request_number: int) -> None:
    """A yes that comes after the hour helps nobody; whose hour has passed is not asked."""
    eight = moment_at(TUESDAY, 8 * 60)
    with transaction(engine) as session:
        proposals = [*_to(world, "V1"), Proposal(world.volunteers["V2"], TUESDAY, 530)]
        (offer, _) = propose(session, request_number, proposals, actor=DESK, now=eight, open_min=600)

        assert offer.ends_at == moment_at(TUESDAY, 540)
        assert lapse_offers(session, now=moment_at(TUESDAY, 540)) == 1
        assert _states(session, request_number) == ["lapsed", "lapsed"]
        assert request_of(session, request_number).status == "listed"


def test_who_may_not_meet_is_not_asked(engine: Engine, world: World, request_number: int) -> None:
    """Two who never meet are kept apart here too, and somebody who left is not called."""
    with transaction(engine) as session:
        session.add(NeverTogether(senior_id=world.seniors["S1"], volunteer_id=world.volunteers["V1"]))
        session.get_one(Volunteer, world.volunteers["V2"]).status = "inactive"
        session.flush()

        for who in ("V1", "V2"):
            with pytest.raises(WrongInput, match="who may meet"):
                _offer(session, world, request_number, who)


@pytest.mark.parametrize(
    ("who", "settings"),
    [((), {}), (("V1", "V1"), {}), (("V1",), {"at_once": 0}), (("V1",), {"open_min": 0})],
    ids=["nobody", "one twice", "none at once", "no time"],
)
def test_impossible_offer_is_refused(
    engine: Engine, world: World, request_number: int, who: tuple[str, ...], settings: dict[str, int]
) -> None:
    """A slip of the caller leaves the request in the list."""
    with transaction(engine) as session:
        with pytest.raises(WrongInput):
            _offer(session, world, request_number, *who, **settings)

        assert request_of(session, request_number).status == "listed"


def test_same_proposals_again_change_nothing(engine: Engine, world: World, request_number: int) -> None:
    """A lost answer and a second try: the volunteers are asked once; others are refused while these stand."""
    with transaction(engine) as session:
        first = _offer(session, world, request_number, "V1", "V2")

        assert _offer(session, world, request_number, "V1", "V2") == first
        assert len(events_of(session, request_number)) == 3
        with pytest.raises(WrongState):
            _offer(session, world, request_number, "V2")


ACTIONS: dict[str, Callable[[Session, World, int, int], object]] = {
    "put_on_list": lambda s, _w, _p, n: put_on_list(s, n, actor=DESK, now=NOW),
    "turn_away": lambda s, _w, _p, n: turn_away(s, n, actor=DESK, reason="重复", now=NOW),
    "propose": lambda s, w, _p, n: _offer(s, w, n, "V1"),
    "accept": lambda s, w, p, n: _take(w, p, "V1", _newest(s, n))(s),
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
        visit = _take(world, plan, "V1", _offer(session, world, request_number, "V1")[0])(session)

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
        visit = _take(world, plan, "V1", offer.id or 0)(session)

        miss_by(session, visit.id or 0, side=side, actor=DESK, note="", now=moment_at(day, 600))

        request = request_of(session, request_number)
        assert request.status == after
        assert request.from_day == (WEDNESDAY if after == "listed" else TUESDAY)


def test_offers_are_kept_with_their_answers(engine: Engine, world: World, request_number: int) -> None:
    """Who was asked, until when, and what they said can be shown later."""
    with transaction(engine) as session:
        (first,) = _offer(session, world, request_number, "V1")
        decline_offer(session, first, volunteer_id=world.volunteers["V1"], reason="那天有事", now=NOW)

        kept = session.get_one(Offer, first)
        assert (kept.state, kept.reason, kept.answered_at, kept.ends_at) == (
            "declined",
            "那天有事",
            NOW,
            NOW + timedelta(hours=2),
        )
