"""A project's outcome, projects beside each other, and a week's shortage as workbooks: figures are numbers."""

import io
from collections.abc import Iterable, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from sqlmodel import Session

from timebank.charity.budget import lines_of
from timebank.charity.outcome import Compared, Outcome, every_line
from timebank.charity.shortage import Short
from timebank.charity.told import figure_name, gains_said, remedies_said, service_names
from timebank.charity.worth import Worth
from timebank.core.texts import catalogue, say

HEAD_ROW = 2
NAME_WIDTH, CELL_WIDTH = 26, 16
MONEY = "#,##0.00"
MOST_ROWS = 20_000
"""Rows of figures that a workbook lists; a longer figure is traced in the terminal."""
BOLD, SHADE = Font(bold=True), PatternFill("solid", fgColor="EEF3F5")


def outcome_workbook(session: Session, found: Outcome) -> bytes:
    """Return the workbook of a project's outcome: figures, budget lines, and every row that a figure counts."""
    project, services = found.project, service_names(session)
    book = Workbook()
    figures = book.active or book.create_sheet()
    figures.title = _both("outcome_tab_figures")
    title = f"{project.title_zh} {project.starts_on} – {project.ends_on}"
    _fill(
        figures,
        title,
        ("outcome_key", "outcome_figure", "outcome_value", "outcome_unit", "outcome_from"),
        (
            (one.key, " ".join(figure_name(one, services)), _number(one.unit, one.value), _unit(one.unit), _from(one))
            for one in found.figures
        ),
    )
    _fill(
        book.create_sheet(_both("outcome_tab_budget")),
        title,
        ("outcome_line", "outcome_planned", "outcome_committed", "outcome_paid"),
        (
            (line.name_zh, line.planned_cents / 100, line.committed_cents / 100, line.spent_cents / 100)
            for line in lines_of(session, project.id or 0)
        ),
        money=(2, 3, 4),
    )
    _fill(
        book.create_sheet(_both("outcome_tab_rows")),
        title,
        (
            "outcome_key",
            "outcome_source",
            "outcome_number",
            "outcome_day",
            "outcome_senior",
            "outcome_what",
            "outcome_part",
        ),
        _rows(session, found),
    )
    return _saved(book)


def comparison_workbook(found: Sequence[Compared]) -> bytes:
    """Return projects beside each other, in the order given."""
    book = Workbook()
    page = book.active or book.create_sheet()
    page.title = _both("outcome_tab_compared")
    _fill(
        page,
        page.title,
        (
            "outcome_number",
            "outcome_title",
            "outcome_stage",
            "outcome_persons",
            "outcome_spent",
            "outcome_cost_per_person",
        ),
        (
            (
                one.project.id,
                one.project.title_zh,
                _both(f"state_{one.stage}"),
                one.persons,
                one.spent_cents / 100,
                None if one.cost_cents is None else one.cost_cents / 100,
            )
            for one in found
        ),
        money=(5, 6),
    )
    return _saved(book)


def shortage_workbook(short: Sequence[Short], worth: Sequence[Worth]) -> bytes:
    """Return a week's shortage: by street and service in minutes, by reason, and what one more is worth."""
    book = Workbook()
    page = book.active or book.create_sheet()
    page.title = _both("short_tab_streets")
    week = str(short[0].week) if short else ""
    names = ("street", "service", "needs", "short", "needed", "served", "planned", "unmet")
    _fill(
        page,
        week,
        [f"short_{name}" for name in names],
        (
            (
                f"{row.street} {row.street_zh}",
                f"{row.service} {row.service_zh}",
                *(row.needs, row.unmet, row.needed_min, row.served_min, row.planned_min, row.unmet_min),
            )
            for row in short
        ),
    )
    _fill(
        book.create_sheet(_both("short_tab_reasons")),
        week,
        ("short_street", "short_service", "short_reason", "short_unmet"),
        (
            (f"{row.street} {row.street_zh}", f"{row.service} {row.service_zh}", _reason(reason), minutes)
            for row in short
            for reason, minutes in row.by_reason.items()
        ),
    )
    _fill(
        book.create_sheet(_both("short_tab_worth")),
        week,
        ("short_street", "short_service", "short_short", "short_more", "short_changes"),
        ((one.street, one.service, one.unmet, gains_said(one, "zh"), remedies_said(one, "zh")) for one in worth),
    )
    return _saved(book)


def _rows(session: Session, found: Outcome) -> Iterable[Sequence[Any]]:
    left = MOST_ROWS
    for figure in found.figures:
        if figure.parts:
            continue
        for one in every_line(session, found.project, figure.key):
            if not left:
                return
            left -= 1
            amount = one.amount / 100 if figure.unit == "cents" else one.amount
            yield figure.key, one.source, one.number, one.day, one.senior_ref, one.what, amount


def _number(unit: str, value: int | None) -> float | int | None:
    return value / 100 if unit == "cents" and value is not None else value


def _unit(unit: str) -> str:
    return say("outcome_unit_min_whole" if unit == "min" else f"outcome_unit_{unit}", "zh")


def _from(figure: Any) -> str:
    return " / ".join(figure.parts)


def _reason(reason: str) -> str:
    return _both(f"reason_{reason}") if f"reason_{reason}" in catalogue() else reason


def _fill(
    page: Worksheet,
    title: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    money: tuple[int, ...] = (),
) -> None:
    """Write a table: a title, heads, rows."""
    page.append([title])
    page.append([_both(head) for head in heads])
    for values in rows:
        page.append(list(values))
    page["A1"].font = BOLD
    for number in range(1, len(heads) + 1):
        head = page.cell(HEAD_ROW, number)
        head.font, head.fill, head.alignment = BOLD, SHADE, Alignment(wrap_text=True, vertical="center")
        page.column_dimensions[get_column_letter(number)].width = NAME_WIDTH if number <= 2 else CELL_WIDTH
        if number in money:
            for row_number in range(HEAD_ROW + 1, page.max_row + 1):
                page.cell(row_number, number).number_format = MONEY
    page.freeze_panes = f"A{HEAD_ROW + 1}"


def _saved(book: Workbook) -> bytes:
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _both(key: str) -> str:
    return f"{say(key, 'zh', service='')} {say(key, 'en', service='')}".strip()
