"""A problem refuses what cannot be, in words that name table, column, row and value, and then never changes."""

import json
from dataclasses import FrozenInstanceError, replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from matching.columns import Columns
from matching.problem import (
    Absences,
    Budgets,
    Needs,
    Params,
    Problem,
    Regulars,
    Seasons,
    Slots,
    Suspensions,
    Volunteers,
)
from matching.solve import solve
from tests.matching.questions import MONDAY, Need, Slot, Volunteer, bath, question, storm, village

ASKED = question(Need(id=1), Need(id=2), Volunteer(id=11), Volunteer(id=12), Slot(id=21), Slot(id=22))
TABLES: dict[type[Columns], Columns] = {Needs: ASKED.needs, Volunteers: ASKED.volunteers, Slots: ASKED.slots}


def _table(kind: type[Columns], **columns: Any) -> Columns:
    """Build a table of two rows again with some columns changed."""
    return kind(**(TABLES[kind].to_columns() | columns))


WRONG: list[tuple[type[Columns], str, list[Any], str]] = [
    (Needs, "ids", [7, 7], "cannot be 7 in row 1; an id stands once"),
    (Needs, "lats_deg", [31.2, 91], "cannot be 91.0 in row 1; a latitude lies between -85 and 85"),
    (Needs, "lats_deg", [float("nan"), 31.2], "cannot be nan in row 0; a latitude lies between"),
    (Needs, "lons_deg", [121.4, float("inf")], "cannot be inf in row 1; a longitude lies between -180 and 180"),
    (Needs, "skills", [0, 64], "cannot be 64 in row 1; skills are numbered 0 to 63"),
    (Needs, "skills", [-1, 0], "cannot be -1 in row 0; skills are numbered 0 to 63"),
    (Needs, "served_by", [0, 2], "cannot be 2 in row 1; it is a ServedBy"),
    (Needs, "genders", [3, 0], "cannot be 3 in row 0; it is a Gender"),
    (Needs, "weekdays", [0, 127], "cannot be 0 in row 0; it is a set of 1 to 7 days"),
    (Needs, "weekdays", [127, 128], "cannot be 128 in row 1; it is a set of 1 to 7 days"),
    (Needs, "window_starts_min", [-1, 480], "cannot be -1 in row 0; it is a minute of the day, 0 to 1439"),
    (Needs, "window_starts_min", [480, 1440], "cannot be 1440 in row 1; it is a minute of the day"),
    (Needs, "window_ends_min", [480, 600], "cannot be 480 in row 0; a window ends after it starts, by 1440"),
    (Needs, "window_ends_min", [600, 1441], "cannot be 1441 in row 1; a window ends after it starts, by 1440"),
    (Needs, "durations_min", [30, 0], "cannot be 0 in row 1; a visit takes at least a minute"),
    (Needs, "durations_min", [-30, 30], "cannot be -30 in row 0; a visit takes at least a minute"),
    (Needs, "durations_min", [1.5, 30], "cannot be 1.5 in row 0; it is a whole number"),
    (Needs, "durations_min", [30, float("nan")], "cannot be nan in row 1; it is a whole number"),
    (Needs, "durations_min", ["half an hour", 30], "cannot be half an hour in row 0; it is a whole number"),
    (Needs, "durations_min", [30, None], "cannot be None in row 1; it is a whole number"),
    (Needs, "ids", [1, 2**63], "cannot be 9223372036854775808 in row 1; it is a whole number of 64 bits"),
    (Needs, "languages", [0, -1], "cannot be -1 in row 1; it is a set of 64 bits, a whole number of 0 or more"),
    (Needs, "lats_deg", ["north", 31.2], "cannot be north in row 0; it is a number"),
    (Needs, "frequency_kinds", [1, 5], "cannot be 5 in row 1; it is a FrequencyKind"),
    (Needs, "frequency_counts", [0, 1], "cannot be 0 in row 0; a count is 1 to 366"),
    (Needs, "frequency_counts", [1, 367], "cannot be 367 in row 1; a count is 1 to 366"),
    (Needs, "last_days", [0, 7], "cannot be 0 in row 0; the days end after they start"),
    (Needs, "penalties", [0, 1], "cannot be 0 in row 0; a penalty lies between 1 and 100000000 metres"),
    (Needs, "penalties", [1, 100_000_001], "cannot be 100000001 in row 1; a penalty lies between"),
    (Volunteers, "ids", [5, 5], "cannot be 5 in row 1; an id stands once"),
    (Volunteers, "skills", [1, -1], "cannot be -1 in row 1; it is a set of 64 bits"),
    (Volunteers, "genders", [-1, 0], "cannot be -1 in row 0; it is a Gender"),
    (Volunteers, "weekdays", [0, 128], "cannot be 128 in row 1; it is a set of up to 7 days"),
    (Volunteers, "max_needs", [-1, 0], "cannot be -1 in row 0; it is 0 or more"),
    (Volunteers, "weekly_caps_min", [0, -1], "cannot be -1 in row 1; it is 0 or more"),
    (Volunteers, "window_ends_min", [480, 600], "cannot be 480 in row 0; a window ends after it starts"),
    (Slots, "skills", [0, 99], "cannot be 99 in row 1; skills are numbered 0 to 63"),
    (Slots, "days", [-1, 0], "cannot be -1 in row 0; a day is counted from 0"),
    (Slots, "places", [1, -1], "cannot be -1 in row 1; places are 0 or more"),
    (Slots, "ends_min", [540, 600], "cannot be 540 in row 0; a window ends after it starts"),
]


