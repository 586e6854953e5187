"""An order goes from hand to hand until somebody closes it with an outcome, and every step stays."""

from typing import Any

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DBAPIError

from tests.alarms.conftest import DAYTIME, Alarmed, asked_of, rows_of, steps_of
from tests.together import at_once
from timebank.alarms.life import accept, close, confirm, decline, escalate, receive, settle
from timebank.alarms.orders import EVENT, ORDER, accounts
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput, WrongState

CENTRE = "organisation:1"


def call(alarmed: Alarmed, kind: str = "rescue", code: str = "C1", key: str = "k", **more: Any) -> int:
    """Receive a call; returns the number of its order."""
    made = alarmed.do(receive, key=key, kind=kind, code=code, actor="source:centre", **more)
    return int(made.id)


def test_rescue_asks_the_nearest_able_volunteer_first(alarmed: Alarmed) -> None:
    """Minutes count: whoever is nearest and may go to doors is asked at once, the next ones stand behind."""
    order = call(alarmed)

    v = alarmed.world.volunteers
    assert steps_of(alarmed.engine, order) == [("received", 0, 1, "source:centre")]
    assert asked_of(alarmed.engine, order) == [
        (0, 1, v["V1"], "asked"),
        (0, 2, v["V2"], "waiting"),
        (0, 3, v["V5"], "waiting"),
    ]


def test_the_same_call_is_one_order(alarmed: Alarmed) -> None:
    """A sender that heard no answer sends again; nobody is asked twice."""
    first = call(alarmed)
    before = rows_of(alarmed.engine)

    again = call(alarmed, after_min=1)

    assert again == first
    assert rows_of(alarmed.engine) == before


def test_who_declines_makes_room_for_the_next(alarmed: Alarmed) -> None:
    """A no is as good as a yes when it comes at once: the next one is asked in the same moment."""
    order, v = call(alarmed), alarmed.world.volunteers

    alarmed.do(decline, order, actor="p", volunteer_id=v["V1"], note="在外地")
    alarmed.do(accept, order, actor="q", volunteer_id=v["V2"])
    alarmed.do(close, order, "helped", actor="q", volunteer_id=v["V2"])

    assert [state for *_, state in asked_of(alarmed.engine, order)] == ["declined", "accepted", "passed"]
    assert steps_of(alarmed.engine, order)[1:] == [
        ("declined", 0, 1, "p"),
        ("asked", 0, 2, "p"),
        ("accepted", 0, 2, "q"),
        ("closed", 0, 2, "q"),
    ]


def test_who_took_it_on_can_give_it_back(alarmed: Alarmed) -> None:
    """Somebody who falls on the way says so, and the next is asked, not the clock awaited."""
    order, v = call(alarmed), alarmed.world.volunteers
    alarmed.do(accept, order, actor="p", volunteer_id=v["V1"])

    alarmed.do(decline, order, actor="p", volunteer_id=v["V1"])

    assert steps_of(alarmed.engine, order)[-1] == ("asked", 0, 2, "p")
    assert [state for *_, state in asked_of(alarmed.engine, order)] == ["declined", "asked", "passed"]


def test_volunteer_with_a_household_is_not_asked_for_another(alarmed: Alarmed) -> None:
    """Nobody can be at two doors."""
    first = call(alarmed)
    alarmed.do(accept, first, actor="p", volunteer_id=alarmed.world.volunteers["V1"])

    second = call(alarmed, code="C2", key="other")

    assert alarmed.world.volunteers["V1"] not in [who for _, _, who, _ in asked_of(alarmed.engine, second)]


def test_at_night_nobody_is_asked_who_cannot_come(alarmed: Alarmed) -> None:
    """Volunteers come by day; at night the order goes straight to the organisation."""
    order = call(alarmed, after_min=12 * 60)

    assert steps_of(alarmed.engine, order) == [("received", 1, 0, "source:centre")]
    assert asked_of(alarmed.engine, order) == []


def test_calls_of_other_kinds_ask_the_centre(alarmed: Alarmed) -> None:
    """A taxi is ordered by telephone, not by a neighbour at the door."""
    order = call(alarmed, kind="taxi")

    alarmed.do(accept, order, actor=CENTRE)
    alarmed.do(close, order, "driven", actor=CENTRE)

    assert [step for step, *_ in steps_of(alarmed.engine, order)] == ["received", "accepted", "closed"]


def test_escalation_by_hand_goes_through_the_whole_chain(alarmed: Alarmed) -> None:
    """Organisation, committee, 120; and then 120 again, for nothing ends by itself."""
    order = call(alarmed)

    for _ in range(4):
        alarmed.do(escalate, order, actor=CENTRE)

    assert [(kind, step) for kind, step, *_ in steps_of(alarmed.engine, order)] == [
        ("received", 0),
        ("escalated", 1),
        ("escalated", 2),
        ("escalated", 3),
        ("reminded", 3),
    ]


def test_unknown_household_is_kept_and_settled(alarmed: Alarmed) -> None:
    """A device that nobody registered may hang in a home where somebody lies on the floor."""
    order = call(alarmed, code="NEW", source_id=alarmed.source_id)

    settled = alarmed.do(settle, order, alarmed.world.seniors["S2"], actor=CENTRE, after_min=3)
    known = call(alarmed, code="NEW", key="next")

    assert (settled.heard, settled.state, settled.turn) == ("", "asked", 1)
    assert steps_of(alarmed.engine, order)[-1] == ("settled", 0, 1, CENTRE)
    assert steps_of(alarmed.engine, known)[0][0] == "received"


