"""``timebank bookings resource ...``: rules of a service, what a resource holds, who works on it, and vehicle days."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from timebank.bookings.desk import Day, Office, at_desk
from timebank.bookings.rules import Terms, set_terms, terms_on
from timebank.bookings.sheet import render_sheet, sheet_of
from timebank.bookings.vans import calls_of, route_day
from timebank.core.naming import number_of
from timebank.core.terminal import tell
from timebank.core.texts import Phrase
from timebank.people.tables import Volunteer
from timebank.projects.fitting import Fitting, assign_staff, fit_resource, resource_of
from timebank.projects.tables import Resource

app = typer.Typer(no_args_is_help=True, help="Resources, crews and vehicle days 资源、班组与行车.")
Code = Annotated[str, typer.Argument(help="Code of the resource.")]


@app.command()
def rule(
    service: Annotated[str, typer.Argument(help="Code of the service.")],
    since: Day,
    organisation: Office,
    notice: Annotated[int | None, typer.Option(help="Days ahead at least.")] = None,
    ahead: Annotated[int | None, typer.Option(help="Days ahead at most.")] = None,
    decides: Annotated[str, typer.Option(help="at_once or round; else as it was.")] = "",
) -> None:
    """Say how places of a service are asked for from a day on; what is not said stays as it was."""
    with at_desk(organisation) as desk:
        one, day = desk.service(service), since.date()
        stands = terms_on(desk.session, one, day)
        terms = Terms(
            notice_days=stands.notice_days if notice is None else notice,
            ahead_days=stands.ahead_days if ahead is None else ahead,
            list_notice_days=stands.list_notice_days,
            cancel_days=stands.cancel_days,
            series_weeks=stands.series_weeks,
            decides=decides or stands.decides,
        )
        set_terms(desk.session, one.id or 0, terms, from_day=day, actor=desk.actor, now=desk.now)
        words = {"service": service, "day": day, "notice": terms.notice_days, "ahead": terms.ahead_days}
        tell("booking_terms", **words, decides=Phrase(f"decides_{terms.decides}"))


@app.command()
def fit(  # one option for each thing that a resource holds
    resource: Code,
    kind: Annotated[str, typer.Argument(help="place, vehicle or device.")],
    organisation: Office,
    seats: Annotated[int, typer.Option()] = 0,
    wheelchairs: Annotated[int, typer.Option(help="Places for wheelchairs.")] = 0,
    cents: Annotated[int, typer.Option(help="What a place costs the project, in cents.")] = 0,
    role: Annotated[list[str] | None, typer.Option(help="Who must be there: driver, carer, bather, operator.")] = None,
) -> None:
    """Say what a resource holds and costs; the last word stands, for all its slots."""
    with at_desk(organisation) as desk:
        fitting = Fitting(
            kind=kind, seats=seats, wheelchairs=wheelchairs, place_cost_cents=cents, roles=tuple(role or ())
        )
        number = resource_of(desk.session, resource, desk.organisation_id)
        fit_resource(desk.session, number, fitting, actor=desk.actor, now=desk.now)
        roles = ", ".join(fitting.roles) or "-"
        tell("booking_fitted", resource=resource, seats=seats, chairs=wheelchairs, roles=roles)


@app.command()
def staff(
    resource: Code,
    person: Annotated[str, typer.Argument(help="Number in the registry of who works there.")],
    role: Annotated[str, typer.Argument(help="driver, carer, bather or operator.")],
    since: Day,
    organisation: Office,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Not this day any more.")] = None,
) -> None:
    """Write down who works on a resource; a slot without its crew is not given out."""
    with at_desk(organisation) as desk:
        who = number_of(desk.session, Volunteer, person, name="external_ref", number="person_id")
        number, ends = resource_of(desk.session, resource, desk.organisation_id), until.date() if until else None
        assign_staff(
            desk.session, number, who, role, from_day=since.date(), to_day=ends, actor=desk.actor, now=desk.now
        )
        tell("booking_crew", person=person, role=Phrase(f"crew_{role}"), resource=resource, day=since.date())


@app.command()
def route(day: Day, organisation: Office) -> None:
    """Route every vehicle of a day: who is fetched when. Done again, it changes only what has changed."""
    with at_desk(organisation) as desk:
        for row in route_day(desk.session, day.date(), actor=desk.actor, now=desk.now):
            code = desk.session.get_one(Resource, row.resource_id).code
            words = {
                "calls": len(calls_of(desk.session, row)),
                "km": f"{row.driven_m / 1000:.1f}",
                "left": row.left_out,
            }
            tell("booking_van_day", resource=code, day=row.day, **words)


@app.command()
def sheet(
    resource: Code, day: Day, organisation: Office, out: Annotated[Path, typer.Option(help="The page to write.")]
) -> None:
    """Print the driver's sheet of a routed day, from the day before on."""
    with at_desk(organisation, is_reading=True) as desk:
        number = resource_of(desk.session, resource, desk.organisation_id)
        page = render_sheet(sheet_of(desk.session, number, day.date(), now=desk.now))
    out.write_text(page, encoding="utf-8")
    tell("booking_sheet", path=out)
