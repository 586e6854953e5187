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

from sqlmodel import Session, select

from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase
from timebank.people.tables import AccessToken, Organisation

ALPHABET = string.ascii_letters + string.digits
SECRET_LENGTH = 32
LONGEST_DAYS = 366
SCOPES = frozenset(
    {
        "accounts:read",
        "bridge:read",
        "bridge:write",
        "alarms:read",
        "alarms:write",
        "calendar:write",
        "care:read",
        "care:write",
        "matches:read",
        "matches:run",
        "projects:apply",
        "projects:approve",
        "projects:read",
        "projects:write",
        "visits:read",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whom a token acts for, and what it may do."""

    token_id: int
    organisation_id: int | None
    organisation_kind: str
    person_id: int | None
    scopes: frozenset[str]


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
    if not scopes <= SCOPES:
        known = ", ".join(sorted(SCOPES))
        raise WrongInput(
            field="scopes", value=", ".join(sorted(scopes - SCOPES)), right=Phrase("right_one_of", known=known)
        )
    if not 1 <= days <= LONGEST_DAYS:
        raise WrongInput(field="days", value=str(days), right=Phrase("right_range", least=1, most=LONGEST_DAYS))
    if (organisation_id is None) == (person_id is None):
        raise WrongInput(field="holder", value="none or two", right=Phrase("right_holder"))
    secret = "".join(secrets.choice(ALPHABET) for _ in range(SECRET_LENGTH))
    plain = f"hhtb_{secret}_{_checksum(secret)}"
    session.add(
        AccessToken(
            digest=_digest(plain),
            shown_prefix=plain[:9],
            organisation_id=organisation_id,
            person_id=person_id,
            scopes=" ".join(sorted(scopes)),
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
    )
    session.flush()
    return plain


def holder_of(session: Session, plain: str, *, now: datetime) -> Holder | None:
    """Return whom a token acts for; nothing when it is unknown, mistyped, revoked or past its end."""
    head, _, rest = plain.partition("_")
    secret, _, checksum = rest.partition("_")
    if head != "hhtb" or not secret.isascii() or checksum != _checksum(secret):
        return None
    token = session.exec(select(AccessToken).where(AccessToken.digest == _digest(plain))).first()
    if token is None or token.id is None or token.revoked_at is not None or token.expires_at <= now:
        return None
    organisation = session.get(Organisation, token.organisation_id) if token.organisation_id is not None else None
    return Holder(
        token_id=token.id,
        organisation_id=token.organisation_id,
        organisation_kind=organisation.kind if organisation else "",
        person_id=token.person_id,
        scopes=frozenset(token.scopes.split()),
    )


def revoke_tokens(
    session: Session, *, now: datetime, organisation_id: int | None = None, person_id: int | None = None
) -> int:
    """Revoke every token of a holder at once; returns how many were alive."""
    alive = select(AccessToken).where(
        AccessToken.organisation_id == organisation_id,
        AccessToken.person_id == person_id,
        AccessToken.revoked_at == None,  # noqa: E711  # SQL reads IS NULL from it
        AccessToken.expires_at > now,
    )
    tokens = session.exec(alive).all()
    for token in tokens:
        token.revoked_at = now
    session.flush()
    return len(tokens)


def _digest(plain: str) -> bytes:
    return hashlib.sha256(plain.encode()).digest()


def _checksum(secret: str) -> str:
    return f"{zlib.crc32(secret.encode()):08x}"
