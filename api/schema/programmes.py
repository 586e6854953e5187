"""Programmes of the organisation that asks: contracts, the month, the visit rate, and who is taken in."""

from datetime import date
from typing import Annotated, Any

import strawberry
from sqlalchemy import Row

from api.context import Context, Info
from api.ids import encode, found_by
from api.schema.connections import Connection, Key, page
from api.schema.nodes import Node
from api.schema.refusals import KeyConflict, NotFound, NotInTarget, QuotaFull, WrongInput, WrongState, refused_or
from api.schema.scalars import After, First, Id, IdempotencyKey, InLocale, chosen
from timebank.core import errors
from timebank.core.clock import day_of
from timebank.core.naming import number_of
from timebank.core.texts import Locale
from timebank.people.tables import Senior
from timebank.programmes import refusals
from timebank.programmes.enrolments import enrol
from timebank.programmes.month_report import FIGURES, Line, MonthReport, Street, month_report
from timebank.programmes.months import Month
from timebank.programmes.programmes import (
    ProgrammeDraft,
    create_programme,
    list_programmes,
    programme_number,
    programme_of,
    quotas_of,
    seasons_of,
)
from timebank.programmes.reach import Rate, to_reach, visit_rates
from timebank.programmes.tables import CareProgramme, ProgrammeSeason

READ, WRITE, NAMES = "programmes:read", "programmes:write", "programmes:names"
InMonth = Annotated[str | None, strawberry.argument(description="A month such as 2026-03; without it, this one.")]
SeniorRef = Annotated[str, strawberry.argument(description="Reference of the senior.")]


@strawberry.type(description="How many seniors of a sub-district a programme may have, and has.")
class ProgrammeQuota:
    """How many seniors of a sub-district a programme may have, and has."""

    subdistrict: str = strawberry.field(description="Code of the sub-district.")
    seniors: int = strawberry.field(description="How many it may have.")
    taken: int = strawberry.field(description="How many it has; never more.")


@strawberry.type(description="Another frequency of a programme for a span of days, such as heat.")
class FrequencySeason:
    """Another frequency of a programme."""

    cause: str = strawberry.field(description="heat, cold, holiday or other.")
    from_day: date = strawberry.field(description="First day.")
    to_day: date = strawberry.field(description="First day after it.")
    is_yearly: bool = strawberry.field(description="Whether it comes back every year.")
    frequency_kind: str = strawberry.field(description="every_n_days, per_week, per_month or once.")
    frequency_count: int = strawberry.field(description="How many days, or how often.")


@strawberry.type(description="A programme that an organisation runs by contract.")
class Programme(Node):
    """A programme that an organisation runs by contract."""

    code: str = strawberry.field(description="Its code.")
    name_zh: str = strawberry.field(description="Its name in Chinese.")
    from_day: date = strawberry.field(description="First day of the contract.")
    to_day: date = strawberry.field(description="First day after it.")
    min_age: int = strawberry.field(description="Least age of those it is for.")
    categories: list[str] = strawberry.field(description="Codes of categories, one of which holds; none is everybody.")
    frequency_kind: str = strawberry.field(description="every_n_days, per_week, per_month or once.")
    frequency_count: int = strawberry.field(description="How many days, or how often.")
    usual_way: str = strawberry.field(description="phone, door or video: how most are met.")
    number: strawberry.Private[int]

    @strawberry.field(description="Its sub-districts.")
    def quotas(self, info: Info) -> list[ProgrammeQuota]:
        """Return the quotas."""
        rows = quotas_of(info.context.session, self.number)
        return [ProgrammeQuota(subdistrict=area.code, seniors=row.seniors, taken=row.taken) for area, row in rows]

    @strawberry.field(description="Its seasons, the earliest first.")
    def seasons(self, info: Info) -> list[FrequencySeason]:
        """Return the seasons."""
        return [_season(row) for row in seasons_of(info.context.session, self.number)]


def _season(row: ProgrammeSeason) -> FrequencySeason:
    return FrequencySeason(
        cause=row.cause,
        from_day=row.from_day,
        to_day=row.to_day,
        is_yearly=row.is_yearly,
        frequency_kind=row.frequency_kind,
        frequency_count=row.frequency_count,
    )


def _programme(row: CareProgramme) -> Programme:
    return Programme(
        id=strawberry.ID(encode("programme", programme_number(row))),
        code=row.code,
        name_zh=row.name_zh,
        from_day=row.from_day,
        to_day=row.to_day,
        min_age=row.min_age,
        categories=list(row.categories),
        frequency_kind=row.frequency_kind,
        frequency_count=row.frequency_count,
        usual_way=row.usual_way,
        number=programme_number(row),
    )


def programme_shown(context: Context, number: int) -> Programme:
    """Return a programme of the organisation."""
    own = context.organisation(READ)
    return _programme(programme_of(context.session, number, organisation_id=own))


