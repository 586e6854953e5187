"""The credit of confirmed records: decided by the pack of their day, settled once whatever is retried.

A day is credited exactly as its records one by one would be, in the order of :mod:`timebank.visits.records`.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session

from timebank.core.clock import day_of, moment_at
from timebank.core.columns import table_of
from timebank.core.database import wait_turn
from timebank.core.errors import BalanceTooHigh, WrongState
from timebank.ledger.accounts import ACCOUNT, ISSUANCE, POOL, account_id, member_code, open_accounts
from timebank.ledger.batch import post_batch
from timebank.ledger.posting import Posting
from timebank.ledger.refusals import AccountClosed
from timebank.needs.tables import Service
from timebank.rules.claiming import COIN, last_day_to_choose, waits_for_choice
from timebank.rules.decision import Decision
from timebank.rules.earning import facts_asked
from timebank.rules.pack import Pack, pack_in_force
from timebank.visits.givers import PERSON, Earner, earners_on
from timebank.visits.life import VISIT, visit_of
from timebank.visits.records import Record, day_pages, group_records, visit_record
from timebank.visits.refusals import ChoiceOpen
from timebank.visits.settling import Settled, chosen, settle
from timebank.visits.worth import Worth, rules_of, weigh

__all__ = ["PERSON", "SERVICE", "VISIT", "Credited", "credit_day", "credit_givers", "credit_visit"]
SERVICE = table_of(Service)
TOO_MUCH = (AccountClosed, BalanceTooHigh)


class Credited(NamedTuple):
    """Records that became coins now and the minutes of them, and records that earn nothing by the rules.

    ``donated_min`` went where donations go; ``otherwise`` became a volunteer record or honour hours; ``waiting`` wait
    for their giver's choice, or for someone to whom their minutes can be donated.
    """

    visits: int = 0
    minutes: int = 0
    refused: int = 0
    donated_min: int = 0
    otherwise: int = 0
    waiting: int = 0

    def plus(self, other: "Credited") -> "Credited":
        """Return both together."""
        return Credited(*(a + b for a, b in zip(self, other, strict=True)))


class Weighed(NamedTuple):
    """A record and what it is worth; nothing while it waits for its giver's choice."""

    record: Record
    worth: Worth | None


def donated(key: str) -> str:
    """Return the key of what of a record is donated."""
    return f"{key}:donate"


def credit_day(session: Session, book_id: int, day: date, *, now: datetime, donation_id: int | None = None) -> Credited:
    """Credit every confirmed record of a day that is not settled yet; the same again credits nothing.

    A volunteer whose account takes no more minutes is left out; their records stay without credit and are counted
    as refused, the others of the day are credited. Minutes that can only be donated go to the account
    ``donation_id``, such as the pool's; records that have such minutes wait without one.
    """
    wait_turn(session, _turn(book_id))
    crediting, total = _Crediting(session, book_id, day, now, donation_id), Credited()
    for records in day_pages(session, day):
        total = total.plus(crediting.credit(records))
    return total


def credit_visit(
    session: Session, book_id: int, visit_id: int, *, now: datetime, donation_id: int | None = None
) -> Decision | None:
    """Credit one confirmed visit, exactly as its day would be; returns the decision, or nothing when it is settled.

    Raises
    ------
    NotFound
        When there is no such visit.
    WrongState
        When it is not confirmed.
    ChoiceOpen
        When its giver can still choose what it becomes, and has not.
    BalanceTooHigh, AccountClosed
        When the volunteer's account takes no more minutes.
    """
    wait_turn(session, _turn(book_id))
    visit = visit_of(session, visit_id)
    if visit.status != "confirmed":
        raise WrongState(kind="visit", key=str(visit_id), state=visit.status, allowed="confirmed")
    crediting = _Crediting(session, book_id, visit.day, now, donation_id)
    decided = crediting.credit_alone(visit_record(session, visit_id))
    return next(iter(decided.values()), None)


