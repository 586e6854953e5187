"""``timebank people ...``: what rules ask of people and no form says, written down with its proof."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer
from sqlmodel import Session

from timebank.core.clock import now
from timebank.core.naming import number_of
from timebank.core.opening import writing
from timebank.core.terminal import day_or_today
from timebank.core.texts import LOCALES, say
from timebank.people.belonging import person_named
from timebank.people.tables import Organisation
from timebank.people.ties import record_guardian, record_residence

app = typer.Typer(no_args_is_help=True, help="People 人员.")


class Tie(StrEnum):
    """A tie to the place, weakest first."""

    NONE = "none"
    RESIDENT = "resident"
    REGISTERED = "registered"


Who = Annotated[str, typer.Argument(help="Number of the volunteer or senior.")]
By = Annotated[str, typer.Option("--organisation", "-o", help="Code of the organisation that writes it down.")]
Since = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="From when on; else today.")]


@app.command()
def residence(
    person: Who,
    tie: Annotated[Tie, typer.Argument(help="Lives elsewhere, lives here, is registered here.")],
    organisation: By,
    since: Since = None,
    proof: Annotated[str, typer.Option(help="What was shown.")] = "",
) -> None:
    """Write down where a person belongs, from a day on, until something else is written down."""
    day = day_or_today(since)
    with writing() as session:
        actor = _actor(session, organisation)
        record_residence(
            session, person_named(session, person), tie.value, from_day=day, proof=proof, actor=actor, now=now()
        )
    for locale in LOCALES:
        typer.echo(say("people_residence", locale, person=person, tie=say(f"word_{tie.value}", locale), day=day))


@app.command()
def guardian(
    minor: Who,
    guardian: Annotated[str, typer.Argument(help="Number of who goes along.")],
    organisation: By,
    since: Since = None,
    until: Annotated[
        datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="Not this day any more.")
    ] = None,
) -> None:
    """Write down who goes along with a minor who gives."""
    day, ends = day_or_today(since), until.date() if until else None
    with writing() as session:
        people = (person_named(session, minor), person_named(session, guardian))
        record_guardian(session, *people, from_day=day, to_day=ends, actor=_actor(session, organisation), now=now())
    for locale in LOCALES:
        typer.echo(say("people_guardian", locale, minor=minor, guardian=guardian, day=day))


def _actor(session: Session, code: str) -> str:
    return f"organisation:{number_of(session, Organisation, code)}"
