"""``timebank coins ...`` where visits are concerned: what is paid for one, the sweep, and a death."""

from datetime import datetime
from typing import Annotated

import typer

from timebank.coins.command import app
from timebank.coins.desk import InBook, Key, Note, Office, Who, at_desk
from timebank.coins.settling import lapse_due
from timebank.core.terminal import tell
from timebank.visits.deaths import record_death
from timebank.visits.paid import redeem_visit, settle_paid

__all__ = ["app"]


@app.command()
def visit(
    visit_id: Annotated[int, typer.Argument(help="Number of the planned visit.")],
    office: Office,
    payer: Annotated[str, typer.Option(help="Who pays, when it is not the senior.")] = "",
    family: Annotated[bool, typer.Option("--family", help="Paid from the family account.")] = False,  # noqa: FBT002  # a switch of the command line
    book: InBook = "",
    key: Key = "",
) -> None:
    """Hold the price of a planned visit; it is captured or released as the visit ends."""
    with at_desk(office, book, key=key) as desk:
        pays = desk.who(payer) if payer else None
        row = redeem_visit(desk.session, desk.act, visit_id, payer_id=pays, from_family=family)
        tell("coins_held", number=row.id, price=row.price_min, person=row.asker_id, key=desk.act.key)


@app.command()
def sweep(office: Office, book: InBook = "") -> None:
    """Settle what is paid for visits that have ended, and end the holds whose moment has passed; for every night."""
    with at_desk(office, book) as desk:
        paid = settle_paid(desk.session, now=desk.act.now, book_id=desk.act.book_id)
        lapsed = lapse_due(desk.session, desk.act.book_id, now=desk.act.now)
        tell("coins_swept", **paid._asdict(), expired=lapsed.redemptions, lapsed=lapsed.gifts)


@app.command()
def died(
    person: Who,
    office: Office,
    on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Day of death.")],
    note: Note = "",
    book: InBook = "",
    key: Key = "",
) -> None:
    """Record a death: visits, wishes and gifts end, what is held is free, and the account waits for the heirs."""
    with at_desk(office, book, key=key, note=note) as desk:
        death = record_death(desk.session, desk.act, desk.who(person), died_on=on.date())
        tell("coins_died", visits=death.visits, number=death.estate.id if death.estate else "-")