def test_unknown_household_is_closed_as_not_ours(alarmed: Alarmed) -> None:
    """What is no household of the district is said so, and still counted."""
    order = call(alarmed, code="NEW", source_id=alarmed.source_id)

    alarmed.do(close, order, "not_ours", actor=CENTRE)

    with transaction(alarmed.engine, read_only=True) as session:
        assert accounts(session) == (1, {}, {"not_ours": 1})


def test_meter_order_is_confirmed_before_it_is_closed(alarmed: Alarmed) -> None:
    """Confirmed and handled: an outcome without a finding says nothing about the home."""
    order = call(alarmed, kind="no_use", code="M1")
    alarmed.do(accept, order, actor=CENTRE)

    with pytest.raises(WrongState):
        alarmed.do(close, order, "no_need", actor=CENTRE)
    alarmed.do(confirm, order, "with_family", actor=CENTRE, note="在女儿家")
    alarmed.do(confirm, order, "with_family", actor=CENTRE)
    alarmed.do(close, order, "no_need", actor=CENTRE)

    assert [step for step, *_ in steps_of(alarmed.engine, order)] == ["received", "accepted", "confirmed", "closed"]


def test_doing_it_again_changes_nothing(alarmed: Alarmed) -> None:
    """Whoever presses twice, on a slow telephone, has done it once."""
    order, v = call(alarmed), alarmed.world.volunteers
    steps: list[tuple[Any, dict[str, Any]]] = [
        (decline, {"volunteer_id": v["V1"], "actor": "p"}),
        (accept, {"volunteer_id": v["V2"], "actor": "q"}),
        (close, {"outcome": "helped", "actor": "q"}),
    ]

    for act, named in steps:
        alarmed.do(act, order, **named)
        once = rows_of(alarmed.engine)
        alarmed.do(act, order, **named)
        assert rows_of(alarmed.engine) == once


@pytest.mark.parametrize(
    ("act", "named", "refusal"),
    [
        (accept, {"volunteer_id": "V2"}, NotFound),
        (accept, {"volunteer_id": "V3"}, NotFound),
        (accept, {"organisation_id": "WEST"}, NotFound),
        (decline, {"volunteer_id": "V1", "note": "x" * 1001}, WrongInput),
        (confirm, {"finding": "leak"}, WrongInput),
        (close, {"outcome": "no_need"}, WrongInput),
        (close, {"outcome": "helped"}, WrongState),
        (settle, {"senior_id": "S1"}, WrongState),
    ],
)
def test_what_cannot_be_is_refused(alarmed: Alarmed, act: Any, named: dict[str, Any], refusal: type[Exception]) -> None:
    """Nobody answers out of turn or for another's streets, and no order ends without somebody who was there."""
    order, world = call(alarmed), alarmed.world
    number = world.volunteers | world.organisations | world.seniors
    named = {name: number.get(value, value) for name, value in named.items()}
    before = rows_of(alarmed.engine)

    with pytest.raises(refusal):
        alarmed.do(act, order, actor="p", **named)

    assert rows_of(alarmed.engine) == before


def test_late_yes_of_who_was_passed_is_refused(alarmed: Alarmed) -> None:
    """Two at one door is one too few at another."""
    order, v = call(alarmed), alarmed.world.volunteers
    alarmed.do(decline, order, actor="p", volunteer_id=v["V1"])

    with pytest.raises(WrongState, match="asking somebody else"):
        alarmed.do(accept, order, actor="p", volunteer_id=v["V1"])


@pytest.mark.parametrize(
    ("named", "refusal"),
    [
        ({"kind": "singing"}, WrongInput),
        ({"code": ""}, WrongInput),
        ({"code": "x" * 41}, WrongInput),
        ({"code": "NEW"}, NotFound),
    ],
)
def test_what_is_no_call_is_refused(alarmed: Alarmed, named: dict[str, str], refusal: type[Exception]) -> None:
    """A clerk who types a device that is nowhere hears so; a source's would be kept."""
    with pytest.raises(refusal):
        call(alarmed, **named)


def test_of_two_who_accept_at_once_one_has_it(alarmed: Alarmed) -> None:
    """The centre and the volunteer press in the same moment."""
    order = call(alarmed)

    first, second = at_once(
        alarmed.engine,
        lambda session: accept(session, order, actor="p", now=DAYTIME, volunteer_id=alarmed.world.volunteers["V1"]),
        lambda session: accept(session, order, actor=CENTRE, now=DAYTIME),
    )

    assert first.state == "accepted"
    assert isinstance(second, WrongState)


@pytest.mark.parametrize(
    "change",
    [
        update(ORDER).values(outcome="helped"),
        update(ORDER).values(state="asked"),
        delete(ORDER),
        update(EVENT).values(actor="nobody"),
        delete(EVENT),
    ],
    ids=["outcome", "reopened", "order", "who acted", "step"],
)
def test_past_stays(alarmed: Alarmed, change: Any) -> None:
    """The database itself refuses to forget or to change what was closed."""
    order = call(alarmed, kind="taxi")
    alarmed.do(accept, order, actor=CENTRE)
    alarmed.do(close, order, "no_car", actor=CENTRE)

    with pytest.raises(DBAPIError, match=r"stays as it is|append-only"), transaction(alarmed.engine) as session:
        session.connection().execute(change)


def test_notes_are_no_plain_text(alarmed: Alarmed) -> None:
    """What is found in a home is personal."""
    order = call(alarmed)
    alarmed.do(decline, order, actor="p", note="摔倒在厨房")

    with transaction(alarmed.engine, read_only=True) as session:
        stored = session.connection().execute(text("SELECT note FROM alarm_event WHERE n = 2")).scalar_one()

    assert "厨房".encode() not in bytes(stored)
