"""One occasion, many givers or many served: recorded as such, credited to each giver once."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.together import at_once
from tests.worlds import MONDAY, World
from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.core.errors import KeyConflict, NotFound, WrongInput, WrongState
from timebank.ledger.accounts import POOL, account_id, balance_of, issued_min
from timebank.ledger.reconcile import reconcile
from timebank.visits.groups import (
    Attendance,
    Occasion,
    cancel_group,
    confirm_group,
    credit_group,
    dispute_group,
    group_of,
    hold_group,
    plan_group,
    resolve_group,
)
from timebank.visits.refusals import PartyToDispute, TooEarly

EVENING = moment_at(MONDAY, 21 * 60)
DESK, ARBITER = "organisation:1", "organisation:9"
LINES = "SELECT kind FROM group_event ORDER BY id"


def _occasion(world: World, **changes: Any) -> Occasion:
    """Singing in Ganquan from two to three: V1 and V2 lead, S1 to S4 come."""
    singing = Occasion(
        organisation_id=world.organisations["EAST"],
        service_id=world.services["greeting"],
        area_id=world.areas["310107004"],
        day=MONDAY,
        starts_min=840,
        planned_min=60,
        giver_ids=(world.volunteers["V1"], world.volunteers["V2"]),
        served_ids=tuple(world.seniors[f"S{n}"] for n in range(1, 5)),
    )
    return replace(singing, **changes)


def _plan(session: Session, world: World, key: str = "k", **changes: Any) -> int:
    return plan_group(session, _occasion(world, **changes), idempotency_key=key, actor=DESK, now=EVENING)


def _came(world: World, *minutes: int) -> list[Attendance]:
    return [Attendance(world.volunteers[f"V{n}"], 840, served) for n, served in enumerate(minutes, 1)]


def _hold(session: Session, world: World, group: int) -> Any:
    return hold_group(session, group, _came(world, 60, 45), evidence="paper", actor=DESK, now=EVENING)


@pytest.fixture
def group(engine: Engine, world: World) -> int:
    """The singing, planned."""
    with transaction(engine) as session:
        return _plan(session, world)


def _pool(session: Session, world: World) -> int:
    return account_id(session, world.book, POOL)


def test_every_giver_is_credited_once_whatever_is_retried(engine: Engine, world: World, group: int) -> None:
    """Two lead for four: each has their own minutes, and how many came changes none of them."""
    with transaction(engine) as session:
        pool = _pool(session, world)
        _hold(session, world, group)
        confirm_group(session, group, actor="organisation:2", now=EVENING)

        first = credit_group(session, world.book, group, now=EVENING, donation_id=pool)
        again = credit_group(session, world.book, group, now=EVENING, donation_id=pool)

        assert {who: (one.minutes, one.donate_min) for who, one in first.items()} == {
            world.volunteers["V1"]: (0, 60),
            world.volunteers["V2"]: (0, 45),
        }
        assert again == {}
        keys = session.connection().execute(text("SELECT idem_key FROM transfer ORDER BY id")).scalars()
        assert list(keys) == [f"group:{group}:{who}:donate" for who in first]
        assert balance_of(session, pool).balance_min == issued_min(session, world.book) == 105
        assert reconcile(session, world.book) == []


def test_hours_for_donation_wait_for_whom_they_are_given_to(engine: Engine, world: World, group: int) -> None:
    """The pack lets hours of a group be donated only; without a place to go nothing is minted and nothing is lost."""
    with transaction(engine) as session:
        _hold(session, world, group)
        confirm_group(session, group, actor=DESK, now=EVENING)

        assert len(credit_group(session, world.book, group, now=EVENING)) == 2
        assert issued_min(session, world.book) == 0
        assert len(credit_group(session, world.book, group, now=EVENING, donation_id=_pool(session, world))) == 2
        assert issued_min(session, world.book) == 105


def test_two_who_credit_at_once_credit_once(engine: Engine, world: World, group: int) -> None:
    """Two workers on one evening."""
    with transaction(engine) as session:
        pool = _pool(session, world)
        _hold(session, world, group)
        confirm_group(session, group, actor=DESK, now=EVENING)

    def credit(session: Session) -> int:
        return len(credit_group(session, world.book, group, now=EVENING, donation_id=pool))

    assert at_once(engine, credit, credit) == (2, 0)
    with transaction(engine) as session:
        assert issued_min(session, world.book) == 105


def test_one_giver_of_many_earns_an_hour_for_an_hour(engine: Engine, world: World) -> None:
    """An hour for twenty is an hour; who did not come earns nothing."""
    with transaction(engine) as session:
        number = _plan(session, world)
        hold_group(session, number, _came(world, 60, 0), evidence="app", actor=DESK, now=EVENING)
        confirm_group(session, number, actor=DESK, now=EVENING)
        credit_group(session, world.book, number, now=EVENING, donation_id=_pool(session, world))

        assert issued_min(session, world.book) == 60


def test_same_key_is_the_same_occasion(engine: Engine, world: World, group: int) -> None:
    """A page that was sent twice plans one afternoon."""
    with transaction(engine) as session:
        assert _plan(session, world) == group
        with pytest.raises(KeyConflict):
            _plan(session, world, planned_min=90)
        assert session.connection().execute(text("SELECT count(*) FROM group_served")).scalar_one() == 4


Act = Callable[[Session, World, int], Any]
ACTIONS: dict[str, Act] = {
    "hold": _hold,
    "confirm": lambda s, _w, g: confirm_group(s, g, actor=DESK, now=EVENING),
    "dispute": lambda s, _w, g: dispute_group(s, g, actor="person:1", note="没有这么久", now=EVENING),
    "resolve": lambda s, w, g: resolve_group(
        s,
        g,
        served_min_by_giver={w.volunteers["V1"]: 30, w.volunteers["V2"]: 0},
        actor=ARBITER,
        note="核实",
        now=EVENING,
    ),
    "cancel": lambda s, _w, g: cancel_group(s, g, actor=DESK, note="下雨", now=EVENING),
}
PATHS: dict[str, tuple[str, ...]] = {
    "planned": (),
    "held": ("hold",),
    "confirmed": ("hold", "confirm"),
    "disputed": ("hold", "dispute"),
    "cancelled": ("cancel",),
}
ALLOWED = {
    ("planned", "hold"): "held",
    ("planned", "cancel"): "cancelled",
    ("held", "hold"): "held",
    ("held", "confirm"): "confirmed",
    ("held", "dispute"): "disputed",
    ("confirmed", "confirm"): "confirmed",
    ("disputed", "dispute"): "disputed",
    ("disputed", "resolve"): "confirmed",
    ("cancelled", "cancel"): "cancelled",
}


def _result(session: Session, world: World, group: int, action: str) -> str:
    attempt = session.begin_nested()
    try:
        return str(ACTIONS[action](session, world, group).status)
    except (WrongState, WrongInput):
        return "refused"
    finally:
        attempt.rollback()
        session.expire_all()


@pytest.mark.parametrize("state", PATHS)
def test_every_action_in_every_state(engine: Engine, world: World, group: int, state: str) -> None:
    """What may follow what is a table; a step done twice leaves one event."""
    with transaction(engine) as session:
        for action in PATHS[state]:
            ACTIONS[action](session, world, group)

        found = {action: _result(session, world, group, action) for action in ACTIONS}

        assert found == {action: ALLOWED.get((state, action), "refused") for action in ACTIONS}
        told = list(session.connection().execute(text(LINES)).scalars())
        assert len(told) == 1 + len(PATHS[state])


def test_resolution_gives_no_more_than_was_claimed_and_by_a_third_person(
    engine: Engine, world: World, group: int
) -> None:
    """Who gave, was served or disputed does not decide; what counts is said for each giver."""
    v1, v2 = world.volunteers["V1"], world.volunteers["V2"]
    with transaction(engine) as session:
        _hold(session, world, group)
        dispute_group(session, group, actor="person:99", note="没有这么久", now=EVENING)
        refused: list[tuple[type[Exception], dict[str, Any]]] = [
            (PartyToDispute, {"actor": "person:99"}),
            (PartyToDispute, {"actor": f"person:{v1}"}),
            (PartyToDispute, {"actor": f"person:{world.seniors['S4']}"}),
            (WrongInput, {"served_min_by_giver": {v1: 61, v2: 0}}),
            (WrongInput, {"served_min_by_giver": {v1: 60}}),
            (WrongInput, {"note": " "}),
        ]
        whole: dict[str, Any] = {"served_min_by_giver": {v1: 30, v2: 0}, "actor": ARBITER, "note": "核实"}
        for refusal, changes in refused:
            with pytest.raises(refusal):
                resolve_group(session, group, now=EVENING, **(whole | changes))

        resolve_group(session, group, now=EVENING, **whole)
        credit_group(session, world.book, group, now=EVENING, donation_id=_pool(session, world))

        assert issued_min(session, world.book) == 30


def test_occasion_of_nobody_upheld_is_called_off(engine: Engine, world: World, group: int) -> None:
    """Nothing was served: nothing can be credited."""
    none = {world.volunteers["V1"]: 0, world.volunteers["V2"]: 0}
    with transaction(engine) as session:
        _hold(session, world, group)
        dispute_group(session, group, actor="person:99", note="没有举行", now=EVENING)

        after = resolve_group(session, group, served_min_by_giver=none, actor=ARBITER, note="核实", now=EVENING)

        assert after.status == "cancelled"
        with pytest.raises(WrongState):
            credit_group(session, world.book, group, now=EVENING)


@pytest.mark.parametrize("giver", ["V1", "V2"])
def test_giver_does_not_confirm_the_own_hour(engine: Engine, world: World, group: int, giver: str) -> None:
    """Somebody else was there and says so."""
    with transaction(engine) as session:
        _hold(session, world, group)

        with pytest.raises(PartyToDispute):
            confirm_group(session, group, actor=f"person:{world.volunteers[giver]}", now=EVENING)


@pytest.mark.parametrize(
    "minutes",
    [(60,), (60, 45, 10), (60, -1), (60, 601)],
    ids=["one is missing", "one too many", "less than none", "past midnight"],
)
def test_attendance_has_a_line_for_each_giver(
    engine: Engine, world: World, group: int, minutes: tuple[int, ...]
) -> None:
    """Nobody is forgotten and nobody slips in."""
    with transaction(engine) as session, pytest.raises(WrongInput, match="one line for each giver"):
        hold_group(session, group, _came(world, *minutes), evidence="app", actor=DESK, now=EVENING)


def test_occasion_is_not_held_before_it_is_over(engine: Engine, world: World, group: int) -> None:
    """An hour that lies ahead is not served."""
    early = moment_at(MONDAY, 899)
    with transaction(engine) as session, pytest.raises(TooEarly):
        hold_group(session, group, _came(world, 60, 60), evidence="app", actor=DESK, now=early)


@pytest.mark.parametrize("wrong", ["hours", "no giver", "doubled", "a stranger"])
def test_impossible_occasion_is_refused(engine: Engine, world: World, wrong: str) -> None:
    """People are known, each once, and seniors live in the organisation's areas."""
    v1 = world.volunteers["V1"]
    changes: dict[str, dict[str, Any]] = {
        "hours": {"starts_min": 1400},
        "no giver": {"giver_ids": ()},
        "doubled": {"giver_ids": (v1, v1)},
        "a stranger": {"served_ids": (world.seniors["S5"],)},
    }
    with transaction(engine) as session, pytest.raises(WrongInput):
        _plan(session, world, **changes[wrong])


def test_occasion_of_another_organisation_is_not_there(engine: Engine, world: World, group: int) -> None:
    """The two are never told apart."""
    with transaction(engine) as session:
        for number, who in ((group, "WEST"), (group + 1, "EAST")):
            with pytest.raises(NotFound):
                group_of(session, number, organisation_id=world.organisations[who])
