"""Every step a visit may take, and every one it may not."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.together import at_once
from tests.visits.conftest import MakeVisit, begin, end, events, hold, row_of, senior_of
from tests.worlds import MONDAY, World
from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.visits import life
from timebank.visits.refusals import PartyToDispute, TooEarly
from timebank.visits.tables import Visit

Act = Callable[[Session, int], Visit]
EVENING = moment_at(MONDAY, 21 * 60)
ARBITER = "organisation:3"
STATES = ("planned", "checked_in", "checked_out", "confirmed", "disputed", "missed", "cancelled")
NEEDS = tuple(f"S{n}-greeting" for n in range(1, 8))


def _dispute(session: Session, visit: int) -> Visit:
    return life.dispute(session, visit, actor="person:1", note="只来了五分钟", now=EVENING)


def _resolve(session: Session, visit: int) -> Visit:
    return life.resolve(session, visit, actor=ARBITER, served_min=5, note="电话核实", now=EVENING)


def _miss(session: Session, visit: int) -> Visit:
    return life.miss(session, visit, actor=ARBITER, note="无人应答", now=EVENING)


def _cancel(session: Session, visit: int) -> Visit:
    return life.cancel(session, visit, actor=ARBITER, note="老人住院", now=EVENING)


def _confirm(session: Session, visit: int) -> Visit:
    return life.confirm(session, visit, confirmed_by="senior")


ACTS: dict[str, Act] = {
    "check_in": begin,
    "check_out": end,
    "confirm": _confirm,
    "dispute": _dispute,
    "resolve": _resolve,
    "miss": _miss,
    "cancel": _cancel,
}
PATHS = {
    "planned": (),
    "checked_in": ("check_in",),
    "checked_out": ("check_in", "check_out"),
    "confirmed": ("check_in", "check_out", "confirm"),
    "disputed": ("check_in", "check_out", "dispute"),
    "missed": ("miss",),
    "cancelled": ("cancel",),
}


@pytest.fixture
def visit_by_state(engine: Engine, make_visit: MakeVisit) -> dict[str, int]:
    """One visit in each state, brought there step by step."""
    visits = {state: make_visit(need) for state, need in zip(STATES, NEEDS, strict=True)}
    with transaction(engine) as session:
        for state, path in PATHS.items():
            for step in path:
                ACTS[step](session, visits[state])
    return visits


def _outcome(session: Session, visit: int, act: Act) -> str:
    """Tell the state after an act, or how it was refused; a refusal that changed something is told as such."""
    before = (row_of(session, visit), events(session, visit))
    try:
        return act(session, visit).status
    except WrongState as refusal:
        after = (row_of(session, visit), events(session, visit))
        return f"refused: {refusal.state}" if after == before else "refused, but changed"


def _resolved_by(session: Session, visit: int, actor: str) -> str:
    try:
        return life.resolve(session, visit, actor=actor, served_min=5, note="同意", now=EVENING).status
    except PartyToDispute:
        return "a party"


@pytest.mark.parametrize(
    ("act", "allowed"),
    [
        (lambda s, v: begin(s, v, at_min=545), {"planned": "checked_in"}),
        (lambda s, v: end(s, v, at_min=555), {"checked_in": "checked_out"}),
        (lambda s, v: life.confirm(s, v, confirmed_by="sample"), {"checked_out": "confirmed"}),
        (
            lambda s, v: life.dispute(s, v, actor=f"person:{senior_of(s, v)}", note="没有来", now=EVENING),
            {"checked_out": "disputed", "disputed": "disputed"},
        ),
        (_resolve, {"disputed": "confirmed"}),
        (_miss, {"planned": "missed", "checked_in": "missed", "missed": "missed"}),
        (_cancel, {"planned": "cancelled", "cancelled": "cancelled"}),
    ],
    ids=ACTS,
)
def test_only_the_steps_of_a_life_are_taken(
    engine: Engine, visit_by_state: dict[str, int], act: Act, allowed: dict[str, str]
) -> None:
    """Seven states and seven acts: each works or is refused in words, and a refusal changes nothing."""
    expected = {state: allowed.get(state, f"refused: {state}") for state in STATES}

    with transaction(engine) as session:
        found = {state: _outcome(session, visit, act) for state, visit in visit_by_state.items()}

    assert found == expected


def test_each_step_again_is_harmless(engine: Engine, visit_by_state: dict[str, int]) -> None:
    """A telephone sends twice what it is not sure of: the state, the row and the events stay as they were."""
    last_steps = {state: path[-1] for state, path in PATHS.items() if path}
    with transaction(engine) as session:
        before = {state: (row_of(session, v), events(session, v)) for state, v in visit_by_state.items()}

        states = [ACTS[step](session, visit_by_state[state]).status for state, step in last_steps.items()]

        assert states == list(last_steps)
        assert {state: (row_of(session, v), events(session, v)) for state, v in visit_by_state.items()} == before


@pytest.mark.parametrize("state", ["checked_in", "checked_out", "confirmed", "disputed", "missed", "cancelled"])
def test_of_two_at_once_both_see_the_step_done_once(engine: Engine, visit: int, state: str) -> None:
    """Two presses of one button, or two coordinators: one step, one event, and no error for the second."""
    *before, step = PATHS[state]
    with transaction(engine) as session:
        for earlier in before:
            ACTS[earlier](session, visit)

    one, other = at_once(engine, lambda s: ACTS[step](s, visit).status, lambda s: ACTS[step](s, visit).status)

    assert (one, other) == (state, state)
    with transaction(engine) as session:
        assert len(events(session, visit)) == (state in ("disputed", "missed", "cancelled"))


def test_of_two_different_steps_at_once_one_is_refused(engine: Engine, visit: int) -> None:
    """The volunteer checks in at the door while the office calls the visit off: whoever comes second is told."""
    one, other = at_once(engine, lambda s: begin(s, visit).status, lambda s: _cancel(s, visit).status)

    assert one == "checked_in"
    assert isinstance(other, WrongState)
    assert (other.state, other.allowed) == ("checked_in", "planned")


def test_six_facts_of_a_visit_are_kept(engine: Engine, visit: int, world: World) -> None:
    """What was served is the time between the door's two sides; travel is no part of it."""
    with transaction(engine) as session:
        hold(session, visit, served_min=13, evidence="landline", by="organisation")

    with transaction(engine, read_only=True) as session:
        kept = life.visit_of(session, visit)
        assert (kept.need_id, kept.volunteer_id, kept.day) == (
            world.needs["S1-greeting"],
            world.volunteers["V1"],
            MONDAY,
        )
        assert (kept.checked_in_at, kept.checked_out_at) == (moment_at(MONDAY, 540), moment_at(MONDAY, 553))
        assert (kept.served_min, kept.evidence, kept.confirmed_by) == (13, "landline", "organisation")


