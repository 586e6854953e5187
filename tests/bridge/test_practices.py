"""Good practice shows figures that its rows bear out, in the version that the bureau approved."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.bridge.filled import consented, offered
from tests.plans import plan_by_hand
from tests.worlds import MONDAY, World
from timebank.bridge.consents import record_consent
from timebank.bridge.counting import QUERIES, Period, count, trace
from timebank.bridge.offers import offer, take
from timebank.bridge.practices import (
    FigureDraft,
    PracticeDraft,
    decide,
    published,
    submit,
    submitted,
    told,
    trace_figure,
)
from timebank.bridge.referrals import Actor, ReferralDraft, accept, begin, close, refer
from timebank.bridge.refusals import FigureMoved
from timebank.core.database import transaction
from timebank.core.errors import KeyConflict, NotAllowed, NotFound, WrongInput, WrongState
from timebank.projects.projects import SLOT
from timebank.projects.tables import Booking
from timebank.visits.tables import Visit

FEBRUARY = FigureDraft("visits_confirmed", date(2026, 2, 1), date(2026, 3, 1))


@pytest.fixture
def visits(engine: Engine, world: World, noon: datetime) -> list[int]:
    """Three confirmed visits of EAST in February to two seniors, one that was missed, and one of WEST."""
    with transaction(engine) as session:
        plan = plan_by_hand(session, "february", date(2026, 2, 2), noon)
        rows = [
            Visit(plan_id=plan, need_id=world.needs[f"{ref}-greeting"], volunteer_id=world.volunteers["V1"], **more)
            for ref, more in (
                ("S1", _seen(3, 10)),
                ("S1", _seen(5, 12)),
                ("S2", _seen(5, 20)),
                ("S2", _seen(7, 0) | {"status": "missed"}),
                ("S5", _seen(9, 10)),
            )
        ]
        session.add_all(rows)
        session.flush()
        return [row.id or 0 for row in rows]


def _seen(day: int, minutes: int) -> dict[str, Any]:
    held = {"status": "confirmed", "served_min": minutes, "evidence": "app", "confirmed_by": "senior"}
    return {"day": date(2026, 2, day), "starts_min": 540, "planned_min": 10} | held


def _draft(*figures: FigureDraft, practice_id: int | None = None) -> PracticeDraft:
    return PracticeDraft(
        title_zh="雨天探访", done="下雨前先打电话。", figures=figures or (FEBRUARY,), practice_id=practice_id
    )


def test_figures_count_their_rows(session: Session, world: World, visits: list[int]) -> None:
    """Visits, minutes, seniors: of EAST alone, confirmed alone, within the days; each row can be named."""
    period = Period(world.organisations["EAST"], FEBRUARY.from_day, FEBRUARY.to_day)

    counted = {
        code: count(session, code, period) for code in ("visits_confirmed", "minutes_confirmed", "seniors_visited")
    }

    assert counted == {"visits_confirmed": 3, "minutes_confirmed": 42, "seniors_visited": 2}
    assert trace(session, "minutes_confirmed", period, first=2) == visits[:2]
    assert trace(session, "minutes_confirmed", period, first=2, after_id=visits[1]) == visits[2:3]
    assert count(session, "visits_confirmed", period._replace(to_day=date(2026, 2, 5))) == 1


def test_figures_of_places_referrals_and_resources(
    session: Session, world: World, company: int, east: Actor, west: Actor, noon: datetime
) -> None:
    """What the other rooms did counts too: one place used, one referral that helped, three wheelchairs given."""
    slot = session.connection().execute(SLOT.select().limit(1)).one().id
    session.add(Booking(slot_id=slot, need_id=world.needs["S2-bath"], status="used"))
    row = record_consent(session, east.organisation_id, consented(world), idempotency_key="c", now=noon)
    draft = ReferralDraft(consent_id=row.id or 0, reason="助浴")
    number = refer(session, east, draft, idempotency_key="r", now=noon).id or 0
    accept(session, west, number, now=noon)
    begin(session, west, number, now=noon)
    close(session, west, number, outcome="partly", feedback="好转", now=noon)
    chairs = offer(session, company, offered(), idempotency_key="o", now=noon).id or 0
    take(session, east.organisation_id, chairs, 3, purpose="", idempotency_key="t", now=noon)
    session.flush()
    owners = dict.fromkeys(QUERIES, world.organisations["CF1"])
    owners |= {"referrals_helped": west.organisation_id}
    owners |= dict.fromkeys(("resources_given", "organisations_supplied"), company)

    week = (MONDAY, MONDAY + timedelta(days=7))
    counted = {code: count(session, code, Period(owner, *week)) for code, owner in owners.items()}

    assert counted == {
        "visits_confirmed": 0,
        "minutes_confirmed": 0,
        "seniors_visited": 0,
        "places_used": 1,
        "seniors_with_places": 1,
        "referrals_helped": 1,
        "resources_given": 3,
        "organisations_supplied": 1,
    }


def test_approved_version_is_read_by_all(
    session: Session, world: World, visits: list[int], bureau: int, noon: datetime
) -> None:
    """Before the bureau approves nobody reads it; a second version takes its place when it is approved, not before."""
    east = world.organisations["EAST"]
    number = submit(session, east, _draft(), idempotency_key="1", now=noon).practice_id
    assert published(session, first=10) == []
    decide(session, bureau, number, 1, is_approved=True, now=noon)
    decide(session, bureau, number, 1, is_approved=True, now=noon)
    again = submit(session, east, _draft(practice_id=number), idempotency_key="2", now=noon)

    before = [one.version.version for one in published(session, first=10)]
    decide(session, bureau, number, 2, is_approved=True, now=noon)

    assert (again.version, before) == (2, [1])
    assert [(one.version.version, one.figures[0].value) for one in published(session, first=10)] == [(2, 3)]
    assert trace_figure(session, number, 1, 1) == ("visit", visits[:3])


def test_figure_that_moved_is_not_approved(
    session: Session, world: World, visits: list[int], bureau: int, noon: datetime
) -> None:
    """A visit that was disputed since is not in the figure any more; the version is returned, a new one counts anew."""
    east = world.organisations["EAST"]
    number = submit(session, east, _draft(), idempotency_key="1", now=noon).practice_id
    session.connection().execute(text(f"UPDATE visit SET status = 'disputed' WHERE id = {visits[0]}"))

    with pytest.raises(FigureMoved) as refused:
        decide(session, bureau, number, 1, is_approved=True, now=noon)
    decide(session, bureau, number, 1, is_approved=False, words="请更新数据", now=noon)
    fresh = submit(session, east, _draft(practice_id=number), idempotency_key="2", now=noon)

    assert (refused.value.stated, refused.value.counted) == (3, 2)
    assert told(session, fresh).figures[0].value == 2
    with pytest.raises(WrongState, match="returned"):
        session.connection().execute(text(f"UPDATE visit SET status = 'confirmed' WHERE id = {visits[0]}"))
        decide(session, bureau, number, 1, is_approved=True, now=noon)


def test_only_the_bureau_decides(session: Session, world: World, bureau: int, noon: datetime) -> None:
    """Nobody approves what they did themselves; what was not submitted is not there."""
    number = submit(session, world.organisations["EAST"], _draft(), idempotency_key="1", now=noon).practice_id

    for who in ("EAST", "WEST", "CF1"):
        with pytest.raises(NotAllowed):
            decide(session, world.organisations[who], number, 1, is_approved=True, now=noon)
    with pytest.raises(NotFound):
        decide(session, bureau, number, 2, is_approved=True, now=noon)
    with pytest.raises(NotFound):
        trace_figure(session, number, 1, 2)


def test_what_is_submitted_is_the_organisations_and_the_bureaus(
    session: Session, world: World, bureau: int, noon: datetime
) -> None:
    """WEST does not read what EAST only tries; another's practice gets no version of mine."""
    east, west = world.organisations["EAST"], world.organisations["WEST"]
    number = submit(session, east, _draft(), idempotency_key="1", now=noon).practice_id

    assert [len(submitted(session, who, first=10)) for who in (east, west, bureau)] == [1, 0, 1]
    with pytest.raises(NotFound):
        submit(session, west, _draft(practice_id=number), idempotency_key="1", now=noon)


def test_same_key_submits_once(session: Session, world: World, noon: datetime) -> None:
    """A lost answer is asked for again, with the same figures."""
    east = world.organisations["EAST"]

    one, other = (submit(session, east, _draft(), idempotency_key="1", now=noon) for _ in range(2))

    assert (one.practice_id, one.version) == (other.practice_id, other.version)
    with pytest.raises(KeyConflict):
        submit(session, east, _draft(FEBRUARY, FEBRUARY), idempotency_key="1", now=noon)


@pytest.mark.parametrize(
    ("figures", "field"),
    [
        ((FEBRUARY._replace(query="all_good"),), "query"),
        ((FEBRUARY._replace(to_day=date(2026, 3, 3)),), "figures"),
        ((FEBRUARY._replace(from_day=date(2026, 3, 1)),), "figures"),
        ((FEBRUARY,) * 13, "figures"),
    ],
)
def test_figure_that_cannot_be_is_refused(
    session: Session, world: World, noon: datetime, figures: tuple[FigureDraft, ...], field: str
) -> None:
    """A figure of days that are not over would move by itself."""
    with pytest.raises(WrongInput) as refused:
        submit(session, world.organisations["EAST"], _draft(*figures), idempotency_key="1", now=noon)

    assert refused.value.field == field
