"""``timebank outbox ...``: whom we tell what happened, what is on its way, and what could not be delivered."""

from typing import Annotated

import typer
from sqlmodel import Session

from timebank.core.clock import now
from timebank.core.naming import number_of
from timebank.core.opening import opened, reading, writing
from timebank.core.settings import Settings
from timebank.core.terminal import print_lines
from timebank.core.texts import say
from timebank.outbox.deliveries import attempts_by_delivery, deliveries_of, message_id, replay, tell_due
from timebank.outbox.webhooks import (
    WebhookDraft,
    create_webhook,
    kinds_of,
    pause,
    remove,
    renew_secret,
    resume,
    webhooks_of,
)
from timebank.people.tables import Organisation

app = typer.Typer(
    no_args_is_help=True, help="Webhooks: whom we tell what happened, and what could not be delivered. 事件推送"
)
MOST_SHOWN = 100
Code = Annotated[str, typer.Argument(help="Code of the organisation. 组织代码")]
Number = Annotated[int, typer.Argument(help="Number of the webhook. 推送地址编号")]
ACTS = {"pause": pause, "resume": resume, "remove": remove}


def _organisation(session: Session, code: str) -> int:
    return number_of(session, Organisation, code)


@app.command()
def add(
    organisation: Code,
    address: Annotated[str, typer.Argument(help="https address. 网址")],
    kinds: Annotated[list[str], typer.Option("--kind", help="Kind of events; several times for several. 事件类型")],
    key: Annotated[str, typer.Option(help="The same key is the same webhook. 幂等键")],
) -> None:
    """Let an address be told of events; its secret is shown once."""
    with writing() as session:
        made = create_webhook(
            session,
            _organisation(session, organisation),
            WebhookDraft(address=address, kinds=frozenset(kinds)),
            idempotency_key=key,
            actor="command line",
            now=now(),
            is_inside_allowed=Settings.from_environment().is_inside_told,
        )
        number, secret = made.webhook.id, made.secret
    before = f"{say('webhook_secret_shown_before', 'zh')} {say('webhook_secret_shown_before', 'en')}"
    typer.echo(f"{number} {secret or before}")


@app.command(name="list")
def list_webhooks(organisation: Code) -> None:
    """List the webhooks of an organisation."""
    with reading() as session:
        rows = webhooks_of(session, _organisation(session, organisation), first=MOST_SHOWN)
        kinds = kinds_of(session, [row.id or 0 for row in rows])
        lines = [f"{row.id} {row.status} {row.address} {' '.join(kinds.get(row.id or 0, ()))}" for row in rows]
    print_lines(lines)


@app.command()
def secret(organisation: Code, number: Number) -> None:
    """Give a webhook a new secret; for a day messages are signed with the old one too."""
    with writing() as session:
        renewed = renew_secret(session, _organisation(session, organisation), number, now=now())
    typer.echo(renewed)


@app.command(name="set")
def change(
    organisation: Code,
    number: Number,
    to: Annotated[str, typer.Argument(help="pause, resume or remove. 暂停、恢复或删除")],
) -> None:
    """Pause, resume or remove a webhook."""
    if to not in ACTS:
        raise typer.BadParameter(", ".join(ACTS))
    with writing() as session:
        webhook = ACTS[to](session, _organisation(session, organisation), number, now=now())
        line = f"{webhook.id} {webhook.status}"
    typer.echo(line)


@app.command()
def dead(organisation: Code) -> None:
    """List the dead letters of an organisation: what a day of tries could not deliver."""
    with reading() as session:
        rows = deliveries_of(session, _organisation(session, organisation), first=MOST_SHOWN, statuses=["dead"])
        tries = attempts_by_delivery(session, [row.id or 0 for row, _ in rows])
        lines = [
            f"{row.id} {event.kind} {message_id(event)} {event.occurred_at:%Y-%m-%d %H:%M} "
            + " ".join(str(one.answered or one.fault) for one in tries.get(row.id or 0, []))
            for row, event in rows
        ]
    print_lines(lines)


@app.command(name="replay")
def replay_one(
    organisation: Code, delivery: Annotated[int, typer.Argument(help="Number of the delivery. 推送记录编号")]
) -> None:
    """Send a delivery again, under the same id."""
    with writing() as session:
        row = replay(session, _organisation(session, organisation), delivery, now=now())
        line = f"{row.id} {row.status}"
    typer.echo(line)


@app.command()
def send() -> None:
    """Send what is due now, as the worker does every few seconds."""
    with opened() as engine:
        sent = tell_due(engine, now=now())
    typer.echo(f"{sent.delivered} delivered, {sent.failed} failed")
