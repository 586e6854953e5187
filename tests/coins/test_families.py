"""Family accounts: who belongs, who spends and how much a day, and what one takes along."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.coins.conftest import OFFICE, TUESDAY, Town
from tests.together import at_once
from timebank.coins.families import (
    family_id_of,
    family_of,
    join_family,
    leave_family,
    member_of,
    members_of,
    open_family,
    put_in,
)
from timebank.coins.holders import account_row
from timebank.coins.redeeming import Booking, redeem
from timebank.coins.refusals import NotByRules, NotTheirs
from timebank.coins.settling import capture_redemption, release_redemption
from timebank.core.database import transaction
from timebank.core.errors import KeyConflict, NotFound, WrongState
from timebank.ledger.reconcile import reconcile


def stands(session: Session, town: Town, family: int) -> tuple[int, int]:
    """Return what a family account has, and how much of it is held."""
    row = account_row(session, family_of(session, family, book_id=town.book).account_id)
    return row.credits - row.debits, row.held


def test_member_is_served_from_what_another_put_in(session: Session, town: Town) -> None:
    """The husband books for his wife from what both share; the rules ask about her who is served."""
    family = town.family(session, minutes=300)

    booked = town.book_visit(session, "for her", "S1", taker_id=town.who("S2"), from_family=True)
    own = town.book_visit(session, "for herself", "S2", from_family=True)

    assert (booked.holder_id, booked.asker_id) == (town.who("S2"), town.who("S1"))
    assert (own.holder_id, own.asker_id) == (town.who("S2"), town.who("S2"))
    assert stands(session, town, family) == (300, 120)
    capture_redemption(session, booked.id or 0, served_min=30, actor=OFFICE, now=town.noon)
    release_redemption(session, own.id or 0, now=town.noon)
    assert stands(session, town, family) == (270, 0)


def test_each_spends_so_much_a_day(session: Session, town: Town) -> None:
    """Four hours a day and member by the pack; what was released does not count, and tomorrow is another day."""
    town.family(session, minutes=1000)
    shared: dict[str, Any] = {"from_family": True, "minutes": 120}
    first = town.book_visit(session, "one", **shared)
    town.book_visit(session, "two", **shared)

    with pytest.raises(NotByRules) as caught:
        town.book_visit(session, "three", from_family=True, minutes=1)
    assert caught.value.rules == "family_daily_min"
    town.book_visit(session, "hers", "S2", from_family=True, minutes=240)
    release_redemption(session, first.id or 0, now=town.noon)
    assert town.book_visit(session, "instead", **shared).booked_on == TUESDAY - timedelta(days=1)
    tomorrow = town.act("tomorrow", "S1", days=1)
    booking = Booking(payer_id=town.who("S1"), service_id=first.service_id, last_day=TUESDAY, **shared)
    assert redeem(session, tomorrow, booking).booked_on == TUESDAY


def test_only_family_is_served(session: Session, town: Town) -> None:
    """Shared coins are for those who share; and whoever is served is of age."""
    town.family(session, minutes=300)
    town.relate(session, "S1", "V1", "child")
    join_family(session, town.act("join V1", "S1"), family_id_of(session, town.book, town.who("S1")) or 0, **_v1(town))

    with pytest.raises(NotFound):
        town.book_visit(session, "neighbour", taker_id=town.who("S3"), from_family=True)
    with pytest.raises(NotFound):
        town.book_visit(session, "stranger", "S3", from_family=True)
    with pytest.raises(NotByRules) as caught:
        town.book_visit(session, "son", "V1", from_family=True)

    assert "min_age_to_redeem" in caught.value.rules
    assert town.book_visit(session, "by the son", "V1", taker_id=town.who("S1"), from_family=True).status == "held"


def _v1(town: Town) -> dict[str, int]:
    return {"person_id": town.who("V1")}


@pytest.mark.parametrize("relation", [None, "friend", "sibling"])
def test_family_is_within_the_circle(session: Session, town: Town, relation: str | None) -> None:
    """Close relatives whom both sides have confirmed; a friend is given to, and does not share."""
    family = town.family(session)
    if relation:
        town.relate(session, "S1", "V1", relation)

    with pytest.raises(NotByRules) as caught:
        join_family(session, town.act("join", "S1"), family, **_v1(town))

    assert caught.value.rules == "family_circle"
    assert [member.person_id for member in members_of(session, family)] == [town.who("S1"), town.who("S2")]


def test_one_family_for_a_person(session: Session, town: Town) -> None:
    """Who shares with two could carry coins from one to the other; a key opens one account."""
    family = town.family(session)
    town.relate(session, "S3", "S2", "spouse")
    other = open_family(session, town.act("other", "S3"), town.who("S3")).id or 0

    assert open_family(session, town.act("family S1", "S1"), town.who("S1")).id == family
    with pytest.raises(WrongState):
        join_family(session, town.act("join", "S3"), other, person_id=town.who("S2"))
    with pytest.raises(WrongState):
        open_family(session, town.act("third", "S2"), town.who("S2"))


def test_head_decides_who_joins_and_each_what_they_put_in(session: Session, town: Town) -> None:
    """Nobody lets themselves in, and nobody puts in what is another's or not there."""
    family = town.family(session)
    town.relate(session, "S1", "V1", "child")
    town.earn(session, "S2", 50)

    with pytest.raises(NotTheirs):
        open_family(session, town.act("open", "V1"), town.who("V2"))
    with pytest.raises(NotTheirs):
        join_family(session, town.act("join", "V1"), family, **_v1(town))
    with pytest.raises(NotTheirs):
        put_in(session, town.act("in", "S1"), family, person_id=town.who("S2"), minutes=50)
    with pytest.raises(NotFound):
        put_in(session, town.act("in", "V1"), family, **_v1(town), minutes=50)
    with pytest.raises(NotByRules) as caught:
        put_in(session, town.act("in", "S2"), family, person_id=town.who("S2"), minutes=51)
    assert caught.value.rules == "balance"
    put_in(session, town.act("in", "S2"), family, person_id=town.who("S2"), minutes=50)
    assert put_in(session, town.act("in", "S2"), family, person_id=town.who("S2"), minutes=50).put_in_min == 50
    with pytest.raises(KeyConflict):
        put_in(session, town.act("in", "S2"), family, person_id=town.who("S2"), minutes=49)
    assert stands(session, town, family) == (50, 0)


