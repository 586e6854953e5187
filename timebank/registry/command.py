"""``timebank registry ...``: the table, the focus list, categories; surveys, files and acts have commands beside."""

from datetime import datetime
from typing import Annotated

import typer

from timebank.core.naming import number_of
from timebank.core.opening import reading, writing
from timebank.core.terminal import day_or_today, tell
from timebank.core.texts import LOCALES, say
from timebank.people.focus import list_focus, reasons_on
from timebank.people.tables import Organisation, Senior
from timebank.registry.act_command import app as act_app
from timebank.registry.categories import close_category, open_category
from timebank.registry.file_command import app as file_app
from timebank.registry.statistics import by_street, seniors_by_category, seniors_in_any
from timebank.registry.survey_command import app as survey_app

app = typer.Typer(no_args_is_help=True, help="The registry of seniors in special hardship. 特殊困难老年人登记册")
app.add_typer(survey_app, name="survey")
app.add_typer(file_app, name="file")
app.add_typer(act_app, name="act")
MOST_SHOWN = 100

By = Annotated[str, typer.Option("--by", help="Code of the organisation that writes it down. 登记组织")]
On = Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="The day; else today. 日期")]
Own = Annotated[str | None, typer.Option("--organisation", help="Code of an organisation: its sub-districts alone.")]
SeniorRef = Annotated[str, typer.Argument(help="Number of the senior. 老人编号")]
CategoryCode = Annotated[str, typer.Argument(help="Such as living_alone, childless. 类别")]


@app.command()
def table(
    on: On = None,
    organisation: Own = None,
    streets: Annotated[bool, typer.Option("--streets", help="Also by sub-district. 分街镇")] = False,  # noqa: FBT002  # a switch of the command line
) -> None:
    """Print seniors by category on a day, counted from the rows."""
    day = day_or_today(on)
    with reading() as session:
        own = None if organisation is None else number_of(session, Organisation, organisation)
        counts = seniors_by_category(session, day, organisation_id=own)
        people = seniors_in_any(session, day, organisation_id=own)
        rows = by_street(session, day, organisation_id=own) if streets else []
    for category, count in counts.items():
        _tell_category("registry_table", category, count=count)
    tell("registry_any", count=people)
    for row in rows:
        tell("registry_street", name_zh=row.name_zh, name_en=row.name_en, code=row.code, count=row.seniors)


@app.command()
def focus(
    on: On = None,
    organisation: Own = None,
    rule: Annotated[str | None, typer.Option(help="One rule alone. 规则")] = None,
    street: Annotated[str | None, typer.Option(help="Code of a sub-district. 街镇")] = None,
) -> None:
    """List who is on the focus list, why, and since when; the first hundred."""
    day = day_or_today(on)
    with reading() as session:
        own = None if organisation is None else number_of(session, Organisation, organisation)
        rows = list_focus(session, day, first=MOST_SHOWN, organisation_id=own, subdistrict=street, rule=rule)
        reasons = reasons_on(session, [row.person_id for row in rows], day)
    for row in rows:
        for reason in reasons[row.person_id]:
            parts = {"ref": row.external_ref, "since": reason.since, "article": reason.rule.article}
            for locale in LOCALES:
                street_name, name = (
                    (row.street_zh, reason.rule.name_zh) if locale == "zh" else (row.street_en, reason.rule.name_en)
                )
                typer.echo(say("registry_focus", locale, street=street_name, rule=name, **parts))


@app.command(name="open")
def open_one(
    senior: SeniorRef,
    category: CategoryCode,
    proof: Annotated[str, typer.Option(help="What was shown. 凭证")],
    source: Annotated[str, typer.Option(help="survey, application, import, exchange or office. 来源")],
    by: By,
    on: On = None,
) -> None:
    """Put a senior into a category from a day on."""
    with writing() as session:
        row = open_category(
            session,
            number_of(session, Senior, senior, name="external_ref", number="person_id"),
            category,
            from_day=day_or_today(on),
            proof=proof,
            source=source,
            actor=f"organisation:{number_of(session, Organisation, by)}",
        )
    _tell_category("registry_opened", category, ref=senior, day=row.from_day, proof=row.proof)


@app.command(name="close")
def close_one(senior: SeniorRef, category: CategoryCode, by: By, on: On = None) -> None:
    """Take a senior out of a category; the day is the first one without it."""
    with writing() as session:
        row = close_category(
            session,
            number_of(session, Senior, senior, name="external_ref", number="person_id"),
            category,
            to_day=day_or_today(on),
            actor=f"organisation:{number_of(session, Organisation, by)}",
        )
    _tell_category("registry_closed", category, ref=senior, day=row.to_day)


def _tell_category(key: str, category: str, **parts: object) -> None:
    for locale in LOCALES:
        typer.echo(say(key, locale, category=say(f"category_{category}", locale), **parts))
