"""Donations to the pool, a project, an institution or a person in hardship; and what the pool gives on."""

from dataclasses import asdict, dataclass

from sqlalchemy import func, select
from sqlmodel import Session

from timebank.coins.acts import Act, Payment, acting, pay, transfers_of
from timebank.coins.holders import group_account, in_hardship, own_account, person_of, purse, require_account
from timebank.coins.refusals import NotTheirs, require_allowed
from timebank.coins.relations import require_self
from timebank.core.clock import moment_at
from timebank.core.database import wait_turn
from timebank.core.errors import NotFound, WrongInput
from timebank.core.texts import Phrase
from timebank.ledger.accounts import ENTRY, POOL, account_id, open_accounts
from timebank.ledger.posting import TRANSFER
from timebank.people.tables import Organisation
from timebank.projects.tables import Project
from timebank.rules.findings import Donation
from timebank.rules.known import TARGETS
from timebank.rules.pack import pack_in_force
from timebank.rules.passing import Aid, decide_aid
from timebank.rules.spending import decide_donation

AID = "aid"
"""Reason of what the pool gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Donated:
    """Who donates how much, and to whom: a person from their own account, or an organisation its groups' hours.

    ``target`` is one of pool, project, institution, person_in_hardship; all but the pool have a ``target_id``: of the
    project, the organisation or the person.
    """

    minutes: int
    target: str
    target_id: int | None = None
    person_id: int | None = None
    organisation_id: int | None = None


def donate(session: Session, act: Act, donated: Donated) -> int:
    """Donate; the pack of the day says which targets there are. Returns the transfer.

    Raises
    ------
    NotByRules
        When the pack has no such target, the person is in no hardship, or there are too few minutes.
    BalanceTooLow, BalanceTooHigh, AccountClosed
        When an account does not allow it.
    NotFound
        When the giver has no account, or there is no such project, organisation or person.
    NotTheirs
        When a person donates what is somebody else's, or hours of a group.
    WrongInput
        When giver or target cannot be.
    """
    _check(donated)
    with acting(session, act, "donate", asdict(donated)) as gate:
        if gate.is_replay:
            return transfers_of(session, gate.act_id)[0]
        giver = purse(session, _giver(session, act, donated))
        to = _target(session, act, donated)
        hardship = None
        if donated.target == "person_in_hardship":
            hardship = in_hardship(session, donated.target_id or 0, act.day)
        case = Donation(
            day=act.day,
            target=donated.target,
            minutes=max(donated.minutes, 0),
            available_min=max(giver.available_min, 0),
            taker_in_hardship=hardship,
        )
        decision = require_allowed(decide_donation(case), pack_in_force(act.day))
        payment = Payment(
            debit_id=giver.account_id, credit_id=to, minutes=decision.minutes, reason="donate", decision=decision
        )
        return pay(session, act, gate, payment)


def give_aid(session: Session, act: Act, *, person_id: int, minutes: int) -> int:
    """Give minutes of the pool to a person in hardship; an office decides it, never a person, for themselves or others.

    Raises
    ------
    NotByRules
        When they are in no hardship, had enough this year, or the pool has too little.
    NotTheirs
        When a person would decide.
    NotFound
        When there is no such person.
    WrongInput
        When it is not said why.
    """
    if not act.note.strip():
        raise WrongInput(field="note", value=act.note, right=Phrase("right_note"))
    if not act.actor.startswith("organisation:"):
        raise NotTheirs(kind="person", key=str(person_id), who=Phrase("who_office"))
    with acting(session, act, "give_aid", {"person": person_id, "minutes": minutes}) as gate:
        if gate.is_replay:
            return transfers_of(session, gate.act_id)[0]
        person_of(session, person_id)
        wait_turn(session, f"aid of book {act.book_id} for {person_id}")  # so that the year's most is not passed
        pool = purse(session, account_id(session, act.book_id, POOL))
        to = own_account(session, act.book_id, person_id)
        case = Aid(
            day=act.day,
            minutes=max(minutes, 0),
            available_min=max(pool.available_min, 0),
            given_in_year_min=_given_in_year(session, act, pool.account_id, to),
            in_hardship=in_hardship(session, person_id, act.day),
        )
        decision = require_allowed(decide_aid(case), pack_in_force(act.day))
        payment = Payment(
            debit_id=pool.account_id, credit_id=to, minutes=decision.minutes, reason=AID, decision=decision
        )
        return pay(session, act, gate, payment)


def _check(donated: Donated) -> None:
    if (donated.person_id is None) == (donated.organisation_id is None):
        raise WrongInput(field="giver", value=str(donated.person_id), right=Phrase("right_holder"))
    if donated.target not in TARGETS:
        right = Phrase("right_one_of", known=", ".join(TARGETS))
        raise WrongInput(field="target", value=donated.target[:20], right=right)
    if (donated.target == "pool") != (donated.target_id is None):
        raise WrongInput(field="target_id", value=str(donated.target_id), right=Phrase("right_target"))


def _giver(session: Session, act: Act, donated: Donated) -> int:
    if donated.person_id is not None:
        require_self(act, donated.person_id, kind="person", key=str(donated.person_id))
        return require_account(session, act.book_id, donated.person_id)
    number = donated.organisation_id or 0
    if act.actor != f"organisation:{number}":
        raise NotTheirs(kind="organisation", key=str(number), who=Phrase("who_organisation", number=number))
    return group_account(session, act.book_id, number)


def _target(session: Session, act: Act, donated: Donated) -> int:
    """Return the account of a target, opened when it is new."""
    number = donated.target_id or 0
    if donated.target == "pool":
        return account_id(session, act.book_id, POOL)
    if donated.target == "person_in_hardship":
        if number == donated.person_id:
            raise WrongInput(field="target_id", value=str(number), right=Phrase("right_two_people"))
        return own_account(session, act.book_id, number)
    if donated.target == "project":
        if session.get(Project, number) is None:
            raise NotFound(kind="project", key=str(number))
        code = f"project:{number}"
        return open_accounts(session, act.book_id, [{"code": code, "kind": "project"}])[code]
    if session.get(Organisation, number) is None:
        raise NotFound(kind="organisation", key=str(number))
    code = f"institution:{number}"
    row = {"code": code, "kind": "organisation", "organisation_id": number}
    return open_accounts(session, act.book_id, [row])[code]


def _given_in_year(session: Session, act: Act, pool: int, account: int) -> int:
    """Return what the pool gave an account in the calendar year of an act."""
    first, after = act.day.replace(month=1, day=1), act.day.replace(year=act.day.year + 1, month=1, day=1)
    e, t = ENTRY.c, TRANSFER.c
    given = (
        select(func.coalesce(func.sum(e.amount_min), 0))
        .join(TRANSFER, t.id == e.transfer_id)
        .where(e.account_id == account, e.created_at >= moment_at(first, 0), e.created_at < moment_at(after, 0))
        .where(t.debit_id == pool, t.reason == AID)
    )
    return int(session.connection().execute(given).scalar_one())
