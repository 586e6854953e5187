"""``timebank visits sample ...`` and ``timebank visits suspicion ...``: audit by sample, and the list for a person."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer
from sqlmodel import select

from timebank.core.clock import now
from timebank.core.naming import number_of
from timebank.core.opening import reading, writing
from timebank.core.terminal import tell
from timebank.core.texts import LOCALES, say
from timebank.ledger.tables import Book
from timebank.people.tables import Organisation
from timebank.visits.samples import MOST_OF_A_GRADE, draw, sampled, strata, tell_outcome
from timebank.visits.scope import wanted_book
from timebank.visits.suspicions import look_for, review, suspicions_in

sample_app = typer.Typer(no_args_is_help=True, help="Samples for audit 抽查.")
suspicion_app = typer.Typer(no_args_is_help=True, help="Findings for a person to look at 疑点.")


class Result(StrEnum):
    """What came of asking about a visit."""

    UPHELD = "upheld"
    NOT_UPHELD = "not_upheld"
    UNREACHABLE = "unreachable"


class Verdict(StrEnum):
    """What a person says of a finding."""

    CLEARED = "cleared"
    CONFIRMED = "confirmed"


class State(StrEnum):
    """Where a finding stands."""

    OPEN = "open"
    CLEARED = "cleared"
    CONFIRMED = "confirmed"


By = Annotated[str, typer.Option("--organisation", "-o", help="Code of the organisation that acts.")]
From = Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")]
To = Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, this one too.")]
Sample = Annotated[int, typer.Argument(help="Number of the sample.", min=1)]


@sample_app.command(name="draw")
def draw_one(
    organisation: By,
    first_day: From,
    last_day: To,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same visits.")],
    quota: Annotated[int, typer.Option(min=1, max=MOST_OF_A_GRADE, help="Visits of each grade of evidence.")] = 5,
) -> None:
    """Draw so many visits of each grade of evidence, or show the draw that stands; lists its visits."""
    with writing() as session:
        own = number_of(session, Organisation, organisation)
        days = {"from_day": first_day.date(), "to_day": last_day.date() + timedelta(days=1)}
        drawn = draw(session, own, seed=seed, quota=quota, actor=f"organisation:{own}", now=now(), **days)
        number, visits = drawn.id or 0, sampled(session, drawn.id or 0, organisation_id=own)
        for one in visits:
            typer.echo(f"{one.visit_id}  {one.evidence}  {one.rank}/{one.stratum_size}  {one.outcome or '-'}")
    tell("visits_sampled", sample=number, count=len(visits))


@sample_app.command(name="tell")
def tell_one(
    sample: Sample,
    visit: Annotated[int, typer.Argument(help="Number of the visit.", min=1)],
    outcome: Annotated[Result, typer.Argument(help="What came of asking.")],
    organisation: By,
    note: Annotated[str, typer.Option(help="Words; needed when it is not upheld.")] = "",
) -> None:
    """Write down what came of asking about a drawn visit."""
    with writing() as session:
        own = number_of(session, Organisation, organisation)
        parts = {"outcome": outcome.value, "actor": f"organisation:{own}", "note": note}
        kept = tell_outcome(session, sample, visit, organisation_id=own, now=now(), **parts)
    for locale in LOCALES:
        typer.echo(say("visits_asked", locale, visit=visit, outcome=say(f"outcome_{kept.outcome}", locale)))


@sample_app.command(name="show")
def show_one(sample: Sample, organisation: By) -> None:
    """Show what came of a sample, grade by grade."""
    with reading() as session:
        own = number_of(session, Organisation, organisation)
        for grade in strata(session, sample, organisation_id=own):
            tell("visits_stratum", **grade._asdict())


@suspicion_app.command(name="look")
def look(
    first_day: From,
    last_day: To,
    book: Annotated[str, typer.Option("--book", help="Code of the book; needed when there is more than one.")] = "",
) -> None:
    """Look through some days and list what is new for a person to look at; nothing else follows from it."""
    with writing() as session:
        number = wanted_book(session.exec(select(Book)).all(), book)
        to_day = last_day.date() + timedelta(days=1)
        fresh = look_for(session, number, from_day=first_day.date(), to_day=to_day, now=now())
    for kind, count in sorted(fresh.items()):
        for locale in LOCALES:
            typer.echo(f"{say(f'suspicion_{kind}', locale)}: {count}")
    tell("visits_found", count=sum(fresh.values()))


@suspicion_app.command(name="list")
def list_some(
    organisation: By,
    state: Annotated[State, typer.Option(help="Where they stand.")] = State.OPEN,
    first: Annotated[int, typer.Option(min=1, max=100, help="Most lines.")] = 50,
    after: Annotated[int, typer.Option(min=0, help="Number of the last one of the page before.")] = 0,
) -> None:
    """List findings about givers of the organisation's areas, the oldest first, with their numbers."""
    with reading() as session:
        own = number_of(session, Organisation, organisation)
        for one in suspicions_in(session, own, state=state.value, first=first, after=after):
            words = " ".join(say(f"suspicion_{one.kind}", locale) for locale in LOCALES)
            numbers = " ".join(f"{name}={value}" for name, value in sorted(one.numbers.items()))
            typer.echo(f"{one.id}  {one.day}  {words}  {numbers}")


@suspicion_app.command(name="review")
def review_one(
    number: Annotated[int, typer.Argument(help="Number of the finding.", min=1)],
    verdict: Annotated[Verdict, typer.Argument(help="What it was.")],
    organisation: By,
    note: Annotated[str, typer.Option(help="Words that say why.")],
) -> None:
    """Say what a finding was, once, with words; whoever confirms one decides what to do."""
    with writing() as session:
        own = number_of(session, Organisation, organisation)
        parts = {"verdict": verdict.value, "actor": f"organisation:{own}", "note": note}
        state = review(session, number, organisation_id=own, now=now(), **parts).state
    for locale in LOCALES:
        typer.echo(say("visits_reviewed", locale, number=number, verdict=say(f"verdict_{state}", locale)))
