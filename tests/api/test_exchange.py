"""What anyone may read, and what only an address opens: the directory and the calendars, over HTTP."""

from datetime import UTC, datetime

import pytest

from api.app import create_app
from tests.api.door import Door
from tests.exchange.hsds_schemas import SHAPE_BY_TABLE, faults
from timebank.core.database import open_database

RENEW = """mutation M($key: String!) { renewMyCalendar(idempotencyKey: $key) {
  __typename ... on CalendarRenewed { path issuedAt } ... on Refused { code } } }"""


@pytest.mark.parametrize("name", ["services", "organizations", "service_at_locations", "taxonomy_terms"])
def test_directory_is_read_by_anyone(window: Door, name: str) -> None:
    """No token; a page of rows as the standard asks, and the headers of what is public."""
    answer = window.send("GET", f"/hsds/{name}", params={"per_page": 2})

    page = answer.json()
    found = [fault for row in page["contents"] for fault in faults(SHAPE_BY_TABLE[name], row, is_table=False)]
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert (page["page_number"], page["size"] <= 2, page["empty"]) == (1, True, False)
    assert found == []


def test_one_service_is_read_whole(window: Door) -> None:
    """By the identifier of the list, with its capacity now."""
    rows = window.send("GET", "/hsds/services", params={"per_page": 100}).json()["contents"]

    wholes = [window.send("GET", f"/hsds/services/{row['id']}").json() for row in rows]

    assert [fault for whole in wholes for fault in faults("service", whole, is_table=False)] == []
    assert sum(len(whole["capacities"]) for whole in wholes) >= 2
    assert window.send("GET", "/hsds/").json()["version"] == "3.1"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/hsds/services?page=0", 400),
        ("/hsds/services?page=x", 400),
        ("/hsds/services?per_page=101", 400),
        ("/hsds/services?page=99999999999999999999", 400),
        ("/hsds/seniors", 404),
        ("/hsds/seniors/1", 404),
        ("/hsds/services/1", 404),
        ("/hsds/organizations/49d0e1f0-0000-4000-8000-000000000000", 404),
    ],
)
def test_what_is_no_page_or_thing_is_refused(window: Door, path: str, status: int) -> None:
    """In words, and never with what is inside."""
    answer = window.send("GET", path)

    assert (answer.status_code, set(answer.json())) == (status, {"error"})


def test_directory_is_read_only(window: Door) -> None:
    """Nothing is written without a token."""
    assert window.send("POST", "/hsds/services", json={}).status_code == 405


def test_volunteer_subscribes_renews_and_revokes(door: Door) -> None:
    """The new address opens, the old one is dead at once; a retry tells the same address."""
    first = door.data("volunteer", RENEW, key="1")["renewMyCalendar"]["path"]
    again = door.data("volunteer", RENEW, key="1")["renewMyCalendar"]["path"]
    opened = door.send("GET", first)
    second = door.data("volunteer", RENEW, key="2")["renewMyCalendar"]["path"]
    statuses = [door.send("GET", path).status_code for path in (first, second)]
    issued = door.data("volunteer", "{ myCalendar { issuedAt } }")["myCalendar"]
    revoked = door.data("volunteer", "mutation { revokeMyCalendar { wasLive } }")["revokeMyCalendar"]

    assert first == again != second
    assert opened.headers["content-type"] == "text/calendar; charset=utf-8"
    assert opened.headers["cache-control"] == "private, max-age=900"
    assert opened.content.count(b"BEGIN:VEVENT") > 0
    assert statuses == [404, 200]
    assert issued == {"issuedAt": "2026-03-02T04:00:00+00:00"}
    assert (revoked, door.send("GET", second).status_code) == ({"wasLive": True}, 404)
    assert door.data("volunteer", RENEW, key="2")["renewMyCalendar"]["code"] == "WrongState"
    assert door.data("volunteer", "{ myCalendar { issuedAt } }")["myCalendar"] is None


def test_unchanged_calendar_is_not_sent_again(door: Door) -> None:
    """A phone asks every few hours; what it has is enough until something changes."""
    path = door.data("volunteer", RENEW, key="1")["renewMyCalendar"]["path"]
    tag = door.send("GET", path).headers["etag"]

    answers = [door.send("GET", path, headers={"if-none-match": asked}) for asked in (tag, f'W/{tag}, "x"', '"x"')]

    assert [answer.status_code for answer in answers] == [304, 304, 200]
    assert answers[0].content == b""


@pytest.mark.parametrize("secret", ["x", "k" * 43, "a" * 5000, "%00", "..%2f..", "王"])
def test_wrong_address_is_told_nothing(window: Door, secret: str) -> None:
    """The same empty 404 for whatever it is."""
    answer = window.send("GET", f"/calendar/{secret}.ics")

    assert (answer.status_code, len(answer.content) <= 9) == (404, True)


def test_store_that_does_not_answer_is_said(window: Door, tmp_path: object) -> None:
    """A directory that is down says so, and asks to come again."""
    app = create_app(
        open_database(f"sqlite:///{tmp_path}/empty.sqlite"), clock=lambda: datetime(2026, 3, 2, tzinfo=UTC)
    )
    empty = Door(app=app, engine=window.engine, served=window.served)

    answers = [empty.send("GET", path) for path in ("/hsds/services", "/calendar/x.ics")]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert {answer.headers["retry-after"] for answer in answers} == {"5", "60"}
