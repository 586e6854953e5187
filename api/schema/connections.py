"""Pages of a list: edges with a cursor each, and whether there is more. Rows are read by key, never by offset."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import strawberry

from api.ids import cursor, read_cursor
from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase

MOST_ROWS = 100
Key = tuple[int, ...]
T = TypeVar("T")
Row = TypeVar("Row")


@strawberry.type(description="Where a page ends, and whether there is another.")
class PageInfo:
    """Where a page ends, and whether there is another."""

    end_cursor: str | None = strawberry.field(
        description="Cursor of the last row; give it as `after` for the next page."
    )
    more: strawberry.Private[Callable[[], bool]]

    @strawberry.field(description="Whether a row follows the last one of this page.")
    def has_next_page(self) -> bool:
        """Look for the row after the last."""
        return self.more()


@strawberry.type(description="A row of a list with its cursor.")
class Edge(Generic[T]):
    """A row of a list with its cursor."""

    cursor: str = strawberry.field(description="Place of the row in the list; opaque, and the same for ever.")
    node: T = strawberry.field(description="The row itself.")


@strawberry.type(description="A page of a list. Rows that are added meanwhile neither double nor hide others.")
class Connection(Generic[T]):
    """A page of a list."""

    edges: list[Edge[T]] = strawberry.field(description="Rows of the page, in the order of the list.")
    page_info: PageInfo = strawberry.field(description="Where the page ends.")


def page(
    kind: str,
    first: int,
    after: str | None,
    *,
    read: Callable[[int, Key | None], Sequence[Row]],
    key: Callable[[Row], Key],
    node: Callable[[Row], T],
    parts: int = 1,
) -> Connection[T]:
    """Read a page of up to ``first`` rows after a cursor; ``key`` has ``parts`` numbers and orders the list.

    One row past the last is read with the page, so that to know whether there is more takes no statement of its own;
    only after a page of the largest size it is looked for, when it is asked.

    Raises
    ------
    WrongInput
        When ``first`` is not 1 to 100, or ``after`` is no cursor of this list.
    """
    if not 1 <= first <= MOST_ROWS:
        raise WrongInput(field="first", value=str(first), right=Phrase("right_range", least=1, most=MOST_ROWS))
    found = read(min(first + 1, MOST_ROWS), read_cursor(kind, after, parts))
    rows = found[:first]
    edges = [Edge(cursor=cursor(kind, *key(row)), node=node(row)) for row in rows]
    end = PageInfo(
        end_cursor=edges[-1].cursor if edges else None,
        more=lambda: len(found) > first or (len(rows) == MOST_ROWS and bool(read(1, key(rows[-1])))),
    )
    return Connection(edges=edges, page_info=end)
