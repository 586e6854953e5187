"""Files brought in as batches: looked at first, applied whole or not at all, and taken back whole."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from timebank.core.clock import day_of
from timebank.core.database import transaction, wait_turn
from timebank.core.errors import NotFound
from timebank.core.places import PlaceSystem
from timebank.imports.changes import BatchNotUndone, Log, undo_changes
from timebank.imports.columns import read_cells
from timebank.imports.faults import Fault, Faults
from timebank.imports.kinds import Counts, Entry, Kind
from timebank.imports.known import Known, load_known
from timebank.imports.needs import NEEDS
from timebank.imports.projects import PROJECTS
from timebank.imports.seniors import SENIORS
from timebank.imports.sheets import read_lines
from timebank.imports.tables import ImportBatch
from timebank.imports.volunteers import VOLUNTEERS

KINDS: dict[str, Kind] = {kind.name: kind for kind in (SENIORS, VOLUNTEERS, NEEDS, PROJECTS)}
CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a file did, or would do: a file with a fault does nothing."""

    counts: Counts
    fault_count: int = 0
    faults: tuple[Fault, ...] = field(default=())
    batch_id: int | None = None
    is_replay: bool = False


class _TakeBack(Exception):
    """Ends a transaction without keeping anything of it."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__("nothing is kept")


def bring_in(
    engine: Engine,
    path: Path,
    kind_name: str,
    *,
    now: datetime,
    system: PlaceSystem = "WGS-84",
    is_dry_run: bool = False,
) -> Outcome:
    """Read a file of a kind; without a fault, and unless it is a dry run, apply it in one transaction.

    A dry run does everything but keep it. A file that stands applied is not applied again.

    Raises
    ------
    FileRefused
        When the file cannot be read at all.
    """
    kind, digest = KINDS[kind_name], _digest(path)
    with transaction(engine, read_only=True) as session:
        known = load_known(session, today=day_of(now), system=system)
    faults = Faults()
    entries = _read(path, kind, known, faults)
    try:
        with transaction(engine) as session:
            outcome = _apply(session, path, kind, digest, known, entries, faults, now)
            _keep_or_take_back(outcome, is_dry_run=is_dry_run)
            return outcome
    except _TakeBack as ended:
        return ended.outcome


def _keep_or_take_back(outcome: Outcome, *, is_dry_run: bool) -> None:
    if is_dry_run or outcome.fault_count:
        raise _TakeBack(outcome)


def _digest(path: Path) -> str:
    made = hashlib.sha256()
    if path.is_file():
        with path.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                made.update(chunk)
    return made.hexdigest()


def _read(path: Path, kind: Kind, known: Known, faults: Faults) -> list[Entry]:
    columns = kind.columns(known)
    entries = []
    for line in read_lines(path, columns, faults):
        values = read_cells(columns, line.cells, line.sheet, line.row, faults)
        if values is not None:
            entries.append(Entry(sheet=line.sheet, row=line.row, values=values, present=frozenset(line.cells)))
    return entries


def _apply(
    session: Session,
    path: Path,
    kind: Kind,
    digest: str,
    known: Known,
    entries: Sequence[Entry],
    faults: Faults,
    now: datetime,
) -> Outcome:
    wait_turn(session, "import")
    standing = session.exec(
        select(ImportBatch).where(
            ImportBatch.kind == kind.name, ImportBatch.digest == digest, ImportBatch.status == "applied"
        )
    ).first()
    if standing is not None:
        counts = Counts(0, 0, standing.added + standing.changed + standing.unchanged)
        return Outcome(counts=counts, batch_id=standing.id, is_replay=True)
    work = kind.compare(session, known, entries, faults, day_of(now))
    if faults.count:
        return Outcome(counts=work.counts, fault_count=faults.count, faults=tuple(faults.kept))
    batch = ImportBatch(
        kind=kind.name, file_name=path.name[:255], digest=digest, created_at=now, **work.counts._asdict()
    )
    session.add(batch)
    session.flush()
    log = Log(session)
    work.write(session, log)
    log.flush(batch.id or 0)
    return Outcome(counts=work.counts, batch_id=batch.id)


def undo_batch(session: Session, batch_id: int, *, now: datetime) -> ImportBatch:
    """Take a batch back in the caller's transaction.

    Raises
    ------
    NotFound
        When there is no such batch.
    BatchNotUndone
        When it is undone already, or later work stands on it.
    """
    batch = session.get(ImportBatch, batch_id, with_for_update=True)
    if batch is None:
        raise NotFound(kind="import batch", key=str(batch_id))
    if batch.status == "undone":
        raise BatchNotUndone(batch_id=batch_id, reason="already")
    undo_changes(session, batch_id)
    batch.status, batch.undone_at = "undone", now
    session.flush()
    return batch


def list_batches(session: Session, *, first: int = 50) -> list[ImportBatch]:
    """Return the newest batches."""
    return list(session.exec(select(ImportBatch).order_by(col(ImportBatch.id).desc()).limit(first)))
