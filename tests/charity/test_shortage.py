"""What was missing in a week, minute by minute: by street, service and reason; and who may ask where."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.charity.conftest import Office, book, slots_of
from tests.worlds import MONDAY
from timebank.charity.refusals import StreetNotYours
from timebank.charity.shortage import Asked, Short, lacks_of, shortage_of
from timebank.core.errors import NotFound
from timebank.core.texts import say_refusal
from timebank.needs.tables import Need
from timebank.planning.seasons import set_season
from timebank.planning.suspensions import suspend
from timebank.planning.tables import Pair, Unmet
from timebank.visits.tables import Visit

GANQUAN, ZHENRU = "310107004", "310107007"
WEEK = MONDAY + timedelta(days=7)


def short(session: Session, street: str, service: str, **asked: Any) -> Short:
    """Return a row of the week."""
    found = shortage_of(session, Asked(day=WEEK, street=street, service=service, **asked))
    assert len(found) == 1
    return found[0]


def visit(session: Session, office: Office, plan: int, need: str, day: date, status: str) -> None:
    """Write a visit of ten minutes."""
    session.add(
        Visit(
            plan_id=plan,
            need_id=office.world.needs[need],
            volunteer_id=office.world.volunteers["V1"],
            day=day,
            starts_min=540,
            planned_min=10,
            status=status,
        )
    )
    session.flush()


def test_minutes_of_a_week_add_up(session: Session, office: Office, plan: int) -> None:
    """Four seniors are due three greetings each; one had two and one is to come, one had one, two had none."""
    for number, status in ((0, "confirmed"), (2, "checked_out"), (4, "planned")):
        visit(session, office, plan, "S1-greeting", WEEK + timedelta(days=number), status)
    visit(session, office, plan, "S2-greeting", WEEK, "confirmed")

    row = short(session, GANQUAN, "greeting")

    assert (row.needs, row.needed_min, row.served_min, row.planned_min) == (4, 120, 30, 10)
    assert (row.unmet, row.unmet_min) == (3, 80)


def test_too_much_of_one_covers_no_other(session: Session, office: Office, plan: int) -> None:
    """A senior who is greeted daily does not make up for one whom nobody greets."""
    for number in range(7):
        visit(session, office, plan, "S1-greeting", WEEK + timedelta(days=number), "confirmed")

    row = short(session, GANQUAN, "greeting")

    assert (row.served_min, row.unmet_min) == (70, 90)


def test_what_is_missing_says_why(session: Session, office: Office, plan: int) -> None:
    """The engine's reason, what fell out in the week, a part that the plan reaches, and no plan at all."""
    session.add(Unmet(plan_id=plan, need_id=office.world.needs["S1-greeting"], reason="capacity", remaining=0))
    visit(session, office, plan, "S2-greeting", WEEK, "missed")
    session.add(
        Pair(
            plan_id=plan,
            need_id=office.world.needs["S3-greeting"],
            volunteer_id=office.world.volunteers["V1"],
            distance_m=1,
            rank=1,
            candidates=1,
        )
    )
    session.flush()

    row = short(session, GANQUAN, "greeting")

    assert row.by_reason == {"capacity": 30, "missed": 30, "partly": 30, "unplanned": 30}
    assert sum(row.by_reason.values()) == row.unmet_min


def test_a_monthly_service_is_missing_when_its_month_is_over(session: Session, office: Office) -> None:
    """Who bathed last week is not short this week; who has not for a month is, until they have."""
    before = short(session, GANQUAN, "bath")
    book(session, slots_of(session, office.running)[0], office.world.needs["S2-bath"], "used")

    after = shortage_of(session, Asked(day=WEEK, street=GANQUAN, service="bath"))
    later = shortage_of(session, Asked(day=WEEK + timedelta(days=28), street=GANQUAN, service="bath"))

    assert (before.needed_min, before.unmet_min, before.by_reason) == (60, 60, {"unplanned": 60})
    assert after == []
    assert [row.unmet_min for row in later] == [60]


def test_a_place_that_is_booked_is_to_come(session: Session, office: Office) -> None:
    """What is promised is not missing."""
    slot = next(slot for slot in slots_of(session, office.running) if slot.day >= WEEK)
    book(session, slot, office.world.needs["S2-bath"])

    row = short(session, GANQUAN, "bath")

    assert (row.planned_min, row.unmet_min) == (60, 0)


