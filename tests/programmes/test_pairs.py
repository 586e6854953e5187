"""Pairs count when both said yes; a no is for ever; each step is written with who, when and why."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session

from tests.programmes.conftest import Care
from tests.together import at_once
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.needs.tables import Need
from timebank.planning.in_force import PAIR
from timebank.planning.storing import publish_plan
from timebank.programmes.listing import list_pairs, steps_of
from timebank.programmes.partnerships import (
    answer,
    answer_all,
    end_pair,
    pause,
    propose_pairs,
    resume,
    resume_due,
)
from timebank.programmes.refusals import AnsweredAlready, PairedAlready
from timebank.programmes.replacing import candidates_for, propose_replacement
from timebank.programmes.steps import write_steps
from timebank.programmes.tables import Partnership


def _answer(session: Session, care: Care, pair: int, side: str, *, is_yes: bool, reason: str = "") -> Partnership:
    return answer(session, pair, side=side, is_yes=is_yes, actor=care.actor, reason=reason, now=care.noon)


def _paired(session: Session, plan: int, care: Care) -> set[int]:
    """Return the volunteers whom a plan pairs with S1."""
    wanted = select(PAIR.c.volunteer_id).where(
        PAIR.c.plan_id == plan, PAIR.c.need_id == care.world.needs["S1-greeting"]
    )
    return set(session.connection().execute(wanted).scalars())


def test_visits_wait_for_both_to_agree(engine: Engine, care: Care) -> None:
    """A plan that is put into force sends nobody to a senior whose pair was not agreed; agreed, the next one does."""
    with transaction(engine) as session:
        care.enrol(session, "S1")
    plan = care.plan(engine)
    with transaction(engine) as session:
        (pair,) = care.propose(session, plan)
        publish_plan(session, plan)
        before = len(care.visits(session, ref="S1")), len(care.visits(session, ref="S4"))
        _answer(session, care, pair, "volunteer", is_yes=True)
    half = care.plan(engine, starts_on=date(2026, 3, 9))
    with transaction(engine) as session:
        publish_plan(session, half)
        after_one = len(care.visits(session, ref="S1"))
        _answer(session, care, pair, "organisation", is_yes=True)
    whole = care.plan(engine, starts_on=date(2026, 3, 16))
    with transaction(engine) as session:
        publish_plan(session, whole)

        assert before == (0, 4)
        assert after_one == 0
        assert len(care.visits(session, ref="S1")) == 4


def test_declined_pair_is_not_proposed_again(engine: Engine, care: Care) -> None:
    """Who said no is not asked each month anew: the engine looks for somebody else."""
    with transaction(engine) as session:
        care.enrol(session, "S1")
    plan = care.plan(engine)
    with transaction(engine) as session:
        (pair,) = care.propose(session, plan)
        first = _paired(session, plan, care)
        _answer(session, care, pair, "volunteer", is_yes=False, reason="住得太远")
    other = care.plan(engine)
    with transaction(engine) as session:
        assert first
        assert _paired(session, other, care)
        assert not _paired(session, other, care) & first
        assert len(care.propose(session, other)) == 1
        assert [step.kind for step in steps_of(session, pair)] == ["proposed", "volunteer_no"]
        assert steps_of(session, pair)[1].reason == "住得太远"


def test_agreed_pair_stays_in_every_plan(engine: Engine, lone: Care) -> None:
    """Both said yes to this one, so no shorter walk of another takes it away."""
    with transaction(engine, read_only=True) as session:
        agreed = {row.senior_ref: row.volunteer_ref for row in list_pairs(session, first=100, state="agreed")}
    plan = lone.plan(engine, starts_on=date(2026, 3, 9))

    with transaction(engine) as session:
        assert lone.propose(session, plan) == []
        (volunteer,) = _paired(session, plan, lone)
        assert lone.world.volunteers[agreed["S1"]] == volunteer


def test_same_answer_again_changes_nothing(session: Session, care: Care) -> None:
    """A telephone call that was written down twice is one answer; another answer is refused."""
    pair = _proposed(session, care)

    _answer(session, care, pair, "volunteer", is_yes=True)
    _answer(session, care, pair, "volunteer", is_yes=True)

    assert [step.kind for step in steps_of(session, pair)] == ["proposed", "volunteer_yes"]
    with pytest.raises(AnsweredAlready):
        _answer(session, care, pair, "volunteer", is_yes=False, reason="又不行了")


def _proposed(session: Session, care: Care, ref: str = "S1", volunteer: str = "V1", **changes: Any) -> int:
    """Propose a pair by hand; returns its number."""
    if not changes:
        care.enrol(session, ref)
    need = care.world.needs[f"{ref}-greeting"]
    pair = Partnership(
        programme_id=1,
        enrolment_id=1,
        need_id=need,
        volunteer_id=care.world.volunteers[volunteer],
        proposed_at=care.noon,
        **changes,
    )
    session.add(pair)
    session.flush()
    write_steps(session, [pair.id or 0], "proposed", actor=care.actor, now=care.noon)
    return pair.id or 0


def test_no_needs_a_reason(session: Session, care: Care) -> None:
    """A no without a word teaches nobody whom to propose next."""
    pair = _proposed(session, care)

    with pytest.raises(WrongInput):
        _answer(session, care, pair, "organisation", is_yes=False)


@pytest.mark.parametrize("side", ["senior", ""])
def test_only_two_sides_answer(session: Session, care: Care, side: str) -> None:
    """What is no side says nothing."""
    with pytest.raises(WrongInput):
        _answer(session, care, _proposed(session, care), side, is_yes=True)


def test_pair_of_another_is_not_there(session: Session, care: Care) -> None:
    """Neither another organisation nor another volunteer can answer, or learn that there is anything."""
    pair = _proposed(session, care)
    west, other = care.world.organisations["WEST"], care.world.volunteers["V2"]
    parts: dict[str, Any] = {"side": "volunteer", "is_yes": True, "actor": "x", "now": care.noon}

    with pytest.raises(NotFound):
        answer(session, pair, organisation_id=west, **parts)
    with pytest.raises(NotFound):
        answer(session, pair, volunteer_id=other, **parts)


def test_need_has_one_agreed_volunteer(session: Session, care: Care) -> None:
    """Two proposals of two plans: the second cannot be agreed beside the first, which is withdrawn for it."""
    first = _proposed(session, care)
    second = _proposed(session, care, volunteer="V2", distance_m=1)
    _answer(session, care, second, "volunteer", is_yes=True)

    care.agree(session, first)

    with pytest.raises(WrongState):
        _answer(session, care, second, "organisation", is_yes=True)
    third = _proposed(session, care, volunteer="V2", distance_m=1)
    _answer(session, care, third, "volunteer", is_yes=True)
    with pytest.raises(PairedAlready):
        _answer(session, care, third, "organisation", is_yes=True)


def test_two_answers_at_once_agree_once(engine: Engine, care: Care) -> None:
    """Volunteer and organisation say yes at the same moment: the pair is agreed, and agreed once."""
    with transaction(engine) as session:
        pair = _proposed(session, care)

    at_once(
        engine,
        lambda session: _answer(session, care, pair, "volunteer", is_yes=True),
        lambda session: _answer(session, care, pair, "organisation", is_yes=True),
    )

    with transaction(engine, read_only=True) as session:
        kinds = [step.kind for step in steps_of(session, pair)]
        assert sorted(kinds) == ["agreed", "organisation_yes", "proposed", "volunteer_yes"]
        assert session.get_one(Partnership, pair).state == "agreed"


def test_signed_lists_agree_to_many_at_once(engine: Engine, care: Care) -> None:
    """A street signs on paper; what was answered otherwise already is passed over."""
    with transaction(engine) as session:
        care.enrol(session, "S1", "S2", "S3")
    plan = care.plan(engine)
    with transaction(engine) as session:
        first, *rest = care.propose(session, plan)
        _answer(session, care, first, "volunteer", is_yes=False, reason="身体不好")
        programme = care.programme(session)

        agreed = [answer_all(session, programme, [first, *rest], actor=care.actor, now=care.noon) for _ in range(2)]

        assert agreed == [2, 0]
        assert [row.id for row in list_pairs(session, first=100, state="agreed")] == rest


def test_pause_calls_visits_off_and_ends_by_itself(engine: Engine, lone: Care) -> None:
    """A volunteer on a journey: visits until then are called off, plans leave the need out, then it goes on."""
    with transaction(engine) as session:
        (pair,) = [row.id for row in list_pairs(session, first=100) if row.senior_ref == "S1"]
        ahead = len(lone.visits(session, ref="S1"))
        pause(session, pair, until=date(2026, 3, 12), actor=lone.actor, reason="外出", now=lone.noon)
        off = len(lone.visits(session, "cancelled", ref="S1"))
        need = session.get_one(Need, lone.world.needs["S1-greeting"], populate_existing=True)
        paused = need.status
    with transaction(engine) as session:
        too_soon = resume_due(session, actor="clock", now=lone.later(days=9))
        in_time = resume_due(session, actor="clock", now=lone.later(days=10))
        need = session.get_one(Need, lone.world.needs["S1-greeting"], populate_existing=True)

        assert (ahead, off, paused) == (4, 4, "paused")
        assert (too_soon, in_time, need.status) == (0, 1, "open")
        assert [step.kind for step in steps_of(session, pair)][-2:] == ["paused", "resumed"]


def test_paused_pair_is_resumed_by_hand_too(engine: Engine, lone: Care) -> None:
    """Back earlier than thought."""
    with transaction(engine) as session:
        pair = list_pairs(session, first=1)[0].id
        with pytest.raises(WrongInput):
            pause(session, pair, until=date(2026, 3, 2), actor=lone.actor, reason="外出", now=lone.noon)
        pause(session, pair, until=date(2026, 3, 12), actor=lone.actor, reason="外出", now=lone.noon)

        states = [resume(session, pair, actor=lone.actor, now=lone.noon).state for _ in range(2)]

        assert states == ["agreed", "agreed"]


def test_ended_pair_is_over(engine: Engine, lone: Care) -> None:
    """Its visits ahead are called off, what has happened stays, and the two are not proposed to each other again."""
    with transaction(engine) as session:
        (row,) = [one for one in list_pairs(session, first=100) if one.senior_ref == "S1"]
        end_pair(session, row.id, actor=lone.actor, reason="志愿者搬家", now=lone.noon)
        end_pair(session, row.id, actor=lone.actor, reason="志愿者搬家", now=lone.noon)
        left = len(lone.visits(session, ref="S1"))
    plan = lone.plan(engine, starts_on=date(2026, 3, 9))
    with transaction(engine) as session:
        assert left == 0
        assert lone.world.volunteers[row.volunteer_ref] not in _paired(session, plan, lone)
        assert [step.kind for step in steps_of(session, row.id)][-2:] == ["agreed", "ended"]


def test_replacement_takes_over_when_they_say_yes(engine: Engine, lone: Care) -> None:
    """Until then the old pair holds; then the visits ahead go over, so that no greeting is lost."""
    with transaction(engine) as session:
        (old,) = [one for one in list_pairs(session, first=100) if one.senior_ref == "S1"]
        found = candidates_for(session, old.id, organisation_id=lone.east, now=lone.noon)
        new = propose_replacement(
            session,
            old.id,
            found[0].volunteer_id,
            actor=lone.actor,
            reason="原志愿者住院",
            now=lone.noon,
            organisation_id=lone.east,
        )
        held = session.get_one(Partnership, old.id, populate_existing=True).state
        before = {visit.volunteer_id for visit in lone.visits(session, ref="S1")}
        _answer(session, lone, new.id or 0, "volunteer", is_yes=True)
        after = lone.visits(session, ref="S1")

        assert held == "agreed"
        assert before == {old.volunteer_id}
        assert {visit.volunteer_id for visit in after} == {found[0].volunteer_id}
        assert len(after) == 4
        assert session.get_one(Partnership, old.id, populate_existing=True).state == "ended"
        assert steps_of(session, old.id)[-1].kind == "replaced"


@pytest.mark.parametrize(("ref", "refusal"), [("V3", NotFound), ("same", WrongInput)])
def test_replacement_is_another_of_ones_own(engine: Engine, lone: Care, ref: str, refusal: type[Exception]) -> None:
    """Volunteers of another organisation are not ours to ask, and nobody replaces themselves."""
    with transaction(engine) as session:
        (old,) = [one for one in list_pairs(session, first=100) if one.senior_ref == "S1"]
        volunteer = lone.world.volunteers.get(ref, old.volunteer_id)

        with pytest.raises(refusal):
            propose_replacement(
                session,
                old.id,
                volunteer,
                actor=lone.actor,
                reason="原志愿者住院",
                now=lone.noon,
                organisation_id=lone.east,
            )


def test_proposal_that_a_newer_plan_does_not_repeat_is_withdrawn(engine: Engine, care: Care) -> None:
    """Nobody answers a question that is no longer asked."""
    with transaction(engine) as session:
        stale = _proposed(session, care, volunteer="V2")
        session.get_one(Partnership, stale)
        other = _proposed(session, care, volunteer="V1", distance_m=1)
    plan = care.plan(engine)
    with transaction(engine) as session:
        chosen = _paired(session, plan, care)
        new = propose_pairs(session, care.programme(session), plan, actor=care.actor, now=care.noon)
        states = {
            session.get_one(Partnership, pair).volunteer_id: session.get_one(Partnership, pair).state
            for pair in (stale, other)
        }

        assert new == 0
        assert {volunteer for volunteer, state in states.items() if state == "proposed"} == chosen
        assert sorted(states.values()) == ["proposed", "withdrawn"]
