"""``timebank coins grants ...``: programmes of initial grants."""

from datetime import datetime
from typing import Annotated

import typer

from timebank.coins.desk import InBook, Key, Office, Who, at_desk
from timebank.coins.grants import Programme, grant, open_programme, programmes_in
from timebank.core.terminal import tell

app = typer.Typer(no_args_is_help=True, help="Initial grants 初始发放。")
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])]


@app.command(name="open")
def open_one(
    name: Annotated[str, typer.Argument(help="Name of the programme, in Chinese.")],
    office: Office,
    amount: Annotated[int, typer.Option(help="Minutes for each person.")],
    budget: Annotated[int, typer.Option(help="Minutes in all.")],
    from_day: Day,
    to_day: Day,
    book: InBook = "",
    key: Key = "",
) -> None:
    """Open a programme from a day until before another."""
    with at_desk(office, book, key=key) as desk:
        programme = Programme(
            name_zh=name, amount_min=amount, budget_min=budget, from_day=from_day.date(), to_day=to_day.date()
        )
        row = open_programme(desk.session, desk.act, programme)
        tell("coins_programme", number=row.id, name=name, amount=amount, left=row.budget_min - row.used_min)


@app.command(name="give")
def give_one(
    programme: Annotated[int, typer.Argument(help="Number of the programme.")],
    person: Who,
    office: Office,
    book: InBook = "",
    key: Key = "",
) -> None:
    """Grant a person their initial coins, once."""
    with at_desk(office, book, key=key) as desk:
        row = grant(desk.session, desk.act, programme, person_id=desk.who(person))
        tell("coins_granted", minutes=row.amount_min, person=person, transfer=row.transfer_id)


@app.command(name="list")
def list_programmes(office: Office, book: InBook = "") -> None:
    """List the programmes of a book and what is left of each, the newest first, a hundred at most."""
    with at_desk(office, book, is_reading=True) as desk:
        rows = programmes_in(desk.session, desk.act.book_id)
        for row in rows:
            left = row.budget_min - row.used_min
            tell("coins_programme", number=row.id, name=row.name_zh, amount=row.amount_min, left=left)
        tell("coins_count", count=len(rows))
