"""``timebank plan note ...``: write down what decides who comes to whom and when, and take it back."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Annotated, Any

import typer
from sqlalchemy import select
from sqlmodel import Session

from timebank.core.clock import now
from timebank.core.columns import table_of
from timebank.core.errors import NotFound, WrongInput
from timebank.core.naming import number_of
from timebank.core.opening import writing
from timebank.core.terminal import tell
from timebank.core.texts import Phrase
from timebank.needs.tables import Need
from timebank.people.absences import record_absence, withdraw_absence
from timebank.people.tables import Senior, Volunteer
from timebank.people.traits import say_trait, withdraw_trait
from timebank.planning.presets import preset, release
from timebank.planning.priorities import First, set_priorities
from timebank.planning.seasons import end_season, set_season
from timebank.planning.suspensions import lift, suspend

app = typer.Typer(
    no_args_is_help=True, help="What plans go by: absences, suspended days, seasons, who comes first. 匹配依据"
)


SENIOR, VOLUNTEER = map(table_of, (Senior, Volunteer))
From = Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day. 首日")]
Until = Annotated[datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="First day after. 结束后首日")]
By = Annotated[str, typer.Option("--by", help="Who says so. 记录人")]
Person = Annotated[str, typer.Argument(help="Reference of a volunteer or a senior. 人员编号")]
NeedRef = Annotated[str, typer.Argument(help="Reference of the need. 需求编号")]
Back = Annotated[bool, typer.Option("--back", help="Take it back. 撤回")]


@app.command()
def away(person: Person, from_day: From, until: Until, by: By) -> None:
    """Write down that somebody is away."""
    with writing() as session:
        number = _person(session, person)
        row = record_absence(session, number, from_day.date(), until.date(), actor=by, now=now())
        _said(row.id)


@app.command()
def there(number: Annotated[int, typer.Argument(help="Number of the absence.")], by: By) -> None:
    """Take an absence back."""
    with writing() as session:
        _said(withdraw_absence(session, number, actor=by, now=now()).id)


@app.command()
def trait(
    person: Person,
    code: Annotated[str, typer.Argument(help="Such as pets, stairs, smoking.")],
    by: By,
    stance: Annotated[str, typer.Option(help="has, refuses or requires.")] = "has",
    back: Back = False,  # noqa: FBT002  # a switch of the command line
) -> None:
    """Write down what somebody has, refuses or requires."""
    with writing() as session:
        act: Callable[..., Any] = withdraw_trait if back else say_trait
        row = act(session, _person(session, person), code, stance, actor=by, now=now())
        _said(code if row is None else row.id)


@app.command()
def suspended(  # one option for each column
    from_day: From,
    until: Until,
    by: By,
    cause: Annotated[str, typer.Option(help="holiday, heat, cold, typhoon or other.")],
    make_up: Annotated[str, typer.Option(help="drop, later or earlier.")] = "drop",
    area: Annotated[str | None, typer.Option(help="Code of a sub-district; else all.")] = None,
    service: Annotated[str | None, typer.Option(help="Code of a service; else all.")] = None,
) -> None:
    """Suspend visits on some days, and say what becomes of them."""
    days = (from_day.date(), until.date())
    with writing() as session:
        row = suspend(session, *days, cause=cause, make_up=make_up, actor=by, now=now(), area=area, service=service)
        _said(row.id)


@app.command()
def lifted(number: Annotated[int, typer.Argument(help="Number of the suspension.")], by: By) -> None:
    """Take a suspension back."""
    with writing() as session:
        _said(lift(session, number, actor=by, now=now()).id)


@app.command()
def season(  # one option for each column
    from_day: From,
    until: Until,
    by: By,
    kind: Annotated[str, typer.Option(help="every_n_days, per_week, per_month or once.")],
    count: Annotated[int, typer.Option(min=1, max=366)],
    service: Annotated[str | None, typer.Option(help="Code of a service.")] = None,
    need: Annotated[str | None, typer.Option(help="Reference of one need instead.")] = None,
    yearly: Annotated[bool, typer.Option("--yearly", help="It comes back every year. 每年")] = False,  # noqa: FBT002  # a switch of the command line
) -> None:
    """Give needs another frequency for a span of days."""
    days = (from_day.date(), until.date())
    with writing() as session:
        number = None if need is None else number_of(session, Need, need, name="external_ref")
        row = set_season(
            session,
            *days,
            kind=kind,
            count=count,
            actor=by,
            now=now(),
            service=service,
            need_id=number,
            is_yearly=yearly,
        )
        _said(row.id)


@app.command()
def over(number: Annotated[int, typer.Argument(help="Number of the season.")], by: By) -> None:
    """Take a season back."""
    with writing() as session:
        _said(end_season(session, number, actor=by, now=now()).id)


@app.command()
def first(
    from_day: From,
    by: By,
    rules: Annotated[
        list[str] | None,
        typer.Argument(help="CATEGORY, @SERVICE or CATEGORY@SERVICE, the first first; + joins a tier."),
    ] = None,
) -> None:
    """Say who comes first from a day on; without rules nobody does."""
    order = [rule for tier, each in enumerate(rules or ()) for rule in _tier(tier, each)]
    with writing() as session:
        _said(set_priorities(session, order, from_day=from_day.date(), actor=by, now=now()).id)


@app.command()
def pair(
    need: NeedRef,
    volunteer: Person,
    by: By,
    back: Back = False,  # noqa: FBT002  # a switch of the command line
) -> None:
    """Decide that a volunteer serves a need, or leave it to the engine again."""
    with writing() as session:
        act: Callable[..., Any] = release if back else preset
        row = act(
            session,
            number_of(session, Need, need, name="external_ref"),
            number_of(session, Volunteer, volunteer, name="external_ref", number="person_id"),
            actor=by,
            now=now(),
        )
        _said(need if row is None else row.id)


def _said(number: object) -> None:
    tell("noted", number=number)


def _tier(tier: int, text: str) -> Iterator[First]:
    for part in text.split("+"):
        category, _, service = part.partition("@")
        if not part:
            raise WrongInput(field="rules", value=text[:40], right=Phrase("right_first"))
        yield First(tier, category, service)


def _person(session: Session, ref: str) -> int:
    for table in (VOLUNTEER, SENIOR):
        found = session.connection().execute(select(table.c.person_id).where(table.c.external_ref == ref)).scalar()
        if found is not None:
            return int(found)
    raise NotFound(kind="person", key=ref)
