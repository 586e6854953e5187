"""Seals are published: appended to a file as signed notes, never rewritten, and the books are compared with it.

Without something that is kept outside, a chain of seals only finds those who did not compute it anew. A file of notes
that others have a copy of finds the rest: newest seals that were taken away, a history that was written anew.
"""

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from timebank.core.database import wait_turn
from timebank.core.errors import WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.ledger.checkpoints import Checkpoint, SealSaid, first_fault, log_tree, read_checkpoints, states_of
from timebank.ledger.findings import Finding, shown
from timebank.ledger.notes import MOST_FILE, VerifierKey, sign_note
from timebank.ledger.seal_keys import current_signer, log_name
from timebank.ledger.seals import seals_of
from timebank.ledger.tables import Book

How = Literal["unsigned", "truncated", "rewritten", "forked", "accounts"]
"""How the books and what was published part."""


class Parting(NamedTuple):
    """The first place at which the books are not what was published."""

    how: How
    finding: Finding


class Publication(NamedTuple):
    """How many seals a note added, how many there are now, and the key that signed it."""

    added: int
    size: int
    key: VerifierKey


def publish(session: Session, book: Book, path: Path, *, now: datetime, new_key: bool = False) -> Publication | None:
    """Append the seals that a file does not hold yet, as one signed note; nothing when it holds them all.

    Raises
    ------
    WrongState
        When the books are not what the file says: nothing is appended then, for a file is never rewritten.
    WrongInput
        When the file cannot be read, or holds something else.
    """
    wait_turn(session, "publish seals")
    log, book_id, connection = log_name(book.code), book.id or 0, session.connection()
    before = checkpoints_of(read_file(path), log) if path.exists() else []
    parting = first_parting(session, book, before)
    if parting is not None:
        state = Phrase(f"published_{parting.how}", key=parting.finding.key)
        raise WrongState(kind="seal_file", key=path.name, state=state, allowed=Phrase("allowed_as_published"))
    seals = [SealSaid.of(row) for row in seals_of(connection, book_id)]
    size = before[-1].size if before else 0
    if len(seals) == size:
        return None
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE account_state IN SHARE MODE"))  # a lower number cannot come later
    signer = current_signer(session, now=now, new=new_key)
    states = states_of(connection, book_id)
    note = Checkpoint(
        log=log,
        size=len(seals),
        root=log_tree(seal.digest for seal in seals).root,
        key=signer.verifier(book.code),
        book_id=book_id,
        states=len(states.numbers),
        states_to_id=states.numbers[-1] if states.numbers else 0,
        states_root=states.tree.root,
        seals=tuple(seals[size:]),
    )
    _append(path, sign_note(note.lines(), note.key, signer.private_key))
    return Publication(len(seals) - size, len(seals), note.key)


def _append(path: Path, note: str) -> None:
    """Write a note at the end of a file in one piece, and see that it is on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    with os.fdopen(handle, "ab") as file:
        file.write(note.encode())
        file.flush()
        os.fsync(file.fileno())


def read_file(path: Path) -> list[Checkpoint]:
    """Read the notes of a file.

    Raises
    ------
    WrongInput
        When it cannot be opened, is too large, or is no file of notes.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_FILE + 1)
    except OSError as fault:
        raise WrongInput(field="published", value=path.name, right=Phrase("right_file")) from fault
    if len(raw) > MOST_FILE:
        raise WrongInput(field="published", value=path.name, right=Phrase("right_at_most", most=MOST_FILE))
    return read_checkpoints(raw.decode(errors="replace"), file=path.name)


def checkpoints_of(notes: Sequence[Checkpoint], log: str) -> list[Checkpoint]:
    """Return the notes of one log, in their order."""
    return [one for one in notes if one.log == log]


def digests_of(notes: Sequence[Checkpoint]) -> dict[int, bytes]:
    """Return the published digests, by the number of their seal."""
    return {seal.n: seal.digest for one in notes for seal in one.seals}


def first_parting(
    session: Session, book: Book, notes: Sequence[Checkpoint], key: VerifierKey | None = None
) -> Parting | None:
    """Compare the books with the notes of their log; returns the first place at which they part, or nothing."""
    fault = first_fault(notes, key)
    if fault is not None:
        return Parting("unsigned", Finding("R7", "published", f"line {fault.line}", "signature", str(fault.key), "-"))
    connection, book_id = session.connection(), book.id or 0
    seal_by_n = {row.n: SealSaid.of(row) for row in seals_of(connection, book_id)}
    said_by_n = {seal.n: seal for one in notes for seal in one.seals}
    for n, said in said_by_n.items():
        if seal_by_n.get(n) != said:
            return _unlike(n, said, seal_by_n)
    states = states_of(connection, book_id)
    for one in notes:
        count, root = states.until(one.states_to_id)
        if (count, root) != (one.states, one.states_root):
            says, should = f"{count} {shown(root)}", f"{one.states} {shown(one.states_root)}"
            return Parting("accounts", Finding("R7", "account_state", f"1..{one.states_to_id}", "root", says, should))
    return None


def _unlike(n: int, said: SealSaid, seal_by_n: Mapping[int, SealSaid]) -> Parting:
    """Tell apart a seal that is gone, one whose row was changed, and one of another history."""
    seal = seal_by_n.get(n)
    digest = None if seal is None else seal.digest
    how: How = "truncated" if seal is None else "forked" if seal.fits else "rewritten"
    return Parting(how, Finding("R7", "seal", str(n), "digest", shown(digest), shown(said.digest)))
