"""The registry of seniors: the table, the focus list, survey rounds and duplicates; nobody is named."""

from datetime import date
from typing import Annotated, Any

import strawberry
from sqlalchemy import Row

from api.context import Info
from api.ids import encode
from api.schema.connections import Connection, Key, page
from api.schema.scalars import After, First, InLocale, chosen
from timebank.core.clock import day_of
from timebank.core.naming import number_of
from timebank.people.focus import Reason, list_focus, reasons_on
from timebank.registry.duplicates import Proposal, list_duplicates
from timebank.registry.statistics import seniors_by_category
from timebank.registry.surveys import list_due, list_rounds, progress
from timebank.registry.tables import SurveyRound as RoundRow

READ, WRITE = "registry:read", "registry:write"
Street = Annotated[str | None, strawberry.argument(description="Code of a sub-district.")]
SeniorRef = Annotated[str, strawberry.argument(description="Reference of the senior.")]
OnDay = Annotated[date, strawberry.argument(description="The day, in Shanghai.")]
Today = Annotated[date | None, strawberry.argument(description="The day, in Shanghai; today when it is left out.")]
RoundCode = Annotated[str, strawberry.argument(description="Code of the round.")]
CategoryCode = Annotated[str, strawberry.argument(description="Code of the category, such as childless.")]
Why = Annotated[str, strawberry.argument(description="Why, or on what proof; 1 to 200 characters.")]


@strawberry.type(description="How many seniors of my sub-districts are in a category on a day.")
class CategoryCount:
    """How many seniors are in a category."""

    category: str = strawberry.field(description="Code of the category.")
    seniors: int = strawberry.field(description="Seniors in it; one in several counts in each.")


@strawberry.type(description="Why a senior is on the focus list.")
class FocusReason:
    """Why a senior is on the focus list."""

    rule: str = strawberry.field(description="Code of the rule.")
    article: str = strawberry.field(description="The article it rests on.")
    since: date = strawberry.field(description="Since when it has held for this senior.")
    names: strawberry.Private[tuple[str, str]]

    @strawberry.field(description="The rule, in words.")
    def name(self, info: Info, locale: InLocale = None) -> str:
        """Name the rule."""
        return self.names[0 if chosen(locale, info.context.locale) == "zh" else 1]


@strawberry.type(description="A senior on the focus list today.")
class FocusSenior:
    """A senior on the focus list today."""

    senior_ref: str = strawberry.field(description="Reference of the senior in the registry; nobody is named.")
    subdistrict: str = strawberry.field(description="Code of the sub-district.")
    committee: str = strawberry.field(description="Code of the committee.")
    reasons: list[FocusReason] = strawberry.field(description="Every rule that holds.")


@strawberry.type(description="A survey round.")
class SurveyRound:
    """A survey round."""

    code: str = strawberry.field(description="Code of the round.")
    from_day: date = strawberry.field(description="First day.")
    to_day: date = strawberry.field(description="First day after the round.")


@strawberry.type(description="How a round stands in a committee on a day; the sums of surveyDue.")
class SurveyProgress:
    """How a round stands in a committee."""

    committee: str = strawberry.field(description="Code of the committee.")
    seniors: int = strawberry.field(description="Seniors whom the round sees.")
    due: int = strawberry.field(description="Surveys due in the whole round.")
    done: int = strawberry.field(description="Those done until the day.")
    overdue: int = strawberry.field(description="Those that should have been done by the day.")


@strawberry.type(description="A senior of a round, and how often somebody was there.")
class SurveyDue:
    """A senior of a round."""

    senior_ref: str = strawberry.field(description="Reference of the senior in the registry; nobody is named.")
    committee: str = strawberry.field(description="Code of the committee.")
    planned: int = strawberry.field(description="Surveys due in the whole round.")
    done: int = strawberry.field(description="Those done until the day.")
    overdue: int = strawberry.field(description="Those that should have been done by the day.")


@strawberry.type(description="Two registrations that look like one person.")
class Duplicate:
    """Two registrations that look like one person."""

    kept_id: strawberry.ID = strawberry.field(description="Id of the older registration.")
    merged_id: strawberry.ID = strawberry.field(description="Id of the newer one.")
    kept_ref: str = strawberry.field(description="Number of the older one in the registry, if it has one.")
    merged_ref: str = strawberry.field(description="Number of the newer one.")


