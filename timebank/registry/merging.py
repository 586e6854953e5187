"""Merges: two registrations of one person become one, with everything that refers to them, and can be parted again.

The minutes of the merged account go over by a transfer and come back by another, so the books stay balanced and the
past stays as it was; the merged account is frozen meanwhile.
"""

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col
from sqlmodel import select as pick

from timebank.coins.holders import own_account
from timebank.core.clock import day_of
from timebank.core.columns import table_of
from timebank.core.database import wait_turn
from timebank.core.errors import BalanceTooLow, NotFound, WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.ledger.accounts import ACCOUNT
from timebank.ledger.posting import TRANSFER, Posting, post
from timebank.people.merged import ACT
from timebank.people.tables import Person, RegistryAct
from timebank.registry.changes import Changes
from timebank.registry.merge_rules import require_mergeable
from timebank.registry.refusals import MinutesSpent
from timebank.registry.repointing import Move, move_parts, move_references

PERSON = table_of(Person)
LONGEST_REASON = 200
FILLED = ("phone", "phone_lookup", "address")
"""What the kept registration takes from the merged one where it has nothing."""
IDENTITY = ("identity_number", "identity_lookup")
"""Goes over whole: the database lets one person have it."""


def merge(session: Session, kept_id: int, merged_id: int, *, reason: str, actor: str, now: datetime) -> RegistryAct:
    """Let one registration go into another: pairs, visits, needs, bookings, coins, whatever refers to it.

    What stands merged is not merged again.

    Raises
    ------
    NotFound
        When one of them is not there.
    WrongInput
        When both are one, or there is no reason.
    WrongState
        When one of them was merged into another already.
    MergeBreaksRule
        When the result would break a rule; with the rows in the way.
    BalanceTooHigh
        When the kept account cannot take the minutes.
    """
    if kept_id == merged_id:
        raise WrongInput(field="other", value=str(merged_id), right=Phrase("right_other_person"))
    check_reason(reason)
    wait_turn(session, "registry")
    for number in (kept_id, merged_id):
        if session.get(Person, number, with_for_update=True) is None:
            raise NotFound(kind="person", key=str(number))
    standing = _standing(session, kept_id, merged_id)
    if standing is not None:
        return standing
    with session.begin_nested():
        require_mergeable(session, kept_id, merged_id, day_of(now))
        act = RegistryAct(
            kind="merge",
            person_id=kept_id,
            other_id=merged_id,
            day=day_of(now),
            reason=reason,
            recorded_by=actor,
            recorded_at=now,
        )
        session.add(act)
        session.flush()
        changes = Changes(session, act.id or 0)
        move = Move(kept_id, merged_id, day_of(now), actor, now)
        move_parts(changes, move)
        move_references(changes, move)
        _fill_person(changes, move)
        _pass_minutes(changes, move)
        changes.flush()
        return session.get_one(RegistryAct, changes.act_id)


def give_minutes_back(session: Session, act: RegistryAct, *, actor: str, now: datetime) -> None:
    """Let the minutes that went over with a merge come back, once its accounts are open again.

    Raises
    ------
    MinutesSpent
        When the kept account has fewer left.
    AccountClosed
        When it is frozen or closed meanwhile.
    """
    t = TRANSFER.c
    went = select(t.book_id, t.debit_id, t.credit_id, t.amount_min).where(
        t.idem_key.like(f"registry:merge:{act.id}:%"), t.reason == "merge"
    )
    for book, merged, kept, amount in session.connection().execute(went.order_by(t.id)).all():
        posting = Posting(
            book_id=book,
            idem_key=f"registry:part:{act.id}:{book}",
            debit_id=kept,
            credit_id=merged,
            amount_min=amount,
            reason="part",
            effective_at=now,
            decision={"by": actor, "act": act.id},
        )
        try:
            post(session, posting, now=now)
        except BalanceTooLow as low:
            raise MinutesSpent(act_id=act.id or 0, available_min=low.available_min, amount_min=amount) from low


def check_reason(reason: str) -> None:
    """Refuse an act of the registry that nobody could explain later."""
    if not 1 <= len(reason.strip()) <= LONGEST_REASON:
        right = Phrase("right_length", least=1, most=LONGEST_REASON)
        raise WrongInput(field="reason", value=reason[:20], right=right)


def _standing(session: Session, kept_id: int, merged_id: int) -> RegistryAct | None:
    """Return the same merge if it stands; refuse when either was merged away otherwise."""
    stands = pick(RegistryAct).where(RegistryAct.kind == "merge", col(RegistryAct.undone_at).is_(None))
    both = (kept_id, merged_id)
    for act in session.exec(stands.where(ACT.c.other_id.in_(both))):
        if (act.person_id, act.other_id) == both:
            return act
        state = Phrase("state_merged_into", person=act.person_id)
        raise WrongState(kind="person", key=str(act.other_id), state=state, allowed=Phrase("allowed_own"))
    return None


def _fill_person(changes: Changes, move: Move) -> None:
    rows = changes.session.connection().execute(select(PERSON).where(PERSON.c.id.in_((move.kept, move.merged))))
    people = {row["id"]: dict(row) for row in rows.mappings()}
    kept, merged = people[move.kept], people[move.merged]
    fresh = {name: merged[name] for name in FILLED if kept[name] is None and merged[name] is not None}
    if kept["identity_lookup"] is None and merged["identity_lookup"] is not None:
        changes.change(PERSON, merged, dict.fromkeys(IDENTITY))
        fresh |= {name: merged[name] for name in IDENTITY}
    if fresh:
        changes.change(PERSON, kept, fresh)


def _pass_minutes(changes: Changes, move: Move) -> None:
    """Let the minutes of every account go over, in each book, and freeze what is empty then."""
    session, a = changes.session, ACCOUNT.c
    own = select(ACCOUNT).where(a.person_id == move.merged, a.kind == "member", a.status == "open")
    for row in session.connection().execute(own.order_by(a.id)).mappings().all():
        left = row["credits"] - row["debits"]
        if left:
            posting = Posting(
                book_id=row["book_id"],
                idem_key=f"registry:merge:{changes.act_id}:{row['book_id']}",
                debit_id=row["id"],
                credit_id=own_account(session, row["book_id"], move.kept),
                amount_min=left,
                reason="merge",
                effective_at=move.now,
                decision={"by": move.actor, "act": changes.act_id},
            )
            post(session, posting, now=move.now)
        changes.change(ACCOUNT, dict(row), {"status": "frozen"})
