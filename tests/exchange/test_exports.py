"""Tables hold an organisation's own rows of a month, people by number alone, and never more than a file takes."""

import csv
import io
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.bridge.filled import fill_bridge
from tests.plans import plan_by_hand
from tests.worlds import MONDAY, World
from timebank.core.database import transaction
from timebank.core.errors import WrongInput
from timebank.exchange.exports import EXPORTS, month_of, table_rows, write_export
from timebank.exchange.refusals import TooManyRows
from timebank.ledger.accounts import ISSUANCE, account_id, open_accounts
from timebank.ledger.posting import Posting, post
from timebank.projects.projects import SLOT
from timebank.projects.tables import Booking
from timebank.visits.tables import Visit


@pytest.fixture
def session(engine: Engine, world: World, noon: datetime) -> Any:
    """A district with a visit, a booking, an hour earned and the bridge's rows, in one transaction."""
    with transaction(engine) as opened:
        plan = plan_by_hand(opened, "export", MONDAY, noon)
        held: dict[str, Any] = {"status": "confirmed", "served_min": 12, "evidence": "app", "confirmed_by": "senior"}
        ahead: dict[str, Any] = {}
        for day, more in ((MONDAY, held), (MONDAY + timedelta(days=2), ahead), (date(2026, 4, 1), ahead)):
            opened.add(
                Visit(
                    plan_id=plan,
                    need_id=world.needs["S1-greeting"],
                    volunteer_id=world.volunteers["V1"],
                    day=day,
                    starts_min=540,
                    planned_min=10,
                    **more,
                )
            )
        slot = opened.connection().execute(SLOT.select().order_by(SLOT.c.day).limit(1)).one().id
        opened.add(Booking(slot_id=slot, need_id=world.needs["S2-bath"], status="used"))
        person = world.volunteers["V1"]
        rows = [{"code": f"member:{person}", "kind": "member", "person_id": person}]
        [account] = open_accounts(opened, world.book, rows).values()
        parts: dict[str, Any] = {"book_id": world.book, "reason": "earn", "effective_at": noon}
        issuing = account_id(opened, world.book, ISSUANCE)
        post(opened, Posting(idem_key="a", debit_id=issuing, credit_id=account, amount_min=60, **parts), now=noon)
        fill_bridge(opened, world, noon)
        opened.flush()
        yield opened


def _rows(session: Session, world: World, what: str, who: str) -> list[tuple[Any, ...]]:
    rows = list(table_rows(session, what, world.organisations[who], "2026-03", most=100))
    assert len(rows[0]) == len(EXPORTS[what].columns)
    assert {len(row) for row in rows} == {len(rows[0])}
    return [tuple(row) for row in rows[1:]]


EXPECTED = {
    ("seniors", "EAST"): [
        ("310107004", "甘泉路街道", "all", 4),
        ("310107004", "甘泉路街道", "severe_functional_impairment", 1),
    ],
    ("seniors", "WEST"): [("310107007", "真如镇街道", "all", 4)],
    ("visits", "EAST"): [
        (MONDAY, "09:00", "greeting", "S1", "V1", 10, 12, "confirmed", "app"),
        (MONDAY + timedelta(days=2), "09:00", "greeting", "S1", "V1", 10, None, "planned", ""),
    ],
    ("visits", "WEST"): [],
    ("bookings", "CF1"): [(MONDAY, "09:00", "10:00", "BATH-1", "bath", "S2", "used")],
    ("bookings", "EAST"): [],
    ("balances", "EAST"): [("V1", "active", 60, 0), ("V2", "active", 0, 0), ("V5", "active", 0, 0)],
    ("balances", "WEST"): [("V3", "active", 0, 0), ("V4", "active", 0, 0)],
    ("projects", "CF1"): [(1, "助浴", "running", MONDAY, date(2026, 6, 1), 100_000, 1, 1)],
    ("projects", "WEST"): [],
    ("referrals", "EAST"): [
        (1, "sent", "WEST", "bath", "sent", "", "", MONDAY, date(2026, 3, 5), None, None),
    ],
    ("referrals", "WEST"): [
        (1, "received", "EAST", "bath", "sent", "", "", MONDAY, date(2026, 3, 5), None, None),
    ],
    ("referrals", "CF1"): [],
}


@pytest.mark.parametrize(("what", "who"), EXPECTED, ids="-".join)
def test_table_holds_own_rows_of_the_month(session: Session, world: World, what: str, who: str) -> None:
    """Nobody else's, no other month's, and no name."""
    assert _rows(session, world, what, who) == EXPECTED[what, who]


def test_file_has_its_header_and_rows(session: Session, world: World) -> None:
    """What a clerk opens in Chinese Windows reads as it should."""
    content, count = write_export(session, "visits", world.organisations["EAST"], "2026-03", "csv-gb18030")

    rows = list(csv.reader(io.StringIO(content.decode("gb18030"))))
    assert count == len(rows) - 1 == 2
    assert rows[0][:3] == ["日期 Day", "开始 Starts", "服务项目 Service"]
    assert rows[1] == ["2026-03-02", "09:00", "greeting", "S1", "V1", "10", "12", "confirmed", "app"]


def test_table_past_its_bound_is_refused(session: Session, world: World) -> None:
    """Half a month that looks like a whole one is worse than none."""
    with pytest.raises(TooManyRows):
        list(table_rows(session, "visits", world.organisations["EAST"], "2026-03", most=1))


@pytest.mark.parametrize(("what", "month", "field"), [("alarms", "2026-03", "table"), ("visits", "March", "month")])
def test_what_is_no_table_or_month_is_refused(
    session: Session, world: World, what: str, month: str, field: str
) -> None:
    """A slip in a word is told with what would be right."""
    with pytest.raises(WrongInput) as refused:
        list(table_rows(session, what, world.organisations["EAST"], month, most=10))

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("text", "days"),
    [("2026-03", (date(2026, 3, 1), date(2026, 4, 1))), ("2026-12", (date(2026, 12, 1), date(2027, 1, 1)))],
)
def test_month_is_half_open(text: str, days: tuple[date, date]) -> None:
    """December ends in January."""
    assert month_of(text) == days
