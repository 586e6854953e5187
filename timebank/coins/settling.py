"""How a redemption ends: captured as far as the service was served, released, or expired with its hold.

Every way is a state that is set, not a step that is taken: doing it again changes nothing, and a later word about the
minutes served sets the capture anew. The row is locked meanwhile, so two who end one at once end it alike.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import exists, select, update
from sqlmodel import Session

from timebank.coins.acts import belongs
from timebank.coins.holders import account_row
from timebank.coins.redeeming import redemption_of
from timebank.coins.tables import Gift, Redemption
from timebank.core.columns import table_of
from timebank.core.errors import WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.ledger.holds import capture, expire_due, reverse, void
from timebank.ledger.posting import TRANSFER, Posting, post, transfer_of
from timebank.ledger.refusals import AlreadyResolved

REDEMPTION = table_of(Redemption)
GIFT = table_of(Gift)
MOST_SERVED_MIN = 1440


class Lapsed(NamedTuple):
    """Holds that a sweep ended because their moment had passed, and what they were for."""

    holds: int
    redemptions: int
    gifts: int


def capture_redemption(session: Session, redemption_id: int, *, served_min: int, actor: str, now: datetime) -> int:
    """Pay for the minutes that were served, never more than is held; the rest is free. Returns the minutes captured.

    Nothing served is released. What was captured before is set anew when the minutes differ, such as after a dispute;
    where the payer's account has been closed meanwhile, what was captured stays.

    Raises
    ------
    WrongInput
        When the minutes are of no day.
    WrongState
        When it was released or has expired.
    """
    if not 0 <= served_min <= MOST_SERVED_MIN:
        right = Phrase("right_range", least=0, most=MOST_SERVED_MIN)
        raise WrongInput(field="served_min", value=str(served_min)[:20], right=right)
    with session.begin_nested():
        row = _locked(session, redemption_id)
        due = min(row.price_min, -(-served_min * row.numerator // row.denominator))
        if row.status == "captured":
            return _set_anew(session, row, due, actor, now)
        if due == 0:
            release_redemption(session, redemption_id, now=now)
            return 0
        if row.status != "held":
            raise WrongState(
                kind="redemption",
                key=str(row.id),
                state=Phrase(f"redemption_{row.status}"),
                allowed=Phrase("redemption_held"),
            )
        return _capture(session, row, due, actor, now)


def release_redemption(session: Session, redemption_id: int, *, now: datetime) -> Redemption:
    """Free what is held for a service that is not served; what was captured is given back.

    One that was released or has expired stays as it is.
    """
    with session.begin_nested():
        row = _locked(session, redemption_id)
        if row.status == "captured":
            _set_anew(session, row, 0, "", now)
        elif row.status == "held":
            _end(session, row, now, status="released" if _free(session, row, now) else "expired")
        return redemption_of(session, redemption_id)


def lapse_due(session: Session, book_id: int, *, now: datetime, most: int = 1000) -> Lapsed:
    """End the holds of a book whose moment has passed, up to ``most``; their redemptions expire, their gifts lapse."""
    with session.begin_nested():
        holds = expire_due(session, book_id, now=now, most=most)
        r, g, t = REDEMPTION.c, GIFT.c, TRANSFER.c
        connection = session.connection()
        gone = exists().where(t.hold_id == r.hold_id, t.kind == "expire")
        ended = update(REDEMPTION).where(r.book_id == book_id, r.status == "held", gone)
        redemptions = connection.execute(ended.values(status="expired", ended_at=now)).rowcount
        gone = exists().where(t.hold_id == g.hold_id, t.kind == "expire")
        lapsed = update(GIFT).where(g.book_id == book_id, g.status == "pending", gone)
        gifts = connection.execute(lapsed.values(status="lapsed", answered_at=now)).rowcount
    session.expire_all()
    return Lapsed(holds, redemptions, gifts)


def _locked(session: Session, redemption_id: int) -> Redemption:
    session.connection().execute(select(REDEMPTION.c.id).where(REDEMPTION.c.id == redemption_id).with_for_update())
    return redemption_of(session, redemption_id)


def _capture(session: Session, row: Redemption, due: int, actor: str, now: datetime) -> int:
    """Capture a hold: whole as it is, or freed and posted as far as it was served, in one transaction."""
    if _has_passed(session, row, now):
        _free(session, row, now)  # the sweep is late; what has expired is not captured
        _end(session, row, now, status="expired")
        return 0
    if due == row.price_min:
        number = capture(session, row.book_id, row.hold_id, idem_key=_key(row, "capture"), now=now).transfer_id
        belongs(session, row.act_id, number)
    else:
        _free(session, row, now)
        number = _post(session, row, due, actor, now)
    _end(session, row, now, status="captured", captured_min=due, transfer_id=number, settlements=row.settlements + 1)
    return due


def _set_anew(session: Session, row: Redemption, due: int, actor: str, now: datetime) -> int:
    """Reverse what was captured, and post what is due instead."""
    is_open = account_row(session, row.account_id, locked=True).status == "open"
    if due == row.captured_min or not is_open or row.transfer_id is None:
        return row.captured_min
    key = _key(row, f"{row.settlements}:back")
    back = reverse(session, row.book_id, row.transfer_id, idem_key=key, reason="redeem_back", now=now)
    belongs(session, row.act_id, back.transfer_id)
    if due == 0:
        _end(session, row, now, status="released", captured_min=0, transfer_id=None, settlements=row.settlements + 1)
        return 0
    number = _post(session, row, due, actor, now)
    _end(session, row, now, captured_min=due, transfer_id=number, settlements=row.settlements + 1)
    return due


def _post(session: Session, row: Redemption, due: int, actor: str, now: datetime) -> int:
    """Post what is due from the account that pays; the decision of the booking stands with it."""
    held = transfer_of(session.connection(), row.book_id, row.hold_id)
    posting = Posting(
        book_id=row.book_id,
        idem_key=_key(row, f"{row.settlements}:served"),
        debit_id=row.account_id,
        credit_id=held.credit_id,
        amount_min=due,
        reason="redeem",
        effective_at=now,
        decision=held.decision | {"by": actor, "hold": row.hold_id},
    )
    number = post(session, posting, now=now).transfer_id
    belongs(session, row.act_id, number)
    return number


def _free(session: Session, row: Redemption, now: datetime) -> bool:
    """Give back what is held; tells when the hold has ended by itself before."""
    try:
        number = void(session, row.book_id, row.hold_id, idem_key=_key(row, "free"), now=now).transfer_id
    except AlreadyResolved:
        return False
    belongs(session, row.act_id, number)
    return True


def _has_passed(session: Session, row: Redemption, now: datetime) -> bool:
    """Tell whether a hold has ended by itself, or would if the sweep were not late."""
    t = TRANSFER.c
    alive = select(t.id).where(t.id == row.hold_id, t.expires_at > now)
    swept = select(t.id).where(t.hold_id == row.hold_id)
    connection = session.connection()
    return connection.execute(alive).first() is None or connection.execute(swept).first() is not None


def _key(row: Redemption, slot: str) -> str:
    return f"redemption:{row.id}:{slot}"


def _end(session: Session, row: Redemption, now: datetime, **values: object) -> None:
    changed = update(REDEMPTION).where(REDEMPTION.c.id == row.id).values(ended_at=now, **values)
    session.connection().execute(changed)
    session.expire(row)
