"""Templates: a header in Chinese and an example row for each kind, as CSV and as a workbook."""

from datetime import date
from pathlib import Path

from timebank.imports.batches import KINDS
from timebank.imports.columns import Column
from timebank.imports.known import Known
from timebank.imports.written import check_target, write_table

NOTHING_KNOWN = Known(
    subdistricts={},
    committees={},
    parent_by_area={},
    code_by_area={},
    organisations={},
    offices=frozenset(),
    areas_by_organisation={},
    services={},
    today=date(2026, 1, 1),
    system="WGS-84",
)


def template_columns(kind: str) -> tuple[Column, ...]:
    """Return the columns of a kind of file."""
    return KINDS[kind].columns(NOTHING_KNOWN)


def write_template(kind: str, path: Path) -> Path:
    """Write the template of a kind; the ending of the name chooses .xlsx or .csv.

    Raises
    ------
    FileRefused
        For another ending, and where there is a file already or none can be written.
    """
    check_target(path)
    columns = template_columns(kind)
    rows = [[column.names[0] for column in columns], [column.example for column in columns]]
    write_table(path, kind, rows, {n for n, column in enumerate(columns) if column.is_required})
    return path
