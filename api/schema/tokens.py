"""Ways in: tokens of whoever asks, clients of an organisation, codes for its people, and links to a provider."""

from datetime import datetime
from typing import Annotated, TypedDict

import strawberry

from api.context import Context, Info
from api.ids import encode, found_by
from api.schema.connections import Connection, Key, page
from api.schema.nodes import Node
from api.schema.refusals import (
    SHOWN,
    KeyConflict,
    NotFound,
    Refused,
    WrongInput,
    refused_or,
)
from api.schema.scalars import After, First
from timebank.access.clients import client_by_number, clients_of, credentials_of
from timebank.access.codes import LIFE, make_code
from timebank.access.refusals import TooManyCodes as TooManyCodesRefusal
from timebank.access.tables import ApiClient, ClientCredential
from timebank.core import errors
from timebank.core.texts import Phrase
from timebank.people.belonging import own_person
from timebank.people.token_tables import AccessToken
from timebank.people.tokens import make_token, revoke_token, token_by_number, tokens_of

READ, WRITE = "tokens:read", "tokens:write"


@strawberry.type(description="A token of mine. Its text was shown once, when it was made.")
class Token(Node):
    """A token of mine."""

    name: str = strawberry.field(description="What I called it.")
    begins: str = strawberry.field(description="First letters of its text, to know it by.")
    scopes: list[str] = strawberry.field(description="What it may do.")
    made_by: str = strawberry.field(description="Who made it: operator, or a token, client, person or code.")
    made_at: datetime = strawberry.field(description="When it was made, UTC.")
    expires_at: datetime = strawberry.field(description="From when on it opens nothing, UTC.")
    last_used_at: datetime | None = strawberry.field(
        description="When it was used last, up to ten minutes behind, UTC."
    )
    revoked_at: datetime | None = strawberry.field(description="When it was revoked, UTC.")


@strawberry.type(description="A secret or a key of a client.")
class Credential:
    """A secret or a key of a client."""

    way: str = strawberry.field(description="secret, or key.")
    shown: str = strawberry.field(description="First letters of the secret, or the number of the key.")
    made_at: datetime = strawberry.field(description="When it was made, UTC.")
    expires_at: datetime = strawberry.field(description="From when on it opens nothing, UTC.")
    last_used_at: datetime | None = strawberry.field(description="When a token was given for it last, UTC.")
    revoked_at: datetime | None = strawberry.field(description="When it was revoked, UTC.")


@strawberry.type(description="A program of my organisation that comes by itself (OAuth 2.1 client credentials).")
class Client(Node):
    """A program of my organisation."""

    client_id: str = strawberry.field(description="Its public name.")
    name: str = strawberry.field(description="What it is called.")
    scopes: list[str] = strawberry.field(description="What it may do.")
    made_at: datetime = strawberry.field(description="When it was made, UTC.")
    revoked_at: datetime | None = strawberry.field(description="When it was revoked, UTC.")
    row: strawberry.Private[ApiClient]
    beside: strawberry.Private[tuple[int, ...]]

    @strawberry.field(description="Its secrets and keys, dead ones too, oldest first; two of each are alive at most.")
    def credentials(self, info: Info) -> list[Credential]:
        """Return its secrets and keys; those of the whole page are read in one query."""
        session, page_of = info.context.session, list(self.beside)
        found = info.context.once(f"credentials {page_of}", lambda: credentials_of(session, page_of))
        return [_credential(row) for row in found[self.row.id or 0]]


@strawberry.input(description="A token to be, for whoever asks.")
class TokenInput:
    """A token to be."""

    scopes: list[str] = strawberry.field(description="What it may do; no more than the token that makes it.")
    name: str = strawberry.field(default="", description="What it is called, at most 80 characters.")
    days: int = strawberry.field(default=30, description="How long it lives, 1 to 366 days.")


@strawberry.type(description="The token, or the one that the same key made before.")
class TokenCreated:
    """The token that was made."""

    token: Token = strawberry.field(description="The token.")
    plain: str | None = strawberry.field(
        description="Its text, shown this once; empty when the same key made it before. Who lost it makes another."
    )


@strawberry.type(description="The token is revoked, and with it those that were made with it.")
class TokenRevoked:
    """The token is revoked."""

    token: Token = strawberry.field(description="The token, now revoked.")
    count: int = strawberry.field(description="How many were revoked by this, this one among them.")


@strawberry.type(description="A code for a person, shown this once: good for one sign-in, for a few minutes.")
class CodeMade:
    """A code for a person."""

    plain: str = strawberry.field(description="Eight digits, to be told to the person and to nobody else.")
    expires_at: datetime = strawberry.field(description="From when on it opens nothing, UTC.")


@strawberry.type(description="The person was given as many codes as they may be within an hour.")
class TooManyCodes(Refused):
    """The person was given too many codes."""

    most: int = strawberry.field(description="How many a person is given at most.")
    minutes: int = strawberry.field(description="Within so many minutes.")


SHOWN[TooManyCodesRefusal] = (TooManyCodes, ("most", "minutes"))

CreateTokenPayload = Annotated[
    TokenCreated | WrongInput | KeyConflict,
    strawberry.union("CreateTokenPayload", description="The token, or why there is none."),
]
RevokeTokenPayload = Annotated[
    TokenRevoked | NotFound,
    strawberry.union("RevokeTokenPayload", description="The revoked token, or why there is none."),
]
CreateSignInCodePayload = Annotated[
    CodeMade | NotFound | TooManyCodes,
    strawberry.union("CreateSignInCodePayload", description="The code, or why there is none."),
]


class Owner(TypedDict):
    """Whose tokens: an organisation's or a person's."""

    organisation_id: int | None
    person_id: int | None


