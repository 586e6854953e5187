"""A member's statement is checked offline: no database, nothing but the file, and the published seals if there are.

Everything that can be computed is computed anew. What is not proven is said too: what no seal covers yet, what was
not published, and what no such file can prove.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from timebank.core.errors import WrongInput
from timebank.core.texts import Locale, Phrase, say
from timebank.ledger.checkpoints import Checkpoint, SealSaid, hash_of
from timebank.ledger.merkle import leaf_of, root_by_path
from timebank.ledger.proofs import FORMAT
from timebank.ledger.publishing import digests_of
from timebank.ledger.seals import NO_SEAL, seal_leaf
from timebank.ledger.terms import MOVING

MOST_TEXT = 200_000_000
ROW_PARTS = 13
"""Values of a transfer in canonical form, in their order."""
BOOK, KIND, DEBIT, CREDIT, AMOUNT, HOLD = 0, 1, 3, 4, 5, 6


@dataclass(slots=True)
class Verdict:
    """What a statement proves, what it leaves open, and what is wrong with it; each a key of words and its values."""

    proven: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    open: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    wrong: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def told(self, locale: Locale) -> list[str]:
        """Say it in a language, what is wrong first."""
        parts = (("wrong", self.wrong), ("proven", [] if self.wrong else self.proven), ("open", self.open))
        return [
            f"{say(f'prove_{part}', locale)} {say(key, locale, **values)}"
            for part, said in parts
            for key, values in said
        ]


@dataclass(frozen=True, slots=True)
class Row:
    """A transfer in a statement: its number, the parts of its canonical row, and the seal that covers it."""

    transfer_id: int
    parts: list[Any]
    seal: int | None


def read_proof(text: str, *, file: str, forms: tuple[str, ...] = (FORMAT,)) -> dict[str, Any]:
    """Read a file of one of some formats as JSON.

    Raises
    ------
    WrongInput
        When it is too large, no JSON, or of another format.
    """
    said: Any = None
    if len(text) <= MOST_TEXT:
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            said = None
    if not isinstance(said, dict) or said.get("format") not in forms:
        raise WrongInput(field="file", value=file, right=Phrase("right_statement", form=" / ".join(forms)))
    return said


def prove(said: dict[str, Any], *, file: str, published: Sequence[Checkpoint] | None = None) -> Verdict:
    """Check a statement, against published seals when they are given.

    Raises
    ------
    WrongInput
        When parts of it are missing, or are not of their kind.
    """
    verdict = Verdict()
    try:
        seals = _seals(said)
        rows = [_row(one, seals, verdict) for one in [*said["entries"], *said["holds"]]]
        count = len(said["entries"])
        if not verdict.wrong:
            _check_seals(seals, verdict)
            _check_entries(said, rows[:count], verdict)
            _check_holds(said, rows[:count], rows[count:], verdict)
        if not verdict.wrong:
            _say(said, rows, seals, verdict)
            _compare(seals, published, verdict)
    except (KeyError, TypeError, ValueError, IndexError) as fault:
        raise WrongInput(field="file", value=file, right=Phrase("right_statement", form=FORMAT)) from fault
    return verdict


def _seals(said: dict[str, Any]) -> list[SealSaid]:
    return [
        SealSaid(
            book_id=said["book_id"],
            n=one["n"],
            from_id=one["from_id"],
            to_id=one["to_id"],
            transfers=one["transfers"],
            root=hash_of(one["root"]),
            previous=hash_of(one["previous"]),
            digest=hash_of(one["digest"]),
            sealed_at=datetime.fromisoformat(one["sealed_at"]),
        )
        for one in said["seals"]
    ]


def _row(one: dict[str, Any], seals: list[SealSaid], verdict: Verdict) -> Row:
    """Read a transfer, and follow its path to the root of its seal."""
    number, parts, proof = int(one["transfer_id"]), json.loads(one["row"]), one["proof"]
    if len(parts) != ROW_PARTS:
        raise ValueError(parts)
    if proof is None:
        return Row(number, parts, None)
    seal = seals[proof["seal"] - 1]
    leaf = seal_leaf(number, leaf_of(one["row"].encode()))
    root = root_by_path(leaf, proof["index"], seal.transfers, [hash_of(node) for node in proof["path"]])
    if root != seal.root or not seal.from_id <= number <= seal.to_id:
        verdict.wrong.append(("prove_bad_path", {"transfer": number, "seal": seal.n}))
    return Row(number, parts, seal.n)


def _check_seals(seals: list[SealSaid], verdict: Verdict) -> None:
    """Follow the chain from the first seal on."""
    previous = NO_SEAL
    for n, seal in enumerate(seals, 1):
        if seal.n != n or seal.previous != previous or not seal.fits:
            verdict.wrong.append(("prove_bad_seal", {"seal": n}))
            return
        previous = seal.digest


def _check_entries(said: dict[str, Any], rows: list[Row], verdict: Verdict) -> None:
    """Each entry is what its transfer makes, and follows from the one before; the last balance is the balance."""
    opening, account = said["opening"], said["account_id"]
    seq, balance, credited = opening["seq"], opening["balance_min"], opening["credits_min"]
    seen: set[int] = set()
    for line, row in zip(said["entries"], rows, strict=True):
        amount = {row.parts[DEBIT]: -row.parts[AMOUNT], row.parts[CREDIT]: row.parts[AMOUNT]}.get(account)
        is_own = row.parts[BOOK] == said["book_id"] and row.parts[KIND] in MOVING and row.transfer_id not in seen
        seen.add(row.transfer_id)
        if not is_own or amount is None or amount != line["amount_min"]:
            verdict.wrong.append(("prove_bad_entry", {"seq": line["seq"], "transfer": row.transfer_id}))
            return
        seq, balance, credited = seq + 1, balance + amount, credited + max(0, amount)
        if (line["seq"], line["balance_after_min"], line["credits_after_min"]) != (seq, balance, credited):
            verdict.wrong.append(("prove_bad_sum", {"seq": line["seq"], "balance": balance}))
            return
    if balance != said["balance_min"]:
        verdict.wrong.append(("prove_bad_balance", {"balance": balance, "said": said["balance_min"]}))


def _check_holds(said: dict[str, Any], entries: list[Row], holds: list[Row], verdict: Verdict) -> None:
    """The open holds are holds of this account, none of them was captured, and they sum to what is held."""
    captured = {row.parts[HOLD] for row in entries}
    total = 0
    for row in holds:
        is_own = (row.parts[BOOK], row.parts[KIND], row.parts[DEBIT]) == (said["book_id"], "hold", said["account_id"])
        if not is_own or row.transfer_id in captured:
            verdict.wrong.append(("prove_bad_hold", {"transfer": row.transfer_id}))
            return
        total += row.parts[AMOUNT]
    if total != said["held_min"]:
        verdict.wrong.append(("prove_bad_held", {"held": total, "said": said["held_min"]}))


def _say(said: dict[str, Any], rows: list[Row], seals: list[SealSaid], verdict: Verdict) -> None:
    """Say what is proven without any other file, and what is not."""
    sealed = [row for row in rows if row.seal is not None]
    verdict.proven.append(("prove_sums", {"count": len(said["entries"]), "balance": said["balance_min"]}))
    if sealed:
        verdict.proven.append(("prove_sealed", {"count": len(sealed), "seals": len(seals)}))
    if len(sealed) < len(rows):
        verdict.open.append(("prove_unsealed", {"count": len(rows) - len(sealed)}))
    if said["opening"]["seq"]:
        opening = said["opening"]
        verdict.open.append(("prove_opening", {"count": opening["seq"], "balance": opening["balance_min"]}))
    if said["holds"]:
        verdict.open.append(("prove_holds_open", {"count": len(said["holds"]), "held": said["held_min"]}))
    verdict.open.append(("prove_complete", {}))


def _compare(seals: list[SealSaid], published: Sequence[Checkpoint] | None, verdict: Verdict) -> None:
    """Hold the seals against those that were published."""
    if published is None:
        verdict.open.append(("prove_not_compared", {}))
        return
    digest_by_n = digests_of(published)
    unlike = next((seal.n for seal in seals if digest_by_n.get(seal.n, seal.digest) != seal.digest), None)
    if unlike is not None:
        verdict.wrong.append(("prove_other_seal", {"seal": unlike}))
        return
    common = sum(seal.n in digest_by_n for seal in seals)
    key = str(published[-1].key) if published else "-"
    verdict.proven.append(("prove_published", {"count": common, "key": key}))
    if common < len(seals):
        verdict.open.append(("prove_unpublished", {"count": len(seals) - common}))
