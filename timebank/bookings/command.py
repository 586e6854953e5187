"""``timebank bookings ...``: what a desk does for those who ask by telephone for a bath or a ride."""

from datetime import datetime, timedelta
from typing import Annotated

import typer

from timebank.bookings.desk import Day, Desk, Office, at_desk
from timebank.bookings.endings import call_off, keep_lists
from timebank.bookings.listing import free_slots, places_had, requests_in
from timebank.bookings.notices import notice_done, notices_of
from timebank.bookings.outcomes import record_one
from timebank.bookings.requests import Asked, Destination, ask_place
from timebank.bookings.resource_command import app as resource_app
from timebank.bookings.rounds import Decided, decide
from timebank.bookings.steps import request_number, request_of
from timebank.bookings.tables import PlaceRequest
from timebank.bookings.told import decisions_of, last_decision, why_said
from timebank.core.errors import WrongInput
from timebank.core.minutes import format_clock
from timebank.core.naming import number_of
from timebank.core.terminal import tell
from timebank.core.texts import LOCALES, Phrase, say
from timebank.needs.tables import Service
from timebank.people.tables import Senior
from timebank.projects.tables import Resource

app = typer.Typer(no_args_is_help=True, help="Baths and accessible trips 助浴与无障碍出行.")
app.add_typer(resource_app, name="resource")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Number = Annotated[int, typer.Argument(help="Number of the request.")]


def _weekdays(text: str) -> int:
    """Read weekdays such as ``mon,wed,fri`` as a set."""
    known = ", ".join(WEEKDAYS)
    found = 0
    for word in filter(None, text.split(",")):
        if word not in WEEKDAYS:
            raise WrongInput(field="--every", value=word[:20], right=Phrase("right_one_of", known=known))
        found |= 1 << WEEKDAYS.index(word)
    return found


def _minute(field: str, text: str) -> int:
    """Read a time such as ``09:30``."""
    try:
        clock = datetime.strptime(text, "%H:%M")  # noqa: DTZ007  # a time of the district's day, without a date
    except ValueError:
        raise WrongInput(field=field, value=text[:20], right=Phrase("right_time_of_day")) from None
    return clock.hour * 60 + clock.minute


def _destination(text: str, arrive: str, back: str) -> Destination | None:
    """Read a destination such as ``中心医院@31.26,121.42``, with the time to be there and of the way back."""
    if not text:
        return None
    name, _, place = text.rpartition("@")
    lat, _, lon = place.partition(",")
    try:
        point = float(lat), float(lon)
    except ValueError:
        raise WrongInput(field="--to", value=text[:40], right=Phrase("right_to")) from None
    return Destination(
        name=name,
        lat_deg=point[0],
        lon_deg=point[1],
        arrive_min=_minute("--arrive", arrive) if arrive else None,
        back_min=_minute("--back", back) if back else None,
    )


