"""The care team: members, advice points, contacts of seniors, and what is missing; nobody is named."""

from datetime import date, datetime
from typing import Annotated, Any

import strawberry
from sqlalchemy import Row

from api.context import Info
from api.ids import encode
from api.schema.connections import Connection, Key, page
from api.schema.refusals import (
    KeyConflict,
    NotFound,
    RoleMissing,
    TrainingExpired,
    TrainingMissing,
    WrongInput,
    refused_or,
)
from api.schema.scalars import After, First
from timebank.care import refusals
from timebank.care.contacts import assign_contact
from timebank.care.coverage import Coverage, coverage, focus_without_contact, lapsed_contacts
from timebank.care.levels import give_advice
from timebank.care.members import list_members, require_member, roles_of
from timebank.care.points import Standing, list_points, standing
from timebank.care.tables import CareMember as MemberRow
from timebank.care.trainings import record_training, why_not
from timebank.core import errors
from timebank.core.clock import day_of
from timebank.core.naming import number_of
from timebank.core.texts import say_refusal
from timebank.people.belonging import require_person
from timebank.people.tables import AdvicePoint as PointRow
from timebank.people.tables import Senior

READ, WRITE = "care:read", "care:write"
Street = Annotated[str | None, strawberry.argument(description="Code of a sub-district.")]
Key_ = Annotated[
    str, strawberry.argument(description="The same key and content is the same action, whatever is retried.")
]
MemberRef = Annotated[str, strawberry.argument(description="Number of the member.")]
OnDay = Annotated[date, strawberry.argument(description="The day, in Shanghai.")]


@strawberry.type(description="Somebody of the care team, under a number.")
class CareMember:
    """Somebody of the care team."""

    id: strawberry.ID = strawberry.field(description="Id of the member.")
    ref: str = strawberry.field(description="Number of the member; nobody is named.")
    roles: list[str] = strawberry.field(
        description="cadre, volunteer, property, adviser, doctor: those that hold today."
    )


@strawberry.type(description="An advice point, with its public place.")
class AdvicePoint:
    """An advice point."""

    id: strawberry.ID = strawberry.field(description="Id of the point.")
    code: str = strawberry.field(description="Code of the point.")
    name_zh: str = strawberry.field(description="Its name in Chinese.")
    area: str = strawberry.field(description="Code of its committee or sub-district.")
    lat_deg: float = strawberry.field(description="Latitude in degrees, WGS-84.")
    lon_deg: float = strawberry.field(description="Longitude in degrees, WGS-84.")
    open_until: datetime | None = strawberry.field(description="When it closes, if it is open now.")
    next_opening: datetime | None = strawberry.field(description="When it opens next, within 60 days.")


@strawberry.type(description="How a sub-district is covered today; each number is the length of a list.")
class CareCoverage:
    """How a sub-district is covered today."""

    subdistrict: str = strawberry.field(description="Code of the sub-district.")
    committees: int = strawberry.field(description="Its committees.")
    committees_without_point: int = strawberry.field(description="Those of them without an advice point.")
    focus_seniors: int = strawberry.field(description="Seniors on the focus list.")
    without_contact: int = strawberry.field(description="Those of them without a contact.")
    contacts_lapsed: int = strawberry.field(description="Those whose contact may not be one any more.")


@strawberry.type(description="A senior on the focus list whose contact is missing or lapsed.")
class ContactGap:
    """A senior whose contact is missing or lapsed."""

    senior_ref: str = strawberry.field(description="Reference of the senior in the registry; nobody is named.")
    subdistrict: str = strawberry.field(description="Code of the sub-district.")
    member_ref: str | None = strawberry.field(description="Number of the contact that lapsed, if there is one.")
    reason: str = strawberry.field(description="What to do about it, in the language of the request; empty without.")


@strawberry.type(description="Whom the senior turns to now.")
class ContactAssigned:
    """Whom the senior turns to now."""

    senior_ref: str = strawberry.field(description="Reference of the senior.")
    member_ref: str = strawberry.field(description="Number of the member.")
    from_day: date = strawberry.field(description="From this day on.")


@strawberry.type(description="The training that was written down, or stood already.")
class TrainingRecorded:
    """The training that was written down."""

    member_ref: str = strawberry.field(description="Number of the member.")
    training: str = strawberry.field(description="Code of the training.")
    valid_until: date | None = strawberry.field(description="First day on which it is not good any more, if any.")


