"""``timebank programmes report``: the month of an organisation in the terminal, as a workbook and as a page."""

from pathlib import Path
from typing import Annotated

import typer

from timebank.core.terminal import tell
from timebank.core.texts import LOCALES, say
from timebank.honours.publishing import write_whole
from timebank.programmes.care_command import InMonth, month_or_this
from timebank.programmes.desk import By, at_desk
from timebank.programmes.month_report import month_report
from timebank.reports.month_page import cell, render_month
from timebank.reports.month_workbook import month_workbook


def report(
    organisation: By,
    month: InMonth = "",
    excel: Annotated[Path | None, typer.Option(help="Write a workbook too.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page too, one file that opens offline.")] = None,
) -> None:
    """Report a month of the organisation's programmes: by street, and all together."""
    with at_desk(organisation, is_reading=True) as desk:
        found = month_report(desk.session, desk.organisation_id, month_or_this(month), now=desk.now)
    lines = [(one.programme, one.area_zh, one.area_en, one.line) for one in found.streets]
    lines.append(("", say("month_total", "zh"), say("month_total", "en"), found.total))
    for programme, zh, en, line in lines:
        values = {name: cell(line, name) for name in ("enrolled", "met", "due", "held", "rate", "missed")}
        for locale, street in zip(LOCALES, (zh, en), strict=True):
            typer.echo(say("month_line", locale, programme=programme, street=street, **values))
    for path, write in ((excel, month_workbook), (html, lambda one: render_month(one).encode())):
        if path is not None:
            write_whole(path, write(found))
            tell("month_written", path=path)
