"""Visits that are paid with coins: captured as far as they were served, released when they are not."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.coins.conftest import Town
from tests.needs.asking import DESK, NOW, TUESDAY, asked, listed
from tests.visits.conftest import MakeVisit, begin, end, hold
from tests.visits.offering import offer, take
from tests.worlds import MONDAY, World
from timebank.coins.donations import Donated, donate
from timebank.coins.holders import group_account
from timebank.coins.redeeming import redeem_from_group, redeem_request, redemption_of
from timebank.coins.refusals import NotByRules, NotTheirs
from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongState
from timebank.ledger.accounts import balance_of
from timebank.ledger.reconcile import reconcile
from timebank.needs.requests import ask, lapse_past, turn_away
from timebank.visits.endings import cancel_by, end_for_senior, miss_by, withdraw_request
from timebank.visits.groups import (
    Attendance,
    Occasion,
    cancel_group,
    confirm_group,
    credit_group,
    hold_group,
    plan_group,
)
from timebank.visits.life import dispute, resolve
from timebank.visits.paid import Settled, redeem_group, redeem_visit, settle_paid
from timebank.visits.statements import confirm_alone, state_minutes

LATER = NOW + timedelta(days=1)


@pytest.fixture
def town(world: World) -> Town:
    """The small district, to pay in."""
    return Town(world, NOW)


@pytest.fixture
def paid(engine: Engine, town: Town, make_visit: MakeVisit) -> tuple[int, int]:
    """A visit of Tuesday for ten minutes that S1 pays out of a hundred; the numbers of visit and redemption."""
    visit = make_visit(day=TUESDAY)
    with transaction(engine) as session:
        town.earn(session, "S1", 100)
        return visit, redeem_visit(session, town.act("pay", "S1"), visit).id or 0


def confirmed_by_statements(session: Session, visit: int) -> None:
    """Both sides say how long it took."""
    _serve(session, visit)
    for side, actor in (("senior", "person:1"), ("organisation", DESK)):
        state_minutes(session, visit, side=side, actor=actor, minutes=10, now=LATER)


def confirmed_alone(session: Session, visit: int) -> None:
    """One side says how long it took, and the other is not heard."""
    _serve(session, visit)
    state_minutes(session, visit, side="senior", actor="person:1", minutes=8, now=LATER)
    confirm_alone(session, visit, now=LATER)


def disputed_and_resolved(session: Session, visit: int) -> None:
    """It was shorter than was said, a third person finds."""
    _serve(session, visit)
    dispute(session, visit, actor="person:1", note="没有那么久", now=LATER)
    resolve(session, visit, actor=DESK, served_min=6, note="电话核实", now=LATER)


def disputed_and_never_happened(session: Session, visit: int) -> None:
    """Nobody came, a third person finds."""
    _serve(session, visit)
    dispute(session, visit, actor="person:1", note="没有来", now=LATER)
    resolve(session, visit, actor=DESK, served_min=0, note="电话核实", now=LATER)


def confirmed(session: Session, visit: int) -> None:
    """Confirmed as visits of a day are, and swept afterwards."""
    hold(session, visit)
    assert settle_paid(session, now=LATER, book_id=1) == Settled(1, 10, 0)


def cancelled(session: Session, visit: int) -> None:
    """Called off by the volunteer."""
    cancel_by(session, visit, side="giver", actor="person:9", note="生病", now=NOW)


def missed(session: Session, visit: int) -> None:
    """Nobody was at home."""
    miss_by(session, visit, side="served", actor=DESK, note="", now=LATER)


def died(session: Session, visit: int) -> None:
    """The senior dies before it."""
    end_for_senior(session, 1, actor=DESK, note="离世", now=NOW)


def _serve(session: Session, visit: int) -> None:
    begin(session, visit)
    end(session, visit)


@pytest.mark.parametrize(
    ("ending", "captured"),
    [
        (confirmed_by_statements, 10),
        (confirmed_alone, 8),
        (disputed_and_resolved, 6),
        (disputed_and_never_happened, 0),
        (confirmed, 10),
        (cancelled, 0),
        (missed, 0),
        (died, 0),
    ],
)
def test_every_ending_settles_what_was_paid(
    engine: Engine, town: Town, paid: tuple[int, int], ending: Callable[[Session, int], None], captured: int
) -> None:
    """However a visit ends, the senior pays for what was served and has the rest back; a sweep changes nothing."""
    visit, number = paid
    with transaction(engine) as session:
        assert town.who("S1") == 1
        ending(session, visit)

        assert redemption_of(session, number).status == ("captured" if captured else "released")
        assert town.has(session, "S1") == (100 - captured, 0)
        assert settle_paid(session, now=LATER, book_id=town.book) == Settled(0, 0, 0)
        assert reconcile(session, town.book) == []


def test_ended_visit_is_not_paid_for(engine: Engine, town: Town, paid: tuple[int, int]) -> None:
    """Coins are held for what is ahead, once, and by whom they belong to; the same key is the same booking."""
    visit, number = paid
    with transaction(engine) as session:
        with pytest.raises(WrongState, match="not paid for"):
            redeem_visit(session, town.act("again", "S1"), visit)
        with pytest.raises(NotTheirs):
            redeem_visit(session, town.act("for", "S3"), visit, payer_id=town.who("S1"))
        cancelled(session, visit)

        assert redeem_visit(session, town.act("pay", "S1"), visit).id == number
        with pytest.raises(WrongState, match="planned"):
            redeem_visit(session, town.act("late", "S1"), visit)


def test_hold_follows_the_request_to_the_next_volunteer(engine: Engine, town: Town, plan: int, world: World) -> None:
    """A volunteer who falls ill costs the senior nothing: the request goes on, paid as it is, until it is served."""
    with transaction(engine) as session:
        town.earn(session, "S1", 100)
        number = listed(session, world)
        booked = redeem_request(session, town.act("pay", "S1"), number).id or 0
        first = take(world, plan, "V1", offer(session, world, number, "V1", "V2")[0])(session).id or 0
        cancel_by(session, first, side="giver", actor="person:9", note="生病", now=NOW)
        between = town.has(session, "S1")
        second = take(world, plan, "V2", offer(session, world, number, "V2")[0])(session).id or 0
        hold(session, second, served_min=10)
        settle_paid(session, now=LATER, book_id=town.book)

        assert between == (100, 10)
        assert redemption_of(session, booked).status == "captured"
        assert town.has(session, "S1") == (90, 0)


@pytest.mark.parametrize("ending", ["withdrawn", "turned_away", "lapsed"])
def test_request_that_ends_frees_what_was_held(engine: Engine, town: Town, world: World, ending: str) -> None:
    """Whoever ends it: the one who asked at once, the office and the clock by the next sweep."""
    ends: dict[str, Callable[[Session, int], Any]] = {
        "withdrawn": lambda s, n: withdraw_request(s, n, actor=DESK, reason="不需要了", now=NOW),
        "turned_away": lambda s, n: turn_away(s, n, actor=DESK, reason="不在范围", now=NOW),
        "lapsed": lambda s, _: lapse_past(s, now=moment_at(TUESDAY, 0) + timedelta(days=9)),
    }
    with transaction(engine) as session:
        town.earn(session, "S1", 100)
        number = ask(session, asked(world), idempotency_key="r", now=NOW).id or 0
        booked = redeem_request(session, town.act("pay", "S1"), number).id or 0

        ends[ending](session, number)
        settle_paid(session, now=LATER, book_id=town.book)

        assert redemption_of(session, booked).status == "released"
        assert town.has(session, "S1") == (100, 0)


def _singing(session: Session, world: World) -> int:
    """Plan an hour of singing on Monday: V1 and V2 lead, S1 to S4 come."""
    occasion = Occasion(
        organisation_id=world.organisations["EAST"],
        service_id=world.services["greeting"],
        area_id=world.areas["310107004"],
        day=MONDAY,
        starts_min=840,
        planned_min=60,
        giver_ids=(world.volunteers["V1"], world.volunteers["V2"]),
        served_ids=tuple(world.seniors[f"S{n}"] for n in range(1, 5)),
    )
    return plan_group(session, occasion, idempotency_key="sing", actor=DESK, now=NOW)


def sung(session: Session, world: World, group: int) -> None:
    """It went on for fifty minutes, and is confirmed."""
    came = [Attendance(world.volunteers[f"V{n}"], 840, minutes) for n, minutes in ((1, 50), (2, 40))]
    hold_group(session, group, came, evidence="paper", actor=DESK, now=LATER)
    confirm_group(session, group, actor="organisation:9", now=LATER)


def called_off(session: Session, world: World, group: int) -> None:
    """It did not take place."""
    cancel_group(session, group, actor=DESK, note="停电", now=NOW)


@pytest.mark.parametrize(("ending", "captured"), [(sung, 50), (called_off, 0)])
def test_each_who_is_served_in_a_group_pays_their_own(
    engine: Engine, town: Town, ending: Callable[[Session, World, int], None], captured: int
) -> None:
    """Two pay for the hour they are at, as long as it goes on, once each; who does not pay is served all the same."""
    with transaction(engine) as session:
        group = _singing(session, town.world)
        for ref in ("S1", "S3"):
            town.earn(session, ref, 200)
            redeem_group(session, town.act("pay", ref), group, served_id=town.who(ref))
        with pytest.raises(WrongState, match="not paid for"):
            redeem_group(session, town.act("again", "S1"), group, served_id=town.who("S1"))
        with pytest.raises(NotFound):
            redeem_group(session, town.act("stranger", "S5"), group, served_id=town.who("S5"))

        ending(session, town.world, group)

        assert [town.has(session, ref) for ref in ("S1", "S3")] == [(200 - captured, 0)] * 2
        assert settle_paid(session, now=LATER, book_id=town.book) == Settled(0, 0, 0)
        with pytest.raises(WrongState, match="planned"):
            redeem_group(session, town.act("late", "S2"), group, served_id=town.who("S2"))


def test_hours_of_a_group_wait_for_the_one_they_are_donated_to(engine: Engine, town: Town) -> None:
    """What the givers of a group earn stands in its own account: donated on, never redeemed."""
    east = town.world.organisations["EAST"]
    with transaction(engine) as session:
        group = _singing(session, town.world)
        sung(session, town.world, group)
        account = group_account(session, town.book, east)
        credit_group(session, town.book, group, now=LATER, donation_id=account)
        stood = balance_of(session, account).balance_min
        act = town.act("on", f"organisation:{east}")
        donate(session, act, Donated(minutes=80, target="pool", organisation_id=east))

        assert (stood, balance_of(session, account).balance_min) == (90, 10)
        with pytest.raises(NotByRules):
            redeem_from_group(session, act, east, minutes=10)
        assert reconcile(session, town.book) == []
