"""A volunteer reads balance, statement and next visits: their own, page by page, with the little they need."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from api.app import create_app
from api.ids import cursor
from tests.api.conftest import NOON
from tests.api.door import Door, Json
from timebank.core.database import transaction
from timebank.ledger.accounts import ISSUANCE, account_id, account_of_person
from timebank.ledger.posting import Posting, post
from timebank.visits.tables import Visit

STATEMENT = """query Q($after: String, $first: Int! = 7) { me { account { statement(first: $first, after: $after) {
  edges { cursor node { id amountMin balanceAfterMin reason postedAt } } pageInfo { hasNextPage endCursor } } } } }"""
VISITS = """query Q($after: String, $first: Int! = 9) { me { nextVisits(first: $first, after: $after) {
  edges { node { id day startsAt seniorRef seniorName service address } } pageInfo { hasNextPage endCursor } } } }"""


def _earn(session: Session, door: Door, key: str) -> None:
    """Credit an hour to V1."""
    account = account_of_person(session, door.world.volunteers["V1"])
    posting = Posting(
        book_id=door.world.book,
        idem_key=key,
        debit_id=account_id(session, door.world.book, ISSUANCE),
        credit_id=account.id or 0,
        amount_min=30,
        reason="earn",
        effective_at=NOON,
    )
    post(session, posting, now=NOON)


def test_balance_is_the_last_line_of_the_statement(window: Door) -> None:
    """A balance that its lines do not lead to is not believed."""
    query = """{ me { account { balanceMin availableMin balanceCoins
      statement(first: 1) { edges { node { balanceAfterMin amountMin reason } } } } } }"""

    account = window.data("volunteer", query)["me"]["account"]

    assert (account["balanceMin"], account["availableMin"], account["balanceCoins"]) == (1500, 1500, "25")
    assert account["statement"]["edges"][0]["node"] == {"balanceAfterMin": 1500, "amountMin": 60, "reason": "earn"}


@pytest.mark.parametrize(("first", "sizes"), [(7, [7, 7, 7, 4]), (25, [25]), (100, [25]), (5, [5] * 5)])
def test_statement_is_walked_without_gap_or_double(window: Door, first: int, sizes: list[int]) -> None:
    """Every line once, newest first, and the last page knows that it is the last."""
    pages = window.walk("volunteer", STATEMENT, "me", "account", "statement", first=first)

    balances = [line["balanceAfterMin"] for page in pages for line in page]
    assert [len(page) for page in pages] == sizes
    assert balances == [60 * n for n in range(25, 0, -1)]


def test_hours_that_come_meanwhile_neither_double_nor_hide_lines(door: Door) -> None:
    """A list by offset shifts when a line comes on top; a list by key does not."""
    first = door.data("volunteer", STATEMENT)["me"]["account"]["statement"]

    with transaction(door.engine) as session:
        _earn(session, door, "meanwhile 1")
        _earn(session, door, "meanwhile 2")
    rest = door.data("volunteer", STATEMENT, after=first["pageInfo"]["endCursor"], first=100)["me"]["account"]
    anew = door.data("volunteer", STATEMENT, first=100)["me"]["account"]["statement"]

    ids = [edge["node"]["id"] for edge in first["edges"] + rest["statement"]["edges"]]
    assert len(ids) == len(set(ids)) == 25
    assert len(anew["edges"]) == 27
    assert [edge["node"]["id"] for edge in anew["edges"]][2:] == ids


def test_a_cursor_of_every_row_leads_on_from_it(window: Door) -> None:
    """A client may stop in the middle of a page."""
    edges = window.data("volunteer", STATEMENT, first=10)["me"]["account"]["statement"]["edges"]

    on = window.data("volunteer", STATEMENT, after=edges[3]["cursor"], first=6)["me"]["account"]["statement"]["edges"]

    assert on == edges[4:]


def test_a_new_volunteer_has_no_account_yet(window: Door) -> None:
    """Before the first hour there is nothing to show, and that is no error that takes the visits away."""
    me = window.data(
        "new_volunteer", "{ me { account { balanceMin } nextVisits(first: 1) { edges { node { id } } } } }"
    )

    assert me == {"me": {"account": None, "nextVisits": {"edges": []}}}


def test_next_visits_are_walked_in_order_of_days(window: Door) -> None:
    """Every planned visit from today on, once."""
    with transaction(window.engine, read_only=True) as session:
        planned = select(Visit.id).where(
            Visit.volunteer_id == window.world.volunteers["V1"], Visit.day >= NOON.date(), Visit.status == "planned"
        )
        count = len(session.exec(planned).all())

    pages = window.walk("volunteer", VISITS, "me", "nextVisits")

    visits = [visit for page in pages for visit in page]
    days = [visit["day"] for visit in visits]
    assert len({visit["id"] for visit in visits}) == len(visits) == count > 20
    assert days == sorted(days)


def test_the_home_is_seen_from_the_day_before_until_the_visit_ends(window: Door) -> None:
    """A home is nobody's business a week ahead."""
    visits = window.data("volunteer", VISITS, first=100)["me"]["nextVisits"]["edges"]

    seen_by_day = {edge["node"]["day"]: edge["node"]["address"] is not None for edge in visits}
    assert seen_by_day["2026-03-03"]
    assert not any(seen for day, seen in seen_by_day.items() if day > "2026-03-03")


