"""``timebank programmes care ...``: greetings, a day's sheet, who was missed, feedback, and the monthly visit rate."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from timebank.core.clock import day_of, now
from timebank.core.opening import writing
from timebank.core.terminal import tell
from timebank.core.texts import LOCALES, Phrase, say
from timebank.imports.files import read_file
from timebank.programmes.desk import After, By, Code, First, Ref, at_desk, local
from timebank.programmes.feedback import Said, difference_words, give_feedback, list_differences
from timebank.programmes.follow_ups import Closing, close_follow_up, list_follow_ups
from timebank.programmes.greetings import Greeting, record_contact, record_greeting
from timebank.programmes.months import Month
from timebank.programmes.reach import to_reach, visit_rates
from timebank.programmes.sheets import record_sheet, template
from timebank.programmes.sweeping import sweep

app = typer.Typer(no_args_is_help=True, help="Greetings, follow-ups, feedback, the monthly rate. 问候与跟进")
Visit = Annotated[int, typer.Argument(min=1, help="Number of the visit. 上门编号")]
Note = Annotated[str, typer.Option(help="Words that are kept with it, encrypted. 备注")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]
InMonth = Annotated[str, typer.Option("--month", help="The month, such as 2026-03; else this one.")]


def month_or_this(text: str) -> Month:
    """Read a month, or take this one."""
    return Month.read(text) if text else Month.of(day_of(now()))


@app.command()
def greet(
    visit: Visit,
    organisation: By,
    met: Annotated[bool, typer.Option("--met/--not-met", help="Whether somebody was met.")] = True,  # noqa: FBT002  # a switch of the command line
    way: Annotated[str, typer.Option(help="phone, door or video; else as is usual.")] = "",
    at: Annotated[datetime | None, typer.Option(formats=["%H:%M"], help="When it began; else as planned.")] = None,
    minutes: Annotated[int | None, typer.Option(min=1, max=240, help="How long; else as planned.")] = None,
    condition: Annotated[str, typer.Option(help="well, unwell or needs_help.")] = "well",
    note: Note = "",
) -> None:
    """Write down how a greeting went."""
    began = None if at is None else at.hour * 60 + at.minute
    greeting = Greeting(is_met=met, way=way, began_min=began, minutes=minutes, condition=condition, note=note)
    with at_desk(organisation) as desk:
        state = record_greeting(
            desk.session,
            visit,
            greeting,
            actor=desk.actor,
            now=desk.now,
            organisation_id=desk.organisation_id,
        )
        tell("greeting_written", number=visit, state=Phrase(f"state_{state}"))


@app.command()
def contact(
    senior: Ref,
    organisation: By,
    way: Annotated[str, typer.Option(help="phone, door or video.")] = "door",
    on: Day = None,
    condition: Annotated[str, typer.Option(help="well, unwell or needs_help.")] = "well",
    note: Note = "",
) -> None:
    """Write down that a senior was met without a visit of a programme."""
    with at_desk(organisation) as desk:
        day = on.date() if on else day_of(desk.now)
        record_contact(
            desk.session,
            desk.senior(senior),
            day=day,
            way=way,
            condition=condition,
            note=note,
            actor=desk.actor,
            now=desk.now,
            organisation_id=desk.organisation_id,
        )
        tell("contact_written", senior=senior, day=day, way=Phrase(f"greeted_{way}"))


@app.command()
def sheet(
    code: Code,
    path: Annotated[Path, typer.Argument(help="The sheet, as CSV or Excel.")],
    organisation: By,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Look, and write nothing.")] = False,  # noqa: FBT002  # a switch of the command line
) -> None:
    """Write down a day's sheet; ends with 1 when something is wrong, and writes nothing then."""
    source = read_file(path)
    with at_desk(organisation) as desk:
        programme = desk.programme(code)
        read = record_sheet(desk.session, programme, source, actor=desk.actor, now=desk.now, is_dry_run=dry_run)
    for fault in read.faults:
        for locale in LOCALES:
            right = fault.told(locale)
            typer.echo(say("sheet_fault", locale, row=fault.row, column=fault.column, right=right))
    if read.fault_count:
        tell("sheet_faulty", count=read.fault_count)
        raise typer.Exit(1)
    tell("sheet_dry" if dry_run else "sheet_written", recorded=read.recorded, unchanged=read.unchanged)


@app.command(name="template")
def write_template() -> None:
    """Print an empty sheet with one example."""
    typer.echo(template(), nl=False)


@app.command(name="sweep")
def sweep_all() -> None:
    """Do what is due, as the worker does too: pairs go on, follow-ups are opened, people away are not visited."""
    with writing() as session:
        done = sweep(session, now=now())
    tell("follow_ups_opened", **done._asdict())


