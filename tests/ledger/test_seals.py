"""Seals prove what they cover: roots and chains that anyone can compute again from the published rules."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session

from tests.ledger.conftest import Pair
from timebank.ledger.findings import Finding
from timebank.ledger.merkle import merkle_root
from timebank.ledger.posting import post
from timebank.ledger.reconcile import reconcile
from timebank.ledger.seals import (
    NO_SEAL,
    seal_digest,
    seal_leaf,
    seal_transfers,
    sealed_count,
    unlike_seal,
)
from timebank.ledger.terms import Posting, leaf_hash, request_hash

DATA = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
"""Inputs of the reference tree of Certificate Transparency (RFC 6962)."""
GOLDEN = Posting(
    book_id=1,
    idem_key="visit:7",
    debit_id=1,
    credit_id=3,
    amount_min=45,
    reason="earn",
    effective_at=datetime(2026, 3, 2, tzinfo=UTC),
    decision={"pack": "shanghai-2026", "reasons": ["rounding_min"], "说": "是"},
)


@pytest.mark.parametrize(
    ("leaves", "root"),
    [
        (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
        (3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
        (4, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
        (5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
        (6, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
        (7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
        (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
    ],
)
def test_root_is_that_of_rfc_6962(leaves: int, root: str) -> None:
    """An auditor recomputes the root with any library of Certificate Transparency."""
    hashed = [hashlib.sha256(b"\0" + bytes.fromhex(data)).digest() for data in DATA[:leaves]]

    assert merkle_root(hashed).hex() == root


def test_canonical_form_stays() -> None:
    """Another spelling of the same row would break every leaf and every retry that was ever made."""
    asked = (
        '[1,"post","earn",1,3,45,null,null,null,"2026-03-02T00:00:00.000000+00:00",'
        '{"pack":"shanghai-2026","reasons":["rounding_min"],"说":"是"}'
    )
    row = f'\0{asked},"visit:7","2026-03-02T04:00:00.000000+00:00"]'

    assert request_hash(GOLDEN) == hashlib.sha256(f"{asked}]".encode()).digest()
    assert leaf_hash(GOLDEN, datetime(2026, 3, 2, 4, tzinfo=UTC)) == hashlib.sha256(row.encode()).digest()


def test_seal_covers_what_came_since_the_last(session: Session, books: Pair, noon: datetime) -> None:
    """Each transfer is under one seal, and each seal is chained to the one before."""
    post(session, books.earn("e"), now=noon)
    later = noon + timedelta(hours=1)

    second = seal_transfers(session, books.book, now=later)

    assert second is not None
    assert (second.n, second.transfers, second.sealed_at) == (2, 1, later)
    assert sealed_count(session, books.book) == 5
    assert reconcile(session, books.book) == []


def test_chain_can_be_followed_by_hand(session: Session, pair: Pair, noon: datetime) -> None:
    """The digest is that of the written rule; no part of the chain is secret."""
    number = post(session, pair.earn("a"), now=noon).transfer_id
    leaf = leaf_hash(pair.earn("a"), noon)

    first = seal_transfers(session, pair.book, now=noon)

    assert first is not None
    root = hashlib.sha256(b"\0" + number.to_bytes(8, "big") + leaf).digest()
    assert (first.root, first.previous) == (root, NO_SEAL)
    assert first.digest == seal_digest(pair.book, 1, number, number, 1, root, NO_SEAL, noon)


def test_nothing_new_makes_no_seal(session: Session, books: Pair, noon: datetime) -> None:
    """A sealer that runs every minute does not fill the chain with empty seals."""
    assert seal_transfers(session, books.book, now=noon) is None
    assert reconcile(session, books.book) == []


def test_published_seals_are_compared(session: Session, books: Pair) -> None:
    """A digest kept elsewhere names the first seal that is not its own, also one that never was."""
    connection, ours = session.connection(), "00"

    assert unlike_seal(connection, books.book, {}) is None
    assert unlike_seal(connection, books.book, {9: b"\0"}) == Finding("R7", "seal", "9", "digest", "-", ours)
    two = unlike_seal(connection, books.book, {1: b"\0", 2: b"\0"})
    assert two is not None
    assert (two.key, two.should) == ("1", ours)


def test_long_run_is_sealed_in_parts(
    session: Session, pair: Pair, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A year that is credited at once is not held in memory at once, and its proofs stay short."""
    monkeypatch.setattr("timebank.ledger.seals.MOST_A_SEAL", 2)
    ids = [post(session, pair.earn(f"k{number}"), now=noon).transfer_id for number in range(5)]

    newest = seal_transfers(session, pair.book, now=noon)

    assert newest is not None
    assert (newest.n, newest.from_id, newest.to_id, newest.transfers) == (3, ids[4], ids[4], 1)
    assert sealed_count(session, pair.book) == 5
    assert reconcile(session, pair.book) == []


def test_leaf_of_a_seal_holds_the_number() -> None:
    """The row of a transfer does not hold its own number; without it two rows could change places."""
    assert seal_leaf(1, NO_SEAL) != seal_leaf(2, NO_SEAL)
