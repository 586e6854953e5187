"""What was done about access, written down as it is done: who, about what, for whom."""

from datetime import datetime

from sqlmodel import Session, col, select

from timebank.people.token_tables import AccessEvent

LONGEST_DETAIL = 400
MOST_SHOWN = 1_000


def holder_name(organisation_id: int | None, person_id: int | None) -> str:
    """Return whom something acts for, such as ``organisation:3``."""
    return f"organisation:{organisation_id}" if organisation_id is not None else f"person:{person_id}"


def write_event(
    session: Session, kind: str, about: str, *, actor: str, now: datetime, holder: str = "", detail: str = ""
) -> None:
    """Write down what was done; ``about`` is what it was done to, such as ``token:7``. No secret stands in it."""
    session.add(
        AccessEvent(kind=kind, about=about, holder=holder, actor=actor, detail=detail[:LONGEST_DETAIL], happened_at=now)
    )
    session.flush()


def events(session: Session, *, holder: str = "", about: str = "", first: int = 100) -> list[AccessEvent]:
    """Return what was done last, newest first; of one holder or about one thing where it is said."""
    wanted = select(AccessEvent).order_by(col(AccessEvent.id).desc()).limit(min(first, MOST_SHOWN))
    if holder:
        wanted = wanted.where(AccessEvent.holder == holder)
    if about:
        wanted = wanted.where(AccessEvent.about == about)
    return list(session.exec(wanted))
