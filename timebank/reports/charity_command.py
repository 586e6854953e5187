"""``timebank charity report`` and ``map``: an outcome and a week's shortage as pages and workbooks."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from timebank.charity.outcome import by_cost, compare_projects, outcome_of
from timebank.charity.shortage import Asked, shortage_of
from timebank.charity.told import of_figure, of_shortage, service_names
from timebank.charity.worth import worth_in
from timebank.core.clock import day_of, now
from timebank.core.naming import number_of
from timebank.core.opening import reading
from timebank.core.terminal import both
from timebank.honours.publishing import write_whole
from timebank.people.tables import Organisation
from timebank.reports.charity_page import render_outcome, render_shortage
from timebank.reports.charity_workbook import comparison_workbook, outcome_workbook, shortage_workbook
from timebank.reports.figures import streets_shown

Office = Annotated[str, typer.Option("--office", help="Code of the charity office. 代表处代码")]
Excel = Annotated[Path | None, typer.Option(help="Write a workbook too.")]
Html = Annotated[Path | None, typer.Option(help="Write a page too, one file that opens offline.")]


def report(
    project: Annotated[int, typer.Argument(help="Number of the project. 项目编号")],
    office: Office,
    excel: Excel = None,
    html: Html = None,
    compared: Annotated[Path | None, typer.Option(help="Write a workbook of the office's projects too.")] = None,
) -> None:
    """Report what came of a project, figure by figure, as a page and a workbook with every row."""
    with reading() as session:
        number = number_of(session, Organisation, office, kind="charity_office")
        found = outcome_of(session, number, project)
        services = service_names(session)
        for line in (line for figure in found.figures for line in of_figure(figure, services)):
            typer.echo(line)
        if excel is not None:
            _write(excel, outcome_workbook(session, found))
        if html is not None:
            _write(html, render_outcome(session, found, now=now()).encode())
        if compared is not None:
            _write(compared, comparison_workbook(by_cost(compare_projects(session, number, first=100))))


def week_map(
    week: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A day of the week; else today.")] = None,
    organisation: Annotated[str, typer.Option("--organisation", help="Code; else the district. 组织代码")] = "",
    service: Annotated[str | None, typer.Option(help="Code of a service. 服务代码")] = None,
    worth: Annotated[bool, typer.Option("--worth", help="Ask the engine what one more is worth.")] = False,  # noqa: FBT002  # a switch of the command line
    excel: Excel = None,
    html: Html = None,
) -> None:
    """Say what is missing in a week, and draw it on a map of the streets; no home is on it."""
    day = week.date() if week else day_of(now())
    with reading() as session:
        own = number_of(session, Organisation, organisation) if organisation else None
        asked = Asked(day=day, organisation_id=own, service=service)
        found = shortage_of(session, asked)
        weighed = worth_in(session, asked, day) if worth else []
        for line in of_shortage(found, weighed):
            typer.echo(line)
        if excel is not None:
            _write(excel, shortage_workbook(found, weighed))
        if html is not None:
            mine = {row.area_id for row in found}
            streets = [one for one in streets_shown(session) if own is None or one.area_id in mine]
            page = render_shortage(found, streets, weighed, title=str(asked.week), now=now())
            _write(html, page.encode())


def _write(path: Path, content: bytes) -> None:
    write_whole(path, content)
    for line in both("outcome_written", path=path):
        typer.echo(line, err=True)
