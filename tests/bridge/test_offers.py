"""What is offered is taken once: never beyond what there is, by nobody who may not see it."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from tests.bridge.filled import offered
from tests.together import at_once
from tests.worlds import MONDAY, World
from timebank.bridge.offers import (
    OFFER,
    expire_offers,
    give_back,
    offer,
    offer_of,
    offers_seen,
    take,
    takings_of,
    withdraw_offer,
)
from timebank.bridge.refusals import TooFewLeft
from timebank.core.database import transaction
from timebank.core.errors import KeyConflict, NotFound, WrongInput, WrongState


@pytest.fixture
def number(engine: Engine, world: World, company: int, noon: datetime) -> int:
    """Ten wheelchairs that the company offers in Ganquan."""
    with transaction(engine) as session:
        return offer(session, company, offered(), idempotency_key="o", now=noon).id or 0


def _take(session: Session, who: int, number: int, many: int, noon: datetime, key: str = "t") -> Any:
    return take(session, who, number, many, purpose="出行", idempotency_key=key, now=noon)


def test_offer_is_taken_until_nothing_is_left(session: Session, world: World, number: int, noon: datetime) -> None:
    """Seven of ten, then three: the offer is taken, and one more is refused with what is left."""
    east, office = world.organisations["EAST"], world.organisations["CF1"]
    _take(session, east, number, 7, noon)
    with pytest.raises(TooFewLeft) as refused:
        _take(session, office, number, 4, noon)
    _take(session, office, number, 3, noon)

    row = offer_of(session, east, number)
    assert (refused.value.left, refused.value.asked) == (3, 4)
    assert (row.taken, row.quantity, row.status) == (10, 10, "taken")
    with pytest.raises(TooFewLeft):
        _take(session, east, number, 1, noon, key="one more")


def test_last_of_an_offer_goes_to_one_of_two(engine: Engine, world: World, number: int, noon: datetime) -> None:
    """Both saw ten: whoever comes second is told that there are four, and nothing is taken beyond the offer."""
    east, office = world.organisations["EAST"], world.organisations["CF1"]

    first, second = at_once(
        engine, lambda s: _take(s, east, number, 6, noon), lambda s: _take(s, office, number, 6, noon)
    )

    assert (first.quantity, type(second), second.left) == (6, TooFewLeft, 4)
    with transaction(engine, read_only=True) as session:
        assert offer_of(session, east, number).taken == 6


def test_database_itself_refuses_more_than_was_offered(engine: Engine, number: int) -> None:
    """A mistake in the code is stopped where the number is kept."""
    with pytest.raises(IntegrityError), transaction(engine) as session:
        session.connection().execute(text("UPDATE resource_offer SET taken = 11"))


def test_same_key_takes_once(session: Session, world: World, number: int, noon: datetime) -> None:
    """A lost answer is asked for again; the same key for more is a mistake."""
    east = world.organisations["EAST"]

    first, again = _take(session, east, number, 2, noon), _take(session, east, number, 2, noon + timedelta(hours=1))

    assert (first.id, offer_of(session, east, number).taken) == (again.id, 2)
    with pytest.raises(KeyConflict):
        _take(session, east, number, 3, noon)


def test_same_key_offers_once_at_once(engine: Engine, world: World, company: int, noon: datetime) -> None:
    """Two presses of the button make one offer."""

    def press(session: Session) -> int | None:
        return offer(session, company, offered(), idempotency_key="o", now=noon).id

    one, other = at_once(engine, press, press)

    assert one == other


def test_what_is_given_back_is_there_again_once(
    session: Session, world: World, number: int, company: int, noon: datetime
) -> None:
    """Twice at the counter gives back once."""
    east = world.organisations["EAST"]
    taking = _take(session, east, number, 10, noon)

    give_back(session, east, taking.id, now=noon)
    give_back(session, east, taking.id, now=noon + timedelta(days=1))

    row = offer_of(session, east, number)
    assert (row.taken, row.status) == (0, "open")
    assert [one.returned_at for one in takings_of(session, number, organisation_id=company)] == [noon]
    with pytest.raises(NotFound):
        give_back(session, company, taking.id, now=noon)


def test_offer_is_seen_where_it_is_for(
    session: Session, world: World, number: int, company: int, noon: datetime
) -> None:
    """WEST does not work in Ganquan: the offer is not there for it, neither to see nor to take."""
    east, west = world.organisations["EAST"], world.organisations["WEST"]
    everywhere = offer(session, company, offered(area=""), idempotency_key="e", now=noon).id

    seen = {who: [row.id for row in offers_seen(session, who, first=10)] for who in (east, west)}

    assert seen == {east: [everywhere, number], west: [everywhere]}
    assert [row.id for row in offers_seen(session, east, first=10, before_id=everywhere)] == [number]
    for look in (lambda: offer_of(session, west, number), lambda: _take(session, west, number, 1, noon)):
        with pytest.raises(NotFound):
            look()


def test_withdrawn_offer_gives_no_more(
    session: Session, world: World, number: int, company: int, noon: datetime
) -> None:
    """What was taken stays taken; only its owner withdraws it."""
    east = world.organisations["EAST"]
    _take(session, east, number, 2, noon)
    with pytest.raises(NotFound):
        withdraw_offer(session, east, number)

    withdraw_offer(session, company, number)
    row = withdraw_offer(session, company, number)

    assert (row.status, row.taken) == ("withdrawn", 2)
    with pytest.raises(WrongState, match="withdrawn"):
        _take(session, east, number, 1, noon, key="late")


@pytest.mark.parametrize("is_swept", [False, True])
def test_offer_ends_before_its_last_day(
    session: Session, world: World, number: int, noon: datetime, *, is_swept: bool
) -> None:
    """Nothing is taken of what is over, whether the sweep was there or not; a second sweep finds nothing."""
    later = noon + timedelta(days=30)
    swept = [expire_offers(session, now=later) for _ in range(2 * is_swept)]

    with pytest.raises(WrongState, match="expired"):
        _take(session, world.organisations["EAST"], number, 1, later)
    assert swept == [1, 0][: len(swept)]
    assert session.connection().execute(OFFER.select()).one().status == ("expired" if is_swept else "open")


def test_own_offer_is_not_taken(session: Session, number: int, company: int, noon: datetime) -> None:
    """Figures of what was given would count it."""
    with pytest.raises(WrongInput) as refused:
        _take(session, company, number, 1, noon)

    assert refused.value.field == "offer"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"what": " "}, "what"),
        ({"unit": ""}, "unit"),
        ({"quantity": 0}, "quantity"),
        ({"quantity": 1_000_001}, "quantity"),
        ({"conditions": "长" * 1001}, "conditions"),
        ({"to_day": MONDAY}, "toDay"),
        ({"from_day": date(2026, 1, 1), "to_day": date(2026, 2, 1)}, "toDay"),
        ({"to_day": date(2030, 1, 1)}, "toDay"),
    ],
)
def test_offer_that_cannot_be_names_its_field(
    session: Session, company: int, noon: datetime, changes: dict[str, Any], field: str
) -> None:
    """Whoever typed it finds the place."""
    with pytest.raises(WrongInput) as refused:
        offer(session, company, offered(**changes), idempotency_key="o", now=noon)

    assert refused.value.field == field


def test_unknown_area_or_service_is_not_found(session: Session, company: int, noon: datetime) -> None:
    """A code with a slip in it must not make an offer for the whole district."""
    for draft, kind in ((offered(area="999"), "area"), (offered(service="bathing"), "service")):
        with pytest.raises(NotFound) as refused:
            offer(session, company, draft, idempotency_key="o", now=noon)
        assert refused.value.kind == kind
