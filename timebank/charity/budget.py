"""The budget of a project: lines, commitments, what is paid and what is let go; the database keeps the sums.

Who commits at the same moment as somebody else waits for the line, and is refused when too little is left then.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col
from sqlmodel import select as pick

from timebank.charity.life import LIVE, PAYING, STATE, locked_project, require_stage
from timebank.charity.refusals import OverBudget, require_within
from timebank.core.columns import table_of
from timebank.core.errors import KeyConflict, NotFound, WrongInput
from timebank.core.keys import digest_of
from timebank.core.texts import Phrase
from timebank.ledger.refusals import broke
from timebank.projects.projects import project_of
from timebank.projects.tables import BudgetEntry, BudgetLine, Commitment, Project

LINE = table_of(BudgetLine)
COMMITMENT = table_of(Commitment)
BUDGET_ENTRY = table_of(BudgetEntry)
MOST_CENTS = 10**14
MOST_LINES = 100


class By(NamedTuple):
    """Who acts, when, on which day it counts, and under which key of theirs."""

    actor: str
    now: datetime
    day: date
    key: str


class Spoken(NamedTuple):
    """What a project's budget is, and what of it is spoken for: by lines, and by places that stand; in cents."""

    budget_cents: int
    lines_cents: int
    places_cents: int

    @property
    def left_cents(self) -> int:
        """What no line and no place has taken."""
        return self.budget_cents - self.lines_cents - self.places_cents


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """Something to be paid: of which line, what, to whom, how much."""

    line: str
    what: str
    party: str
    amount_cents: int


def spoken_for(session: Session, project: Project) -> Spoken:
    """Return what of a project's budget is spoken for."""
    s = STATE.c
    wanted = select(s.lines_cents, s.places_cents).where(s.project_id == project.id)
    lines, places = session.connection().execute(wanted).first() or (0, 0)
    return Spoken(project.budget_cents, lines, places)


def plan_line(
    session: Session, office: int, project_id: int, *, code: str, name_zh: str, planned_cents: int
) -> BudgetLine:
    """Set a line of a project's budget by its code: a new one, or another amount for one that stands.

    Raises
    ------
    NotFound
        When there is no such project of the office.
    WrongInput
        When code, name or amount cannot be, or there are too many lines.
    WrongState
        When the project is over.
    OverBudget
        When the budget has less left, or the line has more spoken for.
    """
    _check("code", code, 40)
    _check("name_zh", name_zh, 120)
    if not 0 <= planned_cents <= MOST_CENTS:
        raise WrongInput(field="planned_cents", value=str(planned_cents), right=Phrase("right_budget"))
    project = locked_project(session, office, project_id)
    require_stage(session, project, LIVE)
    own = pick(BudgetLine).where(BudgetLine.project_id == project_id)
    standing = session.exec(own.where(BudgetLine.code == code).execution_options(populate_existing=True)).first()
    if standing is None and len(session.exec(own).all()) >= MOST_LINES:
        raise WrongInput(field="code", value=code, right=Phrase("right_most", most=MOST_LINES))
    with _within_budget(session, project, standing, planned_cents):
        if standing is None:
            row = {"project_id": project_id, "code": code, "name_zh": name_zh, "planned_cents": planned_cents}
            session.connection().execute(insert(LINE), row)
        else:
            values = {"name_zh": name_zh, "planned_cents": planned_cents}
            session.connection().execute(update(LINE).where(LINE.c.id == standing.id).values(**values))
    return line_of(session, project_id, code)


def line_of(session: Session, project_id: int, code: str) -> BudgetLine:
    """Return a line of a project's budget as it is now.

    Raises
    ------
    NotFound
        When it has none of that code.
    """
    own = pick(BudgetLine).where(BudgetLine.project_id == project_id, BudgetLine.code == code)
    line = session.exec(own.execution_options(populate_existing=True)).first()
    if line is None:
        raise NotFound(kind="budget_line", key=code[:40])
    return line


def lines_of(session: Session, project_id: int) -> list[BudgetLine]:
    """Return the lines of a project's budget, by number; at most a hundred."""
    own = pick(BudgetLine).where(BudgetLine.project_id == project_id)
    return list(session.exec(own.order_by(col(BudgetLine.id)).execution_options(populate_existing=True)))


def commit(session: Session, office: int, project_id: int, promise: Promise, by: By) -> Commitment:
    """Promise to pay something out of a line; the same key and content is the same commitment.

    Raises
    ------
    NotFound
        When there is no such project of the office, or it has no such line.
    WrongInput
        When what, whom, the amount or the key cannot be.
    WrongState
        When the project is not approved, or over.
    OutsidePeriod
        When its period is past.
    OverBudget
        When the line has less left.
    KeyConflict
        When the key was used for other content.
    """
    _check("what", promise.what, 200)
    _check("party", promise.party, 120)
    _check("idempotencyKey", by.key, 200)
    _check_amount(promise.amount_cents)
    project = locked_project(session, office, project_id)
    digest = digest_of(asdict(promise))
    standing = session.exec(
        pick(Commitment).where(Commitment.project_id == project_id, Commitment.idempotency_key == by.key)
    ).first()
    if standing is not None:
        if standing.request_hash != digest:
            raise KeyConflict(key=by.key)
        return standing
    require_stage(session, project, PAYING)
    require_within(project, by.day, from_start=False)
    line = line_of(session, project_id, promise.line)
    with _of_line(session, line, promise.amount_cents):
        row = Commitment(
            project_id=project_id,
            line_id=line.id or 0,
            what=promise.what,
            party=promise.party,
            amount_cents=promise.amount_cents,
            idempotency_key=by.key,
            request_hash=digest,
        )
        session.add(row)
        session.flush()
        _enter(session, row.id or 0, "commit", promise.amount_cents, by, "")
    session.refresh(row)
    return row


