"""Whom a provider means: its account of a person, linked by an office or by the person who showed a code."""

import hashlib
import hmac
from datetime import datetime

from sqlmodel import Session, col, select

from timebank.access.refusals import SubjectTaken
from timebank.access.tables import LinkedSubject
from timebank.core.database import wait_turn
from timebank.core.personal_data import keyring
from timebank.people.access_events import write_event
from timebank.people.notes import take_back


def link_subject(
    session: Session, person_id: int, *, issuer: str, subject: str, actor: str, now: datetime
) -> LinkedSubject:
    """Link an account of a provider to a person; a second time it is the same link.

    Raises
    ------
    SubjectTaken
        When it is another person's.
    """
    wait_turn(session, "linked subjects")
    digest = _digest(issuer, subject)
    standing = _standing(session, digest)
    if standing is not None:
        if standing.person_id != person_id:
            raise SubjectTaken(issuer=issuer)
        return standing
    link = LinkedSubject(issuer=issuer, subject_digest=digest, person_id=person_id, linked_by=actor, linked_at=now)
    session.add(link)
    session.flush()
    _write(session, "subject_linked", link, actor=actor, now=now)
    return link


def unlink_person(session: Session, person_id: int, *, actor: str, now: datetime) -> int:
    """Take back every link of a person, at once; returns how many stood."""
    standing = select(LinkedSubject).where(
        LinkedSubject.person_id == person_id, col(LinkedSubject.withdrawn_at).is_(None)
    )
    links = session.exec(standing).all()
    for link in links:
        take_back(session, link, actor=actor, now=now)
        _write(session, "subject_unlinked", link, actor=actor, now=now)
    return len(links)


def person_of_subject(session: Session, *, issuer: str, subject: str) -> int | None:
    """Return the person of an account of a provider; nothing when none is linked."""
    link = _standing(session, _digest(issuer, subject))
    return link.person_id if link else None


def _standing(session: Session, digest: bytes) -> LinkedSubject | None:
    wanted = select(LinkedSubject).where(
        LinkedSubject.subject_digest == digest, col(LinkedSubject.withdrawn_at).is_(None)
    )
    return session.exec(wanted).first()


def _digest(issuer: str, subject: str) -> bytes:
    """Hash a subject with a key, letter by letter as it is: it can be a telephone number."""
    return hmac.new(keyring().lookup_key, f"subject\0{issuer}\0{subject}".encode(), hashlib.sha256).digest()


def _write(session: Session, kind: str, link: LinkedSubject, *, actor: str, now: datetime) -> None:
    holder = f"person:{link.person_id}"
    write_event(session, kind, f"link:{link.id}", actor=actor, now=now, holder=holder, detail=link.issuer)
