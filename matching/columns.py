"""Columns: what the tables of a problem share. Equal lengths, fixed types, read-only arrays.

A column that is not given takes its default in every row; so a table can gain columns and older callers and
files still read.
"""

from dataclasses import field, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bits = NDArray[np.uint64]
Mask = NDArray[np.bool_]

COLUMN_KINDS = ((Ints, np.int64), (Floats, np.float64), (Bits, np.uint64))
RIGHT_BY_KIND: dict[type[np.number[Any]], str] = {
    np.int64: "it is a whole number of 64 bits",
    np.float64: "it is a number",
    np.uint64: "it is a set of 64 bits, a whole number of 0 or more",
}
MINUTES_A_DAY = 1440
NOT_GIVEN: NDArray[Any] = np.empty(0)


def optional(default: int = 0) -> Any:
    """Declare a column that may be left out; every row then holds ``default``."""
    return field(default_factory=lambda: NOT_GIVEN, metadata={"default": default})


def refuse(table: str, column: str, values: "NDArray[Any]", wrong: Mask, right: str) -> None:
    """Raise for the first row of a column that cannot be, in words that name table, column, row and value.

    Raises
    ------
    ValueError
        When any of ``wrong``, shape (n,), is true.
    """
    if wrong.any():
        row = int(np.argmax(wrong))
        message = f"{table}.{column} cannot be {values[row]} in row {row}; {right}."
        raise ValueError(message)


def cast(table: str, column: str, given: Any, kind: type[np.number[Any]]) -> "NDArray[Any]":
    """Copy a column to its type and lose nothing on the way: no half minute, no text, no number too large.

    Raises
    ------
    ValueError
        Naming table, column, row and value.
    """
    try:
        values = np.array(given)
    except ValueError as unlike:
        message = f"{table}.{column} must be one column of numbers, not rows of unlike lengths."
        raise ValueError(message) from unlike
    if values.ndim != 1:
        message = f"{table}.{column} must be one column, not {values.ndim} dimensions."
        raise ValueError(message)
    if values.dtype.kind == "f" and kind is not np.float64 and not isinstance(given, np.ndarray):
        values = np.array(given, dtype=object)  # small and large whole numbers together became floats
    if values.dtype.kind in "biuf":
        with np.errstate(invalid="ignore"):  # what is no whole number is found on the next line
            copied = values.astype(kind)
        lost = (copied != values) & ((kind is not np.float64) | ~np.isnan(values))
    else:
        lost = np.array([not _holds(kind, value) for value in values], dtype=bool)
        copied = np.array([0 if bad else value for bad, value in zip(lost, values, strict=True)], dtype=kind)
    refuse(table, column, values, lost, RIGHT_BY_KIND[kind])
    return copied


def _holds(kind: type[np.number[Any]], value: Any) -> bool:
    """Tell whether a type holds a value as it is."""
    try:
        return not isinstance(value, str) and bool(kind(value) == value)
    except (TypeError, ValueError, OverflowError):
        return False


class Columns:
    """A table as columns of one length; subclasses are frozen dataclasses and call ``settle`` first."""

    __slots__ = ()

    def settle(self) -> int:
        """Cast every column to its type, fill what was not given, make all read-only; return the number of rows."""
        columns = {column.name: column for column in fields(self)}  # type: ignore[arg-type]  # every subclass is a dataclass
        kinds = {name: next(k for alias, k in COLUMN_KINDS if alias == column.type) for name, column in columns.items()}
        given = {name: cast(type(self).__name__, name, getattr(self, name), kind) for name, kind in kinds.items()}
        rows = max((len(values) for values in given.values()), default=0)
        lengths = {}
        for name, column in columns.items():
            values = given[name]
            if "default" in column.metadata and not len(values):
                values = np.full(rows, column.metadata["default"], dtype=kinds[name])
            values.setflags(write=False)
            object.__setattr__(self, name, values)
            lengths[name] = len(values)
        if len(set(lengths.values())) > 1:
            message = f"{type(self).__name__} needs columns of one length, not {lengths}."
            raise ValueError(message)
        return rows

    def check(self, *checks: tuple[str, Mask, str]) -> None:
        """Refuse the first row that is wrong; each check is a column, who is wrong, and what would be right."""
        for column, wrong, right in checks:
            refuse(type(self).__name__, column, getattr(self, column), wrong, right)

    def check_ids(self, ids: Ints) -> None:
        """Refuse an id that stands twice."""
        again = np.ones(len(ids), dtype=bool)
        again[np.unique(ids, return_index=True)[1]] = False
        refuse(type(self).__name__, "ids", ids, again, "an id stands once, and it stood before")

    def check_places(self, lats_deg: Floats, lons_deg: Floats) -> None:
        """Refuse a place that is on no map, NaN among them."""
        name = type(self).__name__
        refuse(name, "lats_deg", lats_deg, ~(np.abs(lats_deg) <= 85), "a latitude lies between -85 and 85")
        refuse(name, "lons_deg", lons_deg, ~(np.abs(lons_deg) <= 180), "a longitude lies between -180 and 180")

    def check_window(self, starts: str, ends: str) -> None:
        """Refuse minutes of the day (two columns by name) that are no half-open window."""
        first, last = getattr(self, starts), getattr(self, ends)
        right = "it is a minute of the day, 0 to 1439"
        refuse(type(self).__name__, starts, first, (first < 0) | (first >= MINUTES_A_DAY), right)
        right = "a window ends after it starts, by 1440"
        refuse(type(self).__name__, ends, last, (last <= first) | (last > MINUTES_A_DAY), right)

    @classmethod
    def empty(cls) -> Self:
        """Return the table without a row."""
        return cls(**{column.name: [] for column in fields(cls)})  # type: ignore[arg-type]  # every subclass is a dataclass

    def to_columns(self) -> dict[str, list[Any]]:
        """Return every column as a list, for JSON."""
        return {column.name: getattr(self, column.name).tolist() for column in fields(self)}  # type: ignore[arg-type]  # as above