@pytest.mark.parametrize(
    ("at", "now", "refusal"),
    [
        (moment_at(MONDAY, -1), EVENING, TooEarly),
        (moment_at(MONDAY, 1440), EVENING + timedelta(days=1), WrongInput),
        (moment_at(MONDAY, 600), moment_at(MONDAY, 599), TooEarly),
    ],
    ids=["the evening before", "the day after", "a moment that has not come"],
)
def test_check_in_is_on_the_day_and_not_ahead(
    engine: Engine, visit: int, world: World, at: datetime, now: datetime, refusal: type[Exception]
) -> None:
    """Hours of a day that is not the visit's would be credited by the rules of another day."""
    with transaction(engine) as session, pytest.raises(refusal):
        life.check_in(session, visit, volunteer_id=world.volunteers["V1"], at=at, evidence="app", now=now)


@pytest.mark.parametrize("at_min", [10, 23 * 60 + 30])
def test_a_day_is_a_day_in_shanghai(engine: Engine, make_visit: MakeVisit, at_min: int) -> None:
    """At half past midnight in Shanghai it is still yesterday in UTC; the visit is today's."""
    late = make_visit(starts_min=at_min)

    with transaction(engine) as session:
        checked_in = begin(session, late, at_min=at_min)

        assert checked_in.status == "checked_in"
        assert end(session, late, at_min=at_min + 29).served_min == 29


@pytest.mark.parametrize(
    ("at_min", "now_min", "refusal"),
    [(540, 600, WrongInput), (530, 600, WrongInput), (1440, 1500, WrongInput), (600, 599, TooEarly)],
    ids=["at once", "before it began", "the next day", "ahead"],
)
def test_check_out_follows_check_in_on_its_day(
    engine: Engine, visit: int, world: World, at_min: int, now_min: int, refusal: type[Exception]
) -> None:
    """A visit that ends before it began, or tomorrow, is a slip of the clock and no service."""
    mine = world.volunteers["V1"]
    with transaction(engine) as session:
        begin(session, visit)

        with pytest.raises(refusal):
            life.check_out(
                session, visit, volunteer_id=mine, at=moment_at(MONDAY, at_min), now=moment_at(MONDAY, now_min)
            )

        assert life.visit_of(session, visit).status == "checked_in"


