"""Coins expire first in, first out, as transfers that are posted once, by the pack of the day."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from tests.ledger.conftest import Pair, make_pair
from tests.ledger.lots import Walk
from tests.rules.texts import SETTING
from timebank.core.database import transaction
from timebank.core.errors import WrongInput
from timebank.ledger.accounts import ACCOUNT, POOL, account_id, balance_of, statement
from timebank.ledger.expiry import SINK, Expired, expire_coins
from timebank.ledger.holds import hold, reverse, void
from timebank.ledger.posting import post
from timebank.ledger.reconcile import reconcile
from timebank.ledger.terms import TRANSFER

START = datetime(2026, 3, 2, 4, tzinfo=UTC)
TERM = timedelta(days=10)
NUMBERS = count()
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["earn", "spend", "hold", "free", "undo", "sweep"]), st.integers(1, 90), st.integers(0, 6)
    ),
    min_size=1,
    max_size=14,
)


@pytest.fixture(autouse=True)
def expiring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A district in which coins expire after ten days, into the pool."""
    path = tmp_path / "putuo.toml"
    path.write_text(setting(days="10", to="pool"), encoding="utf-8")
    monkeypatch.setenv("TIMEBANK_RULES", str(path))
    return path


def setting(*, days: str, to: str) -> str:
    """Write a district's setting of when coins expire, and where they go."""
    head = SETTING.partition("[rules.")[0]
    values = {"expiry_days": days, "expiry_to": f"'{to}'"}
    rules = (f"[rules.{name}]\nvalue = {value}\nsource = 'a trial'\n" for name, value in values.items())
    return head + "\n".join(rules)


def day_after(days: int) -> tuple[date, datetime]:
    """Return the day so many days after the start, and a moment on it."""
    moment = START + timedelta(days=days)
    return moment.date(), moment


def run(engine: Engine, pair: Pair, days: int, **asked: Any) -> Expired:
    """Run the expiry of the day so many days after the start."""
    day, moment = day_after(days)
    return expire_coins(engine, pair.book, day=day, now=moment, **asked)


def earn(engine: Engine, pair: Pair, minutes: int, days: int = 0) -> None:
    """Anna earns so many days after the start."""
    with transaction(engine) as session:
        post(session, pair.earn(f"e{days}.{minutes}", minutes), now=day_after(days)[1])


def balances(engine: Engine, pair: Pair) -> tuple[int, int]:
    """Return what Anna and the pool have."""
    with transaction(engine, read_only=True) as session:
        pool = account_id(session, pair.book, POOL)
        return balance_of(session, pair.anna).balance_min, balance_of(session, pool).balance_min


def test_oldest_coins_go_to_the_pool(engine: Engine, pair: Pair) -> None:
    """Sixty are ten days old, thirty are not; twenty were spent, and those were of the oldest."""
    earn(engine, pair, 60)
    earn(engine, pair, 30, days=5)
    with transaction(engine) as session:
        post(session, pair.spend("s", 20), now=day_after(6)[1])

    before, done = run(engine, pair, 10), run(engine, pair, 11)

    assert (before.accounts, before.minutes) == (0, 0)
    assert (done.pack, done.cutoff) == ("shanghai-2026+putuo-1", day_after(1)[0])
    assert (done.accounts, done.minutes) == (1, 40)
    assert balances(engine, pair) == (30, 40)


def test_expiry_is_a_transfer_with_its_decision(engine: Engine, pair: Pair) -> None:
    """A member reads in the statement what went, and by which rule; the books stay balanced."""
    earn(engine, pair, 60)
    run(engine, pair, 11)

    with transaction(engine, read_only=True) as session:
        newest = statement(session, pair.anna, first=1)[0]
        wanted = select(TRANSFER.c.decision, TRANSFER.c.idem_key).where(TRANSFER.c.id == newest.transfer_id)
        decision, key = session.connection().execute(wanted).one()
        assert reconcile(session, pair.book) == []
    assert (newest.amount_min, newest.kind, newest.reason) == (-60, "post", "expiry")
    assert (decision["kind"], decision["minutes"], decision["reasons"]) == ("expire", 60, ["expiry_days"])
    assert key == f"expiry:{pair.anna}:{day_after(11)[0]}"


