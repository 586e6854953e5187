"""``timebank access ...``: clients of organisations, keys of tokens, codes and links of persons, and what was done."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session

from timebank.access.clients import (
    add_key,
    add_secret,
    client_named,
    clients_of,
    credentials_of,
    make_client,
    revoke_client,
    revoke_credential,
)
from timebank.access.codes import LIFE, make_code
from timebank.access.keys import current_key, keys_ever, rotate_keys
from timebank.access.links import link_subject, unlink_person
from timebank.access.tables import ApiClient, ClientCredential
from timebank.core.clock import now
from timebank.core.naming import number_of
from timebank.core.opening import reading, writing
from timebank.core.texts import LOCALES, say
from timebank.people.access_events import MOST_SHOWN, events
from timebank.people.belonging import own_person
from timebank.people.tables import Organisation
from timebank.people.tokens import LONGEST_DAYS, OPERATOR

app = typer.Typer(no_args_is_help=True, help="Ways in 身份与准入.")
client_app = typer.Typer(no_args_is_help=True, help="Programs of organisations that come by themselves.")
keys_app = typer.Typer(no_args_is_help=True, help="The keys that sign tokens.")
app.add_typer(client_app, name="client")
app.add_typer(keys_app, name="keys")
MOST_CLIENTS = 1_000

Client = Annotated[str, typer.Argument(help="Public name of the client, hhtc_...")]
Days = Annotated[int, typer.Option(help="How long it lives, 1 to 366 days.")]
Who = Annotated[str, typer.Argument(help="Number of the volunteer or senior.")]
By = Annotated[str, typer.Option("--organisation", "-o", help="Code of the organisation whose desk does it.")]


@client_app.command()
def add(
    organisation: Annotated[str, typer.Argument(help="Code of the organisation.")],
    name: Annotated[str, typer.Argument(help="What the program is called.")],
    scopes: Annotated[list[str], typer.Argument(help="What it may do, such as matches:read.")],
) -> None:
    """Make a client; it opens nothing before it has a secret or a key."""
    with writing() as session:
        client = make_client(
            session,
            organisation_id=number_of(session, Organisation, organisation),
            name=name,
            scopes=frozenset(scopes),
            actor=OPERATOR,
            now=now(),
        )
    typer.echo(client.client_id)


@client_app.command()
def secret(client: Client, days: Days = LONGEST_DAYS) -> None:
    """Give a client a secret, printed this once; the one before it stays good until it is revoked."""
    with writing() as session:
        made = add_secret(session, client_named(session, client), actor=OPERATOR, now=now(), days=days)
    typer.echo(made.plain)
    _say("secret_made", shown=made.credential.shown, until=_at(made.credential.expires_at))


@client_app.command()
def key(
    client: Client,
    file: Annotated[Path, typer.Argument(help="Public half of its key, a JSON Web Key.", exists=True, dir_okay=False)],
    days: Days = LONGEST_DAYS,
) -> None:
    """Give a client a key of its own, by its public half."""
    with writing() as session:
        text = file.read_text(encoding="utf-8")
        made = add_key(session, client_named(session, client), text, actor=OPERATOR, now=now(), days=days)
    typer.echo(made.shown)


@client_app.command()
def drop(
    client: Client,
    shown: Annotated[str, typer.Argument(help="First letters of the secret as listed, or the number of the key.")],
) -> None:
    """Revoke one secret or key; tokens that were given for it are refused at once."""
    with writing() as session:
        revoke_credential(session, client_named(session, client), shown, actor=OPERATOR, now=now())
    _say("credential_revoked", shown=shown)


@client_app.command()
def revoke(client: Client) -> None:
    """Revoke a client with all that it was given, at once."""
    with writing() as session:
        revoke_client(session, client_named(session, client), actor=OPERATOR, now=now())
    _say("client_revoked", client=client)


@client_app.command(name="list")
def list_clients(
    organisation: Annotated[str, typer.Option("--organisation", "-o", help="Code; else of all.")] = "",
) -> None:
    """List clients with their secrets and keys, newest first."""
    with reading() as session:
        number = number_of(session, Organisation, organisation) if organisation else None
        clients = clients_of(session, number, first=MOST_CLIENTS)
        found = credentials_of(session, [client.id or 0 for client in clients])
        for client in clients:
            typer.echo(_client_line(client))
            for credential in found[client.id or 0]:
                typer.echo(f"  {_credential_line(credential)}")


@keys_app.command()
def show() -> None:
    """Show every key there ever was, oldest first, and which one signs."""
    with writing() as session:
        current_key(session, now=now())
        for one in keys_ever(session):
            until = f"  good until {_at(one.good_until)}" if one.good_until else ""
            typer.echo(f"{one.key_id}  {one.status}  made {_at(one.made_at)}{until}")


@keys_app.command()
def rotate(
    stolen: Annotated[bool, typer.Option("--stolen", help="Refuse at once what was signed, and the next key.")] = False,  # noqa: FBT002  # a switch of the command line
) -> None:
    """Let the next key sign and publish another one."""
    with writing() as session:
        signing = rotate_keys(session, actor=OPERATOR, now=now(), stolen=stolen)
    _say("keys_rotated", signing=signing.key_id)


@app.command()
def code(person: Who, organisation: By) -> None:
    """Make a one-time code for a person of the organisation, printed this once."""
    with writing() as session:
        number = _of(session, person, organisation)
        actor = f"organisation:{number_of(session, Organisation, organisation)}"
        plain = make_code(session, number, actor=actor, now=now())
    typer.echo(plain)
    _say("code_made", person=person, minutes=int(LIFE.total_seconds()) // 60)


@app.command()
def link(
    person: Who,
    issuer: Annotated[str, typer.Option(help="The provider, as its tokens name it.")],
    subject: Annotated[str, typer.Option(help="The person's account, as its tokens name it.")],
    organisation: By,
) -> None:
    """Link a provider's account to a person of the organisation."""
    with writing() as session:
        number = _of(session, person, organisation)
        actor = f"organisation:{number_of(session, Organisation, organisation)}"
        link_subject(session, number, issuer=issuer, subject=subject, actor=actor, now=now())
    _say("subject_linked", person=person, issuer=issuer)


