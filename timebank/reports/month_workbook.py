"""A month of an organisation's programmes as a workbook: by street, by day, and what three parties said."""

import io
from collections.abc import Iterable, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from timebank.core.clock import SHANGHAI
from timebank.core.texts import say
from timebank.programmes.month_report import FIGURES, Line, MonthReport

HEAD_ROW = 3
NAME_WIDTH, CELL_WIDTH = 22, 13
BOLD, SHADE = Font(bold=True), PatternFill("solid", fgColor="EEF3F5")


def month_workbook(report: MonthReport) -> bytes:
    """Return the workbook; figures are numbers, and each total is written beside the rows it adds up."""
    book = Workbook()
    streets = book.active or book.create_sheet()
    streets.title = _both("month_tab_streets")
    _fill(
        streets,
        report,
        ("month_programme", "month_street", *(f"month_{name}" for name in FIGURES), "month_rate"),
        (
            (f"{one.programme} {one.programme_zh}", f"{one.area} {one.area_zh}", *_figures(one.line))
            for one in report.streets
        ),
        (_both("month_total"), "", *_figures(report.total)),
    )
    _fill(
        book.create_sheet(_both("month_tab_days")),
        report,
        ("month_day", *(f"month_{name}" for name in ("due", "held", "missed", "unrecorded", "called_off"))),
        ((day, *_of_day(line)) for day, line in report.days),
        (_both("month_total"), *_of_day(report.total)),
    )
    _fill(
        book.create_sheet(_both("month_tab_voices")),
        report,
        ("month_party", "month_said", "month_not_happened", "month_rated", "month_satisfaction"),
        (
            (_both(f"voice_{one.side}"), one.said, one.not_happened, one.rated, one.satisfaction)
            for one in report.voices
        ),
        (_both("month_differences"), report.differences, None, None, None),
    )
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _figures(line: Line) -> tuple[Any, ...]:
    return (*(getattr(line, name) for name in FIGURES), line.rate)


def _of_day(line: Line) -> tuple[int, ...]:
    return (line.due, line.held, line.missed, line.unrecorded, line.called_off)


def _fill(
    page: Worksheet, report: MonthReport, heads: Sequence[str], rows: Iterable[Sequence[Any]], total: Sequence[Any]
) -> None:
    """Write a table: a title, when it was made, heads, rows, and the last row."""
    made = report.made_at.astimezone(SHANGHAI)
    page.append([f"{report.name_zh} {report.month} {page.title}"])
    page.append([say("month_made", "zh", moment=f"{made:%Y-%m-%d %H:%M}")])
    page.append([_both(head) for head in heads])
    for values in (*rows, total):
        page.append(list(values))
    page["A1"].font = BOLD
    for number in (HEAD_ROW, page.max_row):
        (line,) = page.iter_rows(min_row=number, max_row=number)
        for one in line:
            one.font = BOLD
            if number == HEAD_ROW:
                one.fill, one.alignment = SHADE, Alignment(wrap_text=True, vertical="center")
    for number in range(1, len(heads) + 1):
        page.column_dimensions[get_column_letter(number)].width = NAME_WIDTH if number <= 2 else CELL_WIDTH
        if heads[number - 1] == "month_rate":
            for row_number in range(HEAD_ROW + 1, page.max_row + 1):
                page.cell(row_number, number).number_format = "0.0%"
    page.freeze_panes = f"B{HEAD_ROW + 1}"


def _both(key: str) -> str:
    return f"{say(key, 'zh')} {say(key, 'en')}"
