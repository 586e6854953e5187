"""``timebank visits ...``: what a clerk does by paper or telephone, and the credit of many days."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer
from sqlmodel import Session, select

from timebank.core.clock import day_of, now
from timebank.core.database import transaction
from timebank.core.naming import number_of
from timebank.core.opening import opened, reading, writing
from timebank.core.terminal import tell
from timebank.core.texts import LOCALES, say
from timebank.ledger.tables import Book
from timebank.people.tables import Organisation, Volunteer
from timebank.visits import audit_command, life
from timebank.visits.claims import choose_for_part, choose_for_visit
from timebank.visits.credit import Credited
from timebank.visits.diary import Outcome, record_day
from timebank.visits.due import MOST, due_visits
from timebank.visits.endings import cancel_by, miss_by
from timebank.visits.period import credit_period
from timebank.visits.scope import own_visit, wanted_book

app = typer.Typer(no_args_is_help=True, help="Visits 上门服务.")
app.add_typer(audit_command.sample_app, name="sample")
app.add_typer(audit_command.suspicion_app, name="suspicion")


class Side(StrEnum):
    """By whose side a visit ended."""

    GIVER = "giver"
    SERVED = "served"
    ORGANISATION = "organisation"


class Becomes(StrEnum):
    """What a record can become."""

    COIN = "coin"
    VOLUNTEER_RECORD = "volunteer_record"
    HONOUR = "honour"


class Evidence(StrEnum):
    """What shows a visit that a clerk writes down."""

    PAPER = "paper"
    LANDLINE = "landline"
    WITNESS = "witness"


Number = Annotated[int, typer.Argument(help="Number of the visit.", min=1)]
By = Annotated[str, typer.Option("--organisation", "-o", help="Code of the organisation that acts.")]
Note = Annotated[str, typer.Option(help="Words that are kept with it.")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]


@app.command()
def due(
    organisation: By,
    day: Day = None,
    first: Annotated[int, typer.Option(min=1, max=MOST, help="Most lines.")] = 50,
    after: Annotated[int, typer.Option(min=0, help="Number of the last visit of the page before.")] = 0,
) -> None:
    """List the visits of a day that wait for somebody: planned, begun, ended and not confirmed, disputed."""
    on = day.date() if day else day_of(now())
    with reading() as session:
        lines = due_visits(session, number_of(session, Organisation, organisation), on, first=first, after=after)
    for line in lines:
        hour = f"{line.starts_min // 60:02d}:{line.starts_min % 60:02d}"
        state = " ".join(say(f"state_{line.status}", locale) for locale in LOCALES)
        typer.echo(f"{line.visit_id}  {hour}  {line.service}  {line.giver_ref} -> {line.served_ref}  {state}")
    tell("visits_due_more" if len(lines) == first else "visits_due", count=len(lines), day=on)


@app.command()
def record(
    visit: Number,
    organisation: By,
    began: Annotated[datetime, typer.Option(formats=["%H:%M"], help="When it began.")],
    minutes: Annotated[int, typer.Option(min=1, max=1440, help="How long it took.")],
    evidence: Annotated[Evidence, typer.Option(help="What shows it.")] = Evidence.PAPER,
) -> None:
    """Write down a planned visit that was held, from paper or the telephone; it is confirmed by the organisation."""
    with writing() as session:
        own = own_visit(session, visit, number_of(session, Organisation, organisation))
        held = Outcome(visit, "confirmed", began.hour * 60 + began.minute, minutes, evidence.value, "organisation")
        changed = record_day(session, own.day, [held], actor=_actor(session, organisation), now=now())
        state = life.visit_of(session, visit).status
    _told(visit, state, is_new=changed > 0)


@app.command()
def confirm(visit: Number, organisation: By) -> None:
    """Confirm a visit that is checked out, as the organisation."""
    with writing() as session:
        own_visit(session, visit, number_of(session, Organisation, organisation))
        state = life.confirm(session, visit, confirmed_by="organisation").status
    _told(visit, state)


@app.command()
def dispute(visit: Number, organisation: By, note: Note) -> None:
    """Say what was not right; nothing is credited until it is resolved."""
    with writing() as session:
        own_visit(session, visit, number_of(session, Organisation, organisation))
        state = life.dispute(session, visit, actor=_actor(session, organisation), note=note, now=now()).status
    _told(visit, state)


@app.command()
def resolve(
    visit: Number,
    organisation: By,
    minutes: Annotated[int, typer.Option(min=0, max=1440, help="Minutes that count; 0 did not happen.")],
    note: Note,
) -> None:
    """End a dispute, as somebody who is no party to it: an office, or an organisation that did not dispute."""
    with writing() as session:
        parts = {"actor": _actor(session, organisation), "note": note}
        state = life.resolve(session, visit, served_min=minutes, now=now(), **parts).status
    _told(visit, state)


@app.command()
def miss(
    visit: Number,
    organisation: By,
    side: Annotated[Side, typer.Option(help="Who was not there: giver or served.")],
    note: Note = "",
) -> None:
    """Write down that a visit did not happen, and by whose side."""
    with writing() as session:
        own_visit(session, visit, number_of(session, Organisation, organisation))
        parts = {"side": side.value, "actor": _actor(session, organisation), "note": note}
        state = miss_by(session, visit, now=now(), **parts).status
    _told(visit, state)


@app.command()
def cancel(
    visit: Number, organisation: By, side: Annotated[Side, typer.Option(help="Who calls it off.")], note: Note = ""
) -> None:
    """Call a planned visit off, for one side."""
    with writing() as session:
        own_visit(session, visit, number_of(session, Organisation, organisation))
        parts = {"side": side.value, "actor": _actor(session, organisation), "note": note}
        state = cancel_by(session, visit, now=now(), **parts).status
    _told(visit, state)


@app.command()
def claim(
    number: Annotated[int, typer.Argument(help="Number of the visit, or of the group service.", min=1)],
    becomes: Annotated[Becomes, typer.Argument(help="What it becomes.")],
    organisation: By,
    giver: Annotated[str, typer.Option("--group-giver", help="Number of the volunteer, for a group service.")] = "",
) -> None:
    """Write down what a giver chooses that their hour becomes; it can be changed until it is settled."""
    with writing() as session:
        actor, own = _actor(session, organisation), number_of(session, Organisation, organisation)
        if giver:
            who = session.exec(select(Volunteer.person_id).where(Volunteer.external_ref == giver)).first() or 0
            chosen = choose_for_part(session, number, who, becomes.value, actor=actor, now=now(), organisation_id=own)
        else:
            own_visit(session, number, own)
            chosen = choose_for_visit(session, number, becomes.value, actor=actor, now=now())
    for locale in LOCALES:
        typer.echo(say("visits_claimed", locale, number=number, becomes=say(f"becomes_{chosen.becomes}", locale)))


@app.command()
def credit(
    first_day: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")],
    last_day: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, this one too.")],
    book: Annotated[str, typer.Option("--book", help="Code of the book; needed when there is more than one.")] = "",
) -> None:
    """Credit every confirmed record of some days; stop it whenever, and the same again goes on where it stood."""
    last = Credited()
    with opened() as engine:
        with transaction(engine, read_only=True) as session:
            number = wanted_book(session.exec(select(Book)).all(), book)
        to_day = last_day.date() + timedelta(days=1)

        def told(day: object, total: Credited) -> None:
            nonlocal last
            if total != last:
                typer.echo(f"{day}  {total.visits:,}  {total.minutes:,} min", err=True)
            last = total

        total = credit_period(engine, number, first_day.date(), to_day, clock=now, progress=told)
    tell("visits_credited", **total._asdict())


def _told(visit: int, state: str, *, is_new: bool = True) -> None:
    """Say in which state a visit is now."""
    for locale in LOCALES:
        key = "visits_done" if is_new else "visits_as_before"
        typer.echo(say(key, locale, visit=visit, state=say(f"state_{state}", locale)))


def _actor(session: Session, code: str) -> str:
    return f"organisation:{number_of(session, Organisation, code)}"
