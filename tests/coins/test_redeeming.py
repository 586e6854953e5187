"""Coins for a service: held when it is booked, captured as far as it is served, and else free again."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session

from tests.coins.conftest import OFFICE, Town
from tests.needs.asking import asked
from tests.together import at_once
from timebank.coins.acts import transfers_of
from timebank.coins.holders import redeemed_account
from timebank.coins.redeeming import redeem_from_group, redeem_request, redemption_of, redemptions_in
from timebank.coins.refusals import NotByRules, NotTheirs
from timebank.coins.settling import capture_redemption, lapse_due, release_redemption
from timebank.core.database import transaction
from timebank.core.errors import BalanceTooLow, KeyConflict, NotFound, WrongInput, WrongState
from timebank.core.texts import say_refusal
from timebank.ledger.accounts import balance_of
from timebank.ledger.posting import TRANSFER
from timebank.ledger.reconcile import reconcile
from timebank.needs.requests import ask, turn_away


def redeemed_min(session: Session, town: Town) -> int:
    """Return what was redeemed in all."""
    return balance_of(session, redeemed_account(session, town.book)).balance_min


def test_price_is_held_and_nothing_moves(session: Session, town: Town) -> None:
    """Who has booked cannot spend the same hour twice, and has not paid for what has not happened."""
    town.earn(session, "S1", 100)

    booked = town.book_visit(session)

    assert (booked.status, booked.price_min, booked.captured_min) == ("held", 60, 0)
    assert town.has(session, "S1") == (100, 60)
    with pytest.raises(NotByRules) as caught:
        town.book_visit(session, "another")
    assert caught.value.rules == "balance"


def test_decision_stands_with_the_hold(session: Session, town: Town) -> None:
    """Years later it can be read by which rules an hour was redeemed, from which facts, and who asked."""
    town.earn(session, "S1", 100)

    booked = town.book_visit(session)

    hold = session.connection().execute(select(TRANSFER).where(TRANSFER.c.id == booked.hold_id)).one()
    assert (hold.kind, hold.reason, hold.expires_at.date()) == ("hold", "redeem", date(2026, 4, 1))
    assert (hold.decision["pack"], hold.decision["reasons"]) == ("shanghai-2026", ["redeem_ratio"])
    assert hold.decision["inputs"]["residence"] == "resident"
    assert hold.decision["by"] == f"person:{town.who('S1')}"


@pytest.mark.parametrize(("served_min", "captured"), [(60, 60), (75, 60), (45, 45), (1, 1), (0, 0)])
def test_served_minutes_are_captured(session: Session, town: Town, served_min: int, captured: int) -> None:
    """Never more than was held; what was not served is free, and not served at all costs nothing."""
    town.earn(session, "S1", 100)
    number = town.book_visit(session).id or 0

    paid = [
        capture_redemption(session, number, served_min=served_min, actor=OFFICE, now=town.noon + timedelta(days=day))
        for day in (1, 2)
    ]

    assert paid == [captured, captured]
    assert town.has(session, "S1") == (100 - captured, 0)
    assert redeemed_min(session, town) == captured
    assert redemption_of(session, number).status == ("captured" if captured else "released")


def test_later_word_sets_the_capture_anew(session: Session, town: Town) -> None:
    """A dispute that ends with fewer minutes gives the rest back; one that ends with none gives all back."""
    town.earn(session, "S1", 100)
    number = town.book_visit(session).id or 0
    left = []
    for served in (60, 20, 50, 50, 0):
        capture_redemption(session, number, served_min=served, actor=OFFICE, now=town.noon)
        left.append(town.has(session, "S1"))

    assert left == [(40, 0), (80, 0), (50, 0), (50, 0), (100, 0)]
    assert redemption_of(session, number).status == "released"
    assert len(transfers_of(session, redemption_of(session, number).act_id)) == 7


def test_released_stays_released(session: Session, town: Town) -> None:
    """Whatever is said twice, the minutes are free once; and what is free is not captured any more."""
    town.earn(session, "S1", 100)
    number = town.book_visit(session).id or 0

    states = [release_redemption(session, number, now=town.noon).status for _ in range(2)]

    assert states == ["released", "released"]
    assert town.has(session, "S1") == (100, 0)
    with pytest.raises(WrongState):
        capture_redemption(session, number, served_min=60, actor=OFFICE, now=town.noon)


@pytest.mark.parametrize("is_swept", [True, False])
def test_hold_ends_by_itself(session: Session, town: Town, *, is_swept: bool) -> None:
    """Nobody's hour is held for ever: past its moment nothing is captured, even when the sweep is late."""
    town.earn(session, "S1", 100)
    number = town.book_visit(session).id or 0
    late = town.noon + timedelta(days=31)
    if is_swept:
        assert lapse_due(session, town.book, now=late) == (1, 1, 0)

        with pytest.raises(WrongState):
            capture_redemption(session, number, served_min=60, actor=OFFICE, now=late)
    else:
        assert capture_redemption(session, number, served_min=60, actor=OFFICE, now=late) == 0

    assert redemption_of(session, number).status == "expired"
    assert town.has(session, "S1") == (100, 0)
    assert lapse_due(session, town.book, now=late) == (0, 0, 0)


