"""The health of a bank as JSON, and as a workbook with a sheet for each table."""

import io
from math import isinf
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from timebank.core.minutes import COIN_MIN
from timebank.health.figures import Figure
from timebank.health.outlook import Range
from timebank.health.report import Health
from timebank.health.sheets import Cell, Pair, Sheet, hidden_keys, pair
from timebank.health.told import (
    lead,
    level_said,
    method_notes,
    name_of,
    range_said,
    said,
    threshold_said,
    title_of,
    value_said,
)

NAME_WIDTH, CELL_WIDTH = 34, 16
COINS, PERCENT = "#,##0.0", "0.0%"
LONGEST_TITLE = 31
"""Longest name of a sheet that spreadsheets take."""


def as_json(health: Health, sheets: tuple[Sheet, ...]) -> dict[str, Any]:
    """Return the report as plain values, in minutes; what the tables hide is hidden here too.

    A ratio without end is the text ``infinite``.
    """
    hidden = hidden_keys(sheets)
    shown = {cell.key for sheet in sheets for _, cells in sheet.rows for cell in cells}
    return {
        "book": health.book,
        "moment": health.moment.isoformat(),
        "saved_min": health.saved_min,
        "redeemable_min": health.redeemable._asdict(),
        "kept_ppm": health.kept_ppm,
        "used_ppm": health.used_ppm,
        "weekly_share": health.share._asdict() | {"is_assumed": health.is_assumed},
        "expected": [
            {
                "days": one.days,
                "due_min": one.due_min,
                "supply_min": _rounded(one.supply),
                "redemption_min": _rounded(one.redemption),
                "cover": None if one.cover is None else {k: _plain(v) for k, v in one.cover._asdict().items()},
            }
            for one in health.expected
        ],
        "indicators": [
            {
                "indicator": one.key,
                "values": [_plain(value) for value in one.values],
                "level": one.level,
                "weeks": one.weeks,
                "is_sustained": one.is_sustained,
                "formula": one.formula,
                "parts": list(one.parts),
            }
            for one in health.indicators
        ],
        "figures": [
            _figure(figure, is_hidden=figure.key in hidden) for figure in health.figures if figure.key in shown
        ],
    }


def _figure(figure: Figure, *, is_hidden: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"figure": figure.key, "minutes": None if is_hidden else figure.minutes}
    if figure.persons is not None:
        told["persons"] = None if is_hidden else figure.persons
    if figure.formula:
        told |= {"formula": figure.formula, "parts": list(figure.parts)}
    return told


def _rounded(found: Range) -> dict[str, int]:
    return {name: int(value) for name, value in found._asdict().items()}


def _plain(value: float | None) -> float | str | None:
    return "infinite" if value is not None and isinf(value) else value


def as_workbook(health: Health, sheets: tuple[Sheet, ...]) -> bytes:
    """Return the report as a workbook: an overview, and a sheet for each table; coins are numbers, not texts."""
    book = Workbook()
    overview = book.active or book.create_sheet()
    overview.title = "概览 Overview"
    _overview(overview, health)
    for sheet in sheets:
        title = title_of(sheet, health)
        page = book.create_sheet(_tab(sheet))
        page.append([_both(title)])
        page.append(["", *(_both(head) for head in sheet.heads)])
        for name, cells in sheet.rows:
            page.append([_both(name), *(_value(cell, health.terms.least_persons) for cell in cells)])
            for n, cell in enumerate(cells, start=2):
                page.cell(page.max_row, n).number_format = COINS if cell.part is None else PERCENT
                page.cell(page.max_row, n).alignment = Alignment(horizontal="right")
        _dress(page, len(sheet.heads))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _overview(page: Worksheet, health: Health) -> None:
    for line in (*lead(health), ""):
        page.append([line])
    page.append([_both(pair(f"health_{head}")) for head in ("indicator", "value", "level", "threshold")])
    for one in health.indicators:
        name, level, threshold = name_of(one, health), level_said(one), threshold_said(one)
        page.append([_both(name), value_said(one, one.value), _both(level), _both(threshold)])
    page.append([])
    page.append([_both(pair(f"health_{head}")) for head in ("days", "supply", "redemption", "cover")])
    for found in health.expected:
        cover = range_said(found.cover, is_ratio=True)
        page.append([found.days, range_said(found.supply), range_said(found.redemption), cover])
    for note in method_notes(health):
        for line in note:
            page.append([line])
    for n in range(1, 5):
        page.column_dimensions[get_column_letter(n)].width = NAME_WIDTH


def _dress(page: Worksheet, columns: int) -> None:
    page["A1"].font = Font(bold=True)
    page.column_dimensions["A"].width = NAME_WIDTH
    for n in range(2, columns + 2):
        page.column_dimensions[get_column_letter(n)].width = CELL_WIDTH
        page.cell(2, n).alignment = Alignment(wrap_text=True, horizontal="right")
    page.freeze_panes = "B3"


def _tab(sheet: Sheet) -> str:
    return _both(pair(f"health_tab_{sheet.key}"))[:LONGEST_TITLE]


def _value(cell: Cell, least: int) -> float | str:
    if cell.is_hidden:
        return said(cell, least)
    return cell.minutes / COIN_MIN if cell.part is None else cell.part


def _both(text: Pair) -> str:
    return text.zh if text.zh == text.en else f"{text.zh} {text.en}"
