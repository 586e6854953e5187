"""What one who has died leaves: to confirmed heirs, or to the pool; then the account is closed, and stays readable."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.coins.conftest import Town
from tests.rules.texts import SETTING
from tests.together import at_once
from tests.worlds import MONDAY
from timebank.coins.checks import compare_coins
from timebank.coins.estates import estate_of, heirs_of, open_estate, settle_estate
from timebank.coins.families import family_id_of, family_of, members_of
from timebank.coins.gifts import gift_of, give
from timebank.coins.holders import account_row, own_account, require_account
from timebank.coins.redeeming import redemption_of
from timebank.coins.refusals import NotByRules, NotTheirs
from timebank.coins.settling import capture_redemption
from timebank.core.database import transaction
from timebank.core.errors import KeyConflict, NotFound, WrongInput, WrongState
from timebank.ledger.accounts import POOL, account_id, balance_of, statement
from timebank.ledger.holds import expire_due
from timebank.ledger.reconcile import reconcile
from timebank.ledger.refusals import AccountClosed


def died(session: Session, town: Town, ref: str = "S1", key: str = "died") -> int:
    """Open the estate of somebody who died on Monday; returns its number."""
    estate = open_estate(session, town.act(key), town.who(ref), died_on=MONDAY)
    return (estate.id if estate else 0) or 0


def pool_min(session: Session, town: Town) -> int:
    """Return what the pool has."""
    return balance_of(session, account_id(session, town.book, POOL)).balance_min


def test_what_was_open_goes_back_first(session: Session, town: Town) -> None:
    """Holds for services, gifts either way, and the part in the family: all of it is in the estate."""
    family = town.family(session, minutes=90)
    town.earn(session, "S1", 100)
    booked = town.book_visit(session).id or 0
    shared = town.book_visit(session, "shared", from_family=True, minutes=30).id or 0
    people = {"giver_id": town.who("S1"), "taker_id": town.who("S2")}
    gift = give(session, town.act("give", "S1"), **people, minutes=20).id or 0

    number = died(session, town)

    assert town.has(session, "S1") == (100 + 90, 0)
    assert [redemption_of(session, one).status for one in (booked, shared)] == ["released", "released"]
    assert gift_of(session, gift).status == "withdrawn"
    assert (family_of(session, family).head_id, len(members_of(session, family))) == (town.who("S2"), 1)
    assert account_row(session, require_account(session, town.book, town.who("S1"))).status == "frozen"
    assert died(session, town, key="again") == number


def test_death_does_not_stumble_over_what_was_swept(session: Session, town: Town) -> None:
    """A gift and a booking that ended by themselves are told so, and the rest goes on."""
    town.earn(session, "S1", 100)
    town.relate(session, "S1", "S2", "spouse")
    booked = town.book_visit(session).id or 0
    people = {"giver_id": town.who("S1"), "taker_id": town.who("S2")}
    gift = give(session, town.act("give", "S1"), **people, minutes=20).id or 0
    act = town.act("died", days=60)
    expire_due(session, town.book, now=act.now)

    estate = open_estate(session, act, town.who("S1"), died_on=MONDAY)

    assert estate is not None
    assert (gift_of(session, gift).status, redemption_of(session, booked).status) == ("lapsed", "expired")
    assert town.has(session, "S1") == (100, 0)


def test_last_of_a_family_closes_its_account(session: Session, town: Town) -> None:
    """When both have died nobody is left to share, and nothing is left behind."""
    family = town.family(session, minutes=90)
    died(session, town)
    died(session, town, "S2", "died too")

    assert family_of(session, family).status == "closed"
    assert family_id_of(session, town.book, town.who("S2")) is None
    assert (town.has(session, "S1"), town.has(session, "S2")) == ((90, 0), (0, 0))


@pytest.mark.parametrize(
    ("parts", "shares"),
    [({"V1": 1}, (100, 0)), ({"V1": 1, "V2": 2}, (34, 66)), ({"V1": 1, "V2": 1000}, (1, 99))],
)
def test_heirs_have_their_parts(session: Session, town: Town, parts: dict[str, int], shares: tuple[int, int]) -> None:
    """As the office writes them down, the rest of rounding to the first; the account is closed and can be read."""
    account = town.earn(session, "S1", 100)
    for ref in ("V1", "V2"):
        town.relate(session, "S1", ref, "child")
        own_account(session, town.book, town.who(ref))
    number = died(session, town)
    given = {town.who(ref): part for ref, part in parts.items()}

    settled = [settle_estate(session, town.act("settle"), number, parts=given) for _ in range(2)]

    assert (town.has(session, "V1")[0], town.has(session, "V2")[0]) == shares
    assert [(row.status, row.passed_min) for row in settled] == [("settled", 100)] * 2
    assert account_row(session, account).status == "closed"
    assert len(statement(session, account, first=10)) == 1 + len(parts)
    with pytest.raises(AccountClosed):
        town.earn(session, "S1", 7)
    with pytest.raises(WrongState):
        settle_estate(session, town.act("again"), number, parts=given)
    with pytest.raises(KeyConflict):
        settle_estate(session, town.act("settle"), number, parts={})


def test_pool_has_what_nobody_inherits(session: Session, town: Town) -> None:
    """Without a confirmed heir it helps others; a friend is no heir."""
    town.earn(session, "S1", 100)
    town.relate(session, "S1", "V1", "friend")
    number = died(session, town)

    assert heirs_of(session, town.who("S1"), MONDAY) == {}
    settle_estate(session, town.act("settle"), number, parts={})

    assert pool_min(session, town) == 100


@pytest.mark.parametrize(
    ("relation", "parts", "rules"),
    [("friend", {"V1": 1}, "estate_circle"), (None, {"V1": 1}, "estate_circle"), ("child", {}, "estate_to")],
)
def test_pack_says_who_inherits(
    session: Session, town: Town, relation: str | None, parts: dict[str, int], rules: str
) -> None:
    """A stranger or friend does not, and the pool not before a child; the account stays frozen then."""
    account = town.earn(session, "S1", 100)
    if relation:
        town.relate(session, "S1", "V1", relation)
    number = died(session, town)

    with pytest.raises(NotByRules) as caught:
        settle_estate(session, town.act("settle"), number, parts={town.who(ref): part for ref, part in parts.items()})

    assert caught.value.rules == rules
    assert (estate_of(session, number).status, account_row(session, account).status) == ("open", "frozen")


def test_district_gives_estates_to_the_pool(
    session: Session, town: Town, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """Where the district has set so, even a child hears that the pool gets it."""
    head = SETTING.partition("[rules")[0]
    (tmp_path / "set.toml").write_text(
        f'{head}[rules.estate_to]\nvalue = "pool"\nsource = "区里规定"\n', encoding="utf-8"
    )
    monkeypatch.setenv("TIMEBANK_RULES", str(tmp_path / "set.toml"))
    town.earn(session, "S1", 100)
    town.relate(session, "S1", "V1", "child")
    number = died(session, town)

    with pytest.raises(NotByRules) as caught:
        settle_estate(session, town.act("settle"), number, parts={town.who("V1"): 1})
    settle_estate(session, town.act("settle"), number, parts={})

    assert (caught.value.rules, caught.value.pack) == ("estate_to", "shanghai-2026+putuo-1")
    assert pool_min(session, town) == 100


def test_empty_estate_is_closed(session: Session, town: Town) -> None:
    """Who left nothing leaves no work behind; who never had an account leaves no estate."""
    own_account(session, town.book, town.who("S1"))

    settled = settle_estate(session, town.act("settle"), died(session, town), parts={})

    assert (settled.passed_min, died(session, town, "S3", "S3")) == (0, 0)


@pytest.mark.parametrize(
    ("parts", "refusal"), [({"V1": 0}, WrongInput), ({"V1": 1001}, WrongInput), ({"V1": -1}, WrongInput)]
)
def test_estate_is_for_an_office_and_can_be(
    session: Session, town: Town, parts: dict[str, int], refusal: type[Exception]
) -> None:
    """Heirs do not settle it themselves; parts are parts; a day of death has come."""
    town.earn(session, "S1", 100)
    number = died(session, town)

    with pytest.raises(refusal):
        settle_estate(session, town.act("s"), number, parts={town.who(ref): part for ref, part in parts.items()})
    with pytest.raises(NotTheirs):
        settle_estate(session, town.act("s", "V1"), number, parts={})
    with pytest.raises(NotTheirs):
        open_estate(session, town.act("o", "V1"), town.who("S3"), died_on=MONDAY)
    with pytest.raises(WrongInput):
        open_estate(session, town.act("o"), town.who("S3"), died_on=date(2026, 3, 3))
    with pytest.raises(NotFound):
        open_estate(session, town.act("o"), 0, died_on=MONDAY)
    with pytest.raises(NotFound):
        settle_estate(session, town.act("s"), 0, parts={})


@pytest.mark.parametrize("is_served_first", [True, False])
def test_service_ends_while_a_death_is_recorded(engine: Engine, lone_town: Town, *, is_served_first: bool) -> None:
    """Neither waits for the other for ever: it was paid before, or is free and not charged any more."""
    with transaction(engine) as session:
        lone_town.earn(session, "S1", 100)
        number = lone_town.book_visit(session).id or 0

    def serve(session: Session) -> Any:
        return capture_redemption(session, number, served_min=60, actor="clock", now=lone_town.noon)

    def die(session: Session) -> Any:
        return died(session, lone_town)

    one, other = at_once(engine, *((serve, die) if is_served_first else (die, serve)))

    assert one in (60, 1)
    assert other == 1 if is_served_first else isinstance(other, WrongState)
    with transaction(engine) as session:
        assert lone_town.has(session, "S1") == (40 if is_served_first else 100, 0)
        assert redemption_of(session, number).status == ("captured" if is_served_first else "released")
        assert [*reconcile(session, lone_town.book), *compare_coins(session, lone_town.book)] == []


def test_two_settle_at_once(engine: Engine, lone_town: Town) -> None:
    """Two clerks settle one estate at the same moment: it passes on once."""
    with transaction(engine) as session:
        lone_town.earn(session, "S1", 100)
        lone_town.relate(session, "S1", "V1", "child")
        number = died(session, lone_town)
    parts = {lone_town.who("V1"): 1}

    one, other = at_once(
        engine,
        lambda s: settle_estate(s, lone_town.act("one"), number, parts=parts).passed_min,
        lambda s: settle_estate(s, lone_town.act("other"), number, parts=parts),
    )

    assert one == 100
    assert isinstance(other, WrongState)
    with transaction(engine) as session:
        assert lone_town.has(session, "V1") == (100, 0)
        assert reconcile(session, lone_town.book) == []
