"""Access tokens: shown once, stored as a hash, with scopes, an end, and a checksum that finds typing faults.

A token reads ``hhtb_<32 letters and digits>_<8 hex of CRC-32>``: about 190 bits of chance, so a plain SHA-256
is enough to store it.
"""

import hashlib
import secrets
import string
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, bindparam
from sqlalchemy import select as pick
from sqlmodel import Session, col, select

from timebank.core.columns import table_of
from timebank.core.errors import KeyConflict, NotFound, Refusal, WrongInput
from timebank.core.keys import LONGEST_KEY
from timebank.core.texts import Phrase
from timebank.people.access_events import holder_name, write_event
from timebank.people.tables import Organisation
from timebank.people.token_tables import AccessToken

ALPHABET = string.ascii_letters + string.digits
SECRET_LENGTH = 32
HEAD = "hhtb"
LONGEST_DAYS = 366
LONGEST_NAME = 80
SCOPES = frozenset(
    {
        "accounts:read",
        "bridge:read",
        "bridge:write",
        "alarms:read",
        "alarms:write",
        "bookings:read",
        "bookings:write",
        "calendar:write",
        "care:read",
        "care:write",
        "clients:read",
        "codes:write",
        "matches:read",
        "matches:run",
        "projects:apply",
        "projects:approve",
        "programmes:names",
        "programmes:read",
        "programmes:write",
        "projects:read",
        "projects:write",
        "tokens:read",
        "tokens:write",
        "registry:read",
        "registry:write",
        "visits:read",
        "webhooks:read",
        "webhooks:write",
    }
)
TOKEN, ORGANISATION = map(table_of, (AccessToken, Organisation))
SHOWN_TOKEN: Select[Any] = (
    pick(
        *(TOKEN.c.id, TOKEN.c.organisation_id, TOKEN.c.person_id, TOKEN.c.scopes),
        *(TOKEN.c.expires_at, TOKEN.c.revoked_at, TOKEN.c.last_used_at),
        ORGANISATION.c.kind.label("organisation_kind"),
    )
    .outerjoin_from(TOKEN, ORGANISATION, ORGANISATION.c.id == TOKEN.c.organisation_id)
    .where(TOKEN.c.digest == bindparam("digest"))
)
OPERATOR = "operator"
"""Who acts at the command line of the machine itself."""


