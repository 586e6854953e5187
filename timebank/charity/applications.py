"""Who asks to take part: volunteers and organisations apply, the office accepts or declines with a reason."""

from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col
from sqlmodel import select as pick

from timebank.charity.life import OPEN_TO_ALL, require_stage, stage_of
from timebank.core.clock import day_of
from timebank.core.errors import KeyConflict, NotFound, WrongInput, WrongState
from timebank.core.keys import digest_of
from timebank.core.texts import Phrase
from timebank.ledger.refusals import broke
from timebank.people.tables import Organisation, Volunteer
from timebank.projects.projects import project_of
from timebank.projects.tables import Project, ProjectApplication, ProjectState

MOST_WORDS = 1000


def open_projects(session: Session, *, now: datetime, first: int, before_id: int | None = None) -> list[Project]:
    """Return up to ``first`` (1 to 100) projects that take applications, newest first, older than ``before_id``.

    Raises
    ------
    ValueError
        When ``first`` is out of its bounds.
    """
    if not 1 <= first <= 100:
        message = f"A page has 1 to 100 projects, not {first}."
        raise ValueError(message)
    recruiting = pick(ProjectState.project_id).where(ProjectState.preparation == "recruiting")
    wanted = pick(Project).where(
        (col(Project.status) == "running") | ((col(Project.status) == "draft") & col(Project.id).in_(recruiting)),
        Project.ends_on > day_of(now),
    )
    if before_id is not None:
        wanted = wanted.where(col(Project.id) < before_id)
    return list(session.exec(wanted.order_by(col(Project.id).desc()).limit(first)))


def apply(
    session: Session,
    project_id: int,
    *,
    key: str,
    now: datetime,
    offer: str = "",
    volunteer_id: int | None = None,
    organisation_id: int | None = None,
) -> ProjectApplication:
    """Ask to take part, as a volunteer or as an organisation; the same key and content is the same application.

    Raises
    ------
    NotFound
        When there is no such project that recruits or runs, or no such applicant.
    WrongInput
        When not just one of volunteer and organisation is named, or words or key cannot be.
    WrongState
        When the applicant's application stands already.
    KeyConflict
        When the key was used for other content.
    """
    _check(volunteer_id, organisation_id, offer, key)
    project = session.get(Project, project_id)
    if project is None or stage_of(session, project) not in OPEN_TO_ALL:
        raise NotFound(kind="project", key=str(project_id))
    _require_applicant(session, volunteer_id, organisation_id)
    digest = digest_of({"volunteer": volunteer_id, "organisation": organisation_id, "offer": offer})
    own = pick(ProjectApplication).where(ProjectApplication.project_id == project_id)
    mine = own.where(
        ProjectApplication.volunteer_id == volunteer_id, ProjectApplication.organisation_id == organisation_id
    )
    kept = key_of(volunteer_id, organisation_id, key)
    standing = session.exec(mine.where(ProjectApplication.idempotency_key == kept)).first()
    if standing is not None:
        if standing.request_hash != digest:
            raise KeyConflict(key=key)
        return standing
    row = ProjectApplication(
        project_id=project_id,
        volunteer_id=volunteer_id,
        organisation_id=organisation_id,
        offer=offer,
        applied_at=now,
        idempotency_key=kept,
        request_hash=digest,
    )
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError as fault:
        if not broke(fault, "uq_project_application", "project_application.project_id"):
            raise
        state = session.exec(mine.where(col(ProjectApplication.state).in_(("applied", "accepted")))).one()
        allowed = Phrase("application_new")
        kind = Phrase(f"application_{state.state}")
        raise WrongState(kind="application", key=str(state.id), state=kind, allowed=allowed) from fault
    return row


def key_of(volunteer_id: int | None, organisation_id: int | None, key: str) -> str:
    """Return the key of an applicant: two who choose the same word do not meet."""
    return f"{'v' if volunteer_id else 'o'}{volunteer_id or organisation_id}:{key}"[:200]


