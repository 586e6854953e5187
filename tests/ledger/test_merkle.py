"""Trees, paths and proofs are those of RFC 6962, so an auditor checks them with any library of transparency logs."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.ledger.merkle import EMPTY, Tree, is_consistent, leaf_of, merkle_root, root_by_path

DATA = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
"""Inputs of the reference tree of Certificate Transparency."""
LEAVES = [leaf_of(bytes.fromhex(data)) for data in DATA]
SIZES = st.integers(1, 70)


def split_root(leaves: list[bytes]) -> bytes:
    """Compute a root as the RFC words it: split at the greatest power of two below the number of leaves."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << ((len(leaves) - 1).bit_length() - 1)
    return hashlib.sha256(b"\1" + split_root(leaves[:half]) + split_root(leaves[half:])).digest()


def leaves_of(size: int) -> list[bytes]:
    """Return leaves that differ."""
    return [leaf_of(bytes([number])) for number in range(size)]


@pytest.mark.parametrize(
    ("index", "size", "path"),
    [
        (0, 1, []),
        (
            0,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    ],
)
def test_path_is_that_of_the_reference_tree(index: int, size: int, path: list[str]) -> None:
    """The published vectors of Certificate Transparency."""
    tree = Tree(LEAVES[:size])

    assert [node.hex() for node in tree.path(index)] == path
    assert root_by_path(LEAVES[index], index, size, [bytes.fromhex(node) for node in path]) == tree.root


@pytest.mark.parametrize(
    ("earlier", "size", "proof"),
    [
        (1, 1, []),
        (
            1,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            [
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ],
)
def test_consistency_is_that_of_the_reference_tree(earlier: int, size: int, proof: list[str]) -> None:
    """The published vectors of Certificate Transparency."""
    tree, nodes = Tree(LEAVES[:size]), [bytes.fromhex(node) for node in proof]

    assert [node.hex() for node in tree.consistency(earlier)] == proof
    assert is_consistent(earlier, merkle_root(LEAVES[:earlier]), size, tree.root, nodes)


@given(SIZES, st.data())
def test_every_leaf_leads_to_the_root(size: int, data: st.DataObject) -> None:
    """Whatever the size of a tree, each leaf has a path, and it is the path of that place alone."""
    index, other = (data.draw(st.integers(0, size - 1)) for _ in range(2))
    leaves = leaves_of(size)
    tree = Tree(leaves)
    path = tree.path(index)

    assert tree.root == split_root(leaves)
    assert root_by_path(leaves[index], index, size, path) == tree.root
    assert (root_by_path(leaves[other], index, size, path) == tree.root) == (other == index)
    assert root_by_path(leaves[index], index, size, [*path, tree.root]) is None


@given(SIZES, st.data())
def test_growth_is_proven_and_nothing_else_is(size: int, data: st.DataObject) -> None:
    """A history that was rewritten below its end has no proof."""
    earlier = data.draw(st.integers(1, size))
    leaves = leaves_of(size)
    tree = Tree(leaves)
    early_root, proof = merkle_root(leaves[:earlier]), tree.consistency(earlier)

    assert tree.root_of_first(earlier) == early_root
    assert is_consistent(earlier, early_root, size, tree.root, proof)
    assert not is_consistent(earlier, leaf_of(b"other"), size, tree.root, proof)
    assert not is_consistent(earlier, early_root, size, leaf_of(b"other"), proof)
    assert not is_consistent(earlier, early_root, size, tree.root, [*proof, early_root])


def test_tree_without_leaves_has_the_empty_root() -> None:
    """A book without a seal has a root too."""
    assert Tree([]).root == Tree(LEAVES).root_of_first(0) == merkle_root([]) == EMPTY


@pytest.mark.parametrize("index", [-1, 1])
def test_place_outside_the_tree_has_no_root(index: int) -> None:
    """A proof of a leaf that is not there proves nothing."""
    assert root_by_path(LEAVES[0], index, 1, []) is None


@pytest.mark.parametrize("earlier", [0, 9])
def test_tree_has_not_grown_from_what_it_never_was(earlier: int) -> None:
    """A caller's mistake is told in words."""
    with pytest.raises(ValueError, match="has grown from 1 to 8"):
        Tree(LEAVES).consistency(earlier)
    assert not is_consistent(earlier, EMPTY, 8, EMPTY, [])


def test_proof_without_nodes_proves_no_growth() -> None:
    """An empty proof is only that of nothing new."""
    assert not is_consistent(3, LEAVES[0], 5, LEAVES[1], [])
