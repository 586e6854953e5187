"""Cells of a table that are not shown: those of a few persons, and those from which these could be worked out."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

Place = tuple[int, int]


def hidden_cells(
    persons: Sequence[Sequence[int | None]],
    least: int,
    *,
    has_total_row: bool,
    has_total_column: bool,
    forced: AbstractSet[Place] = frozenset(),
) -> set[Place]:
    """Return the places (row, column) of a table that are hidden.

    A cell with 1 to ``least - 1`` persons is hidden, and whatever is ``forced``. Where a line has a total, the cells
    that are hidden in it must not be worked out from it: they are two or more, and stand for ``least`` persons or more
    together; else the next smallest cell is hidden too, the total last. A cell without persons (nothing) tells nothing
    of anyone.
    """
    cells = {(r, c): count for r, row in enumerate(persons) for c, count in enumerate(row) if count}
    hidden = {place for place, count in cells.items() if count < least} | set(forced)
    lines = list(_lines(persons, has_total_row=has_total_row, has_total_column=has_total_column))
    changed = True
    while changed:
        changed = False
        for line, total in lines:
            mine = [place for place in line if place in hidden]
            behind = sum(cells.get(place, 0) for place in mine if place != total)
            shown = [place for place in line if place in cells and place not in hidden]
            if mine and shown and total not in hidden and (len(mine) == 1 or behind < least):
                hidden.add(min(shown, key=lambda place: (place == total, cells[place])))
                changed = True
    return hidden


def _lines(
    persons: Sequence[Sequence[int | None]], *, has_total_row: bool, has_total_column: bool
) -> Iterator[tuple[list[Place], Place]]:
    """Yield each line that adds up to a total, with the place of its total."""
    rows, columns = len(persons), len(persons[0]) if persons else 0
    if has_total_column:
        for row in range(rows):
            yield [(row, column) for column in range(columns)], (row, columns - 1)
    if has_total_row:
        for column in range(columns):
            yield [(row, column) for row in range(rows)], (rows - 1, column)
