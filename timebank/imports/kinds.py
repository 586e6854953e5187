"""What the kinds of files share: rows that were read, what each will do, and what it will change."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlmodel import Session

from timebank.imports.changes import Log
from timebank.imports.columns import Column, column_names
from timebank.imports.faults import CellFault, Faults
from timebank.imports.known import Known

FIELD_COLUMNS = {
    "subdistrict_id": "subdistrict",
    "committee_id": "committee",
    "organisation_id": "organisation",
    "service_id": "service",
    "senior_id": "senior",
    "lat_deg": "lat",
    "lon_deg": "lon",
    "window_start_min": "hours",
    "window_end_min": "hours",
    "frequency_kind": "frequency",
    "frequency_count": "frequency",
    "gender_wish": "gender",
    "language_wish": "language",
}
"""Fields of the database whose column in a file has another key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row that was read: where it stands, the values that are right, and which of its cells hold anything."""

    sheet: str
    row: int
    values: dict[str, Any]
    filled: frozenset[str]

    def has(self, *keys: str) -> bool:
        """Tell whether these values are right, so that they can be compared."""
        return all(key in self.values for key in keys)

    def fault(self, faults: Faults, column: str, value: object, code: str, *, masked: bool = False, **k: Any) -> None:
        """Note a fault of this row."""
        faults.add(self.sheet, self.row, column, value, CellFault(code, **k), masked=masked)


class Counts(NamedTuple):
    """What a file does to rows."""

    added: int
    changed: int
    unchanged: int


class FieldChange(NamedTuple):
    """A field that differs, under its name in the database or in files; values as they are, personal ones too."""

    field: str
    before: Any
    after: Any


class Difference(NamedTuple):
    """A row of the file that changes what stands: its number in the register, and the columns that differ.

    ``fields`` hold what was and what will be; they are personal, and are shown by whoever may (the registry).
    """

    sheet: str
    row: int
    ref: str
    columns: tuple[str, ...]
    fields: tuple[FieldChange, ...] = ()


class Work(NamedTuple):
    """What is to be written, and the counts and differences that are told before."""

    counts: Counts
    write: Callable[[Session, Log], None]
    differences: tuple[Difference, ...] = ()


NOTHING = Work(Counts(0, 0, 0), lambda _session, _log: None)
"""What a file with a fault does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of file: its columns, given what the database knows, and how its rows become work.

    A ``variant`` does something else with the same file, so that one is no replay of the other.
    """

    name: str
    columns: Callable[[Known], tuple[Column, ...]]
    compare: Callable[[Session, Known, Sequence[Entry], Faults, date], Work]
    variant: str = ""


def note_doubles(entries: Sequence[Entry], key: str, column: str, code: str, faults: Faults, *, masked: bool) -> None:
    """Note every row that says again what an earlier one said."""
    first: dict[Any, Entry] = {}
    for entry in entries:
        value = entry.values.get(key)
        if value is None:
            continue
        before = first.setdefault(value, entry)
        if before is not entry:
            where = f"{before.sheet}!{before.row}" if before.sheet != entry.sheet else str(before.row)
            entry.fault(faults, column, value, code, masked=masked, row=where)


def difference(
    kind: str,
    entry: Entry,
    pairs: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]],
    also: Iterable[FieldChange] = (),
) -> Difference:
    """Return what a row changes: the columns of the fields that differ between what stands and what is wanted."""
    fields = [
        FieldChange(name, old.get(name), value)
        for old, new in pairs
        for name, value in new.items()
        if old.get(name) != value
    ]
    fields += also
    keys = {FIELD_COLUMNS.get(one.field, one.field) for one in fields}
    names = tuple(name for key, name in column_names(kind).items() if key in keys)
    return Difference(entry.sheet, entry.row, entry.values["ref"], names, tuple(fields))