def test_a_season_changes_what_is_due(session: Session, office: Office) -> None:
    """Twice a week in the heat is two, not three."""
    set_season(
        session,
        WEEK,
        WEEK + timedelta(days=7),
        kind="per_week",
        count=2,
        actor="x",
        now=office.noon,
        service="greeting",
    )

    assert short(session, GANQUAN, "greeting").needed_min == 80


def test_suspended_days_ask_for_nothing(session: Session, office: Office) -> None:
    """A week that is closed and not made up lacks nothing."""
    suspend(
        session,
        WEEK,
        WEEK + timedelta(days=7),
        cause="typhoon",
        make_up="drop",
        actor="x",
        now=office.noon,
        area=GANQUAN,
    )

    assert shortage_of(session, Asked(day=WEEK, street=GANQUAN)) == []
    assert short(session, ZHENRU, "greeting").needed_min == 120


@pytest.mark.parametrize(
    ("sql", "needs"),
    [
        ("UPDATE need SET status = 'closed' WHERE external_ref = 'S1-greeting'", 3),
        ("UPDATE need SET to_day = '2026-03-09' WHERE external_ref = 'S1-greeting'", 3),
        ("UPDATE need SET to_day = '2026-03-10' WHERE external_ref = 'S1-greeting'", 3),
        ("UPDATE senior SET status = 'moved' WHERE external_ref = 'S1'", 3),
        ("UPDATE need SET from_day = '2026-03-16' WHERE external_ref = 'S1-greeting'", 3),
        ("UPDATE need SET frequency_count = 1 WHERE external_ref = 'S1-greeting'", 4),
    ],
)
def test_only_what_is_open_in_the_week_is_due(session: Session, office: Office, sql: str, needs: int) -> None:
    """Who has left, and what has ended or not begun, lacks nothing."""
    session.connection().execute(text(sql))

    assert short(session, GANQUAN, "greeting").needs == needs


def test_a_single_need_is_due_until_it_is_met(session: Session, office: Office, plan: int) -> None:
    """What was asked for once stays missing until it was done, and never after."""
    once = Need(
        external_ref="S3-once",
        senior_id=office.world.seniors["S3"],
        service_id=office.world.services["door_visit"],
        organisation_id=office.world.organisations["EAST"],
        frequency_kind="once",
        frequency_count=1,
        minutes=45,
        from_day=MONDAY,
    )
    session.add(once)
    session.flush()
    asked = Asked(day=WEEK, street=GANQUAN, service="door_visit")

    before = {lack.need_id: lack.unmet_min for lack in lacks_of(session, asked)}
    session.add(
        Visit(
            plan_id=plan,
            need_id=once.id or 0,
            volunteer_id=office.world.volunteers["V5"],
            day=MONDAY,
            starts_min=540,
            planned_min=45,
            status="confirmed",
        )
    )
    session.flush()

    assert before[once.id or 0] == 45
    assert once.id not in {lack.need_id for lack in lacks_of(session, asked)}


def test_an_organisation_sees_its_own_streets_alone(session: Session, office: Office) -> None:
    """EAST works in Ganquan: Zhenru is not in its list, and asking for it is refused by name."""
    east = office.world.organisations["EAST"]

    found = shortage_of(session, Asked(day=WEEK, organisation_id=east))
    with pytest.raises(StreetNotYours) as refused:
        shortage_of(session, Asked(day=WEEK, organisation_id=east, street=ZHENRU))

    assert {row.street for row in found} == {GANQUAN}
    assert say_refusal(refused.value) == f"{ZHENRU} 不是本组织的服务街镇；本组织的街镇为：{GANQUAN}。"


@pytest.mark.parametrize("asked", [{"street": "999"}, {"service": "gold"}, {"street": "310107004001"}])
def test_what_is_not_there_is_said(session: Session, office: Office, asked: dict[str, str]) -> None:
    """A slip in a code is told, and does not look as if nothing were missing."""
    with pytest.raises(NotFound):
        shortage_of(session, Asked(day=WEEK, **asked))  # type: ignore[arg-type]  # parts, by name


def test_a_month_without_needs_is_empty(engine: Engine) -> None:
    """A district before its first senior has nothing to lack, and nothing breaks."""
    with Session(engine) as session:
        assert shortage_of(session, Asked(day=WEEK)) == []
