"""``timebank coins ...``: what an office clerk does with coins for the people who come to the desk."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

import typer

from timebank.coins.acts import Act
from timebank.coins.checks import compare_coins
from timebank.coins.closing import close_account
from timebank.coins.desk import Desk, InBook, Key, Minutes, Note, Office, Who, at_desk
from timebank.coins.donations import Donated, donate, give_aid
from timebank.coins.estates import settle_estate
from timebank.coins.family_command import app as family_app
from timebank.coins.gifts import accept_gift, decline_gift, gifts_of, give, undo_gift, withdraw_gift
from timebank.coins.grant_command import app as grant_app
from timebank.coins.moves import book_named, move, unsettled
from timebank.coins.redeeming import Booking, redeem, redemption_of, redemptions_in
from timebank.coins.relations import answer_relation, propose_relation
from timebank.coins.settling import capture_redemption, release_redemption
from timebank.core.errors import WrongInput
from timebank.core.terminal import tell
from timebank.core.texts import Phrase
from timebank.rules.known import TARGETS

app = typer.Typer(no_args_is_help=True, help="What coins do 时间币的使用。")
app.add_typer(family_app, name="family")
app.add_typer(grant_app, name="grants")
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])]
ANSWERS = {"accept": accept_gift, "decline": decline_gift, "withdraw": withdraw_gift, "undo": undo_gift}


@app.command(name="redeem")
def redeem_one(
    person: Who,
    service: Annotated[str, typer.Argument(help="Code of the service.")],
    minutes: Minutes,
    office: Office,
    on: Day,
    served: Annotated[str, typer.Option("--for", help="Who is served, when it is somebody else.")] = "",
    family: Annotated[bool, typer.Option("--family", help="Paid from the family account.")] = False,  # noqa: FBT002  # a switch of the command line
    residence: Annotated[str, typer.Option(help="none, resident or registered, where no registry says it.")] = "",
    book: InBook = "",
    key: Key = "",
    note: Note = "",
) -> None:
    """Hold the price of a service until it is served."""
    with at_desk(office, book, key=key, note=note) as desk:
        booking = Booking(
            payer_id=desk.who(person),
            service_id=desk.service(service),
            minutes=minutes,
            last_day=on.date(),
            taker_id=desk.who(served) if served else None,
            from_family=family,
            residence=residence or None,
        )
        row = redeem(desk.session, desk.act, booking)
        tell("coins_held", number=row.id, price=row.price_min, person=person, key=desk.act.key)


@app.command(name="list")
def list_redemptions(
    office: Office,
    status: Annotated[str, typer.Option(help="held, captured, released or expired.")] = "held",
    after: Annotated[int, typer.Option(help="Number of the last one of the page before.")] = 0,
    book: InBook = "",
) -> None:
    """List redemptions, oldest first, a hundred at most; people are shown by number."""
    states = ("held", "captured", "released", "expired")
    if status not in states:
        raise WrongInput(field="--status", value=status[:20], right=Phrase("right_one_of", known=", ".join(states)))
    with at_desk(office, book, is_reading=True) as desk:
        rows = redemptions_in(desk.session, desk.act.book_id, status, first=100, after_id=after)
        for row in rows:
            state = Phrase(f"redemption_{row.status}")
            words = {"number": row.id, "asker": row.asker_id, "served": row.served_id, "price": row.price_min}
            tell("coins_redemption", **words, state=state, captured=row.captured_min)
        tell("coins_count", count=len(rows))


@app.command()
def served(
    redemption: Annotated[int, typer.Argument(help="Number of the redemption.")],
    minutes: Minutes,
    office: Office,
    book: InBook = "",
) -> None:
    """Pay for the minutes that were served; 0 was not served, and is free again."""
    with at_desk(office, book) as desk:
        number = redemption_of(desk.session, redemption, book_id=desk.act.book_id).id or 0
        paid = capture_redemption(desk.session, number, served_min=minutes, actor=desk.act.actor, now=desk.act.now)
        _tell_redemption(desk, number, paid)


@app.command()
def release(
    redemption: Annotated[int, typer.Argument(help="Number of the redemption.")], office: Office, book: InBook = ""
) -> None:
    """Free what is held for a service that is not served."""
    with at_desk(office, book) as desk:
        number = redemption_of(desk.session, redemption, book_id=desk.act.book_id).id or 0
        release_redemption(desk.session, number, now=desk.act.now)
        _tell_redemption(desk, number, 0)


def _tell_redemption(desk: Desk, number: int, paid: int) -> None:
    row = redemption_of(desk.session, number)
    tell("coins_ended", number=number, state=Phrase(f"redemption_{row.status}"), paid=paid, free=row.price_min - paid)


@app.command()
def relate(
    person: Who,
    other: Annotated[str, typer.Argument(help="The other person.")],
    relation: Annotated[str, typer.Argument(help="What the other is to the person: child, spouse, friend ...")],
    office: Office,
    proof: Annotated[str, typer.Option(help="What the office has seen, such as the household register.")],
    book: InBook = "",
    key: Key = "",
) -> None:
    """Write down what two people are to each other, confirmed by the office on proof."""
    with at_desk(office, book, key=key, note=proof) as desk:
        pair = {"person_id": desk.who(person), "other_id": desk.who(other)}
        row = propose_relation(desk.session, desk.act, **pair, relation=relation)
        if row.status == "proposed":
            answer_relation(desk.session, _again(desk, ":yes"), row.id or 0, yes=True)
        tell("coins_related", person=person, other=other, relation=Phrase(f"relation_{relation}"))


@app.command(name="give")
def give_one(
    giver: Who,
    taker: Annotated[str, typer.Argument(help="Who is given.")],
    minutes: Minutes,
    office: Office,
    book: InBook = "",
    key: Key = "",
) -> None:
    """Offer minutes of one person to a relative or friend; they wait for the answer."""
    with at_desk(office, book, key=key) as desk:
        people = {"giver_id": desk.who(giver), "taker_id": desk.who(taker)}
        gift = give(desk.session, desk.act, **people, minutes=minutes)
        tell("coins_gift", number=gift.id, minutes=minutes, until=gift.answer_by.date(), key=desk.act.key)


@app.command()
def answer(
    gift: Annotated[int, typer.Argument(help="Number of the gift.")],
    what: Annotated[str, typer.Argument(help="accept or decline (the taker), withdraw or undo (the giver).")],
    office: Office,
    book: InBook = "",
    key: Key = "",
) -> None:
    """Answer a gift for the taker, or take it back for the giver."""
    if what not in ANSWERS:
        raise WrongInput(field="what", value=what[:20], right=Phrase("right_one_of", known=", ".join(ANSWERS)))
    with at_desk(office, book, key=key) as desk:
        row = ANSWERS[what](desk.session, desk.act, gift)
        tell("coins_gift_is", number=gift, state=Phrase(f"gift_{row.status}"), minutes=row.amount_min)


@app.command()
def gifts(person: Who, office: Office, book: InBook = "") -> None:
    """List the gifts of a person, the newest first, a hundred at most; people are shown by number."""
    with at_desk(office, book, is_reading=True) as desk:
        rows = gifts_of(desk.session, desk.act.book_id, desk.who(person), first=100)
        for row in rows:
            words = {"number": row.id, "giver": row.giver_id, "taker": row.taker_id, "minutes": row.amount_min}
            tell("coins_gift_line", **words, state=Phrase(f"gift_{row.status}"))
        tell("coins_count", count=len(rows))


@app.command(name="donate")
def donate_one(
    minutes: Minutes,
    office: Office,
    to: Annotated[str, typer.Option(help="pool, project:NUMBER, institution:CODE, or person_in_hardship:WHO.")],
    person: Annotated[str, typer.Option("--from", help="Who donates; else the office, of its groups' hours.")] = "",
    book: InBook = "",
    key: Key = "",
) -> None:
    """Donate what is a person's, or hours of the office's groups."""
    with at_desk(office, book, key=key) as desk:
        target, target_id = _target(desk, to)
        donated = Donated(
            minutes=minutes,
            target=target,
            target_id=target_id,
            person_id=desk.who(person) if person else None,
            organisation_id=None if person else desk.organisation(office),
        )
        transfer = donate(desk.session, desk.act, donated)
        tell("coins_donated", minutes=minutes, target=Phrase(f"word_{target}"), transfer=transfer, key=desk.act.key)


def _target(desk: Desk, to: str) -> tuple[str, int | None]:
    """Read a target and whom it names."""
    target, _, which = to.partition(":")
    if target not in TARGETS:
        raise WrongInput(field="--to", value=to[:20], right=Phrase("right_one_of", known=", ".join(TARGETS)))
    if target == "institution":
        return target, desk.organisation(which)
    if target == "person_in_hardship":
        return target, desk.who(which)
    if target == "project" and not (which.isascii() and which.isdigit()):
        raise WrongInput(field="--to", value=to[:20], right=Phrase("right_target"))
    return target, int(which[:18]) if which.isdigit() else None


@app.command()
def aid(person: Who, minutes: Minutes, office: Office, note: Note, book: InBook = "", key: Key = "") -> None:
    """Give minutes of the pool to somebody in hardship; the note says why."""
    with at_desk(office, book, key=key, note=note) as desk:
        transfer = give_aid(desk.session, desk.act, person_id=desk.who(person), minutes=minutes)
        tell("coins_aid", minutes=minutes, person=person, transfer=transfer, key=desk.act.key)


@app.command(name="move")
def move_one(
    person: Who,
    minutes: Minutes,
    office: Office,
    to: Annotated[str, typer.Option(help="Code of the other district's book.")],
    moved: Annotated[bool | None, typer.Option("--moved/--not-moved", help="Whether their home is there now.")] = None,
    book: InBook = "",
    key: Key = "",
) -> None:
    """Move minutes to the book of the district that a person has moved to."""
    with at_desk(office, book, key=key) as desk:
        there = book_named(desk.session, to)
        who = desk.who(person)
        row = move(desk.session, desk.act, person_id=who, to_book_id=there, minutes=minutes, has_moved=moved)
        words = {"outgoing": row.out_transfer_id, "incoming": row.in_transfer_id}
        tell("coins_moved", minutes=minutes, to=to, **words, key=desk.act.key)


@app.command()
def check(office: Office, book: InBook = "") -> None:
    """Compare what coins did with the ledger; ends with 1 and names the first wrong row when they differ."""
    with at_desk(office, book, is_reading=True) as desk:
        found = compare_coins(desk.session, desk.act.book_id)
        for unlike in found:
            typer.echo(f"{unlike.check}: {unlike.row}")
        if not found:
            tell("coins_agree")
    raise typer.Exit(int(bool(found)))


@app.command()
def settlements(office: Office, book: InBook = "") -> None:
    """Compare what every two books say of each other; ends with 1 when two sides are not opposite."""
    with at_desk(office, book, is_reading=True) as desk:
        found = unsettled(desk.session)
        for row in found:
            tell("coins_unsettled", **row._asdict())
        if not found:
            tell("coins_settled")
    raise typer.Exit(int(bool(found)))


@app.command()
def estate(
    estate_id: Annotated[int, typer.Argument(help="Number of the estate.")],
    office: Office,
    heir: Annotated[
        list[str] | None, typer.Option(help="An heir and how many parts: WHO=PARTS; none is the pool.")
    ] = None,
    book: InBook = "",
    key: Key = "",
) -> None:
    """Pass on what somebody left: to the heirs, or to the pool where there is none; then the account is closed."""
    with at_desk(office, book, key=key) as desk:
        parts: dict[int, int] = {}
        for one in heir or ():
            who, _, part = one.partition("=")
            if not (part.isascii() and part.isdigit()):
                raise WrongInput(field="--heir", value=one[:20], right=Phrase("right_share_each"))
            parts[desk.who(who)] = int(part[:9])
        row = settle_estate(desk.session, desk.act, estate_id, parts=parts)
        tell("coins_estate_settled", number=estate_id, minutes=row.passed_min, heirs=len(parts))


@app.command()
def close(
    person: Who,
    office: Office,
    rest_to: Annotated[str, typer.Option(help="pool: what is left is donated to it.")] = "",
    book: InBook = "",
    key: Key = "",
    note: Note = "",
) -> None:
    """Close an account in which nothing is left; its history stays."""
    with at_desk(office, book, key=key, note=note) as desk:
        account = close_account(desk.session, desk.act, desk.who(person), rest_to=rest_to)
        tell("coins_closed", account=account, person=person)


def _again(desk: Desk, suffix: str) -> Act:
    return replace(desk.act, key=f"{desk.act.key[:190]}{suffix}")