def answer(
    session: Session, office: int, application_id: int, *, is_accepted: bool, reason: str, actor: str, now: datetime
) -> ProjectApplication:
    """Accept an application, or decline it with the reason; the same answer again changes nothing.

    Raises
    ------
    NotFound
        When the office has no such application.
    WrongInput
        When it is declined without a reason.
    WrongState
        When it was answered otherwise or withdrawn, or the project is over.
    """
    if len(reason) > MOST_WORDS or not (is_accepted or reason.strip()):
        right = Phrase("right_length", least=0 if is_accepted else 1, most=MOST_WORDS)
        raise WrongInput(field="reason", value=reason[:20], right=right)
    row = _locked(session, application_id)
    project = project_of_application(session, office, row)
    state = "accepted" if is_accepted else "declined"
    if row.state == state:
        return row
    require_stage(session, project, OPEN_TO_ALL)
    _end(session, row, state, reason=reason, actor=actor, now=now)
    return row


def withdraw(session: Session, application_id: int, *, actor: str, now: datetime, **applicant: int) -> None:
    """Take an application back, by its applicant (``volunteer_id`` or ``organisation_id``), before it is answered.

    Raises
    ------
    NotFound
        When the applicant has none of that number.
    WrongState
        When it was answered.
    """
    row = _locked(session, application_id)
    if any(getattr(row, name) != number for name, number in applicant.items()):
        raise NotFound(kind="application", key=str(application_id))
    if row.state != "withdrawn":
        _end(session, row, "withdrawn", reason="", actor=actor, now=now)


def applications_of(session: Session, project_id: int, *, first: int, after: int = 0) -> list[ProjectApplication]:
    """Return up to ``first`` (1 to 100) applications to a project by number, after one.

    Raises
    ------
    ValueError
        When ``first`` is out of its bounds.
    """
    if not 1 <= first <= 100:
        message = f"A page has 1 to 100 applications, not {first}."
        raise ValueError(message)
    own = pick(ProjectApplication).where(
        ProjectApplication.project_id == project_id, col(ProjectApplication.id) > after
    )
    return list(session.exec(own.order_by(col(ProjectApplication.id)).limit(first)))


def project_of_application(session: Session, office: int, row: ProjectApplication) -> Project:
    """Return the project of an application, for its office.

    Raises
    ------
    NotFound
        When it is another's; the number told is the application's.
    """
    try:
        return project_of(session, office, row.project_id)
    except NotFound:
        raise NotFound(kind="application", key=str(row.id)) from None


def _check(volunteer_id: int | None, organisation_id: int | None, offer: str, key: str) -> None:
    """Refuse an applicant or words that cannot be."""
    if (volunteer_id is None) == (organisation_id is None):
        raise WrongInput(field="applicant", value="none or two", right=Phrase("right_holder"))
    if len(offer) > MOST_WORDS or not 1 <= len(key) <= 200:
        field, words = ("offer", offer) if len(offer) > MOST_WORDS else ("idempotencyKey", key)
        right = Phrase("right_length", least=0 if field == "offer" else 1, most=MOST_WORDS if field == "offer" else 200)
        raise WrongInput(field=field, value=words[:20], right=right)


def _locked(session: Session, application_id: int) -> ProjectApplication:
    row = session.get(ProjectApplication, application_id, populate_existing=True, with_for_update=True)
    if row is None:
        raise NotFound(kind="application", key=str(application_id))
    return row


def _end(session: Session, row: ProjectApplication, state: str, *, reason: str, actor: str, now: datetime) -> None:
    if row.state != "applied":
        said = Phrase(f"application_{row.state}")
        allowed = Phrase("application_applied")
        raise WrongState(kind="application", key=str(row.id), state=said, allowed=allowed)
    row.state, row.reason, row.answered_by, row.answered_at = state, reason, actor, now
    session.flush()


def _require_applicant(session: Session, volunteer_id: int | None, organisation_id: int | None) -> None:
    if volunteer_id is not None:
        who = session.get(Volunteer, volunteer_id)
        if who is None or who.status != "active":
            raise NotFound(kind="volunteer", key=str(volunteer_id))
    elif session.get(Organisation, organisation_id) is None:
        raise NotFound(kind="organisation", key=str(organisation_id))
