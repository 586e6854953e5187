"""Good practice: what organisations did, with figures that are counted from rows, approved by the bureau."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated

import strawberry

from api.context import Context, Info
from api.ids import encode, found_by
from api.schema.connections import Connection, Key, page
from api.schema.refusals import FigureMoved, KeyConflict, NotFound, WrongInput, WrongState, refused_or
from api.schema.resources import READ, WRITE, code_of
from api.schema.scalars import After, First, Id, IdempotencyKey, InLocale, chosen
from timebank.bridge import refusals as bridge
from timebank.bridge.counting import QUERIES
from timebank.bridge.practices import FigureDraft, PracticeDraft, Told, decide, published, submit, submitted, told
from timebank.bridge.tables import PracticeVersion
from timebank.core import errors


@strawberry.type(description="A figure: which query counted what over which days, and when.")
class PracticeFigure:
    """A figure."""

    query: str = strawberry.field(description="Code of the query, such as visits_confirmed.")
    from_day: date = strawberry.field(description="First day.")
    to_day: date = strawberry.field(description="First day after.")
    value: int = strawberry.field(description="What it counted.")
    counted_at: datetime = strawberry.field(description="When, UTC.")

    @strawberry.field(description="What is counted, in words.")
    def name(self, info: Info, locale: InLocale = None) -> str:
        """Name the query."""
        found = QUERIES[self.query]
        return found.name_zh if chosen(locale, info.context.locale) == "zh" else found.name_en


@strawberry.type(description="A version of good practice.")
class GoodPractice:
    """A version of good practice."""

    id: strawberry.ID = strawberry.field(description="Id of the practice, the same for every version.")
    version: int = strawberry.field(description="Its version.")
    organisation: str = strawberry.field(description="Code of who did it.")
    title_zh: str = strawberry.field(description="Title in Chinese.")
    done: str = strawberry.field(description="What was done.")
    figures: list[PracticeFigure] = strawberry.field(description="The figures that show it, at most 12.")
    submitted_at: datetime = strawberry.field(description="When it was submitted, UTC.")
    decision: str | None = strawberry.field(description="approved or returned; empty before the bureau decides.")
    decision_words: str = strawberry.field(description="The bureau's words.")


@strawberry.input(description="A figure to be counted.")
class PracticeFigureInput:
    """A figure to be counted."""

    query: str = strawberry.field(description="Code of the query, such as visits_confirmed.")
    from_day: date = strawberry.field(description="First day.")
    to_day: date = strawberry.field(description="First day after; it is past.")


@strawberry.input(description="A practice to be, or a new version of one.")
class PracticeInput:
    """A practice to be."""

    title_zh: str = strawberry.field(description="Title in Chinese, 1 to 120 characters.")
    done: str = strawberry.field(description="What was done, 1 to 4,000 characters.")
    figures: list[PracticeFigureInput] = strawberry.field(description="The figures that show it, 1 to 12.")
    practice: strawberry.ID | None = strawberry.field(default=None, description="Id of my practice, for a new version.")


@strawberry.type(description="The version as it is now.")
class PracticeTold:
    """The version as it is now."""

    practice: GoodPractice = strawberry.field(description="The version.")


PracticePayload = Annotated[
    PracticeTold | WrongInput | NotFound | WrongState | KeyConflict | FigureMoved,
    strawberry.union("PracticePayload", description="The version, or why it is not so."),
]


def _practice(context: Context, one: Told) -> GoodPractice:
    row = one.version
    return GoodPractice(
        id=strawberry.ID(encode("practice", row.practice_id)),
        version=row.version,
        organisation=code_of(context, row.organisation_id),
        title_zh=row.title_zh,
        done=row.done,
        figures=[
            PracticeFigure(
                query=figure.query,
                from_day=figure.from_day,
                to_day=figure.to_day,
                value=figure.value,
                counted_at=figure.counted_at,
            )
            for figure in one.figures
        ],
        submitted_at=row.submitted_at,
        decision=one.decision.decision if one.decision else None,
        decision_words=one.decision.words if one.decision else "",
    )


@strawberry.type
class PracticeQueries:
    """What can be asked of good practice."""

    @strawberry.field(description="Good practice that the bureau approved, newest first; for every organisation.")
    def good_practices(self, info: Info, first: First, after: After = None) -> Connection[GoodPractice]:
        """Return a page of what is published."""
        context = info.context
        context.organisation(READ)

        def read(count: int, last: Key | None) -> list[Told]:
            return published(context.session, first=count, before_id=last[0] if last else None)

        return _page(context, "practices", first, after, read)

    @strawberry.field(description="The newest versions that I submitted; for the bureau, those of all.")
    def submitted_practices(self, info: Info, first: First, after: After = None) -> Connection[GoodPractice]:
        """Return a page of what was submitted."""
        context = info.context
        organisation = context.organisation(READ)

        def read(count: int, last: Key | None) -> list[Told]:
            return submitted(context.session, organisation, first=count, before_id=last[0] if last else None)

        return _page(context, "submitted", first, after, read)


@strawberry.type
class PracticeMutations:
    """What can be done with good practice."""

    @strawberry.mutation(description="Submit a practice with its figures, which are counted now.")
    def submit_practice(
        self,
        info: Info,
        input: Annotated[PracticeInput, strawberry.argument(description="The practice to be.")],
        idempotency_key: IdempotencyKey,
    ) -> PracticePayload:
        """Submit a practice."""
        context = info.context
        organisation = context.organisation(WRITE)

        def act(number: int | None) -> PracticeTold:
            draft = PracticeDraft(
                title_zh=input.title_zh,
                done=input.done,
                figures=tuple(FigureDraft(one.query, one.from_day, one.to_day) for one in input.figures),
                practice_id=number,
            )
            row = submit(context.session, organisation, draft, idempotency_key=idempotency_key, now=context.now)
            return PracticeTold(practice=_practice(context, told(context.session, row)))

        asked = input.practice
        return refused_or(  # type: ignore[return-value]  # refusals are of the union
            context,
            lambda: found_by("practice", asked, act) if asked else act(None),
            errors.WrongInput,
            errors.NotFound,
            errors.KeyConflict,
        )

    @strawberry.mutation(description="Approve a version, which everybody then reads, or return it; for the bureau.")
    def decide_practice(
        self,
        info: Info,
        id: Id,
        version: Annotated[int, strawberry.argument(description="Its version.")],
        is_approved: Annotated[bool, strawberry.argument(description="Approved, or returned.")],
        words: Annotated[str, strawberry.argument(description="In words; needed to return it.")] = "",
    ) -> PracticePayload:
        """Decide about a version."""
        context = info.context
        bureau = context.organisation(WRITE, kind="bureau")

        def act(number: int) -> PracticeTold:
            decide(context.session, bureau, number, version, is_approved=is_approved, words=words, now=context.now)
            row = context.session.get_one(PracticeVersion, (number, version))
            return PracticeTold(practice=_practice(context, told(context.session, row)))

        return refused_or(  # type: ignore[return-value]  # refusals are of the union
            context,
            lambda: found_by("practice", id, act),
            errors.WrongInput,
            errors.NotFound,
            errors.WrongState,
            bridge.FigureMoved,
        )


def _page(
    context: Context, kind: str, first: int, after: str | None, read: Callable[[int, Key | None], list[Told]]
) -> Connection[GoodPractice]:
    return page(
        kind,
        first,
        after,
        read=read,
        key=lambda one: (one.version.practice_id,),
        node=lambda one: _practice(context, one),
    )