@pytest.mark.parametrize(("kind", "column", "values", "words"), WRONG)
def test_refusal_names_table_column_row_value_and_what_would_be_right(
    kind: type[Columns], column: str, values: list[Any], words: str
) -> None:
    """Whoever made the columns can go straight to the row and mend it."""
    with pytest.raises(ValueError, match=column) as refused:
        _table(kind, **{column: values})

    assert f"{kind.__name__}.{column} {words}" in str(refused.value)


@pytest.mark.parametrize("kind", [Needs, Volunteers, Slots])
def test_columns_of_unlike_lengths_are_refused(kind: type[Columns]) -> None:
    """A column with a row less would put every later row's value on the wrong person."""
    with pytest.raises(ValueError, match=rf"{kind.__name__} needs columns of one length, not .*'lats_deg': 1"):
        _table(kind, lats_deg=[31.2])


@pytest.mark.parametrize("values", [[[1, 2], [3, 4]], 7, [[1], [2, 3]]], ids=["two dimensions", "none", "ragged"])
def test_column_of_another_shape_is_refused(values: Any) -> None:
    """A table in place of a column is a mistake of the caller, and is told as one."""
    with pytest.raises(ValueError, match=r"Needs.skills must be one column"):
        _table(Needs, skills=values)


@pytest.mark.parametrize("bits", [[2**64 - 1, 1], [2**63, 2**63 - 1], [0, 2**64 - 2]])
def test_bit_sets_keep_all_their_bits(bits: list[int]) -> None:
    """Large and small sets side by side must not be rounded as floating numbers are."""
    table = _table(Needs, languages=bits)

    assert isinstance(table, Needs)
    assert [int(value) for value in table.languages] == bits


@pytest.mark.parametrize("table", [Needs, Volunteers, Slots, Absences, Seasons, Suspensions, Budgets, Regulars])
def test_empty_tables_have_no_rows(table: type[Columns]) -> None:
    """A district without a single slot is a district all the same."""
    empty = table.empty()

    assert {len(values) for values in empty.to_columns().values()} == {0}


