"""What is asked under a key happens once: the same again is what stands, other content is refused."""

from typing import TypeVar

from sqlalchemy import select
from sqlmodel import Session, SQLModel

from timebank.core.columns import table_of
from timebank.core.database import wait_turn
from timebank.core.errors import KeyConflict, WrongInput
from timebank.core.keys import check_key
from timebank.core.texts import Phrase

Kept = TypeVar("Kept", bound=SQLModel)


def kept_under(
    session: Session, model: type[Kept], organisation_id: int, idempotency_key: str, digest: bytes
) -> Kept | None:
    """Return what an organisation made under a key before, or nothing; of two at once the second sees the first.

    Raises
    ------
    KeyConflict
        When it was something else.
    WrongInput
        When the key is empty or too long.
    """
    check_key(idempotency_key)
    wait_turn(session, f"bridge {organisation_id}")
    table = table_of(model)
    same = (table.c.organisation_id == organisation_id, table.c.idempotency_key == idempotency_key)
    row = session.execute(select(model).where(*same)).scalar()
    if row is not None and row.request_hash != digest:
        raise KeyConflict(key=idempotency_key)
    return row


def check_length(field: str, words: str, *, least: int, most: int) -> str:
    """Return words without what surrounds them; refuse those that are too few or too many.

    Raises
    ------
    WrongInput
        Naming the field.
    """
    plain = words.strip()
    if not least <= len(plain) <= most:
        raise WrongInput(field=field, value=plain[:20], right=Phrase("right_length", least=least, most=most))
    return plain


def check_page(first: int) -> None:
    """Refuse a page of other than 1 to 100 rows.

    Raises
    ------
    ValueError
        For any other number.
    """
    if not 1 <= first <= 100:
        message = f"A page has 1 to 100 rows, not {first}."
        raise ValueError(message)