@app.command()
def ask(  # one option for each thing that a caller is asked
    senior: Annotated[str, typer.Argument(help="Number of the senior in the registry.")],
    service: Annotated[str, typer.Argument(help="Code of the service: bath, trip.")],
    first: Day,
    organisation: Office,
    key: Annotated[str, typer.Option(help="The same key and content is the same request.")],
    days: Annotated[int, typer.Option(min=1, help="Any of so many days; for a series, until then.")] = 1,
    every: Annotated[str, typer.Option(help="A series: on each of these weekdays, such as mon,wed,fri.")] = "",
    hours: Annotated[str, typer.Option(help="Within these hours.")] = "07:00-19:00",
    by: Annotated[str, typer.Option(help="Who asks: self, spouse, child, relative, neighbour, staff.")] = "self",
    source: Annotated[str, typer.Option(help="phone, paper, page, relative, home_visit.")] = "phone",
    wheelchair: Annotated[bool, typer.Option("--wheelchair", help="Takes a place for a wheelchair.")] = False,  # noqa: FBT002  # a switch of the command line
    also: Annotated[list[str] | None, typer.Option(help="A further service at the same time: both or none.")] = None,
    short: Annotated[bool, typer.Option("--short-notice", help="Can come on the very day.")] = False,  # noqa: FBT002  # a switch of the command line
    to: Annotated[str, typer.Option(help="Destination of a trip, as NAME@LATITUDE,LONGITUDE.")] = "",
    arrive: Annotated[str, typer.Option(help="When to be there.")] = "",
    back: Annotated[str, typer.Option(help="When the way back begins.")] = "",
    another: Annotated[bool, typer.Option("--another", help="Is another one than what stands.")] = False,  # noqa: FBT002  # a switch of the command line
) -> None:
    """Ask for a place, and say at once what becomes of it and why."""
    begins, _, ends = hours.partition("-")
    with at_desk(organisation) as desk:
        asked = Asked(
            organisation_id=desk.organisation_id,
            senior_id=number_of(desk.session, Senior, senior, name="external_ref", number="person_id"),
            service_id=desk.service(service).id or 0,
            source=source,
            recorded_by=desk.actor,
            asker_relation=by,
            from_day=first.date(),
            to_day=first.date() + timedelta(days=days),
            window_start_min=_minute("--hours", begins),
            window_end_min=_minute("--hours", ends),
            weekdays=_weekdays(every),
            wheelchairs=int(wheelchair),
            is_short_notice=short,
            also=tuple(number_of(desk.session, Service, code) for code in also or ()),
            destination=_destination(to, arrive, back),
        )
        _show(desk, ask_place(desk.session, asked, idempotency_key=key, now=desk.now, is_another=another))


@app.command()
def show(request: Number, organisation: Office) -> None:
    """Show a request with its places, and every decision about it."""
    with at_desk(organisation, is_reading=True) as desk:
        row = request_of(desk.session, request, organisation_id=desk.organisation_id)
        _show(desk, row)
        for decision in decisions_of(desk.session, request)[:-1]:
            for locale in LOCALES:
                typer.echo(f"  {decision.round_id}: {why_said(decision, locale)}")


def _show(desk: Desk, request: PlaceRequest) -> None:
    number = request_number(request)
    tell("booking_asked", number=number, state=Phrase(f"place_{request.status}"))
    for had in places_had(desk.session, [number]).get(number, []):
        place = _place(had.day, had.starts_min, had.ends_min, had.name_zh)
        tell("booking_place", **place, state=Phrase(f"place_{had.status}"))
    decision = last_decision(desk.session, number)
    if decision is not None:
        for locale in LOCALES:
            typer.echo(f"  {why_said(decision, locale)}")


def _place(day: object, starts_min: int, ends_min: int, resource: str) -> dict[str, object]:
    return {"day": day, "starts": format_clock(starts_min), "ends": format_clock(ends_min), "resource": resource}


@app.command(name="list")
def list_requests(
    organisation: Office,
    status: Annotated[str, typer.Option(help="received, waiting, placed, done, withdrawn, lapsed; else all.")] = "",
    before: Annotated[int, typer.Option(help="Number of the last one of the page before.")] = 0,
) -> None:
    """List requests of the desk's sub-districts, newest first, a hundred at most."""
    with at_desk(organisation, is_reading=True) as desk:
        rows = requests_in(
            desk.session,
            first=100,
            before_id=before or None,
            status=status or None,
            organisation_id=desk.organisation_id,
        )
        for row in rows:
            senior = desk.session.get_one(Senior, row.senior_id).external_ref
            service = desk.session.get_one(Service, row.service_id).code
            last = row.to_day - timedelta(days=1)
            words = {"number": row.id, "senior": senior, "service": service, "first": row.from_day, "last": last}
            tell("booking_line", **words, state=Phrase(f"place_{row.status}"))


@app.command()
def cancel(
    request: Number,
    organisation: Office,
    reason: Annotated[str, typer.Option(help="In a few words.")],
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="One date of a series; else the whole request.")
    ] = None,
) -> None:
    """Call a request off, or one date of it; its place goes to the next on the list."""
    with at_desk(organisation) as desk:
        row = request_of(desk.session, request, organisation_id=desk.organisation_id)
        day = on.date() if on else None
        decided = call_off(desk.session, row, actor=desk.actor, reason=reason, now=desk.now, day=day)
        tell("booking_asked", number=request, state=Phrase(f"place_{row.status}"))
        _moved_up(decided)


