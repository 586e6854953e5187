"""A day of calls written at once leaves the same rows as one by one."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session

from tests.alarms.conftest import DAYTIME, Alarmed, rows_in, rows_of
from timebank.alarms.days import Handled, Heard, record_handled, take_calls
from timebank.alarms.life import accept, close, confirm, receive
from timebank.alarms.orders import accounts
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput

KINDS = ("taxi", "care_call", "registration", "taxi", "rescue", "care_call", "no_use")
CALLS = [
    Heard(f"k{n}", kind, "M1" if kind == "no_use" else f"C{n % 3 + 1}", DAYTIME + timedelta(minutes=n))
    for n, kind in enumerate(KINDS)
] + [Heard("k99", "taxi", "NEW", DAYTIME)]
OUTCOMES = {"taxi": ("driven", ""), "care_call": ("talked", ""), "no_use": ("no_need", "with_family")}
CENTRE = "organisation:1"
Rows = dict[str, list[tuple[Any, ...]]]


def by_key(rows: Rows) -> Rows:
    """Return rows under the key of their order instead of its number, which depends on who comes first."""
    keys = {row[0]: row[1] for row in rows["alarm_order"]}
    orders = sorted(row[1:] for row in rows["alarm_order"])
    return {
        name: orders if name == "alarm_order" else sorted((keys[row[0]], *row[1:]) for row in rows[name])
        for name in rows
    }


def at_once(session: Session, source_id: int) -> None:
    """Write the day set by set."""
    numbers = take_calls(session, CALLS, actor="source:centre", source_id=source_id)
    sheet = [
        Handled(numbers[call.key], call.at + timedelta(minutes=2), call.at + timedelta(minutes=9), *OUTCOMES[call.kind])
        for call in CALLS
        if call.kind in OUTCOMES and call.code != "NEW"
    ]
    assert record_handled(session, sheet, actor=CENTRE) == 5


def one_by_one(session: Session, source_id: int) -> None:
    """Write the same day by the steps of a life."""
    for call in CALLS:
        order = receive(
            session,
            key=call.key,
            kind=call.kind,
            code=call.code,
            actor="source:centre",
            now=call.at,
            source_id=source_id,
        )
        if call.kind in OUTCOMES and call.code != "NEW":
            outcome, finding = OUTCOMES[call.kind]
            number, ended = order.id or 0, call.at + timedelta(minutes=9)
            accept(session, number, actor=CENTRE, now=call.at + timedelta(minutes=2))
            if finding:
                confirm(session, number, finding, actor=CENTRE, now=ended)
            close(session, number, outcome, actor=CENTRE, now=ended)


def left_by(session: Session, play: Callable[[Session, int], None], source_id: int) -> Rows:
    """Return the rows that a way of writing leaves, and take them back."""
    attempt = session.begin_nested()
    play(session, source_id)
    rows = by_key(rows_in(session))
    attempt.rollback()
    return rows


def test_a_day_at_once_is_the_day_one_by_one(alarmed: Alarmed) -> None:
    """Whatever is quick must be the same: orders, steps, and whom they ask."""
    with transaction(alarmed.engine) as session:
        set_by_set = left_by(session, at_once, alarmed.source_id)
        step_by_step = left_by(session, one_by_one, alarmed.source_id)

    assert set_by_set == step_by_step
    assert {name: len(rows) for name, rows in set_by_set.items()} == {
        "alarm_order": 8,
        "alarm_event": 19,
        "alarm_ask": 3,
    }


def test_a_day_handed_in_again_changes_nothing(alarmed: Alarmed) -> None:
    """The centre's export comes twice."""
    with transaction(alarmed.engine) as session:
        at_once(session, alarmed.source_id)
        once = rows_in(session)
        numbers = take_calls(session, CALLS, actor="source:centre", source_id=alarmed.source_id)
        again = Handled(numbers["k0"], DAYTIME, DAYTIME, "no_car")
        changed = record_handled(session, [again], actor=CENTRE)

    assert changed == 0
    assert rows_of(alarmed.engine) == once
    with transaction(alarmed.engine, read_only=True) as session:
        assert accounts(session).is_balanced


@pytest.mark.parametrize(
    "line",
    [
        {"outcome": "helped"},
        {"finding": "leak"},
        {"accepted_at": DAYTIME - timedelta(minutes=1)},
        {"closed_at": DAYTIME},
    ],
)
def test_line_that_cannot_be_is_refused(alarmed: Alarmed, line: dict[str, Any]) -> None:
    """An order does not end before it began, nor in another kind's way."""
    with transaction(alarmed.engine) as session:
        number = take_calls(session, CALLS[:1], actor=CENTRE)["k0"]
    right = Handled(number, DAYTIME + timedelta(minutes=1), DAYTIME + timedelta(minutes=2), "driven")

    with pytest.raises(WrongInput), transaction(alarmed.engine) as session:
        record_handled(session, [right._replace(**line)], actor=CENTRE)


@pytest.mark.parametrize(
    ("call", "refusal"),
    [(Heard("k", "song", "C1", DAYTIME), WrongInput), (Heard("k", "taxi", "NEW", DAYTIME), NotFound)],
)
def test_call_that_cannot_be_is_refused(alarmed: Alarmed, call: Heard, refusal: type[Exception]) -> None:
    """Without a source nobody answers for a device that nobody knows."""
    with pytest.raises(refusal), transaction(alarmed.engine) as session:
        take_calls(session, [call], actor=CENTRE)
