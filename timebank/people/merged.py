"""Who was merged into whom: what can never be changed stays with the old number, and is read through this."""

from sqlalchemy import Select, select
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.people.act_tables import RegistryAct

ACT = table_of(RegistryAct)


def merged_away() -> Select[int]:
    """Return the query of the people who stand no more for themselves: they were merged into another."""
    return select(ACT.c.other_id).where(ACT.c.kind == "merge", ACT.c.undone_at.is_(None))


def same_person(session: Session, person_id: int) -> list[int]:
    """Return every number of the person who stands behind a number: the one that is kept first, then those merged."""
    kept = person_id
    merged = {other: own for own, other in _merges(session)}
    while kept in merged:
        kept = merged[kept]
    found = [kept]
    for number in found:  # it grows while it is read: what was merged into what was merged belongs too
        found += sorted(other for other, own in merged.items() if own == number)
    return found


def kept_person(session: Session, person_id: int) -> int:
    """Return the number that stands for a person now."""
    return same_person(session, person_id)[0]


def _merges(session: Session) -> list[tuple[int, int]]:
    """Return what stands of all merges; there are a few for each thousand people."""
    wanted = select(ACT.c.person_id, ACT.c.other_id).where(ACT.c.kind == "merge", ACT.c.undone_at.is_(None))
    return [(int(own), int(other)) for own, other in session.connection().execute(wanted)]
