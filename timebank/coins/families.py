"""Family accounts: members put coins in, and any of them, or the head alone, has one of them served from it.

Whoever leaves takes their part of what can be spent along: in the proportion of what those who belong to it have put
in, rounded down. When the head leaves, the account is closed, and everybody has their part.
"""

from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from timebank.coins.acts import Act, Gate, Payment, acting, pay
from timebank.coins.closing import close_empty
from timebank.coins.holders import account_row, own_account, purse, require_account
from timebank.coins.refusals import require_allowed
from timebank.coins.relations import relation_between, require_self
from timebank.coins.tables import Family, FamilyMember
from timebank.core.columns import table_of
from timebank.core.errors import NotFound, WrongState
from timebank.core.texts import Phrase
from timebank.ledger.accounts import open_accounts
from timebank.ledger.refusals import broke
from timebank.rules.decision import Decision
from timebank.rules.pack import pack_in_force
from timebank.rules.passing import Parting, Sharing, decide_parting, decide_sharing

FAMILY = table_of(Family)
MEMBER = table_of(FamilyMember)
MOST_MEMBERS = 100
"""Most members of a family account at once."""


@dataclass(frozen=True, slots=True)
class Spender:
    """A member who spends from a family account."""

    account_id: int
    is_head: bool


def open_family(session: Session, act: Act, head_id: int) -> Family:
    """Open the account of a family; its head is the first member.

    Raises
    ------
    NotByRules
        When the pack has no family accounts.
    NotTheirs
        When a person opens it for somebody else.
    WrongState
        When the head belongs to a family account of this book.
    """
    with acting(session, act, "open_family", {"head": head_id}) as gate:
        if gate.is_replay:
            return session.exec(select(Family).where(Family.act_id == gate.act_id)).one()
        require_self(act, head_id, kind="person", key=str(head_id))
        require_allowed(decide_sharing(Sharing(day=act.day)), pack_in_force(act.day))
        own_account(session, act.book_id, head_id)
        code = f"family:{gate.act_id}"
        account_id = open_accounts(session, act.book_id, [{"code": code, "kind": "member"}])[code]
        family = Family(act_id=gate.act_id, book_id=act.book_id, head_id=head_id, account_id=account_id)
        session.add(family)
        session.flush()
        _add(session, act, gate, family, head_id, "")
        return family


def join_family(session: Session, act: Act, family_id: int, *, person_id: int) -> FamilyMember:
    """Take somebody into a family account: the head does, and the two have a confirmed relationship.

    Raises
    ------
    NotTheirs
        When somebody else than the head takes them in; an office may.
    NotByRules
        When their relation to the head is outside the pack's circle.
    WrongState
        When the account is closed, or they belong to one of this book already.
    """
    with acting(session, act, "join_family", {"family": family_id, "person": person_id}) as gate:
        if gate.is_replay:
            return session.exec(select(FamilyMember).where(FamilyMember.act_id == gate.act_id)).one()
        family = _open(session, act, family_id)
        require_self(act, family.head_id, kind="family", key=str(family_id))
        relation = relation_between(session, family.head_id, person_id)
        require_allowed(decide_sharing(Sharing(day=act.day, relation=relation)), pack_in_force(act.day))
        own_account(session, act.book_id, person_id)
        return _add(session, act, gate, family, person_id, relation)


def put_in(session: Session, act: Act, family_id: int, *, person_id: int, minutes: int) -> FamilyMember:
    """Put a member's own minutes into the family account.

    Raises
    ------
    NotByRules
        When the pack says no, or there are too few.
    NotFound
        When they are no member.
    NotTheirs
        When a person puts in what is somebody else's.
    WrongState
        When the account is closed.
    """
    content = {"family": family_id, "person": person_id, "minutes": minutes}
    with acting(session, act, "put_in", content) as gate:
        member = member_of(session, family_id, person_id, ever=gate.is_replay)
        if gate.is_replay:
            return member
        family = _open(session, act, family_id)
        lock_members(session, family_id)
        require_self(act, person_id, kind="person", key=str(person_id))
        own = purse(session, require_account(session, act.book_id, person_id))
        decision = _share(session, act, family, person_id, minutes, own.available_min)
        payment = Payment(
            debit_id=own.account_id,
            credit_id=family.account_id,
            minutes=decision.minutes,
            reason="family_in",
            decision=decision,
        )
        pay(session, act, gate, payment)
        more = update(MEMBER).where(MEMBER.c.id == member.id).values(put_in_min=MEMBER.c.put_in_min + minutes)
        session.connection().execute(more)
        session.refresh(member)
        return member


