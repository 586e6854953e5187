"""Gifts: minutes for a confirmed relative or friend, held until the taker answers, and taken back while that can be."""

from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlmodel import Session, col
from sqlmodel import select as pick

from timebank.coins.acts import Act, Gate, Payment, acting, belongs, promise
from timebank.coins.holders import age_of, in_hardship, own_account, purse, require_account
from timebank.coins.refusals import require_allowed
from timebank.coins.relations import STRANGER, relation_between, require_self
from timebank.coins.tables import Gift
from timebank.core.clock import day_of, moment_at
from timebank.core.columns import table_of
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.ledger.holds import capture, reverse, void
from timebank.ledger.refusals import AlreadyResolved, HoldExpired
from timebank.rules.findings import Gift as Case
from timebank.rules.pack import pack_in_force
from timebank.rules.passing import Undoing, decide_undoing
from timebank.rules.spending import answer_days, decide_gift

GIFT = table_of(Gift)
REASON = "gift"
"""Reason of the transfer, by which gifts that go round in a ring are found."""


def give(session: Session, act: Act, *, giver_id: int, taker_id: int, minutes: int) -> Gift:
    """Offer minutes to a relative or friend; they are held until the taker answers, for as many days as the pack says.

    Raises
    ------
    NotByRules
        When the taker is outside the circle, does not qualify, or there are too few minutes.
    BalanceTooLow, AccountClosed
        When the giver's account does not allow it.
    NotFound
        When the giver has no account, or the taker is nobody.
    NotTheirs
        When a person gives what is somebody else's.
    WrongInput
        When somebody gives to themselves.
    """
    if giver_id == taker_id:
        raise WrongInput(field="taker_id", value=str(taker_id), right=Phrase("right_two_people"))
    content = {"giver": giver_id, "taker": taker_id, "minutes": minutes}
    with acting(session, act, "give", content) as gate:
        if gate.is_replay:
            return session.exec(pick(Gift).where(Gift.act_id == gate.act_id)).one()
        require_self(act, giver_id, kind="person", key=str(giver_id))
        account = purse(session, require_account(session, act.book_id, giver_id))
        relation = relation_between(session, giver_id, taker_id)
        case = Case(
            day=act.day,
            relation=relation,
            minutes=max(minutes, 0),
            available_min=max(account.available_min, 0),
            taker_age=age_of(session, taker_id, act.day),
            taker_in_hardship=in_hardship(session, taker_id, act.day),
        )
        decision = require_allowed(decide_gift(case), pack_in_force(act.day))
        answer_by = moment_at(act.day + timedelta(days=answer_days(act.day)), 0)
        payment = Payment(
            debit_id=account.account_id,
            credit_id=own_account(session, act.book_id, taker_id),
            minutes=minutes,
            reason=REASON,
            decision=decision,
        )
        gift = Gift(
            act_id=gate.act_id,
            book_id=act.book_id,
            giver_id=giver_id,
            taker_id=taker_id,
            relation=relation,
            amount_min=minutes,
            answer_by=answer_by,
            hold_id=promise(session, act, gate, payment, until=answer_by),
        )
        session.add(gift)
        session.flush()
        return gift


def accept_gift(session: Session, act: Act, gift_id: int) -> Gift:
    """Take a gift: what was held is the taker's now.

    Raises
    ------
    NotTheirs
        When somebody else than the taker answers; an office may.
    WrongState
        When it was answered, its time has passed, or the two are no longer what they were to each other.
    BalanceTooHigh, AccountClosed
        When the taker's account does not take it.
    """
    with acting(session, act, "accept_gift", {"gift": gift_id}) as gate:
        gift = _locked(session, act, gift_id)
        if gate.is_replay:
            return gift
        require_self(act, gift.taker_id, kind="gift", key=str(gift_id))
        _require_pending(gift)
        if relation_between(session, gift.giver_id, gift.taker_id) == STRANGER:
            state, allowed = Phrase("state_unrelated"), Phrase("allowed_related")
            raise WrongState(kind="gift", key=str(gift_id), state=state, allowed=allowed)
        try:
            kept = capture(session, act.book_id, gift.hold_id, idem_key=_key(gate, gift), now=act.now)
        except HoldExpired as fault:
            raise WrongState(kind="gift", key=str(gift_id), state=_said("lapsed"), allowed=_said("pending")) from fault
        belongs(session, gate.act_id, kept.transfer_id)
        return _answer(session, act, gift, status="accepted", transfer_id=kept.transfer_id)


def decline_gift(session: Session, act: Act, gift_id: int) -> Gift:
    """Refuse a gift: what was held is the giver's again.

    Raises
    ------
    NotTheirs
        When somebody else than the taker answers; an office may.
    WrongState
        When it was answered, or its time has passed.
    """
    return _give_back(session, act, gift_id, kind="decline_gift", status="declined")


def withdraw_gift(session: Session, act: Act, gift_id: int) -> Gift:
    """Take a gift back that nobody has answered.

    Raises
    ------
    NotTheirs
        When somebody else than the giver takes it back; an office may.
    WrongState
        When it was answered, or its time has passed.
    """
    return _give_back(session, act, gift_id, kind="withdraw_gift", status="withdrawn")