@pytest.mark.parametrize(
    ("bookings", "part"),
    [((), 100), ((("S1", 61),), 79), ((("S1", 240), ("S2", 59)), 0)],
)
def test_who_leaves_takes_their_part(
    session: Session, town: Town, bookings: tuple[tuple[str, int], ...], part: int
) -> None:
    """A third was hers: a third of what can still be spent goes along, rounded down; the rest stays."""
    family = town.family(session, minutes=200)
    town.earn(session, "S2", 100)
    put_in(session, town.act("in S2", "S2"), family, person_id=town.who("S2"), minutes=100)
    for key, minutes in bookings:
        town.book_visit(session, key, key, from_family=True, minutes=minutes)

    gone = [leave_family(session, town.act("bye", "S2"), family, person_id=town.who("S2")) for _ in range(2)]

    assert [member.taken_out_min for member in gone] == [part, part]
    assert town.has(session, "S2") == (part, 0)
    assert stands(session, town, family) == (300 - part, sum(minutes for _, minutes in bookings))
    with pytest.raises(NotFound):
        member_of(session, family, town.who("S2"))


def test_head_who_leaves_closes_the_account(session: Session, town: Town) -> None:
    """Everybody has their part, the head what rounding left; while something is held, it stays open."""
    family = town.family(session, minutes=100)
    town.earn(session, "S2", 51)
    put_in(session, town.act("in S2", "S2"), family, person_id=town.who("S2"), minutes=51)
    booked = town.book_visit(session, from_family=True, minutes=50)
    with pytest.raises(WrongState, match="50 minutes"):
        leave_family(session, town.act("bye", "S1"), family, person_id=town.who("S1"))
    capture_redemption(session, booked.id or 0, served_min=50, actor=OFFICE, now=town.noon)

    leave_family(session, town.act("bye", "S1"), family, person_id=town.who("S1"))

    account = family_of(session, family).account_id
    assert (town.has(session, "S1"), town.has(session, "S2")) == ((67, 0), (34, 0))
    assert (family_of(session, family).status, account_row(session, account).status) == ("closed", "closed")
    with pytest.raises(WrongState, match="closed"):
        join_family(session, town.act("x", "S1"), family, **_v1(town))
    with pytest.raises(NotFound):
        put_in(session, town.act("y", "S1"), family, person_id=town.who("S1"), minutes=1)


def test_two_members_spend_the_last_hour(engine: Engine, lone_town: Town) -> None:
    """Both book at the same moment, and an hour is there for one."""
    with transaction(engine) as session:
        family = lone_town.family(session, minutes=90)

    one, other = at_once(
        engine,
        lambda s: lone_town.book_visit(s, "one", "S1", from_family=True).status,
        lambda s: lone_town.book_visit(s, "other", "S2", from_family=True),
    )

    assert one == "held"
    assert not hasattr(other, "status")
    with transaction(engine) as session:
        assert stands(session, lone_town, family) == (90, 60)
        assert reconcile(session, lone_town.book) == []


def test_member_leaves_while_they_book(engine: Engine, lone_town: Town) -> None:
    """They spend or they leave, one after the other, and their part is of what is then there."""
    with transaction(engine) as session:
        family = lone_town.family(session, minutes=100)
        lone_town.earn(session, "S2", 100)
        put_in(session, lone_town.act("in S2", "S2"), family, person_id=lone_town.who("S2"), minutes=100)

    one, other = at_once(
        engine,
        lambda s: lone_town.book_visit(s, "one", "S2", from_family=True).status,
        lambda s: leave_family(s, lone_town.act("bye", "S2"), family, person_id=lone_town.who("S2")).taken_out_min,
    )

    assert (one, other) == ("held", 70)
    with transaction(engine) as session:
        assert stands(session, lone_town, family) == (130, 60)
        assert reconcile(session, lone_town.book) == []


def test_one_member_is_not_faster_than_the_day(engine: Engine, lone_town: Town) -> None:
    """Two windows, one member, four hours a day: together they book no more than that."""
    with transaction(engine) as session:
        family = lone_town.family(session, minutes=1000)
    hours: dict[str, Any] = {"from_family": True, "minutes": 180}

    one, other = at_once(
        engine,
        lambda s: lone_town.book_visit(s, "one", "S1", **hours).status,
        lambda s: lone_town.book_visit(s, "other", "S1", **hours),
    )

    assert one == "held"
    assert isinstance(other, NotByRules)
    with transaction(engine) as session:
        assert stands(session, lone_town, family) == (1000, 180)
