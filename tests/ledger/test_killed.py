"""A process that is killed at any statement of a posting leaves nothing lost, nothing doubled, nothing half-done."""

from datetime import datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import Engine, select

from tests.ledger import dying
from tests.ledger.conftest import Pair
from timebank.core.database import transaction
from timebank.ledger.accounts import balance_of
from timebank.ledger.holds import hold
from timebank.ledger.posting import post
from timebank.ledger.reconcile import reconcile
from timebank.ledger.terms import TRANSFER

LEAST_DEATHS = {"sqlite": 5, "postgresql": 2}
"""A posting is a statement of its own on PostgreSQL, and a commit."""

CHANGES: dict[dying.Act, tuple[int, int, int]] = {
    dying.earn_once: (60, 0, 0),
    dying.earn_thrice: (180, 0, 0),
    dying.keep_a_promise: (-7, -7, 7),
    dying.take_back: (5, 0, -5),
    dying.earn_by_the_writer: (180, 0, 0),
}
"""What an act changes, once and whole: Anna's balance, what she has promised, Bo's balance."""


def begin(engine: Engine, pair: Pair, key: str, now: datetime) -> dying.Round:
    """Let Anna earn, give and promise something, for a round to end."""
    with transaction(engine) as session:
        post(session, pair.earn(f"{key}.earned", 100), now=now)
        given = post(session, pair.spend(f"{key}.given", 5), now=now).transfer_id
        promise = pair.spend(f"{key}.held", 7, kind="hold", expires_at=now + timedelta(days=1))
        held = hold(session, promise, now=now).transfer_id
    return dying.Round(key, pair, held, given, now)


def stored(engine: Engine, asked: dying.Round) -> tuple[list[str], tuple[int, int, int]]:
    """Return which keys of a round stand, and what Anna has, has promised, and Bo has; the books must hold."""
    with transaction(engine, read_only=True) as session:
        keyed = select(TRANSFER.c.idem_key).where(TRANSFER.c.idem_key.in_(asked.keys)).order_by(TRANSFER.c.id)
        keys = list(session.connection().execute(keyed).scalars())
        anna, bo = balance_of(session, asked.pair.anna), balance_of(session, asked.pair.bo)
        assert reconcile(session, asked.pair.book) == []
    return keys, (anna.balance_min, anna.held_min, bo.balance_min)


@pytest.mark.parametrize("act", dying.ACTS, ids=lambda act: act.__name__)
def test_killed_at_any_statement_all_is_stored_or_nothing(
    engine: Engine, database_url: str, pair: Pair, noon: datetime, act: dying.Act
) -> None:
    """Power fails between any two statements; what was acknowledged stands, and the same again ends as undisturbed."""
    deaths, is_alive = 0, False
    for number in count(1):
        asked = begin(engine, pair, f"{number}", noon)
        _, before = stored(engine, asked)

        exit_code, acknowledged = dying.die_at(database_url, act, asked, number)
        found, _ = stored(engine, asked)
        act(engine, asked, lambda _: None)
        keys, after = stored(engine, asked)

        assert acknowledged <= set(found)
        assert len(found) in (0, len(keys)) or act is dying.earn_by_the_writer
        assert keys == sorted(keys)
        change = tuple(now - then for now, then in zip(after, before, strict=True))
        assert change == CHANGES[act]
        is_alive = exit_code == 0
        deaths += not is_alive
        if is_alive:
            break

    assert deaths >= LEAST_DEATHS[engine.dialect.name]


def test_sixteen_processes_spend_one_account_to_its_floor(
    engine: Engine, database_url: str, pair: Pair, noon: datetime
) -> None:
    """However many want the last minute, as many are spent as there were, and not one more."""
    asked = begin(engine, pair, "all", noon)
    _, (balance, held, _) = stored(engine, asked)

    with dying.PROCESSES.Pool(16) as pool:
        spent = pool.starmap(dying.spend_dry, [(database_url, asked, number) for number in range(16)], chunksize=1)

    _, (left, still_held, given) = stored(engine, asked)
    assert sum(spent) == balance - held
    assert (left, still_held) == (held, held)
    assert given == 5 + sum(spent)
