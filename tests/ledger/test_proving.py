"""A member checks their statement without us: what is proven is said, what is not is said, a changed byte is told."""

import copy
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from tests.ledger.conftest import Pair
from timebank.core.errors import NotFound, WrongInput
from timebank.ledger.checkpoints import Checkpoint
from timebank.ledger.consistency import consistency_file, prove_consistency
from timebank.ledger.holds import capture, void
from timebank.ledger.posting import post
from timebank.ledger.proofs import statement_file
from timebank.ledger.proving import prove, read_proof
from timebank.ledger.publishing import publish, read_file
from timebank.ledger.seals import seal_transfers
from timebank.ledger.tables import Book

HOUR = timedelta(hours=1)
Said = dict[str, Any]
Change = Callable[[Said], object]


def keys(said: list[tuple[str, dict[str, object]]]) -> list[str]:
    """Return which things are said."""
    return [key for key, _ in said]


def statement(session: Session, books: Pair, now: datetime) -> Said:
    """Return Anna's statement as it comes out of its file."""
    written = json.dumps(statement_file(session, books.anna, now=now))
    return read_proof(written, file="anna.json")


def published(session: Session, books: Pair, folder: Path, now: datetime) -> list[Checkpoint]:
    """Publish the seals, and read them as anyone can."""
    publish(session, session.get_one(Book, books.book), folder / "seals.txt", now=now)
    return read_file(folder / "seals.txt")


def test_sealed_statement_is_proven(session: Session, books: Pair, noon: datetime, tmp_path: Path) -> None:
    """Every leaf is computed anew, every path leads to a seal, the sums are the balances, the seals were published."""
    said = statement(session, books, noon)

    verdict = prove(said, file="anna.json", published=published(session, books, tmp_path, noon))

    assert verdict.wrong == []
    assert verdict.proven[:2] == [
        ("prove_sums", {"count": 3, "balance": 45}),
        ("prove_sealed", {"count": 4, "seals": 1}),
    ]
    assert keys(verdict.proven[2:]) == ["prove_published"]
    assert keys(verdict.open) == ["prove_holds_open", "prove_complete"]


def test_what_no_seal_covers_is_said(session: Session, books: Pair, noon: datetime, tmp_path: Path) -> None:
    """An entry of this minute is true or not; nobody outside can know yet."""
    notes = published(session, books, tmp_path, noon)
    post(session, books.earn("second"), now=noon)
    seal_transfers(session, books.book, now=noon)
    post(session, books.earn("new"), now=noon)

    verdict = prove(statement(session, books, noon), file="anna.json", published=notes)

    assert verdict.wrong == []
    assert ("prove_unsealed", {"count": 1}) in verdict.open
    assert ("prove_unpublished", {"count": 1}) in verdict.open


def test_seals_that_were_not_compared_are_said(session: Session, books: Pair, noon: datetime) -> None:
    """Without the published file a whole chain could be made up for one reader."""
    verdict = prove(statement(session, books, noon), file="anna.json")

    assert keys(verdict.open) == ["prove_holds_open", "prove_complete", "prove_not_compared"]


def test_older_entries_are_summed_up(session: Session, books: Pair, noon: datetime) -> None:
    """A statement of the newest entries takes its opening balance on trust, and says so."""
    said = statement_file(session, books.anna, now=noon, most=1)

    verdict = prove(said, file="anna.json")

    assert said["opening"] == {"seq": 2, "balance_min": 65, "credits_min": 65}
    assert verdict.wrong == []
    assert ("prove_opening", {"count": 2, "balance": 65}) in verdict.open


def test_ended_holds_are_not_in_it(session: Session, books: Pair, noon: datetime) -> None:
    """What was captured is an entry; what was given back is gone."""
    capture(session, books.book, books.held, idem_key="done", now=noon)

    said = statement(session, books, noon)

    assert (said["held_min"], said["holds"], said["balance_min"]) == (0, [], 35)
    assert prove(said, file="anna.json").wrong == []


