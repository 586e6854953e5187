"""A request is taken in once through whichever door, and reviewed once."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text, update
from sqlmodel import Session

from tests.needs.asking import DESK, NOW, THURSDAY, TUESDAY, WEDNESDAY, asked, events_of, listed
from tests.together import at_once
from tests.worlds import World
from timebank.core.database import transaction
from timebank.core.errors import KeyConflict, NotFound, WrongInput, WrongState
from timebank.needs.refusals import AlreadyAsked
from timebank.needs.requests import REQUEST, ask, lapse_past, put_on_list, request_of, requests_in, turn_away
from timebank.needs.tables import Need
from timebank.people.tables import Senior


@pytest.fixture
def session(engine: Engine) -> Any:
    """One transaction on a fresh copy of the small district."""
    with transaction(engine) as opened:
        yield opened


@pytest.mark.parametrize(
    ("source", "relation"),
    [("page", "self"), ("phone", "child"), ("paper", "neighbour"), ("relative", "spouse"), ("home_visit", "staff")],
)
def test_every_door_leads_into_the_same_list(session: Session, world: World, source: str, relation: str) -> None:
    """Who has no telephone asks at the door, and is served like everybody else; who asked for whom is kept."""
    number = listed(session, world, source=source, asker_relation=relation)

    request = request_of(session, number)
    assert (request.status, request.source, request.asker_relation) == ("listed", source, relation)
    assert (request.recorded_by, request.asker_name, request.minutes) == (DESK, "王小红", 10)
    assert [event[0] for event in events_of(session, number)] == ["received", "listed"]


def test_listed_request_has_a_need_that_plans_leave_alone(session: Session, world: World) -> None:
    """A plan of the whole district would else send a second volunteer to the same wish."""
    number = listed(session, world, starts_min=600, to_day=WEDNESDAY)

    need = session.get_one(Need, request_of(session, number).need_id)
    assert (need.status, need.frequency_kind, need.from_day, need.to_day) == ("paused", "once", TUESDAY, WEDNESDAY)
    assert (need.senior_id, need.external_ref) == (world.seniors["S1"], f"request:{number}")


def test_same_key_is_the_same_request(session: Session, world: World) -> None:
    """The operator's page was sent twice: one request, one event; other content under the key is a mistake."""
    first = ask(session, asked(world), idempotency_key="call-7", now=NOW)
    again = ask(session, asked(world), idempotency_key="call-7", now=NOW + timedelta(hours=1))

    assert (again.id, len(events_of(session, again.id or 0))) == (first.id, 1)
    with pytest.raises(KeyConflict):
        ask(session, asked(world, source="paper"), idempotency_key="call-7", now=NOW)


@pytest.mark.parametrize(
    "changes",
    [{}, {"from_day": WEDNESDAY, "source": "page"}],
    ids=["the same", "overlapping days"],
)
def test_call_entered_twice_is_shown_the_first_entry(session: Session, world: World, changes: dict[str, Any]) -> None:
    """Two operators took the daughter's and the son's call for one visit; only one volunteer shall come."""
    first = listed(session, world)

    with pytest.raises(AlreadyAsked) as caught:
        ask(session, asked(world, **changes), idempotency_key="second", now=NOW)

    assert caught.value.request_id == first
    assert ask(session, asked(world, **changes), idempotency_key="third", now=NOW, is_another=True).id != first


@pytest.mark.parametrize(
    ("senior", "changes"),
    [("S1", {"from_day": THURSDAY, "to_day": date(2026, 3, 6)}), ("S2", {})],
    ids=["later days", "another senior"],
)
def test_another_wish_is_taken_without_a_word(
    session: Session, world: World, senior: str, changes: dict[str, Any]
) -> None:
    """Only what would send two to one door is asked about."""
    first = listed(session, world)

    assert ask(session, asked(world, senior, **changes), idempotency_key="second", now=NOW).id != first


def test_two_operators_at_once_enter_one_request(engine: Engine, world: World) -> None:
    """Both telephones ring at the same minute: the second operator is told of the first entry."""

    def enter(key: str) -> Any:
        return lambda session: ask(session, asked(world), idempotency_key=key, now=NOW).id

    one, other = at_once(engine, enter("a"), enter("b"))

    assert isinstance(other, AlreadyAsked)
    assert other.request_id == one


@pytest.mark.parametrize(
    ("changes", "right"),
    [
        ({"source": "pigeon"}, "one of page"),
        ({"asker_relation": "friend"}, "one of self"),
        ({"from_day": date(2026, 2, 1), "to_day": date(2026, 3, 2)}, "days from 2026-03-02"),
        ({"from_day": THURSDAY}, "days from 2026-03-02"),
        ({"to_day": date(2026, 7, 1)}, "within 92 days"),
        ({"window_start_min": 480, "window_end_min": 485}, "room for 10 minutes"),
        ({"window_end_min": 1500}, "hours of a day"),
        ({"minutes": -5}, "hours of a day"),
        ({"starts_min": 1075, "to_day": WEDNESDAY}, "hours of a day"),
        ({"starts_min": 600}, "a single day"),
    ],
)
def test_impossible_wish_is_refused_in_words(
    session: Session, world: World, changes: dict[str, Any], right: str
) -> None:
    """The operator reads what would be right while the caller is still on the line."""
    with pytest.raises(WrongInput, match=right):
        ask(session, asked(world, **changes), idempotency_key="k", now=NOW)


