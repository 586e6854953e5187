"""Pages of a list: edges with a cursor each, and whether there is more. Rows are read by key, never by offset."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import strawberry

from timebank.core.errors import WrongInput

MOST_ROWS = 100
T = TypeVar("T")
Row = TypeVar("Row")


@strawberry.type(description="Where a page ends, and whether there is another.")
class PageInfo:
    """Where a page ends."""

    has_next_page: bool
    end_cursor: str | None


@strawberry.type(description="A row of a list with its cursor.")
class Edge(Generic[T]):
    """A row with its cursor."""

    cursor: str
    node: T


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    """A page of a list."""

    edges: list[Edge[T]]
    page_info: PageInfo


def checked_first(first: int) -> int:
    """Return the size of a page.

    Raises
    ------
    WrongInput
        When it is not 1 to 100.
    """
    if not 1 <= first <= MOST_ROWS:
        raise WrongInput(field="first", value=str(first), right=f"1 to {MOST_ROWS}")
    return first


def page(rows: Sequence[Row], first: int, node: Callable[[Row], T], cursor: Callable[[Row], str]) -> "Connection[T]":
    """Make a page; a full one says there may be more, and the next is then found empty at worst."""
    edges = [Edge(cursor=cursor(row), node=node(row)) for row in rows]
    end = edges[-1].cursor if edges else None
    return Connection(edges=edges, page_info=PageInfo(has_next_page=len(rows) == first, end_cursor=end))
