"""The life of a project: from draft to closure, each step with who, when and why; four eyes decide."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select, update
from sqlmodel import Session, col
from sqlmodel import select as pick

from timebank.charity.refusals import OwnDecision, StillOpen
from timebank.core.clock import day_of
from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip
from timebank.core.errors import WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.projects.projects import BOOKING, PROJECT, SLOT, cancel_project, project_of, start_project
from timebank.projects.tables import Commitment, Project, ProjectState, ProjectStep, Resource

STATE = table_of(ProjectState)
COMMITMENT = table_of(Commitment)
RESOURCE = table_of(Resource)
BEFORE: dict[str, tuple[str, ...]] = {
    "submitted": ("draft", "returned"),
    "approved": ("submitted",),
    "returned": ("submitted",),
    "recruiting": ("approved",),
    "running": ("draft", "approved", "recruiting"),
    "closed": ("running",),
    "cancelled": ("draft", "submitted", "returned", "approved", "recruiting", "running"),
}
"""From which stages each stage is reached. A plain draft may still be started at once, as it always could."""
DECISIONS = ("approved", "returned")
WITH_REASON = ("returned", "cancelled")
LONGEST_NOTE = 1000
LIVE = ("draft", "submitted", "returned", "approved", "recruiting", "running")
PAYING = ("approved", "recruiting", "running")
OPEN_TO_ALL = ("recruiting", "running")
GIVING = ("running",)
"""Stages in which something is allowed: to plan, to promise money, to apply, to give."""


class Asked(NamedTuple):
    """What is wanted of a project: which stage it goes to, who takes the step, when, and why."""

    to: str
    actor: str
    now: datetime
    note: str = ""


def stage_of(session: Session, project: Project) -> str:
    """Return how far a project has come: its status, and of a draft how far it is prepared."""
    if project.status != "draft":
        return project.status
    wanted = select(STATE.c.preparation).where(STATE.c.project_id == project.id)
    return str(session.connection().execute(wanted).scalar() or "draft")


def take_step(session: Session, office: int, project_id: int, asked: Asked) -> Project:
    """Take a project of an office to a stage; one that is there already stays, and nothing is written.

    Raises
    ------
    NotFound
        When there is none, or it is another's.
    WrongInput
        When there is no such stage, or it is not said why a project goes back or is called off.
    WrongState
        When the stage is not reached from where the project is.
    OwnDecision
        When who submitted it would decide on it.
    StillOpen
        When it would be closed with commitments or booked places left.
    """
    if asked.to not in BEFORE:
        raise WrongInput(field="to", value=asked.to[:20], right=Phrase("right_one_of", known=", ".join(BEFORE)))
    if len(asked.note) > LONGEST_NOTE or (asked.to in WITH_REASON and not asked.note.strip()):
        right = Phrase("right_length", least=1 if asked.to in WITH_REASON else 0, most=LONGEST_NOTE)
        raise WrongInput(field="note", value=asked.note[:20], right=right)
    project = locked_project(session, office, project_id)
    stage = stage_of(session, project)
    if stage == asked.to:
        return project
    if stage not in BEFORE[asked.to]:
        allowed = Phrase(f"stages_before_{asked.to}")
        raise WrongState(kind="project", key=str(project_id), state=stage, allowed=allowed)
    if asked.to in DECISIONS and _submitted_by(session, project_id) == asked.actor:
        raise OwnDecision(project=str(project_id))
    _move(session, office, project, asked)
    step = ProjectStep(
        project_id=project_id,
        from_stage=stage,
        to_stage=asked.to,
        actor=asked.actor,
        note=asked.note,
        taken_at=asked.now,
    )
    session.add(step)
    session.flush()
    return project


def locked_project(session: Session, office: int, project_id: int) -> Project:
    """Return a project of an office as it is now; nobody else changes it until the transaction ends.

    Raises
    ------
    NotFound
        When there is none, or it is another's.
    """
    session.connection().execute(select(PROJECT.c.id).where(PROJECT.c.id == project_id).with_for_update())
    project = project_of(session, office, project_id)
    session.refresh(project)
    return project


def require_stage(session: Session, project: Project, stages: tuple[str, ...]) -> None:
    """Refuse a project that is in none of some stages; the first of them names them all in words.

    Raises
    ------
    WrongState
        With the stage it is in.
    """
    stage = stage_of(session, project)
    if stage not in stages:
        raise WrongState(kind="project", key=str(project.id), state=stage, allowed=Phrase(f"stages_{stages[0]}"))


def steps_of(session: Session, project_id: int) -> list[ProjectStep]:
    """Return the steps of a project, the first first; there are few, for no stage comes back but by being returned."""
    own = pick(ProjectStep).where(ProjectStep.project_id == project_id)
    return list(session.exec(own.order_by(col(ProjectStep.id)).limit(500)))


def _move(session: Session, office: int, project: Project, asked: Asked) -> None:
    number = project.id or 0
    if asked.to == "running":
        start_project(session, office, number)
    elif asked.to == "cancelled":
        cancel_project(session, office, number, from_day=day_of(asked.now))
    elif asked.to == "closed":
        _refuse_open(session, number)
        session.connection().execute(update(PROJECT).where(PROJECT.c.id == number).values(status="closed"))
        session.refresh(project)
    else:
        _prepare(session, project, asked.to)


def _prepare(session: Session, project: Project, preparation: str) -> None:
    """Write how far a draft is prepared, beside what its budget is spoken for."""
    row = {"project_id": project.id, "preparation": preparation, "budget_cents": project.budget_cents}
    known = insert_or_skip(session.connection(), STATE).values(**row)
    same = known.on_conflict_do_update(index_elements=["project_id"], set_={"preparation": preparation})
    session.connection().execute(same)


def _submitted_by(session: Session, project_id: int) -> str | None:
    """Return who submitted a project last."""
    last = pick(ProjectStep.actor).where(ProjectStep.project_id == project_id, ProjectStep.to_stage == "submitted")
    return session.exec(last.order_by(col(ProjectStep.id).desc()).limit(1)).first()


def _refuse_open(session: Session, project_id: int) -> None:
    connection, c = session.connection(), COMMITMENT.c
    open_ones = select(func.count()).select_from(COMMITMENT).where(c.project_id == project_id, c.open_cents > 0)
    commitments = connection.execute(open_ones).scalar_one()
    booked = (
        select(func.count())
        .select_from(BOOKING)
        .join(SLOT, SLOT.c.id == BOOKING.c.slot_id)
        .join(RESOURCE, RESOURCE.c.id == SLOT.c.resource_id)
        .where(RESOURCE.c.project_id == project_id, BOOKING.c.status == "booked")
    )
    places = connection.execute(booked).scalar_one()
    if commitments or places:
        raise StillOpen(project=str(project_id), commitments=commitments, places=places)
