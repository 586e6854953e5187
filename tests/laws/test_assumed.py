"""What no source says is assumed, said to be so, and never told as a rule of the place."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.laws.conftest import EVENING, Place, PlaceIn
from tests.visits.giving import gave, make_plan, set_rules
from tests.worlds import MONDAY, World
from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.ledger.accounts import POOL, account_id, account_of_person, balance_of
from timebank.ledger.expiry import Expired, expire_coins
from timebank.ledger.reconcile import reconcile
from timebank.rules.pack import load_packs
from timebank.visits.credit import credit_visit

IN_FORCE = {
    "beijing": date(2023, 5, 8),
    "changning": date(2019, 6, 3),
    "haikou": date(2026, 3, 2),
    "nanjing": date(2021, 3, 1),
    "shanghai": date(2026, 3, 2),
    "shanghai before 2026": date(2025, 12, 31),
}


def test_place_whose_rules_are_not_known_has_assumed_ones(place_in: PlaceIn) -> None:
    """Given Haikou, of which nothing was read, when an hour is given and redeemed at 60, then by assumptions alone."""
    haikou: Place = place_in("haikou", IN_FORCE["haikou"])
    haikou.person("V1", age=60)

    decision = haikou.visit("V1")
    assert haikou.coins("V1") == 1
    haikou.redeem("V1")

    assert haikou.coins("V1") == 0
    assert decision.pack == "default-1"
    assert all(article.startswith("assumed: ") for article in decision.articles)
    assert {rule.status for rule in haikou.pack.rules.values()} == {"assumed"}


@pytest.mark.parametrize("place", IN_FORCE)
def test_no_coin_expires_where_no_source_says_so(place_in: PlaceIn, shared_engine: Engine, place: str) -> None:
    """Given a coin under each of the six packs, when the night looks what has expired, then it takes nothing."""
    there = place_in(place.partition(" ")[0], IN_FORCE[place])
    there.earned_before("V1", hours=1)

    now = moment_at(there.day, EVENING)
    expired = expire_coins(shared_engine, there.world.book, day=there.day, now=now)

    assert expired == Expired(there.pack.name, cutoff=None)
    assert there.coins("V1") == 1
    assert there.pack.article("expiry_days").startswith("assumed: ")


def test_every_pack_has_its_day() -> None:
    """None of the six that are shipped is left out above."""
    assert len(load_packs()) == len(IN_FORCE)


def earn(session: Session, world: World, day: date, minutes: int) -> None:
    """Let V1 visit S1 on a day, and credit it that evening."""
    number = gave(session, world, make_plan(session, day), day=day, served_min=minutes)
    credit_visit(session, world.book, number, now=moment_at(day, EVENING))


def test_coins_expire_where_a_district_says_so(
    engine: Engine, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a term of a year, when the first of two visits is a year old, then its coins help others through the pool.

    The visit of June stays, and so does what the pack of the district says: it was set, and is not called a source.
    """
    monkeypatch.setenv("TIMEBANK_RULES", set_rules(tmp_path, "shanghai-2026", expiry_days="365"))
    with transaction(engine) as session:
        earn(session, world, MONDAY, 60)
        earn(session, world, date(2026, 6, 1), 30)

    day = date(2027, 3, 3)
    early = expire_coins(engine, world.book, day=date(2027, 3, 2), now=moment_at(day, EVENING))
    expired = expire_coins(engine, world.book, day=day, now=moment_at(day, EVENING))

    assert (early.minutes, expired.minutes) == (0, 60)
    with transaction(engine, read_only=True) as session:
        account = account_of_person(session, world.volunteers["V1"]).id or 0
        assert balance_of(session, account).balance_min == 30
        assert balance_of(session, account_id(session, world.book, POOL)).balance_min == 60
        assert reconcile(session, world.book) == []
