"""Steps of pairs as they are written down, and visits ahead that are called off with them."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.core.errors import WrongInput
from timebank.core.texts import Phrase
from timebank.programmes.tables import PartnershipStep
from timebank.visits.life import EVENT, VISIT

STEP = table_of(PartnershipStep)
LONGEST_REASON = 400


def words_of(field: str, text: str, *, least: int = 1) -> str:
    """Return words that somebody gave, trimmed.

    Raises
    ------
    WrongInput
        When there are none, or too many.
    """
    words = text.strip()
    if not least <= len(words) <= LONGEST_REASON:
        right = Phrase("right_length", least=least, most=LONGEST_REASON)
        raise WrongInput(field=field, value=words[:20], right=right)
    return words


def write_steps(
    session: Session, pairs: Iterable[int], kind: str, *, actor: str, now: datetime, reason: str = ""
) -> None:
    """Write the same step of some pairs (by number), set-based."""
    step = {"kind": kind, "actor": actor, "reason": reason, "happened_at": now}
    rows: list[dict[str, Any]] = [{"partnership_id": number} | step for number in pairs]
    if rows:
        session.connection().execute(insert(STEP), rows)


def call_off_ahead(
    session: Session,
    need_id: int,
    *,
    from_day: date,
    actor: str,
    note: str,
    now: datetime,
    volunteer_id: int | None = None,
    to_day: date | None = None,
) -> int:
    """Call the planned visits of a need off from a day on (until another), of a volunteer or of all; returns how many.

    A visit that has begun stays.
    """
    v = VISIT.c
    ahead = select(v.id).where(v.need_id == need_id, v.status == "planned", v.day >= from_day)
    if volunteer_id is not None:
        ahead = ahead.where(v.volunteer_id == volunteer_id)
    if to_day is not None:
        ahead = ahead.where(v.day < to_day)
    connection = session.connection()
    numbers = list(connection.execute(ahead.order_by(v.id).with_for_update()).scalars())
    if numbers:
        connection.execute(update(VISIT).where(v.id.in_(numbers)).values(status="cancelled"))
        event = {"kind": "cancelled", "actor": actor, "note": note, "happened_at": now}
        connection.execute(insert(EVENT), [{"visit_id": number} | event for number in numbers])
    return len(numbers)
