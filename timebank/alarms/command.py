"""``timebank alarms ...``: devices, sources of messages, and orders from what is heard until they are closed."""

from typing import Annotated
from uuid import uuid4

import typer
from sqlmodel import Session

from timebank.alarms import told
from timebank.alarms.clocks import tick as move_clocks
from timebank.alarms.devices import register_device, remove_device
from timebank.alarms.kinds import kinds
from timebank.alarms.life import accept, close, confirm, decline, escalate, receive, settle
from timebank.alarms.meter_command import app as meter_app
from timebank.alarms.orders import accounts as account_for
from timebank.alarms.orders import asks_of, events_of, list_orders
from timebank.alarms.refusals import AccountsDiffer
from timebank.alarms.source_command import app as source_app
from timebank.core.clock import now
from timebank.core.errors import NotFound
from timebank.core.naming import number_of
from timebank.core.opening import reading, writing
from timebank.core.terminal import tell
from timebank.core.texts import LOCALES
from timebank.people.tables import Organisation, Senior, Volunteer

app = typer.Typer(no_args_is_help=True, help="One-touch calls and water meters 一键通与智能水表。")
app.add_typer(source_app, name="source")
app.add_typer(meter_app, name="meters")
Office = Annotated[str, typer.Option("--organisation", "-o", help="Code of the organisation that acts.")]
Number = Annotated[int, typer.Argument(help="Number of the order.")]
Note = Annotated[str, typer.Option("--note", help="What is to be known of it; encrypted.")]
For = Annotated[str, typer.Option("--volunteer", help="Reference of the volunteer who acts; else the organisation.")]
Shown = Annotated[int, typer.Option("--first", min=1, max=100, help="How many lines.")]
DeviceKind = Annotated[str, typer.Argument(help="call or meter.")]
Code = Annotated[str, typer.Argument(help="Code that the device says.")]


@app.command()
def device(
    kind: DeviceKind,
    code: Code,
    organisation: Office,
    senior: Annotated[str, typer.Option(help="Reference of the senior in whose home it stands.")] = "",
) -> None:
    """Put a device into a home; without a senior, take it down."""
    with writing() as session:
        own = number_of(session, Organisation, organisation)
        if senior:
            number = number_of(session, Senior, senior, name="external_ref", number="person_id")
            register_device(session, kind, code, number, now=now(), organisation_id=own)
        else:
            remove_device(session, kind, code, now=now(), organisation_id=own)
    tell("alarms_device_up" if senior else "alarms_device_down", code=code, senior=senior)


@app.command()
def call(
    code: Code,
    kind: Annotated[str, typer.Argument(help="care_call, rescue, taxi or registration.")],
    organisation: Office,
    key: Annotated[str, typer.Option(help="The same key is the same call. Else a new one.")] = "",
) -> None:
    """Write down a call that came by telephone: an order is made of it."""
    with writing() as session:
        actor, own = _office(session, organisation)
        kinds().of(kind, device="call")
        order = receive(session, key=f"desk:{own}:{key or uuid4().hex}", kind=kind, code=code, actor=actor, now=now())
        _show(session, order.id or 0, own)


@app.command(name="list")
def list_some(
    organisation: Office,
    closed: Annotated[bool, typer.Option("--closed", help="Those that are closed.")] = False,  # noqa: FBT002  # a switch of the command line
    kind: Annotated[str, typer.Option(help="One kind alone.")] = "",
    before: Annotated[int, typer.Option(help="Number of the last one of the page before.")] = 0,
    first: Shown = 20,
) -> None:
    """List orders of the organisation's streets, newest first."""
    with reading() as session:
        own = number_of(session, Organisation, organisation)
        rows = list_orders(
            session,
            first=first,
            before_id=before or None,
            organisation_id=own,
            is_open=not closed,
            kind=kinds().of(kind).code if kind else None,
        )
        for row in rows:
            _lines(*(told.order_line(row, locale) for locale in LOCALES))


@app.command()
def show(order: Number, organisation: Office) -> None:
    """Show an order: every step, and the volunteers in their turn."""
    with reading() as session:
        own = number_of(session, Organisation, organisation)
        kind = kinds().of(_show(session, order, own))
        for event in events_of(session, order):
            _lines(*(told.event_line(kind, event, locale) for locale in LOCALES))
        for ask in asks_of(session, order):
            _lines(*(told.ask_line(ask, locale) for locale in LOCALES))


