"""Who lost against a neighbour is done again; what is refused, or will not change, is told at once."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from timebank.core.database import transaction
from timebank.core.errors import BalanceTooLow, Refusal, StoreBusy, StoreDiffers, StoreUnavailable
from timebank.core.retries import TRIES, in_transaction, retried

ADD = "INSERT INTO area (code, level, name_zh, name_en) VALUES ('x', 'district', 'x', 'x')"
COUNT = "SELECT count(*) FROM area"
REFUSED = BalanceTooLow(account_id=1, available_min=0, amount_min=1)


def failing(*faults: Exception) -> Callable[[], int]:
    """Return work that fails in these ways, one after the other, then answers how often it was done."""
    left: Iterator[Exception] = iter(faults)
    done = []

    def work() -> int:
        done.append(1)
        for fault in left:
            raise fault
        return len(done)

    return work


def test_busy_store_is_asked_again() -> None:
    """Two who wait for each other are a matter of a moment, not of the person who asked; pauses grow by chance."""
    pauses: list[float] = []

    answer = retried(failing(StoreBusy("x"), StoreBusy("x"), StoreBusy("x")), pause=pauses.append)

    assert answer == 4
    assert [pause <= limit for pause, limit in zip(pauses, (0.02, 0.04, 0.08), strict=True)] == [True] * 3


def test_asking_again_ends() -> None:
    """A store that stays busy is told to be, and not waited for without end."""
    pauses: list[float] = []

    with pytest.raises(StoreBusy):
        retried(failing(*[StoreBusy("x")] * TRIES), pause=pauses.append)

    assert len(pauses) == TRIES - 1


@pytest.mark.parametrize("fault", [REFUSED, StoreUnavailable("x"), StoreDiffers("x"), ValueError("x")])
def test_what_will_not_change_is_told_at_once(fault: Exception) -> None:
    """Too few minutes are no accident, and an accident is never told as too few minutes."""
    pauses: list[float] = []

    with pytest.raises(type(fault)):
        retried(failing(fault), after=StoreBusy, pause=pauses.append)

    assert pauses == []


def test_older_database_is_not_asked_again() -> None:
    """A table that is missing is missing in a moment too."""
    with pytest.raises(StoreDiffers):
        retried(failing(StoreDiffers("x")), after=StoreUnavailable, pause=lambda _: pytest.fail("it waits"))


def test_transaction_begins_again_from_nothing(engine: Engine) -> None:
    """What the first attempt wrote is taken back before the second, or it would stand twice."""
    fail = failing(StoreBusy("x"))

    def work(session: Session) -> int:
        session.connection().execute(text(ADD))
        return fail()

    answer = in_transaction(engine, work, pause=lambda _: None)

    assert answer == 2
    with transaction(engine, read_only=True) as session:
        assert session.connection().execute(text(COUNT)).scalar_one() == 1


def test_refused_transaction_leaves_nothing(engine: Engine) -> None:
    """A refusal ends the transaction, and gives its turn to the next."""

    def work(session: Session) -> None:
        session.connection().execute(text(ADD))
        raise REFUSED

    with pytest.raises(Refusal):
        in_transaction(engine, work)

    assert in_transaction(engine, lambda session: session.connection().execute(text(COUNT)).scalar_one()) == 0
