"""``timebank registry survey ...``: rounds, what was found, and what is overdue."""

from datetime import datetime
from typing import Annotated

import typer

from timebank.care.tables import CareMember
from timebank.core.clock import now
from timebank.core.errors import WrongInput
from timebank.core.naming import number_of
from timebank.core.opening import reading, writing
from timebank.core.terminal import day_or_today, tell
from timebank.core.texts import LOCALES, Phrase, say
from timebank.people.tables import Area, Organisation, Senior
from timebank.registry.surveys import list_due, make_round, progress, record_survey, total
from timebank.registry.tables import SurveyRound

app = typer.Typer(no_args_is_help=True, help="Survey rounds. 探访轮次")
MOST_SHOWN = 100

RoundCode = Annotated[str, typer.Argument(help="Code of the round. 轮次编号")]
By = Annotated[str, typer.Option("--by", help="Code of the organisation that writes it down. 登记组织")]
On = Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="The day; else today. 日期")]


@app.command(name="round")
def new_round(
    code: RoundCode,
    area: Annotated[str, typer.Argument(help="Code of the district, a sub-district or a committee. 区域")],
    from_day: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day. 首日")],
    until: Annotated[datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="First day after. 结束后首日")],
    by: By,
    every: Annotated[list[str], typer.Argument(help="Such as living_alone=30 childless=7. 类别=天数")],
) -> None:
    """Begin a round: of each category, every how many days somebody looks."""
    with writing() as session:
        row = make_round(
            session,
            code,
            area_id=number_of(session, Area, area),
            from_day=from_day.date(),
            to_day=until.date(),
            every_days=dict(_frequency(one) for one in every),
            actor=f"organisation:{number_of(session, Organisation, by)}",
            now=now(),
        )
        whole = total(progress(session, row.id or 0, row.from_day))
    parts = {"code": code, "from_day": row.from_day, "to_day": row.to_day}
    tell("registry_round", **parts, seniors=whole.seniors, due=whole.due)


@app.command()
def found(
    code: RoundCode,
    senior: Annotated[str, typer.Argument(help="Number of the senior. 老人编号")],
    outcome: Annotated[str, typer.Argument(help="reached, not_reached, refused, moved or deceased. 结果")],
    by: By,
    manner: Annotated[str, typer.Option(help="door, phone or video. 方式")] = "door",
    surveyor: Annotated[str | None, typer.Option(help="Number of the member who looked. 探访人")] = None,
    note: Annotated[str | None, typer.Option(help="For the committee; kept sealed. 备注")] = None,
    on: On = None,
) -> None:
    """Write down what a survey found."""
    with writing() as session:
        who = None
        if surveyor is not None:
            who = number_of(session, CareMember, surveyor, name="external_ref", number="person_id")
        row = record_survey(
            session,
            number_of(session, SurveyRound, code),
            number_of(session, Senior, senior, name="external_ref", number="person_id"),
            day=day_or_today(on),
            manner=manner,
            outcome=outcome,
            actor=f"organisation:{number_of(session, Organisation, by)}",
            now=now(),
            surveyor_id=who,
            note=note,
        )
    for locale in LOCALES:
        words = {name: say(f"state_{value}", locale) for name, value in (("outcome", outcome), ("manner", manner))}
        typer.echo(say("registry_surveyed", locale, ref=senior, day=row.day, **words))


@app.command(name="progress")
def tell_progress(
    code: RoundCode,
    on: On = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Also who is overdue. 列出逾期")] = False,  # noqa: FBT002  # a switch of the command line
) -> None:
    """Say by committee what is due, done and overdue on a day."""
    with reading() as session:
        number, day = number_of(session, SurveyRound, code), day_or_today(on)
        rows = progress(session, number, day)
        late = list_due(session, number, day, first=MOST_SHOWN, only_overdue=True) if overdue else []
    for row in rows:
        tell("registry_progress", **row._asdict())
    tell("registry_whole", **total(rows)._asdict())
    for one in late:
        parts = {"planned": one.planned, "done": one.done, "overdue": one.overdue}
        tell("registry_overdue", ref=one.external_ref, committee=one.committee, **parts)


def _frequency(text: str) -> tuple[str, int]:
    category, _, days = text.partition("=")
    if not (days.isascii() and days.isdigit()):
        raise WrongInput(field="every", value=text[:40], right=Phrase("right_every"))
    return category, int(days[:6])
