"""Certificates and levels count what a record has become, as the pack of its day says: groups too, nothing twice."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.honours.givers import application
from tests.honours.test_register import without_guards
from tests.visits.giving import gave, gave_together, make_plan, set_rules
from tests.worlds import MONDAY, World
from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.honours.certificates import issue
from timebank.honours.hours import served_records, standing_on
from timebank.honours.refusals import NoHours
from timebank.honours.register import shaken, trace
from timebank.ledger.accounts import POOL, account_id
from timebank.ledger.holds import reverse
from timebank.rules.known import USES
from timebank.visits.claims import choose_for_visit
from timebank.visits.credit import credit_day

EVENING = moment_at(MONDAY, 21 * 60)
NUMBER = "EAST-2026-000001"
LINES = (
    "SELECT visit_id IS NULL, group_id IS NULL, transfer_id IS NULL, service_min, credit_min FROM certificate_record"
)


@pytest.fixture
def plan(engine: Engine, world: World) -> int:
    """A plan for visits to belong to."""
    with transaction(engine) as session:
        return make_plan(session, MONDAY)


def settle(session: Session, world: World, plan: int, becomes: str, *, served_min: int = 60) -> int:
    """Let V1 give an hour that becomes something, and settle it."""
    visit = gave(session, world, plan, day=MONDAY, served_min=served_min)
    choose_for_visit(session, visit, becomes, actor="person:5", now=EVENING)
    credit_day(session, world.book, MONDAY, now=EVENING)
    return visit


def sing(session: Session, world: World, served_min: int = 45) -> int:
    """Let V1 sing with others, and give the coins of it to the pool."""
    group = gave_together(session, world, day=MONDAY, served_min_by_giver={"V1": served_min})
    pool = account_id(session, world.book, POOL)
    credit_day(session, world.book, MONDAY, now=EVENING, donation_id=pool)
    return group


def counted(session: Session, world: World, use: str, **parts: Any) -> list[int]:
    """Return the minutes of each record of V1 that counts for a use."""
    records = served_records(session, world.volunteers["V1"], use=use, **parts)
    return [record.service_min for record in records]


@pytest.mark.parametrize(
    ("becomes", "certified", "levelled"),
    [("coin", [60], [60]), ("volunteer_record", [60], [60]), ("honour", [], [60])],
)
def test_record_counts_for_what_the_pack_says(
    engine: Engine, world: World, plan: int, becomes: str, certified: list[int], levelled: list[int]
) -> None:
    """Honour hours make stars and no certificate of a volunteer; coins make both, for the hour was served."""
    with transaction(engine) as session:
        settle(session, world, plan, becomes)

        assert [counted(session, world, use) for use in USES] == [certified, levelled]
        assert standing_on(session, world.volunteers["V1"], MONDAY).service_min == sum(levelled)


def test_pack_can_keep_coins_out_of_honours(
    engine: Engine, world: World, plan: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where an hour of coins is not an hour of honour as well, that is one word in the rules."""
    value = '{ coin = [], volunteer_record = ["certificate"], honour = ["honour_level"] }'
    monkeypatch.setenv("TIMEBANK_RULES", set_rules(tmp_path, "shanghai-2026", record_becomes=value))
    with transaction(engine) as session:
        settle(session, world, plan, "coin")

        assert [counted(session, world, use) for use in USES] == [[], []]


def test_unsettled_record_counts_for_nothing(engine: Engine, world: World, plan: int) -> None:
    """A choice is not yet an hour: it can still be changed, and counted otherwise."""
    with transaction(engine) as session:
        visit = gave(session, world, plan, day=MONDAY)
        choose_for_visit(session, visit, "volunteer_record", actor="person:5", now=EVENING)

        assert [counted(session, world, use) for use in USES] == [[], []]


def test_group_hours_stand_on_a_certificate(engine: Engine, world: World, plan: int) -> None:
    """Whoever sang for twenty has served; that the coins went to the pool changes nothing of the time."""
    with transaction(engine) as session:
        settle(session, world, plan, "coin")
        sing(session, world)

        certificate = issue(session, application(world), now=EVENING).certificate

        assert (certificate.service_min, certificate.credit_min) == (105, 60)
        lines = sorted(tuple(map(int, row)) for row in session.connection().execute(text(LINES)))
        assert lines == [(0, 1, 0, 60, 60), (1, 0, 0, 45, 0)]
        found = trace(session, NUMBER)
        assert found.adds_up
        assert [(line.becomes, line.service_min, line.entry_min) for line in found.lines] == [
            ("coin", 60, 60),
            ("coin", 45, 0),
        ]


@pytest.mark.parametrize(("code", "minutes"), [("EAST", [45]), ("WEST", [])])
def test_group_hours_are_those_of_their_organisation(
    engine: Engine, world: World, code: str, minutes: list[int]
) -> None:
    """Who records certifies: nobody else's singing."""
    with transaction(engine) as session:
        sing(session, world)

        assert counted(session, world, "certificate", organisation_id=world.organisations[code]) == minutes


def test_volunteer_record_is_certified_without_any_coins(engine: Engine, world: World, plan: int) -> None:
    """The young who redeem nothing have their hours on paper, and the figures trace to the claim."""
    with transaction(engine) as session:
        settle(session, world, plan, "volunteer_record", served_min=90)

        certificate = issue(session, application(world), now=EVENING).certificate

        assert (certificate.service_min, certificate.credit_min) == (90, 0)
        (line,) = trace(session, NUMBER).lines
        assert (line.becomes, line.transfer_id, line.claimed_min) == ("volunteer_record", None, 90)
        assert trace(session, NUMBER).adds_up


def test_honour_hours_alone_make_no_certificate(engine: Engine, world: World, plan: int) -> None:
    """What was claimed as honours is not claimed as a record as well."""
    with transaction(engine) as session:
        settle(session, world, plan, "honour")

        with pytest.raises(NoHours):
            issue(session, application(world), now=EVENING)


def test_reversed_group_credit_shakes_its_certificate(engine: Engine, world: World) -> None:
    """Coins that were donated and taken back: the hour was not, and the paper says too much."""
    with transaction(engine) as session:
        group = sing(session, world)
        issue(session, application(world), now=EVENING)
        sql = text("SELECT transfer_id FROM group_giver WHERE group_id = :group")
        transfer = session.connection().execute(sql, {"group": group}).scalar_one()

        reverse(session, world.book, transfer, idem_key="undo", reason="error", now=EVENING)

        assert counted(session, world, "certificate") == []
        assert counted(session, world, "certificate", known_at=EVENING - timedelta(seconds=1)) == []
        assert shaken(session) == [NUMBER]


def test_claim_that_was_changed_does_not_add_up(engine: Engine, world: World, plan: int) -> None:
    """Whoever takes the triggers down and adds an hour to a claim is found out by the paper."""
    with transaction(engine) as session:
        settle(session, world, plan, "volunteer_record")
        issue(session, application(world), now=EVENING)
        without_guards(session, "UPDATE visit_claim SET service_min = 6000", "visit_claim")

    with transaction(engine, read_only=True) as session:
        assert not trace(session, NUMBER).adds_up


def test_records_of_a_time_are_half_open(engine: Engine, world: World, plan: int) -> None:
    """Groups keep to the same borders as visits."""
    with transaction(engine) as session:
        sing(session, world)

        assert counted(session, world, "certificate", to_day=MONDAY) == []
        assert counted(session, world, "certificate", from_day=MONDAY, to_day=date(2026, 3, 3)) == [45]
