"""Notes of who said what, and when: never changed, but taken back once."""

from datetime import datetime
from typing import Protocol, TypeVar

from sqlmodel import Session, SQLModel

from timebank.core.errors import NotFound


class Note(Protocol):
    """A row that can be taken back."""

    withdrawn_by: str
    withdrawn_at: datetime | None


AnyNote = TypeVar("AnyNote", bound=SQLModel)


def note_of(session: Session, model: type[AnyNote], number: int) -> AnyNote:
    """Return a note as it is now, locked until the transaction ends.

    Raises
    ------
    NotFound
        When there is none; its kind is the name of the table.
    """
    note = session.get(model, number, populate_existing=True, with_for_update=True)
    if note is None:
        raise NotFound(kind=str(model.__tablename__), key=str(number))
    return note


def take_back(session: Session, note: Note, *, actor: str, now: datetime) -> None:
    """Take a note back; one that was taken back stays so."""
    if note.withdrawn_at is None:
        note.withdrawn_by, note.withdrawn_at = actor, now
        session.flush()