@app.command(name="follow-ups")
def follow_ups(
    organisation: By,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only those after their noon.")] = False,  # noqa: FBT002  # a switch of the command line
    level: Annotated[str, typer.Option(help="organisation or committee; else both.")] = "",
    first: First = 50,
    after: After = 0,
) -> None:
    """List open follow-ups; people appear by reference."""
    with at_desk(organisation, is_reading=True) as desk:
        rows = list_follow_ups(
            desk.session,
            now=desk.now,
            first=first,
            organisation_id=desk.organisation_id,
            after=after,
            level=level or None,
            is_overdue=overdue,
        )
        for row in rows:
            tell(
                "follow_up_is",
                number=row.id,
                senior=row.senior_ref,
                day=row.day,
                cause=Phrase(f"follow_up_{row.cause}"),
                level=Phrase(f"follow_level_{row.level}"),
                due=local(row.due_at),
                late=Phrase("follow_up_late") if row.due_at <= desk.now else "",
            )
        tell("programmes_count", count=len(rows))


@app.command()
def close(
    number: Annotated[int, typer.Argument(min=1, help="Number of the follow-up.")],
    organisation: By,
    outcome: Annotated[str, typer.Option(help="held, well, helped, with_family, in_hospital, moved, died or other.")],
    note: Note = "",
    away_until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day on which they are there again.")
    ] = None,
) -> None:
    """Close a follow-up with what came of it."""
    with at_desk(organisation) as desk:
        row = close_follow_up(
            desk.session,
            Closing(number, outcome, note),
            actor=desk.actor,
            now=desk.now,
            organisation_id=desk.organisation_id,
            away_until=away_until.date() if away_until else None,
        )
        tell("follow_up_closed", number=number, outcome=Phrase(f"follow_outcome_{row.outcome}"))


@app.command()
def feedback(
    visit: Visit,
    organisation: By,
    side: Annotated[str, typer.Option(help="Who says so: senior, volunteer or organisation.")],
    happened: Annotated[bool, typer.Option("--happened/--not-happened")] = True,  # noqa: FBT002  # a switch of the command line
    minutes: Annotated[int | None, typer.Option(min=0, max=1440, help="How long it took.")] = None,
    content: Annotated[int | None, typer.Option(min=1, max=5, help="How content they are, 1 to 5.")] = None,
    note: Note = "",
) -> None:
    """Write down what one party says of a visit."""
    with at_desk(organisation) as desk:
        said = Said(happened=happened, minutes=minutes, satisfaction=content, note=note)
        parts = {"actor": desk.actor, "now": desk.now, "organisation_id": desk.organisation_id}
        give_feedback(desk.session, visit, said, side=side, **parts)  # type: ignore[arg-type]  # parts by name
        tell("feedback_written", side=Phrase(f"voice_{side}"), number=visit)


@app.command()
def differences(organisation: By, month: InMonth = "", first: First = 50, after: After = 0) -> None:
    """List the visits of a month on which the parties differ."""
    days = month_or_this(month)
    with at_desk(organisation, is_reading=True) as desk:
        rows = list_differences(
            desk.session,
            days=(days.from_day, days.to_day),
            first=first,
            organisation_id=desk.organisation_id,
            after=after,
        )
    for row in rows:
        for locale in LOCALES:
            values = {"number": row.id, "day": row.day, "senior": row.senior_ref, "volunteer": row.volunteer_ref}
            typer.echo(say("difference_is", locale, words=difference_words(row, locale), **values))
    tell("programmes_count", count=len(rows))


@app.command()
def rate(organisation: By, month: InMonth = "") -> None:
    """Say by street who of the focus list was met this month."""
    with at_desk(organisation, is_reading=True) as desk:
        rows = visit_rates(desk.session, month_or_this(month), organisation_id=desk.organisation_id)
    for row in rows:
        values = {"seniors": row.seniors, "reached": row.reached, "share": f"{row.share:.1%}"}
        tell("rate_is", street=row.name_zh, **values)
    tell("programmes_count", count=len(rows))


@app.command(name="to-reach")
def left_to_reach(
    organisation: By,
    month: InMonth = "",
    street: Annotated[str, typer.Option(help="Code of a street; else all.")] = "",
    names: Annotated[bool, typer.Option("--names", help="Names too, of the organisation's own streets.")] = False,  # noqa: FBT002  # a switch of the command line
    first: First = 50,
    after: After = 0,
) -> None:
    """List who of the focus list is still to be reached this month."""
    with at_desk(organisation, is_reading=True) as desk:
        rows = to_reach(
            desk.session,
            month_or_this(month),
            first=first,
            organisation_id=desk.organisation_id,
            after=after,
            street=street or None,
            with_names=names,
        )
    for row in rows:
        tell("rate_left", senior=row.senior_ref, name=row.name if names else "", committee=row.area_zh)
    tell("programmes_count", count=len(rows))