def spend(session: Session, office: int, commitment_id: int, amount_cents: int, by: By, note: str = "") -> Commitment:
    """Pay a part of a commitment, or all of it; invoices may come until the project is closed.

    Raises
    ------
    NotFound
        When the office has no such commitment.
    WrongInput
        When amount, note or key cannot be.
    WrongState
        When the project is closed or called off.
    OverBudget
        When less of it is open.
    KeyConflict
        When the key was used for something else of this commitment.
    """
    return _settle(session, office, commitment_id, "spend", amount_cents, by, note)


def release(session: Session, office: int, commitment_id: int, by: By, note: str = "") -> Commitment:
    """Let go what of a commitment is still open, so that its line has it back; nothing open stays as it is.

    It may be done for a project that was called off too. Raises as :func:`spend` does.
    """
    row = commitment_of(session, office, commitment_id)
    if row.open_cents == 0:
        return row
    return _settle(session, office, commitment_id, "release", row.open_cents, by, note)


def commitment_of(session: Session, office: int, commitment_id: int) -> Commitment:
    """Return a commitment of an office's project as it is now, locked until the transaction ends.

    Raises
    ------
    NotFound
        When there is none, or it is another's.
    """
    row = session.get(Commitment, commitment_id, populate_existing=True)
    if row is None or _project_of(session, office, row.project_id) is None:
        raise NotFound(kind="commitment", key=str(commitment_id))
    locked_project(session, office, row.project_id)
    session.refresh(row)
    return row


def _project_of(session: Session, office: int, project_id: int) -> Project | None:
    try:
        return project_of(session, office, project_id)
    except NotFound:
        return None


def _settle(
    session: Session, office: int, commitment_id: int, kind: str, amount_cents: int, by: By, note: str
) -> Commitment:
    _check("idempotencyKey", by.key, 200)
    _check_amount(amount_cents)
    if len(note) > 1000:
        raise WrongInput(field="note", value=note[:20], right=Phrase("right_length", least=0, most=1000))
    row = commitment_of(session, office, commitment_id)
    e = BUDGET_ENTRY.c
    wanted = select(e.kind, e.amount_cents).where(e.commitment_id == row.id, e.idempotency_key == by.key)
    stood = session.connection().execute(wanted).first()
    if stood is not None:
        if tuple(stood) != (kind, amount_cents):
            raise KeyConflict(key=by.key)
        return row
    project = project_of(session, office, row.project_id)
    require_stage(session, project, PAYING if kind == "spend" else (*PAYING, "cancelled"))
    if amount_cents > row.open_cents:
        of = Phrase("budget_commitment", number=commitment_id)
        raise OverBudget(of=of, left_cents=row.open_cents, asked_cents=amount_cents)
    _enter(session, commitment_id, kind, amount_cents, by, note)
    session.refresh(row)
    return row


def _enter(session: Session, commitment_id: int, kind: str, amount_cents: int, by: By, note: str) -> None:
    """Write a step of a commitment; the database adds it to the sums."""
    row: dict[str, Any] = {
        "commitment_id": commitment_id,
        "kind": kind,
        "amount_cents": amount_cents,
        "on_day": by.day,
        "actor": by.actor,
        "note": note,
        "idempotency_key": by.key,
        "entered_at": by.now,
    }
    session.connection().execute(insert(BUDGET_ENTRY), row)


@contextmanager
def _of_line(session: Session, line: BudgetLine, amount_cents: int) -> Iterator[None]:
    """Turn the check of a line into a refusal that says what is left."""
    try:
        with session.begin_nested():
            yield
    except IntegrityError as fault:
        if not broke(fault, "ck_budget_line_planned"):
            raise
        session.refresh(line)
        left = line.planned_cents - line.committed_cents - line.spent_cents
        of = Phrase("budget_line_named", name=line.name_zh)
        raise OverBudget(of=of, left_cents=left, asked_cents=amount_cents) from fault


@contextmanager
def _within_budget(session: Session, project: Project, line: BudgetLine | None, planned_cents: int) -> Iterator[None]:
    """Turn the checks of budget and line into refusals that say what is left."""
    try:
        with session.begin_nested():
            yield
    except IntegrityError as fault:
        if line is not None and broke(fault, "ck_budget_line_planned"):
            taken = line.committed_cents + line.spent_cents
            of = Phrase("budget_line_taken", name=line.name_zh, yuan=f"{taken / 100:,.2f}")
            raise OverBudget(of=of, left_cents=planned_cents, asked_cents=taken) from fault
        if not broke(fault, "ck_project_state_budget"):
            raise
        left = spoken_for(session, project).left_cents + (line.planned_cents if line else 0)
        of = Phrase("budget_whole", number=project.id)
        raise OverBudget(of=of, left_cents=left, asked_cents=planned_cents) from fault


def _check(field: str, words: str, most: int) -> None:
    if not words.strip() or len(words) > most:
        raise WrongInput(field=field, value=words[:20], right=Phrase("right_length", least=1, most=most))


def _check_amount(amount_cents: int) -> None:
    if not 0 < amount_cents <= MOST_CENTS:
        right = Phrase("right_range", least=1, most=MOST_CENTS)
        raise WrongInput(field="amount_cents", value=str(amount_cents), right=right)
