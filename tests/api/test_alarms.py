"""Alarms through the door: an organisation's streets, a volunteer's turn, and signed messages with nothing else."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.api.conftest import NOON
from tests.api.door import Door, Json
from timebank.alarms.inbox import MOST_BODY_BYTES
from timebank.alarms.life import receive
from timebank.alarms.sources import open_source
from timebank.core.database import transaction
from timebank.core.signatures import sign
from timebank.people.tables import VolunteerSkill

LIST = """query Q($after: String) { alarms(first: 1, after: $after) {
  edges { node { kind state seniorRef turn asks address candidates { volunteerRef state } steps { kind } } }
  pageInfo { endCursor hasNextPage } } }"""
STEP = """mutation M($id: ID!) { %s { __typename
  ... on AlarmChanged { alarm { state turn asks address standing finding outcome name } } ... on Refused { code } } }"""


@pytest.fixture
def rescued(door: Door) -> tuple[Door, str]:
    """V1 goes to doors, and S1 has pressed for rescue; returns the order's id too."""
    with transaction(door.engine) as session:
        skill = VolunteerSkill(volunteer_id=door.world.volunteers["V1"], service_id=door.world.services["door_visit"])
        session.add(skill)
        session.flush()
        receive(session, key="rescue", kind="rescue", code="C1", actor="source:centre", now=NOON)
    found = door.data("east", "{ alarms(first: 1) { edges { node { id kind } } } }")["alarms"]["edges"][0]["node"]
    assert found["kind"] == "rescue"
    return door, found["id"]


def step(door: Door, who: str, act: str, alarm: str) -> Json:
    """Take a step; returns what it answers."""
    answer: Json = door.data(who, STEP % act, id=alarm)[act.split("(", maxsplit=1)[0]]
    return answer


def test_organisation_sees_its_streets_and_the_volunteers_in_turn(rescued: tuple[Door, str]) -> None:
    """The newest first, page by page; WEST sees none of them."""
    door, _ = rescued

    pages = door.walk("east", LIST, "alarms")

    assert [[row["kind"] for row in rows] for rows in pages] == [["rescue"], ["taxi"]]
    assert [one["state"] for one in pages[0][0]["candidates"]] == ["asked", "waiting"]
    assert pages[0][0]["steps"] == [{"kind": "received"}]
    assert door.walk("west", LIST, "alarms") == [[]]


def test_volunteer_takes_it_on_and_sees_where_to_go(rescued: tuple[Door, str]) -> None:
    """Before the yes nobody learns an address, and after the end nobody does either."""
    door, alarm = rescued
    (before,) = door.walk("volunteer", LIST, "alarms")[0]

    taken = step(door, "volunteer", "acceptAlarm(id: $id)", alarm)
    again = step(door, "volunteer", "acceptAlarm(id: $id)", alarm)
    seen_by_others = door.data("east", "query Q($id: ID!) { alarm(id: $id) { address } }", id=alarm)
    closed = step(door, "volunteer", 'closeAlarm(id: $id, outcome: "helped")', alarm)

    assert (before["asks"], before["turn"], before["address"], before["candidates"]) == ("responder", 1, None, [])
    assert taken["alarm"]["address"] == "王老人1的家"
    assert again == taken
    assert seen_by_others == {"alarm": {"address": None}}
    assert (closed["alarm"]["state"], closed["alarm"]["outcome"], closed["alarm"]["address"]) == (
        "closed",
        "helped",
        None,
    )


def test_each_no_is_a_type(rescued: tuple[Door, str]) -> None:
    """A program tells a wrong outcome from a wrong moment."""
    door, alarm = rescued

    met = [
        step(door, "east", 'closeAlarm(id: $id, outcome: "song")', alarm)["__typename"],
        step(door, "east", 'closeAlarm(id: $id, outcome: "helped")', alarm)["__typename"],
        step(door, "east", 'confirmAlarm(id: $id, finding: "leak")', alarm)["__typename"],
        step(door, "east", 'settleAlarm(id: $id, seniorRef: "S1")', alarm)["__typename"],
        step(door, "east", 'settleAlarm(id: $id, seniorRef: "nobody")', alarm)["__typename"],
        step(door, "other_volunteer", "declineAlarm(id: $id)", alarm)["__typename"],
    ]

    assert met == ["WrongInput", "WrongState", "WrongInput", "WrongState", "NotFound", "NotFound"]


