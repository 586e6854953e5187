"""The desk of an office clerk: a book, who acts under which key, and people by the reference they are known by."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated
from uuid import uuid4

import typer
from sqlmodel import Session, col, select

from timebank.coins.acts import Act
from timebank.core.clock import now
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput
from timebank.core.guards import require_guards
from timebank.core.naming import number_of
from timebank.core.opening import opened
from timebank.core.texts import Phrase
from timebank.ledger.tables import Book
from timebank.needs.tables import Service
from timebank.people.tables import Organisation, Person, Senior, Volunteer

MOST_BOOKS = 100
Office = Annotated[str, typer.Option("--office", help="Code of the organisation whose clerk acts.")]
InBook = Annotated[str, typer.Option("--book", help="Code of the book; needed when there is more than one.")]
Key = Annotated[str, typer.Option("--key", help="Key of this act; the same again does nothing again. Else a new one.")]
Note = Annotated[str, typer.Option("--note", help="Why, or on what proof.")]
Who = Annotated[str, typer.Argument(help="Reference of a senior or volunteer, or the number of a person.")]
Minutes = Annotated[int, typer.Argument(help="Whole minutes.")]


@dataclass(frozen=True, slots=True)
class Desk:
    """A clerk at work: the session of one transaction, and the act that it is for."""

    session: Session
    act: Act

    def who(self, ref: str) -> int:
        """Return a person by the reference of senior or volunteer, or by number.

        Raises
        ------
        NotFound
            When there is none.
        """
        for table in (Senior, Volunteer):
            found = self.session.exec(select(table.person_id).where(table.external_ref == ref)).first()
            if found is not None:
                return found
        if ref.isascii() and ref.isdigit() and self.session.get(Person, int(ref[:18])) is not None:
            return int(ref)
        raise NotFound(kind="person", key=ref)

    def service(self, code: str) -> int:
        """Return a service of the catalogue by its code.

        Raises
        ------
        NotFound
            When there is none.
        """
        found = self.session.exec(select(Service.id).where(Service.code == code)).first()
        if found is None:
            raise NotFound(kind="service", key=code)
        return found

    def organisation(self, code: str) -> int:
        """Return an organisation by its code.

        Raises
        ------
        NotFound
            When there is none.
        """
        return number_of(self.session, Organisation, code)


@contextmanager
def at_desk(office: str, book: str, *, key: str = "", note: str = "", is_reading: bool = False) -> Iterator[Desk]:
    """Open one transaction in which a clerk of an office acts, or only reads; it is committed when the block ends well.

    Raises
    ------
    NotFound
        When there is no such organisation or book.
    WrongInput
        When there are several books and none is named.
    """
    with opened() as engine:
        require_guards(engine)
        with transaction(engine, read_only=is_reading) as session:
            act = Act(
                book_id=book_at(session, book),
                key=key or uuid4().hex,
                actor=f"organisation:{number_of(session, Organisation, office)}",
                now=now(),
                note=note,
            )
            yield Desk(session, act)


def book_at(session: Session, code: str) -> int:
    """Return the number of a book by its code, or of the only one.

    Raises
    ------
    NotFound
        When there is none.
    WrongInput
        When there are several and none is named.
    """
    wanted = select(Book).order_by(col(Book.code)).limit(MOST_BOOKS)
    books = {row.code: row.id for row in session.exec(wanted.where(Book.code == code) if code else wanted)}
    if len(books) > 1:
        raise WrongInput(field="--book", value="", right=Phrase("right_one_of", known=", ".join(books)))
    for number in books.values():
        if number is not None:
            return number
    raise NotFound(kind="book", key=code)
