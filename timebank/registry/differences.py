"""A new file of seniors beside the registry, before anything is written: who is new, changed (before, after) or gone.

Applied, it is one batch of the imports, undone as every batch is. Gone are the active seniors of the committees that
the file names who are not in it; they are only shown, unless whoever applies the file says that it is complete.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Engine, select
from sqlmodel import Session

from timebank.core.personal_data import lookup_hash
from timebank.core.places import PlaceSystem
from timebank.core.texts import say
from timebank.imports.batches import Outcome, bring_in
from timebank.imports.changes import Log
from timebank.imports.faults import Faults, mask
from timebank.imports.kinds import Counts, Difference, Entry, FieldChange, Kind, Work
from timebank.imports.known import Known
from timebank.imports.rows import in_chunks, rows_by_ref, rows_in
from timebank.imports.seniors import CATEGORY, SENIOR, SENIORS
from timebank.people.categories import CATEGORIES
from timebank.registry.refusals import DifferencesChanged

MASKED = frozenset({"name", "phone", "address", "identity_number", "born_on"})
HIDDEN = frozenset({"phone_lookup", "identity_lookup"})
UNLISTED = "unlisted"
"""What a senior is who is not in a complete file any more: in no list, until somebody looks."""


class Shown(NamedTuple):
    """A field that differs, in words; personal values are masked."""

    field: str
    before: str
    after: str


class Changed(NamedTuple):
    """A senior who stands and changes."""

    ref: str
    fields: tuple[Shown, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a file would do: numbers of those who are new and gone, what changes, and a mark of all of it.

    With faults in the file there is nothing else to look at.
    """

    new: tuple[str, ...]
    changed: tuple[Changed, ...]
    gone: tuple[str, ...]
    mark: str
    outcome: Outcome


@dataclass(slots=True)
class _Found:
    """What the comparison finds on its way."""

    known: Known | None = None
    new: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    differences: tuple[Difference, ...] = ()

    @property
    def mark(self) -> str:
        """A keyed hash of everything found: the same as long as the file would do the same."""
        said = repr((self.new, self.gone, [(one.ref, one.fields) for one in self.differences]))
        return lookup_hash("differences", hashlib.sha256(said.encode()).hexdigest()).hex()[:16]


def review(engine: Engine, path: Path, *, now: datetime, system: PlaceSystem = "WGS-84", full: bool = False) -> Review:
    """Compare a file with the registry and write nothing; ``full`` shows personal values as they are.

    Raises
    ------
    FileRefused, StoreUnavailable
        As :func:`timebank.imports.batches.bring_in` does.
    """
    found = _Found()
    outcome = bring_in(engine, path, _kind(found), now=now, system=system, is_dry_run=True)
    return Review(
        new=tuple(found.new),
        changed=tuple(Changed(one.ref, _shown(one.fields, found.known, full=full)) for one in found.differences),
        gone=tuple(found.gone),
        mark=found.mark,
        outcome=outcome,
    )


def apply(
    engine: Engine,
    path: Path,
    *,
    now: datetime,
    system: PlaceSystem = "WGS-84",
    mark: str | None = None,
    is_complete: bool = False,
) -> Outcome:
    """Apply a file that was looked at, as one batch that can be undone; a file that stands applied is not again.

    With its ``mark``, only what was looked at is done. Of a complete file, who is gone is in no category from today on.

    Raises
    ------
    DifferencesChanged
        When it would do something else now than when it was looked at. Nothing has changed.
    FileRefused, StoreUnavailable
        As :func:`timebank.imports.batches.bring_in` does.
    """
    found = _Found()
    return bring_in(engine, path, _kind(found, mark=mark, is_complete=is_complete), now=now, system=system)


def _kind(found: _Found, *, mark: str | None = None, is_complete: bool = False) -> Kind:
    """Return the kind of files of seniors, which also finds who is new and gone."""

    def compare(session: Session, known: Known, entries: Sequence[Entry], faults: Faults, today: date) -> Work:
        work = SENIORS.compare(session, known, entries, faults, today)
        found.known, found.differences = known, work.differences
        if faults.count:
            return work
        refs = [entry.values["ref"] for entry in entries]
        stands = rows_by_ref(session, SENIOR, refs)
        found.new = [ref for ref in refs if ref not in stands]
        gone = _gone(session, {entry.values["committee_id"] for entry in entries}, set(refs))
        found.gone = [row["external_ref"] for row in gone]
        if mark not in (None, found.mark):
            raise DifferencesChanged(mark=mark or "", now=found.mark)
        if not is_complete:
            return work
        counts = Counts(work.counts.added, work.counts.changed + len(gone), work.counts.unchanged)

        def write(session: Session, log: Log) -> None:
            work.write(session, log)
            _end_gone(session, log, gone, today)

        return Work(counts, write, work.differences)

    variant = " complete" if is_complete else ""
    return Kind(name=SENIORS.name, columns=SENIORS.columns, compare=compare, variant=variant)


def _gone(session: Session, committees: set[int], refs: set[str]) -> list[dict[str, Any]]:
    """Return the active seniors of some committees whom the file does not name, by reference."""
    found = []
    for some in in_chunks(sorted(committees)):
        own = select(SENIOR).where(SENIOR.c.committee_id.in_(some), SENIOR.c.status == "active")
        rows = session.connection().execute(own.with_for_update()).mappings()
        found += [dict(row) for row in rows if row["external_ref"] not in refs]
    return sorted(found, key=lambda row: str(row["external_ref"]))


def _end_gone(session: Session, log: Log, gone: list[dict[str, Any]], today: date) -> None:
    log.change(SENIOR, [(row, {**row, "status": UNLISTED}) for row in gone])
    people = [row["person_id"] for row in gone]
    held = [
        row
        for row in rows_in(session, CATEGORY, CATEGORY.c.senior_id, people)
        if (row["to_day"] is None or row["to_day"] > today) and row["from_day"] <= today
    ]
    log.change(CATEGORY, [(row, {**row, "to_day": today}) for row in held])


def _shown(fields: Sequence[FieldChange], known: Known | None, *, full: bool) -> tuple[Shown, ...]:
    return tuple(
        Shown(one.field, _said(one.field, one.before, known, full=full), _said(one.field, one.after, known, full=full))
        for one in fields
        if one.field not in HIDDEN
    )


def _said(name: str, value: Any, known: Known | None, *, full: bool) -> str:
    """Write a value for people: areas and categories by name, places to about a kilometre, personal ones masked."""
    if value is None:
        return ""
    if name in ("subdistrict_id", "committee_id") and known is not None:
        return known.code_by_area[value]
    if name == "categories":
        return "、".join(CATEGORIES[code].name_zh for code in value)
    if name in ("lat_deg", "lon_deg"):
        return f"{value:.2f}"
    return mask(str(value)) if name in MASKED and not full else str(value)


def told(review: Review) -> list[str]:
    """Write a review for people, Chinese: counts, then each person and field."""
    counts = {"new": len(review.new), "changed": len(review.changed), "gone": len(review.gone)}
    lines = [say("registry_review", locale, **counts, mark=review.mark) for locale in ("zh", "en")]
    lines += [say("registry_review_new", "zh", ref=ref) for ref in review.new]
    for one in review.changed:
        for shown in one.fields:
            word = say(f"review_{shown.field}", "zh")
            parts = {"ref": one.ref, "field": word, "before": shown.before, "after": shown.after}
            lines.append(say("registry_review_field", "zh", **parts))
    return lines + [say("registry_review_gone", "zh", ref=ref) for ref in review.gone]
