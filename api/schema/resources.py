"""Offers of resources between organisations, and the needs that they answer."""

from datetime import date, datetime
from typing import Annotated

import strawberry

from api.context import Context, Info
from api.ids import encode, found_by
from api.schema.connections import Connection, page
from api.schema.nodes import Node
from api.schema.refusals import (
    KeyConflict,
    NeedsLess,
    NotFound,
    TooFewLeft,
    WrongInput,
    WrongState,
    refused_or,
)
from api.schema.scalars import After, First, Id, IdempotencyKey
from timebank.bridge import refusals as bridge
from timebank.bridge.offers import OfferDraft, give_back, offer, offer_of, offers_seen, take, takings_of, withdraw_offer
from timebank.bridge.resource_needs import NeedDraft, choose, close_need, need_of, needs_seen, state_need
from timebank.bridge.tables import OfferTaking as TakingRow
from timebank.bridge.tables import ResourceNeed as NeedRow
from timebank.bridge.tables import ResourceOffer as OfferRow
from timebank.core import errors
from timebank.people.tables import Organisation

READ, WRITE = "bridge:read", "bridge:write"
CREATING = (errors.WrongInput, errors.NotFound, errors.WrongState, errors.KeyConflict)
TAKING = (*CREATING, bridge.TooFewLeft, bridge.NeedsLess)
CHANGING = (errors.NotFound, errors.WrongState, errors.WrongInput)


@strawberry.type(description="Something that an organisation offers to others.")
class ResourceOffer(Node):
    """Something that an organisation offers to others."""

    organisation: str = strawberry.field(description="Code of who offers it.")
    what: str = strawberry.field(description="What it is, in Chinese.")
    unit: str = strawberry.field(description="The unit that it is counted in.")
    quantity: int = strawberry.field(description="How many are offered.")
    left: int = strawberry.field(description="How many are left.")
    from_day: date = strawberry.field(description="First day.")
    to_day: date = strawberry.field(description="First day after.")
    conditions: str = strawberry.field(description="On which conditions.")
    status: str = strawberry.field(description="open, taken, withdrawn or expired.")
    answers: strawberry.ID | None = strawberry.field(description="Id of the need that it was made for, if for one.")
    number: strawberry.Private[int]
    viewer: strawberry.Private[int]

    @strawberry.field(description="Who took of it: all for its owner, else my own; at most 100, the first first.")
    def takings(self, info: Info) -> list["OfferTaking"]:
        """Return who took of it."""
        context = info.context
        rows = takings_of(context.session, self.number, organisation_id=self.viewer)
        return [_shown(context, row) for row in rows]


@strawberry.type(description="How much of an offer an organisation took.")
class OfferTaking:
    """How much of an offer an organisation took."""

    id: strawberry.ID = strawberry.field(description="Id of the taking.")
    organisation: str = strawberry.field(description="Code of who took it.")
    quantity: int = strawberry.field(description="How many were taken.")
    purpose: str = strawberry.field(description="What for.")
    taken_at: datetime = strawberry.field(description="When, UTC.")
    returned_at: datetime | None = strawberry.field(description="When it was given back, if it was.")


@strawberry.type(description="Something that a project or a street lacks.")
class ResourceNeed(Node):
    """Something that a project or a street lacks."""

    organisation: str = strawberry.field(description="Code of who lacks it.")
    what: str = strawberry.field(description="What it is, in Chinese.")
    unit: str = strawberry.field(description="The unit that it is counted in.")
    quantity: int = strawberry.field(description="How many are needed.")
    lacking: int = strawberry.field(description="How many are lacking still.")
    to_day: date = strawberry.field(description="First day on which it is too late.")
    words: str = strawberry.field(description="More about it.")
    status: str = strawberry.field(description="open, met or closed.")


@strawberry.input(description="An offer to be.")
class ResourceOfferInput:
    """An offer to be."""

    what: str = strawberry.field(description="What it is, 1 to 120 characters.")
    unit: str = strawberry.field(description="The unit that it is counted in, 1 to 20 characters.")
    quantity: int = strawberry.field(description="How many.")
    from_day: date = strawberry.field(description="First day.")
    to_day: date = strawberry.field(description="First day after.")
    area: str = strawberry.field(default="", description="Code of a sub-district; left out, the whole district.")
    service: str = strawberry.field(default="", description="Code of a service that it is for, if for one.")
    conditions: str = strawberry.field(default="", description="On which conditions, at most 1,000 characters.")
    answers: strawberry.ID | None = strawberry.field(default=None, description="Id of the need that it answers.")


@strawberry.input(description="A need to be, for a project or for a street.")
class ResourceNeedInput:
    """A need to be."""

    what: str = strawberry.field(description="What it is, 1 to 120 characters.")
    unit: str = strawberry.field(description="The unit that it is counted in, 1 to 20 characters.")
    quantity: int = strawberry.field(description="How many.")
    to_day: date = strawberry.field(description="First day on which it is too late.")
    project: strawberry.ID | None = strawberry.field(default=None, description="Id of an own project.")
    area: str = strawberry.field(default="", description="Code of an own sub-district instead.")
    service: str = strawberry.field(default="", description="Code of a service that it is for, if for one.")
    words: str = strawberry.field(default="", description="More about it, at most 1,000 characters.")