def test_organisation_moves_an_order_on(rescued: tuple[Door, str]) -> None:
    """A no asks the next volunteer; by hand it goes on to the organisation."""
    door, alarm = rescued

    declined = step(door, "volunteer", 'declineAlarm(id: $id, note: "在外地")', alarm)
    escalated = step(door, "east", "escalateAlarm(id: $id)", alarm)
    counted = door.data(
        "east", "{ alarmAccounts { received isBalanced openByState { code count } closedByOutcome { code } } }"
    )

    assert (declined["alarm"]["turn"], escalated["alarm"]["asks"]) == (2, "organisation")
    assert escalated["alarm"]["standing"].startswith("asks the organisation until 2026-03-02 12:02")
    assert counted["alarmAccounts"] == {
        "received": 2,
        "isBalanced": True,
        "openByState": [{"code": "asked", "count": 2}],
        "closedByOutcome": [],
    }


def test_unknown_kind_is_refused(door: Door) -> None:
    """A list of a kind that is none would look as if all were well."""
    assert door.codes("east", '{ alarms(first: 1, kind: "song") { edges { node { id } } } }') == ["WrongInput"]


BODY = json.dumps({"type": "call.received", "data": {"kind": "rescue", "device": "C1"}}).encode()


@pytest.fixture
def secret(door: Door) -> str:
    """The secret of a source of EAST."""
    with transaction(door.engine) as session:
        return open_source(session, "centre", door.world.organisations["EAST"], actor="o", now=NOON)


def post(door: Door, secret: str, body: bytes = BODY, *, path: str = "/webhooks/centre", **said: Any) -> httpx.Response:
    """Send a message signed at noon, or as ``said``."""
    headers = sign([secret], said.get("id", "m1"), body, now=said.get("now", NOON))
    return door.send(path=path, content=body, headers=headers | said.get("headers", {}))


def test_signed_message_is_taken_once(door: Door, secret: str) -> None:
    """The same again is told that all is well; the same id with other words is not."""
    first, again = post(door, secret), post(door, secret)
    other = post(door, secret, BODY.replace(b"rescue", b"taxi"))

    assert (first.status_code, first.json()) == (200, {"taken": True, "isNew": True, "caused": {"orders": 1}})
    assert (again.status_code, again.json()["isNew"]) == (200, False)
    assert (other.status_code, other.json()["errors"][0]["extensions"]["code"]) == (409, "KeyConflict")
    assert first.headers["x-request-id"]


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ({"headers": {"webhook-signature": "v1,AAAA"}}, 401, "SignatureWrong"),
        ({"now": NOON - timedelta(minutes=10)}, 401, "ClockOff"),
        ({"now": NOON + timedelta(minutes=10)}, 401, "ClockOff"),
        ({"path": "/webhooks/nowhere"}, 404, "NotFound"),
        ({"body": b'{"type": "song"}'}, 400, "WrongInput"),
        ({"body": b" " * (MOST_BODY_BYTES + 1)}, 413, "BadRequest"),
    ],
)
def test_message_that_is_not_taken_says_why(
    door: Door, secret: str, said: dict[str, Any], status: int, code: str
) -> None:
    """Each with the status that a sender's library understands."""
    answer = post(door, secret, **said)

    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (status, code)
    assert answer.json()["errors"][0]["extensions"]["requestId"] == answer.headers["x-request-id"]


def test_both_clocks_are_told(door: Door, secret: str) -> None:
    """Whoever keeps the platform sees which clock to set."""
    answer = post(door, secret, now=NOON - timedelta(minutes=10), headers={"accept-language": "en"})

    assert "2026-03-02T03:50:00+00:00" in answer.text
    assert "2026-03-02T04:00:00+00:00" in answer.text


def test_fault_of_ours_is_masked(door: Door, secret: str) -> None:
    """Words of a fault stay inside; the sender gets a number, and nothing of the message is stored."""
    headers = sign([secret], "m1", BODY, now=NOON)
    with transaction(door.engine) as session:
        session.connection().execute(text("ALTER TABLE alarm_event RENAME TO gone"))

    answer = door.send(path="/webhooks/centre", content=BODY, headers=headers)

    with transaction(door.engine, read_only=True) as session:
        stored = session.connection().execute(text("SELECT count(*) FROM webhook_message")).scalar_one()
    assert answer.status_code == 500
    assert "alarm_event" not in answer.text
    assert stored == 0


def test_only_posts_are_messages(door: Door) -> None:
    """Nothing is read at this address."""
    assert door.send("GET", "/webhooks/centre").status_code == 405
