"""Redeeming: minutes are held when a service is booked, captured as far as it is served, and else released.

The price is the minutes of service times the redeeming ratio of the pack in force on the day of booking. What is
captured never exceeds what is held; when a dispute changes what was served, the capture is set anew.
"""

from dataclasses import asdict, dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col
from sqlmodel import select as pick

from timebank.coins.acts import Act, Gate, Payment, acting, has_acted, promise
from timebank.coins.families import Spender, spender_of
from timebank.coins.holders import (
    account_of,
    age_of,
    earned_by,
    group_account,
    in_hardship,
    own_account,
    purse,
    redeemed_account,
    residence_of,
)
from timebank.coins.refusals import require_allowed
from timebank.coins.relations import require_self
from timebank.coins.tables import Redemption
from timebank.core.clock import moment_at
from timebank.core.columns import table_of
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.ledger.refusals import broke
from timebank.needs.requests import LIVE, request_of
from timebank.needs.tables import Service
from timebank.rules.decision import Decision
from timebank.rules.findings import Redemption as Case
from timebank.rules.pack import pack_in_force
from timebank.rules.spending import decide_redeeming

REDEMPTION = table_of(Redemption)
SETTLE_DAYS = 30
"""Days after the last day of a service in which it can still be confirmed; then the hold ends by itself."""
MOST_MIN = 1440
MOST_DAYS_AHEAD = 366
"""Days ahead for which something can be held: nobody's coins are held for years by a slip of the pen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """What is to be paid with coins: a service of some minutes, until a day; for a request, a visit, a group or none.

    ``payer_id`` spends: from their own account, or from that of their family (``from_family``). ``taker_id`` is who is
    served when it is somebody else. ``residence`` is the payer's, where the registry of seniors does not know it.
    """

    payer_id: int
    service_id: int
    minutes: int
    last_day: date
    taker_id: int | None = None
    from_family: bool = False
    residence: str | None = None
    request_id: int | None = None
    visit_id: int | None = None
    group_id: int | None = None


def redeem(session: Session, act: Act, booking: Booking) -> Redemption:
    """Hold the price of a service; the pack in force on the day of booking says who may, and how much it is.

    Raises
    ------
    NotByRules
        When the pack says no.
    BalanceTooLow, AccountClosed
        When the account does not allow it.
    WrongInput
        When the minutes are of no day, or the service would have been before, or in more than a year.
    NotFound
        When there is no such service, person, or family account of the payer.
    NotTheirs
        When a person books for somebody else's account.
    WrongState
        When the request or the visit is paid for already.
    """
    _check(act, booking)
    with acting(session, act, "redeem", asdict(booking)) as gate:
        if gate.is_replay:
            return session.exec(pick(Redemption).where(Redemption.act_id == gate.act_id)).one()
        require_self(act, booking.payer_id, kind="person", key=str(booking.payer_id))
        service = session.get(Service, booking.service_id)
        if service is None:
            raise NotFound(kind="service", key=str(booking.service_id))
        spender = spender_of(session, act, booking.payer_id, booking.taker_id) if booking.from_family else None
        decided = _decide(session, act, booking, service, spender)
        return _book(session, act, gate, booking, spender, decided)


def redeem_request(
    session: Session,
    act: Act,
    request_id: int,
    *,
    payer_id: int | None = None,
    from_family: bool = False,
    residence: str | None = None,
) -> Redemption:
    """Hold the price of what a request asks for; paid by the senior who is to be served, or by somebody for them.

    Raises
    ------
    WrongState
        When the request has ended, or is paid for already.
    NotByRules, BalanceTooLow, NotFound, NotTheirs
        As :func:`redeem` does.
    """
    request = request_of(session, request_id)
    if request.status not in LIVE and not has_acted(session, act):
        raise WrongState(kind="request", key=str(request_id), state=request.status, allowed=" or ".join(LIVE))
    payer = request.senior_id if payer_id is None else payer_id
    booking = Booking(
        payer_id=payer,
        service_id=request.service_id,
        minutes=request.minutes,
        last_day=request.to_day - timedelta(days=1),
        taker_id=None if payer == request.senior_id else request.senior_id,
        from_family=from_family,
        residence=residence,
        request_id=request_id,
    )
    return redeem(session, act, booking)


def redeem_from_group(session: Session, act: Act, organisation_id: int, *, minutes: int) -> None:
    """Refuse to redeem hours of a group, and say by which article: they can only be donated.

    Raises
    ------
    NotByRules
        Always.
    """
    account = purse(session, group_account(session, act.book_id, organisation_id))
    case = Case(
        day=act.day, holder_age=0, minutes=minutes, available_min=max(account.available_min, 0), from_group=True
    )
    require_allowed(decide_redeeming(case), pack_in_force(act.day))


def redemption_of(session: Session, redemption_id: int, *, book_id: int | None = None) -> Redemption:
    """Return a redemption as it is now; for a book, one of its own.

    Raises
    ------
    NotFound
        When there is none, or it is of another book.
    """
    row = session.get(Redemption, redemption_id, populate_existing=True)
    if row is None or book_id not in (None, row.book_id):
        raise NotFound(kind="redemption", key=str(redemption_id))
    return row


def redemptions_in(session: Session, book_id: int, status: str, *, first: int, after_id: int = 0) -> list[Redemption]:
    """Return up to ``first`` (1 to 100) redemptions of a book in a state, oldest first, after ``after_id``."""
    if not 1 <= first <= 100:
        message = f"A page has 1 to 100 redemptions, not {first}."
        raise ValueError(message)
    own = pick(Redemption).where(Redemption.book_id == book_id, Redemption.status == status)
    return list(session.exec(own.where(col(Redemption.id) > after_id).order_by(col(Redemption.id)).limit(first)))


def _check(act: Act, booking: Booking) -> None:
    if not 1 <= booking.minutes <= MOST_MIN:
        right = Phrase("right_range", least=1, most=MOST_MIN)
        raise WrongInput(field="minutes", value=str(booking.minutes)[:20], right=right)
    latest = act.day + timedelta(days=MOST_DAYS_AHEAD)
    if not act.day <= booking.last_day <= latest:
        right = Phrase("right_day_ahead", day=act.day, latest=latest)
        raise WrongInput(field="last_day", value=booking.last_day.isoformat(), right=right)


def _decide(
    session: Session, act: Act, booking: Booking, service: Service, spender: Spender | None
) -> tuple[Decision, int]:
    """Ask the pack of the day; returns what it says and the account that pays."""
    day, taker = act.day, booking.taker_id
    if spender is None:
        account_id = own_account(session, act.book_id, booking.payer_id)
        holder, served = booking.payer_id, taker
        family: dict[str, bool | int] = {}
    else:
        account_id, holder, served = spender.account_id, taker or booking.payer_id, None
        spent = _spent_today(session, account_id, booking.payer_id, day)
        family = {"from_family": True, "is_head": spender.is_head, "spent_today_min": spent}
    own = account_of(session, act.book_id, holder)
    earned = earned_by(session, own) if own is not None else None
    case = Case(
        day=day,
        holder_age=age_of(session, holder, day),
        holder_in_hardship=in_hardship(session, holder, day),
        taker_age=None if served is None else age_of(session, served, day),
        taker_in_hardship=None if served is None else in_hardship(session, served, day),
        residence=residence_of(session, holder) or booking.residence,
        minutes=booking.minutes,
        available_min=max(purse(session, account_id).available_min, 0),
        earned_total_min=earned.minutes if earned else 0,
        served_total_min=earned.minutes if earned else 0,
        first_served_on=earned.first_day if earned else None,
        service=service.code,
        **family,  # type: ignore[arg-type]  # facts of a case, by name
    )
    return require_allowed(decide_redeeming(case), pack_in_force(day)), account_id


def _spent_today(session: Session, account_id: int, asker_id: int, day: date) -> int:
    """Return what a member has booked from the family's account on a day, without what was released."""
    r = REDEMPTION.c
    held = func.coalesce(func.sum(r.price_min), 0)
    mine = (r.account_id == account_id, r.asker_id == asker_id, r.booked_on == day)
    return int(session.connection().execute(select(held).where(*mine, r.status.in_(("held", "captured")))).scalar_one())