def _owner(context: Context, *scopes: str) -> Owner:
    holder = context.anyone(*scopes)
    return Owner(organisation_id=holder.organisation_id, person_id=holder.person_id)


def _token(row: AccessToken) -> Token:
    return Token(
        id=strawberry.ID(encode("token", row.id or 0)),
        name=row.name,
        begins=row.shown_prefix,
        scopes=row.scopes.split(),
        made_by=row.made_by,
        made_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )


def _credential(row: ClientCredential) -> Credential:
    names = ("way", "shown", "made_at", "expires_at", "last_used_at", "revoked_at")
    return Credential(**{name: getattr(row, name) for name in names})


def _clients(rows: list[ApiClient]) -> list[Client]:
    numbers = tuple(row.id or 0 for row in rows)
    return [
        Client(
            id=strawberry.ID(encode("client", row.id or 0)),
            client_id=row.client_id,
            name=row.name,
            scopes=row.scopes.split(),
            made_at=row.made_at,
            revoked_at=row.revoked_at,
            row=row,
            beside=numbers,
        )
        for row in rows
    ]


def token_shown(context: Context, number: int) -> Token:
    """Return a token of whoever asks."""
    return _token(token_by_number(context.session, number, **_owner(context, READ, WRITE)))


def client_shown(context: Context, number: int) -> Client:
    """Return a client of the organisation that asks."""
    organisation = context.organisation("clients:read")
    return _clients([client_by_number(context.session, number, organisation_id=organisation)])[0]


@strawberry.type
class TokenQueries:
    """What can be asked about ways in."""

    @strawberry.field(description="My tokens, or my organisation's, dead ones too, newest first.")
    def tokens(self, info: Info, first: First, after: After = None) -> Connection[Token]:
        """Return a page of tokens."""
        context = info.context
        owner = _owner(context, READ, WRITE)

        def read(count: int, last: Key | None) -> list[AccessToken]:
            return tokens_of(context.session, first=count, before_id=last[0] if last else None, **owner)

        return page("tokens", first, after, read=read, key=lambda row: (row.id or 0,), node=_token)

    @strawberry.field(description="Clients of my organisation, revoked ones too, newest first.")
    def clients(self, info: Info, first: First, after: After = None) -> Connection[Client]:
        """Return a page of clients."""
        context = info.context
        organisation = context.organisation("clients:read")

        def read(count: int, last: Key | None) -> list[Client]:
            rows = clients_of(context.session, organisation, first=count, before_id=last[0] if last else None)
            return _clients(rows)

        return page("clients", first, after, read=read, key=lambda one: (one.row.id or 0,), node=lambda one: one)


@strawberry.type
class TokenMutations:
    """What can be done about ways in."""

    @strawberry.mutation(description="Make a token for myself, or my organisation, that may do no more than this one.")
    def create_token(
        self,
        info: Info,
        input: Annotated[TokenInput, strawberry.argument(description="The token to be.")],
        idempotency_key: Annotated[
            str, strawberry.argument(description="The same key and content is the same token, whatever is retried.")
        ],
    ) -> CreateTokenPayload:
        """Make a token."""
        return create_token(info.context, input, idempotency_key)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Revoke a token of mine at once, and those that were made with it.")
    def revoke_token(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Id of the token.")]
    ) -> RevokeTokenPayload:
        """Revoke a token."""
        return revoke(info.context, id)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(
        description="Make a code with which a person of mine signs in once; the one before it is dead."
    )
    def create_sign_in_code(
        self,
        info: Info,
        person: Annotated[str, strawberry.argument(description="Number of the volunteer or senior.")],
    ) -> CreateSignInCodePayload:
        """Make a code."""
        return create_code(info.context, person)  # type: ignore[return-value]  # refusals are of the union


def create_token(context: Context, asked: TokenInput, idempotency_key: str) -> TokenCreated | Refused:
    """Make a token that may do no more than the one it is made with."""
    owner, scopes = _owner(context, WRITE), frozenset(asked.scopes)

    def act() -> TokenCreated:
        if not scopes <= context.holder.scopes:
            more, mine = ", ".join(sorted(scopes - context.holder.scopes)), ", ".join(sorted(context.holder.scopes))
            raise errors.WrongInput(field="scopes", value=more[:80], right=Phrase("right_one_of", known=mine))
        issued = make_token(
            context.session,
            scopes=scopes,
            now=context.now,
            days=asked.days,
            name=asked.name,
            made_by=context.holder.name,
            idempotency_key=idempotency_key,
            **owner,
        )
        return TokenCreated(token=_token(issued.token), plain=issued.plain or None)

    return refused_or(context, act, errors.WrongInput, errors.KeyConflict)


def revoke(context: Context, id: str) -> TokenRevoked | Refused:
    """Revoke a token."""
    owner = _owner(context, WRITE)

    def act(number: int) -> TokenRevoked:
        token = token_by_number(context.session, number, **owner)
        count = revoke_token(context.session, token, actor=context.holder.name, now=context.now)
        return TokenRevoked(token=_token(token), count=count)

    return refused_or(context, lambda: found_by("token", id, act), errors.NotFound)


def create_code(context: Context, reference: str) -> CodeMade | Refused:
    """Make a code for a person of the organisation."""
    organisation = context.organisation("codes:write")

    def act() -> CodeMade:
        person = own_person(context.session, reference, organisation)
        plain = make_code(context.session, person, actor=context.holder.name, now=context.now)
        return CodeMade(plain=plain, expires_at=context.now + LIFE)

    return refused_or(context, act, errors.NotFound, TooManyCodesRefusal)
