"""``timebank people token ...``: personal access tokens, made, listed and revoked by the operator of the machine."""

from datetime import datetime
from typing import Annotated

import typer
from sqlmodel import Session

from timebank.core.clock import now
from timebank.core.errors import NotFound, WrongInput
from timebank.core.naming import number_of
from timebank.core.opening import reading, writing
from timebank.core.texts import LOCALES, Phrase, say
from timebank.people.belonging import person_named
from timebank.people.tables import Organisation
from timebank.people.token_tables import AccessToken
from timebank.people.tokens import OPERATOR, make_token, revoke_token, revoke_tokens, tokens_of

app = typer.Typer(no_args_is_help=True, help="Tokens of people and organisations 令牌.")
Organ = Annotated[str, typer.Option("--organisation", "-o", help="Code of the organisation it acts for.")]
Person = Annotated[str, typer.Option("--person", "-p", help="Number of the volunteer or senior it acts for.")]


@app.command()
def make(
    scopes: Annotated[list[str], typer.Argument(help="What it may do, such as visits:read.")],
    organisation: Organ = "",
    person: Person = "",
    name: Annotated[str, typer.Option(help="What it is called.")] = "",
    days: Annotated[int, typer.Option(help="How long it lives, 1 to 366 days.")] = 30,
) -> None:
    """Make a token; its text is printed this once."""
    with writing() as session:
        organisation_id, person_id = _holder(session, organisation, person)
        issued = make_token(
            session,
            scopes=frozenset(scopes),
            now=now(),
            days=days,
            organisation_id=organisation_id,
            person_id=person_id,
            name=name,
        )
    typer.echo(issued.plain)
    for locale in LOCALES:
        typer.echo(say("token_made", locale, number=issued.token.id, until=f"{issued.token.expires_at:%Y-%m-%d}"))


@app.command(name="list")
def list_tokens(organisation: Organ = "", person: Person = "") -> None:
    """List the tokens of a holder, dead ones too, newest first."""
    with reading() as session:
        organisation_id, person_id = _holder(session, organisation, person)
        for token in tokens_of(session, organisation_id=organisation_id, person_id=person_id):
            typer.echo(_line(token))


@app.command()
def revoke(
    number: Annotated[int | None, typer.Argument(help="Number of the token; else every one of the holder.")] = None,
    organisation: Organ = "",
    person: Person = "",
) -> None:
    """Revoke a token at once and those made with it, or every token of a holder."""
    moment = now()
    with writing() as session:
        if number is None:
            organisation_id, person_id = _holder(session, organisation, person)
            count = revoke_tokens(session, now=moment, organisation_id=organisation_id, person_id=person_id)
        else:
            token = session.get(AccessToken, number)
            if token is None:
                raise NotFound(kind="token", key=str(number))
            count = revoke_token(session, token, actor=OPERATOR, now=moment)
    for locale in LOCALES:
        typer.echo(say("token_revoked", locale, count=count))


def _holder(session: Session, organisation: str, person: str) -> tuple[int | None, int | None]:
    if bool(organisation) == bool(person):
        raise WrongInput(field="holder", value="none or two", right=Phrase("right_holder"))
    if organisation:
        return number_of(session, Organisation, organisation), None
    return None, person_named(session, person)


def _line(token: AccessToken) -> str:
    ends = f"revoked {_at(token.revoked_at)}" if token.revoked_at else f"until {_at(token.expires_at)}"
    used = _at(token.last_used_at) if token.last_used_at else "-"
    name = token.name or "-"
    return f"{token.id}  {token.shown_prefix}…  {name}  {ends}  used {used}  by {token.made_by}  {token.scopes}"


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
