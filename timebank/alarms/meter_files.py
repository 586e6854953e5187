"""Files of readings, as meters' companies export them: CSV or Excel with meter, moment and litres."""

import re
from datetime import datetime
from typing import Any

from timebank.alarms.devices import CODE
from timebank.alarms.readings import MOST_LITRES
from timebank.core.clock import SHANGHAI
from timebank.imports.cells import narrow, whole
from timebank.imports.columns import Column, read_cells
from timebank.imports.faults import CellFault, Faults
from timebank.imports.files import Source
from timebank.imports.sheets import read_lines

MOMENT = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ](\d{1,2}):(\d\d)(?::\d\d(?:\.\d+)?)?)?")


def _code(cell: str) -> str:
    if not CODE.fullmatch(narrow(cell)):
        raise CellFault("ref")
    return narrow(cell)


def _moment(cell: str) -> datetime:
    """Read a moment of the district's clock: 2026-03-02 13:00, 2026/3/2 13:00:00; a day alone is its midnight."""
    found = MOMENT.fullmatch(narrow(cell))
    try:
        year, month, day, hour, minute = (int(part or 0) for part in found.groups()) if found else (0, 0, 0, 0, 0)
        return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)
    except ValueError as fault:
        raise CellFault("meter_moment") from fault


COLUMNS = (
    Column(key="meter", names=("水表编号", "Meter", "表号"), read=_code, is_required=True, example="M0001"),
    Column(key="at", names=("读数时间", "At", "时间"), read=_moment, is_required=True, example="2026-03-02 13:00"),
    Column(
        key="litres",
        names=("累计升数", "Litres", "读数"),
        read=whole(0, MOST_LITRES),
        is_required=True,
        example="120345",
    ),
)


def read_file_of_readings(source: Source) -> tuple[list[tuple[str, datetime, int]], Faults]:
    """Return the readings of a file, and every fault with its row and column; with a fault none of it is to be stored.

    Raises
    ------
    FileRefused
        When it is no table at all.
    """
    faults, found = Faults(), []
    for line in read_lines(source, COLUMNS, faults):
        values: dict[str, Any]
        values, filled = read_cells(COLUMNS, line.cells, line.sheet, line.row, faults)
        if filled and len(values) == len(COLUMNS):
            found.append((values["meter"], values["at"], values["litres"]))
    return found, faults
