"""Consistency of two published notes: a proof that the later history of seals only adds to the earlier one.

The proof has about twice as many hashes as the number of seals has binary digits, and names no transfer. It is the
consistency proof of RFC 6962 over the digests of the seals.
"""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session

from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase
from timebank.ledger.checkpoints import Checkpoint, hash_of, log_tree
from timebank.ledger.merkle import is_consistent
from timebank.ledger.proofs import encoded
from timebank.ledger.proving import Verdict
from timebank.ledger.seals import seals_of

FORMAT = "timebank-consistency-1"


def consistency_file(session: Session, book_id: int, earlier: int, later: int | None = None) -> dict[str, Any]:
    """Write the proof between the first ``earlier`` seals of a book and the first ``later``; all when that is empty.

    Raises
    ------
    WrongInput
        When there are not that many seals, or the earlier are more than the later.
    """
    digests = [bytes(row.digest) for row in seals_of(session.connection(), book_id)]
    size = len(digests) if later is None else later
    if not 1 <= earlier <= size <= len(digests):
        right = Phrase("right_seal_count", most=len(digests))
        raise WrongInput(field="seals", value=f"{earlier}..{size}", right=right)
    tree = log_tree(digests[:size])
    return {
        "format": FORMAT,
        "book_id": book_id,
        "earlier": {"size": earlier, "root": encoded(tree.root_of_first(earlier))},
        "later": {"size": size, "root": encoded(tree.root)},
        "proof": [encoded(node) for node in tree.consistency(earlier)],
    }


def prove_consistency(said: dict[str, Any], *, file: str, published: Sequence[Checkpoint] | None = None) -> Verdict:
    """Check a proof, and that both roots stand in published notes when they are given.

    Raises
    ------
    WrongInput
        When parts of it are missing, or are not of their kind.
    """
    try:
        sizes = [int(said[name]["size"]) for name in ("earlier", "later")]
        roots = [hash_of(said[name]["root"]) for name in ("earlier", "later")]
        proof = [hash_of(node) for node in said["proof"]]
    except (KeyError, TypeError, ValueError) as fault:
        raise WrongInput(field="file", value=file, right=Phrase("right_statement", form=FORMAT)) from fault
    verdict = Verdict()
    words: dict[str, object] = {"earlier": sizes[0], "later": sizes[1]}
    if not is_consistent(sizes[0], roots[0], sizes[1], roots[1], proof):
        verdict.wrong.append(("prove_not_consistent", words))
        return verdict
    verdict.proven.append(("prove_consistent", words))
    root_by_size = {one.size: one.root for one in published or ()}
    for size, root in zip(sizes, roots, strict=True):
        if size not in root_by_size:
            verdict.open.append(("prove_size_unpublished", {"size": size}))
        elif root_by_size[size] != root:
            verdict.wrong.append(("prove_other_root", {"size": size}))
        else:
            verdict.proven.append(("prove_size_published", {"size": size}))
    return verdict
