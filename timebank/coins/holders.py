"""Whose an account is, and what rules ask of that person on a day; what is not known stays empty."""

from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Row, and_, exists, func, or_, select
from sqlmodel import Session

from timebank.core.clock import day_of
from timebank.core.columns import table_of
from timebank.core.errors import NotFound
from timebank.core.texts import Phrase
from timebank.ledger.accounts import ACCOUNT, ENTRY, member_code, open_accounts
from timebank.ledger.posting import TRANSFER
from timebank.people.tables import Organisation, Person, Senior, SeniorCategory
from timebank.rules.decision import age_on

CATEGORY = table_of(SeniorCategory)
SENIOR = table_of(Senior)
REDEEMED = "redeemed"
"""Code of the account to which redeemed minutes go; nothing ever comes out of it but what is corrected."""
EMPTY_NEST = ("living_alone", "living_alone_advanced_age", "couple_only_advanced_age", "childless")
"""Categories of seniors who live without their children."""
DISABILITY = ("severe_registered_disability", "severe_functional_impairment")


class Purse(NamedTuple):
    """An account that somebody spends from: its number, and what can be spent."""

    account_id: int
    available_min: int


class Earned(NamedTuple):
    """What a person has earned by serving, without what was reversed, and the day they began."""

    minutes: int
    first_day: date | None


def group_code(organisation_id: int) -> str:
    """Return the code of the account for the hours of an organisation's groups."""
    return f"group:{organisation_id}"


def own_account(session: Session, book_id: int, person_id: int) -> int:
    """Return a person's own account in a book, opened when it is new.

    Raises
    ------
    NotFound
        When there is no such person.
    """
    person_of(session, person_id)
    code = member_code(person_id)
    return open_accounts(session, book_id, [{"code": code, "kind": "member", "person_id": person_id}])[code]


def group_account(session: Session, book_id: int, organisation_id: int) -> int:
    """Return the account for the hours of an organisation's groups, which can only be donated; opened when it is new.

    Raises
    ------
    NotFound
        When there is no such organisation.
    """
    if session.get(Organisation, organisation_id) is None:
        raise NotFound(kind="organisation", key=str(organisation_id))
    code = group_code(organisation_id)
    row = {"code": code, "kind": "organisation", "organisation_id": organisation_id}
    return open_accounts(session, book_id, [row])[code]


def redeemed_account(session: Session, book_id: int) -> int:
    """Return the account of a book that takes what is redeemed."""
    return open_accounts(session, book_id, [{"code": REDEEMED, "kind": "sink"}])[REDEEMED]


def purse(session: Session, account_id: int) -> Purse:
    """Return what can be spent of an account."""
    row = account_row(session, account_id)
    return Purse(account_id, row.credits - row.debits - row.held - (row.floor_min or 0))


def account_row(session: Session, account_id: int, *, locked: bool = False) -> Row[Any]:
    """Return an account as it stands; locked until the end of the transaction when that is asked."""
    wanted = select(ACCOUNT).where(ACCOUNT.c.id == account_id)
    row = session.connection().execute(wanted.with_for_update() if locked else wanted).first()
    if row is None:
        raise NotFound(kind="account", key=str(account_id))
    return row


def account_of(session: Session, book_id: int, person_id: int) -> int | None:
    """Return a person's own account in a book, or nothing when they have none."""
    mine = (ACCOUNT.c.book_id == book_id, ACCOUNT.c.person_id == person_id, ACCOUNT.c.kind == "member")
    found = session.connection().execute(select(ACCOUNT.c.id).where(*mine)).scalar()
    return None if found is None else int(found)


def require_account(session: Session, book_id: int, person_id: int) -> int:
    """Return a person's own account in a book.

    Raises
    ------
    NotFound
        When they have none there.
    """
    found = account_of(session, book_id, person_id)
    if found is None:
        raise NotFound(kind="account", key=Phrase("key_of_person", person=person_id))
    return found


def person_of(session: Session, person_id: int) -> Person:
    """Return a person.

    Raises
    ------
    NotFound
        When there is none.
    """
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound(kind="person", key=str(person_id))
    return person


def age_of(session: Session, person_id: int, day: date) -> int:
    """Return whole years of age on a day."""
    return age_on(person_of(session, person_id).born_on, day)


def in_hardship(session: Session, person_id: int, day: date) -> bool:
    """Tell whether a person is registered in any category of special hardship on a day."""
    return _has_category(session, person_id, day, None)


def in_need_of_grant(session: Session, person_id: int, day: date) -> bool:
    """Tell whether a person is registered on a day with low income and a disability: what lowers the age of a grant.

    Any category of hardship would not do, for to live alone is one: the age of 80 would hold for nobody in an empty
    nest. The wording is that of the one source that lowers the age (Nanjing 2019).
    """
    has_low_income = _has_category(session, person_id, day, ("low_income",))
    return has_low_income and _has_category(session, person_id, day, DISABILITY)


def in_empty_nest(session: Session, person_id: int, day: date) -> bool:
    """Tell whether a person is registered on a day as living without children."""
    return _has_category(session, person_id, day, EMPTY_NEST)


def _has_category(session: Session, person_id: int, day: date, some: tuple[str, ...] | None) -> bool:
    c = CATEGORY.c
    holds = [c.senior_id == person_id, c.from_day <= day, or_(c.to_day.is_(None), c.to_day > day)]
    if some is not None:
        holds.append(c.category.in_(some))
    return bool(session.connection().execute(select(exists().where(*holds))).scalar())


def residence_of(session: Session, person_id: int) -> str | None:
    """Return the tie to the district that the registry of seniors shows; of others nothing is known."""
    wanted = select(SENIOR.c.person_id).where(SENIOR.c.person_id == person_id, SENIOR.c.status == "active")
    return None if session.connection().execute(wanted).first() is None else "resident"


def earned_by(session: Session, account_id: int) -> Earned:
    """Return what an account has earned by service, and since when."""
    t, undone = TRANSFER, TRANSFER.alias("undone")
    sums = (
        select(func.coalesce(func.sum(ENTRY.c.amount_min), 0), func.min(t.c.effective_at))
        .join(t, and_(t.c.id == ENTRY.c.transfer_id, t.c.kind == "post", t.c.reason == "earn"))
        .where(ENTRY.c.account_id == account_id, ENTRY.c.amount_min > 0)
        .where(~exists().where(undone.c.reverses_id == t.c.id))
    )
    minutes, began = session.connection().execute(sums).one()
    return Earned(int(minutes), None if began is None else day_of(began))
