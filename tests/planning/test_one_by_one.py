"""Visits that are agreed one by one belong to a plan that is never in force and never cleared away."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from tests.planning.conftest import Plan, ask, publish, row
from tests.together import at_once
from tests.worlds import MONDAY, World
from timebank.core.database import transaction
from timebank.core.errors import WrongState
from timebank.needs.requests import Asked, put_on_list, request_of
from timebank.needs.requests import ask as take_in
from timebank.planning.one_by_one import plan_of_requests
from timebank.planning.problem_rows import Question
from timebank.planning.storing import publish_plan
from timebank.visits.life import visit_of
from timebank.visits.offers import Proposal, accept_offer, propose


def _agree(engine: Engine, world: World, now: datetime) -> int:
    """Let V1 promise S1 an hour on Wednesday from nine; returns the number of the visit."""
    day, v1, east = MONDAY + timedelta(days=2), world.volunteers["V1"], world.organisations["EAST"]
    call = Asked(
        organisation_id=east,
        senior_id=world.seniors["S1"],
        service_id=world.services["greeting"],
        source="phone",
        recorded_by="organisation:1",
        asker_relation="self",
        from_day=day,
        to_day=day + timedelta(days=1),
        minutes=60,
    )
    with transaction(engine) as session:
        number = take_in(session, call, idempotency_key="k", now=now).id or 0
        put_on_list(session, number, actor="organisation:1", now=now)
        (offer,) = propose(session, number, [Proposal(v1, day, 540)], actor="organisation:1", now=now)
        plan = plan_of_requests(session, east, now=now)
        visit = accept_offer(session, offer.id or 0, volunteer_id=v1, plan_id=plan, now=now)
        assert request_of(session, number).status == "planned"
        return visit.id or 0


@pytest.mark.parametrize("organisation", ["EAST", None], ids=["an organisation", "the district"])
def test_promised_hour_is_left_alone_by_every_plan(
    engine: Engine, world: World, plan: Plan, noon: datetime, organisation: str | None
) -> None:
    """A plan takes it off what the volunteer has to give, can be published beside it, and does not clear it away."""
    visit = _agree(engine, world, noon)
    own = world.organisations[organisation] if organisation else None

    problem = ask(engine, Question(starts_on=MONDAY, horizon_days=14, organisation_id=own))
    plan(organisation)

    free = row(problem.volunteers, world.volunteers["V1"])
    assert (free["max_needs"], free["weekly_caps_min"], free["window_starts_min"]) == (2, 240, 605)
    with transaction(engine) as session:
        assert visit_of(session, visit).status == "planned"


def test_plan_of_requests_is_one_and_never_in_force(engine: Engine, world: World, plan: Plan, noon: datetime) -> None:
    """Two who ask at once get one, and it neither outdates another plan nor is published itself."""
    east = world.organisations["EAST"]
    proposed = plan(is_proposed=True)

    one, other = at_once(
        engine,
        lambda session: plan_of_requests(session, east, now=noon + timedelta(hours=1)),
        lambda session: plan_of_requests(session, east, now=noon),
    )

    assert one == other
    publish(engine, proposed)
    with transaction(engine) as session, pytest.raises(WrongState):
        publish_plan(session, one)
