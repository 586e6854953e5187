"""Keys that sign tokens: the next one is published before it signs, the old one until its last token has ended."""

import base64
import hashlib
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from timebank.access.jwts import ALGORITHMS, SIGNED_WITH
from timebank.access.refusals import KeyTooNew
from timebank.access.tables import AccessKey
from timebank.core.database import wait_turn
from timebank.core.key_pairs import new_pair
from timebank.people.access_events import write_event
from timebank.people.tokens import TokenRefused

TOKEN_LIFE = timedelta(minutes=10)
KEPT_BY_OTHERS = timedelta(minutes=5)
"""How long whoever reads the published keys may keep them."""
PUBLISHED_BEFORE = timedelta(minutes=10)
SIGNS_FOR = timedelta(days=90)
"""How long a key signs before the worker lets the next one take its place."""
ID_LETTERS = 10


def current_key(session: Session, *, now: datetime) -> AccessKey:
    """Return the key that signs; makes the first one and the next. Two who come first at once get the same."""
    found = _in_state(session, "current")
    if found is not None:
        return found
    wait_turn(session, "access keys")
    return _in_state(session, "current") or _begin(session, now)


def rotate_keys(session: Session, *, actor: str, now: datetime, stolen: bool = False) -> AccessKey:
    """Let the next key sign, and publish another one. The old key's tokens stay good until they end.

    A key that was ``stolen`` takes the published next one with it, for both lay in one place; what the old one signed
    is refused at once.

    Raises
    ------
    KeyTooNew
        When the next key was published so short ago that others may not have read it.
    """
    wait_turn(session, "access keys")
    old, following = _in_state(session, "current"), _in_state(session, "next")
    if old is None or following is None:
        return _begin(session, now)
    ready_at = following.made_at + PUBLISHED_BEFORE
    if not stolen and ready_at > now:
        raise KeyTooNew(key=following.key_id, ready_at=ready_at.isoformat(timespec="seconds"))
    _retire(old, now=now, good_until=now if stolen else now + TOKEN_LIFE)
    session.flush()
    if stolen:
        _retire(following, now=now, good_until=now)
        session.flush()
        current = _begin(session, now)
    else:
        following.status, following.signs_from = "current", now
        session.flush()
        session.add(_made(now, "next"))
        session.flush()
        current = following
    word = "keys_stolen" if stolen else "keys_rotated"
    write_event(session, word, f"key:{old.key_id}", actor=actor, now=now, detail=f"key:{current.key_id}")
    return current


def rotation_is_due(session: Session, *, now: datetime) -> bool:
    """Tell whether the current key has signed for long enough."""
    current = _in_state(session, "current")
    return current is not None and current.signs_from is not None and current.signs_from + SIGNS_FOR <= now


def good_key(session: Session, key_id: str, *, now: datetime) -> AccessKey:
    """Return a key whose tokens are taken.

    Raises
    ------
    TokenRefused
        When there is none of that number, it has not signed yet, or its last token has ended.
    """
    key = session.get(AccessKey, key_id)
    if key is None or key.status == "next" or (key.good_until is not None and key.good_until <= now):
        raise TokenRefused(flaw="key")
    return key


def published_keys(session: Session, *, now: datetime) -> list[dict[str, str]]:
    """Return the public halves as JSON Web Keys: the one that signs, the next, and old ones that still count."""
    columns = select(AccessKey.key_id, AccessKey.public_key, AccessKey.good_until).order_by(
        col(AccessKey.made_at), col(AccessKey.key_id)
    )
    return [
        jwk_of(key_id, public)
        for key_id, public, good_until in session.exec(columns)
        if good_until is None or good_until > now
    ]


def keys_ever(session: Session) -> list[AccessKey]:
    """Return every key there ever was, oldest first."""
    order = (col(AccessKey.made_at), col(AccessKey.signs_from).is_(None), col(AccessKey.key_id))
    return list(session.exec(select(AccessKey).order_by(*order)))


def jwk_of(key_id: str, public: bytes) -> dict[str, str]:
    """Return the public half of a key of ours as a JSON Web Key."""
    letters = base64.urlsafe_b64encode(public).decode().rstrip("=")
    return {"kty": "OKP", "crv": ALGORITHMS[1], "use": "sig", "alg": SIGNED_WITH, "kid": key_id, "x": letters}


def _in_state(session: Session, status: str) -> AccessKey | None:
    wanted = select(AccessKey).where(AccessKey.status == status).execution_options(populate_existing=True)
    return session.exec(wanted).first()


def _begin(session: Session, now: datetime) -> AccessKey:
    current = _made(now, "current")
    session.add(current)
    session.add(_made(now, "next"))
    session.flush()
    return current


def _made(now: datetime, status: str) -> AccessKey:
    public, private = new_pair()
    return AccessKey(
        key_id=base64.b32encode(hashlib.sha256(public).digest()).decode()[:ID_LETTERS],
        public_key=public,
        private_key=private,
        status=status,
        made_at=now,
        signs_from=now if status == "current" else None,
    )


def _retire(key: AccessKey, *, now: datetime, good_until: datetime) -> None:
    key.status, key.private_key, key.retired_at, key.good_until = "retired", None, now, good_until
