"""``timebank coins family ...``: accounts that families share."""

from typing import Annotated

import typer

from timebank.coins.desk import InBook, Key, Minutes, Office, Who, at_desk
from timebank.coins.families import family_of, join_family, leave_family, members_of, open_family, put_in
from timebank.coins.holders import account_row
from timebank.core.terminal import tell

app = typer.Typer(no_args_is_help=True, help="Family accounts 家庭账户。")
Family = Annotated[int, typer.Argument(help="Number of the family account.")]


@app.command(name="open")
def open_one(head: Who, office: Office, book: InBook = "", key: Key = "") -> None:
    """Open a family account for its head."""
    with at_desk(office, book, key=key) as desk:
        family = open_family(desk.session, desk.act, desk.who(head))
        tell("coins_family", number=family.id, head=head)


@app.command()
def join(family: Family, person: Who, office: Office, book: InBook = "", key: Key = "") -> None:
    """Take a confirmed relative of the head in."""
    with at_desk(office, book, key=key) as desk:
        join_family(desk.session, desk.act, family, person_id=desk.who(person))
        tell("coins_joined", number=family, person=person)


@app.command(name="put")
def put_one(family: Family, person: Who, minutes: Minutes, office: Office, book: InBook = "", key: Key = "") -> None:
    """Put minutes of a member into the account."""
    with at_desk(office, book, key=key) as desk:
        member = put_in(desk.session, desk.act, family, person_id=desk.who(person), minutes=minutes)
        tell("coins_put_in", number=family, person=person, minutes=minutes, total=member.put_in_min)


@app.command()
def leave(family: Family, person: Who, office: Office, book: InBook = "", key: Key = "") -> None:
    """Let a member go with their part; with the head the account is closed."""
    with at_desk(office, book, key=key) as desk:
        member = leave_family(desk.session, desk.act, family, person_id=desk.who(person))
        tell("coins_left", number=family, person=person, minutes=member.taken_out_min)


@app.command()
def show(family: Family, office: Office, book: InBook = "") -> None:
    """Show who belongs to an account, what they put in, and what is there; people are shown by number."""
    with at_desk(office, book, is_reading=True) as desk:
        found = family_of(desk.session, family, book_id=desk.act.book_id)
        row = account_row(desk.session, found.account_id)
        tell("coins_family_has", number=family, minutes=row.credits - row.debits, held=row.held)
        for member in members_of(desk.session, family):
            tell("coins_member", person=member.person_id, minutes=member.put_in_min)