def test_a_senior_is_addressed_with_respect_and_not_by_full_name(window: Door) -> None:
    """The volunteer needs a way to greet, not a registry."""
    visits = window.data("volunteer", VISITS, first=100)["me"]["nextVisits"]["edges"]

    names = {edge["node"]["seniorName"] for edge in visits}
    assert names <= {"王阿姨", "王叔叔", "钱阿姨"}


@pytest.mark.parametrize(("locale", "service"), [("zh-CN", "两天一问候"), ("en-GB", "Greeting")])
def test_texts_follow_the_language_of_the_caller(window: Door, locale: str, service: str) -> None:
    """Chinese for the district, English for who wishes it."""
    query = "{ me { nextVisits(first: 1) { edges { node { service zh: service(locale: ZH) } } } } }"

    visit = window.data("volunteer", query, locale)["me"]["nextVisits"]["edges"][0]["node"]

    assert visit == {"service": service, "zh": "两天一问候"}


def test_visits_of_yesterday_are_not_next(window: Door) -> None:
    """Tomorrow's list starts tomorrow."""
    later = Door(
        app=create_app(window.engine, clock=lambda: NOON + timedelta(days=1)),
        engine=window.engine,
        served=window.served,
    )

    first = later.data("volunteer", VISITS, first=1)["me"]["nextVisits"]["edges"][0]["node"]

    assert first["day"] == "2026-03-03"


@pytest.mark.parametrize(
    "after",
    [
        "",
        "nonsense",
        "é",
        cursor("runs", 1),
        cursor("visits", 1),
        cursor("visits", 2**62, 1),
        cursor("visits", 1, 1) + "=",
    ],
    ids=["empty", "nonsense", "not ASCII", "of another list", "too short", "no such day", "padded"],
)
def test_a_cursor_that_is_none_is_refused(window: Door, after: str) -> None:
    """A cursor that was made up or mixed up is a no in words, not an empty page and not a fault of ours."""
    errors: list[Json] = window.ask("volunteer", VISITS, {"after": after}).json()["errors"]

    assert [error["extensions"]["code"] for error in errors] == ["WrongInput"]
    assert "endCursor" in errors[0]["message"]


@pytest.mark.parametrize("first", [0, -1, 101, 2**31 - 1])
@pytest.mark.parametrize("query", [STATEMENT, VISITS])
def test_a_page_has_1_to_100_rows(window: Door, query: str, first: int) -> None:
    """Nobody reads a whole table at once."""
    errors: list[Json] = window.ask("volunteer", query, {"first": first}).json()["errors"]

    assert [error["extensions"]["code"] for error in errors] == ["WrongInput"]
    assert "1 to 100" in errors[0]["message"]