def leave_family(session: Session, act: Act, family_id: int, *, person_id: int) -> FamilyMember:
    """Leave a family account with one's part of what can be spent; the head's leaving closes it for all.

    Raises
    ------
    NotFound
        When they are no member.
    NotTheirs
        When neither they nor the head asks; an office may.
    WrongState
        When the head leaves while something is held.
    """
    with acting(session, act, "leave_family", {"family": family_id, "person": person_id}) as gate:
        member = member_of(session, family_id, person_id, ever=gate.is_replay)
        if gate.is_replay:
            return member
        family = family_of(session, family_id, book_id=act.book_id)
        lock_members(session, family_id)
        require_self(act, person_id, family.head_id, kind="family", key=str(family_id))
        if person_id == family.head_id:
            dissolve(session, act, gate, family)
        else:
            take_out(session, act, gate, family, member)
        session.refresh(member)
        return member


def take_out(session: Session, act: Act, gate: Gate, family: Family, member: FamilyMember) -> None:
    """Pay a member their part out, and let them go; the account is locked so that parts are taken one by one."""
    account_row(session, family.account_id, locked=True)
    put_in = [one.put_in_min for one in members_of(session, family.id or 0)]
    _pay_out(session, act, gate, family, member, (member.put_in_min, sum(put_in)))


def dissolve(session: Session, act: Act, gate: Gate, family: Family) -> None:
    """Give everybody their part, what rounding left to the head, and close the account."""
    row = account_row(session, family.account_id, locked=True)
    if row.held:
        state, allowed = Phrase("state_some_held", minutes=row.held), Phrase("allowed_nothing_held")
        raise WrongState(kind="family", key=str(family.id), state=state, allowed=allowed)
    for member in members_of(session, family.id or 0):
        if member.person_id != family.head_id:
            take_out(session, act, gate, family, member)
    head = member_of(session, family.id or 0, family.head_id)
    _pay_out(session, act, gate, family, head, (1, 1))  # all that is left
    close_empty(session, family.account_id)
    session.connection().execute(update(FAMILY).where(FAMILY.c.id == family.id).values(status="closed"))
    session.refresh(family)


def lock_members(session: Session, family_id: int) -> None:
    """Lock the rows of those who belong, always before any account: who spends meanwhile locks in the same order."""
    belong = (MEMBER.c.family_id == family_id, MEMBER.c.left_act_id.is_(None))
    session.connection().execute(select(MEMBER.c.id).where(*belong).order_by(MEMBER.c.id).with_for_update()).all()


def hand_on(session: Session, family: Family, head_id: int) -> None:
    """Let another member be the head."""
    session.connection().execute(update(FAMILY).where(FAMILY.c.id == family.id).values(head_id=head_id))
    session.refresh(family)


def spender_of(session: Session, act: Act, person_id: int, taker_id: int | None) -> Spender:
    """Return the family account that a person spends from; who is served belongs to it too. Their row is locked.

    Raises
    ------
    NotFound
        When either belongs to no family account of the book, or they belong to two.
    """
    mine = _membership(session, act.book_id, person_id)
    session.connection().execute(select(MEMBER.c.id).where(MEMBER.c.id == mine.id).with_for_update())
    if taker_id is not None and _membership(session, act.book_id, taker_id).family_id != mine.family_id:
        raise NotFound(kind="family", key=Phrase("key_of_person", person=taker_id))
    family = family_of(session, mine.family_id)
    return Spender(family.account_id, person_id == family.head_id)


def family_of(session: Session, family_id: int, *, book_id: int | None = None) -> Family:
    """Return a family account as it is now; for a book, one of its own.

    Raises
    ------
    NotFound
        When there is none, or it is of another book.
    """
    family = session.get(Family, family_id, populate_existing=True)
    if family is None or book_id not in (None, family.book_id):
        raise NotFound(kind="family", key=str(family_id))
    return family