def test_senior_of_another_area_is_not_there(session: Session, world: World) -> None:
    """An organisation learns nothing of seniors outside its areas, nor of requests of others."""
    with pytest.raises(NotFound):
        ask(session, asked(world, "S5"), idempotency_key="k", now=NOW)
    number = listed(session, world)
    with pytest.raises(NotFound):
        request_of(session, number, organisation_id=world.organisations["WEST"])


@pytest.mark.parametrize("slot", ["bath", "trip"])
def test_service_of_slots_is_booked_and_not_asked_for(session: Session, world: World, slot: str) -> None:
    """No volunteer brings a bath; it has slots of its own."""
    with pytest.raises(NotFound, match="service"):
        ask(session, asked(world, service_id=world.services[slot]), idempotency_key="k", now=NOW)


def test_senior_who_left_the_registry_is_not_there(session: Session, world: World) -> None:
    """Nothing is promised to somebody who has died."""
    session.get_one(Senior, world.seniors["S1"]).status = "deceased"
    session.flush()

    with pytest.raises(NotFound, match="senior"):
        ask(session, asked(world), idempotency_key="k", now=NOW)


def test_turned_away_with_a_reason_and_for_good(session: Session, world: World) -> None:
    """Whoever asked can be told why; nobody is turned away without a word."""
    number = ask(session, asked(world), idempotency_key="k", now=NOW).id or 0
    with pytest.raises(WrongInput, match="reason"):
        turn_away(session, number, actor=DESK, reason=" ", now=NOW)

    turn_away(session, number, actor=DESK, reason="需要专业护理", now=NOW)
    turn_away(session, number, actor=DESK, reason="需要专业护理", now=NOW)

    assert events_of(session, number)[1:] == [("turned_away", DESK, "需要专业护理")]
    with pytest.raises(WrongState):
        put_on_list(session, number, actor=DESK, now=NOW)
    assert (
        session.connection().execute(text("SELECT count(*) FROM need WHERE external_ref LIKE 'request:%'")).scalar()
        == 0
    )


def test_of_two_reviewers_at_once_one_decides(engine: Engine, world: World) -> None:
    """One puts it on the list while the other turns it away: the second is told, and there is one need."""
    with transaction(engine) as session:
        number = ask(session, asked(world), idempotency_key="k", now=NOW).id or 0

    one, other = at_once(
        engine,
        lambda s: put_on_list(s, number, actor=DESK, now=NOW).status,
        lambda s: turn_away(s, number, actor=DESK, reason="重复", now=NOW).status,
    )

    assert one == "listed"
    assert isinstance(other, WrongState)
    assert (other.state, other.allowed) == ("listed", "received")


def test_both_put_on_the_list_at_once_make_one_need(engine: Engine, world: World) -> None:
    """Two presses of one button: one need, one event, no error."""
    with transaction(engine) as session:
        number = ask(session, asked(world), idempotency_key="k", now=NOW).id or 0

    one, other = at_once(
        engine,
        lambda s: put_on_list(s, number, actor=DESK, now=NOW).need_id,
        lambda s: put_on_list(s, number, actor=DESK, now=NOW).need_id,
    )

    assert one == other
    with transaction(engine) as session:
        assert [event[0] for event in events_of(session, number)] == ["received", "listed"]


def test_request_without_anybody_lapses_after_its_days(session: Session, world: World) -> None:
    """A wish for last week is no work of this week; its need is closed and what is planned stays."""
    gone, kept = listed(session, world), listed(session, world, "S2")
    session.connection().execute(update(REQUEST).where(REQUEST.c.id == kept).values(status="planned"))
    before = lapse_past(session, now=NOW + timedelta(days=2))

    after = [lapse_past(session, now=NOW + timedelta(days=3)) for _ in range(2)]

    session.expire_all()
    assert (before, after) == (0, [1, 0])
    assert [request_of(session, number).status for number in (gone, kept)] == ["lapsed", "planned"]
    assert session.get_one(Need, request_of(session, gone).need_id).status == "closed"
    assert events_of(session, gone)[-1] == ("lapsed", "clock", "")


def test_list_comes_page_by_page_the_most_pressing_first(session: Session, world: World) -> None:
    """The desk works from the top; a page is bounded, and shows nobody else's requests."""
    later = listed(session, world, from_day=WEDNESDAY)
    first, second = listed(session, world, "S2"), listed(session, world, "S3")
    east, west = world.organisations["EAST"], world.organisations["WEST"]

    page = requests_in(session, east, "listed", first=2)
    rest = requests_in(session, east, "listed", first=2, after=(page[-1].from_day, page[-1].id or 0))

    assert [request.id for request in page + rest] == [first, second, later]
    assert requests_in(session, west, "listed", first=2) == []
    with pytest.raises(ValueError, match="1 to 100"):
        requests_in(session, east, "listed", first=101)
