"""Initial grants: programmes with an amount, a period and a budget that can never be overspent, once for each person.

The budgets of all programmes of a book stay within the budget of the pack; the database keeps each programme within
its own, whoever grants at the same moment.
"""

from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col
from sqlmodel import select as pick

from timebank.coins.acts import Act, Payment, acting, pay
from timebank.coins.holders import age_of, in_empty_nest, in_need_of_grant, own_account, person_of
from timebank.coins.refusals import BudgetSpent, NotTheirs, require_allowed
from timebank.coins.tables import CoinGrant, GrantProgramme
from timebank.core.columns import table_of
from timebank.core.database import wait_turn
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.ledger.accounts import ISSUANCE, account_id
from timebank.ledger.refusals import broke
from timebank.rules.findings import Grant
from timebank.rules.issuing import decide_grant
from timebank.rules.pack import pack_in_force

PROGRAMME = table_of(GrantProgramme)
GRANT = table_of(CoinGrant)


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """A programme of initial grants: what each person is given, in all at most how much, and when (half-open)."""

    name_zh: str
    amount_min: int
    budget_min: int
    from_day: date
    to_day: date


def open_programme(session: Session, act: Act, programme: Programme) -> GrantProgramme:
    """Open a programme of a book, within the budget that the pack of its first day has left; an office does.

    Raises
    ------
    NotByRules
        When the pack of its first day gives no grants, or a smaller one.
    WrongInput
        When its name, amounts or days cannot be, or all budgets would pass that of the pack.
    NotTheirs
        When a person opens it.
    """
    _require_office(act)
    _check(programme)
    with acting(session, act, "open_programme", asdict(programme)) as gate:
        if gate.is_replay:
            return session.exec(pick(GrantProgramme).where(GrantProgramme.act_id == gate.act_id)).one()
        wait_turn(session, f"grant programmes of book {act.book_id}")
        pack = pack_in_force(programme.from_day)
        case = Grant(
            day=programme.from_day,
            age=pack.value("grant_min_age"),
            in_empty_nest=True,
            wanted_min=programme.amount_min,
        )
        require_allowed(decide_grant(case), pack)
        budgets = select(func.coalesce(func.sum(PROGRAMME.c.budget_min), 0)).where(PROGRAMME.c.book_id == act.book_id)
        left = pack.value("grant_budget_min") - int(session.connection().execute(budgets).scalar_one())
        if programme.budget_min > left:
            right = Phrase("right_at_most", most=max(left, 0))
            raise WrongInput(field="budget_min", value=str(programme.budget_min), right=right)
        row = GrantProgramme(act_id=gate.act_id, book_id=act.book_id, **asdict(programme))
        session.add(row)
        session.flush()
        return row


def grant(session: Session, act: Act, programme_id: int, *, person_id: int) -> CoinGrant:
    """Grant a person their initial coins out of a programme; once in a book, by an office.

    Raises
    ------
    NotByRules
        When they are too young, not of those it is for, or were granted before.
    BudgetSpent
        When the programme has less left.
    WrongState
        When the programme has not begun or is over.
    NotFound
        When there is no such person, or the book has no such programme.
    NotTheirs
        When a person grants.
    """
    _require_office(act)
    with acting(session, act, "grant", {"programme": programme_id, "person": person_id}) as gate:
        if gate.is_replay:
            return session.exec(pick(CoinGrant).where(CoinGrant.act_id == gate.act_id)).one()
        programme = programme_of(session, programme_id, book_id=act.book_id)
        if not programme.from_day <= act.day < programme.to_day:
            allowed = Phrase("allowed_days", from_day=programme.from_day, to_day=programme.to_day)
            raise WrongState(
                kind="programme", key=str(programme_id), state=Phrase("state_day", day=act.day), allowed=allowed
            )
        person_of(session, person_id)
        used = _used(session, act, person_id)
        case = Grant(
            day=act.day,
            age=age_of(session, person_id, act.day),
            in_hardship=in_need_of_grant(session, person_id, act.day),
            in_empty_nest=in_empty_nest(session, person_id, act.day),
            granted_before_min=used[0],
            budget_used_min=used[1],
            wanted_min=programme.amount_min,
        )
        decision = require_allowed(decide_grant(case), pack_in_force(act.day))
        _spend(session, programme, decision.minutes)
        payment = Payment(
            debit_id=account_id(session, act.book_id, ISSUANCE),
            credit_id=own_account(session, act.book_id, person_id),
            minutes=decision.minutes,
            reason="grant",
            decision=decision,
        )
        row = {
            "book_id": act.book_id,
            "person_id": person_id,
            "programme_id": programme_id,
            "act_id": gate.act_id,
            "transfer_id": pay(session, act, gate, payment),
            "amount_min": decision.minutes,
        }
        _keep(session, row)
        return session.get_one(CoinGrant, (act.book_id, person_id))


