"""Clocks move what people leave, once, and never lose it."""

import pytest

from tests.alarms.conftest import DAYTIME, Alarmed, asked_of, rows_of, steps_of
from tests.alarms.test_life import CENTRE, call
from timebank.alarms.clocks import keep_alarms, tick
from timebank.alarms.life import accept, escalate


def test_no_answer_asks_the_next_one(alarmed: Alarmed) -> None:
    """Two minutes for a rescue, then the next volunteer."""
    order = call(alarmed)

    early = alarmed.do(tick, after_min=1)
    moved = alarmed.do(tick, after_min=2)

    assert (early, moved) == (0, 1)
    assert steps_of(alarmed.engine, order)[1:] == [("no_answer", 0, 1, "clock"), ("asked", 0, 2, "clock")]
    assert [state for *_, state in asked_of(alarmed.engine, order)] == ["no_answer", "asked", "waiting"]


def test_clock_at_the_same_moment_again_changes_nothing(alarmed: Alarmed) -> None:
    """Two workers, or one that was killed and started again."""
    call(alarmed)
    alarmed.do(tick, after_min=2)
    once = rows_of(alarmed.engine)

    again = alarmed.do(tick, after_min=2)

    assert again == 0
    assert rows_of(alarmed.engine) == once


def test_whole_chain_runs_by_itself(alarmed: Alarmed) -> None:
    """Nobody answers at all: three volunteers, organisation, committee, 120, and 120 again."""
    order = call(alarmed)

    for minute in range(2, 30):
        alarmed.do(tick, after_min=minute)

    steps = [(kind, step, turn) for kind, step, turn, _ in steps_of(alarmed.engine, order)]
    assert steps[:12] == [
        ("received", 0, 1),
        ("no_answer", 0, 1),
        ("asked", 0, 2),
        ("no_answer", 0, 2),
        ("asked", 0, 3),
        ("no_answer", 0, 3),
        ("escalated", 1, 0),
        ("no_answer", 1, 0),
        ("escalated", 2, 0),
        ("no_answer", 2, 0),
        ("escalated", 3, 0),
        ("reminded", 3, 0),
    ]
    assert {kind for kind, *_ in steps[12:]} == {"reminded"}


def test_what_was_taken_on_and_not_handled_goes_on(alarmed: Alarmed) -> None:
    """A yes is no end: half an hour later somebody else looks after it."""
    order = call(alarmed)
    alarmed.do(accept, order, actor="p", volunteer_id=alarmed.world.volunteers["V1"])

    early, moved = alarmed.do(tick, after_min=29), alarmed.do(tick, after_min=30)

    assert (early, moved) == (0, 1)
    assert steps_of(alarmed.engine, order)[-2:] == [("overdue", 0, 1, "clock"), ("escalated", 1, 0, "clock")]
    assert asked_of(alarmed.engine, order)[0][-1] == "no_answer"


def test_night_without_a_worker_moves_one_step(alarmed: Alarmed) -> None:
    """Ten steps at once would have asked ten people, none of whom had time to answer."""
    order = call(alarmed, kind="taxi")

    alarmed.do(tick, after_min=600)

    assert steps_of(alarmed.engine, order)[-1] == ("escalated", 1, 0, "clock")
    assert alarmed.do(tick, after_min=600) == 0


def test_unknown_household_is_shown_again(alarmed: Alarmed) -> None:
    """Every half hour, until somebody says whose it is."""
    order = call(alarmed, code="NEW", source_id=alarmed.source_id)

    alarmed.do(tick, after_min=30)
    alarmed.do(tick, after_min=60)

    assert [kind for kind, *_ in steps_of(alarmed.engine, order)] == ["received", "reminded", "reminded"]


def test_last_step_that_was_taken_on_is_asked_again(alarmed: Alarmed) -> None:
    """Even 120 can be late: the order stays and says so."""
    order = call(alarmed, kind="taxi")
    alarmed.do(escalate, order, actor=CENTRE)
    alarmed.do(accept, order, actor=CENTRE)

    alarmed.do(tick, after_min=120)

    assert [kind for kind, *_ in steps_of(alarmed.engine, order)][-2:] == ["overdue", "reminded"]


def test_a_tick_is_bounded(alarmed: Alarmed) -> None:
    """After a long night others can write between two parts."""
    for n in range(3):
        call(alarmed, kind="taxi", key=f"k{n}")

    assert [alarmed.do(tick, after_min=5, most=2) for _ in range(3)] == [2, 1, 0]


@pytest.mark.parametrize(("kind", "moved"), [("taxi", 1), ("registration", 0)])
def test_worker_keeps_clocks(alarmed: Alarmed, kind: str, moved: int) -> None:
    """The worker looks without a lock, and writes only when something is due."""
    call(alarmed, kind=kind)

    assert keep_alarms(alarmed.engine, now=DAYTIME.replace(minute=6)) == moved