@strawberry.type(description="The offer as it is now.")
class ResourceOffered:
    """The offer as it is now."""

    offer: ResourceOffer = strawberry.field(description="The offer.")


@strawberry.type(description="What was taken, or given back.")
class ResourceTaken:
    """What was taken, or given back."""

    taking: OfferTaking = strawberry.field(description="The taking.")
    offer: ResourceOffer = strawberry.field(description="The offer as it is now.")


@strawberry.type(description="The need as it is now.")
class ResourceNeeded:
    """The need as it is now."""

    need: ResourceNeed = strawberry.field(description="The need.")


OfferPayload = Annotated[
    ResourceOffered | WrongInput | NotFound | WrongState | KeyConflict,
    strawberry.union("ResourceOfferPayload", description="The offer, or why there is none."),
]
TakingPayload = Annotated[
    ResourceTaken | WrongInput | NotFound | WrongState | KeyConflict | TooFewLeft | NeedsLess,
    strawberry.union("ResourceTakingPayload", description="What was taken, or why nothing was."),
]
NeedPayload = Annotated[
    ResourceNeeded | WrongInput | NotFound | WrongState | KeyConflict,
    strawberry.union("ResourceNeedPayload", description="The need, or why there is none."),
]
Many = Annotated[int, strawberry.argument(description="How many.")]


def code_of(context: Context, organisation_id: int) -> str:
    """Return the code of an organisation, read once for a request."""
    return context.once(
        f"code of {organisation_id}", lambda: context.session.get_one(Organisation, organisation_id).code
    )


def _offer(context: Context, row: OfferRow, viewer: int) -> ResourceOffer:
    return ResourceOffer(
        id=strawberry.ID(encode("offer", row.id or 0)),
        organisation=code_of(context, row.organisation_id),
        what=row.what,
        unit=row.unit,
        quantity=row.quantity,
        left=row.quantity - row.taken,
        from_day=row.from_day,
        to_day=row.to_day,
        conditions=row.conditions,
        status=row.status,
        answers=strawberry.ID(encode("resource_need", row.need_id)) if row.need_id else None,
        number=row.id or 0,
        viewer=viewer,
    )


def _need(context: Context, row: NeedRow) -> ResourceNeed:
    return ResourceNeed(
        id=strawberry.ID(encode("resource_need", row.id or 0)),
        organisation=code_of(context, row.organisation_id),
        what=row.what,
        unit=row.unit,
        quantity=row.quantity,
        lacking=row.quantity - row.chosen,
        to_day=row.to_day,
        words=row.words,
        status=row.status,
    )


def _shown(context: Context, row: TakingRow) -> OfferTaking:
    return OfferTaking(
        id=strawberry.ID(encode("taking", row.id or 0)),
        organisation=code_of(context, row.organisation_id),
        quantity=row.quantity,
        purpose=row.purpose,
        taken_at=row.taken_at,
        returned_at=row.returned_at,
    )


def _taking(context: Context, row: TakingRow) -> ResourceTaken:
    offered = offer_of(context.session, row.organisation_id, row.offer_id)
    return ResourceTaken(taking=_shown(context, row), offer=_offer(context, offered, row.organisation_id))


def offer_shown(context: Context, number: int) -> ResourceOffer:
    """Return an offer that the organisation may see."""
    organisation = context.organisation(READ)
    return _offer(context, offer_of(context.session, organisation, number), organisation)


def need_shown(context: Context, number: int) -> ResourceNeed:
    """Return a need that the organisation may see."""
    return _need(context, need_of(context.session, context.organisation(READ), number))


@strawberry.type
class ResourceQueries:
    """What can be asked of offers and needs."""

    @strawberry.field(description="Offers that I may take of, and my own, newest first.")
    def resource_offers(self, info: Info, first: First, after: After = None) -> Connection[ResourceOffer]:
        """Return a page of offers."""
        context = info.context
        organisation = context.organisation(READ)
        return page(
            "offers",
            first,
            after,
            read=lambda count, last: offers_seen(
                context.session, organisation, first=count, before_id=last[0] if last else None
            ),
            key=lambda row: (row.id or 0,),
            node=lambda row: _offer(context, row, organisation),
        )

    @strawberry.field(description="Open needs that I may answer, and my own, newest first.")
    def resource_needs(self, info: Info, first: First, after: After = None) -> Connection[ResourceNeed]:
        """Return a page of needs."""
        context = info.context
        organisation = context.organisation(READ)
        return page(
            "resourceNeeds",
            first,
            after,
            read=lambda count, last: needs_seen(
                context.session, organisation, first=count, before_id=last[0] if last else None
            ),
            key=lambda row: (row.id or 0,),
            node=lambda row: _need(context, row),
        )