@strawberry.type(description="Figures of a month; each is a count of rows.")
class MonthLine:
    """Figures of a month."""

    subdistrict: str = strawberry.field(description="Code of the sub-district; empty for all together.")
    programme: str = strawberry.field(description="Code of the programme; empty for all together.")
    enrolled: int = strawberry.field(description="Seniors in the programme.")
    met: int = strawberry.field(description="Seniors who were met at least once.")
    due: int = strawberry.field(description="Visits that were not called off.")
    held: int = strawberry.field(description="Visits that were given.")
    phone: int = strawberry.field(description="Of these, by phone.")
    door: int = strawberry.field(description="Of these, at the door.")
    video: int = strawberry.field(description="Of these, by video.")
    missed: int = strawberry.field(description="Visits at which nobody was met.")
    unrecorded: int = strawberry.field(description="Visits of which nobody wrote anything down.")
    called_off: int = strawberry.field(description="Visits that were called off.")
    served_min: int = strawberry.field(description="Minutes served.")
    follow_ups: int = strawberry.field(description="Follow-ups that were opened.")
    open: int = strawberry.field(description="Of these, still open.")
    committee: int = strawberry.field(description="Of these, for the committee.")


LINE_FIGURES = tuple(name for name in FIGURES if name not in ("unwell", "in_time", "late"))


def _line(line: Line, subdistrict: str = "", programme: str = "") -> MonthLine:
    figures = {name: getattr(line, name) for name in LINE_FIGURES}
    return MonthLine(subdistrict=subdistrict, programme=programme, **figures)


@strawberry.type(description="A month of my programmes, up to today; each total is the sum of its lines.")
class CareMonth:
    """A month of an organisation's programmes."""

    month: str = strawberry.field(description="The month.")
    differences: int = strawberry.field(description="Visits on which the parties differ.")
    report: strawberry.Private[MonthReport]

    @strawberry.field(description="A line for each sub-district of each programme.")
    def streets(self) -> list[MonthLine]:
        """Return the lines."""
        return [_street(street) for street in self.report.streets]

    @strawberry.field(description="The sum of the lines.")
    def total(self) -> MonthLine:
        """Return the sum."""
        return _line(self.report.total)


def _street(street: Street) -> MonthLine:
    return _line(street.line, street.area, street.programme)


@strawberry.type(description="Seniors of the focus list of a sub-district, and how many were met in a month.")
class VisitRate:
    """Seniors of the focus list of a sub-district, and how many were met."""

    subdistrict: str = strawberry.field(description="Code of the sub-district.")
    seniors: int = strawberry.field(description="Seniors on the focus list.")
    reached: int = strawberry.field(description="Of these, met in the month.")


def _rate(row: Rate) -> VisitRate:
    return VisitRate(subdistrict=row.code, seniors=row.seniors, reached=row.reached)


@strawberry.type(description="A senior of the focus list who was not met this month.")
class SeniorToReach:
    """A senior of the focus list who was not met this month."""

    senior_ref: str = strawberry.field(description="Reference of the senior.")
    committee: str = strawberry.field(description="Code of the committee.")
    name: str | None = strawberry.field(description="The name; only for a token that may read names.")
    row: strawberry.Private[Row[Any]]

    @strawberry.field(description="Name of the committee.")
    def committee_name(self, info: Info, locale: InLocale = None) -> str:
        """Name the committee."""
        said: Locale = chosen(locale, info.context.locale)
        return str(self.row.area_zh if said == "zh" else self.row.area_en)


def _to_reach(row: Row[Any]) -> SeniorToReach:
    name = getattr(row, "name", None)
    return SeniorToReach(senior_ref=row.senior_ref, committee=row.area, name=name, row=row)


@strawberry.input(description="Seniors of a sub-district.")
class QuotaInput:
    """Seniors of a sub-district."""

    subdistrict: str = strawberry.field(description="Code of one of my sub-districts.")
    seniors: int = strawberry.field(description="How many the programme may have.")


@strawberry.input(description="A programme to be; toDay is the first day after it.")
class ProgrammeInput:
    """A programme to be."""

    code: str = strawberry.field(description="A code that no other programme has, 1 to 40 characters.")
    name_zh: str = strawberry.field(description="Its name in Chinese, 1 to 120 characters.")
    service: str = strawberry.field(description="Code of a service that volunteers give, such as greeting.")
    from_day: date = strawberry.field(description="First day.")
    to_day: date = strawberry.field(description="First day after it, at most three years on.")
    quotas: list[QuotaInput] = strawberry.field(description="Seniors by sub-district, 1 to 100.")
    frequency_kind: str = strawberry.field(
        default="every_n_days", description="every_n_days, per_week, per_month or once."
    )
    frequency_count: int = strawberry.field(default=2, description="How many days, or how often.")
    categories: list[str] = strawberry.field(
        default_factory=list, description="Codes of categories; none is everybody."
    )
    min_age: int = strawberry.field(default=60, description="Least age, 0 to 120.")
    usual_way: str = strawberry.field(default="phone", description="phone, door or video.")

    def draft(self) -> ProgrammeDraft:
        """Say it in the library's words."""
        return ProgrammeDraft(
            code=self.code,
            name_zh=self.name_zh,
            service=self.service,
            from_day=self.from_day,
            to_day=self.to_day,
            quotas={one.subdistrict: one.seniors for one in self.quotas},
            frequency_kind=self.frequency_kind,
            frequency_count=self.frequency_count,
            categories=tuple(self.categories),
            min_age=self.min_age,
            usual_way=self.usual_way,
        )


