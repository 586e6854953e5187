"""Gifts: pending until they are accepted, declined, withdrawn or nobody answers; taken back while that can be."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session

from tests.coins.conftest import Town
from tests.together import at_once
from timebank.coins.acts import Act
from timebank.coins.gifts import accept_gift, decline_gift, gift_of, gifts_of, give, undo_gift, withdraw_gift
from timebank.coins.refusals import NotByRules, NotTheirs
from timebank.coins.relations import end_relation
from timebank.coins.settling import lapse_due
from timebank.coins.tables import Gift
from timebank.core.database import transaction
from timebank.core.errors import BalanceTooLow, KeyConflict, NotFound, WrongInput, WrongState
from timebank.ledger.holds import expire_due
from timebank.ledger.posting import TRANSFER
from timebank.ledger.reconcile import reconcile
from timebank.visits.limits import STANDARD
from timebank.visits.rings import gift_rings

Answer = Callable[[Session, Act, int], Gift]


def offered(session: Session, town: Town, *, minutes: int = 60, days: int = 0, relation: str = "friend") -> int:
    """Let S1, who has 100, offer a gift to V1; returns its number."""
    town.earn(session, "S1", 100)
    town.relate(session, "S1", "V1", relation)
    people = {"giver_id": town.who("S1"), "taker_id": town.who("V1")}
    return give(session, town.act("give", "S1", days=days), **people, minutes=minutes).id or 0


@pytest.mark.parametrize(
    ("answer", "who", "status", "giver", "taker"),
    [
        (accept_gift, "V1", "accepted", (40, 0), (60, 0)),
        (decline_gift, "V1", "declined", (100, 0), (0, 0)),
        (withdraw_gift, "S1", "withdrawn", (100, 0), (0, 0)),
    ],
)
def test_gift_is_answered_once(
    session: Session,
    town: Town,
    answer: Answer,
    who: str,
    status: str,
    giver: tuple[int, int],
    taker: tuple[int, int],
) -> None:
    """Held until then; whose it is afterwards does not change by answering again, or otherwise."""
    number = offered(session, town)
    pending = town.has(session, "S1"), town.has(session, "V1")

    states = [answer(session, town.act("answer", who), number).status for _ in range(2)]

    assert pending == ((100, 60), (0, 0))
    assert states == [status, status]
    assert (town.has(session, "S1"), town.has(session, "V1")) == (giver, taker)
    for other in (accept_gift, decline_gift, withdraw_gift):
        with pytest.raises(WrongState, match="this takes one that is pending"):
            other(session, town.act("other", "S1" if other is withdraw_gift else "V1"), number)


@pytest.mark.parametrize(("days", "is_late"), [(13, False), (14, True)])
def test_gift_lapses_when_nobody_answers(session: Session, town: Town, days: int, *, is_late: bool) -> None:
    """Fourteen days, the pack says; then it is the giver's again, whether the sweep has passed or not."""
    number = offered(session, town)
    act = town.act("yes", "V1", days=days)
    if is_late:
        with pytest.raises(WrongState, match="lapsed"):
            accept_gift(session, act, number)

    assert lapse_due(session, town.book, now=act.now) == (int(is_late), 0, int(is_late))
    assert gift_of(session, number).status == ("lapsed" if is_late else "pending")
    assert town.has(session, "S1") == (100, 0 if is_late else 60)


@pytest.mark.parametrize(("who", "answer"), [("V1", accept_gift), ("V1", decline_gift), ("S1", withdraw_gift)])
def test_gift_whose_hold_the_ledger_has_swept_is_lapsed(session: Session, town: Town, who: str, answer: Answer) -> None:
    """The sweep of the ledger knows no gifts; who answers afterwards hears that it is too late, not of holds."""
    number = offered(session, town)
    act = town.act("late", who, days=15)
    expire_due(session, town.book, now=act.now)

    with pytest.raises(WrongState, match="lapsed"):
        answer(session, act, number)

    assert lapse_due(session, town.book, now=act.now) == (0, 0, 1)
    assert gift_of(session, number).status == "lapsed"


@pytest.mark.parametrize(("days", "allowed"), [(6, True), (7, False)])
def test_accepted_gift_is_taken_back_within_a_week(session: Session, town: Town, days: int, *, allowed: bool) -> None:
    """A mistake can be mended for seven days; afterwards what was given is given, and the article says so."""
    number = offered(session, town)
    accept_gift(session, town.act("yes", "V1"), number)
    act = town.act("back", "S1", days=days)
    if allowed:
        states = [undo_gift(session, act, number).status for _ in range(2)]

        assert states == ["undone", "undone"]
        assert (town.has(session, "S1"), town.has(session, "V1")) == ((100, 0), (0, 0))
    else:
        with pytest.raises(NotByRules) as caught:
            undo_gift(session, act, number)

        assert caught.value.rules == "gift_undo_days"
        assert gift_of(session, number).status == "accepted"


def test_spent_gift_is_not_taken_back(session: Session, town: Town) -> None:
    """What the taker has used or promised is theirs; nobody is driven below nothing."""
    number = offered(session, town)
    accept_gift(session, town.act("yes", "V1"), number)
    town.relate(session, "V1", "V2", "friend")
    give(session, town.act("on", "V1"), giver_id=town.who("V1"), taker_id=town.who("V2"), minutes=10)

    with pytest.raises(BalanceTooLow):
        undo_gift(session, town.act("back", "S1"), number)

    assert gift_of(session, number).status == "accepted"