def test_empty_account_has_a_statement(session: Session, pair: Pair, noon: datetime) -> None:
    """Nothing is proven of nothing, without a fault."""
    verdict = prove(statement(session, pair, noon), file="anna.json")

    assert verdict.proven == [("prove_sums", {"count": 0, "balance": 0})]
    assert verdict.wrong == []


def test_unknown_account_has_no_statement(session: Session, pair: Pair, noon: datetime) -> None:
    """It is not taken for an empty one."""
    with pytest.raises(NotFound):
        statement_file(session, 9999, now=noon)


def _rewrite_row(said: Said) -> None:
    said["entries"][0]["row"] = said["entries"][0]["row"].replace("earn", "gift")


def _richer(said: Said) -> None:
    said["entries"][-1]["balance_after_min"] += 60
    said["balance_min"] += 60


def _doubled(said: Said) -> None:
    again = copy.deepcopy(said["entries"][0]) | {"seq": 4, "balance_after_min": 105, "credits_after_min": 125}
    said["entries"].append(again)
    said["balance_min"] = 105


def _unsealed_forgery(said: Said) -> None:
    row = said["entries"][0]["row"].replace(",60,", ",600,")
    said["entries"][0] |= {"row": row, "proof": None}


CHANGES: dict[str, tuple[Change, str]] = {
    "another reason": (_rewrite_row, "prove_bad_path"),
    "another number": (lambda said: said["entries"][0].update(transfer_id=2), "prove_bad_path"),
    "another place": (lambda said: said["entries"][0]["proof"].update(index=1), "prove_bad_path"),
    "a shorter path": (lambda said: said["entries"][0]["proof"]["path"].pop(), "prove_bad_path"),
    "another seal": (lambda said: said["seals"][0].update(transfers=5), "prove_bad_path"),
    "another end of a seal": (lambda said: said["seals"][0].update(to_id=10**6), "prove_bad_seal"),
    "another moment of a seal": (
        lambda said: said["seals"][0].update(sealed_at="2026-03-03T04:00:00+00:00"),
        "prove_bad_seal",
    ),
    "another amount": (lambda said: said["entries"][0].update(amount_min=61), "prove_bad_entry"),
    "a forgery under no seal": (_unsealed_forgery, "prove_bad_entry"),
    "a richer balance": (_richer, "prove_bad_sum"),
    "a gap": (lambda said: said["entries"].pop(1), "prove_bad_sum"),
    "other credits": (lambda said: said["entries"][1].update(credits_after_min=1), "prove_bad_sum"),
    "an entry twice": (_doubled, "prove_bad_entry"),
    "the newest left out": (lambda said: said["entries"].pop(), "prove_bad_balance"),
    "less held": (lambda said: said.update(held_min=0), "prove_bad_held"),
    "a hold that is an entry": (lambda said: said["holds"].append(said["entries"][0]), "prove_bad_hold"),
    "someone else's": (lambda said: said.update(account_id=10**6), "prove_bad_entry"),
}


@pytest.mark.parametrize(("change", "wrong"), CHANGES.values(), ids=CHANGES)
def test_changed_statement_is_wrong(session: Session, books: Pair, noon: datetime, change: Change, wrong: str) -> None:
    """Nobody can make a statement say more than the bank sealed."""
    said = statement(session, books, noon)
    change(said)

    verdict = prove(said, file="anna.json")

    assert keys(verdict.wrong)[0] == wrong
    assert "已证明" not in "".join(verdict.told("zh"))


def test_other_seals_than_the_published_are_wrong(
    session: Session, books: Pair, noon: datetime, tmp_path: Path
) -> None:
    """A history that was made for one member is not the one that all others have."""
    notes = published(session, books, tmp_path, noon)
    forged = notes[0].seals[0].__class__(**{**_parts(notes[0]), "digest": bytes(32)})
    object.__setattr__(notes[0], "seals", (forged,))

    verdict = prove(statement(session, books, noon), file="anna.json", published=notes)

    assert verdict.wrong == [("prove_other_seal", {"seal": 1})]


