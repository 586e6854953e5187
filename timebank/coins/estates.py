"""Estates: when somebody dies, what is held and offered goes back, and what is left passes to heirs or to the pool.

The account is frozen at once. An heir is somebody who was confirmed in life to be a relative within the circle of the
pack, or whom an office confirms on proof afterwards. Parts are whole shares, rounded down; what rounding leaves goes
to the first heir. Settled, the account is closed; its history stays.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from sqlalchemy import select, update
from sqlmodel import Session
from sqlmodel import select as pick

from timebank.coins.acts import Act, Gate, Payment, acting, pay
from timebank.coins.closing import close_empty, freeze, thaw
from timebank.coins.families import (
    dissolve,
    family_id_of,
    family_of,
    hand_on,
    lock_members,
    member_of,
    members_of,
    take_out,
)
from timebank.coins.gifts import return_pending
from timebank.coins.holders import account_of, account_row, own_account, person_of
from timebank.coins.refusals import NotTheirs, require_allowed
from timebank.coins.relations import relation_between, relations_of
from timebank.coins.settling import release_redemption
from timebank.coins.tables import Estate, Redemption
from timebank.core.columns import table_of
from timebank.core.database import wait_turn
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.ledger.accounts import POOL, account_id
from timebank.rules.pack import pack_in_force
from timebank.rules.passing import Inheritance, decide_inheritance, heir_circle

ESTATE = table_of(Estate)
REDEMPTION = table_of(Redemption)
MOST_HEIRS = 20


def open_estate(session: Session, act: Act, person_id: int, *, died_on: date) -> Estate | None:
    """Open the estate of one who has died: holds are released, gifts go back, the account is frozen.

    Returns nothing when they have no account in the book. Opened again it stays as it is, whatever the key.

    Raises
    ------
    NotTheirs
        When a person opens it; an office does.
    WrongInput
        When the day of death has not come.
    NotFound
        When there is no such person.
    """
    _require_office(act, person_id)
    if died_on > act.day:
        raise WrongInput(field="died_on", value=died_on.isoformat(), right=Phrase("right_day_past", day=act.day))
    with acting(session, act, "open_estate", {"person": person_id, "died_on": died_on}) as gate:
        person_of(session, person_id)
        account = account_of(session, act.book_id, person_id)
        if account is None:
            return None
        wait_turn(session, f"estate of {person_id} in book {act.book_id}")
        standing = _estate(session, act.book_id, person_id)
        if standing is not None:
            return standing
        # what is held is released before the account is locked by being frozen, as everybody else locks; what was
        # booked between the two is released afterwards
        _let_go(session, act, gate, person_id, account)
        _leave(session, act, gate, person_id)
        freeze(session, account)
        _let_go(session, act, gate, person_id, account)
        estate = Estate(
            act_id=gate.act_id, book_id=act.book_id, person_id=person_id, account_id=account, died_on=died_on
        )
        session.add(estate)
        session.flush()
        return estate


def settle_estate(session: Session, act: Act, estate_id: int, *, parts: Mapping[int, int]) -> Estate:
    """Pass an estate on: to heirs, by number with how many parts each has, or to the pool when there are none.

    Raises
    ------
    NotByRules
        When somebody is no heir by the pack, or the pool would get what is an heir's.
    NotTheirs
        When a person settles it; an office does.
    WrongInput
        When the parts cannot be.
    WrongState
        When it was settled otherwise.
    NotFound
        When the book has no such estate.
    """
    _require_office(act, estate_id)
    _check(parts)
    content = {"estate": estate_id, "parts": sorted(parts.items())}
    with acting(session, act, "settle_estate", content) as gate:
        session.connection().execute(select(ESTATE.c.id).where(ESTATE.c.id == estate_id).with_for_update())
        estate = estate_of(session, estate_id, book_id=act.book_id)
        if gate.is_replay:
            return estate
        if estate.status != "open":
            raise WrongState(
                kind="estate",
                key=str(estate_id),
                state=Phrase(f"estate_{estate.status}"),
                allowed=Phrase("estate_open"),
            )
        thaw(session, estate.account_id)
        row = account_row(session, estate.account_id, locked=True)
        left = row.credits - row.debits
        if left:
            _pass_on(session, act, gate, estate, left, parts)
        close_empty(session, estate.account_id)
        values = {"status": "settled", "settled_act_id": gate.act_id, "passed_min": left}
        session.connection().execute(update(ESTATE).where(ESTATE.c.id == estate_id).values(**values))
        return estate_of(session, estate_id)


def withdraw_estate(session: Session, act: Act, estate_id: int) -> None:
    """Take an open estate back, for who was said to have died lives: the account is open again.

    The act that opened it stays with what it let go: holds that were released, gifts that went back.

    Raises
    ------
    NotTheirs
        When a person does; an office does.
    NotFound
        When the book has no such estate.
    WrongState
        When it was settled: what heirs have is theirs.
    """
    _require_office(act, estate_id)
    session.connection().execute(select(ESTATE.c.id).where(ESTATE.c.id == estate_id).with_for_update())
    estate = estate_of(session, estate_id, book_id=act.book_id)
    if estate.status != "open":
        state, allowed = Phrase(f"estate_{estate.status}"), Phrase("estate_open")
        raise WrongState(kind="estate", key=str(estate_id), state=state, allowed=allowed)
    session.delete(estate)
    session.flush()
    thaw(session, estate.account_id)


def estate_of(session: Session, estate_id: int, *, book_id: int | None = None) -> Estate:
    """Return an estate as it is now; for a book, one of its own.

    Raises
    ------
    NotFound
        When there is none, or it is of another book.
    """
    row = session.get(Estate, estate_id, populate_existing=True)
    if row is None or book_id not in (None, row.book_id):
        raise NotFound(kind="estate", key=str(estate_id))
    return row


def heirs_of(session: Session, person_id: int, day: date) -> dict[int, str]:
    """Return who is an heir of a person by the pack of a day, and what they are to them."""
    circle = heir_circle(day)
    return {who: relation for who, relation in relations_of(session, person_id).items() if relation in circle}


def _let_go(session: Session, act: Act, gate: Gate, person_id: int, account: int) -> None:
    """Release what is held for services to them, and give gifts back."""
    r = REDEMPTION.c
    theirs = (r.account_id == account) | (r.holder_id == person_id) | (r.served_id == person_id)
    held = select(r.id).where(r.book_id == act.book_id, r.status == "held", theirs).order_by(r.id).with_for_update()
    for number in session.connection().execute(held).scalars().all():
        release_redemption(session, number, now=act.now)
    return_pending(session, act, gate, person_id)


def _leave(session: Session, act: Act, gate: Gate, person_id: int) -> None:
    """Leave the family with one's part; a head is followed by whoever has belonged to it longest.

    With the last one the account is closed, and what is held of it ends.
    """
    family_id = family_id_of(session, act.book_id, person_id)
    if family_id is None:
        return
    family = family_of(session, family_id)
    lock_members(session, family_id)
    others = [one.person_id for one in members_of(session, family_id) if one.person_id != person_id]
    if not others:
        r = REDEMPTION.c
        held = (
            select(r.id).where(r.account_id == family.account_id, r.status == "held").order_by(r.id).with_for_update()
        )
        for number in session.connection().execute(held).scalars().all():
            release_redemption(session, number, now=act.now)
        dissolve(session, act, gate, family)
        return
    take_out(session, act, gate, family, member_of(session, family_id, person_id))
    if person_id == family.head_id:
        hand_on(session, family, others[0])


def _pass_on(session: Session, act: Act, gate: Gate, estate: Estate, left: int, parts: Mapping[int, int]) -> None:
    heirs = len(heirs_of(session, estate.person_id, act.day))
    if not parts:
        pool = account_id(session, act.book_id, POOL)
        _pass(session, act, gate, estate, pool, Inheritance(day=act.day, minutes=left, is_heir=False, heirs=heirs))
        return
    whole = sum(parts.values())
    shares = {who: left * part // whole for who, part in parts.items()}
    shares[next(iter(parts))] += left - sum(shares.values())
    cases = {
        who: Inheritance(
            day=act.day,
            minutes=left,
            is_heir=True,
            heirs=heirs,
            relation=relation_between(session, estate.person_id, who),
        )
        for who in parts
    }
    for case in cases.values():
        require_allowed(decide_inheritance(case), pack_in_force(act.day))
    accounts = {own_account(session, act.book_id, who): who for who, minutes in shares.items() if minutes}
    for to in sorted(accounts):  # as everybody locks accounts
        _pass(session, act, gate, estate, to, replace(cases[accounts[to]], minutes=shares[accounts[to]]))


def _pass(session: Session, act: Act, gate: Gate, estate: Estate, to: int, case: Inheritance) -> None:
    decision = require_allowed(decide_inheritance(case), pack_in_force(act.day))
    payment = Payment(
        debit_id=estate.account_id,
        credit_id=to,
        minutes=case.minutes,
        reason="estate",
        decision=decision,
        slot=str(to),
    )
    pay(session, act, gate, payment)


def _estate(session: Session, book_id: int, person_id: int) -> Estate | None:
    return session.exec(pick(Estate).where(Estate.book_id == book_id, Estate.person_id == person_id)).first()


def _require_office(act: Act, number: int) -> None:
    if not act.actor.startswith("organisation:"):
        raise NotTheirs(kind="estate", key=str(number), who=Phrase("who_office"))


def _check(parts: Mapping[int, int]) -> None:
    if len(parts) > MOST_HEIRS or any(not 1 <= part <= 1000 for part in parts.values()):
        right = Phrase("right_parts", most=MOST_HEIRS)
        raise WrongInput(field="parts", value=str(len(parts)), right=right)
