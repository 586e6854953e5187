"""Refusals as types: one for each that a mutation can meet, all with a code and a message for people."""

from collections.abc import Callable
from datetime import date
from typing import TypeVar

import strawberry

from api.context import Context, Info
from api.schema.scalars import BigInt, InLocale, chosen
from timebank.bookings import refusals as bookings
from timebank.bridge import refusals as bridge
from timebank.care import refusals as care
from timebank.charity import refusals as charity
from timebank.coins import refusals as coins
from timebank.core import errors
from timebank.core.texts import say_refusal
from timebank.outbox import refusals as outbox_refusals
from timebank.programmes import refusals as programmes
from timebank.registry import refusals as registry

Result = TypeVar("Result")


@strawberry.interface(description="The bank said no; nothing has changed.")
class Refused:
    """The bank said no."""

    code: str = strawberry.field(description="Name of the fact, such as WrongInput.")
    refusal: strawberry.Private[errors.Refusal]

    @strawberry.field(description="What happened and what would be right, for the person who meets it.")
    def message(self, info: Info, locale: InLocale = None) -> str:
        """Write the refusal."""
        return say_refusal(self.refusal, chosen(locale, info.context.locale))


@strawberry.type(description="There is no such thing, or it may not be seen.")
class NotFound(Refused):
    """There is no such thing, or it may not be seen."""

    kind: str = strawberry.field(description="What was looked for, such as plan.")


@strawberry.type(description="The thing is not in a state that allows this.")
class WrongState(Refused):
    """The thing is not in a state that allows this."""

    kind: str = strawberry.field(description="What it is, such as plan.")
    state: str = strawberry.field(description="The state it is in.")
    allowed: str = strawberry.field(description="The state that it would take.")


@strawberry.type(description="A value cannot be.")
class WrongInput(Refused):
    """A value cannot be."""

    field: str = strawberry.field(description="Which value.")
    value: str = strawberry.field(description="The value, shortened.")
    right: str = strawberry.field(description="What would be right, in English; `message` says it in both languages.")


@strawberry.type(description="The same idempotency key came with other content.")
class KeyConflict(Refused):
    """The same idempotency key came with other content."""

    key: str = strawberry.field(description="The key that was used before.")


@strawberry.type(description="Somebody has none of the roles that an act takes on that day.")
class RoleMissing(Refused):
    """Somebody has none of the roles that an act takes."""

    act: str = strawberry.field(description="What was to be done, such as survey.")


@strawberry.type(description="Somebody has never had the training that an act takes.")
class TrainingMissing(Refused):
    """Somebody has never had the training that an act takes."""

    act: str = strawberry.field(description="What was to be done, such as survey.")
    training: str = strawberry.field(description="The training that is missing.")


@strawberry.type(description="The training that an act takes has ended.")
class TrainingExpired(Refused):
    """The training that an act takes has ended."""

    act: str = strawberry.field(description="What was to be done, such as survey.")
    training: str = strawberry.field(description="The training to renew.")
    expired_on: date = strawberry.field(description="First day on which it was not good any more.")


@strawberry.type(description="Of an offer less is left than was asked for.")
class TooFewLeft(Refused):
    """Of an offer less is left than was asked for."""

    left: int = strawberry.field(description="How much is left.")
    asked: int = strawberry.field(description="How much was asked for.")


@strawberry.type(description="A need lacks less than was chosen for it.")
class NeedsLess(Refused):
    """A need lacks less than was chosen for it."""

    lacking: int = strawberry.field(description="How much it lacks.")
    asked: int = strawberry.field(description="How much was chosen.")


@strawberry.type(description="A consent was revoked, or its day has passed.")
class ConsentGone(Refused):
    """A consent was revoked, or its day has passed."""

    until: str = strawberry.field(description="The day it ended, in Shanghai.")


@strawberry.type(description="A figure of good practice is not what its rows say now.")
class FigureMoved(Refused):
    """A figure of good practice is not what its rows say now."""

    query: str = strawberry.field(description="Code of the query.")
    stated: int = strawberry.field(description="What the version says.")
    counted: int = strawberry.field(description="What its rows say.")


@strawberry.type(description="It would cost more than is left of a line, a commitment or the budget.")
class OverBudget(Refused):
    """It would cost more than is left."""

    left_cents: BigInt = strawberry.field(description="What is left, in cents.")
    asked_cents: BigInt = strawberry.field(description="What was asked for, in cents.")


@strawberry.type(description="The day is not within the project's period.")
class OutsidePeriod(Refused):
    """The day is not within the project's period."""

    starts_on: date = strawberry.field(description="First day of the project.")
    ends_on: date = strawberry.field(description="First day after the project.")