@strawberry.type(description="The advice that was written down, or stood already.")
class AdviceGiven:
    """The advice that was written down."""

    id: strawberry.ID = strawberry.field(description="Id of the advice.")
    day: date = strawberry.field(description="Its day.")


AssignContactPayload = Annotated[
    ContactAssigned | NotFound | WrongInput | RoleMissing | TrainingMissing | TrainingExpired,
    strawberry.union("AssignContactPayload", description="The contact, or why there is none."),
]
RecordTrainingPayload = Annotated[
    TrainingRecorded | NotFound | WrongInput,
    strawberry.union("RecordTrainingPayload", description="The training, or why there is none."),
]
GiveAdvicePayload = Annotated[
    AdviceGiven | NotFound | WrongInput | KeyConflict | RoleMissing | TrainingMissing | TrainingExpired,
    strawberry.union("GiveAdvicePayload", description="The advice, or why there is none."),
]
GATES = (refusals.RoleMissing, refusals.TrainingMissing, refusals.TrainingExpired)


@strawberry.type
class CareQueries:
    """What can be asked of the care team."""

    @strawberry.field(description="Members of the care team of my sub-districts, with their roles of today.")
    def care_team(
        self,
        info: Info,
        first: First,
        after: After = None,
        role: Annotated[str | None, strawberry.argument(description="One role alone, such as adviser.")] = None,
        subdistrict: Street = None,
    ) -> Connection[CareMember]:
        """Return a page of members."""
        context, own, today = info.context, info.context.organisation(READ), day_of(info.context.now)

        def read(count: int, last: Key | None) -> list[tuple[Row[Any], list[str]]]:
            rows = list_members(
                context.session,
                today,
                first=count,
                after=last[0] if last else None,
                role=role,
                organisation_id=own,
                subdistrict=subdistrict,
            )
            held = roles_of(context.session, [row.person_id for row in rows], today)
            return [(row, held[row.person_id]) for row in rows]

        return page("care_team", first, after, read=read, key=lambda row: (row[0].person_id,), node=_member)

    @strawberry.field(description="Advice points, whether each is open now and when it opens next; for everyone.")
    def advice_points(
        self, info: Info, first: First, after: After = None, subdistrict: Street = None
    ) -> Connection[AdvicePoint]:
        """Return a page of advice points."""
        context = info.context

        def read(count: int, last: Key | None) -> list[tuple[Row[Any], Standing]]:
            rows = list_points(context.session, first=count, after=last[0] if last else None, subdistrict=subdistrict)
            stands = standing(context.session, [row.id for row in rows], context.now)
            return [(row, stands[row.id]) for row in rows]

        return page("advice_points", first, after, read=read, key=lambda row: (row[0].id,), node=_point)

    @strawberry.field(description="How my sub-districts are covered today.")
    def care_coverage(self, info: Info) -> list[CareCoverage]:
        """Return how the organisation's sub-districts are covered."""
        own = info.context.organisation(READ)
        return [_coverage(row) for row in coverage(info.context.session, day_of(info.context.now), organisation_id=own)]

    @strawberry.field(description="Seniors of my sub-districts on the focus list who have no contact.")
    def seniors_without_contact(self, info: Info, first: First, after: After = None) -> Connection[ContactGap]:
        """Return a page of seniors without a contact."""
        session, own, today = info.context.session, info.context.organisation(READ), day_of(info.context.now)

        def read(count: int, last: Key | None) -> list[Row[Any]]:
            return focus_without_contact(
                session, today, first=count, after=last[0] if last else None, organisation_id=own
            )

        def node(row: Row[Any]) -> ContactGap:
            return ContactGap(senior_ref=row.senior, subdistrict=row.code, member_ref=None, reason="")

        return page("without_contact", first, after, read=read, key=lambda row: (row.id,), node=node)

    @strawberry.field(description="Seniors of my sub-districts whose contact may not be one any more, and why.")
    def lapsed_contacts(self, info: Info, first: First, after: After = None) -> Connection[ContactGap]:
        """Return a page of seniors whose contact lapsed."""
        context, own, today = info.context, info.context.organisation(READ), day_of(info.context.now)

        def read(count: int, last: Key | None) -> list[Row[Any]]:
            return lapsed_contacts(
                context.session, today, first=count, after=last[0] if last else None, organisation_id=own
            )

        def why(member: int) -> str:
            refusal = why_not(context.session, member, "contact", today)
            return "" if refusal is None else say_refusal(refusal, context.locale)

        def node(row: Row[Any]) -> ContactGap:
            reason = context.once(f"lapsed {row.member_id}", lambda: why(row.member_id))
            return ContactGap(senior_ref=row.senior, subdistrict=row.code, member_ref=row.member, reason=reason)

        return page("lapsed_contacts", first, after, read=read, key=lambda row: (row.id,), node=node)


