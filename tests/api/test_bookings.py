"""The desk's own system asks for places through the door: the same answers, the same reasons, its own streets alone."""

from api.ids import encode
from tests.api.asked_bookings import NOTICE, PLACE
from tests.api.door import Door, Json

ASK = """mutation M($input: PlaceInput!, $key: String!) { askPlace(input: $input, idempotencyKey: $key) { __typename
  ... on PlaceChanged { request { id status seniorRef position why places { resource day startsMin status } } }
  ... on Refused { code message } } }"""
CANCEL = """mutation M($id: ID!) { cancelPlace(id: $id, reason: "住院") { __typename
  ... on PlaceChanged { request { status places { status } } } ... on Refused { code } } }"""
RECORD = """mutation M($id: ID!, $day: Date!) { recordPlace(id: $id, day: $day, status: "used", minutes: 60) {
  __typename ... on Refused { code message } } }"""


def _ask(door: Door, who: str, key: str, **changes: object) -> Json:
    wish: Json = {"seniorRef": "S2", "service": "bath", "fromDay": "2026-03-12", "toDay": "2026-03-13"}
    found: Json = door.data(who, ASK, input=wish | changes, key=key)["askPlace"]
    return found


def test_the_same_key_is_the_same_request(door: Door) -> None:
    """A partner whose connection broke asks again; baths wait for their round."""
    first = _ask(door, "east", "k1")

    again = _ask(door, "east", "k1")

    assert first == again
    assert first["request"] | {"id": ""} == {
        "id": "",
        "status": "received",
        "seniorRef": "S2",
        "position": None,
        "why": None,
        "places": [],
    }


def test_a_refusal_says_why_in_the_readers_language(door: Door) -> None:
    """S1 is in no category that the bath project helps."""
    said = [
        door.data(
            "east",
            ASK,
            locale,
            input={"seniorRef": "S1", "service": "bath", "fromDay": "2026-03-12", "toDay": "2026-03-13"},
            key="k",
        )["askPlace"]
        for locale in ("zh", "en")
    ]

    assert [one["code"] for one in said] == ["NotForThisSenior"] * 2
    assert "须属于重度失能" in said[0]["message"]
    assert "it is for Severe impairment" in said[1]["message"]


def test_another_organisations_senior_is_not_there(door: Door) -> None:
    """WEST asks for its own streets alone, and learns nothing of others."""
    assert _ask(door, "west", "k")["code"] == "NotFound"


def test_why_is_told_with_the_places(window: Door) -> None:
    """EAST sees the place, and the reason in the language of the question."""
    query = f'{{ placeRequest(id: "{PLACE}") {{ status why places {{ resource day status }} }} }}'

    found = window.data("east", query)["placeRequest"]

    assert (found["status"], [place["status"] for place in found["places"]]) == ("placed", ["booked"])
    assert found["why"].startswith("Given: there was room for everyone")


def test_what_is_called_off_is_free(door: Door) -> None:
    """The bath of 5 March has one place more than before."""
    free = '{ freePlaces(service: "bath", fromDay: "2026-03-05", days: 1) { free } }'
    before = door.data("east", free)["freePlaces"][0]["free"]

    gone = door.data("east", CANCEL, id=PLACE)["cancelPlace"]

    assert gone["request"] == {"status": "withdrawn", "places": [{"status": "cancelled"}]}
    assert door.data("east", free)["freePlaces"][0]["free"] == before + 1


def test_what_has_not_come_is_not_recorded(door: Door) -> None:
    """A place of Thursday cannot have been used on Monday."""
    told = door.data("east", RECORD, id=PLACE, day="2026-03-05")["recordPlace"]

    assert (told["__typename"], told["code"]) == ("NotYet", "NotYet")


def test_a_call_that_was_made_leaves_the_list(door: Door) -> None:
    """Another organisation can neither see nor close it."""
    close = f'mutation {{ closeNotice(id: "{NOTICE}") {{ __typename }} }}'
    listed = "{ deskNotices(first: 10) { edges { node { kind request } } } }"
    before = door.data("east", listed)["deskNotices"]["edges"]

    others = door.data("west", close)["closeNotice"]
    own = door.data("east", close)["closeNotice"]

    assert [edge["node"] for edge in before] == [{"kind": "placed", "request": PLACE}]
    assert (others["__typename"], own["__typename"]) == ("NotFound", "NoticeDone")
    assert door.data("east", listed)["deskNotices"]["edges"] == []
    assert door.data("west", listed)["deskNotices"]["edges"] == []


def test_requests_are_read_page_by_page(door: Door) -> None:
    """Newest first, each once, and only those of one's own streets."""
    for key, day in (("a", "2026-03-12"), ("b", "2026-03-16")):
        _ask(door, "east", key, fromDay=day, toDay=f"{day[:-2]}{int(day[-2:]) + 1}")
    query = """query Q($after: String) { placeRequests(first: 2, after: $after) {
      edges { node { id } } pageInfo { endCursor hasNextPage } } }"""

    pages = door.walk("east", query, "placeRequests")

    assert [[node["id"] for node in page] for page in pages] == [
        [encode("place_request", 3), encode("place_request", 2)],
        [PLACE],
    ]
    assert door.walk("west", query, "placeRequests") == [[]]
