"""Pairs that are asked, greetings, who was missed, and feedback: for organisations, and for volunteers their own."""

from datetime import date, datetime
from typing import Annotated, Any

import strawberry
from sqlalchemy import Row

from api.context import Info
from api.ids import encode, found_by
from api.schema.connections import Connection, Key, page
from api.schema.programmes import READ, WRITE, InMonth, asked_month
from api.schema.refusals import (
    AnsweredAlready,
    NotFound,
    PairedAlready,
    SaidOtherwise,
    WrongInput,
    WrongState,
    refused_or,
)
from api.schema.scalars import After, First, Id, InLocale, chosen
from timebank.core import errors
from timebank.programmes import refusals
from timebank.programmes.feedback import Said, difference_words, give_feedback, list_differences
from timebank.programmes.follow_ups import Closing, close_follow_up, follow_up_row, list_follow_ups
from timebank.programmes.greetings import Greeting, record_greeting
from timebank.programmes.listing import list_pairs, pair_row
from timebank.programmes.partnerships import answer, end_pair, pause

Reason = Annotated[str, strawberry.argument(description="Why, up to 400 characters.")]
Note = Annotated[str, strawberry.argument(description="Words that are kept with it, encrypted.")]


@strawberry.type(description="A senior and a volunteer of a programme: proposed, agreed when both said yes, or over.")
class Partnership:
    """A senior and a volunteer of a programme."""

    id: strawberry.ID = strawberry.field(description="Id of the pair.")
    programme: str = strawberry.field(description="Code of the programme.")
    senior_ref: str = strawberry.field(description="Reference of the senior; nobody is named.")
    volunteer_ref: str = strawberry.field(description="Reference of the volunteer.")
    state: str = strawberry.field(description="proposed, agreed, declined, paused, ended or withdrawn.")
    volunteer_says: str = strawberry.field(description="yes, no, or empty before the answer.")
    organisation_says: str = strawberry.field(description="yes, no, or empty before the answer.")
    distance_m: int | None = strawberry.field(description="Metres on foot, if the engine proposed it.")
    paused_until: date | None = strawberry.field(description="First day on which it goes on.")


def _pair(row: Row[Any]) -> Partnership:
    names = ("programme", "senior_ref", "volunteer_ref", "state", "volunteer_says", "organisation_says")
    values = {name: getattr(row, name) for name in (*names, "distance_m", "paused_until")}
    return Partnership(id=strawberry.ID(encode("partnership", row.id)), **values)


@strawberry.type(description="Somebody was not met: who must look after them, until when, and what came of it.")
class FollowUp:
    """Somebody was not met."""

    id: strawberry.ID = strawberry.field(description="Id of the follow-up.")
    programme: str = strawberry.field(description="Code of the programme.")
    senior_ref: str = strawberry.field(description="Reference of the senior; nobody is named.")
    day: date = strawberry.field(description="Day of the visit.")
    cause: str = strawberry.field(description="missed, or silent: nobody wrote anything down.")
    level: str = strawberry.field(description="organisation; committee after two in a row.")
    due_at: datetime = strawberry.field(description="Noon of the next day.")
    outcome: str = strawberry.field(description="What came of it; empty while it is open.")


def _follow_up(row: Row[Any]) -> FollowUp:
    names = ("programme", "senior_ref", "day", "cause", "level", "due_at", "outcome")
    values = {name: getattr(row, name) for name in names}
    return FollowUp(id=strawberry.ID(encode("follow_up", row.id)), **values)


@strawberry.type(description="A visit on which senior, volunteer and organisation differ.")
class FeedbackDifference:
    """A visit on which the parties differ."""

    visit_id: strawberry.ID = strawberry.field(description="Id of the visit.")
    day: date = strawberry.field(description="Its day.")
    senior_ref: str = strawberry.field(description="Reference of the senior.")
    volunteer_ref: str = strawberry.field(description="Reference of the volunteer.")
    minutes_apart: int | None = strawberry.field(description="Minutes between what they say.")
    row: strawberry.Private[Row[Any]]

    @strawberry.field(description="In what they differ, in words.")
    def words(self, info: Info, locale: InLocale = None) -> str:
        """Say in what they differ."""
        return difference_words(self.row, chosen(locale, info.context.locale))


def _difference(row: Row[Any]) -> FeedbackDifference:
    return FeedbackDifference(
        visit_id=strawberry.ID(encode("visit", row.id)),
        day=row.day,
        senior_ref=row.senior_ref,
        volunteer_ref=row.volunteer_ref,
        minutes_apart=row.minutes_apart,
        row=row,
    )


@strawberry.type(description="The pair as it stands now.")
class PartnershipChanged:
    """The pair as it stands now."""

    partnership: Partnership = strawberry.field(description="The pair.")


@strawberry.type(description="The greeting is written down, or was already so.")
class GreetingRecorded:
    """The greeting is written down."""

    state: str = strawberry.field(description="State of the visit: confirmed or missed.")


