"""``timebank programmes ...``: contracts, who is in them, and how often; pairs and care stand beside it."""

from datetime import datetime
from typing import Annotated

import typer

from timebank.core.errors import WrongInput
from timebank.core.terminal import tell
from timebank.core.texts import Phrase
from timebank.needs.tables import Service
from timebank.planning.seasons import Spell
from timebank.programmes.care_command import app as care_app
from timebank.programmes.desk import After, By, Code, Desk, First, Reason, Ref, at_desk, frequency
from timebank.programmes.enrolments import enrol, enrol_waiting, leave, list_enrolments
from timebank.programmes.pair_command import app as pair_app
from timebank.programmes.programmes import (
    ProgrammeDraft,
    add_season,
    create_programme,
    end_season,
    list_programmes,
    programme_number,
    quotas_of,
    seasons_of,
    set_quota,
)
from timebank.programmes.tables import CareProgramme, ProgrammeSeason

app = typer.Typer(no_args_is_help=True, help="Old Partner, weekly visits: contracts and who is in them. 关爱项目")
app.add_typer(pair_app, name="pair")
app.add_typer(care_app, name="care")
From = Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")]
Until = Annotated[datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="First day after.")]
Every = Annotated[str, typer.Option(help="How often: every_n_days=2, per_week=1, per_month=1.")]


@app.command()
def create(
    code: Code,
    organisation: By,
    name: Annotated[str, typer.Option(help="Its name in Chinese.")],
    service: Annotated[str, typer.Option(help="Code of the service, such as greeting.")],
    from_day: From,
    until: Until,
    quota: Annotated[list[str], typer.Option(help="A street and how many seniors: CODE=NUMBER; once for each.")],
    every: Every = "every_n_days=2",
    category: Annotated[list[str] | None, typer.Option(help="A category that it is for; none is everybody.")] = None,
    min_age: Annotated[int, typer.Option(min=0, max=120, help="Least age.")] = 60,
    way: Annotated[str, typer.Option(help="How most are met: phone, door or video.")] = "phone",
    key: Annotated[str, typer.Option(help="Key of this action; else the code.")] = "",
) -> None:
    """Make a programme with its quota by street."""
    kind, times = _every(every)
    with at_desk(organisation) as desk:
        draft = ProgrammeDraft(
            code=code,
            name_zh=name,
            service=service,
            from_day=from_day.date(),
            to_day=until.date(),
            quotas=dict(_quota(one) for one in quota),
            frequency_kind=kind,
            frequency_count=times,
            categories=tuple(category or ()),
            min_age=min_age,
            usual_way=way,
        )
        made = create_programme(
            desk.session, desk.organisation_id, draft, actor=desk.actor, idempotency_key=key or code, now=desk.now
        )
        _tell(desk, made)


def _every(text: str) -> tuple[str, int]:
    kind, _, times = text.partition("=")
    return kind, int(times[:4]) if times.isascii() and times.isdigit() else 0


def _quota(text: str) -> tuple[str, int]:
    street, _, seniors = text.partition("=")
    if not (seniors.isascii() and seniors.isdigit()):
        raise WrongInput(field="--quota", value=text[:40], right=Phrase("right_quota"))
    return street, int(seniors[:7])


def _tell(desk: Desk, programme: CareProgramme) -> None:
    tell(
        "programme_is",
        code=programme.code,
        name=programme.name_zh,
        service=desk.session.get_one(Service, programme.service_id).code,
        from_day=programme.from_day,
        to_day=programme.to_day,
        frequency=frequency(programme.frequency_kind, programme.frequency_count),
    )


@app.command(name="list")
def list_all(organisation: By, first: First = 50, after: After = 0) -> None:
    """List the programmes of an organisation."""
    with at_desk(organisation, is_reading=True) as desk:
        rows = list_programmes(desk.session, desk.organisation_id, first=first, after_id=after)
        for row in rows:
            _tell(desk, row)
        tell("programmes_count", count=len(rows))