@pytest.mark.parametrize(
    ("ref", "changes", "rules"),
    [
        ("V1", {}, "min_age_to_redeem, min_age_to_be_served, residence_to_redeem"),
        ("V1", {"residence": "resident"}, "min_age_to_redeem, min_age_to_be_served"),
        ("S1", {"taker_id": "V1"}, "min_age_to_be_served"),
        ("S1", {"minutes": 101}, "balance"),
    ],
)
def test_pack_says_who_redeems(session: Session, town: Town, ref: str, changes: dict[str, Any], rules: str) -> None:
    """Every no names its rules, in both languages with figures and article, and leaves nothing behind."""
    town.earn(session, ref, 100)
    parts = changes | ({"taker_id": town.who(changes["taker_id"])} if "taker_id" in changes else {})

    with pytest.raises(NotByRules) as caught:
        town.book_visit(session, ref=ref, **parts)

    assert caught.value.rules == rules
    assert len(caught.value.articles.split("; ")) >= len(rules.split(", "))
    assert say_refusal(caught.value, "zh").startswith("不可以兑换。规则：shanghai-2026。")
    assert "[C]" in say_refusal(caught.value, "en") or rules == "balance"
    assert town.has(session, ref) == (100, 0)


def test_spouse_is_served_for_ones_coins(session: Session, town: Town) -> None:
    """Coins can be redeemed for another who may be served."""
    town.earn(session, "S1", 100)

    booked = town.book_visit(session, taker_id=town.who("S2"))

    assert (booked.holder_id, booked.served_id) == (town.who("S1"), town.who("S2"))


def test_hours_of_a_group_are_not_redeemed(session: Session, town: Town) -> None:
    """They can only be donated, and the article says so."""
    with pytest.raises(NotByRules) as caught:
        redeem_from_group(session, town.act("group"), town.world.organisations["EAST"], minutes=60)

    assert caught.value.rules == "group_hours"


def test_same_key_is_the_same_booking(session: Session, town: Town) -> None:
    """A clerk who presses twice books once; the same key for something else is told apart; another's key is another."""
    town.earn(session, "S1", 200)

    first, again = town.book_visit(session), town.book_visit(session)

    assert first.id == again.id
    assert town.has(session, "S1") == (200, 60)
    with pytest.raises(KeyConflict):
        town.book_visit(session, minutes=30)
    town.earn(session, "S3", 100)
    assert town.book_visit(session, ref="S3").id != first.id


def test_refusal_leaves_the_key_free(session: Session, town: Town) -> None:
    """Who had too little and earns can ask again under the same key."""
    town.earn(session, "S1", 30)
    with pytest.raises(NotByRules):
        town.book_visit(session)

    town.earn(session, "S1", 60)

    assert town.book_visit(session).status == "held"


