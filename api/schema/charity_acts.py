"""What is done with charity projects: steps, money, means, applications, places, and drafts from a shortage."""

from collections.abc import Callable
from datetime import date
from typing import Annotated

import strawberry
from sqlmodel import select

from api.context import Context, Info
from api.ids import decode_as, encode, found_by
from api.schema.charity import SeniorRef, application_shown, life_shown
from api.schema.charity_answers import (
    AllocatePayload,
    ApplicationPayload,
    ApplicationStands,
    ContributionInput,
    PlaceGiven,
    PlaceRefused,
    PlacesAllocated,
    ProjectActPayload,
    ProjectDone,
    PromiseInput,
    ShortageDraftInput,
)
from api.schema.refusals import Refused, refused_or
from api.schema.scalars import BigInt
from timebank.charity import refusals
from timebank.charity.allocating import allocate_places
from timebank.charity.applications import answer, apply
from timebank.charity.budget import By, Promise, commit, plan_line, release, spend
from timebank.charity.drafting import Wish, draft_from_shortage
from timebank.charity.life import DECISIONS, Asked, take_step
from timebank.charity.means import Brought, contribution_of, draw_hours, hand_out, receive
from timebank.coins.acts import Act
from timebank.coins.refusals import NotByRules
from timebank.core import errors
from timebank.core.clock import day_of
from timebank.ledger.tables import Book
from timebank.planning.project_places import given_in, given_reason, left_out

WRITE, APPROVE, APPLY = "projects:write", "projects:approve", "projects:apply"
Id = Annotated[strawberry.ID, strawberry.argument(description="Id of the project.")]
OtherId = Annotated[strawberry.ID, strawberry.argument(description="Id as it was given out.")]
Key = Annotated[
    str, strawberry.argument(description="The same key and content is the same action, whatever is retried.")
]
Note = Annotated[str, strawberry.argument(description="Why.")]
Cents = Annotated[BigInt, strawberry.argument(description="Amount in cents of a yuan.")]
NOS = (
    errors.NotFound,
    errors.WrongState,
    errors.WrongInput,
    errors.KeyConflict,
    refusals.OverBudget,
    refusals.OutsidePeriod,
    refusals.NotEligible,
    refusals.OwnDecision,
    refusals.StillOpen,
    refusals.StreetNotYours,
    refusals.NothingLeft,
    refusals.NoShortage,
    NotByRules,
)
"""Every no of the room."""