@strawberry.type(description="The follow-up is closed, or was already so.")
class FollowUpClosed:
    """The follow-up is closed."""

    follow_up: FollowUp = strawberry.field(description="The follow-up.")


@strawberry.type(description="What a party says is written down, or was already so.")
class FeedbackGiven:
    """What a party says is written down."""

    side: str = strawberry.field(description="senior, volunteer or organisation.")


AnswerPartnershipPayload = Annotated[
    PartnershipChanged | NotFound | WrongState | WrongInput | AnsweredAlready | PairedAlready,
    strawberry.union("AnswerPartnershipPayload", description="The pair, or why the answer does not count."),
]
ChangePartnershipPayload = Annotated[
    PartnershipChanged | NotFound | WrongState | WrongInput,
    strawberry.union("ChangePartnershipPayload", description="The pair, or why it stays as it is."),
]
RecordGreetingPayload = Annotated[
    GreetingRecorded | NotFound | WrongState | WrongInput,
    strawberry.union("RecordGreetingPayload", description="What was written down, or why nothing was."),
]
CloseFollowUpPayload = Annotated[
    FollowUpClosed | NotFound | WrongState | WrongInput,
    strawberry.union("CloseFollowUpPayload", description="The follow-up, or why it stays open."),
]
GiveFeedbackPayload = Annotated[
    FeedbackGiven | NotFound | WrongState | WrongInput | SaidOtherwise,
    strawberry.union("GiveFeedbackPayload", description="What was written down, or why nothing was."),
]


def _actor(who: dict[str, Any]) -> str:
    ((kind, number),) = who.items()
    return f"{'person' if kind == 'volunteer_id' else 'organisation'}:{number}"


@strawberry.type
class GreetingQueries:
    """What can be asked of pairs and greetings."""

    @strawberry.field(description="Pairs of my programmes; a volunteer's own. Without a state those that live.")
    def partnerships(
        self,
        info: Info,
        first: First,
        after: After = None,
        state: Annotated[str | None, strawberry.argument(description="One state alone, such as proposed.")] = None,
    ) -> Connection[Partnership]:
        """Return a page of pairs."""
        session, who = info.context.session, info.context.asker(READ)

        def read(count: int, last: Key | None) -> list[Row[Any]]:
            return list_pairs(session, first=count, after=last[0] if last else 0, state=state, **who)

        return page("partnerships", first, after, read=read, key=lambda row: (row.id,), node=_pair)

    @strawberry.field(description="Open follow-ups of my programmes.")
    def follow_ups(
        self,
        info: Info,
        first: First,
        after: After = None,
        level: Annotated[str | None, strawberry.argument(description="organisation or committee.")] = None,
        overdue: Annotated[bool, strawberry.argument(description="Only those after their noon.")] = False,  # noqa: FBT002  # an argument of the API
    ) -> Connection[FollowUp]:
        """Return a page of follow-ups."""
        context, own = info.context, info.context.organisation(READ)

        def read(count: int, last: Key | None) -> list[Row[Any]]:
            return list_follow_ups(
                context.session,
                now=context.now,
                first=count,
                organisation_id=own,
                after=last[0] if last else 0,
                level=level,
                is_overdue=overdue,
            )

        return page("follow_ups", first, after, read=read, key=lambda row: (row.id,), node=_follow_up)

    @strawberry.field(description="Visits of a month of my programmes on which the parties differ.")
    def feedback_differences(
        self, info: Info, first: First, after: After = None, month: InMonth = None
    ) -> Connection[FeedbackDifference]:
        """Return a page of differences."""
        context, own = info.context, info.context.organisation(READ)
        asked = asked_month(context, month)
        days = (asked.from_day, asked.to_day)

        def read(count: int, last: Key | None) -> list[Row[Any]]:
            after_id = last[0] if last else 0
            return list_differences(context.session, days=days, first=count, organisation_id=own, after=after_id)

        return page("differences", first, after, read=read, key=lambda row: (row.id,), node=_difference)