def test_same_day_again_takes_nothing(engine: Engine, pair: Pair) -> None:
    """A run that was killed and is started again is one run."""
    earn(engine, pair, 60)

    first, again = run(engine, pair, 11), run(engine, pair, 11)

    assert (first.minutes, again.minutes) == (60, 0)
    assert balances(engine, pair) == (0, 60)


def test_what_is_held_does_not_expire_under_the_hold(engine: Engine, pair: Pair) -> None:
    """A service that is booked can be paid; when the booking is off, the coins go with the next run."""
    earn(engine, pair, 60)
    ask = pair.spend("h", 50, kind="hold", expires_at=day_after(99)[1])
    with transaction(engine) as session:
        number = hold(session, ask, now=START).transfer_id

    first = run(engine, pair, 11)
    with transaction(engine) as session:
        void(session, pair.book, number, idem_key="off", now=day_after(11)[1])
    same_day, next_day = run(engine, pair, 11), run(engine, pair, 12)

    assert (first.minutes, same_day.minutes, next_day.minutes) == (10, 0, 50)


def test_what_is_given_back_has_its_whole_term_again(engine: Engine, pair: Pair) -> None:
    """A gift that is undone after nine days does not vanish the day after."""
    earn(engine, pair, 60)
    with transaction(engine) as session:
        given = post(session, pair.spend("s", 60, credit_id=pair.issuing), now=day_after(1)[1]).transfer_id
        reverse(session, pair.book, given, idem_key="back", reason="mistake", now=day_after(9)[1])

    early, late = run(engine, pair, 19), run(engine, pair, 20)

    assert (early.minutes, late.minutes) == (0, 60)


def test_frozen_account_is_left_out_and_told(engine: Engine, pair: Pair) -> None:
    """An account under dispute keeps its coins until it is open again; the others of the run are not held up."""
    earn(engine, pair, 60)
    with transaction(engine) as session:
        post(session, pair.spend("s", 20), now=START)
        session.connection().execute(ACCOUNT.update().where(ACCOUNT.c.id == pair.anna).values(status="frozen"))

    done = run(engine, pair, 11)

    assert (done.accounts, done.minutes, done.frozen) == (1, 20, 1)


def test_run_goes_in_pages(engine: Engine, pair: Pair) -> None:
    """Each page is a transaction, so a year's run holds no lock for long and goes on where it was."""
    earn(engine, pair, 60)
    with transaction(engine) as session:
        post(session, pair.spend("s", 20), now=START)

    done = run(engine, pair, 11, page=1)

    assert (done.accounts, done.minutes) == (2, 60)
    assert balances(engine, pair) == (0, 60)


def test_dry_run_writes_nothing(engine: Engine, pair: Pair) -> None:
    """An office sees what would go before it goes."""
    earn(engine, pair, 60)

    would = run(engine, pair, 11, apply=False)

    assert (would.accounts, would.minutes) == (1, 60)
    assert balances(engine, pair) == (60, 0)


def test_pack_can_put_them_out_of_use(engine: Engine, pair: Pair, expiring: Path) -> None:
    """Where a pack says so, what has expired helps nobody: it goes to an account of its own."""
    expiring.write_text(setting(days="10", to="sink"), encoding="utf-8")
    earn(engine, pair, 60)

    run(engine, pair, 11)

    with transaction(engine, read_only=True) as session:
        assert balance_of(session, account_id(session, pair.book, SINK)).balance_min == 60


def test_pack_without_a_term_takes_nothing(engine: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shanghai's own rules let no coin expire."""
    monkeypatch.delenv("TIMEBANK_RULES")
    earn(engine, pair, 60)

    assert run(engine, pair, 11) == Expired("shanghai-2026", None)
    assert balances(engine, pair) == (60, 0)


def test_day_to_come_is_refused(engine: Engine, pair: Pair) -> None:
    """Coins do not expire ahead of time."""
    with pytest.raises(WrongInput, match="today or an earlier day"):
        expire_coins(engine, pair.book, day=day_after(2)[0], now=START)


@given(steps=STEPS)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_closed_form_is_that_of_lots(shared_engine: Engine, steps: list[tuple[str, int, int]]) -> None:
    """No lots are kept, and yet what expires is what a bank that kept every lot would take."""
    with transaction(shared_engine) as session:
        walk = Walk(shared_engine, make_pair(session, START, code=f"lots{next(NUMBERS)}"), TERM, START)

    walk.go(steps)

    walk.sweep(0)
    walk.agree()
