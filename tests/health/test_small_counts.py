"""Small counts are hidden so that nobody can work them out from what is shown."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timebank.health.small_counts import hidden_cells

Table = list[list[int]]


def totalled(inner: Table) -> Table:
    """Return a table with its totals, to the right and below."""
    rows = [[*row, sum(row)] for row in inner]
    return [*rows, [sum(column) for column in zip(*rows, strict=True)]]


def hidden(table: Table) -> set[tuple[int, int]]:
    """Return what is hidden of a table with totals, at fewer than five persons."""
    return hidden_cells(table, 5, has_total_row=True, has_total_column=True)


def test_small_cell_takes_others_with_it() -> None:
    """One cell that is left out is what its row and its column lack; so one more is left out in both."""
    table = totalled([[9, 3, 20], [8, 30, 40], [50, 60, 70]])

    assert hidden(table) == {(0, 1), (0, 0), (1, 1), (1, 0)}


def test_large_counts_and_nothing_are_shown() -> None:
    """A cell without persons tells nothing of anyone."""
    assert hidden(totalled([[9, 0], [0, 5]])) == set()


def test_few_who_are_alone_in_their_line_hide_its_total() -> None:
    """The total of a line with one cell is that cell."""
    assert hidden(totalled([[3, 0], [50, 60]])) >= {(0, 0), (0, 2)}


def test_hidden_cells_that_are_few_together_take_one_more() -> None:
    """Two cells of one person each would be known as two persons with so many coins."""
    assert hidden_cells([[1], [1], [30], [40], [72]], 5, has_total_row=True, has_total_column=False) == {
        (0, 0),
        (1, 0),
        (2, 0),
    }


def test_table_without_totals_hides_only_small_cells() -> None:
    """Nothing can be worked out where nothing adds up."""
    assert hidden_cells([[3, 9], [8, None]], 5, has_total_row=False, has_total_column=False) == {(0, 0)}


def test_what_another_table_hides_is_hidden_here_too() -> None:
    """The same figure in two tables is hidden in both, and so is what would give it away."""
    cells = hidden_cells([[20], [30], [50]], 5, has_total_row=True, has_total_column=False, forced={(0, 0)})

    assert cells == {(0, 0), (1, 0)}


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.integers(0, 12), min_size=3, max_size=3), min_size=2, max_size=4))
def test_no_line_gives_its_hidden_cells_away(inner: Table) -> None:
    """In each line whose total is shown, what is hidden is nothing, or two cells or more of five persons or more."""
    table = totalled(inner)
    left_out = hidden(table)

    rows = [[(r, c) for c in range(len(table[0]))] for r in range(len(table))]
    columns = [[(r, c) for r in range(len(table))] for c in range(len(table[0]))]
    for *cells, total in (*rows, *columns):
        mine = [place for place in cells if place in left_out]
        assert total in left_out or not mine or (len(mine) > 1 and sum(table[r][c] for r, c in mine) >= 5)
    shown = {(r, c) for r, c in product(range(len(table)), range(len(table[0]))) if (r, c) not in left_out}
    assert all(table[r][c] == 0 or table[r][c] >= 5 for r, c in shown)


@pytest.mark.parametrize("least", [2, 5, 20])
def test_nothing_below_the_least_is_shown(least: int) -> None:
    """The district can ask for more or fewer than five."""
    table = totalled([[1, 4, 19], [30, 40, 50]])
    left_out = hidden_cells(table, least, has_total_row=True, has_total_column=True)

    assert [
        count for r, row in enumerate(table) for c, count in enumerate(row) if (r, c) not in left_out and count < least
    ] == []
