"""Parts of a network that hang together: rights that share lefts, in breadth-first order from a random one.

Parts depend on the network and the draw only, never on how many workers there are.
"""

import numpy as np

from matching.anneal import Arcs, Small
from matching.compiled import compiled
from matching.network import Ints

NEAR = 6
"""Of each left, so many of its most promising rights count as its neighbours."""


def split(arcs: Arcs, order_by_right: Ints, starts: Ints, first: Ints, part_count: int) -> Small:
    """Cut the rights into parts of one size; part of each right.

    Parameters
    ----------
    order_by_right
        Left of each arc, arcs ordered by right.
    starts
        Of the arcs of each right in that order.
    first
        All rights, in the random order in which a new start is looked for.
    """
    line = breadth_first(arcs.starts, arcs.rights, order_by_right, starts, first)
    parts = np.empty(len(first), dtype=np.int32)
    parts[line] = np.arange(len(first)) * part_count // max(1, len(first))
    return parts


@compiled
def breadth_first(left_starts: Ints, rights: Small, lefts: Ints, right_starts: Ints, first: Ints) -> Ints:
    """All rights, each after one that it shares a left with where there is one."""
    count = len(first)
    is_seen = np.zeros(count, np.bool_)
    is_left_seen = np.zeros(len(left_starts) - 1, np.bool_)
    line = np.empty(count, np.int64)
    found, looked = 0, 0
    for start in first:
        if is_seen[start]:
            continue
        is_seen[start] = True
        line[found] = start
        found += 1
        while looked < found:
            right = line[looked]
            looked += 1
            for place in range(right_starts[right], right_starts[right + 1]):
                left = lefts[place]
                if is_left_seen[left]:
                    continue
                is_left_seen[left] = True
                for arc in range(left_starts[left], min(left_starts[left + 1], left_starts[left] + NEAR)):
                    if not is_seen[rights[arc]]:
                        is_seen[rights[arc]] = True
                        line[found] = rights[arc]
                        found += 1
    return line