@pytest.mark.parametrize(
    "changes",
    [
        {"max_distance_m": 0.0},
        {"max_distance_m": float("nan")},
        {"max_slot_distance_m": float("inf")},
        {"max_distance_m": 100_000_001.0},
        {"detour": -1.0},
        {"detour": 101.0},
        {"candidates_per_need": 0},
        {"candidates_per_need": 2.5},
        {"gap_min": -1},
        {"seed": -1},
        {"change_m": -1},
    ],
    ids=str,
)
def test_params_that_cannot_be_are_refused(changes: dict[str, Any]) -> None:
    """A limit of NaN metres lets everybody through, or nobody."""
    with pytest.raises(ValueError, match=next(iter(changes))):
        Params(**changes)


@pytest.mark.parametrize("days", [0, -1, 367, 7.5])
def test_horizons_that_cannot_be_are_refused(days: Any) -> None:
    """A plan has at least a day and at most a year."""
    with pytest.raises(ValueError, match=f"A horizon has 1 to 366 whole days, not {days}"):
        question(days=days)


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([[1, 2, 3], [4, 5, 6]], r"exclusions has two ids in a row, shape \(k, 2\), not \(2, 3\)"),
        ([1, 2], r"exclusions has two ids in a row, shape \(k, 2\), not \(2,\)"),
        ([[1.5, 2]], r"Problem.exclusions cannot be 1.5 in row 0; it is a whole number"),
    ],
)
def test_pairs_of_another_shape_are_refused(pairs: Any, words: str) -> None:
    """Three numbers in a row, read as pairs, would keep strangers apart and let enemies meet."""
    with pytest.raises(ValueError, match=words):
        replace(ASKED, exclusions=pairs)


def test_a_budget_nobody_holds_is_refused() -> None:
    """A slot must not be paid from nowhere."""
    paid = _table(Slots, budget_ids=[0, 5])

    with pytest.raises(ValueError, match=r"Slots.budget_ids names budget 5, which Budgets does not hold"):
        replace(ASKED, slots=paid)  # type: ignore[arg-type]  # a table of slots


def test_problem_never_changes() -> None:
    """Two threads may solve the same problem, and a plan stays true to what it was made for."""
    asked = village()

    with pytest.raises(FrozenInstanceError):
        asked.horizon_days = 8  # type: ignore[misc]  # that it cannot is the point
    with pytest.raises(ValueError, match="read-only"):
        asked.needs.penalties[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        asked.bookable[0] = 1


def test_problem_keeps_its_own_copy_of_the_columns() -> None:
    """The caller's array may change afterwards; the problem must not."""
    ids = np.array([5, 6])
    table = _table(Needs, ids=ids)

    ids[0] = 99

    assert table.to_columns()["ids"] == [5, 6]


def _columns(asked: Problem) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(asked.to_json())
    return written


@pytest.mark.parametrize(
    "asked",
    [
        question(),
        village(),
        storm(),
        question(Need(languages=2**64 - 1), bath(id=2), Volunteer(), Slot(), exclusions=[(1, 11)], seed=9, days=28),
    ],
    ids=["nothing", "village", "storm", "all parts"],
)
def test_problem_is_the_same_after_json(asked: Problem) -> None:
    """An instance that failed can be saved, sent and solved again elsewhere."""
    read = Problem.from_json(asked.to_json())

    assert _columns(read) == _columns(asked)
    assert read.params == asked.params
    assert (
        solve(read).to_json().partition(b"seconds_by_stage")[0]
        == (solve(asked).to_json().partition(b"seconds_by_stage")[0])
    )


def test_json_of_before_still_reads() -> None:
    """Files that were saved before a table or a column was there take its default."""
    written = _columns(village())
    older = {key: value for key, value in written.items() if key not in ("absences", "budgets", "standing")}
    older["needs"].pop("tiers")

    read = Problem.from_json(json.dumps(older).encode())

    assert _columns(read) == _columns(village())
    assert read.starts_on == MONDAY == date(2026, 3, 2)