def test_nobody_spends_for_another(session: Session, town: Town) -> None:
    """A person books with their own coins; only an office books for those who ask it to."""
    town.earn(session, "S1", 100)

    with pytest.raises(NotTheirs):
        town.book_visit(session, ref="S3", payer_id=town.who("S1"))


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"minutes": 0}, WrongInput),
        ({"minutes": 1441}, WrongInput),
        ({"last_day": date(2026, 3, 1)}, WrongInput),
        ({"last_day": date(2027, 3, 4)}, WrongInput),
        ({"service_id": 0}, NotFound),
        ({"taker_id": 0}, NotFound),
        ({"from_family": True}, NotFound),
    ],
)
def test_booking_can_be(session: Session, town: Town, changes: dict[str, Any], refusal: type[Exception]) -> None:
    """What cannot be is refused before anything is held."""
    town.earn(session, "S1", 100)

    with pytest.raises(refusal):
        town.book_visit(session, **changes)

    assert town.has(session, "S1") == (100, 0)


def test_request_is_paid_once(session: Session, town: Town) -> None:
    """What somebody asks for is paid with its own minutes and until its own days, by the senior or for them."""
    town.earn(session, "S1", 100)
    number = ask(session, asked(town.world), idempotency_key="r", now=town.noon).id or 0

    booked = redeem_request(session, town.act("pay", "S1"), number)

    assert (booked.request_id, booked.minutes, booked.served_id) == (number, 10, town.who("S1"))
    with pytest.raises(WrongState, match="not paid for"):
        redeem_request(session, town.act("again", "S1"), number)
    release_redemption(session, booked.id or 0, now=town.noon)
    assert redeem_request(session, town.act("once more", "S1"), number).status == "held"


def test_ended_request_is_not_paid(session: Session, town: Town) -> None:
    """Nobody holds coins for what was turned away."""
    town.earn(session, "S1", 100)
    number = ask(session, asked(town.world), idempotency_key="r", now=town.noon).id or 0
    turn_away(session, number, actor=OFFICE, reason="不在服务范围", now=town.noon)

    with pytest.raises(WrongState):
        redeem_request(session, town.act("pay", "S1"), number)


def test_list_comes_in_pages(session: Session, town: Town) -> None:
    """A clerk sees what is open, oldest first, a bounded page at a time, and only of the own book."""
    town.earn(session, "S1", 200)
    numbers = [town.book_visit(session, f"book {n}").id or 0 for n in range(3)]

    first = redemptions_in(session, town.book, "held", first=2)
    rest = redemptions_in(session, town.book, "held", first=2, after_id=first[-1].id or 0)

    assert [row.id for row in (*first, *rest)] == numbers
    with pytest.raises(ValueError, match="1 to 100"):
        redemptions_in(session, town.book, "held", first=101)
    with pytest.raises(NotFound):
        redemption_of(session, numbers[0], book_id=town.book + 1)


def test_two_spend_the_last_hour(engine: Engine, lone_town: Town) -> None:
    """Two bookings at the same moment, and an hour for one: the database lets one."""
    with transaction(engine) as session:
        lone_town.earn(session, "S1", 90)

    one, other = at_once(
        engine, lambda s: lone_town.book_visit(s, "one").status, lambda s: lone_town.book_visit(s, "other").status
    )

    assert one == "held"
    assert isinstance(other, NotByRules | BalanceTooLow)
    with transaction(engine) as session:
        assert lone_town.has(session, "S1") == (90, 60)
        assert reconcile(session, lone_town.book) == []


def test_two_with_one_key_book_once(engine: Engine, lone_town: Town) -> None:
    """A lost answer and its retry meet: both are told of the one booking."""
    with transaction(engine) as session:
        lone_town.earn(session, "S1", 200)

    one, other = at_once(engine, lambda s: lone_town.book_visit(s).id, lambda s: lone_town.book_visit(s).id)

    assert one == other
    with transaction(engine) as session:
        assert lone_town.has(session, "S1") == (200, 60)


def test_capture_and_release_at_once_end_once(engine: Engine, lone_town: Town) -> None:
    """A visit is confirmed while somebody calls it off: it is paid and then given back, or free; never both."""
    with transaction(engine) as session:
        lone_town.earn(session, "S1", 100)
        number = lone_town.book_visit(session).id or 0

    one, other = at_once(
        engine,
        lambda s: capture_redemption(s, number, served_min=60, actor=OFFICE, now=lone_town.noon),
        lambda s: release_redemption(s, number, now=lone_town.noon).status,
    )

    assert (one, other) == (60, "released")
    with transaction(engine) as session:
        assert lone_town.has(session, "S1") == (100, 0)
        assert reconcile(session, lone_town.book) == []