@app.command(name="settle")
def settle_one(
    order: Number, senior: Annotated[str, typer.Argument(help="Reference of the senior.")], organisation: Office
) -> None:
    """Say whose device an unknown one is."""
    with writing() as session:
        actor, own = _office(session, organisation)
        number = number_of(session, Senior, senior, name="external_ref", number="person_id")
        settle(session, order, number, actor=actor, now=now(), organisation_id=own)
        _show(session, order, own)


@app.command(name="accept")
def accept_one(order: Number, organisation: Office, volunteer: For = "") -> None:
    """Take an order on, for the organisation or for the volunteer whose turn it is."""
    with writing() as session:
        actor, own, who = _who(session, organisation, volunteer)
        accept(session, order, actor=actor, now=now(), organisation_id=own, volunteer_id=who)
        _show(session, order, own)


@app.command(name="decline")
def decline_one(order: Number, organisation: Office, volunteer: For = "", note: Note = "") -> None:
    """Say that whoever is asked cannot; the next is asked."""
    with writing() as session:
        actor, own, who = _who(session, organisation, volunteer)
        decline(session, order, actor=actor, now=now(), note=note, organisation_id=own, volunteer_id=who)
        _show(session, order, own)


@app.command(name="escalate")
def escalate_one(order: Number, organisation: Office, note: Note = "") -> None:
    """Go on to the next step by hand."""
    with writing() as session:
        actor, own = _office(session, organisation)
        escalate(session, order, actor=actor, now=now(), note=note, organisation_id=own)
        _show(session, order, own)


@app.command(name="confirm")
def confirm_one(
    order: Number,
    finding: Annotated[str, typer.Argument(help="What was found, such as with_family.")],
    organisation: Office,
    volunteer: For = "",
    note: Note = "",
) -> None:
    """Say what was found, by telephone or at the door."""
    with writing() as session:
        actor, own, who = _who(session, organisation, volunteer)
        confirm(session, order, finding, actor=actor, now=now(), note=note, organisation_id=own, volunteer_id=who)
        _show(session, order, own)


@app.command(name="close")
def close_one(
    order: Number,
    outcome: Annotated[str, typer.Argument(help="How it ended, such as helped.")],
    organisation: Office,
    volunteer: For = "",
    note: Note = "",
) -> None:
    """Close an order with its outcome."""
    with writing() as session:
        actor, own, who = _who(session, organisation, volunteer)
        close(session, order, outcome, actor=actor, now=now(), note=note, organisation_id=own, volunteer_id=who)
        _show(session, order, own)


@app.command()
def tick() -> None:
    """Move what was not answered or handled in time; a worker does it by itself every few seconds."""
    with writing() as session:
        count = move_clocks(session, now=now())
    tell("alarms_moved", count=count)


@app.command()
def accounts() -> None:
    """Account for every order that was ever received: open by state, closed by outcome."""
    with reading() as session:
        found = account_for(session)
    for zh, en in zip(*(told.account_lines(found, locale) for locale in LOCALES), strict=True):
        _lines(zh, en)
    if not found.is_balanced:
        known = sum(found.open_by_state.values()) + sum(found.closed_by_outcome.values())
        raise AccountsDiffer(received=found.received, told=known)


def _office(session: Session, code: str) -> tuple[str, int]:
    """Return who acts, and whose orders they see."""
    number = number_of(session, Organisation, code)
    return f"organisation:{number}", number


def _who(session: Session, organisation: str, volunteer: str) -> tuple[str, int, int | None]:
    actor, own = _office(session, organisation)
    if not volunteer:
        return actor, own, None
    number = number_of(session, Volunteer, volunteer, name="external_ref", number="person_id")
    return f"person:{number}", own, number


def _show(session: Session, order_id: int, organisation_id: int) -> str:
    """Print an order on one line in each language; returns its kind."""
    rows = list_orders(session, first=1, organisation_id=organisation_id, order_id=order_id)
    if not rows:
        raise NotFound(kind="alarm_order", key=str(order_id))
    _lines(*(told.order_line(rows[0], locale) for locale in LOCALES))
    return str(rows[0].kind)


def _lines(*lines: str) -> None:
    for line in lines:
        typer.echo(line)