@strawberry.type(description="The programme that was made, or that the same key made before.")
class ProgrammeCreated:
    """The programme that was made."""

    programme: Programme = strawberry.field(description="The programme.")


@strawberry.type(description="The senior is in the programme, or was in it already.")
class SeniorEnrolled:
    """The senior is in the programme."""

    senior_ref: str = strawberry.field(description="Reference of the senior.")
    programme: Programme = strawberry.field(description="The programme.")


CreateProgrammePayload = Annotated[
    ProgrammeCreated | WrongInput | KeyConflict | NotFound,
    strawberry.union("CreateProgrammePayload", description="The programme, or why there is none."),
]
EnrolSeniorPayload = Annotated[
    SeniorEnrolled | NotFound | NotInTarget | QuotaFull | WrongState,
    strawberry.union("EnrolSeniorPayload", description="Who is in, or why not."),
]


def asked_month(context: Context, month: str | None) -> Month:
    """Return the month that was asked for, or this one."""
    return Month.read(month) if month else Month.of(day_of(context.now))


@strawberry.type
class ProgrammeQueries:
    """What can be asked of programmes."""

    @strawberry.field(description="My programmes, by their age.")
    def programmes(self, info: Info, first: First, after: After = None) -> Connection[Programme]:
        """Return a page of programmes."""
        session, own = info.context.session, info.context.organisation(READ)

        def read(count: int, last: Key | None) -> list[CareProgramme]:
            return list_programmes(session, own, first=count, after_id=last[0] if last else 0)

        return page("programmes", first, after, read=read, key=lambda row: (programme_number(row),), node=_programme)

    @strawberry.field(description="A month of my programmes.")
    def care_month(self, info: Info, month: InMonth = None) -> CareMonth:
        """Return a month."""
        context, own = info.context, info.context.organisation(READ)
        found = month_report(context.session, own, asked_month(context, month), now=context.now)
        return CareMonth(month=str(found.month), differences=found.differences, report=found)

    @strawberry.field(description="Who of the focus list of my sub-districts was met in a month.")
    def visit_rates(self, info: Info, month: InMonth = None) -> list[VisitRate]:
        """Return the rates by sub-district."""
        context, own = info.context, info.context.organisation(READ)
        asked = asked_month(context, month)
        return [_rate(row) for row in visit_rates(context.session, asked, organisation_id=own)]

    @strawberry.field(description="Who of the focus list of my sub-districts is still to be reached in a month.")
    def seniors_to_reach(
        self, info: Info, first: First, after: After = None, month: InMonth = None
    ) -> Connection[SeniorToReach]:
        """Return a page of seniors; names only for a token that may read them."""
        context, own = info.context, info.context.organisation(READ)
        asked, may_name = asked_month(context, month), NAMES in context.holder.scopes

        def read(count: int, last: Key | None) -> list[Row[Any]]:
            after_id = last[0] if last else 0
            return to_reach(
                context.session, asked, first=count, organisation_id=own, after=after_id, with_names=may_name
            )

        return page("to_reach", first, after, read=read, key=lambda row: (row.person_id,), node=_to_reach)


@strawberry.type
class ProgrammeMutations:
    """What can be done with programmes."""

    @strawberry.mutation(description="Make a programme with its quota by sub-district.")
    def create_programme(
        self,
        info: Info,
        input: Annotated[ProgrammeInput, strawberry.argument(description="The programme to be.")],
        idempotency_key: IdempotencyKey,
    ) -> CreateProgrammePayload:
        """Make a programme."""
        context, own = info.context, info.context.organisation(WRITE)

        def act() -> ProgrammeCreated:
            actor, draft = f"organisation:{own}", input.draft()
            row = create_programme(
                context.session, own, draft, actor=actor, idempotency_key=idempotency_key, now=context.now
            )
            return ProgrammeCreated(programme=_programme(row))

        return refused_or(context, act, errors.WrongInput, errors.KeyConflict, errors.NotFound)  # type: ignore[return-value]  # refusals are of the union

    @strawberry.mutation(description="Take a senior of my sub-districts into a programme of mine; again is the same.")
    def enrol_senior(self, info: Info, programme: Id, senior_ref: SeniorRef) -> EnrolSeniorPayload:
        """Take a senior in."""
        context, own = info.context, info.context.organisation(WRITE)

        def take_in(number: int) -> SeniorEnrolled:
            row = programme_of(context.session, number, organisation_id=own)
            senior = number_of(context.session, Senior, senior_ref, name="external_ref", number="person_id")
            enrol(context.session, row, senior, actor=f"organisation:{own}", now=context.now)
            return SeniorEnrolled(senior_ref=senior_ref, programme=_programme(row))

        known = (errors.NotFound, errors.WrongState, refusals.NotInTarget, refusals.QuotaFull)
        return refused_or(context, lambda: found_by("programme", programme, take_in), *known)  # type: ignore[return-value]  # refusals are of the union