def members_of(session: Session, family_id: int) -> list[FamilyMember]:
    """Return those who belong to a family account, in the order they joined; at most a hundred."""
    wanted = select(FamilyMember).where(FamilyMember.family_id == family_id, col(FamilyMember.left_act_id).is_(None))
    fresh = wanted.order_by(col(FamilyMember.id)).limit(MOST_MEMBERS).execution_options(populate_existing=True)
    return list(session.exec(fresh))


def family_id_of(session: Session, book_id: int, person_id: int) -> int | None:
    """Return the family account that a person belongs to in a book, or nothing."""
    mine = (FamilyMember.book_id == book_id, FamilyMember.person_id == person_id)
    wanted = select(FamilyMember.family_id).where(*mine, col(FamilyMember.left_act_id).is_(None))
    return session.exec(wanted).first()


def member_of(session: Session, family_id: int, person_id: int, *, ever: bool = False) -> FamilyMember:
    """Return somebody's membership, the newest; of those who have left only when ``ever`` is asked.

    Raises
    ------
    NotFound
        When they are no member.
    """
    wanted = select(FamilyMember).where(FamilyMember.family_id == family_id, FamilyMember.person_id == person_id)
    if not ever:
        wanted = wanted.where(col(FamilyMember.left_act_id).is_(None))
    found = session.exec(wanted.order_by(col(FamilyMember.id).desc()).execution_options(populate_existing=True)).first()
    if found is None:
        raise NotFound(kind="member", key=str(person_id))
    return found


def _membership(session: Session, book_id: int, person_id: int) -> FamilyMember:
    family_id = family_id_of(session, book_id, person_id)
    if family_id is None:
        raise NotFound(kind="family", key=Phrase("key_of_person", person=person_id))
    return member_of(session, family_id, person_id)


def _open(session: Session, act: Act, family_id: int) -> Family:
    """Return a family account that is open, locked so that it is not closed meanwhile."""
    session.connection().execute(select(FAMILY.c.id).where(FAMILY.c.id == family_id).with_for_update())
    family = family_of(session, family_id, book_id=act.book_id)
    if family.status != "open":
        raise WrongState(kind="family", key=str(family_id), state=family.status, allowed="open")
    return family


def _add(session: Session, act: Act, gate: Gate, family: Family, person_id: int, relation: str) -> FamilyMember:
    if len(members_of(session, family.id or 0)) >= MOST_MEMBERS:
        state, allowed = Phrase("state_full"), Phrase("allowed_not_full", most=MOST_MEMBERS)
        raise WrongState(kind="family", key=str(family.id), state=state, allowed=allowed)
    member = FamilyMember(
        act_id=gate.act_id,
        family_id=family.id or 0,
        book_id=act.book_id,
        person_id=person_id,
        relation=relation,
    )
    try:
        with session.begin_nested():
            session.add(member)
    except IntegrityError as fault:
        if broke(fault, "uq_family_member_person", "family_member.person_id"):
            state, allowed = Phrase("state_in_family"), Phrase("allowed_no_family")
            raise WrongState(kind="person", key=str(person_id), state=state, allowed=allowed) from fault
        raise
    return member


def _share(session: Session, act: Act, family: Family, person_id: int, minutes: int, available_min: int) -> Decision:
    relation = None if person_id == family.head_id else relation_between(session, family.head_id, person_id)
    case = Sharing(day=act.day, relation=relation, minutes=minutes, available_min=max(available_min, 0))
    return require_allowed(decide_sharing(case), pack_in_force(act.day))


def _pay_out(
    session: Session, act: Act, gate: Gate, family: Family, member: FamilyMember, part: tuple[int, int]
) -> None:
    available = purse(session, family.account_id).available_min
    put_in, total = part
    case = Parting(day=act.day, available_min=available, put_in_min=put_in, put_in_total_min=total)
    decision = decide_parting(case)
    if decision.allowed:
        payment = Payment(
            debit_id=family.account_id,
            credit_id=own_account(session, act.book_id, member.person_id),
            minutes=decision.minutes,
            reason="family_out",
            decision=decision,
            slot=str(member.person_id),
        )
        pay(session, act, gate, payment)
    values = {"left_act_id": gate.act_id, "taken_out_min": decision.minutes}
    session.connection().execute(update(MEMBER).where(MEMBER.c.id == member.id).values(**values))
