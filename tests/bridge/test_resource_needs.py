"""A need is stated for what is one's own, answered, chosen for up to what it lacks, and closed."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.bridge.filled import needed, offered
from tests.together import at_once
from tests.worlds import MONDAY, World
from timebank.bridge.offers import give_back, offer, offer_of, offers_seen
from timebank.bridge.refusals import NeedsLess, TooFewLeft
from timebank.bridge.resource_needs import choose, close_need, need_of, needs_seen, state_need
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput, WrongState


@pytest.fixture
def need(engine: Engine, world: World, noon: datetime) -> int:
    """Four wheelchairs that EAST lacks in Ganquan."""
    with transaction(engine) as session:
        return state_need(session, world.organisations["EAST"], needed(), idempotency_key="n", now=noon).id or 0


@pytest.fixture
def answers(engine: Engine, need: int, company: int, noon: datetime) -> list[int]:
    """Two offers of the company that answer it, of three each."""
    with transaction(engine) as session:
        drafts = [offered(answers=need, quantity=3)] * 2
        return [
            offer(session, company, each, idempotency_key=f"a{n}", now=noon).id or 0 for n, each in enumerate(drafts)
        ]


def test_need_is_met_by_what_is_chosen(
    session: Session, world: World, need: int, answers: list[int], noon: datetime
) -> None:
    """Three of one offer and one of another: met, and it takes no more."""
    east = world.organisations["EAST"]
    choose(session, east, need, answers[0], 3, idempotency_key="1", now=noon)
    with pytest.raises(NeedsLess) as refused:
        choose(session, east, need, answers[1], 2, idempotency_key="2", now=noon)
    choose(session, east, need, answers[1], 1, idempotency_key="2", now=noon)
    choose(session, east, need, answers[1], 1, idempotency_key="2", now=noon)

    row = need_of(session, east, need)
    assert (refused.value.lacking, row.chosen, row.status, row.ended_at) == (1, 4, "met", noon)
    assert [offer_of(session, east, number).taken for number in answers] == [3, 1]
    with pytest.raises(WrongState, match="met"):
        choose(session, east, need, answers[1], 1, idempotency_key="3", now=noon)


def test_two_who_choose_at_once_do_not_choose_too_much(
    engine: Engine, world: World, need: int, answers: list[int], noon: datetime
) -> None:
    """Two clerks of one organisation, each with an answer of three, for a need of four."""
    east = world.organisations["EAST"]

    _, second = at_once(
        engine,
        lambda s: choose(s, east, need, answers[0], 3, idempotency_key="1", now=noon),
        lambda s: choose(s, east, need, answers[1], 3, idempotency_key="2", now=noon),
    )

    assert (type(second), second.lacking) == (NeedsLess, 1)
    with transaction(engine, read_only=True) as session:
        assert [offer_of(session, east, number).taken for number in answers] == [3, 0]


def test_more_than_an_answer_has_is_refused_whole(
    session: Session, world: World, need: int, answers: list[int], noon: datetime
) -> None:
    """Either both numbers move, or none."""
    east = world.organisations["EAST"]

    with pytest.raises(TooFewLeft):
        choose(session, east, need, answers[0], 4, idempotency_key="1", now=noon)

    assert need_of(session, east, need).chosen == 0


def test_what_is_given_back_is_lacking_again(
    session: Session, world: World, need: int, answers: list[int], noon: datetime
) -> None:
    """A need that was met is open again when its wheelchairs went back."""
    east = world.organisations["EAST"]
    choose(session, east, need, answers[0], 3, idempotency_key="1", now=noon)
    taking = choose(session, east, need, answers[1], 1, idempotency_key="2", now=noon)

    give_back(session, east, taking.id or 0, now=noon)

    row = need_of(session, east, need)
    assert (row.chosen, row.status, row.ended_at) == (3, "open", None)


def test_answer_is_for_the_need_alone(
    session: Session, world: World, need: int, answers: list[int], company: int, noon: datetime
) -> None:
    """An office that works in the same street neither sees nor takes what was offered to EAST's need."""
    office = world.organisations["CF1"]
    assert offers_seen(session, office, first=10) == []
    assert len(offers_seen(session, company, first=10, answers=need)) == 2
    for who in (office, company):
        with pytest.raises(NotFound):
            choose(session, who, need, answers[0], 1, idempotency_key="1", now=noon)


def test_need_is_seen_where_it_is(session: Session, world: World, need: int, company: int) -> None:
    """The company works in Ganquan, WEST does not."""
    seen = [len(needs_seen(session, who, first=10)) for who in (company, world.organisations["WEST"])]

    assert seen == [1, 0]
    with pytest.raises(NotFound):
        need_of(session, world.organisations["WEST"], need)
    with pytest.raises(NotFound):
        need_of(session, company, need, is_owner=True)


def test_project_states_a_need(session: Session, world: World, company: int, noon: datetime) -> None:
    """A project's need is everybody's to answer; another's project is not there."""
    draft = needed(area="", project_id=world.project)

    row = state_need(session, world.organisations["CF1"], draft, idempotency_key="p", now=noon)

    assert [one.id for one in needs_seen(session, world.organisations["WEST"], first=1)] == [row.id]
    with pytest.raises(NotFound):
        state_need(session, company, draft, idempotency_key="p", now=noon)


def test_closed_need_takes_no_answer(
    session: Session, world: World, need: int, answers: list[int], company: int, noon: datetime
) -> None:
    """Closed with words, once; then neither chosen for nor answered."""
    east = world.organisations["EAST"]
    close_need(session, east, need, words="医院已借出", now=noon)
    row = close_need(session, east, need, words="又一次", now=noon)

    assert (row.status, row.closing, row.chosen) == ("closed", "医院已借出", 0)
    with pytest.raises(WrongState):
        choose(session, east, need, answers[0], 1, idempotency_key="1", now=noon)
    with pytest.raises(WrongState):
        offer(session, company, offered(answers=need), idempotency_key="late", now=noon)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"to_day": MONDAY}, "toDay"),
        ({"area": ""}, "project"),
        ({"project_id": 1}, "project"),
        ({"quantity": 0}, "quantity"),
    ],
)
def test_need_that_cannot_be_names_its_field(
    session: Session, world: World, noon: datetime, changes: dict[str, Any], field: str
) -> None:
    """A need is a project's or a street's, and lies ahead."""
    with pytest.raises(WrongInput) as refused:
        state_need(session, world.organisations["EAST"], needed(**changes), idempotency_key="n", now=noon)

    assert refused.value.field == field


def test_street_of_another_has_no_need_of_mine(session: Session, world: World, noon: datetime) -> None:
    """An organisation speaks for its own sub-districts."""
    with pytest.raises(NotFound):
        state_need(session, world.organisations["WEST"], needed(), idempotency_key="n", now=noon)
