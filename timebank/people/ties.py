"""What ties people: to the place they live in, and a minor to a guardian; recorded with its proof, asked for by day."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip
from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase
from timebank.people.tie_tables import Guardian, Residence

RESIDENCE = table_of(Residence)
GUARDIAN = table_of(Guardian)
TIES = ("none", "resident", "registered")
LONGEST_PROOF = 120
PEOPLE_A_QUERY = 5000


def record_residence(
    session: Session, person_id: int, tie: str, *, from_day: date, proof: str, actor: str, now: datetime
) -> None:
    """Record a person's tie to the place from a day on; of one day the last word stands.

    Raises
    ------
    WrongInput
        When the tie is none that rules know, or the proof is too long.
    """
    if tie not in TIES:
        raise WrongInput(field="tie", value=tie, right=Phrase("right_one_of", known=", ".join(TIES)))
    if len(proof) > LONGEST_PROOF:
        right = Phrase("right_length", least=0, most=LONGEST_PROOF)
        raise WrongInput(field="proof", value=f"{proof[:20]}...", right=right)
    said: dict[str, Any] = {"tie": tie, "proof": proof, "recorded_by": actor, "recorded_at": now}
    connection = session.connection()
    row = insert_or_skip(connection, RESIDENCE).values(person_id=person_id, from_day=from_day, **said)
    connection.execute(row.on_conflict_do_update(index_elements=["person_id", "from_day"], set_=said))


def record_guardian(
    session: Session,
    minor_id: int,
    guardian_id: int,
    *,
    from_day: date,
    to_day: date | None = None,
    actor: str,
    now: datetime,
) -> None:
    """Record who goes along with a minor, from a day to a day (half-open); the same again only moves its end.

    Raises
    ------
    WrongInput
        When the two are one person, or it ends before it begins.
    """
    if minor_id == guardian_id:
        raise WrongInput(field="guardian", value=str(guardian_id), right=Phrase("right_other_person"))
    if to_day is not None and to_day <= from_day:
        raise WrongInput(field="to_day", value=str(to_day), right=Phrase("right_after", moment=from_day.isoformat()))
    said: dict[str, Any] = {"to_day": to_day, "recorded_by": actor, "recorded_at": now}
    connection = session.connection()
    keys = {"minor_id": minor_id, "guardian_id": guardian_id, "from_day": from_day}
    row = insert_or_skip(connection, GUARDIAN).values(**keys, **said)
    connection.execute(row.on_conflict_do_update(index_elements=list(keys), set_=said))


def residences_on(session: Session, people: Collection[int], day: date) -> dict[int, str]:
    """Return the tie that each person had on a day; nobody of whom nothing is recorded until then."""
    r, found, asked = RESIDENCE.c, dict[int, str](), sorted(people)
    for start in range(0, len(asked), PEOPLE_A_QUERY):
        some = asked[start : start + PEOPLE_A_QUERY]
        until = select(r.person_id, r.tie).where(r.person_id.in_(some), r.from_day <= day)
        found |= {row.person_id: row.tie for row in session.connection().execute(until.order_by(r.from_day))}
    return found


def guarded_on(session: Session, people: Collection[int], day: date) -> set[int]:
    """Return who of some people had a guardian on a day."""
    g, found, asked = GUARDIAN.c, set[int](), sorted(people)
    for start in range(0, len(asked), PEOPLE_A_QUERY):
        some = asked[start : start + PEOPLE_A_QUERY]
        along = select(g.minor_id).where(g.minor_id.in_(some), g.from_day <= day)
        along = along.where(or_(g.to_day.is_(None), g.to_day > day))
        found |= set(session.connection().execute(along).scalars())
    return found
