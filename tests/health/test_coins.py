"""What coins do is told by the books: booked, redeemed, set anew, shared in a family, given to the pool."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from tests.coins.conftest import Town
from tests.health.conftest import NOW, health, sums
from tests.worlds import World
from timebank.coins.donations import Donated, donate
from timebank.coins.settling import capture_redemption
from timebank.core.texts import catalogue
from timebank.health.report import Health

AFTER = NOW + timedelta(days=3)
ROOT = Path(__file__).parents[2] / "timebank"
SOURCES = [path for room in ("coins", "ledger", "visits") for path in (ROOT / room).glob("*.py")]
POSTED = re.compile(r'\b(?:reason=|REASON = |AID = )"(\w+)"')
"""Why transfers are posted, as it is written in the code."""
UNDONE = {"gift_undone", "redeem_back"}
"""Reasons of reversals: they count under what they undo."""


@pytest.fixture
def town(world: World) -> Town:
    """People with coins of the small district."""
    return Town(world, NOW)


def minutes(measured: Health, *keys: str) -> list[int]:
    """Return some figures."""
    return [measured.figures[key].minutes for key in keys]


def test_booked_coins_are_saved_and_not_asked_for_twice(session: Session, town: Town) -> None:
    """An hour that is booked is held: still S1's, and no more to be asked for."""
    town.earn(session, "S1", 300)
    town.book_visit(session)

    assert minutes(health(session, town.world), "saved/all/all", "due/all") == [300, 240]


def test_redemption_that_is_set_anew_counts_once(session: Session, town: Town) -> None:
    """Sixty minutes were captured; a dispute left forty. Forty were redeemed, whatever the corrections are called."""
    town.earn(session, "S1", 300)
    booked = town.book_visit(session).id or 0
    for served_min, hours in ((60, 30), (40, 40)):
        capture_redemption(session, booked, served_min=served_min, actor="office", now=NOW + timedelta(hours=hours))
    measured = health(session, town.world, now=AFTER)

    assert minutes(measured, "flow/redeem", "week/redeemed/0", "saved/all/all", "due/all") == [-40, 40, 260, 260]
    assert "flow/redeem_back" not in measured.figures
    assert sums(session, measured) == {one.key: one.minutes for one in measured.figures if not one.formula}


def test_family_counts_as_its_head(session: Session, town: Town) -> None:
    """Coins in a family's account are saved in the street of its head, and the head is one person."""
    town.family(session, "S1", minutes=200)
    town.earn(session, "S1", 100, key="more")
    saved = health(session, town.world).figures["saved/310107004/80+"]

    assert (saved.minutes, saved.persons) == (300, 1)


def test_every_kind_of_account_is_told(session: Session, town: Town) -> None:
    """What was given to the pool has left the members, and nothing is lost between the kinds."""
    town.earn(session, "S1", 300)
    donate(session, town.act("give", "S1"), Donated(person_id=town.who("S1"), target="pool", minutes=120))
    kinds = {one.key: one.minutes for one in health(session, town.world).figures if one.key.startswith("kind/")}

    assert kinds == {"kind/issuance": -300, "kind/member": 180, "kind/pool": 120}


def test_every_cause_has_words() -> None:
    """A line of the bridge that is called by its code tells an office nothing."""
    reasons = {reason for path in SOURCES for reason in POSTED.findall(path.read_text(encoding="utf-8"))}

    assert {"earn", "redeem", "gift", "grant", "expiry", "estate", "family_in"} <= reasons
    assert {cause for cause in reasons if f"health_cause_{cause}" not in catalogue()} == UNDONE
