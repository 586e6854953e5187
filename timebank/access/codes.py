"""One-time codes: a desk gives a person eight digits, good once, for ten minutes and five tries.

With the person's number they are worth a token for an hour. It is the way in of a district without a provider.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session, col, func, select

from timebank.access.refusals import GrantRefused, TooManyCodes
from timebank.access.tables import OneTimeCode
from timebank.core.database import wait_turn
from timebank.core.errors import NotFound
from timebank.core.personal_data import keyring
from timebank.people.access_events import write_event
from timebank.people.belonging import person_named

DIGITS = 8
LIFE = timedelta(minutes=10)
MOST_TRIES = 5
MOST_CODES = 5
WITHIN = timedelta(hours=1)
"""A person is given at most so many codes within such a time: at most 25 tries of a hundred million."""
LONGEST_LOGIN = 64


class Known(NamedTuple):
    """Who showed a code, and which."""

    person_id: int
    code_id: int


def make_code(session: Session, person_id: int, *, actor: str, now: datetime) -> str:
    """Make a code for a person; one that was given before is dead with it. The text is shown once.

    Whether ``actor`` may do so for this person is for the caller to say.

    Raises
    ------
    TooManyCodes
        When the person was given too many of late.
    """
    wait_turn(session, f"one-time code {person_id}")
    mine = OneTimeCode.person_id == person_id
    of_late = select(func.count()).where(mine, OneTimeCode.made_at > now - WITHIN)
    if session.exec(of_late).one() >= MOST_CODES:
        raise TooManyCodes(most=MOST_CODES, minutes=int(WITHIN.total_seconds()) // 60)
    for before in session.exec(select(OneTimeCode).where(mine, col(OneTimeCode.ended_at).is_(None))):
        before.ended_at = now
    plain = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    code = OneTimeCode(
        person_id=person_id, digest=_digest(person_id, plain), made_by=actor, made_at=now, expires_at=now + LIFE
    )
    session.add(code)
    session.flush()
    write_event(session, "code_made", f"code:{code.id}", actor=actor, now=now, holder=f"person:{person_id}")
    return plain


def person_of_code(session: Session, login: str, plain: str, *, now: datetime) -> Known:
    """Return whose code it is, which is used up then; a wrong try is counted, so the caller keeps the transaction.

    Raises
    ------
    GrantRefused
        The same for a number that nobody has, a wrong code, and one that is dead: nobody learns who has one.
    """
    try:
        person = person_named(session, login[:LONGEST_LOGIN])
    except NotFound:
        person = None
    wanted = (
        select(OneTimeCode)
        .where(OneTimeCode.person_id == person, col(OneTimeCode.ended_at).is_(None), OneTimeCode.expires_at > now)
        .order_by(col(OneTimeCode.id).desc())
        .with_for_update()
    )
    code = session.exec(wanted).first() if person is not None else None
    if person is None or code is None:
        raise GrantRefused(error="invalid_grant", flaw="code")
    about, holder = f"code:{code.id}", f"person:{person}"
    if hmac.compare_digest(code.digest, _digest(person, plain.strip())):
        code.ended_at = now
        session.flush()
        write_event(session, "code_used", about, actor=holder, now=now, holder=holder)
        return Known(person, code.id or 0)
    code.tries += 1
    if code.tries >= MOST_TRIES:
        code.ended_at = now
        write_event(session, "code_spent", about, actor=holder, now=now, holder=holder)
    session.flush()
    raise GrantRefused(error="invalid_grant", flaw="code")


def _digest(person_id: int, plain: str) -> bytes:
    """Hash a code with a key: eight digits alone could be tried one by one by whoever takes the database."""
    return hmac.new(keyring().lookup_key, f"one-time code {person_id} {plain}".encode(), hashlib.sha256).digest()