@strawberry.type
class ResourceMutations:
    """What can be done with offers and needs."""

    @strawberry.mutation(description="Offer something to other organisations.")
    def offer_resource(
        self,
        info: Info,
        input: Annotated[ResourceOfferInput, strawberry.argument(description="The offer to be.")],
        idempotency_key: IdempotencyKey,
    ) -> OfferPayload:
        """Offer something."""
        context = info.context
        organisation = context.organisation(WRITE)

        def make(answers: int | None) -> ResourceOffered:
            parts = {name: value for name, value in vars(input).items() if name != "answers"}
            draft = OfferDraft(**parts, answers=answers)
            row = offer(context.session, organisation, draft, idempotency_key=idempotency_key, now=context.now)
            return ResourceOffered(offer=_offer(context, row, organisation))

        asked = input.answers
        return refused_or(  # type: ignore[return-value]  # refusals are of the union
            context, lambda: found_by("resource_need", asked, make) if asked else make(None), *CREATING
        )

    @strawberry.mutation(description="Take some of another's offer; never more than is left.")
    def take_resource(
        self,
        info: Info,
        id: Id,
        quantity: Many,
        idempotency_key: IdempotencyKey,
        purpose: Annotated[str, strawberry.argument(description="What for, at most 200 characters.")] = "",
    ) -> TakingPayload:
        """Take some of an offer."""
        context = info.context
        organisation = context.organisation(WRITE)

        def act(number: int) -> ResourceTaken:
            row = take(
                context.session,
                organisation,
                number,
                quantity,
                purpose=purpose,
                idempotency_key=idempotency_key,
                now=context.now,
            )
            return _taking(context, row)

        return refused_or(context, lambda: found_by("offer", id, act), *TAKING)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Give back what I took.")
    def return_resource(self, info: Info, id: Id) -> TakingPayload:
        """Give back what was taken."""
        context = info.context
        organisation = context.organisation(WRITE)

        def act(number: int) -> ResourceTaken:
            return _taking(context, give_back(context.session, organisation, number, now=context.now))

        return refused_or(context, lambda: found_by("taking", id, act), *CHANGING)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Withdraw what is left of my offer.")
    def withdraw_resource(self, info: Info, id: Id) -> OfferPayload:
        """Withdraw an offer."""
        context = info.context
        organisation = context.organisation(WRITE)

        def act(number: int) -> ResourceOffered:
            row = withdraw_offer(context.session, organisation, number)
            return ResourceOffered(offer=_offer(context, row, organisation))

        return refused_or(context, lambda: found_by("offer", id, act), *CHANGING)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="State what a project or a street of mine lacks.")
    def state_resource_need(
        self,
        info: Info,
        input: Annotated[ResourceNeedInput, strawberry.argument(description="The need to be.")],
        idempotency_key: IdempotencyKey,
    ) -> NeedPayload:
        """State a need."""
        context = info.context
        organisation = context.organisation(WRITE)

        def make(project: int | None) -> ResourceNeeded:
            parts = {name: value for name, value in vars(input).items() if name != "project"}
            draft = NeedDraft(**parts, project_id=project)
            row = state_need(context.session, organisation, draft, idempotency_key=idempotency_key, now=context.now)
            return ResourceNeeded(need=_need(context, row))

        asked = input.project
        return refused_or(  # type: ignore[return-value]  # refusals are of the union
            context, lambda: found_by("project", asked, make) if asked else make(None), *CREATING
        )

    @strawberry.mutation(description="Choose some of an offer that answers my need.")
    def choose_answer(
        self,
        info: Info,
        id: Id,
        offer: Annotated[strawberry.ID, strawberry.argument(description="Id of the offer that answers it.")],
        quantity: Many,
        idempotency_key: IdempotencyKey,
    ) -> TakingPayload:
        """Choose some of an offer."""
        context = info.context
        organisation = context.organisation(WRITE)

        def act(need: int, offered: int) -> ResourceTaken:
            key = {"idempotency_key": idempotency_key}
            row = choose(context.session, organisation, need, offered, quantity, **key, now=context.now)
            return _taking(context, row)

        def both() -> ResourceTaken:
            return found_by("resource_need", id, lambda need: found_by("offer", offer, lambda one: act(need, one)))

        return refused_or(context, both, *TAKING)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Close my need, met or not.")
    def close_resource_need(
        self,
        info: Info,
        id: Id,
        words: Annotated[str, strawberry.argument(description="What came of it, 1 to 1,000 characters.")],
    ) -> NeedPayload:
        """Close a need."""
        context = info.context
        organisation = context.organisation(WRITE)

        def act(number: int) -> ResourceNeeded:
            row = close_need(context.session, organisation, number, words=words, now=context.now)
            return ResourceNeeded(need=_need(context, row))

        return refused_or(context, lambda: found_by("resource_need", id, act), *CHANGING)  # type: ignore[return-value]  # refusals are of the union
