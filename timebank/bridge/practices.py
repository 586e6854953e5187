"""Good practice: what an organisation did and the figures that show it, approved by the bureau, version by version."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import func, insert, select, update
from sqlmodel import Session, col
from sqlmodel import select as pick

from timebank.bridge.counting import QUERIES, Period, count, query_of, trace
from timebank.bridge.once import check_length, check_page, kept_under
from timebank.bridge.refusals import FigureMoved
from timebank.bridge.tables import Practice, PracticeDecision, PracticeFigure, PracticeVersion
from timebank.core.clock import day_of
from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip
from timebank.core.errors import NotAllowed, NotFound, WrongInput, WrongState
from timebank.core.keys import digest_of
from timebank.core.texts import Phrase
from timebank.people.tables import Organisation

PRACTICE = table_of(Practice)
VERSION = table_of(PracticeVersion)
FIGURE = table_of(PracticeFigure)
DECISION = table_of(PracticeDecision)
MOST_FIGURES = 12


class FigureDraft(NamedTuple):
    """A figure to be counted: the code of its query, from a day to a day (half-open)."""

    query: str
    from_day: date
    to_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeDraft:
    """A version to be: a title, what was done, and the figures that show it; ``practice_id`` for a new version."""

    title_zh: str
    done: str
    figures: tuple[FigureDraft, ...]
    practice_id: int | None = None


class Told(NamedTuple):
    """A version of a practice as it is shown: its row, its figures, and the decision if there is one."""

    version: PracticeVersion
    figures: list[PracticeFigure]
    decision: PracticeDecision | None


def submit(
    session: Session, organisation_id: int, draft: PracticeDraft, *, idempotency_key: str, now: datetime
) -> PracticeVersion:
    """Submit a practice, or a new version of an own one, with its figures counted now; the same key is the same one.

    Raises
    ------
    WrongInput
        Naming the field, its value and what would be right.
    NotFound
        When the practice is not the organisation's.
    KeyConflict
        When the key was used for other content.
    """
    title = check_length("titleZh", draft.title_zh, least=1, most=120)
    done = check_length("done", draft.done, least=1, most=4000)
    digest = digest_of(["PracticeDraft", title, done, draft.figures, draft.practice_id])
    stands = kept_under(session, PracticeVersion, organisation_id, idempotency_key, digest)
    if stands is not None:
        return stands
    _check_figures(draft.figures, day_of(now))
    number = _practice(session, organisation_id, draft.practice_id)
    last = session.exec(pick(func.max(VERSION.c.version)).where(VERSION.c.practice_id == number)).one()
    row = PracticeVersion(
        practice_id=number,
        version=(last or 0) + 1,
        organisation_id=organisation_id,
        title_zh=title,
        done=done,
        idempotency_key=idempotency_key,
        request_hash=digest,
        submitted_at=now,
    )
    session.add(row)
    session.flush()
    figures = [
        {
            "practice_id": number,
            "version": row.version,
            "position": position,
            "value": count(session, figure.query, Period(organisation_id, figure.from_day, figure.to_day)),
            "counted_at": now,
            **figure._asdict(),
        }
        for position, figure in enumerate(draft.figures, start=1)
    ]
    session.connection().execute(insert(FIGURE), figures)
    return row


def _check_figures(figures: tuple[FigureDraft, ...], today: date) -> None:
    if not 1 <= len(figures) <= MOST_FIGURES:
        right = Phrase("right_range", least=1, most=MOST_FIGURES)
        raise WrongInput(field="figures", value=str(len(figures)), right=right)
    for figure in figures:
        query_of(figure.query)
        if not figure.from_day < figure.to_day <= today:
            days = f"{figure.from_day.isoformat()} - {figure.to_day.isoformat()}"
            raise WrongInput(field="figures", value=days, right=Phrase("right_past_days"))


def _practice(session: Session, organisation_id: int, practice_id: int | None) -> int:
    """Return the number of an own practice, locked, or of a new one."""
    if practice_id is None:
        fresh = Practice(organisation_id=organisation_id)
        session.add(fresh)
        session.flush()
        return fresh.id or 0
    own = pick(Practice).where(PRACTICE.c.id == practice_id, PRACTICE.c.organisation_id == organisation_id)
    if session.exec(own.with_for_update()).first() is None:
        raise NotFound(kind="practice", key=str(practice_id))
    return practice_id


def decide(
    session: Session,
    bureau_id: int,
    practice_id: int,
    version: int,
    *,
    is_approved: bool,
    words: str = "",
    now: datetime,
) -> PracticeDecision:
    """Approve a version, which everybody then reads, or return it with words; the same decision again changes nothing.

    Every figure is counted anew before it is approved.

    Raises
    ------
    NotAllowed
        When it is not the bureau that decides.
    NotFound
        When there is no such version.
    WrongInput
        When a version is returned without words.
    FigureMoved
        When a figure is not what its rows say now.
    WrongState
        When it was decided otherwise.
    """
    office = session.get(Organisation, bureau_id)
    if office is None or office.kind != "bureau":
        raise NotAllowed(action="decidePractice", needed=Phrase("needed_bureau"))
    plain = check_length("words", words, least=0 if is_approved else 1, most=1000)
    owner = session.exec(pick(Practice).where(PRACTICE.c.id == practice_id).with_for_update()).first()
    row = session.get(PracticeVersion, (practice_id, version))
    if owner is None or row is None:
        raise NotFound(kind="practice", key=f"{practice_id}/{version}")
    if is_approved:
        for figure in figures_of(session, practice_id, version):
            counted = count(session, figure.query, Period(owner.organisation_id, figure.from_day, figure.to_day))
            if counted != figure.value:
                raise FigureMoved(query=figure.query, stated=figure.value, counted=counted)
    asked = "approved" if is_approved else "returned"
    values = {"organisation_id": bureau_id, "decision": asked, "words": plain, "decided_at": now}
    gate = insert_or_skip(session.connection(), DECISION).values(practice_id=practice_id, version=version, **values)
    session.connection().execute(gate.on_conflict_do_nothing(index_elements=["practice_id", "version"]))
    decision = session.get_one(PracticeDecision, (practice_id, version), populate_existing=True)
    if decision.decision != asked:
        allowed = Phrase("allowed_undecided")
        raise WrongState(kind="practice", key=f"{practice_id}/{version}", state=decision.decision, allowed=allowed)
    if is_approved:
        newest = PRACTICE.c.published.is_(None) | (PRACTICE.c.published < version)
        shown = update(PRACTICE).where(PRACTICE.c.id == practice_id, newest).values(published=version)
        session.connection().execute(shown)
    return decision


def figures_of(session: Session, practice_id: int, version: int) -> list[PracticeFigure]:
    """Return the figures of a version in their order."""
    wanted = pick(PracticeFigure).where(FIGURE.c.practice_id == practice_id, FIGURE.c.version == version)
    return list(session.exec(wanted.order_by(FIGURE.c.position)))


def published(session: Session, *, first: int, before_id: int | None = None) -> list[Told]:
    """Return up to ``first`` (1 to 100) practices that everybody may read, each in its newest approved version."""
    check_page(first)
    same = (VERSION.c.practice_id == PRACTICE.c.id) & (VERSION.c.version == PRACTICE.c.published)
    wanted = pick(PracticeVersion).join(PRACTICE, same)
    if before_id is not None:
        wanted = wanted.where(VERSION.c.practice_id < before_id)
    return [told(session, row) for row in session.exec(wanted.order_by(VERSION.c.practice_id.desc()).limit(first))]


def submitted(session: Session, organisation_id: int, *, first: int, before_id: int | None = None) -> list[Told]:
    """Return the newest version of up to ``first`` practices: the own ones, and for the bureau those of all."""
    check_page(first)
    office = session.get(Organisation, organisation_id)
    newest = select(VERSION.c.practice_id, func.max(VERSION.c.version).label("newest")).group_by(VERSION.c.practice_id)
    last = newest.subquery()
    same = (VERSION.c.practice_id == last.c.practice_id) & (VERSION.c.version == last.c.newest)
    wanted = pick(PracticeVersion).join(last, same)
    if office is None or office.kind != "bureau":
        wanted = wanted.where(VERSION.c.organisation_id == organisation_id)
    if before_id is not None:
        wanted = wanted.where(VERSION.c.practice_id < before_id)
    return [told(session, row) for row in session.exec(wanted.order_by(VERSION.c.practice_id.desc()).limit(first))]


def told(session: Session, row: PracticeVersion) -> Told:
    """Return a version with its figures and its decision."""
    key = (row.practice_id, row.version)
    return Told(row, figures_of(session, *key), session.get(PracticeDecision, key))


def trace_figure(
    session: Session, practice_id: int, version: int, position: int, *, first: int = 100, after_id: int = 0
) -> tuple[str, list[int]]:
    """Return the table of the rows that a figure counts, and the numbers of up to ``first`` (1 to 100) of them.

    Raises
    ------
    NotFound
        When there is no such figure.
    """
    check_page(first)
    figure = session.get(PracticeFigure, (practice_id, version, position))
    if figure is None:
        raise NotFound(kind="practice", key=f"{practice_id}/{version}/{position}")
    owner = session.exec(pick(col(Practice.organisation_id)).where(PRACTICE.c.id == practice_id)).one()
    period = Period(owner, figure.from_day, figure.to_day)
    return QUERIES[figure.query].table, trace(session, figure.query, period, first=first, after_id=after_id)