@app.command()
def unlink(person: Who, organisation: By) -> None:
    """Take back every link of a person, at once."""
    with writing() as session:
        actor = f"organisation:{number_of(session, Organisation, organisation)}"
        count = unlink_person(session, _of(session, person, organisation), actor=actor, now=now())
    _say("subject_unlinked", person=person, count=count)


@app.command(name="events")
def list_events(
    about: Annotated[str, typer.Option(help="What it was done to, such as token:7.")] = "",
    holder: Annotated[str, typer.Option(help="Whom it was done for, such as organisation:3.")] = "",
    first: Annotated[int, typer.Option(min=1, max=MOST_SHOWN, help="How many.")] = 100,
) -> None:
    """Tell what was done about ways in, and by whom, newest first."""
    with reading() as session:
        for one in events(session, about=about, holder=holder, first=first):
            said = f"{_at(one.happened_at)}  {one.kind}  {one.about}  for {one.holder or '-'}  by {one.actor}"
            typer.echo(f"{said}  {one.detail}".rstrip())


def _of(session: Session, person: str, organisation: str) -> int:
    return own_person(session, person, number_of(session, Organisation, organisation))


def _client_line(client: ApiClient) -> str:
    ends = f"  revoked {_at(client.revoked_at)}" if client.revoked_at else ""
    return f"{client.client_id}  {client.name}  organisation:{client.organisation_id}  {client.scopes}{ends}"


def _credential_line(credential: ClientCredential) -> str:
    ends = f"revoked {_at(credential.revoked_at)}" if credential.revoked_at else f"until {_at(credential.expires_at)}"
    used = _at(credential.last_used_at) if credential.last_used_at else "-"
    return f"{credential.way}  {credential.shown}  {ends}  used {used}"


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _say(key: str, **values: object) -> None:
    for locale in LOCALES:
        typer.echo(say(f"access_{key}", locale, **values))
