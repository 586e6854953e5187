"""What an organisation does in the registry: categories, surveys, and acts on its people that can be undone."""

from datetime import date
from typing import Annotated

import strawberry

from api.context import Info
from api.ids import encode, found_by
from api.schema.refusals import (
    ActChangedSince,
    CategoryOverlaps,
    KeyConflict,
    MergeBreaksRule,
    MinutesSpent,
    NotFound,
    RoleMissing,
    TrainingExpired,
    TrainingMissing,
    WrongInput,
    WrongState,
    refused_or,
)
from timebank.care import refusals as gates
from timebank.care.tables import CareMember
from timebank.coins.acts import Act
from timebank.core import errors
from timebank.core.naming import number_of
from timebank.ledger.tables import Book
from timebank.people.belonging import require_person
from timebank.people.tables import RegistryAct as ActRow
from timebank.people.tables import Senior
from timebank.registry import refusals
from timebank.registry.categories import close_category, open_category
from timebank.registry.lives import die, move_away, undo
from timebank.registry.merging import merge
from timebank.registry.surveys import record_survey
from timebank.registry.tables import SurveyRound as RoundRow

WRITE = "registry:write"
SeniorRef = Annotated[str, strawberry.argument(description="Reference of the senior.")]
OnDay = Annotated[date, strawberry.argument(description="The day, in Shanghai.")]
RoundCode = Annotated[str, strawberry.argument(description="Code of the round.")]
CategoryCode = Annotated[str, strawberry.argument(description="Code of the category, such as childless.")]
Why = Annotated[str, strawberry.argument(description="Why, or on what proof; 1 to 200 characters.")]


@strawberry.type(description="A senior's category as it stands now.")
class CategorySet:
    """A senior's category as it stands now."""

    senior_ref: str = strawberry.field(description="Reference of the senior.")
    category: str = strawberry.field(description="Code of the category.")
    from_day: date = strawberry.field(description="First day in it.")
    to_day: date | None = strawberry.field(description="First day not in it any more, if it ended.")


@strawberry.type(description="The survey that was written down, or stood already.")
class SurveyRecorded:
    """The survey that was written down."""

    senior_ref: str = strawberry.field(description="Reference of the senior.")
    day: date = strawberry.field(description="Its day.")
    outcome: str = strawberry.field(description="What was found.")


@strawberry.type(description="An act of the registry: a merge, a death or a move away.")
class RegistryAct:
    """An act of the registry."""

    id: strawberry.ID = strawberry.field(description="Id of the act, by which it can be undone.")
    kind: str = strawberry.field(description="merge, death or moved_away.")
    day: date = strawberry.field(description="Its day.")
    is_undone: bool = strawberry.field(description="Whether it was undone.")


SetCategoryPayload = Annotated[
    CategorySet | NotFound | WrongInput | WrongState | CategoryOverlaps,
    strawberry.union("SetCategoryPayload", description="The category, or why not."),
]
RecordSurveyPayload = Annotated[
    SurveyRecorded | NotFound | WrongInput | KeyConflict | RoleMissing | TrainingMissing | TrainingExpired,
    strawberry.union("RecordSurveyPayload", description="The survey, or why there is none."),
]
RegistryActPayload = Annotated[
    RegistryAct | NotFound | WrongInput | WrongState | KeyConflict | MergeBreaksRule | MinutesSpent | ActChangedSince,
    strawberry.union("RegistryActPayload", description="The act, or why it is not done."),
]
SET = (errors.NotFound, errors.WrongInput, errors.WrongState, refusals.CategoryOverlaps)
SEEN = (
    errors.NotFound,
    errors.WrongInput,
    errors.KeyConflict,
    gates.RoleMissing,
    gates.TrainingMissing,
    gates.TrainingExpired,
)
DONE = (
    errors.NotFound,
    errors.WrongInput,
    errors.WrongState,
    errors.KeyConflict,
    refusals.MergeBreaksRule,
    refusals.MinutesSpent,
    refusals.ActChangedSince,
)