@pytest.mark.parametrize(
    ("relation", "day", "rules"),
    [
        (None, date(2026, 3, 2), "gift_circle"),
        ("friend", date(2025, 12, 31), "gift_circle, gift_taker_must_qualify, min_age_to_be_served"),
        ("child", date(2025, 12, 31), "gift_taker_must_qualify, min_age_to_be_served"),
    ],
)
def test_circle_is_that_of_the_day(session: Session, town: Town, relation: str | None, day: date, rules: str) -> None:
    """Strangers never; friends since 2026; before, close relatives who may be served themselves."""
    town.earn(session, "S1", 100)
    if relation:
        town.relate(session, "S1", "V1", relation)
    days = (day - date(2026, 3, 2)).days

    with pytest.raises(NotByRules) as caught:
        give(
            session,
            town.act("give", "S1", days=days),
            giver_id=town.who("S1"),
            taker_id=town.who("V1"),
            minutes=60,
        )

    assert caught.value.rules == rules
    assert town.has(session, "S1") == (100, 0)


@pytest.mark.parametrize("minutes", [0, -5, 101])
def test_gift_has_minutes(session: Session, town: Town, minutes: int) -> None:
    """Nothing, less than nothing and more than there is cannot be given."""
    with pytest.raises(NotByRules) as caught:
        offered(session, town, minutes=minutes)

    assert caught.value.rules == "balance"


def test_gift_is_for_its_own_people(session: Session, town: Town) -> None:
    """Only the giver gives and takes back, only the taker answers; and nobody gives to themselves."""
    number = offered(session, town)
    people = {"giver_id": town.who("S1"), "taker_id": town.who("V1")}

    for act, step in (("V1", withdraw_gift), ("S1", accept_gift), ("S3", decline_gift)):
        with pytest.raises(NotTheirs):
            step(session, town.act("not theirs", act), number)
    with pytest.raises(NotTheirs):
        give(session, town.act("for another", "V1"), **people, minutes=1)
    with pytest.raises(WrongInput):
        give(session, town.act("self", "S1"), giver_id=town.who("S1"), taker_id=town.who("S1"), minutes=1)
    with pytest.raises(NotFound):
        accept_gift(session, town.act("book", "V1", book_id=town.book + 1), number)


def test_gift_between_people_no_longer_related_is_not_accepted(session: Session, town: Town) -> None:
    """Who ended it yesterday is not given to today."""
    town.earn(session, "S1", 100)
    relation = town.relate(session, "S1", "V1", "friend")
    people = {"giver_id": town.who("S1"), "taker_id": town.who("V1")}
    number = give(session, town.act("give", "S1"), **people, minutes=60).id or 0
    end_relation(session, town.act("end", "V1"), relation)

    with pytest.raises(WrongState, match="no longer related"):
        accept_gift(session, town.act("yes", "V1"), number)

    assert withdraw_gift(session, town.act("back", "S1"), number).status == "withdrawn"


def test_gift_stands_as_one_in_the_ledger(session: Session, town: Town) -> None:
    """Its reason is the one by which rings of gifts are found, and the decision says the relation."""
    number = offered(session, town)
    accept_gift(session, town.act("yes", "V1"), number)
    people = {"giver_id": town.who("V1"), "taker_id": town.who("S1")}
    back = give(session, town.act("give", "V1"), **people, minutes=60).id or 0
    accept_gift(session, town.act("yes", "S1"), back)

    t, gift = TRANSFER.c, gift_of(session, number)
    hold = session.connection().execute(select(t.reason, t.decision).where(t.id == gift.hold_id)).one()
    assert (hold.reason, hold.decision["inputs"]["relation"]) == ("gift", "friend")
    rings = list(gift_rings(session, town.book, date(2026, 3, 1), date(2026, 3, 9), STANDARD))
    assert [sorted(ring.numbers["people"]) for ring in rings] == [sorted(people.values())]


def test_gifts_are_listed_in_pages(session: Session, town: Town) -> None:
    """Both sides see what was given, the newest first, a bounded page at a time."""
    first = offered(session, town, minutes=10)
    people = {"giver_id": town.who("S1"), "taker_id": town.who("V1")}
    second = give(session, town.act("more", "S1"), **people, minutes=20).id or 0

    assert [gift.id for gift in gifts_of(session, town.book, town.who("V1"), first=1)] == [second]
    assert [gift.id for gift in gifts_of(session, town.book, town.who("S1"), first=9, before_id=second)] == [first]
    with pytest.raises(ValueError, match="1 to 100"):
        gifts_of(session, town.book, town.who("S1"), first=0)


def test_same_key_gives_once(session: Session, town: Town) -> None:
    """A form sent twice gives once; another amount under its key is told apart."""
    number = offered(session, town)
    people = {"giver_id": town.who("S1"), "taker_id": town.who("V1")}

    assert give(session, town.act("give", "S1"), **people, minutes=60).id == number
    with pytest.raises(KeyConflict):
        give(session, town.act("give", "S1"), **people, minutes=61)
    assert town.has(session, "S1") == (100, 60)


def test_accepted_while_it_is_withdrawn(engine: Engine, lone_town: Town) -> None:
    """The taker says yes while the giver takes it back: one of them was first, and the minutes are one's."""
    with transaction(engine) as session:
        number = offered(session, lone_town)

    one, other = at_once(
        engine,
        lambda s: accept_gift(s, lone_town.act("yes", "V1"), number).status,
        lambda s: withdraw_gift(s, lone_town.act("back", "S1"), number),
    )

    assert one == "accepted"
    assert isinstance(other, WrongState)
    with transaction(engine) as session:
        assert (lone_town.has(session, "S1"), lone_town.has(session, "V1")) == ((40, 0), (60, 0))
        assert reconcile(session, lone_town.book) == []
        later = lone_town.noon + timedelta(days=15)
        assert lapse_due(session, lone_town.book, now=later) == (0, 0, 0)