@strawberry.type
class GreetingMutations:
    """What can be done with pairs and greetings."""

    @strawberry.mutation(description="Say yes or no to a proposed pair, as its organisation or its volunteer.")
    def answer_partnership(
        self,
        info: Info,
        id: Id,
        yes: Annotated[bool, strawberry.argument(description="What is said.")],
        reason: Reason = "",
    ) -> AnswerPartnershipPayload:
        """Answer for the side that asks; a no has a reason."""
        context, who = info.context, info.context.asker(WRITE)
        side = "volunteer" if "volunteer_id" in who else "organisation"

        def act(number: int) -> PartnershipChanged:
            answer(
                context.session,
                number,
                side=side,
                is_yes=yes,
                actor=_actor(who),
                reason=reason,
                now=context.now,
                **who,
            )
            return PartnershipChanged(partnership=_pair(pair_row(context.session, number)))

        known = (errors.NotFound, errors.WrongState, errors.WrongInput)
        own = (refusals.AnsweredAlready, refusals.PairedAlready)
        return refused_or(context, lambda: found_by("partnership", id, act), *known, *own)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Pause an agreed pair of mine until a day; its visits until then are called off.")
    def pause_partnership(
        self,
        info: Info,
        id: Id,
        until: Annotated[date, strawberry.argument(description="First day on which it goes on.")],
        reason: Reason,
    ) -> ChangePartnershipPayload:
        """Pause a pair."""
        context, own = info.context, info.context.organisation(WRITE)

        def act(number: int) -> PartnershipChanged:
            parts: dict[str, Any] = {"actor": f"organisation:{own}", "now": context.now, "organisation_id": own}
            pause(context.session, number, until=until, reason=reason, **parts)
            return PartnershipChanged(partnership=_pair(pair_row(context.session, number)))

        known = (errors.NotFound, errors.WrongState, errors.WrongInput)
        return refused_or(context, lambda: found_by("partnership", id, act), *known)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="End a pair of mine; its visits ahead are called off.")
    def end_partnership(self, info: Info, id: Id, reason: Reason) -> ChangePartnershipPayload:
        """End a pair."""
        context, own = info.context, info.context.organisation(WRITE)

        def act(number: int) -> PartnershipChanged:
            parts: dict[str, Any] = {"actor": f"organisation:{own}", "now": context.now, "organisation_id": own}
            end_pair(context.session, number, reason=reason, **parts)
            return PartnershipChanged(partnership=_pair(pair_row(context.session, number)))

        known = (errors.NotFound, errors.WrongState, errors.WrongInput)
        return refused_or(context, lambda: found_by("partnership", id, act), *known)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Write down how a planned greeting of my programmes went.")
    def record_greeting(
        self,
        info: Info,
        visit: Id,
        met: Annotated[bool, strawberry.argument(description="Whether somebody was met.")],
        way: Annotated[str, strawberry.argument(description="phone, door or video; else as is usual.")] = "",
        minutes: Annotated[int | None, strawberry.argument(description="How long; else as planned.")] = None,
        condition: Annotated[str, strawberry.argument(description="well, unwell or needs_help.")] = "well",
        note: Note = "",
    ) -> RecordGreetingPayload:
        """Write a greeting down."""
        context, own = info.context, info.context.organisation(WRITE)
        greeting = Greeting(is_met=met, way=way, minutes=minutes, condition=condition, note=note)

        def act(number: int) -> GreetingRecorded:
            parts: dict[str, Any] = {"actor": f"organisation:{own}", "now": context.now, "organisation_id": own}
            return GreetingRecorded(state=record_greeting(context.session, number, greeting, **parts))

        known = (errors.NotFound, errors.WrongState, errors.WrongInput)
        return refused_or(context, lambda: found_by("visit", visit, act), *known)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Close a follow-up of my programmes with what came of it.")
    def close_follow_up(
        self,
        info: Info,
        id: Id,
        outcome: Annotated[
            str,
            strawberry.argument(description="held, well, helped, with_family, in_hospital, moved, died or other."),
        ],
        note: Note = "",
        away_until: Annotated[date | None, strawberry.argument(description="First day they are there again.")] = None,
    ) -> CloseFollowUpPayload:
        """Close a follow-up."""
        context, own = info.context, info.context.organisation(WRITE)

        def act(number: int) -> FollowUpClosed:
            parts: dict[str, Any] = {"actor": f"organisation:{own}", "now": context.now, "organisation_id": own}
            close_follow_up(context.session, Closing(number, outcome, note), away_until=away_until, **parts)
            return FollowUpClosed(follow_up=_follow_up(follow_up_row(context.session, number)))

        known = (errors.NotFound, errors.WrongState, errors.WrongInput)
        return refused_or(context, lambda: found_by("follow_up", id, act), *known)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Say what was seen of a visit: as its volunteer, or as the organisation.")
    def give_feedback(
        self,
        info: Info,
        visit: Id,
        happened: Annotated[bool, strawberry.argument(description="Whether it happened.")],
        minutes: Annotated[int | None, strawberry.argument(description="How long it took.")] = None,
        satisfaction: Annotated[int | None, strawberry.argument(description="From 1 to 5.")] = None,
        note: Note = "",
        of_senior: Annotated[bool, strawberry.argument(description="These are a senior's words.")] = False,  # noqa: FBT002  # an argument of the API
    ) -> GiveFeedbackPayload:
        """Write down what a party says."""
        context, who = info.context, info.context.asker(WRITE)
        side = "volunteer" if "volunteer_id" in who else ("senior" if of_senior else "organisation")
        said = Said(happened=happened, minutes=minutes, satisfaction=satisfaction, note=note)

        def act(number: int) -> FeedbackGiven:
            row = give_feedback(context.session, number, said, side=side, actor=_actor(who), now=context.now, **who)
            return FeedbackGiven(side=row.side)

        known = (errors.NotFound, errors.WrongState, errors.WrongInput, refusals.SaidOtherwise)
        return refused_or(context, lambda: found_by("visit", visit, act), *known)  # type: ignore[return-value]  # refusals are of the union