@strawberry.type
class RegistryMutations:
    """What can be done in the registry."""

    @strawberry.mutation(description="Put a senior of mine into a category from a day on; the same again is the same.")
    def open_category(
        self,
        info: Info,
        senior_ref: SeniorRef,
        category: CategoryCode,
        from_day: OnDay,
        proof: Annotated[str, strawberry.argument(description="What was shown, 1 to 120 characters.")],
        source: Annotated[str, strawberry.argument(description="survey, application, import, exchange or office.")],
    ) -> SetCategoryPayload:
        """Put a senior into a category."""
        own = info.context.organisation(WRITE)

        def act() -> CategorySet:
            row = open_category(
                info.context.session,
                _senior(info, senior_ref, own),
                category,
                from_day=from_day,
                proof=proof,
                source=source,
                actor=f"organisation:{own}",
            )
            return CategorySet(senior_ref=senior_ref, category=category, from_day=row.from_day, to_day=row.to_day)

        return refused_or(info.context, act, *SET)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Take a senior of mine out of a category; the day is the first one without it.")
    def close_category(
        self, info: Info, senior_ref: SeniorRef, category: CategoryCode, to_day: OnDay
    ) -> SetCategoryPayload:
        """Take a senior out of a category."""
        own = info.context.organisation(WRITE)

        def act() -> CategorySet:
            senior = _senior(info, senior_ref, own)
            actor = f"organisation:{own}"
            row = close_category(info.context.session, senior, category, to_day=to_day, actor=actor)
            return CategorySet(senior_ref=senior_ref, category=category, from_day=row.from_day, to_day=row.to_day)

        return refused_or(info.context, act, *SET)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Write down what a survey of a senior of mine found; one a day.")
    def record_survey(
        self,
        info: Info,
        round: RoundCode,
        senior_ref: SeniorRef,
        day: OnDay,
        manner: Annotated[str, strawberry.argument(description="door, phone or video.")],
        outcome: Annotated[str, strawberry.argument(description="reached, not_reached, refused, moved or deceased.")],
        surveyor_ref: Annotated[str | None, strawberry.argument(description="Number of the member who looked.")] = None,
    ) -> RecordSurveyPayload:
        """Write down a survey."""
        own, session = info.context.organisation(WRITE), info.context.session

        def act() -> SurveyRecorded:
            surveyor = None
            if surveyor_ref is not None:
                surveyor = number_of(session, CareMember, surveyor_ref, name="external_ref", number="person_id")
            row = record_survey(
                session,
                number_of(session, RoundRow, round),
                _senior(info, senior_ref, own),
                day=day,
                manner=manner,
                outcome=outcome,
                actor=f"organisation:{own}",
                now=info.context.now,
                surveyor_id=surveyor,
            )
            return SurveyRecorded(senior_ref=senior_ref, day=row.day, outcome=row.outcome)

        return refused_or(info.context, act, *SEEN)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Let a registration of mine go into another of mine, with all that refers to it.")
    def merge_people(
        self,
        info: Info,
        kept_id: Annotated[strawberry.ID, strawberry.argument(description="Id of the registration that stays.")],
        merged_id: Annotated[strawberry.ID, strawberry.argument(description="Id of the one that goes into it.")],
        reason: Why,
    ) -> RegistryActPayload:
        """Merge two registrations."""
        own = info.context.organisation(WRITE)

        def act() -> RegistryAct:
            kept, merged = (
                found_by("person", one, lambda number: _own(info, number, own)) for one in (kept_id, merged_id)
            )
            actor = f"organisation:{own}"
            return _act(merge(info.context.session, kept, merged, reason=reason, actor=actor, now=info.context.now))

        return refused_or(info.context, act, *DONE)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Record the death of a senior of mine: all ahead ends, coins wait for the heirs.")
    def record_death(
        self,
        info: Info,
        senior_ref: SeniorRef,
        died_on: OnDay,
        reason: Why,
        book: Annotated[str, strawberry.argument(description="Code of the book of the time bank.")],
        idempotency_key: Annotated[
            str, strawberry.argument(description="The same key and content is the same action, whatever is retried.")
        ],
    ) -> RegistryActPayload:
        """Record a death."""
        own, session = info.context.organisation(WRITE), info.context.session

        def act() -> RegistryAct:
            senior = _senior(info, senior_ref, own)
            said = _said(info, own, book, idempotency_key, reason)
            return _act(die(session, said, senior, died_on=died_on))

        return refused_or(info.context, act, *DONE)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Record that a senior of mine moved out of the district; their coins stay theirs.")
    def record_move_away(self, info: Info, senior_ref: SeniorRef, moved_on: OnDay, reason: Why) -> RegistryActPayload:
        """Record a move away."""
        own = info.context.organisation(WRITE)

        def act() -> RegistryAct:
            senior, actor = _senior(info, senior_ref, own), f"organisation:{own}"
            now = info.context.now
            return _act(move_away(info.context.session, senior, moved_on=moved_on, reason=reason, actor=actor, now=now))

        return refused_or(info.context, act, *DONE)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Undo an act on people of mine that was a mistake; undone, it stays so.")
    def undo_registry_act(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Id of the act.")],
        book: Annotated[str, strawberry.argument(description="Code of the book of the time bank.")],
    ) -> RegistryActPayload:
        """Undo an act."""
        own, session = info.context.organisation(WRITE), info.context.session

        def act() -> RegistryAct:
            number = found_by("registry_act", id, lambda number: _own_act(info, number, own))
            said = _said(info, own, book, f"undo {number}", "")
            return _act(undo(session, number, act=said))

        return refused_or(info.context, act, *DONE)  # type: ignore[return-value]  # refusals are of the union


def _act(row: ActRow) -> RegistryAct:
    return RegistryAct(
        id=strawberry.ID(encode("registry_act", row.id or 0)),
        kind=row.kind,
        day=row.day,
        is_undone=row.undone_at is not None,
    )


def _said(info: Info, organisation: int, book: str, key: str, note: str) -> Act:
    """Say an act in the library's words."""
    number = number_of(info.context.session, Book, book)
    return Act(book_id=number, key=key, actor=f"organisation:{organisation}", now=info.context.now, note=note)


def _senior(info: Info, ref: str, organisation: int) -> int:
    """Return a senior of the organisation; another's answers as if there were none."""
    number = number_of(info.context.session, Senior, ref, name="external_ref", number="person_id")
    try:
        require_person(info.context.session, number, organisation)
    except errors.NotFound:
        raise errors.NotFound(kind="senior", key=ref) from None
    return number


def _own(info: Info, number: int, organisation: int) -> int:
    require_person(info.context.session, number, organisation)
    return number


def _own_act(info: Info, number: int, organisation: int) -> int:
    row = info.context.session.get(ActRow, number)
    if row is None:
        raise errors.NotFound(kind="registry_act", key=str(number))
    require_person(info.context.session, row.person_id, organisation)
    return number