@strawberry.type
class CareMutations:
    """What can be done for the care team."""

    @strawberry.mutation(description="Let a member be a senior's contact from a day on; the same again is the same.")
    def assign_contact(
        self,
        info: Info,
        senior_ref: Annotated[str, strawberry.argument(description="Reference of the senior.")],
        member_ref: MemberRef,
        from_day: OnDay,
    ) -> AssignContactPayload:
        """Let a member be a senior's contact."""
        session, now = info.context.session, info.context.now
        own = info.context.organisation(WRITE)

        def act() -> ContactAssigned:
            senior = number_of(session, Senior, senior_ref, name="external_ref", number="person_id")
            require_person(session, senior, own)
            member = _own_member(info, member_ref, own)
            row = assign_contact(session, senior, member, from_day=from_day, actor=f"organisation:{own}", now=now)
            return ContactAssigned(senior_ref=senior_ref, member_ref=member_ref, from_day=row.from_day)

        return refused_or(info.context, act, errors.NotFound, errors.WrongInput, *GATES)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Write down a training of a member of mine; the same day again is the same.")
    def record_training(
        self,
        info: Info,
        member_ref: MemberRef,
        training: Annotated[str, strawberry.argument(description="Code of the training, such as survey.")],
        trained_on: OnDay,
        proof: Annotated[str, strawberry.argument(description="What was shown.")] = "",
    ) -> RecordTrainingPayload:
        """Write down a training."""
        own = info.context.organisation(WRITE)

        def act() -> TrainingRecorded:
            row = record_training(
                info.context.session,
                _own_member(info, member_ref, own),
                training,
                trained_on=trained_on,
                actor=f"organisation:{own}",
                now=info.context.now,
                proof=proof,
            )
            return TrainingRecorded(member_ref=member_ref, training=row.kind, valid_until=row.valid_until)

        return refused_or(info.context, act, errors.NotFound, errors.WrongInput)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Write down advice that an adviser of mine gave at a point.")
    def give_advice(
        self,
        info: Info,
        member_ref: MemberRef,
        point: Annotated[str, strawberry.argument(description="Code of the advice point.")],
        day: OnDay,
        topic: Annotated[str, strawberry.argument(description="policy, service, aids, health, complaint or other.")],
        idempotency_key: Key_,
    ) -> GiveAdvicePayload:
        """Write down advice."""
        own = info.context.organisation(WRITE)

        def act() -> AdviceGiven:
            row = give_advice(
                info.context.session,
                _own_member(info, member_ref, own),
                number_of(info.context.session, PointRow, point),
                day=day,
                topic=topic,
                actor=f"organisation:{own}",
                now=info.context.now,
                key=idempotency_key,
            )
            return AdviceGiven(id=strawberry.ID(encode("advice", row.id or 0)), day=row.day)

        return refused_or(info.context, act, errors.NotFound, errors.WrongInput, errors.KeyConflict, *GATES)  # type: ignore[return-value]  # refusals are of the union


def _member(row: tuple[Row[Any], list[str]]) -> CareMember:
    member, roles = row
    return CareMember(id=strawberry.ID(encode("member", member.person_id)), ref=member.external_ref, roles=roles)


def _point(row: tuple[Row[Any], Standing]) -> AdvicePoint:
    point, stands = row
    return AdvicePoint(
        id=strawberry.ID(encode("advice_point", point.id)),
        code=point.code,
        name_zh=point.name_zh,
        area=point.area_code,
        lat_deg=point.lat_deg,
        lon_deg=point.lon_deg,
        open_until=stands.open_until,
        next_opening=stands.next_opening,
    )


def _coverage(row: Coverage) -> CareCoverage:
    return CareCoverage(
        subdistrict=row.code,
        committees=row.committees,
        committees_without_point=row.without_point,
        focus_seniors=row.focus,
        without_contact=row.without_contact,
        contacts_lapsed=row.contacts_lapsed,
    )


def _own_member(info: Info, ref: str, organisation_id: int) -> int:
    """Return a member of the organisation; another's answers as if there were none."""
    session = info.context.session
    member = number_of(session, MemberRow, ref, name="external_ref", number="person_id")
    try:
        require_member(session, member, organisation_id)
    except errors.NotFound:
        raise errors.NotFound(kind="care_member", key=ref) from None
    return member