def programme_of(session: Session, programme_id: int, *, book_id: int) -> GrantProgramme:
    """Return a programme of a book as it is now.

    Raises
    ------
    NotFound
        When the book has none of that number.
    """
    row = session.get(GrantProgramme, programme_id, populate_existing=True)
    if row is None or row.book_id != book_id:
        raise NotFound(kind="programme", key=str(programme_id))
    return row


def programmes_in(session: Session, book_id: int, *, first: int = 100) -> list[GrantProgramme]:
    """Return up to ``first`` (1 to 100) programmes of a book, the newest first."""
    if not 1 <= first <= 100:
        message = f"A page has 1 to 100 programmes, not {first}."
        raise ValueError(message)
    own = pick(GrantProgramme).where(GrantProgramme.book_id == book_id)
    return list(session.exec(own.order_by(col(GrantProgramme.from_day).desc(), col(GrantProgramme.id)).limit(first)))


def _require_office(act: Act) -> None:
    if not act.actor.startswith("organisation:"):
        raise NotTheirs(kind="programme", key=act.key[:40], who=Phrase("who_office"))


def _check(programme: Programme) -> None:
    if not programme.name_zh.strip() or len(programme.name_zh) > 120:
        right = Phrase("right_length", least=1, most=120)
        raise WrongInput(field="name_zh", value=programme.name_zh[:20], right=right)
    if not 0 < programme.amount_min <= programme.budget_min:
        value, right = f"{programme.amount_min} {programme.budget_min}", Phrase("right_grant_budget")
        raise WrongInput(field="amount_min, budget_min", value=value, right=right)
    if programme.from_day >= programme.to_day:
        right = Phrase("right_after", moment=programme.from_day)
        raise WrongInput(field="to_day", value=programme.to_day.isoformat(), right=right)


def _used(session: Session, act: Act, person_id: int) -> tuple[int, int]:
    """Return what a person was granted before, and what everybody was."""
    g, p = GRANT.c, PROGRAMME.c
    connection = session.connection()
    before = connection.execute(select(g.amount_min).where(g.book_id == act.book_id, g.person_id == person_id)).scalar()
    total = select(func.coalesce(func.sum(p.used_min), 0)).where(p.book_id == act.book_id)
    return int(before or 0), int(connection.execute(total).scalar_one())


def _spend(session: Session, programme: GrantProgramme, amount: int) -> None:
    """Take an amount from a programme's budget; its check decides between two at once."""
    p, number = PROGRAMME.c, programme.id or 0
    try:
        with session.begin_nested():
            more = update(PROGRAMME).where(p.id == number).values(used_min=p.used_min + amount)
            session.connection().execute(more)
    except IntegrityError as fault:
        if broke(fault, "ck_grant_programme_budget"):
            left = session.connection().execute(select(p.budget_min - p.used_min).where(p.id == number)).scalar_one()
            raise BudgetSpent(programme_id=number, left_min=int(left), amount_min=amount) from fault
        raise
    session.expire(programme)


def _keep(session: Session, row: dict[str, int]) -> None:
    """Write the grant down; of two at once for one person, the key lets one."""
    try:
        with session.begin_nested():
            session.connection().execute(insert(GRANT), row)
    except IntegrityError as fault:
        if broke(fault, "pk_coin_grant", "coin_grant.person_id"):
            state, allowed = Phrase("state_granted"), Phrase("allowed_not_granted")
            raise WrongState(kind="person", key=str(row["person_id"]), state=state, allowed=allowed) from fault
        raise