def test_a_volunteer_acts_on_their_own_visits_alone(engine: Engine, visit: int, world: World) -> None:
    """Another's visit is not there at all, so that numbers can be tried without learning anything."""
    other, at = world.volunteers["V2"], moment_at(MONDAY, 540)
    with transaction(engine) as session:
        with pytest.raises(NotFound) as caught:
            life.check_in(session, visit, volunteer_id=other, at=at, evidence="app", now=at)
        begin(session, visit)
        with pytest.raises(NotFound):
            life.check_out(session, visit, volunteer_id=other, at=EVENING, now=EVENING)
        with pytest.raises(NotFound) as missing:
            life.check_out(session, visit + 1, volunteer_id=other, at=EVENING, now=EVENING)

    assert str(caught.value) == f"There is no visit {visit} here."
    assert str(missing.value) == f"There is no visit {visit + 1} here."


@pytest.mark.parametrize("wrong", ["", "selfie"])
def test_evidence_and_confirmer_are_of_a_known_kind(engine: Engine, visit: int, wrong: str) -> None:
    """A visit without evidence could never be credited, and would look as if it were served."""
    with transaction(engine) as session:
        with pytest.raises(WrongInput, match="one of app"):
            begin(session, visit, evidence=wrong)
        begin(session, visit)
        end(session, visit)
        with pytest.raises(WrongInput, match="one of senior"):
            life.confirm(session, visit, confirmed_by=wrong)


def test_a_visit_is_not_missed_before_its_hour(engine: Engine, visit: int) -> None:
    """What lies ahead can still happen."""
    with transaction(engine) as session:
        with pytest.raises(TooEarly):
            life.miss(session, visit, actor=ARBITER, note="", now=moment_at(MONDAY, 539))

        assert life.miss(session, visit, actor=ARBITER, note="", now=moment_at(MONDAY, 540)).status == "missed"


@pytest.mark.parametrize("served_min", [0, 5, 10])
def test_a_dispute_ends_with_the_minutes_that_count(engine: Engine, visit: int, served_min: int) -> None:
    """All, some or none of what was claimed; none is a visit that did not happen."""
    with transaction(engine) as session:
        begin(session, visit)
        end(session, visit)
        _dispute(session, visit)

        life.resolve(session, visit, actor=ARBITER, served_min=served_min, note="电话核实", now=EVENING)
        again = life.resolve(session, visit, actor=ARBITER, served_min=served_min, note="电话核实", now=EVENING)

        assert (again.status, again.served_min) == ("confirmed" if served_min else "missed", served_min)
        assert [(kind, actor) for kind, actor, _ in events(session, visit)] == [
            ("disputed", "person:1"),
            ("resolved", ARBITER),
        ]


def test_a_party_does_not_resolve_its_own_dispute(engine: Engine, visit_by_state: dict[str, int]) -> None:
    """Who gave, who received and everyone who disputed are parties; a third person decides."""
    visit = visit_by_state["disputed"]
    with transaction(engine) as session:
        giver = f"person:{life.visit_of(session, visit).volunteer_id}"
        served = f"person:{senior_of(session, visit)}"
        life.dispute(session, visit, actor="person:77", note="我在场", now=EVENING)

        answers = {who: _resolved_by(session, visit, who) for who in (giver, served, "person:1", "person:77", ARBITER)}

        assert answers == dict.fromkeys((giver, served, "person:1", "person:77"), "a party") | {ARBITER: "confirmed"}


@pytest.mark.parametrize(("served_min", "note"), [(11, "电话核实"), (-1, "电话核实"), (5, "   "), (5, "长" * 1001)])
def test_a_resolution_has_words_and_no_more_than_was_claimed(
    engine: Engine, visit_by_state: dict[str, int], served_min: int, note: str
) -> None:
    """Nobody is given more than they asked for, and nobody is judged without a reason."""
    visit = visit_by_state["disputed"]

    with transaction(engine) as session:
        with pytest.raises(WrongInput):
            life.resolve(session, visit, actor=ARBITER, served_min=served_min, note=note, now=EVENING)

        assert life.visit_of(session, visit).status == "disputed"


def test_a_dispute_says_what_was_not_right(engine: Engine, visit_by_state: dict[str, int]) -> None:
    """Without words nobody could decide it; the visit stays as it was."""
    with transaction(engine) as session:
        with pytest.raises(WrongInput, match="note"):
            life.dispute(session, visit_by_state["checked_out"], actor="person:1", note="", now=EVENING)

        assert life.visit_of(session, visit_by_state["checked_out"]).status == "checked_out"


def test_a_cancelled_visit_frees_its_day(engine: Engine, make_visit: MakeVisit, visit: int) -> None:
    """Another volunteer can take over on the same day."""
    with transaction(engine) as session:
        _cancel(session, visit)

    replacement = make_visit(volunteer="V2")

    with transaction(engine) as session:
        assert begin(session, replacement).status == "checked_in"
