"""What one more would be worth comes from the engine, for one's own streets, beside what would meet the needs."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.charity.conftest import Office
from tests.worlds import MONDAY
from timebank.charity.refusals import StreetNotYours
from timebank.charity.shortage import Asked
from timebank.charity.worth import worth_in
from timebank.core.database import transaction
from timebank.core.errors import NotFound
from timebank.planning.making import make_plan
from timebank.planning.question import Question
from timebank.planning.storing import publish_plan

ZHENRU = "310107007"


@pytest.fixture
def planned(engine: Engine, session: Session, office: Office) -> Office:
    """One volunteer is left in Zhenru, who takes three of four greetings: one is unmet."""
    session.connection().execute(text("UPDATE volunteer SET status = 'inactive' WHERE external_ref = 'V4'"))
    session.commit()
    number = make_plan(engine, Question(starts_on=MONDAY, horizon_days=14), now=office.noon)
    with transaction(engine) as own:
        publish_plan(own, number)
    return office


def test_one_more_meets_the_one_that_is_left(engine: Engine, planned: Office) -> None:
    """A volunteer more, or one need more of the one who is there, meets it; an hour does not."""
    with transaction(engine, read_only=True) as session:
        (found,) = worth_in(session, Asked(day=MONDAY, service="greeting", street=ZHENRU), MONDAY)

    assert (found.street, found.service, found.unmet, found.weekly_min) == (ZHENRU, "greeting", 1, 35)
    assert {kind: gain[1] for kind, gain in found.gains.items()} == {"place": 1, "volunteer": 1, "hour": 0}
    assert found.remedies["needs"] == 1


def test_others_streets_are_not_weighed(engine: Engine, planned: Office) -> None:
    """EAST learns nothing of Zhenru: not in its list, and not by name."""
    east = planned.world.organisations["EAST"]
    with transaction(engine, read_only=True) as session:
        assert worth_in(session, Asked(day=MONDAY, organisation_id=east), MONDAY) == []
        with pytest.raises(StreetNotYours):
            worth_in(session, Asked(day=MONDAY, organisation_id=east, street=ZHENRU), MONDAY)


def test_without_a_plan_nothing_is_weighed(engine: Engine, planned: Office) -> None:
    """A week that no plan reaches has no worth to tell, and says so."""
    with transaction(engine, read_only=True) as session, pytest.raises(NotFound):
        worth_in(session, Asked(day=MONDAY), MONDAY + timedelta(days=60))
