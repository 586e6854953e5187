"""Donations go where the pack says; what the pool has goes to hardship, and somebody answers for it."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session

from tests.coins.conftest import OFFICE, Town
from tests.together import at_once
from tests.worlds import MONDAY
from timebank.coins.acts import ACT, transfers_of
from timebank.coins.donations import Donated, donate, give_aid
from timebank.coins.holders import group_account
from timebank.coins.refusals import NotByRules, NotTheirs
from timebank.core.database import transaction
from timebank.core.errors import BalanceTooLow, KeyConflict, NotFound, WrongInput
from timebank.ledger.accounts import ISSUANCE, POOL, account_id, balance_of
from timebank.ledger.posting import TRANSFER, Posting, post
from timebank.ledger.reconcile import reconcile

BEFORE_2026 = (date(2025, 12, 31) - MONDAY).days


def pool_min(session: Session, town: Town) -> int:
    """Return what the pool has."""
    return balance_of(session, account_id(session, town.book, POOL)).balance_min


def fill(session: Session, town: Town, minutes: int) -> None:
    """Let S1 earn minutes and give them to the pool."""
    town.earn(session, "S1", minutes)
    donate(session, town.act("fill", "S1"), Donated(minutes=minutes, target="pool", person_id=town.who("S1")))


@pytest.mark.parametrize(
    ("target", "number"),
    [("pool", None), ("institution", "CF1"), ("person_in_hardship", "S2")],
)
def test_donation_reaches_its_target(session: Session, town: Town, target: str, number: str | None) -> None:
    """Each target of the pack has an account that the minutes stand in, with the decision that let them."""
    town.earn(session, "S1", 100)
    numbers = town.world.organisations | town.world.seniors
    donated = Donated(
        minutes=60, target=target, target_id=numbers[number] if number else None, person_id=town.who("S1")
    )

    sent = [donate(session, town.act("donate", "S1"), donated) for _ in range(2)]

    t = TRANSFER.c
    row = session.connection().execute(select(t.reason, t.credit_id, t.decision).where(t.id == sent[0])).one()
    assert sent[0] == sent[1]
    assert town.has(session, "S1") == (40, 0)
    assert (row.reason, balance_of(session, row.credit_id).balance_min) == ("donate", 60)
    assert (row.decision["inputs"]["target"], row.decision["by"]) == (target, f"person:{town.who('S1')}")


@pytest.mark.parametrize(
    ("target", "ref", "days", "rules"),
    [
        ("project", "project", 0, "donation_targets"),
        ("person_in_hardship", "S3", 0, "donation_targets"),
        ("pool", None, BEFORE_2026, "donation_targets"),
    ],
)
def test_pack_says_the_targets(
    session: Session, town: Town, target: str, ref: str | None, days: int, rules: str
) -> None:
    """Shanghai names no projects, asks for hardship, and before 2026 knew no pool; nothing moves then."""
    town.earn(session, "S1", 100)
    numbers = town.world.seniors | {"project": town.world.project}
    donated = Donated(minutes=60, target=target, target_id=numbers[ref] if ref else None, person_id=town.who("S1"))

    with pytest.raises(NotByRules) as caught:
        donate(session, town.act("donate", "S1", days=days), donated)

    assert caught.value.rules == rules
    assert town.has(session, "S1") == (100, 0)


def test_project_is_donated_to_where_a_pack_says_so(
    session: Session, town: Town, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """The account of a project is there for the district whose pack names projects."""
    (tmp_path / "set.toml").write_text(
        'district = "d"\nrevision = "1"\npack = "default-1"\nfrom_day = 2026-01-01\n\n'
        '[rules.donation_targets]\nvalue = ["pool", "project"]\nsource = "区里规定"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("TIMEBANK_RULES", str(tmp_path / "set.toml"))
    monkeypatch.setenv("TIMEBANK_JURISDICTION", "default")
    town.earn(session, "S1", 100)
    donated = Donated(minutes=60, target="project", target_id=town.world.project, person_id=town.who("S1"))

    donate(session, town.act("donate", "S1"), donated)

    account = account_id(session, town.book, f"project:{town.world.project}")
    assert balance_of(session, account).balance_min == 60


def test_hours_of_a_group_are_donated_by_it(session: Session, town: Town) -> None:
    """They belong to no one person: the organisation gives them on, and nobody else does."""
    east = town.world.organisations["EAST"]
    account = group_account(session, town.book, east)
    posting = Posting(
        book_id=town.book,
        idem_key="group:1",
        debit_id=account_id(session, town.book, ISSUANCE),
        credit_id=account,
        amount_min=90,
        reason="earn",
        effective_at=town.noon,
    )
    post(session, posting, now=town.noon)
    donated = Donated(minutes=60, target="pool", organisation_id=east)

    with pytest.raises(NotTheirs):
        donate(session, town.act("donate", "V1"), donated)
    with pytest.raises(NotTheirs):
        donate(session, town.act("donate", OFFICE), donated)
    donate(session, town.act("donate", f"organisation:{east}"), donated)

    assert balance_of(session, account).balance_min == 30
    assert pool_min(session, town) == 60


@pytest.mark.parametrize(
    ("parts", "refusal"),
    [
        ({"target": "nobody"}, WrongInput),
        ({"target_id": 7}, WrongInput),
        ({"target": "institution"}, WrongInput),
        ({"target": "institution", "target_id": 0}, NotFound),
        ({"target": "project", "target_id": 0}, NotFound),
        ({"target": "person_in_hardship", "target_id": 0}, NotFound),
        ({"target": "person_in_hardship", "target_id": "S1"}, WrongInput),
        ({"organisation_id": 1}, WrongInput),
        ({"person_id": None}, WrongInput),
        ({"person_id": None, "organisation_id": 0}, NotTheirs),
        ({"person_id": "V5"}, NotTheirs),
        ({"minutes": 0}, NotByRules),
        ({"minutes": 101}, NotByRules),
    ],
)
def test_donation_can_be(session: Session, town: Town, parts: dict[str, Any], refusal: type[Exception]) -> None:
    """Giver and target are there, and what is given is; else nothing moves."""
    town.earn(session, "S1", 100)
    said: dict[str, Any] = {"minutes": 60, "target": "pool", "person_id": town.who("S1")} | parts
    known: dict[str, Any] = {name: town.who(value) if value in ("S1", "V5") else value for name, value in said.items()}

    with pytest.raises(refusal):
        donate(session, town.act("donate", "S1"), Donated(**known))

    assert town.has(session, "S1") == (100, 0)


def test_pool_gives_and_it_stands_who_decided(session: Session, town: Town) -> None:
    """Anybody can ask later who gave what many had donated, to whom and why."""
    fill(session, town, 100)
    act = town.act("aid", note="独居，上月住院")

    given = [give_aid(session, act, person_id=town.who("S2"), minutes=60) for _ in range(2)]

    row = session.connection().execute(select(TRANSFER.c.decision).where(TRANSFER.c.id == given[0])).one()
    kept = session.connection().execute(select(ACT.c.id, ACT.c.note).where(ACT.c.kind == "give_aid")).one()
    assert given[0] == given[1]
    assert (pool_min(session, town), town.has(session, "S2")) == (40, (60, 0))
    assert (row.decision["by"], row.decision["reasons"]) == (OFFICE, ["pool_hardship_only"])
    assert (kept.note, transfers_of(session, kept.id)) == ("独居，上月住院", [given[0]])


@pytest.mark.parametrize(
    ("ref", "minutes", "rules"),
    [("S1", 60, "pool_hardship_only"), ("S2", 6001, "pool_year_min"), ("S2", 7001, "pool_year_min, balance")],
)
def test_pool_is_for_hardship_and_for_more_than_one(
    session: Session, town: Town, ref: str, minutes: int, rules: str
) -> None:
    """Who is in no hardship, or would get more than the year's most, is told by which rule."""
    fill(session, town, 7000)

    with pytest.raises(NotByRules) as caught:
        give_aid(session, town.act("aid", note="困难"), person_id=town.who(ref), minutes=minutes)

    assert caught.value.rules == rules
    assert pool_min(session, town) == 7000