@app.command()
def show(code: Code, organisation: By) -> None:
    """Show a programme with its streets and seasons."""
    with at_desk(organisation, is_reading=True) as desk:
        programme = desk.programme(code)
        _tell(desk, programme)
        for area, quota in quotas_of(desk.session, programme_number(programme)):
            tell("programme_quota", street=area.name_zh, seniors=quota.seniors, taken=quota.taken)
        for season in seasons_of(desk.session, programme_number(programme)):
            _tell_season(season)


def _tell_season(season: ProgrammeSeason) -> None:
    tell(
        "programme_season",
        number=season.id,
        cause=Phrase(f"season_cause_{season.cause}"),
        from_day=season.from_day,
        to_day=season.to_day,
        frequency=frequency(season.frequency_kind, season.frequency_count),
    )


@app.command()
def quota(
    code: Code,
    organisation: By,
    street: Annotated[str, typer.Argument(help="Code of a street.")],
    seniors: Annotated[int, typer.Argument(min=0, help="How many it may have.")],
) -> None:
    """Change the quota of a street; never under what it has."""
    with at_desk(organisation) as desk:
        programme = desk.programme(code)
        row = set_quota(desk.session, programme, street, seniors)
        tell("programme_quota", street=street, seniors=row.seniors, taken=row.taken)


@app.command()
def season(
    code: Code,
    organisation: By,
    from_day: From,
    until: Until,
    every: Every,
    cause: Annotated[str, typer.Option(help="heat, cold, holiday or other.")] = "other",
    yearly: Annotated[bool, typer.Option("--yearly", help="It comes back every year.")] = False,  # noqa: FBT002  # a switch of the command line
) -> None:
    """Give a programme another frequency for some days."""
    kind, times = _every(every)
    with at_desk(organisation) as desk:
        spell = Spell(from_day.date(), until.date(), yearly, kind, times)
        row = add_season(desk.session, desk.programme(code), spell, cause=cause, actor=desk.actor, now=desk.now)
        _tell_season(row)


@app.command(name="end-season")
def end_one_season(
    code: Code, organisation: By, number: Annotated[int, typer.Argument(min=1, help="Number of the season.")]
) -> None:
    """Take a season back."""
    with at_desk(organisation) as desk:
        end_season(desk.session, desk.programme(code), number, actor=desk.actor, now=desk.now)
        tell("programmes_count", count=len(seasons_of(desk.session, desk.programme(code).id or 0)))


@app.command(name="enrol")
def enrol_one(code: Code, senior: Ref, organisation: By) -> None:
    """Take a senior into a programme."""
    with at_desk(organisation) as desk:
        row = enrol(desk.session, desk.programme(code), desk.senior(senior), actor=desk.actor, now=desk.now)
        tell("programme_enrolled", senior=senior, programme=code, need=row.need_id)


@app.command()
def waiting(code: Code, organisation: By) -> None:
    """Take in everybody who waits, as far as the quotas reach."""
    with at_desk(organisation) as desk:
        count = enrol_waiting(desk.session, desk.programme(code), actor=desk.actor, now=desk.now)
        tell("programme_waiting", programme=code, count=count)


@app.command(name="leave")
def leave_one(code: Code, senior: Ref, organisation: By, reason: Reason) -> None:
    """Let a senior leave a programme."""
    with at_desk(organisation) as desk:
        parts = {"actor": desk.actor, "reason": reason, "now": desk.now}
        leave(desk.session, desk.programme(code), desk.senior(senior), **parts)  # type: ignore[arg-type]  # parts by name
        tell("programme_left", senior=senior, programme=code)


@app.command()
def people(
    code: Code,
    organisation: By,
    street: Annotated[str, typer.Option(help="Code of a street; else all.")] = "",
    first: First = 50,
    after: After = 0,
) -> None:
    """List who is in a programme, by reference."""
    with at_desk(organisation, is_reading=True) as desk:
        number = programme_number(desk.programme(code))
        rows = list_enrolments(desk.session, number, first=first, after=after, street=street or None)
        for row in rows:
            tell("programme_person", senior=row.senior_ref, street=row.area_zh, from_day=row.from_day)
        tell("programmes_count", count=len(rows))
