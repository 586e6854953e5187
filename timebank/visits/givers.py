"""What rules ask of givers on a day: age and standing, and what they have earned and stored so far.

A pack is told only what one of its rules asks for (:func:`timebank.rules.earning.facts_asked`); each sum is one query
for all givers of a page.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlmodel import Session

from timebank.core.columns import table_of
from timebank.ledger.accounts import ACCOUNT, ENTRY, ISSUANCE
from timebank.ledger.posting import TRANSFER
from timebank.people.tables import Person, Volunteer
from timebank.people.ties import guarded_on, residences_on
from timebank.rules.decision import age_on
from timebank.visits.life import VISIT
from timebank.visits.records import GIVER, GROUP

PERSON = table_of(Person)
VOLUNTEER = table_of(Volunteer)
PEOPLE_A_QUERY = 5000
SUMS = ("earned_on_day_min", "earned_total_min", "stored_min")
"""Facts that grow with every credit."""


@dataclass(slots=True)
class Earner:
    """A giver on a day: the facts that rules ask for, and the sums that they ask for so far."""

    facts: dict[str, Any]
    sums: dict[str, int] = field(default_factory=dict)

    def add(self, minutes: int) -> None:
        """Count minutes that came into the giver's own account."""
        for name in self.sums:
            self.sums[name] += minutes


def earners_on(
    session: Session, book_id: int, people: Iterable[int], day: date, asked: frozenset[str]
) -> dict[int, Earner]:
    """Return what is known of some givers on a day, with nothing that is not asked for."""
    wanted, earners = sorted(set(people)), dict[int, Earner]()
    for start in range(0, len(wanted), PEOPLE_A_QUERY):
        earners |= _known(session, wanted[start : start + PEOPLE_A_QUERY], day, asked)
    _add_ties(session, earners, day, asked)
    if "stored_min" in asked:
        _lock_accounts(session, book_id, wanted)
    for name in SUMS:
        if name in asked:
            _add_sum(session, earners, name, _SUM[name](book_id, day))
    return earners


def _known(session: Session, people: list[int], day: date, asked: frozenset[str]) -> dict[int, Earner]:
    columns = (PERSON.c.id, PERSON.c.born_on, PERSON.c.gender, VOLUNTEER.c.trained_on)
    rows = select(*columns).outerjoin(VOLUNTEER, VOLUNTEER.c.person_id == PERSON.c.id).where(PERSON.c.id.in_(people))
    earners = {}
    for number, born_on, gender, trained_on in session.connection().execute(rows).all():
        facts: dict[str, Any] = {"giver_age": age_on(born_on, day)}
        if "giver_gender" in asked:
            facts["giver_gender"] = gender
        if "is_trained" in asked:
            facts["is_trained"] = trained_on is not None and trained_on <= day
        earners[number] = Earner(facts)
    return earners


def _add_ties(session: Session, earners: dict[int, Earner], day: date, asked: frozenset[str]) -> None:
    if "giver_residence" in asked:
        for person, tie in residences_on(session, earners, day).items():
            earners[person].facts["giver_residence"] = tie
    if "has_guardian" in asked:
        guarded = guarded_on(session, earners, day)
        for person, earner in earners.items():
            earner.facts["has_guardian"] = person in guarded


def _lock_accounts(session: Session, book_id: int, people: list[int]) -> None:
    """Lock givers' accounts, so that no gift comes in between; with the issuing one, in the order of all postings."""
    a, connection = ACCOUNT.c, session.connection()
    if connection.dialect.name == "postgresql":  # on SQLite a writer is alone already
        own = and_(a.kind == "member", a.person_id.in_(people))
        connection.execute(
            select(a.id).where(a.book_id == book_id, or_(own, a.code == ISSUANCE)).order_by(a.id).with_for_update()
        )


def _add_sum(session: Session, earners: dict[int, Earner], name: str, sums: Select[Any]) -> None:
    """Add one sum by giver; who has no row has nothing."""
    for earner in earners.values():
        earner.sums[name] = 0
    people = list(earners)
    for start in range(0, len(people), PEOPLE_A_QUERY):
        some = sums.where(sums.selected_columns[0].in_(people[start : start + PEOPLE_A_QUERY]))
        for person, minutes in session.connection().execute(some).all():
            earners[person].sums[name] += int(minutes)


def _stands(account_person: ColumnElement[int], book_id: int) -> list[ColumnElement[bool]]:
    """Tell of a credit whether it is in the giver's own account and was not reversed."""
    undone = TRANSFER.alias("undone")
    own = (ACCOUNT.c.kind == "member", ACCOUNT.c.book_id == book_id, ACCOUNT.c.person_id == account_person)
    return [*own, ~exists().where(undone.c.reverses_id == TRANSFER.c.id)]


def _on_day(book_id: int, day: date) -> Select[Any]:
    """Sum what a giver earned for services of a day, visits and groups."""
    t, v, m = TRANSFER.c, VISIT.c, GIVER.c
    visits = (
        select(v.volunteer_id.label("giver_id"), t.amount_min)
        .join(TRANSFER, t.id == v.transfer_id)
        .join(ACCOUNT, ACCOUNT.c.id == t.credit_id)
        .where(v.day == day, v.status == "confirmed", *_stands(v.volunteer_id, book_id))
    )
    groups = (
        select(m.volunteer_id, t.amount_min)
        .select_from(GIVER.join(GROUP, GROUP.c.id == m.group_id))
        .join(TRANSFER, t.id == m.transfer_id)
        .join(ACCOUNT, ACCOUNT.c.id == t.credit_id)
        .where(GROUP.c.day == day, *_stands(m.volunteer_id, book_id))
    )
    both = visits.union_all(groups).subquery()
    return select(both.c.giver_id, func.sum(both.c.amount_min)).group_by(both.c.giver_id)


def _in_all(book_id: int, _day: date) -> Select[Any]:
    """Sum what a giver ever earned."""
    t, a = TRANSFER.c, ACCOUNT.c
    return (
        select(a.person_id, func.sum(ENTRY.c.amount_min))
        .join(ENTRY, ENTRY.c.account_id == a.id)
        .join(TRANSFER, and_(t.id == ENTRY.c.transfer_id, t.kind == "post", t.reason == "earn"))
        .where(*_stands(a.person_id, book_id))
        .group_by(a.person_id)
    )


def _stored(book_id: int, _day: date) -> Select[Any]:
    """Return what a giver has stored."""
    a = ACCOUNT.c
    return select(a.person_id, a.credits - a.debits).where(a.kind == "member", a.book_id == book_id)


_SUM = {"earned_on_day_min": _on_day, "earned_total_min": _in_all, "stored_min": _stored}
