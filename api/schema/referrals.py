"""Referrals between two organisations."""

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from api.context import Context, Info
from api.ids import encode, found_by
from api.schema.connections import Connection, Key, page
from api.schema.nodes import Node
from api.schema.refusals import ConsentGone, KeyConflict, NotFound, Refused, WrongInput, WrongState, refused_or
from api.schema.resources import READ, WRITE, code_of
from api.schema.scalars import After, First, Id, IdempotencyKey, InLocale, chosen
from timebank.bridge import referrals as acts
from timebank.bridge import refusals as bridge
from timebank.bridge.fields import FIELDS
from timebank.bridge.referrals import Actor, ReferralDraft, events_of, readings_of, referral_of, referrals_of
from timebank.bridge.tables import Referral as ReferralRow
from timebank.bridge.terms import overdue_of
from timebank.core import errors

CREATING = (errors.WrongInput, errors.NotFound, errors.KeyConflict, bridge.ConsentGone)
CHANGING = (errors.WrongInput, errors.NotFound, errors.WrongState, bridge.ConsentGone)


@strawberry.enum(description="Which side of a referral I am on.")
class ReferralSide(Enum):
    """Which side of a referral somebody is on."""

    SENT = "sent"
    RECEIVED = "received"


@strawberry.type(description="A step of a referral.")
class ReferralStep:
    """A step of a referral."""

    kind: str = strawberry.field(
        description="sent, accepted, declined, in_service, closed, withdrawn, consent_revoked."
    )
    note: str = strawberry.field(description="The words of who took it.")
    happened_at: datetime = strawberry.field(description="When, UTC.")


@strawberry.type(description="That the receiver read what was consented to.")
class ReferralReading:
    """That the receiver read what was consented to."""

    fields_read: list[str] = strawberry.field(description="Codes of the fields that were read.")
    read_at: datetime = strawberry.field(description="When, UTC.")


@strawberry.type(description="A senior whom one organisation hands on to another; nobody else sees it.")
class Referral(Node):
    """A senior whom one organisation hands on to another."""

    sender: str = strawberry.field(description="Code of who referred.")
    receiver: str = strawberry.field(description="Code of who is referred to.")
    reason: str = strawberry.field(description="Why.")
    status: str = strawberry.field(description="sent, accepted, declined, in_service, closed or withdrawn.")
    decline_reason: str = strawberry.field(description="no_capacity, not_eligible, out_of_area, other, or nothing.")
    outcome: str = strawberry.field(description="helped, partly, not_helped, gone, or nothing before it is closed.")
    feedback: str | None = strawberry.field(description="What the receiver tells the referrer at its end.")
    sent_at: datetime = strawberry.field(description="When it was sent, UTC.")
    answer_by: datetime = strawberry.field(description="Until when it is to be answered, UTC.")
    number: strawberry.Private[int]
    viewer: strawberry.Private[int]

    @strawberry.field(description="Its steps in their order, at most a hundred.")
    def steps(self, info: Info) -> list[ReferralStep]:
        """Return the steps."""
        rows = events_of(info.context.session, self.viewer, self.number)
        return [ReferralStep(kind=row.kind, note=row.note or "", happened_at=row.happened_at) for row in rows]

    @strawberry.field(description="When the receiver read of the senior, the latest hundred.")
    def readings(self, info: Info) -> list[ReferralReading]:
        """Return the readings."""
        rows = readings_of(info.context.session, self.viewer, self.number)
        return [ReferralReading(fields_read=list(row.fields), read_at=row.read_at) for row in rows]


@strawberry.type(description="A value that a senior consented to.")
class SharedValue:
    """A value that a senior consented to."""

    code: str = strawberry.field(description="Code of the field, such as phone.")
    value: str = strawberry.field(description="Its value.")

    @strawberry.field(description="Name of the field.")
    def name(self, info: Info, locale: InLocale = None) -> str:
        """Name the field."""
        field = FIELDS[self.code]
        return field.name_zh if chosen(locale, info.context.locale) == "zh" else field.name_en


@strawberry.type(description="What the receiver may know of the senior, now; that it was read is kept.")
class SeniorRead:
    """What the receiver may know of the senior."""

    shared: list[SharedValue] = strawberry.field(description="The fields that were consented to, and no other.")


@strawberry.type(description="The referral as it is now.")
class Referred:
    """The referral as it is now."""

    referral: Referral = strawberry.field(description="The referral.")


ReferralPayload = Annotated[
    Referred | WrongInput | NotFound | WrongState | KeyConflict | ConsentGone,
    strawberry.union("ReferralPayload", description="The referral, or why it does not change."),
]
ReadPayload = Annotated[
    SeniorRead | NotFound | WrongState | ConsentGone,
    strawberry.union("ReadSeniorPayload", description="What may be known, or why nothing may."),
]
Why = Annotated[str, strawberry.argument(description="In words, 1 to 2,000 characters.")]


def _referral(context: Context, row: ReferralRow, viewer: int) -> Referral:
    return Referral(
        id=strawberry.ID(encode("referral", row.id or 0)),
        sender=code_of(context, row.organisation_id),
        receiver=code_of(context, row.receiver_id),
        reason=row.reason,
        status=row.status,
        decline_reason=row.decline_reason,
        outcome=row.outcome,
        feedback=row.feedback,
        sent_at=row.sent_at,
        answer_by=row.answer_by,
        number=row.id or 0,
        viewer=viewer,
    )