@strawberry.type(description="A person is not of those whom a project, or something that it was given, is for.")
class NotEligible(Refused):
    """A person is not of those whom a project, or something that it was given, is for."""


@strawberry.type(description="Who submitted a project does not decide on it.")
class OwnDecision(Refused):
    """Who submitted a project does not decide on it."""


@strawberry.type(description="A project is not closed while something of it is open.")
class StillOpen(Refused):
    """A project is not closed while something of it is open."""

    commitments: int = strawberry.field(description="Open commitments.")
    places: int = strawberry.field(description="Booked places of which nobody said whether they were used.")


@strawberry.type(description="An organisation asks about a street in which it does not work.")
class StreetNotYours(Refused):
    """An organisation asks about a street in which it does not work."""

    street: str = strawberry.field(description="Code of the sub-district.")


@strawberry.type(description="A contribution has less left than is to be given.")
class NothingLeft(Refused):
    """A contribution has less left than is to be given."""

    left: int = strawberry.field(description="How much is left.")


@strawberry.type(description="Nothing is missing of a service in the streets and week asked about.")
class NoShortage(Refused):
    """Nothing is missing of a service in the streets and week asked about."""


@strawberry.type(description="The rule pack in force says no.")
class NotByRules(Refused):
    """The rule pack in force says no."""

    rules: str = strawberry.field(description="The rules that say no.")
    articles: str = strawberry.field(description="Their articles.")


@strawberry.type(description="Events are not sent to this address.")
class AddressRefused(Refused):
    """Events are not sent to this address."""

    reason: str = strawberry.field(description="Why not, in English; `message` says it in both languages.")


@strawberry.type(description="An organisation has as many webhooks as it may have.")
class TooManyWebhooks(Refused):
    """An organisation has as many webhooks as it may have."""

    most: int = strawberry.field(description="How many it may have.")


@strawberry.type(description="The same senior has a live request for the same service on some of these days.")
class AlreadyBooked(Refused):
    """The same senior has a live request for the same service on some of these days."""


@strawberry.type(description="No project may help this senior with the service.")
class NotForThisSenior(Refused):
    """No project may help this senior with the service."""

    rules: str = strawberry.field(description="Rules that say no: category, age, street, wheelchair, project.")


@strawberry.type(description="A place is asked for so many days ahead.")
class NoticeTooShort(Refused):
    """A place is asked for so many days ahead."""

    first_day: date = strawberry.field(description="First day that can be asked for.")


@strawberry.type(description="A place is not asked for so long ahead.")
class TooFarAhead(Refused):
    """A place is not asked for so long ahead."""

    last_day: date = strawberry.field(description="Last day that can be asked for.")


@strawberry.type(description="No project that may help runs on these days.")
class OutsideProjects(Refused):
    """No project that may help runs on these days."""

    starts_on: date = strawberry.field(description="First day of those that may.")
    ends_on: date = strawberry.field(description="First day after them.")


@strawberry.type(description="No slot lies on these days and within these hours, free or not.")
class NoSuchTime(Refused):
    """No slot lies on these days and within these hours, free or not."""


@strawberry.type(description="What is left of the budget does not pay for what is asked.")
class BudgetUsedUp(Refused):
    """What is left of the budget does not pay for what is asked."""

    left_cents: BigInt = strawberry.field(description="What is left, in cents.")
    cost_cents: BigInt = strawberry.field(description="What it costs, in cents.")


@strawberry.type(description="What becomes of a place is told on its day or after.")
class NotYet(Refused):
    """What becomes of a place is told on its day or after."""

    day: date = strawberry.field(description="The day of the place.")


@strawberry.type(description="A programme has as many seniors of a sub-district as were contracted.")
class QuotaFull(Refused):
    """A programme has as many seniors of a sub-district as were contracted."""

    seniors: int = strawberry.field(description="How many it may have.")


@strawberry.type(description="A senior is not of those whom a programme is for.")
class NotInTarget(Refused):
    """A senior is not of those whom a programme is for."""

    why: str = strawberry.field(description="Why not, in English; `message` says it in both languages.")


@strawberry.type(description="One side of a pair said otherwise before, and that stays.")
class AnsweredAlready(Refused):
    """One side of a pair said otherwise before."""

    answered: str = strawberry.field(description="What it said: yes or no.")


@strawberry.type(description="The need of a pair has an agreed volunteer; that pair is ended or replaced first.")
class PairedAlready(Refused):
    """The need of a pair has an agreed volunteer."""


@strawberry.type(description="One party said something else of a visit before, and that stays.")
class SaidOtherwise(Refused):
    """One party said something else of a visit before."""