def _moved_up(decided: Decided) -> None:
    for number in decided.placed:
        tell("booking_moved_up", number=number)


@app.command()
def outcome(
    request: Number,
    day: Day,
    status: Annotated[str, typer.Argument(help="used or missed.")],
    organisation: Office,
    minutes: Annotated[int, typer.Option(help="How long it took.")] = 0,
    cents: Annotated[int | None, typer.Option(help="What it cost, in cents; else as the resource says.")] = None,
) -> None:
    """Record what became of a place; a missed one goes to whoever can come at once."""
    with at_desk(organisation) as desk:
        request_of(desk.session, request, organisation_id=desk.organisation_id)
        decided = record_one(
            desk.session,
            request,
            day.date(),
            status,
            served_min=minutes,
            cost_cents=cents,
            actor=desk.actor,
            now=desk.now,
        )
        for had in places_had(desk.session, [request])[request]:
            if had.day == day.date() and had.status == status:
                words = {"number": request, "day": had.day, "minutes": had.served_min, "cents": had.cost_cents}
                tell("booking_recorded", **words, state=Phrase(f"place_{status}"))
        _moved_up(decided)


@app.command(name="round")
def decide_round(
    service: Annotated[str, typer.Argument(help="Code of the service.")],
    until: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="Who asked for days before this one.")],
    organisation: Office,
) -> None:
    """Decide a round: everybody who asked for days before one, and all who wait."""
    with at_desk(organisation) as desk:
        one = desk.service(service)
        decided = decide(desk.session, one, actor=desk.actor, now=desk.now, until=until.date())
        words = {"placed": len(decided.placed), "listed": len(decided.listed)}
        for locale, name in zip(LOCALES, (one.name_zh, one.name_en), strict=True):
            typer.echo(say("booking_round", locale, service=name, **words))


@app.command()
def free(
    service: Annotated[str, typer.Argument(help="Code of the service.")],
    first: Day,
    organisation: Office,
    days: Annotated[int, typer.Option(min=1, max=92)] = 7,
) -> None:
    """Show what is free of a service."""
    with at_desk(organisation, is_reading=True) as desk:
        span = (first.date(), first.date() + timedelta(days=days))
        for slot in free_slots(desk.session, desk.service(service).id or 0, span):
            name = desk.session.get_one(Resource, slot.resource_id).name_zh
            words = {"free": slot.free, "places": slot.places, "chairs": slot.free_wheelchairs}
            tell("booking_free", **_place(slot.day, slot.starts_min, slot.ends_min, name), **words)


@app.command()
def notices(organisation: Office, after: Annotated[int, typer.Option(help="Number of the last one seen.")] = 0) -> None:
    """List whom the desk has to call, oldest first, a hundred at most."""
    with at_desk(organisation, is_reading=True) as desk:
        for notice in notices_of(desk.session, desk.organisation_id, first=100, after_id=after):
            row = desk.session.get_one(PlaceRequest, notice.request_id)
            senior = desk.session.get_one(Senior, row.senior_id).external_ref
            words = {"number": notice.id, "senior": senior, "request": notice.request_id, "day": notice.day}
            tell("desk_notice_line", **words, kind=Phrase(f"desk_notice_{notice.kind}"))


@app.command()
def called(notice: Annotated[int, typer.Argument(help="Number of the notice.")], organisation: Office) -> None:
    """Say that a call was made."""
    with at_desk(organisation) as desk:
        row = notice_done(desk.session, notice, organisation_id=desk.organisation_id, actor=desk.actor, now=desk.now)
        tell("desk_notice_done", number=row.id)


@app.command()
def sweep(organisation: Office) -> None:
    """See to all lists: who lost a place waits again, whose days are past ends, what is free is given out."""
    with at_desk(organisation) as desk:
        for decided in keep_lists(desk.session, actor=desk.actor, now=desk.now):
            _moved_up(decided)