def referral_shown(context: Context, number: int) -> Referral:
    """Return a referral that the organisation sent or received."""
    organisation = context.organisation(READ)
    return _referral(context, referral_of(context.session, organisation, number), organisation)


def _stepped(info: Info, id: str, act: Callable[[Actor, int], ReferralRow]) -> Referred | Refused:
    """Take a step as the organisation that asks."""
    context = info.context
    actor = _actor(context)

    def step(number: int) -> Referred:
        return Referred(referral=_referral(context, act(actor, number), actor.organisation_id))

    return refused_or(context, lambda: found_by("referral", id, step), *CHANGING)


def _actor(context: Context) -> Actor:
    organisation = context.organisation(WRITE)
    return Actor(organisation, f"organisation:{organisation}")


@strawberry.type
class ReferralQueries:
    """What can be asked of referrals."""

    @strawberry.field(description="Referrals that my organisation sent or received, newest first.")
    def referrals(
        self,
        info: Info,
        first: First,
        after: After = None,
        side: Annotated[ReferralSide | None, strawberry.argument(description="One side alone.")] = None,
    ) -> Connection[Referral]:
        """Return a page of referrals."""
        context = info.context
        viewer = context.organisation(READ)
        wanted: acts.Side | None = None if side is None else side.value

        def read(count: int, last: Key | None) -> list[ReferralRow]:
            before = last[0] if last else None
            return referrals_of(context.session, viewer, side=wanted, first=count, before_id=before)

        return page(
            "referrals",
            first,
            after,
            read=read,
            key=lambda row: (row.id or 0,),
            node=lambda row: _referral(context, row, viewer),
        )

    @strawberry.field(description="My referrals of which the answer is late, the longest waiting first; at most 100.")
    def late_referrals(self, info: Info) -> list[Referral]:
        """Return the referrals whose answer is late."""
        context = info.context
        viewer = context.organisation(READ)
        return [_referral(context, row, viewer) for row, _ in overdue_of(context.session, viewer)]


@strawberry.type
class ReferralMutations:
    """What can be done with referrals."""

    @strawberry.mutation(description="Refer a senior to the organisation that their consent names.")
    def send_referral(
        self,
        info: Info,
        consent: Annotated[strawberry.ID, strawberry.argument(description="Id of the consent.")],
        reason: Why,
        idempotency_key: IdempotencyKey,
        service: Annotated[str, strawberry.argument(description="Code of the service that is asked for.")] = "",
    ) -> ReferralPayload:
        """Refer a senior."""
        context = info.context
        actor = _actor(context)

        def act(number: int) -> Referred:
            draft = ReferralDraft(consent_id=number, reason=reason, service=service)
            row = acts.refer(context.session, actor, draft, idempotency_key=idempotency_key, now=context.now)
            return Referred(referral=_referral(context, row, actor.organisation_id))

        return refused_or(context, lambda: found_by("consent", consent, act), *CREATING)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Accept a referral, as its receiver.")
    def accept_referral(self, info: Info, id: Id) -> ReferralPayload:
        """Accept a referral."""
        context = info.context
        return _stepped(info, id, lambda who, n: acts.accept(context.session, who, n, now=context.now))  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Decline a referral, as its receiver.")
    def decline_referral(
        self,
        info: Info,
        id: Id,
        reason: Annotated[
            str, strawberry.argument(description="no_capacity, not_eligible, out_of_area, or other with words.")
        ],
        words: Annotated[str, strawberry.argument(description="In words, at most 2,000 characters.")] = "",
    ) -> ReferralPayload:
        """Decline a referral."""
        context = info.context
        parts = {"reason": reason, "words": words}
        return _stepped(info, id, lambda who, n: acts.decline(context.session, who, n, **parts, now=context.now))  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Say that the service has begun, as the receiver.")
    def begin_referral(self, info: Info, id: Id) -> ReferralPayload:
        """Begin the service."""
        context = info.context
        return _stepped(info, id, lambda who, n: acts.begin(context.session, who, n, now=context.now))  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Close a referral with feedback to who referred, as the receiver.")
    def close_referral(
        self,
        info: Info,
        id: Id,
        outcome: Annotated[str, strawberry.argument(description="helped, partly, not_helped or gone.")],
        feedback: Why,
    ) -> ReferralPayload:
        """Close a referral."""
        context = info.context
        parts = {"outcome": outcome, "feedback": feedback}
        return _stepped(info, id, lambda who, n: acts.close(context.session, who, n, **parts, now=context.now))  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Withdraw my referral before the service begins.")
    def withdraw_referral(self, info: Info, id: Id, words: Why) -> ReferralPayload:
        """Withdraw a referral."""
        context = info.context
        return _stepped(info, id, lambda who, n: acts.withdraw(context.session, who, n, words=words, now=context.now))  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Read what was consented to, as the receiver; each reading is kept.")
    def read_senior(self, info: Info, id: Id) -> ReadPayload:
        """Read what may be known."""
        context = info.context
        actor = _actor(context)

        def act(number: int) -> SeniorRead:
            found = acts.read_senior(context.session, actor, number, now=context.now)
            return SeniorRead(shared=[SharedValue(code=code, value=value) for code, value in found.items()])

        return refused_or(  # type: ignore[return-value]  # refusals are of the union
            context, lambda: found_by("referral", id, act), errors.NotFound, errors.WrongState, bridge.ConsentGone
        )
