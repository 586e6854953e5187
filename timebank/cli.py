"""The command line: ``timebank ...``. Every command reads where the data is from the environment."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from sqlmodel import select

import timebank.tables  # noqa: F401  # lists every table and every trigger that a command may ask for
from timebank.access.command import app as access_app
from timebank.access.token_command import app as token_app
from timebank.access.upkeep import keep_access
from timebank.alarms.clocks import keep_alarms
from timebank.alarms.command import app as alarms_app
from timebank.bookings.command import app as bookings_app
from timebank.bridge.command import app as bridge_app
from timebank.bridge.upkeep import keep_bridge
from timebank.care.command import app as care_app
from timebank.charity.command import app as charity_app
from timebank.core.clock import day_of, now
from timebank.core.database import database
from timebank.core.errors import PersonalDataUnreadable, Refusal, StoreUnavailable
from timebank.core.jobs import work as work_jobs
from timebank.core.opening import opened, reading
from timebank.core.schema import upgrade as upgrade_schema
from timebank.core.settings import Settings
from timebank.core.texts import say, say_refusal
from timebank.demo.progress import YEAR_STEPS, progress_on
from timebank.demo.run import issue_demo_tokens, report_of, run_demo
from timebank.demo.told import tell, to_paste
from timebank.demo.year.run import Asked, run_year
from timebank.demo.year.told import tell_year
from timebank.exchange.command import app as exchange_app
from timebank.health.command import app as health_app
from timebank.honours.command import app as certificate_app
from timebank.imports.command import app as import_app
from timebank.ledger.command import app as ledger_app
from timebank.ledger.guards import require_guards
from timebank.ledger.holders import holder_pages
from timebank.ledger.tables import Book
from timebank.ledger.upkeep import keep_books
from timebank.outbox.command import app as outbox_app
from timebank.outbox.deliveries import tell_due
from timebank.people.command import app as people_app
from timebank.planning.command import app as plan_app
from timebank.planning.runs import MATCH, run_match, tell_run_ended
from timebank.programmes.command import app as programmes_app
from timebank.programmes.sweeping import sweep_bank
from timebank.registry.command import app as registry_app
from timebank.reports.charity_command import report as report_charity
from timebank.reports.charity_command import week_map
from timebank.reports.month_command import report as report_month
from timebank.reports.page import write_page
from timebank.rules.command import app as rules_app
from timebank.rules.command import wanted_pack
from timebank.rules.compare import Comparison, cutoffs, differences
from timebank.rules.pack import PackRefused
from timebank.rules.told import compared
from timebank.visits.coins_command import app as coins_app
from timebank.visits.command import app as visits_app

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Hu-Help Time Bank 沪助养老时光汇",
)
documents_app = typer.Typer(no_args_is_help=True, help="Documents that the door trusts 受信的查询。")
app.add_typer(documents_app, name="documents")
app.add_typer(ledger_app, name="ledger")
app.add_typer(import_app, name="import")
app.add_typer(certificate_app, name="certificate")
app.add_typer(rules_app, name="rules")
people_app.add_typer(token_app, name="token")
app.add_typer(people_app, name="people")
app.add_typer(access_app, name="access")
app.add_typer(visits_app, name="visits")
app.add_typer(coins_app, name="coins")
app.add_typer(health_app, name="health")
app.add_typer(plan_app, name="plan")
app.add_typer(outbox_app, name="outbox")
app.add_typer(care_app, name="care")
app.add_typer(charity_app, name="charity")
charity_app.command(name="report")(report_charity)
charity_app.command(name="map")(week_map)
app.add_typer(bridge_app, name="bridge")
app.add_typer(alarms_app, name="alarms")
app.add_typer(programmes_app, name="programmes")
programmes_app.command(name="report")(report_month)
app.add_typer(bookings_app, name="bookings")
app.add_typer(exchange_app, name="exchange")
app.add_typer(registry_app, name="registry")


@app.command()
def demo(
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of everything that is left to chance.")] = None,
    scale: Annotated[
        float | None,
        typer.Option(
            min=0.005, max=1, help="Part of the published district: 1 is all of it; 0.02 takes two seconds, for a look."
        ),
    ] = None,
    starts_on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day played.")] = None,
    year: Annotated[  # noqa: FBT002  # a switch of the command line
        bool, typer.Option("--year", help="Play a year of every system instead, beside the published table.")
    ] = False,
    days: Annotated[int | None, typer.Option(min=1, max=366, help="Play only so many days of the year.")] = None,
) -> None:
    """Build, plan and play a synthetic district; go on where an earlier run was stopped."""
    settings, console = Settings.from_environment(), Console()
    if year:
        first_day = starts_on.date() if starts_on else None
        _play_year(settings, console, Asked(seed=seed, scale=scale, starts_on=first_day, days=days))
        return
    with database(settings.database_url) as engine:
        with progress_on(console) as progress:
            first_day = starts_on.date() if starts_on else None
            played = run_demo(engine, seed=seed, scale=scale, starts_on=first_day, now=now(), progress=progress)
            progress("report", 0)
            figures, published = report_of(engine, played)
            page = write_page(settings.home / "district.html", figures, published)
            progress("report", 1)
        tokens = issue_demo_tokens(engine, now=now())
    for part in tell(figures, published, width=console.width):
        console.print()
        console.print(part)
    console.print(f"\n{say('page_written', 'zh', path=page)}\n{say('page_written', 'en', path=page)}", soft_wrap=True)
    console.print(to_paste(tokens), soft_wrap=True, markup=False, highlight=False)


def _play_year(settings: Settings, console: Console, asked: Asked) -> None:
    with database(settings.database_url) as engine, progress_on(console, YEAR_STEPS) as progress:
        played = run_year(engine, asked, now=now(), progress=progress)
    for part in tell_year(played):
        console.print()
        console.print(part)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
) -> None:
    """Serve GraphQL, with a worker process beside it for match runs."""
    from api.serve import serve as serve_api  # noqa: PLC0415  # the bank does not need the web to be imported

    with opened() as engine:
        upgrade_schema(engine)
        require_guards(engine)
    serve_api(host=host, port=port)


@documents_app.command("make")
def make_documents(
    folder: Annotated[Path, typer.Argument(help="Folder of .graphql files, one operation in each.")],
    target: Annotated[Path, typer.Argument(help="File that a server reads (TIMEBANK_DOCUMENTS).")],
) -> None:
    """Make the file of trusted documents, if the schema answers each of them."""
    from api.checking import make_trusted  # noqa: PLC0415  # the bank does not need the web to be imported

    _tell(*make_trusted(folder, target))


@documents_app.command("check")
def check_documents(path: Annotated[Path, typer.Argument(help="Folder or file of trusted documents.")]) -> None:
    """Check trusted documents against the schema, and tell what each costs at most."""
    from api.checking import check_trusted  # noqa: PLC0415  # the bank does not need the web to be imported

    _tell(*check_trusted(path))


def _tell(is_well: bool, lines: list[str]) -> None:  # noqa: FBT001  # they come as one pair
    for line in lines:
        typer.echo(line)
    if not is_well:
        raise typer.Exit(1)


@app.command()
def work(
    parent: Annotated[
        int | None, typer.Option(help="Number of the process to end with; else the one that starts.")
    ] = None,
) -> None:
    """Work on jobs, and see to what is due, until the process that started this one is gone."""
    with opened() as engine:

        def keep() -> None:
            keep_alarms(engine, now=now())
            keep_books(engine, now=now())
            keep_bridge(engine, now=now())
            keep_access(engine, now=now())
            sweep_bank(engine, now=now())
            tell_due(engine, now=now())

        work_jobs(engine, {MATCH: run_match}, parent=parent, keep=keep, ended=tell_run_ended)


@app.command()
def upgrade() -> None:
    """Bring the database to the newest shape."""
    with opened() as engine:
        upgrade_schema(engine)
        require_guards(engine)
    typer.echo("The database is up to date.")


@rules_app.command()
def compare(
    before: Annotated[str, typer.Argument(help="Name of the pack that holds.")],
    after: Annotated[str, typer.Argument(help="Name of the pack that would hold.")],
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day looked at; else today.")] = None,
) -> None:
    """Say which rules of two packs differ, and what would change for the accounts that stand."""
    day = on.date() if on else day_of(now())
    first, second = wanted_pack(before), wanted_pack(after)
    comparison = Comparison(first, second, day)
    with reading() as session:
        for book in session.exec(select(Book)):
            for page in holder_pages(session, book.id or 0, day=day, cutoffs=cutoffs(first, second, day)):
                comparison.add(page)
    for line in compared(differences(first, second), comparison):
        typer.echo(line)


def main() -> None:
    """Run the command line; a refusal is told in both languages, without a traceback."""
    try:
        app()
    except Refusal as refusal:
        sys.stderr.write(f"{say_refusal(refusal, 'zh')}\n{say_refusal(refusal, 'en')}\n")
        sys.exit(2)
    except PackRefused as fault:
        sys.stderr.write(f"{fault}\n")
        sys.exit(2)
    except PersonalDataUnreadable as fault:
        sys.stderr.write(f"{say_refusal(fault, 'zh')}\n{say_refusal(fault, 'en')}\n")
        sys.exit(3)
    except StoreUnavailable as fault:
        sys.stderr.write(f"{fault}\n")
        sys.exit(3)


if __name__ == "__main__":
    main()
