"""A request is offered in turn, taken by one, and never by two."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.needs.asking import DESK, NOW, THURSDAY, TUESDAY, WEDNESDAY, events_of, listed
from tests.together import at_once
from tests.visits.conftest import MakeVisit
from tests.visits.offering import offer, offered_to, states_of, take
from tests.worlds import MONDAY, World
from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.needs.requests import request_of
from timebank.people.tables import NeverTogether, Senior, Volunteer
from timebank.visits.offers import Proposal, decline_offer, lapse_offers, offers_to, propose
from timebank.visits.refusals import HoursTaken, OfferGone
from timebank.visits.tables import Offer


def test_accepted_offer_is_a_planned_visit(engine: Engine, world: World, plan: int, request_number: int) -> None:
    """From here on the hour lives as every other; the steps before it are kept."""
    with transaction(engine) as session:
        first, second = offer(session, world, request_number, "V1", "V2")
        visit = take(world, plan, "V1", first)(session)

        assert (visit.status, visit.day, visit.starts_min, visit.planned_min) == ("planned", TUESDAY, 540, 10)
        assert (visit.volunteer_id, visit.need_id) == (
            world.volunteers["V1"],
            request_of(session, request_number).need_id,
        )
        assert states_of(session, request_number) == ["accepted", "withdrawn"]
        assert [event[0] for event in events_of(session, request_number)] == [
            "received",
            "listed",
            "offered",
            "planned",
        ]
        assert take(world, plan, "V1", first)(session).id == visit.id
        with pytest.raises(OfferGone):
            take(world, plan, "V2", second)(session)


def test_offer_is_open_to_one_and_waits_for_the_next(
    engine: Engine, world: World, plan: int, request_number: int
) -> None:
    """The next volunteer is not disturbed before it is their turn."""
    with transaction(engine) as session:
        _, second = offer(session, world, request_number, "V1", "V2")

        assert [len(offers_to(session, world.volunteers[who], now=NOW)) for who in ("V1", "V2")] == [1, 0]
        with pytest.raises(OfferGone) as caught:
            take(world, plan, "V2", second)(session)
        assert caught.value.state == "waiting"


def test_declined_goes_to_the_next_and_at_last_back_to_the_list(
    engine: Engine, world: World, request_number: int
) -> None:
    """A no has a reason and costs nobody time; after the last no the desk looks again."""
    with transaction(engine) as session:
        first, second = offer(session, world, request_number, "V1", "V2")
        v1, v2 = world.volunteers["V1"], world.volunteers["V2"]
        with pytest.raises(WrongInput, match="reason"):
            decline_offer(session, first, volunteer_id=v1, reason="", now=NOW)

        decline_offer(session, first, volunteer_id=v1, reason="那天有事", now=NOW)
        decline_offer(session, first, volunteer_id=v1, reason="那天有事", now=NOW)
        assert states_of(session, request_number) == ["declined", "open"]
        decline_offer(session, second, volunteer_id=v2, reason="太远", now=NOW)

        assert request_of(session, request_number).status == "listed"
        assert events_of(session, request_number)[3:] == [
            ("declined", f"person:{v1}", "那天有事"),
            ("declined", f"person:{v2}", "太远"),
            ("listed", "clock", ""),
        ]
        assert offer(session, world, request_number, "V2", "V1") != [first, second]


def test_unanswered_offer_runs_out_and_goes_on(engine: Engine, world: World, plan: int, request_number: int) -> None:
    """A telephone that lies in a drawer does not keep a senior waiting; a sweep again changes nothing."""
    with transaction(engine) as session:
        first, second = offer(session, world, request_number, "V1", "V2", open_min=60)
        at = [NOW + timedelta(minutes=minutes) for minutes in (59, 60, 60, 120, 180)]

        swept = [lapse_offers(session, now=moment) for moment in at[:3]]
        with pytest.raises(OfferGone):
            take(world, plan, "V1", first, hours=1)(session)
        assert (swept, states_of(session, request_number)) == ([0, 1, 0], ["lapsed", "open"])
        assert lapse_offers(session, now=at[3]) == 1

        assert request_of(session, request_number).status == "listed"
        with pytest.raises(OfferGone):
            take(world, plan, "V2", second)(session)


def test_offer_past_its_end_is_not_taken_before_the_sweep(
    engine: Engine, world: World, plan: int, request_number: int
) -> None:
    """The end counts, and not when somebody looked."""
    with transaction(engine) as session:
        (first,) = offer(session, world, request_number, "V1", open_min=60)

        with pytest.raises(OfferGone) as caught:
            take(world, plan, "V1", first, hours=1)(session)

        assert caught.value.state == "lapsed"


def test_of_two_who_accept_at_once_one_has_the_visit(
    engine: Engine, world: World, plan: int, request_number: int
) -> None:
    """Two volunteers were asked at the same time and both say yes: one visit, and one friendly word."""
    with transaction(engine) as session:
        first, second = offer(session, world, request_number, "V1", "V2", at_once=2)
        assert states_of(session, request_number) == ["open", "open"]

    one, other = at_once(engine, take(world, plan, "V1", first), take(world, plan, "V2", second))

    assert one.volunteer_id == world.volunteers["V1"]
    assert isinstance(other, OfferGone)
    with transaction(engine) as session:
        assert session.connection().execute(text("SELECT count(*) FROM visit")).scalar_one() == 1
        assert states_of(session, request_number) == ["accepted", "withdrawn"]


def test_one_press_twice_at_once_is_one_visit(engine: Engine, world: World, plan: int, request_number: int) -> None:
    """A finger that trembles makes one promise."""
    with transaction(engine) as session:
        (first,) = offer(session, world, request_number, "V1")

    one, other = at_once(engine, take(world, plan, "V1", first), take(world, plan, "V1", first))

    assert one.id == other.id


def test_accepted_and_run_out_at_once_is_one_of_both(
    engine: Engine, world: World, plan: int, request_number: int
) -> None:
    """The sweep meets a yes of the last second: the yes came first and stays."""
    with transaction(engine) as session:
        first, _ = offer(session, world, request_number, "V1", "V2", open_min=60)

    one, other = at_once(
        engine,
        take(world, plan, "V1", first, minutes=59),
        lambda session: lapse_offers(session, now=NOW + timedelta(minutes=60)),
    )

    assert (one.status, other) == ("planned", 0)


def test_nobody_promises_one_hour_twice(
    engine: Engine, world: World, make_visit: MakeVisit, plan: int, request_number: int
) -> None:
    """A volunteer cannot stand at two doors; the hour after is theirs to give."""
    make_visit("S2-greeting", "V1", day=TUESDAY, starts_min=535)
    with transaction(engine) as session:
        (first,) = offer(session, world, request_number, "V1")
        with pytest.raises(HoursTaken):
            take(world, plan, "V1", first)(session)
        decline_offer(session, first, volunteer_id=world.volunteers["V1"], reason="已有安排", now=NOW)

        later = propose(session, request_number, offered_to(world, "V1", starts_min=545), actor=DESK, now=NOW)

        assert take(world, plan, "V1", later[0].id or 0)(session).starts_min == 545


@pytest.mark.parametrize("gone", [Senior, Volunteer], ids=["the senior died", "the volunteer left"])
def test_no_visit_is_planned_for_who_is_gone(
    engine: Engine, world: World, plan: int, request_number: int, gone: type[Senior | Volunteer]
) -> None:
    """Between offer and answer a life can end; nobody is sent to a door that stays closed."""
    number = {Senior: world.seniors["S1"], Volunteer: world.volunteers["V1"]}[gone]
    with transaction(engine) as session:
        (first,) = offer(session, world, request_number, "V1")
        session.get_one(gone, number).status = "inactive"
        session.flush()

        with pytest.raises(WrongState) as caught:
            take(world, plan, "V1", first)(session)

        assert caught.value.state == "inactive"


def test_offer_of_another_is_not_there(engine: Engine, world: World, plan: int, request_number: int) -> None:
    """Numbers can be tried without learning anything."""
    with transaction(engine) as session:
        (first,) = offer(session, world, request_number, "V1")
        with pytest.raises(NotFound):
            take(world, plan, "V2", first)(session)
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
            propose(session, number, offered_to(world, "V1", starts_min=605), actor=DESK, now=NOW)

        (offer,) = propose(session, number, offered_to(world, "V1", starts_min=600), actor=DESK, now=NOW)

        assert offer.ends_at == NOW + timedelta(hours=2)


def test_offer_ends_before_the_visit_begins(engine: Engine, world: World, request_number: int) -> None:
    """A yes that comes after the hour helps nobody; whose hour has passed is not asked."""
    eight = moment_at(TUESDAY, 8 * 60)
    with transaction(engine) as session:
        proposals = [*offered_to(world, "V1"), Proposal(world.volunteers["V2"], TUESDAY, 530)]
        (offer, _) = propose(session, request_number, proposals, actor=DESK, now=eight, open_min=600)

        assert offer.ends_at == moment_at(TUESDAY, 540)
        assert lapse_offers(session, now=moment_at(TUESDAY, 540)) == 1
        assert states_of(session, request_number) == ["lapsed", "lapsed"]
        assert request_of(session, request_number).status == "listed"


def test_who_may_not_meet_is_not_asked(engine: Engine, world: World, request_number: int) -> None:
    """Two who never meet are kept apart here too, and somebody who left is not called."""
    with transaction(engine) as session:
        session.add(NeverTogether(senior_id=world.seniors["S1"], volunteer_id=world.volunteers["V1"]))
        session.get_one(Volunteer, world.volunteers["V2"]).status = "inactive"
        session.flush()

        for who in ("V1", "V2"):
            with pytest.raises(WrongInput, match="who may meet"):
                offer(session, world, request_number, who)


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
            offer(session, world, request_number, *who, **settings)

        assert request_of(session, request_number).status == "listed"


def test_same_proposals_again_change_nothing(engine: Engine, world: World, request_number: int) -> None:
    """A lost answer and a second try: the volunteers are asked once; others are refused while these stand."""
    with transaction(engine) as session:
        first = offer(session, world, request_number, "V1", "V2")

        assert offer(session, world, request_number, "V1", "V2") == first
        assert len(events_of(session, request_number)) == 3
        with pytest.raises(WrongState):
            offer(session, world, request_number, "V2")


def test_offers_are_kept_with_their_answers(engine: Engine, world: World, request_number: int) -> None:
    """Who was asked, until when, and what they said can be shown later."""
    with transaction(engine) as session:
        (first,) = offer(session, world, request_number, "V1")
        decline_offer(session, first, volunteer_id=world.volunteers["V1"], reason="那天有事", now=NOW)

        kept = session.get_one(Offer, first)
        assert (kept.state, kept.reason, kept.answered_at, kept.ends_at) == (
            "declined",
            "那天有事",
            NOW,
            NOW + timedelta(hours=2),
        )