def undo_gift(session: Session, act: Act, gift_id: int) -> Gift:
    """Take an accepted gift back, within the days the pack gives, while the taker still has the minutes.

    Raises
    ------
    NotTheirs
        When somebody else than the giver takes it back; an office may.
    NotByRules
        When it is too late, or gifts stay.
    WrongState
        When it is not accepted.
    BalanceTooLow
        When the taker has spent the minutes.
    """
    with acting(session, act, "undo_gift", {"gift": gift_id}) as gate:
        gift = _locked(session, act, gift_id)
        if gate.is_replay:
            return gift
        require_self(act, gift.giver_id, kind="gift", key=str(gift_id))
        if gift.status != "accepted" or gift.transfer_id is None or gift.answered_at is None:
            raise WrongState(kind="gift", key=str(gift_id), state=_said(gift.status), allowed=_said("accepted"))
        case = Undoing(day=act.day, accepted_on=day_of(gift.answered_at), minutes=gift.amount_min)
        require_allowed(decide_undoing(case), pack_in_force(act.day))
        back = reverse(
            session, act.book_id, gift.transfer_id, idem_key=_key(gate, gift), reason="gift_undone", now=act.now
        )
        belongs(session, gate.act_id, back.transfer_id)
        return _answer(session, act, gift, status="undone")


def gift_of(session: Session, gift_id: int, *, book_id: int | None = None) -> Gift:
    """Return a gift as it is now; for a book, one of its own.

    Raises
    ------
    NotFound
        When there is none, or it is of another book.
    """
    gift = session.get(Gift, gift_id, populate_existing=True)
    if gift is None or book_id not in (None, gift.book_id):
        raise NotFound(kind="gift", key=str(gift_id))
    return gift


def gifts_of(session: Session, book_id: int, person_id: int, *, first: int, before_id: int | None = None) -> list[Gift]:
    """Return up to ``first`` (1 to 100) gifts that a person gave or was offered, newest first, before ``before_id``."""
    if not 1 <= first <= 100:
        message = f"A page has 1 to 100 gifts, not {first}."
        raise ValueError(message)
    mine = or_(col(Gift.giver_id) == person_id, col(Gift.taker_id) == person_id)
    wanted = pick(Gift).where(Gift.book_id == book_id, mine)
    if before_id is not None:
        wanted = wanted.where(col(Gift.id) < before_id)
    return list(session.exec(wanted.order_by(col(Gift.id).desc()).limit(first)))


def return_pending(session: Session, act: Act, gate: Gate, person_id: int) -> int:
    """Give back every gift that somebody has not answered or has had no answer to; returns how many."""
    mine = or_(GIFT.c.giver_id == person_id, GIFT.c.taker_id == person_id)
    pending = select(GIFT.c.id).where(GIFT.c.book_id == act.book_id, GIFT.c.status == "pending", mine)
    numbers = list(session.connection().execute(pending.order_by(GIFT.c.id).with_for_update()).scalars())
    for number in numbers:
        gift = gift_of(session, number)
        is_free = _free(session, act, gate, gift)
        _answer(session, act, gift, status="withdrawn" if is_free else "lapsed")
    return len(numbers)


def _give_back(session: Session, act: Act, gift_id: int, *, kind: str, status: str) -> Gift:
    with acting(session, act, kind, {"gift": gift_id}) as gate:
        gift = _locked(session, act, gift_id)
        if gate.is_replay:
            return gift
        who = gift.taker_id if status == "declined" else gift.giver_id
        require_self(act, who, kind="gift", key=str(gift_id))
        _require_pending(gift)
        if not _free(session, act, gate, gift):
            raise WrongState(kind="gift", key=str(gift_id), state=_said("lapsed"), allowed=_said("pending"))
        return _answer(session, act, gift, status=status)


def _free(session: Session, act: Act, gate: Gate, gift: Gift) -> bool:
    """Give back what is held for a gift; tells when its hold has ended by itself before."""
    try:
        freed = void(session, act.book_id, gift.hold_id, idem_key=_key(gate, gift), now=act.now)
    except AlreadyResolved:
        return False
    belongs(session, gate.act_id, freed.transfer_id)
    return True


def _locked(session: Session, act: Act, gift_id: int) -> Gift:
    session.connection().execute(select(GIFT.c.id).where(GIFT.c.id == gift_id).with_for_update())
    return gift_of(session, gift_id, book_id=act.book_id)


def _require_pending(gift: Gift) -> None:
    if gift.status != "pending":
        raise WrongState(kind="gift", key=str(gift.id), state=_said(gift.status), allowed=_said("pending"))


def _said(status: str) -> Phrase:
    return Phrase(f"gift_{status}")


def _key(gate: Gate, gift: Gift) -> str:
    return f"coins:{gate.act_id}:gift:{gift.id}"


def _answer(session: Session, act: Act, gift: Gift, **values: Any) -> Gift:
    changed = update(GIFT).where(GIFT.c.id == gift.id).values(answered_at=act.now, **values)
    session.connection().execute(changed)
    return gift_of(session, gift.id or 0)
