"""Consents: which fields of a senior which organisation may know, for what, until when."""

from datetime import date, datetime
from typing import Annotated

import strawberry

from api.context import Context, Info
from api.ids import encode, found_by
from api.schema.connections import Connection, page
from api.schema.refusals import KeyConflict, NotFound, WrongInput, refused_or
from api.schema.resources import READ, WRITE, code_of
from api.schema.scalars import After, First, Id, IdempotencyKey
from timebank.bridge.consents import (
    ConsentDraft,
    consent_of,
    consents_of,
    record_consent,
    revoke_consent,
    revoked_at,
)
from timebank.bridge.tables import Consent as ConsentRow
from timebank.core import errors
from timebank.core.naming import number_of
from timebank.people.tables import Senior


@strawberry.type(description="A consent: which fields who may know, for what, until when.")
class Consent:
    """A consent."""

    id: strawberry.ID = strawberry.field(description="Id of the consent.")
    organisation: str = strawberry.field(description="Code of who took it down.")
    receiver: str = strawberry.field(description="Code of who may know.")
    fields_told: list[str] = strawberry.field(description="Codes of the fields, such as name and phone.")
    purpose: str = strawberry.field(description="For what.")
    until_day: date = strawberry.field(description="First day on which it holds no more.")
    given_by: str = strawberry.field(description="senior or guardian.")
    manner: str = strawberry.field(description="paper, spoken or signed_on_screen.")
    given_at: datetime = strawberry.field(description="When, UTC.")
    revoked_at: datetime | None = strawberry.field(description="When it was revoked, if it was.")


@strawberry.type(description="The consent as it is now.")
class Consented:
    """The consent as it is now."""

    consent: Consent = strawberry.field(description="The consent.")


@strawberry.input(description="A consent as it was given.")
class ConsentInput:
    """A consent as it was given."""

    senior_ref: str = strawberry.field(description="Reference of the senior in the registry.")
    receiver: str = strawberry.field(description="Code of the organisation that may know.")
    fields: list[str] = strawberry.field(description="Codes of the fields, such as name and phone.")
    purpose: str = strawberry.field(description="For what, 1 to 200 characters.")
    until_day: date = strawberry.field(description="First day on which it holds no more, within 366 days.")
    given_by: str = strawberry.field(default="senior", description="senior or guardian.")
    manner: str = strawberry.field(default="paper", description="paper, spoken or signed_on_screen.")
    guardian_name: str = strawberry.field(default="", description="Name of the guardian, if one gave it.")
    proof: str = strawberry.field(default="", description="Where the paper lies, or who was there.")


ConsentPayload = Annotated[
    Consented | WrongInput | NotFound | KeyConflict,
    strawberry.union("ConsentPayload", description="The consent, or why there is none."),
]


def _consent(context: Context, row: ConsentRow) -> Consent:
    return Consent(
        id=strawberry.ID(encode("consent", row.id or 0)),
        organisation=code_of(context, row.organisation_id),
        receiver=code_of(context, row.receiver_id),
        fields_told=list(row.fields),
        purpose=row.purpose,
        until_day=row.until_day,
        given_by=row.given_by,
        manner=row.manner,
        given_at=row.given_at,
        revoked_at=revoked_at(context.session, row.id or 0),
    )


@strawberry.type
class ConsentQueries:
    """What can be asked of consents."""

    @strawberry.field(description="Consents that I gave as a senior, newest first; for a person's token.")
    def my_consents(self, info: Info, first: First, after: After = None) -> Connection[Consent]:
        """Return a page of consents."""
        context = info.context
        person = context.person(READ)
        return page(
            "consents",
            first,
            after,
            read=lambda count, last: consents_of(
                context.session, person, first=count, before_id=last[0] if last else None
            ),
            key=lambda row: (row.id or 0,),
            node=lambda row: _consent(context, row),
        )


@strawberry.type
class ConsentMutations:
    """What can be done with consents."""

    @strawberry.mutation(description="Write down a consent that a senior of my sub-districts gave.")
    def record_consent(
        self,
        info: Info,
        input: Annotated[ConsentInput, strawberry.argument(description="The consent as it was given.")],
        idempotency_key: IdempotencyKey,
    ) -> ConsentPayload:
        """Write down a consent."""
        context = info.context
        organisation = context.organisation(WRITE)

        def act() -> Consented:
            parts = {name: value for name, value in vars(input).items() if name not in ("senior_ref", "fields")}
            draft = ConsentDraft(
                senior_id=number_of(context.session, Senior, input.senior_ref, name="external_ref", number="person_id"),
                fields=tuple(input.fields),
                **parts,
            )
            row = record_consent(context.session, organisation, draft, idempotency_key=idempotency_key, now=context.now)
            return Consented(consent=_consent(context, row))

        return refused_or(context, act, errors.WrongInput, errors.NotFound, errors.KeyConflict)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(
        description="End a consent at once: the senior's own token, or who took it down or may use it."
    )
    def revoke_consent(self, info: Info, id: Id) -> ConsentPayload:
        """Revoke a consent."""
        context = info.context
        is_person = context.holder.person_id is not None
        who = context.person(WRITE) if is_person else context.organisation(WRITE)

        def act(number: int) -> Consented:
            whose = {"senior_id": who} if is_person else {"organisation_id": who}
            row = consent_of(context.session, number, **whose)
            actor = f"{'person' if is_person else 'organisation'}:{who}"
            revoke_consent(context.session, number, actor=actor, now=context.now)
            return Consented(consent=_consent(context, row))

        return refused_or(context, lambda: found_by("consent", id, act), errors.NotFound)  # type: ignore[return-value]  # refusals are of the union