class TokenRefused(Refusal):
    """Whoever asks shows no token that is good; ``flaw`` says what is wrong, and nothing of the token."""

    def __init__(self, *, flaw: str) -> None:
        self.flaw = flaw
        super().__init__(f"The token is not taken: {flaw}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who asks: whom the token acts for, and what it may do.

    ``name`` is the way in, such as ``token:7`` or ``client:3``: the actor of what is done with it, and what its use is
    counted by.
    """

    name: str
    organisation_id: int | None
    organisation_kind: str
    person_id: int | None
    scopes: frozenset[str]


class Issued(NamedTuple):
    """A token, and its text: empty when the same key made it before, for a text is shown once."""

    token: AccessToken
    plain: str


def new_secret(head: str) -> str:
    """Return a secret of chance that its checksum tells from a typing fault."""
    secret = "".join(secrets.choice(ALPHABET) for _ in range(SECRET_LENGTH))
    return f"{head}_{secret}_{_checksum(secret)}"


def is_well_formed(plain: str, head: str) -> bool:
    """Tell whether a text can be a secret of a kind, without looking it up."""
    kind, _, rest = plain.partition("_")
    secret, _, checksum = rest.partition("_")
    return kind == head and secret.isascii() and checksum == _checksum(secret)


def digest_of(plain: str) -> bytes:
    """Return the hash that a secret is stored as."""
    return hashlib.sha256(plain.encode()).digest()


def issue_token(
    session: Session,
    *,
    scopes: frozenset[str],
    now: datetime,
    days: int = 30,
    organisation_id: int | None = None,
    person_id: int | None = None,
) -> str:
    """Make a token for an organisation or a person; the text returned is never shown again.

    Raises
    ------
    WrongInput
        For an unknown scope, a life of more than a year, or not just one holder.
    """
    return make_token(
        session, scopes=scopes, now=now, days=days, organisation_id=organisation_id, person_id=person_id
    ).plain


def make_token(
    session: Session,
    *,
    scopes: frozenset[str],
    now: datetime,
    days: int = 30,
    life: timedelta | None = None,
    organisation_id: int | None = None,
    person_id: int | None = None,
    name: str = "",
    made_by: str = OPERATOR,
    idempotency_key: str | None = None,
) -> Issued:
    """Make a token as :func:`issue_token` does, with a name; ``life`` is a shorter one than whole days.

    Raises
    ------
    WrongInput
        For an unknown scope, a life of more than a year, a name or a key that is too long, or not just one holder.
    KeyConflict
        When the key made another token before.
    """
    _check(scopes, days, name, idempotency_key, organisation_id, person_id)
    ends = now + (life or timedelta(days=days))
    wanted = " ".join(sorted(scopes))
    before = _made_before(session, made_by, idempotency_key)
    if before is not None:
        same = (before.name, before.scopes, before.expires_at - before.created_at)
        if same != (name, wanted, ends - now):
            raise KeyConflict(key=idempotency_key or "")
        return Issued(before, "")
    plain = new_secret(HEAD)
    token = AccessToken(
        digest=digest_of(plain),
        shown_prefix=plain[:9],
        organisation_id=organisation_id,
        person_id=person_id,
        scopes=wanted,
        created_at=now,
        expires_at=ends,
        name=name,
        made_by=made_by,
        idempotency_key=idempotency_key,
    )
    session.add(token)
    session.flush()
    _write(session, "token_made", token, actor=made_by, now=now, detail=wanted)
    return Issued(token, plain)


def check_scopes(scopes: frozenset[str]) -> None:
    """Refuse a scope that is none.

    Raises
    ------
    WrongInput
        Naming those that are unknown, and all that are known.
    """
    if not scopes <= SCOPES:
        known = ", ".join(sorted(SCOPES))
        raise WrongInput(
            field="scopes", value=", ".join(sorted(scopes - SCOPES)), right=Phrase("right_one_of", known=known)
        )


def _check(
    scopes: frozenset[str],
    days: int,
    name: str,
    key: str | None,
    organisation_id: int | None,
    person_id: int | None,
) -> None:
    check_scopes(scopes)
    if not 1 <= days <= LONGEST_DAYS:
        raise WrongInput(field="days", value=str(days), right=Phrase("right_range", least=1, most=LONGEST_DAYS))
    if len(name) > LONGEST_NAME:
        raise WrongInput(field="name", value=name[:20], right=Phrase("right_length", least=0, most=LONGEST_NAME))
    if key is not None and not 1 <= len(key) <= LONGEST_KEY:
        raise WrongInput(
            field="idempotencyKey", value=key[:20], right=Phrase("right_length", least=1, most=LONGEST_KEY)
        )
    if (organisation_id is None) == (person_id is None):
        raise WrongInput(field="holder", value="none or two", right=Phrase("right_holder"))


def _made_before(session: Session, made_by: str, key: str | None) -> AccessToken | None:
    if key is None:
        return None
    wanted = select(AccessToken).where(AccessToken.made_by == made_by, AccessToken.idempotency_key == key)
    return session.exec(wanted).first()


def holder_of(session: Session, plain: str, *, now: datetime) -> Holder:
    """Return whom a token acts for.

    Raises
    ------
    TokenRefused
        When it is unknown or mistyped, revoked, or past its end.
    """
    return holder_by(token_of(session.connection(), plain, now=now))


def token_of(connection: Connection, plain: str, *, now: datetime) -> Row[Any]:
    """Return the row of the token of a text, which is good now, with the kind of its organisation.

    Every request asks for it, so it is one statement, prepared once.

    Raises
    ------
    TokenRefused
        When it is unknown or mistyped, revoked, or past its end.
    """
    if not is_well_formed(plain, HEAD):
        raise TokenRefused(flaw="unknown")
    token = connection.execute(SHOWN_TOKEN, {"digest": digest_of(plain)}).first()
    if token is None:
        raise TokenRefused(flaw="unknown")
    if token.revoked_at is not None:
        raise TokenRefused(flaw="revoked")
    if token.expires_at <= now:
        raise TokenRefused(flaw="expired")
    return token


def holder_by(token: Row[Any]) -> Holder:
    """Return whom a token acts for."""
    return Holder(
        name=f"token:{token.id}",
        organisation_id=token.organisation_id,
        organisation_kind=token.organisation_kind or "",
        person_id=token.person_id,
        scopes=frozenset(token.scopes.split()),
    )


def tokens_of(
    session: Session,
    *,
    organisation_id: int | None = None,
    person_id: int | None = None,
    first: int = 100,
    before_id: int | None = None,
) -> list[AccessToken]:
    """Return the tokens of a holder, dead ones too, newest first."""
    wanted = (
        select(AccessToken)
        .where(AccessToken.organisation_id == organisation_id, AccessToken.person_id == person_id)
        .order_by(col(AccessToken.id).desc())
        .limit(first)
    )
    return list(session.exec(wanted if before_id is None else wanted.where(col(AccessToken.id) < before_id)))


def token_by_number(
    session: Session, number: int, *, organisation_id: int | None = None, person_id: int | None = None
) -> AccessToken:
    """Return a token of a holder.

    Raises
    ------
    NotFound
        When there is none of that number, or it is another's; the two are never told apart.
    """
    token = session.get(AccessToken, number)
    if token is None or (token.organisation_id, token.person_id) != (organisation_id, person_id):
        raise NotFound(kind="token", key=str(number))
    return token


def revoke_token(session: Session, token: AccessToken, *, actor: str, now: datetime) -> int:
    """Revoke a token, and those that were made with it and theirs; returns how many were not revoked before."""
    revoked, waiting = 0, [token]
    while waiting:
        one = waiting.pop()
        waiting += session.exec(select(AccessToken).where(AccessToken.made_by == f"token:{one.id}"))
        if one.revoked_at is None:
            one.revoked_at = now
            revoked += 1
            session.flush()
            _write(session, "token_revoked", one, actor=actor, now=now)
    return revoked


def revoke_tokens(
    session: Session,
    *,
    now: datetime,
    organisation_id: int | None = None,
    person_id: int | None = None,
    actor: str = OPERATOR,
) -> int:
    """Revoke every token of a holder at once; returns how many were alive."""
    alive = select(AccessToken).where(
        AccessToken.organisation_id == organisation_id,
        AccessToken.person_id == person_id,
        AccessToken.revoked_at == None,  # noqa: E711  # SQL reads IS NULL from it
        AccessToken.expires_at > now,
    )
    return _revoke(session, list(session.exec(alive)), actor=actor, now=now)


def revoke_made_by(session: Session, maker: str, *, actor: str, now: datetime) -> int:
    """Revoke every token that somebody made, such as ``client:3``; returns how many were not revoked before."""
    made = select(AccessToken).where(AccessToken.made_by == maker)
    return sum(revoke_token(session, token, actor=actor, now=now) for token in session.exec(made).all())


def _revoke(session: Session, tokens: list[AccessToken], *, actor: str, now: datetime) -> int:
    for token in tokens:
        token.revoked_at = now
    session.flush()
    for token in tokens:
        _write(session, "token_revoked", token, actor=actor, now=now)
    return len(tokens)


def _write(session: Session, kind: str, token: AccessToken, *, actor: str, now: datetime, detail: str = "") -> None:
    holder = holder_name(token.organisation_id, token.person_id)
    write_event(session, kind, f"token:{token.id}", actor=actor, now=now, holder=holder, detail=detail)


def _checksum(secret: str) -> str:
    return f"{zlib.crc32(secret.encode()):08x}"
