"""A death ends what lies ahead in one action, and nothing twice."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.coins.conftest import Town
from tests.needs.asking import NOW, TUESDAY, listed
from tests.visits.conftest import MakeVisit
from tests.worlds import MONDAY, World
from timebank.coins.estates import settle_estate
from timebank.coins.gifts import gift_of, give
from timebank.coins.holders import account_row, require_account
from timebank.coins.refusals import NotTheirs
from timebank.core.database import transaction
from timebank.core.errors import WrongInput
from timebank.ledger.reconcile import reconcile
from timebank.needs.requests import request_of
from timebank.people.tables import Senior, Volunteer
from timebank.visits.deaths import Death, record_death
from timebank.visits.life import visit_of
from timebank.visits.paid import redeem_visit


@pytest.fixture
def town(world: World) -> Town:
    """The small district."""
    return Town(world, NOW)


def test_death_ends_everything_in_one_action(engine: Engine, town: Town, make_visit: MakeVisit) -> None:
    """Nobody rings at that door, nothing is held, gifts go back, and the coins wait for the heirs."""
    visit = make_visit(day=TUESDAY)
    with transaction(engine) as session:
        town.earn(session, "S1", 100)
        redeem_visit(session, town.act("pay", "S1"), visit)
        town.relate(session, "S1", "V1", "child")
        people = {"giver_id": town.who("S1"), "taker_id": town.who("V1")}
        gift = give(session, town.act("give", "S1"), **people, minutes=20).id or 0
        wish = listed(session, town.world)
        held = town.has(session, "S1")

        deaths = [
            record_death(session, town.act(key, note="离世"), town.who("S1"), died_on=MONDAY) for key in ("one", "two")
        ]

        assert held == (100, 30)
        assert [(death.visits, death.estate.id if death.estate else None) for death in deaths] == [
            (1, deaths[0].estate and deaths[0].estate.id),
            (0, deaths[0].estate and deaths[0].estate.id),
        ]
        assert town.has(session, "S1") == (100, 0)
        assert (visit_of(session, visit).status, request_of(session, wish).status) == ("cancelled", "withdrawn")
        assert gift_of(session, gift).status == "withdrawn"
        session.expire_all()
        assert session.get_one(Senior, town.who("S1")).status == "deceased"
        account = require_account(session, town.book, town.who("S1"))
        assert account_row(session, account).status == "frozen"
        _settle(session, town, deaths[0])
        assert reconcile(session, town.book) == []


def _settle(session: Session, town: Town, death: Death) -> None:
    estate = death.estate.id if death.estate else 0
    settle_estate(session, town.act("settle"), estate or 0, parts={town.who("V1"): 1})
    assert town.has(session, "V1") == (100, 0)


def test_volunteer_who_has_died_is_planned_no_more(engine: Engine, town: Town) -> None:
    """The next plan gives their seniors to others; who never had coins leaves no estate."""
    with transaction(engine) as session:
        death = record_death(session, town.act("v"), town.who("V1"), died_on=MONDAY)

        session.expire_all()
        assert death == Death(0, None)
        assert session.get_one(Volunteer, town.who("V1")).status == "deceased"


def test_death_is_recorded_by_an_office_and_has_happened(engine: Engine, town: Town) -> None:
    """Nobody declares another dead, or before the day; what is refused has ended nothing."""
    with transaction(engine) as session:
        with pytest.raises(NotTheirs):
            record_death(session, town.act("d", "V1"), town.who("S1"), died_on=MONDAY)
        with pytest.raises(WrongInput):
            record_death(session, town.act("d"), town.who("S1"), died_on=date(2026, 3, 3))

        session.expire_all()
        assert session.get_one(Senior, town.who("S1")).status == "active"
        later = NOW + timedelta(days=1)
        assert record_death(session, town.act("d", now=later), town.who("S1"), died_on=TUESDAY).visits == 0
