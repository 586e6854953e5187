"""Files brought in as batches: looked at first, applied whole or not at all, and taken back whole."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from timebank.core.clock import day_of
from timebank.core.database import transaction, wait_turn
from timebank.core.errors import NotFound
from timebank.core.places import PlaceSystem
from timebank.imports.changes import BatchUndoneAlready, Log, undo_changes
from timebank.imports.columns import read_cells
from timebank.imports.faults import Fault, Faults, visible
from timebank.imports.files import Source, read_file
from timebank.imports.kinds import Counts, Difference, Entry, Kind
from timebank.imports.known import Known, load_known
from timebank.imports.needs import NEEDS
from timebank.imports.projects import PROJECTS
from timebank.imports.seniors import SENIORS
from timebank.imports.sheets import read_lines
from timebank.imports.tables import ImportBatch
from timebank.imports.volunteers import VOLUNTEERS

KINDS: dict[str, Kind] = {kind.name: kind for kind in (SENIORS, VOLUNTEERS, NEEDS, PROJECTS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a file did, or would do: a file with a fault does nothing.

    ``tally`` counts faults by column and code, also those that are not kept; ``unread`` are sheets passed over.
    """

    counts: Counts
    fault_count: int = 0
    faults: tuple[Fault, ...] = field(default=())
    tally: dict[tuple[str, str], int] = field(default_factory=dict)
    differences: tuple[Difference, ...] = field(default=())
    unread: tuple[str, ...] = field(default=())
    batch_id: int | None = None
    is_replay: bool = False


class _Read(NamedTuple):
    """A file that was read."""

    kind: Kind
    file_name: str
    digest: str
    known: Known
    entries: Sequence[Entry]
    faults: Faults


class _TakeBack(Exception):
    """Ends a transaction without keeping anything of it."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__("nothing is kept")


def bring_in(
    engine: Engine,
    path: Path,
    kind: str | Kind,
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
    StoreUnavailable
        When the database does not answer, is locked or full. Nothing has changed.
    """
    chosen, source = KINDS[kind] if isinstance(kind, str) else kind, read_file(path)
    with transaction(engine, read_only=True) as session:
        known = load_known(session, today=day_of(now), system=system)
    faults = Faults()
    entries = list(_read(source, chosen, known, faults))
    digest = source.digest(f"{chosen.name}{chosen.variant} {system}")
    read = _Read(chosen, visible(source.name)[:255], digest, known, entries, faults)
    del source
    try:
        with transaction(engine) as session:
            outcome = _apply(session, read, now)
            _keep_or_take_back(outcome, is_dry_run=is_dry_run)
            return outcome
    except _TakeBack as ended:
        return ended.outcome


def _keep_or_take_back(outcome: Outcome, *, is_dry_run: bool) -> None:
    if is_dry_run or outcome.fault_count:
        raise _TakeBack(outcome)


def _read(source: Source, kind: Kind, known: Known, faults: Faults) -> Iterator[Entry]:
    columns = kind.columns(known)
    sets: dict[frozenset[str], frozenset[str]] = {}
    for line in read_lines(source, columns, faults):
        values, filled = read_cells(columns, line.cells, line.sheet, line.row, faults)
        yield Entry(sheet=line.sheet, row=line.row, values=values, filled=sets.setdefault(filled, filled))


def _apply(session: Session, read: _Read, now: datetime) -> Outcome:
    wait_turn(session, "import")
    unread = tuple(visible(name) for name in read.faults.unread)
    standing = session.exec(
        select(ImportBatch).where(
            ImportBatch.kind == read.kind.name, ImportBatch.digest == read.digest, ImportBatch.status == "applied"
        )
    ).first()
    if standing is not None:
        counts = Counts(0, 0, standing.added + standing.changed + standing.unchanged)
        return Outcome(counts=counts, batch_id=standing.id, is_replay=True, unread=unread)
    work = read.kind.compare(session, read.known, read.entries, read.faults, day_of(now))
    if read.faults.count:
        return Outcome(
            counts=work.counts,
            fault_count=read.faults.count,
            faults=read.faults.in_order(),
            tally=dict(read.faults.tally),
            unread=unread,
        )
    batch = ImportBatch(
        kind=read.kind.name, file_name=read.file_name, digest=read.digest, created_at=now, **work.counts._asdict()
    )
    session.add(batch)
    session.flush()
    log = Log(session, batch.id or 0)
    work.write(session, log)
    log.flush()
    return Outcome(counts=work.counts, batch_id=batch.id, differences=work.differences, unread=unread)


def undo_batch(session: Session, batch_id: int, *, now: datetime) -> ImportBatch:
    """Take a batch back in the caller's transaction.

    Raises
    ------
    NotFound
        When there is no such batch.
    BatchUndoneAlready
        When it is undone already.
    RowChangedSince
        When a row of it was changed since.
    RowInUse
        When later work rests on a row that would go.
    """
    wait_turn(session, "import")
    batch = session.get(ImportBatch, batch_id, with_for_update=True)
    if batch is None:
        raise NotFound(kind="batch", key=str(batch_id))
    if batch.status == "undone":
        raise BatchUndoneAlready(batch_id=batch_id)
    undo_changes(session, batch_id)
    batch.status, batch.undone_at = "undone", now
    session.flush()
    return batch


def list_batches(session: Session, *, first: int = 50) -> list[ImportBatch]:
    """Return the newest batches."""
    return list(session.exec(select(ImportBatch).order_by(col(ImportBatch.id).desc()).limit(first)))
