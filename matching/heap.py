"""Compiled queue of a search: who waits, the one of least hope first; equal hopes leave in one order everywhere."""

from matching.columns import Ints
from matching.compiled import compiled


@compiled
def push(waiting: Ints, hopes: Ints, count: int, one: int, hope: int) -> int:
    """Put one among the ``count`` that wait; how many there are now. There must be room for it."""
    row = count
    while row > 0 and hopes[(row - 1) // 2] > hope:
        hopes[row], waiting[row] = hopes[(row - 1) // 2], waiting[(row - 1) // 2]
        row = (row - 1) // 2
    hopes[row], waiting[row] = hope, one
    return count + 1


@compiled
def pop(waiting: Ints, hopes: Ints, count: int) -> int:
    """Take out the first of the ``count`` that wait; how many are left."""
    count -= 1
    hope, one, row = hopes[count], waiting[count], 0
    while 2 * row + 1 < count:
        child = 2 * row + 1
        if child + 1 < count and hopes[child + 1] < hopes[child]:
            child += 1
        if hopes[child] >= hope:
            break
        hopes[row], waiting[row] = hopes[child], waiting[child]
        row = child
    hopes[row], waiting[row] = hope, one
    return count
