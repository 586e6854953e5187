"""``timebank alarms source ...``: who may send signed messages, and with which secret."""

from typing import Annotated

import typer

from timebank.alarms.sources import change_secret, close_source, open_source
from timebank.core.clock import now
from timebank.core.naming import number_of
from timebank.core.opening import writing
from timebank.core.terminal import tell
from timebank.people.tables import Organisation

app = typer.Typer(no_args_is_help=True, help="Sources of signed messages 消息来源。")
Code = Annotated[str, typer.Argument(help="Code of the source, part of its address.")]


@app.command(name="open")
def open_one(
    code: Code,
    organisation: Annotated[str, typer.Option("--organisation", "-o", help="Code of the organisation it sends for.")],
) -> None:
    """Let a device platform send; prints its secret once."""
    with writing() as session:
        number = number_of(session, Organisation, organisation)
        secret = open_source(session, code, number, actor=f"organisation:{number}", now=now())
    tell("alarms_source_open", code=code, secret=secret)


@app.command()
def secret(
    code: Code,
    keep_days: Annotated[int, typer.Option(min=0, max=90, help="Days that older secrets still hold.")] = 7,
) -> None:
    """Give a source a new secret; older ones hold for some days more, so that no message is lost."""
    with writing() as session:
        fresh = change_secret(session, code, keep_days=keep_days, now=now())
    tell("alarms_source_secret", code=code, days=keep_days, secret=fresh)


@app.command()
def close(code: Code) -> None:
    """Let a source send no more."""
    with writing() as session:
        close_source(session, code, now=now())
    tell("alarms_source_closed", code=code)