def _parts(note: Checkpoint) -> dict[str, Any]:
    seal = note.seals[0]
    return {name: getattr(seal, name) for name in seal.__slots__}


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said.pop("entries"),
        lambda said: said["entries"][0].update(row="[]"),
        lambda said: said["entries"][0].update(row="{"),
        lambda said: said["entries"][0].update(proof={"seal": 9, "index": 0, "path": []}),
        lambda said: said["seals"][0].update(root="!"),
        lambda said: said["seals"][0].update(root="AA=="),
        lambda said: said.update(opening=None),
    ],
)
def test_statement_with_strange_parts_is_refused(session: Session, books: Pair, noon: datetime, change: Change) -> None:
    """A file that was cut or mixed up is told to be none, and is no fault of ours."""
    said = statement(session, books, noon)
    change(said)

    with pytest.raises(WrongInput, match="timebank-statement-1"):
        prove(said, file="anna.json")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": "other"}', "[" * 100_000])
def test_file_of_another_kind_is_refused(text: str) -> None:
    """Whoever takes the wrong file learns which is right."""
    with pytest.raises(WrongInput, match="timebank-statement-1"):
        read_proof(text, file="x.json")


def grow(session: Session, books: Pair, now: datetime) -> None:
    """Seal two more runs."""
    for key in ("second", "third"):
        post(session, books.earn(key), now=now)
        seal_transfers(session, books.book, now=now)


def test_later_seals_only_add(session: Session, books: Pair, noon: datetime, tmp_path: Path) -> None:
    """Who has an old note is shown that the history of today goes on from it, without the history itself."""
    first = published(session, books, tmp_path, noon)
    grow(session, books, noon)
    notes = [*first, *published(session, books, tmp_path, noon)[1:]]

    verdict = prove_consistency(consistency_file(session, books.book, 1), file="c.json", published=notes)

    assert verdict.proven == [
        ("prove_consistent", {"earlier": 1, "later": 3}),
        ("prove_size_published", {"size": 1}),
        ("prove_size_published", {"size": 3}),
    ]


@pytest.mark.parametrize("name", ["earlier", "later"])
def test_other_root_is_not_consistent(session: Session, books: Pair, noon: datetime, name: str) -> None:
    """A root that was not that of the first seals has no proof."""
    grow(session, books, noon)
    said = consistency_file(session, books.book, 2)
    said[name]["root"] = said["proof"][0]

    verdict = prove_consistency(said, file="c.json")

    assert verdict.wrong == [("prove_not_consistent", {"earlier": 2, "later": 3})]


def test_root_that_was_not_published_is_said(session: Session, books: Pair, noon: datetime, tmp_path: Path) -> None:
    """A proof between two roots says nothing of which roots the bank has published."""
    notes = published(session, books, tmp_path, noon)
    grow(session, books, noon)
    said = consistency_file(session, books.book, 1, 2)
    object.__setattr__(notes[0], "root", bytes(32))

    verdict = prove_consistency(said, file="c.json", published=notes)

    assert verdict.wrong == [("prove_other_root", {"size": 1})]
    assert verdict.open == [("prove_size_unpublished", {"size": 2})]


@pytest.mark.parametrize(("earlier", "later"), [(0, None), (2, 1), (1, 9)])
def test_seals_that_are_not_there_have_no_proof(session: Session, books: Pair, earlier: int, later: int | None) -> None:
    """The range that there is, is told."""
    with pytest.raises(WrongInput, match="up to 1 seals"):
        consistency_file(session, books.book, earlier, later)


def test_strange_proof_of_consistency_is_refused() -> None:
    """A file without its parts proves nothing."""
    with pytest.raises(WrongInput, match="timebank-consistency-1"):
        prove_consistency({"earlier": {"size": 1}}, file="c.json")


def test_voided_hold_frees_its_minutes(session: Session, books: Pair, noon: datetime) -> None:
    """A statement after a void holds nothing back."""
    void(session, books.book, books.held, idem_key="off", now=noon)

    assert statement(session, books, noon)["held_min"] == 0
