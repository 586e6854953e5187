"""``timebank registry act ...``: duplicates and merges, deaths, moves away, and their undoing."""

from datetime import datetime
from typing import Annotated

import typer

from timebank.coins.desk import InBook, Key, Who, at_desk
from timebank.core.opening import reading
from timebank.core.terminal import tell
from timebank.core.texts import LOCALES, say
from timebank.registry.duplicates import list_duplicates
from timebank.registry.lives import acts_of, die, move_away, undo
from timebank.registry.merging import merge

app = typer.Typer(no_args_is_help=True, help="Duplicates, merges, deaths, moves away. 重复、合并、离世、迁出")
MOST_SHOWN = 100

By = Annotated[str, typer.Option("--by", help="Code of the organisation that acts. 登记组织")]
Reason = Annotated[str, typer.Option("--reason", help="Why, or on what proof. 原因或凭证")]
On = Annotated[datetime, typer.Option("--on", formats=["%Y-%m-%d"], help="The day. 日期")]


@app.command()
def duplicates() -> None:
    """Propose registrations that look like one person; the first hundred."""
    with reading() as session:
        rows = list_duplicates(session, first=MOST_SHOWN)
    for row in rows:
        tell("registry_duplicate", kept=row.kept_ref or row.kept_id, merged=row.merged_ref or row.merged_id)
    if not rows:
        tell("registry_no_duplicates")


@app.command(name="merge")
def merge_two(
    kept: Who,
    merged: Annotated[str, typer.Argument(help="Who goes into the first. 被合并的人")],
    reason: Reason,
    by: By,
    book: InBook = "",
) -> None:
    """Let one registration go into another, with everything that refers to it."""
    with at_desk(by, book) as desk:
        row = merge(
            desk.session,
            desk.who(kept),
            desk.who(merged),
            reason=reason,
            actor=desk.act.actor,
            now=desk.act.now,
        )
    tell("registry_merged", kept=kept, merged=merged, number=row.id)


@app.command()
def died(person: Who, on: On, reason: Reason, by: By, book: InBook = "", key: Key = "") -> None:
    """Record a death: everything that lies ahead ends, and the coins wait for the heirs."""
    with at_desk(by, book, key=key, note=reason) as desk:
        row = die(desk.session, desk.act, desk.who(person), died_on=on.date())
    tell("registry_died", ref=person, day=row.day, number=row.id)


@app.command()
def moved(person: Who, on: On, reason: Reason, by: By, book: InBook = "") -> None:
    """Record that somebody moved out of the district; coins stay, and can be moved to another book."""
    with at_desk(by, book) as desk:
        act = desk.act
        row = move_away(desk.session, desk.who(person), moved_on=on.date(), reason=reason, actor=act.actor, now=act.now)
    tell("registry_moved", ref=person, day=row.day, number=row.id)


@app.command(name="undo")
def undo_one(
    number: Annotated[int, typer.Argument(help="Number of the act. 登记事项号")], by: By, book: InBook = ""
) -> None:
    """Undo an act that was a mistake."""
    with at_desk(by, book) as desk:
        undo(desk.session, number, act=desk.act)
    tell("registry_undone", number=number)


@app.command(name="of")
def acts(person: Who, by: By, book: InBook = "") -> None:
    """List what the registry did to a person, undone acts too."""
    with at_desk(by, book, is_reading=True) as desk:
        rows = acts_of(desk.session, desk.who(person))
    for row in rows:
        for locale in LOCALES:
            state = say("registry_was_undone" if row.undone_at else "registry_stands", locale)
            kind = say(f"state_{row.kind}", locale)
            parts = {"number": row.id, "kind": kind, "day": row.day, "reason": row.reason}
            typer.echo(say("registry_act", locale, **parts, state=state))