def credit_givers(
    session: Session, book_id: int, group_id: int, day: date, *, now: datetime, donation_id: int | None = None
) -> dict[int, Decision]:
    """Credit each giver of a confirmed group service of a day; returns the decisions of those who were not settled.

    Raises
    ------
    ChoiceOpen
        When a giver can still choose what their part becomes, and has not.
    BalanceTooHigh, AccountClosed
        When a giver's account takes no more minutes; nothing of the group is credited then.
    """
    wait_turn(session, _turn(book_id))
    crediting = _Crediting(session, book_id, day, now, donation_id)
    return crediting.credit_alone(group_records(session, group_id))


def donation_account(session: Session, book_id: int, day: date) -> int | None:
    """Return the book's pool where the pack of a day lets minutes be donated to it, else nothing."""
    is_open = POOL in pack_in_force(day).value("donation_targets")
    return account_id(session, book_id, POOL) if is_open else None


def _turn(book_id: int) -> str:
    """Name whose turn is taken: two who credit at once would else meet on the same visits and accounts."""
    return f"credit of book {book_id}"


class _Crediting:
    """The crediting of one day: its pack, its givers with what they have so far, and what equal facts are worth."""

    def __init__(self, session: Session, book_id: int, day: date, now: datetime, donation_id: int | None) -> None:
        self.session, self.book_id, self.day, self.now, self.donation_id = session, book_id, day, now, donation_id
        self.rules = rules_of(day)
        self.pack: Pack = self.rules.pack
        self.default: str = self.pack.value("record_default")
        self.waits = waits_for_choice(self.pack, day, day_of(now))
        self.asked = facts_asked(self.pack)
        self.earners: dict[int, Earner] = {}
        self.accounts: dict[int, int] = {}
        self.worths: dict[tuple[object, ...], Worth] = {}
        columns = (SERVICE.c.id, SERVICE.c.code, SERVICE.c.earn_numerator, SERVICE.c.earn_denominator)
        self.services = {row[0]: row[1:] for row in session.connection().execute(select(*columns))}
        self.effective_at = moment_at(day, 0)

    def credit(self, records: list[Record]) -> Credited:
        """Credit a page; one by one when an account refuses, so that only its own records wait."""
        weighed = self._weigh(records)
        try:
            settled = self._post(weighed)
        except TOO_MUCH:
            weighed, settled = self._post_each(records)
        settle(self.session, settled, self.now)
        waiting = sum(worth is None or (worth.counts and not self._is_taken(worth)) for _, worth in weighed)
        return _counted(weighed, settled, waiting)

    def credit_alone(self, records: list[Record]) -> dict[int, Decision]:
        """Credit all of some records or none; returns the decision of each giver."""
        weighed = self._weigh(records)
        decided = {one.record.giver_id: one.worth.decided for one in weighed if one.worth is not None}
        if len(decided) < len(weighed):
            waiting = next(one.record for one in weighed if one.worth is None)
            last = last_day_to_choose(self.pack, self.day) or self.day
            raise ChoiceOpen(key=waiting.key, last_day=last.isoformat())
        settle(self.session, self._post(weighed), self.now)
        return decided

    def _weigh(self, records: list[Record]) -> list[Weighed]:
        """Say what each record is worth after those before it."""
        self._meet(records)
        choices = chosen(self.session, records)
        weighed = []
        for record in records:
            becomes = choices.get(record[1:4]) if choices else None
            if becomes is None and self.waits:
                weighed.append(Weighed(record, None))
                continue
            earner = self.earners[record.giver_id]
            worth = self._worth(record, becomes or self.default, earner)
            weighed.append(Weighed(record, worth))
            if earner.sums and self._is_taken(worth):
                earner.add(worth.minutes)
        return weighed

    def _worth(self, record: Record, becomes: str, earner: Earner) -> Worth:
        """Weigh a record; where no sum is asked for, equal facts are weighed once."""
        if earner.sums:
            return weigh(self.rules, record, becomes, self.services[record.service_id], earner)
        facts = (becomes, record.group_id > 0, *record[4:], *earner.facts.values())
        worth = self.worths.get(facts)
        if worth is None:
            worth = weigh(self.rules, record, becomes, self.services[record.service_id], earner)
            self.worths[facts] = worth
        return worth

    def _is_taken(self, worth: Worth | None) -> bool:
        """Tell whether a record is settled now: it counts, and what of it can only be donated has where to go."""
        return worth is not None and worth.counts and (worth.donate_min == 0 or self.donation_id is not None)

    def _meet(self, records: list[Record]) -> None:
        """Learn of givers who were not met yet, and open the accounts that they lack."""
        new = {record.giver_id for record in records} - self.earners.keys()
        if new:
            self.earners |= earners_on(self.session, self.book_id, new, self.day, self.asked)

    def _open(self, people: set[int]) -> None:
        """Find the accounts of givers, opened where they have none."""
        a, new = ACCOUNT.c, sorted(people - self.accounts.keys())
        if not new:
            return
        own = select(a.person_id, a.id).where(a.book_id == self.book_id, a.kind == "member", a.person_id.in_(new))
        self.accounts |= {row.person_id: row.id for row in self.session.connection().execute(own)}
        lacking = [person for person in new if person not in self.accounts]
        if lacking:
            members = [{"code": member_code(one), "kind": "member", "person_id": one} for one in lacking]
            opened = open_accounts(self.session, self.book_id, members)
            self.accounts |= {person: opened[member_code(person)] for person in lacking}

    def _post(self, weighed: list[Weighed]) -> list[Settled]:
        """Post what became coins; returns what is settled with it, and what became something else."""
        taken = [(record, worth) for record, worth in weighed if worth is not None and self._is_taken(worth)]
        self._open({record.giver_id for record, worth in taken if worth.minutes})
        issuing = account_id(self.session, self.book_id, ISSUANCE)
        keyed = [(record.key, record, worth) for record, worth in taken]
        postings = [posting for key, record, worth in keyed for posting in self._postings(key, record, worth, issuing)]
        transfers = post_batch(self.session, postings, now=self.now).transfer_by_key
        return [
            Settled(record, worth, None if worth.becomes != COIN else transfers[key if worth.minutes else donated(key)])
            for key, record, worth in keyed
        ]

    def _postings(self, key: str, record: Record, worth: Worth, issuing: int) -> Iterator[Posting]:
        """Yield what a record brings its giver, and what of it is donated."""
        if worth.minutes:
            yield self._posting(key, issuing, self.accounts[record.giver_id], worth.minutes, worth)
        if worth.donate_min and self.donation_id is not None:
            yield self._posting(donated(key), issuing, self.donation_id, worth.donate_min, worth)

    def _posting(self, key: str, issuing: int, to: int, minutes: int, worth: Worth) -> Posting:
        return Posting(
            book_id=self.book_id,
            idem_key=key,
            debit_id=issuing,
            credit_id=to,
            amount_min=minutes,
            reason="earn",
            effective_at=self.effective_at,
            decision=worth.decision,
        )

    def _post_each(self, records: list[Record]) -> tuple[list[Weighed], list[Settled]]:
        """Weigh and post one after the other; who is refused has earned nothing when the next one is weighed."""
        weighed, settled = [], []
        self.earners.clear()
        self._meet(records)
        for record in records:
            sums = dict(self.earners[record.giver_id].sums)
            one = self._weigh([record])
            weighed += one
            self.earners[record.giver_id].sums = sums
            with suppress(*TOO_MUCH):
                for done in self._post(one):
                    settled.append(done)
                    self.earners[record.giver_id].add(one[0].worth.minutes if one[0].worth else 0)
        return weighed, settled


def _counted(weighed: list[Weighed], settled: list[Settled], waiting: int) -> Credited:
    coins = [one.worth for one in settled if one.worth.becomes == COIN]
    return Credited(
        visits=len(coins),
        minutes=sum(worth.minutes for worth in coins),
        refused=len(weighed) - len(settled) - waiting,
        donated_min=sum(worth.donate_min for worth in coins),
        otherwise=len(settled) - len(coins),
        waiting=waiting,
    )
