"""A project lives from draft to closure in steps that cannot be skipped, taken back or hidden."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from tests.charity.conftest import Office, book, slots_of
from timebank.charity.life import stage_of, steps_of
from timebank.charity.refusals import OwnDecision, StillOpen
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.core.texts import say_refusal
from timebank.projects.tables import Project

WHOLE = (
    ("submitted", "王"),
    ("returned", "李"),
    ("submitted", "王"),
    ("approved", "李"),
    ("recruiting", "王"),
    ("running", "王"),
    ("closed", "王"),
)


def test_whole_life_is_written_down(session: Session, office: Office) -> None:
    """Who asks later why a project ran reads who decided, when and why."""
    for to, actor in WHOLE:
        office.step(session, to, actor=actor, note="预算不清" if to == "returned" else "")

    steps = steps_of(session, office.draft)
    assert [(step.from_stage, step.to_stage, step.actor) for step in steps] == [
        ("draft", "submitted", "王"),
        ("submitted", "returned", "李"),
        ("returned", "submitted", "王"),
        ("submitted", "approved", "李"),
        ("approved", "recruiting", "王"),
        ("recruiting", "running", "王"),
        ("running", "closed", "王"),
    ]
    assert steps[1].note == "预算不清"
    assert session.get_one(Project, office.draft).status == "closed"


def test_same_step_again_changes_nothing(session: Session, office: Office) -> None:
    """A second click is no second step."""
    for _ in range(2):
        office.step(session, "submitted")

    assert len(steps_of(session, office.draft)) == 1


def test_a_draft_keeps_its_status_while_it_is_prepared(session: Session, office: Office) -> None:
    """Whoever reads the status as before still reads a draft: its places are given to nobody."""
    office.step(session, "submitted")
    office.step(session, "approved", actor="李")

    project = session.get_one(Project, office.draft)
    assert (project.status, stage_of(session, project)) == ("draft", "approved")


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ((), "approved"),
        ((), "recruiting"),
        ((), "closed"),
        (("submitted",), "running"),
        (("submitted",), "recruiting"),
        (("running",), "submitted"),
        (("cancelled",), "submitted"),
        (("running", "closed"), "cancelled"),
    ],
)
def test_no_step_is_skipped(session: Session, office: Office, first: tuple[str, ...], then: str) -> None:
    """What was not decided does not run, and what is over stays over."""
    for to in first:
        office.step(session, to, note="因故")
    before = len(steps_of(session, office.draft))

    with pytest.raises(WrongState) as refused:
        office.step(session, then, actor="李", note="因故")

    assert "此操作要求" in say_refusal(refused.value)
    assert len(steps_of(session, office.draft)) == before


def test_who_submits_does_not_decide(session: Session, office: Office) -> None:
    """Four eyes: nobody gives money to their own plan."""
    office.step(session, "submitted", actor="王")

    with pytest.raises(OwnDecision):
        office.step(session, "approved", actor="王")
    with pytest.raises(OwnDecision):
        office.step(session, "returned", actor="王", note="再想想")


@pytest.mark.parametrize("to", ["returned", "cancelled"])
def test_going_back_needs_a_reason(session: Session, office: Office, to: str) -> None:
    """Who gets a plan back must know what to mend."""
    office.step(session, "submitted")

    with pytest.raises(WrongInput, match="note"):
        office.step(session, to, actor="李", note=" ")


def test_unknown_stage_is_refused(session: Session, office: Office) -> None:
    """A slip of the pen moves nothing."""
    with pytest.raises(WrongInput, match="submitted"):
        office.step(session, "finished")


def test_open_money_and_places_keep_a_project_open(session: Session, office: Office) -> None:
    """A report over what is still to come would be wrong tomorrow."""
    office.line(session)
    office.promise(session, 1_000)
    book(session, slots_of(session, office.running)[0], office.world.needs["S2-bath"])

    with pytest.raises(StillOpen) as refused:
        office.step(session, "closed", project=office.running)

    assert (refused.value.commitments, refused.value.places) == (1, 1)


def test_another_offices_project_is_not_there(session: Session, office: Office) -> None:
    """What is another's looks like nothing."""
    other = Office(
        world=office.world, number=office.world.organisations["EAST"], running=0, draft=office.draft, noon=office.noon
    )

    with pytest.raises(NotFound):
        other.step(session, "submitted")


@pytest.mark.parametrize("sql", ["UPDATE project_step SET actor = '赵'", "DELETE FROM project_step"])
def test_steps_stay(session: Session, office: Office, sql: str) -> None:
    """A decision is not made undone by whoever has the database open."""
    office.step(session, "submitted")

    with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
        session.connection().execute(text(sql))
