"""Golden vectors: what a transfer and a seal are hashed from, written down as data that any other program can read."""

import json
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from tests.ledger.conftest import Pair
from timebank.ledger.leaves import leaves
from timebank.ledger.merkle import merkle_root
from timebank.ledger.posting import post
from timebank.ledger.seals import seal_digest, seal_leaf
from timebank.ledger.terms import Posting, leaf_hash, request_hash

GOLDEN = json.loads((Path(__file__).parent / "data" / "golden.json").read_text(encoding="utf-8"))
SEAL = GOLDEN["seal"]


def posting_of(said: dict[str, Any]) -> Posting:
    """Read a posting of the data."""
    moments = {name: datetime.fromisoformat(value) for name, value in said.items() if name.endswith("_at")}
    return Posting(**(said | moments))


@pytest.mark.parametrize("case", GOLDEN["transfers"], ids=lambda case: str(case["name"]))
def test_transfer_is_hashed_as_it_was(case: dict[str, Any]) -> None:
    """Another spelling of the same row would break every leaf and every retry that was ever made."""
    posting = posting_of(case["posting"])

    assert leaf_hash(posting, datetime.fromisoformat(case["created_at"])).hex() == case["leaf"]
    assert request_hash(posting).hex() == case["request_hash"]


@pytest.mark.parametrize("case", GOLDEN["transfers"], ids=lambda case: str(case["name"]))
def test_leaf_is_the_hash_of_the_written_row(case: dict[str, Any]) -> None:
    """Whoever reads the data needs nothing but SHA-256."""
    assert sha256(b"\0" + case["row"].encode()).hexdigest() == case["leaf"]
    assert json.loads(case["row"])[0] == case["posting"]["book_id"]


def test_seal_is_hashed_as_it_was() -> None:
    """Seals that were published stay checkable."""
    hashed = [seal_leaf(number, bytes.fromhex(one["leaf"])) for number, one in enumerate(GOLDEN["transfers"], 1)]
    numbers = {name: SEAL[name] for name in ("book_id", "n", "from_id", "to_id", "transfers")}
    root, previous = merkle_root(hashed), bytes.fromhex(SEAL["previous"])

    digest = seal_digest(**numbers, root=root, previous=previous, sealed_at=datetime.fromisoformat(SEAL["sealed_at"]))

    assert [leaf.hex() for leaf in hashed] == SEAL["leaves"]
    assert (root.hex(), digest.hex()) == (SEAL["root"], SEAL["digest"])


def test_stored_row_is_read_back_as_it_was_hashed(session: Session, pair: Pair) -> None:
    """Both databases keep a row so that what was hashed can be written anew from it."""
    case = next(one for one in GOLDEN["transfers"] if "scripts" in one["name"])
    said = case["posting"] | {"book_id": pair.book, "debit_id": pair.issuing, "credit_id": pair.anna}

    post(session, posting_of(said), now=datetime.fromisoformat(case["created_at"]))
    (leaf,) = leaves(session.connection(), pair.book)

    wanted = json.loads(case["row"])
    wanted[0], wanted[3], wanted[4] = pair.book, pair.issuing, pair.anna
    assert json.loads(leaf.preimage) == wanted
    assert (leaf.leaf, leaf.request_hash) == (leaf.right_leaf, leaf.right_request_hash)
