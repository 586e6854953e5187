"""Coins in a few lines of memory: what the real ones must agree with, whatever is done in whatever order."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import TypeVar

from sqlmodel import Session

from tests.coins.conftest import Town
from timebank.coins.acts import Act
from timebank.coins.donations import Donated, donate, give_aid
from timebank.coins.families import family_of, put_in
from timebank.coins.gifts import accept_gift, decline_gift, give, undo_gift, withdraw_gift
from timebank.coins.holders import redeemed_account
from timebank.coins.redeeming import Booking, redeem
from timebank.coins.settling import capture_redemption, lapse_due, release_redemption
from timebank.core.clock import day_of, moment_at
from timebank.core.errors import Refusal
from timebank.ledger.accounts import ISSUANCE, POOL, account_id, balance_of

PEOPLE = ("S1", "S2")
DAILY_MIN, YEAR_MIN, ANSWER_DAYS, UNDO_DAYS, SETTLE_DAYS = 240, 6000, 14, 7, 30
RETRIED = 0.3
Outcome = TypeVar("Outcome")


@dataclass
class Promise:
    """Minutes that are held of a purse until a moment, for a gift or a service."""

    purse: str
    taker: str
    minutes: int
    until: datetime
    booked_on: date
    captured: int = 0
    accepted_on: date | None = None


@dataclass
class Model:
    """What each purse has, and what is promised of it."""

    has: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*PEOPLE, "family", "pool", "redeemed"), 0))
    issued: int = 0
    gifts: dict[int, Promise] = field(default_factory=dict)
    bookings: dict[int, Promise] = field(default_factory=dict)
    given: dict[int, Promise] = field(default_factory=dict)
    paid: dict[int, Promise] = field(default_factory=dict)
    aid_min: int = 0

    def held(self, purse: str) -> int:
        """Return what is promised of a purse."""
        promised = (*self.gifts.values(), *self.bookings.values())
        return sum(one.minutes for one in promised if one.purse == purse)

    def free(self, purse: str) -> int:
        """Return what can be spent of a purse."""
        return self.has[purse] - self.held(purse)

    def spent_on(self, day: date) -> int:
        """Return what S1 has booked from the family on a day, without what was released."""
        booked = (*self.bookings.values(), *self.paid.values())
        return sum(one.minutes for one in booked if one.purse == "family" and one.booked_on == day)

    def move(self, one: str, other: str, minutes: int) -> None:
        """Move minutes."""
        self.has[one] -= minutes
        self.has[other] += minutes


class Walk:
    """Random steps over the real coins and the model at once; the clock only goes on."""

    def __init__(self, session: Session, town: Town, seed: int) -> None:
        self.session, self.town, self.now = session, town, town.noon
        self.chance = random.Random(seed)  # noqa: S311  # chance of a test, not of a secret
        self.model, self.number = Model(), 0
        self.family = town.family(session)
        self.steps: tuple[Callable[[], None], ...] = (
            self.earn,
            self.earn,
            self.give,
            self.answer,
            self.undo,
            self.book,
            self.serve,
            self.change,
            self.release,
            self.donate,
            self.aid,
            self.share,
            self.sweep,
        )

    def step(self) -> None:
        """Do one step, some time after the one before."""
        self.number += 1
        self.now += timedelta(hours=self.chance.choice((0, 1, 5, 30, 90)))
        self.chance.choice(self.steps)()

    def agree(self) -> None:
        """Compare every purse, what is held of it, and that nothing was made or lost."""
        book, model = self.town.book, self.model
        for ref in PEOPLE:
            assert self.town.has(self.session, ref) == (model.has[ref], model.held(ref))
        shared = balance_of(self.session, family_of(self.session, self.family).account_id)
        assert (shared.balance_min, shared.held_min) == (model.has["family"], model.held("family"))
        codes = {"pool": account_id(self.session, book, POOL), "redeemed": redeemed_account(self.session, book)}
        assert {name: balance_of(self.session, code).balance_min for name, code in codes.items()} == {
            name: model.has[name] for name in codes
        }
        issued = -balance_of(self.session, account_id(self.session, book, ISSUANCE)).balance_min
        assert issued == model.issued == sum(model.has.values())

    def earn(self) -> None:
        """Somebody earns."""
        ref, minutes = self.chance.choice(PEOPLE), self.chance.randint(1, 200)
        self.model.has[ref] += minutes
        self.model.issued += minutes
        self.town.earn(self.session, ref, minutes, key=f"walk {self.number}")

    def give(self) -> None:
        """One offers the other a gift, or tries to."""
        giver, taker = self.chance.sample(PEOPLE, 2)
        minutes = self.chance.randint(1, 150)
        people = {"giver_id": self.town.who(giver), "taker_id": self.town.who(taker)}
        gift = self._try(partial(give, self.session, self._act(giver), **people, minutes=minutes))
        assert (gift is not None) == (minutes <= self.model.free(giver))
        if gift is not None:
            until = moment_at(self._day + timedelta(days=ANSWER_DAYS), 0)
            self.model.gifts[gift.id or 0] = Promise(giver, taker, minutes, until, self._day)

    def answer(self) -> None:
        """A gift is accepted, declined or withdrawn, unless its time has passed."""
        for number, one in list(self.model.gifts.items())[:1]:
            how = self.chance.choice((accept_gift, decline_gift, withdraw_gift))
            who = one.purse if how is withdraw_gift else one.taker
            done = self._try(partial(how, self.session, self._act(who), number))
            assert (done is not None) == (how is not accept_gift or one.until > self.now)
            if done is not None:
                del self.model.gifts[number]
            if done is not None and how is accept_gift:
                self.model.move(one.purse, one.taker, one.minutes)
                one.accepted_on = self._day
                self.model.given[number] = one

    def undo(self) -> None:
        """An accepted gift is taken back, in time and if it is still there."""
        for number, one in list(self.model.given.items())[-1:]:
            done = self._try(partial(undo_gift, self.session, self._act(one.purse), number))
            in_time = one.accepted_on is not None and self._day < one.accepted_on + timedelta(days=UNDO_DAYS)
            assert (done is not None) == (in_time and self.model.free(one.taker) >= one.minutes)
            if done is not None:
                self.model.move(one.taker, one.purse, one.minutes)
                del self.model.given[number]

    def book(self) -> None:
        """S1 books a service from the own account or the family's, or tries to."""
        purse, minutes = self.chance.choice(("S1", "family")), self.chance.randint(1, 200)
        last_day = self._day + timedelta(days=self.chance.randint(0, 5))
        service = self.town.world.services["door_visit"]
        booking = Booking(
            payer_id=self.town.who("S1"),
            service_id=service,
            minutes=minutes,
            last_day=last_day,
            from_family=purse == "family",
        )
        booked = self._try(partial(redeem, self.session, self._act("S1"), booking))
        in_day = purse != "family" or self.model.spent_on(self._day) + minutes <= DAILY_MIN
        assert (booked is not None) == (in_day and minutes <= self.model.free(purse))
        if booked is not None:
            until = moment_at(last_day + timedelta(days=SETTLE_DAYS), 0)
            self.model.bookings[booked.id or 0] = Promise(purse, "redeemed", minutes, until, self._day)

    def serve(self) -> None:
        """A service is served, as long as it was, or longer or shorter."""
        for number, one in list(self.model.bookings.items())[:1]:
            served = self.chance.randint(0, one.minutes + 20)
            paid = capture_redemption(self.session, number, served_min=served, actor="clock", now=self.now)
            assert paid == (min(served, one.minutes) if one.until > self.now else 0)
            del self.model.bookings[number]
            if paid:
                one.captured = paid
                self.model.paid[number] = one
                self.model.move(one.purse, "redeemed", paid)

    def change(self) -> None:
        """Somebody finds out that a service was of another length; what the payer has must suffice."""
        for number, one in list(self.model.paid.items())[-1:]:
            served = self.chance.randint(0, one.minutes)
            ask = partial(capture_redemption, self.session, number, served_min=served, actor="clock", now=self.now)
            done = self._try(ask)
            assert (done is not None) == (served - one.captured <= self.model.free(one.purse))
            if done is not None:
                self.model.move(one.purse, "redeemed", served - one.captured)
                one.captured = served
            if done == 0:
                del self.model.paid[number]

    def release(self) -> None:
        """A service is called off."""
        for number in list(self.model.bookings)[-1:]:
            release_redemption(self.session, number, now=self.now)
            del self.model.bookings[number]

    def donate(self) -> None:
        """S1 gives something to the pool, or tries to."""
        minutes = self.chance.randint(1, 60)
        gift = Donated(minutes=minutes, target="pool", person_id=self.town.who("S1"))
        done = self._try(partial(donate, self.session, self._act("S1"), gift))
        assert (done is not None) == (minutes <= self.model.free("S1"))
        if done is not None:
            self.model.move("S1", "pool", minutes)

    def aid(self) -> None:
        """The pool gives S2 something, or tries to."""
        minutes = self.chance.randint(1, 60)
        act = self._act("", note="困难")
        done = self._try(partial(give_aid, self.session, act, person_id=self.town.who("S2"), minutes=minutes))
        assert (done is not None) == (minutes <= self.model.free("pool") and self.model.aid_min + minutes <= YEAR_MIN)
        if done is not None:
            self.model.aid_min += minutes
            self.model.move("pool", "S2", minutes)

    def share(self) -> None:
        """Somebody puts something into the family account, or tries to."""
        ref, minutes = self.chance.choice(PEOPLE), self.chance.randint(1, 120)
        own = {"person_id": self.town.who(ref), "minutes": minutes}
        done = self._try(partial(put_in, self.session, self._act(ref), self.family, **own))
        assert (done is not None) == (minutes <= self.model.free(ref))
        if done is not None:
            self.model.move(ref, "family", minutes)

    def sweep(self) -> None:
        """What nobody answered or served goes back."""
        gifts = [number for number, one in self.model.gifts.items() if one.until <= self.now]
        bookings = [number for number, one in self.model.bookings.items() if one.until <= self.now]
        done = lapse_due(self.session, self.town.book, now=self.now)
        assert done == (len(gifts) + len(bookings), len(bookings), len(gifts))
        for number in gifts:
            del self.model.gifts[number]
        for number in bookings:
            del self.model.bookings[number]

    @property
    def _day(self) -> date:
        return day_of(self.now)

    def _act(self, ref: str, *, note: str = "") -> Act:
        actor = f"person:{self.town.who(ref)}" if ref else "organisation:3"
        return Act(book_id=self.town.book, key=f"walk {self.number}", actor=actor, now=self.now, note=note)

    def _try(self, act: Callable[[], Outcome]) -> Outcome | None:
        """Return what an act did, or nothing when it is refused; now and then its retry comes too."""
        try:
            done = act()
        except Refusal:
            return None
        if self.chance.random() < RETRIED:
            again = act()
            assert getattr(again, "id", again) == getattr(done, "id", done)
        return done