@strawberry.type
class CharityMutations:
    """What can be done with charity projects."""

    @strawberry.mutation(description="Take a project of mine a step on; a token that submitted it does not decide.")
    def move_project(
        self,
        info: Info,
        id: Id,
        to: Annotated[
            str,
            strawberry.argument(description="submitted, approved, returned, recruiting, running, closed, cancelled."),
        ],
        note: Note = "",
    ) -> ProjectActPayload:
        """Take a project a step on."""
        office = info.context.organisation(APPROVE if to in DECISIONS else WRITE, kind="charity_office")
        asked = Asked(to, _actor(info.context, office), info.context.now, note)

        def act(number: int) -> None:
            take_step(info.context.session, office, number, asked)

        return _done(info.context, office, id, act)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Set a line of a project's budget: a new one, or another amount.")
    def plan_budget_line(
        self,
        info: Info,
        id: Id,
        code: Annotated[str, strawberry.argument(description="Code of the line.")],
        name_zh: Annotated[str, strawberry.argument(description="Its name in Chinese.")],
        planned_cents: Cents,
    ) -> ProjectActPayload:
        """Set a line of a budget."""
        office = _office(info.context)

        def act(number: int) -> None:
            plan_line(info.context.session, office, number, code=code, name_zh=name_zh, planned_cents=planned_cents)

        return _done(info.context, office, id, act)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Promise to pay something out of a line; never more than it has left.")
    def commit_budget(
        self,
        info: Info,
        id: Id,
        input: Annotated[PromiseInput, strawberry.argument(description="What is to be paid.")],
        idempotency_key: Key,
    ) -> ProjectActPayload:
        """Promise to pay something."""
        office = _office(info.context)
        promise = Promise(line=input.line, what=input.what, party=input.party, amount_cents=input.amount_cents)

        def act(number: int) -> str:
            by = _by(info.context, office, idempotency_key)
            return encode("commitment", commit(info.context.session, office, number, promise, by).id or 0)

        return _done(info.context, office, id, act)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Pay some of a commitment; without an amount, let go what is still open of it.")
    def settle_commitment(
        self,
        info: Info,
        id: OtherId,
        idempotency_key: Key,
        amount_cents: Annotated[
            BigInt | None, strawberry.argument(description="Cents that are paid; left out, the rest is let go.")
        ] = None,
        note: Note = "",
    ) -> ProjectActPayload:
        """Pay some of a commitment, or let it go."""
        context, office = info.context, _office(info.context)

        def settled() -> ProjectDone:
            by, number = _by(context, office, idempotency_key), decode_as("commitment", id)[0]
            row = (
                release(context.session, office, number, by, note)
                if amount_cents is None
                else spend(context.session, office, number, amount_cents, by, note)
            )
            return ProjectDone(project=life_shown(context, office, row.project_id), made=strawberry.ID(id))

        return refused_or(context, settled, *NOS)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Write down what a donor brings; money for no group raises the budget.")
    def receive_contribution(
        self,
        info: Info,
        id: Id,
        input: Annotated[ContributionInput, strawberry.argument(description="What is brought.")],
        idempotency_key: Key,
    ) -> ProjectActPayload:
        """Write down what a donor brings."""
        office = _office(info.context)
        brought = Brought(
            donor_kind=input.donor_kind,
            donor=input.donor,
            kind=input.kind,
            what=input.what,
            unit=input.unit,
            quantity=input.quantity,
            value_cents=input.value_cents,
            for_category=input.for_category,
            for_street=input.for_subdistrict,
            received_on=input.received_on,
        )

        def act(number: int) -> str:
            by = _by(info.context, office, idempotency_key)
            return encode("contribution", receive(info.context.session, office, number, brought, by).id or 0)

        return _done(info.context, office, id, act)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Give a senior some of a contribution, today.")
    def hand_out(
        self,
        info: Info,
        id: OtherId,
        senior_ref: SeniorRef,
        quantity: Annotated[int, strawberry.argument(description="How much.")],
        idempotency_key: Key,
    ) -> ProjectActPayload:
        """Give a senior some of a contribution."""
        context, office = info.context, _office(info.context)

        def given() -> ProjectDone:
            number, by = decode_as("contribution", id)[0], _by(context, office, idempotency_key)
            made = hand_out(context.session, office, number, senior=senior_ref, quantity=quantity, by=by)
            project = contribution_of(context.session, office, number).project_id
            return ProjectDone(
                project=life_shown(context, office, project), made=strawberry.ID(encode("handout", made))
            )

        return refused_or(context, given, *NOS)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Draw minutes of the pool for a senior whom a project helps, by the rules.")
    def draw_hours(
        self,
        info: Info,
        id: Id,
        senior_ref: SeniorRef,
        minutes: Annotated[int, strawberry.argument(description="Minutes.")],
        note: Note,
        idempotency_key: Key,
    ) -> ProjectActPayload:
        """Draw minutes of the pool."""
        context, office = info.context, _office(info.context)

        def act(number: int) -> str:
            book = context.session.exec(select(Book.id).limit(1)).first() or 0
            of = Act(book_id=book, key=idempotency_key, actor=f"organisation:{office}", now=context.now, note=note)
            made = draw_hours(context.session, office, number, of, senior=senior_ref, minutes=minutes)
            return encode("transfer", made)

        return _done(context, office, id, act)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Ask to take part in a project, as the volunteer or organisation of the token.")
    def apply_to_project(
        self,
        info: Info,
        id: Id,
        offer: Annotated[str, strawberry.argument(description="What is offered, in words.")],
        idempotency_key: Key,
    ) -> ApplicationPayload:
        """Ask to take part."""
        context = info.context
        is_person = context.holder.person_id is not None
        who = context.person(APPLY) if is_person else context.organisation(APPLY)

        def asked(number: int) -> ApplicationStands:
            row = apply(
                context.session,
                number,
                key=idempotency_key,
                now=context.now,
                offer=offer,
                volunteer_id=who if is_person else None,
                organisation_id=None if is_person else who,
            )
            return ApplicationStands(application=application_shown(row))

        return refused_or(context, lambda: found_by("project", id, asked), *NOS[:4])  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Accept an application to a project of mine, or decline it with the reason.")
    def answer_application(
        self,
        info: Info,
        id: OtherId,
        accept: Annotated[bool, strawberry.argument(description="Accept, or decline.")],
        reason: Annotated[str, strawberry.argument(description="Why; a decline needs one.")] = "",
    ) -> ApplicationPayload:
        """Answer an application."""
        context, office = info.context, _office(info.context)

        def answered(number: int) -> ApplicationStands:
            actor = _actor(context, office)
            row = answer(
                context.session, office, number, is_accepted=accept, reason=reason, actor=actor, now=context.now
            )
            return ApplicationStands(application=application_shown(row))

        return refused_or(context, lambda: found_by("application", id, answered), *NOS[:3])  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Give the free places of some days of a project of mine, by the engine.")
    def allocate_places(
        self,
        info: Info,
        id: Id,
        starts_on: Annotated[date, strawberry.argument(description="First day.")],
        days: Annotated[int, strawberry.argument(description="How many days, 1 to 31.")] = 7,
    ) -> AllocatePayload:
        """Give the free places of a project."""
        context, office = info.context, _office(info.context)

        def given(number: int) -> PlacesAllocated:
            plan = allocate_places(context.session, office, number, starts_on=starts_on, days=days, now=context.now)
            places = [
                PlaceGiven(
                    senior_ref=one.senior_ref,
                    resource=one.resource,
                    day=one.day,
                    starts_min=one.starts_min,
                    reason=given_reason(one, context.locale),
                )
                for one in given_in(context.session, plan)
            ]
            left = [
                PlaceRefused(senior_ref=one.senior_ref, reason=one.zh if context.locale == "zh" else one.en)
                for one in left_out(context.session, plan)
            ]
            return PlacesAllocated(given=places, left=left)

        return refused_or(context, lambda: found_by("project", id, given), *NOS[:3], refusals.OutsidePeriod)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Draft a project from what was missing in a week; the trail is kept.")
    def draft_project(
        self,
        info: Info,
        input: Annotated[ShortageDraftInput, strawberry.argument(description="Which shortage.")],
        idempotency_key: Key,
    ) -> ProjectActPayload:
        """Draft a project from a shortage."""
        context, office = info.context, _office(info.context)
        wish = Wish(
            day=input.day,
            service=input.service,
            streets=tuple(input.subdistricts),
            starts_on=input.starts_on,
            weeks=input.weeks,
            cost_cents=input.cost_cents,
        )

        def drafted() -> ProjectDone:
            actor = _actor(context, office)
            row = draft_from_shortage(context.session, office, wish, key=idempotency_key, actor=actor, now=context.now)
            return ProjectDone(project=life_shown(context, office, row.id or 0), made=None)

        return refused_or(context, drafted, *NOS)  # type: ignore[return-value]  # refusals are of the union


def _office(context: Context) -> int:
    return context.organisation(WRITE, kind="charity_office")


def _actor(context: Context, office: int) -> str:
    """Return who acts: two tokens of an office are two people."""
    return f"organisation:{office} {context.holder.name}"


def _by(context: Context, office: int, key: str) -> By:
    return By(_actor(context, office), context.now, day_of(context.now), key)


def _done(context: Context, office: int, id: str, act: Callable[[int], str | None]) -> ProjectDone | Refused:
    """Act on a project of the office, and show it as it is then."""

    def on(number: int) -> ProjectDone:
        made = act(number)
        return ProjectDone(
            project=life_shown(context, office, number), made=None if made is None else strawberry.ID(made)
        )

    return refused_or(context, lambda: found_by("project", id, on), *NOS)