def test_years_most_counts_what_was_given_before(session: Session, town: Town) -> None:
    """A hundred hours in a calendar year, in however many gifts; the next year begins anew."""
    fill(session, town, 9000)
    give_aid(session, town.act("aid", note="困难"), person_id=town.who("S2"), minutes=5990)

    with pytest.raises(NotByRules):
        give_aid(session, town.act("more", note="困难"), person_id=town.who("S2"), minutes=11)
    give_aid(session, town.act("rest", note="困难"), person_id=town.who("S2"), minutes=10)
    give_aid(session, town.act("next", note="困难", days=305), person_id=town.who("S2"), minutes=11)

    assert pool_min(session, town) == 9000 - 6011


def test_office_decides_and_says_why(session: Session, town: Town) -> None:
    """Nobody gives the pool's coins to themselves or a friend; and a key is for one thing."""
    fill(session, town, 100)

    for who in ("S2", "S3"):
        with pytest.raises(NotTheirs):
            give_aid(session, town.act("aid", who, note="困难"), person_id=town.who("S2"), minutes=60)
    with pytest.raises(WrongInput):
        give_aid(session, town.act("aid"), person_id=town.who("S2"), minutes=60)
    with pytest.raises(NotFound):
        give_aid(session, town.act("aid", note="困难"), person_id=0, minutes=60)
    give_aid(session, town.act("aid", note="困难"), person_id=town.who("S2"), minutes=60)
    with pytest.raises(KeyConflict):
        give_aid(session, town.act("aid", note="困难"), person_id=town.who("S2"), minutes=10)


def test_two_give_the_last_hour_of_the_pool(engine: Engine, lone_town: Town) -> None:
    """Two clerks at once and an hour in the pool: one of them gives it."""
    with transaction(engine) as session:
        fill(session, lone_town, 90)

    one, other = at_once(
        engine,
        lambda s: give_aid(s, lone_town.act("one", note="困难"), person_id=lone_town.who("S2"), minutes=60),
        lambda s: give_aid(s, lone_town.act("other", note="困难"), person_id=lone_town.who("S2"), minutes=60),
    )

    assert isinstance(one, int)
    assert isinstance(other, NotByRules | BalanceTooLow)
    with transaction(engine) as session:
        assert pool_min(session, lone_town) == 30
        assert reconcile(session, lone_town.book) == []


def test_two_do_not_pass_the_years_most(engine: Engine, lone_town: Town) -> None:
    """Two clerks at once, and ten minutes left of the year for one person: the second hears so."""
    with transaction(engine) as session:
        fill(session, lone_town, 9000)
        give_aid(session, lone_town.act("first", note="困难"), person_id=lone_town.who("S2"), minutes=5990)

    one, other = at_once(
        engine,
        lambda s: give_aid(s, lone_town.act("one", note="困难"), person_id=lone_town.who("S2"), minutes=10),
        lambda s: give_aid(s, lone_town.act("other", note="困难"), person_id=lone_town.who("S2"), minutes=10),
    )

    assert isinstance(one, int)
    assert isinstance(other, NotByRules)
    with transaction(engine) as session:
        assert pool_min(session, lone_town) == 3000
