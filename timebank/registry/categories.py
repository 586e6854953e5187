"""Categories of a senior: opened with proof and source, closed, opened again; days are half-open and never overlap."""

from datetime import date, timedelta

from sqlmodel import Session, col, select

from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.people.categories import CATEGORIES
from timebank.people.tables import Senior, SeniorCategory
from timebank.registry.refusals import CategoryOverlaps

SOURCES = ("survey", "application", "import", "exchange", "office")
LONGEST_PROOF = 120
FOR_EVER = date.max


def open_category(
    session: Session,
    senior_id: int,
    category: str,
    *,
    from_day: date,
    proof: str,
    source: str,
    actor: str,
    to_day: date | None = None,
) -> SeniorCategory:
    """Put a senior into a category from a day on, with what was shown; the same again is the same row.

    One that was closed on the day it began goes on.

    Raises
    ------
    NotFound
        When there is no such senior.
    WrongState
        When the senior has died, left, or was merged into another.
    WrongInput
        When category, source, proof or days cannot be.
    CategoryOverlaps
        When the senior is in the category on some of those days already.
    """
    _check(category, source, proof, from_day, to_day)
    senior = session.get(Senior, senior_id, with_for_update=True, populate_existing=True)
    if senior is None:
        raise NotFound(kind="senior", key=str(senior_id))
    if senior.status != "active":
        raise WrongState(kind="senior", key=senior.external_ref, state=senior.status, allowed="active")
    for held in history(session, senior_id, category=category):
        said = (held.from_day, held.to_day, held.proof, held.source)
        if said == (from_day, to_day, proof, source):
            return held
        if held.from_day == from_day == held.to_day:
            held.to_day, held.proof, held.source, held.opened_by, held.closed_by = to_day, proof, source, actor, ""
            session.flush()
            return held
        if held.from_day < (to_day or FOR_EVER) and from_day < (held.to_day or FOR_EVER):
            until = Phrase("until_day", day=held.to_day) if held.to_day else Phrase("until_ever")
            raise CategoryOverlaps(category=category, from_day=held.from_day, to_day=until)
    row = SeniorCategory(
        senior_id=senior_id,
        category=category,
        from_day=from_day,
        to_day=to_day,
        proof=proof,
        source=source,
        opened_by=actor,
    )
    session.add(row)
    session.flush()
    return row


def close_category(session: Session, senior_id: int, category: str, *, to_day: date, actor: str) -> SeniorCategory:
    """Take a senior out of a category: the day is the first one without it; closed on that day already, it stays so.

    Raises
    ------
    NotFound
        When the senior is not in it.
    WrongInput
        When it would end before it begins.
    """
    held = history(session, senior_id, category=category)
    standing = next((row for row in held if row.to_day is None or row.to_day == to_day), None)
    if standing is None:
        raise NotFound(kind="category", key=Phrase(f"category_{category}") if category in CATEGORIES else category[:40])
    if to_day < standing.from_day:
        right = Phrase("right_not_before", day=standing.from_day.isoformat())
        raise WrongInput(field="to_day", value=to_day.isoformat(), right=right)
    if standing.to_day is None:
        standing.to_day, standing.closed_by = to_day, actor
        session.flush()
    return standing


def history(session: Session, senior_id: int, *, category: str | None = None) -> list[SeniorCategory]:
    """Return every category a senior was ever in, by name and day; at most two hundred."""
    own = select(SeniorCategory).where(SeniorCategory.senior_id == senior_id)
    if category is not None:
        own = own.where(SeniorCategory.category == category)
    ordered = own.order_by(col(SeniorCategory.category), col(SeniorCategory.from_day)).limit(200)
    return list(session.exec(ordered.execution_options(populate_existing=True)))


def _check(category: str, source: str, proof: str, from_day: date, to_day: date | None) -> None:
    if category not in CATEGORIES:
        raise WrongInput(
            field="category", value=category[:40], right=Phrase("right_one_of", known=", ".join(CATEGORIES))
        )
    if source not in SOURCES:
        raise WrongInput(field="source", value=source[:20], right=Phrase("right_one_of", known=", ".join(SOURCES)))
    if not 1 <= len(proof) <= LONGEST_PROOF:
        right = Phrase("right_length", least=1, most=LONGEST_PROOF)
        raise WrongInput(field="proof", value=f"{proof[:20]}...", right=right)
    if to_day is not None and to_day <= from_day:
        right = Phrase("right_not_before", day=(from_day + timedelta(days=1)).isoformat())
        raise WrongInput(field="to_day", value=to_day.isoformat(), right=right)