def _book(
    session: Session, act: Act, gate: Gate, booking: Booking, spender: Spender | None, decided: tuple[Decision, int]
) -> Redemption:
    decision, account_id = decided
    until = moment_at(booking.last_day + timedelta(days=SETTLE_DAYS), 0)
    payment = Payment(
        debit_id=account_id,
        credit_id=redeemed_account(session, act.book_id),
        minutes=decision.minutes,
        reason="redeem",
        decision=decision,
    )
    hold_id = promise(session, act, gate, payment, until=until)
    served = booking.taker_id or booking.payer_id
    numerator, denominator = _ratio(decision)
    row = Redemption(
        act_id=gate.act_id,
        book_id=act.book_id,
        account_id=account_id,
        holder_id=booking.payer_id if spender is None else served,
        asker_id=booking.payer_id,
        served_id=served,
        service_id=booking.service_id,
        request_id=booking.request_id,
        visit_id=booking.visit_id,
        group_id=booking.group_id,
        minutes=booking.minutes,
        price_min=decision.minutes,
        numerator=numerator,
        denominator=denominator,
        booked_on=act.day,
        hold_id=hold_id,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as fault:
        purposes = {"request": booking.request_id, "visit": booking.visit_id, "group": booking.group_id}
        for purpose, key in purposes.items():
            if broke(fault, f"uq_redemption_{purpose}", f"redemption.{purpose}_id"):
                state, allowed = Phrase("state_paid"), Phrase("allowed_unpaid")
                raise WrongState(kind=purpose, key=str(key), state=state, allowed=allowed) from fault
        raise
    return row


def _ratio(decision: Decision) -> tuple[int, int]:
    """Return the ratio that made a price, as the decision says it."""
    said = next(str(value) for finding in decision.findings for name, value in finding.values if name == "ratio")
    numerator, denominator = said.split("/")
    return int(numerator), int(denominator)
