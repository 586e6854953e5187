"""From the name that people write to the number that rows refer by."""

from sqlalchemy import select
from sqlmodel import Session, SQLModel

from timebank.core.columns import table_of
from timebank.core.errors import NotFound

LONGEST_SHOWN = 40


def number_of(
    session: Session, model: type[SQLModel], key: str, *, name: str = "code", number: str = "id", **more: object
) -> int:
    """Return the number of the row whose ``name`` is ``key``, and whose other columns are as ``more`` says.

    Raises
    ------
    NotFound
        When there is none; its kind is the name of the table.
    """
    table = table_of(model)
    wanted = select(table.c[number]).where(table.c[name] == key)
    for column, value in more.items():
        wanted = wanted.where(table.c[column] == value)
    found = session.connection().execute(wanted).scalar()
    if found is None:
        raise NotFound(kind=table.name, key=key[:LONGEST_SHOWN])
    return int(found)
