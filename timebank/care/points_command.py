"""``timebank care point ...``: hours of advice points, days on which they are shut, and whether they are open."""

from datetime import datetime
from typing import Annotated

import typer

from timebank.care.points import end_hours, list_points, reopen, set_hours, shut, standing
from timebank.core.clock import SHANGHAI, now
from timebank.core.errors import WrongInput
from timebank.core.naming import number_of
from timebank.core.opening import reading, writing
from timebank.core.terminal import day_or_today, tell
from timebank.core.texts import Phrase
from timebank.people.tables import AdvicePoint, Organisation

app = typer.Typer(no_args_is_help=True, help="Advice points: hours, closures, what is open. 养老顾问点")
MOST_SHOWN = 100
HOUR_MIN = 60

Point = Annotated[str, typer.Argument(help="Code of the point. 顾问点编号")]
By = Annotated[str, typer.Option("--by", help="Code of the organisation that writes it down. 登记组织")]
On = Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="From when on; else today. 日期")]


@app.command()
def hours(
    point: Point,
    weekdays: Annotated[str, typer.Argument(help="Such as 12345 for Monday to Friday. 星期")],
    span: Annotated[str, typer.Argument(help="Such as 09:00-11:30. 时段")],
    by: By,
    on: On = None,
) -> None:
    """Let a point be open at the same hours of some weekdays."""
    opens_min, closes_min = _span(span)
    with writing() as session:
        row = set_hours(
            session,
            number_of(session, AdvicePoint, point),
            weekdays=_bits(weekdays),
            opens_min=opens_min,
            closes_min=closes_min,
            from_day=day_or_today(on),
            actor=f"organisation:{number_of(session, Organisation, by)}",
            now=now(),
        )
    tell("care_hours", point=point, weekdays=weekdays, span=span, day=row.from_day, number=row.id)


@app.command()
def end(number: Annotated[int, typer.Argument(help="Number of the hours. 记录号")], on: On = None) -> None:
    """Let hours hold no more from a day on."""
    with writing() as session:
        row = end_hours(session, number, to_day=day_or_today(on))
    tell("care_hours_ended", number=number, day=row.to_day)


@app.command(name="shut")
def shut_point(
    point: Point,
    from_day: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day. 首日")],
    until: Annotated[datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="First day after. 结束后首日")],
    by: By,
    reason: Annotated[str, typer.Option(help="Why. 原因")] = "",
) -> None:
    """Shut a point on some days."""
    with writing() as session:
        row = shut(
            session,
            number_of(session, AdvicePoint, point),
            from_day.date(),
            until.date(),
            reason=reason,
            actor=f"organisation:{number_of(session, Organisation, by)}",
            now=now(),
        )
    tell("care_shut", point=point, from_day=row.from_day, to_day=row.to_day, number=row.id)


@app.command(name="reopen")
def reopen_point(number: Annotated[int, typer.Argument(help="Number of the closure. 记录号")], by: By) -> None:
    """Take a closure back."""
    with writing() as session:
        reopen(session, number, actor=f"organisation:{number_of(session, Organisation, by)}", now=now())
    tell("care_reopened", number=number)


@app.command(name="list")
def list_open(
    street: Annotated[str | None, typer.Option(help="Code of a sub-district. 街镇")] = None,
    at: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%dT%H:%M"], help="Moment in Shanghai; else now. 时刻")
    ] = None,
) -> None:
    """Say of points whether they are open, and when they open next; the first hundred."""
    moment = at.replace(tzinfo=SHANGHAI) if at else now()
    with reading() as session:
        rows = list_points(session, first=MOST_SHOWN, subdistrict=street)
        stands = standing(session, [row.id for row in rows], moment)
    for row in rows:
        open_until, opens = stands[row.id]
        if open_until is not None:
            tell("care_open_now", point=row.code, until=_moment(open_until))
        elif opens is not None:
            tell("care_opens", point=row.code, next=_moment(opens))
        else:
            tell("care_shut_long", point=row.code)


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _bits(weekdays: str) -> int:
    if not weekdays or set(weekdays) - set("1234567"):
        raise WrongInput(field="weekdays", value=weekdays[:10], right=Phrase("right_weekdays"))
    return sum(1 << int(day) - 1 for day in sorted(set(weekdays)))


def _span(span: str) -> tuple[int, int]:
    try:
        opens, closes = (_minute(part) for part in span.split("-"))
    except ValueError:
        raise WrongInput(field="hours", value=span[:20], right=Phrase("right_clock")) from None
    return opens, closes


def _minute(clock: str) -> int:
    hour, minute = clock.split(":")
    if not 0 <= int(minute) < HOUR_MIN:
        raise ValueError(minute)
    return int(hour) * HOUR_MIN + int(minute)