@strawberry.type
class RegistryQueries:
    """What can be asked of the registry."""

    @strawberry.field(description="Seniors of my sub-districts by category on a day, counted from the rows.")
    def registry_table(self, info: Info, day: Today = None) -> list[CategoryCount]:
        """Count the organisation's seniors by category."""
        own = info.context.organisation(READ)
        found = seniors_by_category(info.context.session, day or day_of(info.context.now), organisation_id=own)
        return [CategoryCount(category=category, seniors=count) for category, count in found.items()]

    @strawberry.field(description="Who of my sub-districts is on the focus list today, and why.")
    def focus_list(
        self,
        info: Info,
        first: First,
        after: After = None,
        subdistrict: Street = None,
        rule: Annotated[str | None, strawberry.argument(description="Code of one rule alone.")] = None,
    ) -> Connection[FocusSenior]:
        """Return a page of the focus list."""
        session, own, today = info.context.session, info.context.organisation(READ), day_of(info.context.now)

        def read(count: int, last: Key | None) -> list[tuple[Row[Any], list[Reason]]]:
            rows = list_focus(
                session,
                today,
                first=count,
                after=last[0] if last else None,
                organisation_id=own,
                subdistrict=subdistrict,
                rule=rule,
            )
            reasons = reasons_on(session, [row.person_id for row in rows], today)
            return [(row, reasons[row.person_id]) for row in rows]

        return page("focus_list", first, after, read=read, key=lambda row: (row[0].person_id,), node=_focus)

    @strawberry.field(description="Survey rounds that touch my sub-districts, newest first.")
    def survey_rounds(self, info: Info, first: First, after: After = None) -> Connection[SurveyRound]:
        """Return a page of survey rounds."""
        session, own = info.context.session, info.context.organisation(READ)

        def read(count: int, last: Key | None) -> list[RoundRow]:
            return list_rounds(session, first=count, before=last[0] if last else None, organisation_id=own)

        def node(row: RoundRow) -> SurveyRound:
            return SurveyRound(code=row.code, from_day=row.from_day, to_day=row.to_day)

        return page("survey_rounds", first, after, read=read, key=lambda row: (row.id or 0,), node=node)

    @strawberry.field(description="How a round stands in my committees on a day.")
    def survey_progress(self, info: Info, round: RoundCode, day: Today = None) -> list[SurveyProgress]:
        """Return how a round stands, by committee."""
        session, own = info.context.session, info.context.organisation(READ)
        rows = progress(
            session, number_of(session, RoundRow, round), day or day_of(info.context.now), organisation_id=own
        )
        return [
            SurveyProgress(committee=row.code, seniors=row.seniors, due=row.due, done=row.done, overdue=row.overdue)
            for row in rows
        ]

    @strawberry.field(description="Seniors of my sub-districts whom a round sees; or those overdue alone.")
    def survey_due(
        self,
        info: Info,
        round: RoundCode,
        first: First,
        after: After = None,
        day: Today = None,
        only_overdue: Annotated[bool, strawberry.argument(description="Only who is overdue.")] = False,  # noqa: FBT002  # an argument of the field
    ) -> Connection[SurveyDue]:
        """Return a page of seniors of a round."""
        session, own = info.context.session, info.context.organisation(READ)
        number, on = number_of(session, RoundRow, round), day or day_of(info.context.now)

        def read(count: int, last: Key | None) -> list[Row[Any]]:
            return list_due(
                session,
                number,
                on,
                first=count,
                after=last[0] if last else None,
                only_overdue=only_overdue,
                organisation_id=own,
            )

        return page("survey_due", first, after, read=read, key=lambda row: (row.senior_id,), node=_due)

    @strawberry.field(description="Registrations of my people that look like one person.")
    def duplicates(self, info: Info, first: First, after: After = None) -> Connection[Duplicate]:
        """Return a page of proposals."""
        session, own = info.context.session, info.context.organisation(READ)

        def read(count: int, last: Key | None) -> list[Proposal]:
            pair = (last[0], last[1]) if last else None
            return list_duplicates(session, first=count, after=pair, organisation_id=own)

        return page(
            "duplicates",
            first,
            after,
            parts=2,
            read=read,
            key=lambda row: (row.kept_id, row.merged_id),
            node=_duplicate,
        )


def _focus(row: tuple[Row[Any], list[Reason]]) -> FocusSenior:
    senior, reasons = row
    return FocusSenior(
        senior_ref=senior.external_ref,
        subdistrict=senior.street_code,
        committee=senior.committee_code,
        reasons=[
            FocusReason(
                rule=one.rule.code,
                article=one.rule.article,
                since=one.since,
                names=(one.rule.name_zh, one.rule.name_en),
            )
            for one in reasons
        ],
    )


def _due(row: Row[Any]) -> SurveyDue:
    return SurveyDue(
        senior_ref=row.external_ref,
        committee=row.committee,
        planned=row.planned,
        done=row.done,
        overdue=row.overdue,
    )


def _duplicate(row: Proposal) -> Duplicate:
    return Duplicate(
        kept_id=strawberry.ID(encode("person", row.kept_id)),
        merged_id=strawberry.ID(encode("person", row.merged_id)),
        kept_ref=row.kept_ref,
        merged_ref=row.merged_ref,
    )
