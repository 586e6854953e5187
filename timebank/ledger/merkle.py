"""Merkle trees of RFC 6962: roots, audit paths and consistency proofs, each made and checked.

A leaf is the hash of 0x00 and what it stands for, a node that of 0x01 and its two children. A tree is built level by
level; the last node of a level that has no neighbour moves up as it is. That gives the tree of the RFC, which splits at
the greatest power of two below the number of leaves.
"""

import hashlib
from collections.abc import Sequence

EMPTY = hashlib.sha256().digest()
"""Root of a tree without leaves."""
HASH_BYTES = 32


def leaf_of(content: bytes) -> bytes:
    """Return the leaf that stands for some bytes, shape (32,) bytes."""
    return hashlib.sha256(b"\0" + content).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes, shape (32,) bytes. Source: RFC 6962, section 2.1."""
    level = list(leaves)
    while len(level) > 1:
        level = _parents(level)
    return level[0] if level else EMPTY


class Tree:
    """A tree with all its levels, to take many proofs from; ``leaves`` are hashes."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.levels = [list(leaves)]
        while len(self.levels[-1]) > 1:
            self.levels.append(_parents(self.levels[-1]))

    @property
    def root(self) -> bytes:
        """The root, shape (32,) bytes."""
        return self.levels[-1][0] if self.levels[-1] else EMPTY

    def root_of_first(self, size: int) -> bytes:
        """Return the root that the tree had when it held its first ``size`` leaves, 0 or more."""
        root, start = b"", size
        for height in range(size.bit_length()):
            if size >> height & 1:
                start -= 1 << height
                node = self.levels[height][start >> height]
                root = hashlib.sha256(b"\1" + node + root).digest() if root else node
        return root or EMPTY

    def path(self, index: int) -> list[bytes]:
        """Return the audit path of a leaf, nearest sibling first. Source: RFC 6962, section 2.1.1."""
        found = []
        for level in self.levels[:-1]:
            sibling = index ^ 1
            if sibling < len(level):
                found.append(level[sibling])
            index //= 2
        return found

    def consistency(self, earlier: int) -> list[bytes]:
        """Return the proof that the first ``earlier`` leaves, 1 or more, are a tree that this one only adds to.

        Source: RFC 6962, section 2.1.2.
        """
        size = len(self.levels[0])
        if not 1 <= earlier <= size:
            message = f"A tree of {size} leaves has grown from 1 to {size} of them, not from {earlier}."
            raise ValueError(message)
        proof, start, end, is_whole = [], 0, size, True
        beside: list[bytes] = []
        while earlier != end - start:
            split = start + _split(end - start)
            if earlier <= split - start:
                beside.append(self._node(split, end))
                end = split
            else:
                beside.append(self._node(start, split))
                earlier -= split - start
                start, is_whole = split, False
        if not is_whole:
            proof.append(self._node(start, end))
        return proof + beside[::-1]

    def _node(self, start: int, end: int) -> bytes:
        """Return the root over the leaves from ``start`` to before ``end``, which is a node of the tree."""
        height = (end - start - 1).bit_length()
        return self.levels[height][start >> height]


def _parents(level: list[bytes]) -> list[bytes]:
    sha256, pairs = hashlib.sha256, iter(level)
    above = [sha256(b"\1" + left + right).digest() for left, right in zip(pairs, pairs, strict=False)]
    if len(level) % 2:
        above.append(level[-1])
    return above


def _split(size: int) -> int:
    """Return the greatest power of two below ``size``."""
    return 1 << ((size - 1).bit_length() - 1)


def root_by_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root that a leaf at an index of a tree of ``size`` leads to; nothing when the path cannot be one.

    Source: RFC 9162, section 2.1.3.2, the same trees.
    """
    if not 0 <= index < size:
        return None
    node, last = leaf, size - 1
    for beside in path:
        if last == 0:
            return None
        if index % 2 or index == last:
            node = hashlib.sha256(b"\1" + beside + node).digest()
            while index % 2 == 0 and index:
                index, last = index // 2, last // 2
        else:
            node = hashlib.sha256(b"\1" + node + beside).digest()
        index, last = index // 2, last // 2
    return node if last == 0 else None


def is_consistent(earlier: int, early_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Tell whether a proof shows that a tree of ``size`` leaves only adds to one of ``earlier``.

    Source: RFC 9162, section 2.1.4.2, the same trees.
    """
    if not 1 <= earlier <= size:
        return False
    if earlier == size:
        return not proof and early_root == root
    nodes = list(proof) if earlier & (earlier - 1) else [early_root, *proof]
    if not nodes:
        return False
    index, last = earlier - 1, size - 1
    while index % 2:
        index, last = index // 2, last // 2
    first = second = nodes[0]
    for beside in nodes[1:]:
        if last == 0:
            return False
        if index % 2 or index == last:
            first = hashlib.sha256(b"\1" + beside + first).digest()
            second = hashlib.sha256(b"\1" + beside + second).digest()
            while index % 2 == 0 and index:
                index, last = index // 2, last // 2
        else:
            second = hashlib.sha256(b"\1" + second + beside).digest()
        index, last = index // 2, last // 2
    return last == 0 and (first, second) == (early_root, root)