@strawberry.type(description="A senior is in the category already on some of those days.")
class CategoryOverlaps(Refused):
    """A senior is in the category already on some of those days."""

    category: str = strawberry.field(description="Code of the category.")
    from_day: date = strawberry.field(description="First day on which it is held already.")


@strawberry.type(description="Two registrations cannot be made one as they stand.")
class MergeBreaksRule(Refused):
    """Two registrations cannot be made one as they stand."""

    broken: str = strawberry.field(description="Name of the rule, such as same_need.")
    rows: str = strawberry.field(description="References of what is in the way.")


@strawberry.type(description="A merge cannot be undone: minutes that went over were spent since.")
class MinutesSpent(Refused):
    """A merge cannot be undone: minutes were spent since."""

    available_min: int = strawberry.field(description="Minutes that are left.")
    amount_min: int = strawberry.field(description="Minutes that must go back.")


@strawberry.type(description="An act cannot be undone: a row of it was changed since.")
class ActChangedSince(Refused):
    """An act cannot be undone: a row of it was changed since."""

    table: str = strawberry.field(description="Where, such as need.")


SHOWN: dict[type[errors.Refusal], tuple[type[Refused], tuple[str, ...]]] = {
    errors.NotFound: (NotFound, ("kind",)),
    errors.WrongState: (WrongState, ("kind", "state", "allowed")),
    errors.WrongInput: (WrongInput, ("field", "value", "right")),
    errors.KeyConflict: (KeyConflict, ("key",)),
    outbox_refusals.AddressRefused: (AddressRefused, ("reason",)),
    outbox_refusals.TooManyWebhooks: (TooManyWebhooks, ("most",)),
    care.RoleMissing: (RoleMissing, ("act",)),
    care.TrainingMissing: (TrainingMissing, ("act", "training")),
    care.TrainingExpired: (TrainingExpired, ("act", "training", "expired_on")),
    bridge.TooFewLeft: (TooFewLeft, ("left", "asked")),
    bridge.NeedsLess: (NeedsLess, ("lacking", "asked")),
    bridge.ConsentGone: (ConsentGone, ("until",)),
    bridge.FigureMoved: (FigureMoved, ("query", "stated", "counted")),
    charity.OverBudget: (OverBudget, ("left_cents", "asked_cents")),
    charity.OutsidePeriod: (OutsidePeriod, ("starts_on", "ends_on")),
    charity.NotEligible: (NotEligible, ()),
    charity.OwnDecision: (OwnDecision, ()),
    charity.StillOpen: (StillOpen, ("commitments", "places")),
    charity.StreetNotYours: (StreetNotYours, ("street",)),
    charity.NothingLeft: (NothingLeft, ("left",)),
    charity.NoShortage: (NoShortage, ()),
    bookings.AlreadyBooked: (AlreadyBooked, ()),
    bookings.NotForThisSenior: (NotForThisSenior, ("rules",)),
    bookings.NoticeTooShort: (NoticeTooShort, ("first_day",)),
    bookings.TooFarAhead: (TooFarAhead, ("last_day",)),
    bookings.OutsideProjects: (OutsideProjects, ("starts_on", "ends_on")),
    bookings.NoSuchTime: (NoSuchTime, ()),
    bookings.BudgetUsedUp: (BudgetUsedUp, ("left_cents", "cost_cents")),
    bookings.NotYet: (NotYet, ("day",)),
    coins.NotByRules: (NotByRules, ("rules", "articles")),
    programmes.QuotaFull: (QuotaFull, ("seniors",)),
    programmes.NotInTarget: (NotInTarget, ("why",)),
    programmes.AnsweredAlready: (AnsweredAlready, ("answered",)),
    programmes.PairedAlready: (PairedAlready, ()),
    programmes.SaidOtherwise: (SaidOtherwise, ()),
    registry.CategoryOverlaps: (CategoryOverlaps, ("category", "from_day")),
    registry.MergeBreaksRule: (MergeBreaksRule, ("broken", "rows")),
    registry.MinutesSpent: (MinutesSpent, ("available_min", "amount_min")),
    registry.ActChangedSince: (ActChangedSince, ("table",)),
}
"""Refusals that mutations answer with, and what is shown of each. What a token does not reach is an error instead."""


def refused_or(context: Context, act: Callable[[], Result], *refusals: type[errors.Refusal]) -> Result | Refused:
    """Act within a transaction of its own; one of the mutation's refusals takes back what was begun and is the answer.

    Any other refusal is an error of the whole operation.
    """
    try:
        with context.session.begin_nested():
            return act()
    except refusals as refusal:
        kind, names = SHOWN[type(refusal)]
        return kind(code=refusal.code, refusal=refusal, **{name: getattr(refusal, name) for name in names})
