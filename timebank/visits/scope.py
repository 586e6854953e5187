"""Whose visits a clerk may touch: an organisation's own, by its code; and in which book they are credited."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from timebank.core.errors import NotFound, WrongInput
from timebank.core.texts import Phrase
from timebank.ledger.tables import Book
from timebank.needs.tables import Need
from timebank.visits.tables import Visit


def own_visit(session: Session, visit_id: int, organisation_id: int) -> Visit:
    """Return a visit whose need is the organisation's.

    Raises
    ------
    NotFound
        When there is none, or it is another organisation's.
    """
    mine = select(Visit).join(Need, col(Need.id) == col(Visit.need_id)).where(Need.organisation_id == organisation_id)
    visit = session.exec(mine.where(Visit.id == visit_id)).first()
    if visit is None:
        raise NotFound(kind="visit", key=str(visit_id))
    return visit


def wanted_book(books: Sequence[Book], code: str) -> int:
    """Return the number of the book that is asked for, or of the only one.

    Raises
    ------
    WrongInput
        When none of that code stands, or none is said where there are several.
    """
    found = [book for book in books if code in ("", book.code)]
    if len(found) != 1:
        right = Phrase("right_one_of", known=", ".join(book.code for book in books) or "-")
        raise WrongInput(field="book", value=code, right=right)
    return found[0].id or 0
