"""``timebank charity ...``: the life of projects, budgets, what donors bring, who takes part and who is helped."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated
from uuid import uuid4

import typer
from sqlmodel import Session

from timebank.charity import told
from timebank.charity.allocating import allocate_places
from timebank.charity.applications import answer, applications_of
from timebank.charity.applications import apply as apply_to
from timebank.charity.budget import By, Promise, plan_line
from timebank.charity.budget import commit as commit_to
from timebank.charity.budget import release as release_from
from timebank.charity.budget import spend as spend_of
from timebank.charity.drafting import Wish, draft_from_shortage
from timebank.charity.files import beneficiaries, file_of
from timebank.charity.life import Asked, stage_of, take_step
from timebank.charity.means import Brought, draw_hours, hand_out
from timebank.charity.means import receive as receive_from
from timebank.charity.outcome import by_cost, compare_projects, every_line, outcome_of
from timebank.charity.shortage import Asked as Shortage
from timebank.charity.shortage import shortage_of
from timebank.charity.worth import worth_in
from timebank.coins.desk import InBook, at_desk
from timebank.core.clock import now
from timebank.core.errors import WrongInput
from timebank.core.naming import number_of
from timebank.core.opening import reading, writing
from timebank.core.terminal import day_or_today, print_lines, tell
from timebank.core.texts import Phrase
from timebank.people.tables import Organisation, Volunteer
from timebank.planning.project_places import given_in, left_out
from timebank.projects.projects import project_of

app = typer.Typer(no_args_is_help=True, help="Charity projects: life, budget, means, outcome. 公益项目")

Number = Annotated[int, typer.Argument(help="Number of the project. 项目编号")]
Office = Annotated[str, typer.Option("--office", help="Code of the charity office. 代表处代码")]
Who = Annotated[str, typer.Option("--by", help="Who acts for it, in a word. 经办人")]
Key = Annotated[str, typer.Option("--key", help="Key of the action: repeated, it is the same one. 幂等键")]
On = Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="The day it counts; else today.")]
Note = Annotated[str, typer.Option(help="Why. 理由")]
Yuan = Annotated[str, typer.Argument(help="Amount in yuan, such as 1200.50. 金额（元）")]
First = Annotated[int, typer.Option("--first", min=1, max=100, help="How many lines. 行数")]
After = Annotated[int, typer.Option("--after", min=0, help="Number of the last line of the page before.")]
SeniorRef = Annotated[str, typer.Argument(help="Reference of the senior. 老人编号")]


@app.command()
def step(
    project: Number,
    to: Annotated[str, typer.Argument(help="submitted, approved, returned, recruiting, running, closed, cancelled.")],
    office: Office,
    by: Who,
    note: Note = "",
) -> None:
    """Take a project to its next stage; who submitted it does not decide on it."""
    with _office(office) as (session, number):
        before = stage_of(session, project_of(session, number, project))
        take_step(session, number, project, Asked(to, _actor(number, by), now(), note))
        print_lines(told.of_step(project, before, to))


@app.command()
def show(project: Number, office: Office) -> None:
    """Say how far a project has come, with its steps and its budget."""
    with _office(office, reads=True) as (session, number):
        print_lines(told.of_project(session, project_of(session, number, project)))


@app.command()
def line(
    project: Number,
    code: Annotated[str, typer.Argument(help="Code of the line, such as staff. 科目代码")],
    name: Annotated[str, typer.Argument(help="Its name in Chinese. 科目名称")],
    planned: Yuan,
    office: Office,
) -> None:
    """Set a line of the budget: a new one, or another amount for one that stands."""
    with _office(office) as (session, number):
        plan_line(session, number, project, code=code, name_zh=name, planned_cents=_cents(planned))
        print_lines(told.of_project(session, project_of(session, number, project)))


@app.command()
def commit(
    project: Number,
    code: Annotated[str, typer.Argument(help="Code of the budget line. 科目代码")],
    amount: Yuan,
    office: Office,
    what: Annotated[str, typer.Option(help="What is paid for. 用途")],
    party: Annotated[str, typer.Option(help="To whom. 收款方")],
    by: Who = "",
    key: Key = "",
    on: On = None,
) -> None:
    """Promise to pay something out of a line; never more than it has left."""
    promise = Promise(line=code, what=what, party=party, amount_cents=_cents(amount))
    with _office(office) as (session, number):
        print_lines(told.of_commitment(commit_to(session, number, project, promise, _by(number, by, key, on))))


@app.command()
def spend(
    commitment: Annotated[int, typer.Argument(help="Number of the commitment. 承诺编号")],
    amount: Yuan,
    office: Office,
    by: Who = "",
    key: Key = "",
    on: On = None,
    note: Note = "",
) -> None:
    """Pay a part of a commitment, or all of it."""
    with _office(office) as (session, number):
        print_lines(
            told.of_commitment(spend_of(session, number, commitment, _cents(amount), _by(number, by, key, on), note))
        )


@app.command()
def release(
    commitment: Annotated[int, typer.Argument(help="Number of the commitment. 承诺编号")],
    office: Office,
    by: Who = "",
    key: Key = "",
    note: Note = "",
) -> None:
    """Let go what of a commitment is still open."""
    with _office(office) as (session, number):
        print_lines(told.of_commitment(release_from(session, number, commitment, _by(number, by, key, None), note)))


@app.command()
def receive(  # one option for each thing that is written down
    project: Number,
    what: Annotated[str, typer.Argument(help="What was brought. 捐赠内容")],
    office: Office,
    donor: Annotated[str, typer.Option(help="Who brought it. 捐赠方")],
    donor_kind: Annotated[str, typer.Option(help="person, company, organisation or foundation.")] = "company",
    kind: Annotated[str, typer.Option(help="money, goods or service.")] = "goods",
    quantity: Annotated[int, typer.Option(min=1, help="How much. 数量")] = 1,
    unit: Annotated[str, typer.Option(help="Of which unit. 单位")] = "件",
    value: Annotated[str, typer.Option(help="Its value in yuan. 价值（元）")] = "0",
    category: Annotated[str, typer.Option(help="For a category of seniors alone. 限定类别")] = "",
    street: Annotated[str, typer.Option(help="For a sub-district alone, by code. 限定街镇")] = "",
    by: Who = "",
    key: Key = "",
    on: On = None,
) -> None:
    """Write down what a donor or a company brings; money for no group raises the budget."""
    brought = Brought(
        donor_kind=donor_kind,
        donor=donor,
        kind=kind,
        what=what,
        unit=unit,
        quantity=quantity,
        value_cents=_cents(value),
        for_category=category,
        for_street=street,
        received_on=day_or_today(on),
    )
    with _office(office) as (session, number):
        print_lines(told.of_contribution(receive_from(session, number, project, brought, _by(number, by, key, on))))


@app.command()
def give(
    contribution: Annotated[int, typer.Argument(help="Number of the contribution. 捐赠编号")],
    senior: SeniorRef,
    quantity: Annotated[int, typer.Argument(min=1, help="How much. 数量")],
    office: Office,
    by: Who = "",
    key: Key = "",
    on: On = None,
) -> None:
    """Give a senior some of a contribution."""
    with _office(office) as (session, number):
        by_whom = _by(number, by, key, on)
        made = hand_out(session, number, contribution, senior=senior, quantity=quantity, by=by_whom)
        tell("charity_given", number=made, senior=senior, quantity=quantity)


@app.command()
def hours(
    project: Number,
    senior: SeniorRef,
    minutes: Annotated[int, typer.Argument(min=1, help="Minutes. 分钟")],
    office: Office,
    note: Note,
    book: InBook = "",
    key: Key = "",
) -> None:
    """Draw minutes of the pool for a senior whom the project helps."""
    with at_desk(office, book, key=key, note=note) as desk:
        number = number_of(desk.session, Organisation, office)
        made = draw_hours(desk.session, number, project, desk.act, senior=senior, minutes=minutes)
        tell("charity_hours", number=made, senior=senior, minutes=minutes)


@app.command(name="apply")
def ask_to_take_part(
    project: Number,
    volunteer: Annotated[str, typer.Option(help="Reference of the volunteer. 志愿者编号")] = "",
    organisation: Annotated[str, typer.Option(help="Code of the organisation. 组织代码")] = "",
    offer: Annotated[str, typer.Option(help="What they offer, in words. 说明")] = "",
    key: Key = "",
) -> None:
    """Ask to take part, as a volunteer or as an organisation."""
    with writing() as session:
        who = number_of(session, Volunteer, volunteer, name="external_ref", number="person_id") if volunteer else None
        of = number_of(session, Organisation, organisation) if organisation else None
        row = apply_to(
            session, project, key=key or uuid4().hex, now=now(), offer=offer, volunteer_id=who, organisation_id=of
        )
        print_lines(told.of_application(row))


@app.command(name="answer")
def answer_application(
    application: Annotated[int, typer.Argument(help="Number of the application. 报名编号")],
    office: Office,
    by: Who,
    accept: Annotated[bool, typer.Option("--accept/--decline", help="Accept or decline. 接受或谢绝")],
    reason: Annotated[str, typer.Option(help="Why; a decline needs one. 理由")] = "",
) -> None:
    """Accept an application, or decline it with the reason."""
    with _office(office) as (session, number):
        actor = _actor(number, by)
        print_lines(
            told.of_application(
                answer(session, number, application, is_accepted=accept, reason=reason, actor=actor, now=now())
            )
        )


@app.command()
def applications(project: Number, office: Office, first: First = 20, after: After = 0) -> None:
    """List who asked to take part."""
    with _office(office, reads=True) as (session, number):
        project_of(session, number, project)
        for row in applications_of(session, project, first=first, after=after):
            print_lines(told.of_application(row))


@app.command()
def allocate(
    project: Number,
    office: Office,
    starts_on: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day. 首日")],
    days: Annotated[int, typer.Option(min=1, max=31, help="How many days. 天数")] = 7,
) -> None:
    """Give the free places of some days to those who may have them, by the engine, each with the reason."""
    with _office(office) as (session, number):
        plan = allocate_places(session, number, project, starts_on=starts_on.date(), days=days, now=now())
        given, left = given_in(session, plan), left_out(session, plan)
        counts = {"number": plan.id, "status": plan.status, "given": len(given), "left": len(left)}
        tell("charity_allocated", **counts)
        print_lines(told.of_allocation(given, left))


@app.command()
def helped(project: Number, office: Office, first: First = 20, after: After = 0) -> None:
    """List whom a project helped."""
    with _office(office, reads=True) as (session, number):
        print_lines(told.of_helped(beneficiaries(session, number, project, first=first, after=after)))


@app.command(name="file")
def file_of_one(project: Number, senior: SeniorRef, office: Office) -> None:
    """Say what a senior was given through a project, when and by whom."""
    with _office(office, reads=True) as (session, number):
        print_lines(told.of_file(file_of(session, number, project, senior)))


@app.command()
def outcome(project: Number, office: Office) -> None:
    """Say what came of a project, figure by figure."""
    with _office(office, reads=True) as (session, number):
        found = outcome_of(session, number, project)
        services = told.service_names(session)
        print_lines(line for figure in found.figures for line in told.of_figure(figure, services))


@app.command()
def trace(
    project: Number,
    figure: Annotated[str, typer.Argument(help="Key of a figure, such as services/bath; see outcome.")],
    office: Office,
) -> None:
    """List the rows that a figure counts, and their sum; ends with 1 when it is not the figure."""
    with _office(office, reads=True) as (session, number):
        found = outcome_of(session, number, project)
        wanted = found[figure]
        if wanted.parts:
            tell("charity_worked_out", figure=figure, parts=", ".join(wanted.parts))
            return
        count, total = 0, 0
        for one in every_line(session, found.project, figure):
            typer.echo(f"{one.source} {one.number}  {one.day or ''}  {one.senior_ref}  {one.what}  {one.amount}")
            count, total = count + 1, total + one.amount
    tell("charity_trace", figure=figure, lines=count, sum=total, value=wanted.value)
    raise typer.Exit(int(total != wanted.value))


@app.command()
def compare(office: Office, first: First = 20) -> None:
    """Compare the newest projects by what a person helped cost, the least first."""
    with _office(office, reads=True) as (session, number):
        print_lines(told.of_comparison(by_cost(compare_projects(session, number, first=first))))


@app.command()
def shortage(
    week: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A day of the week; else today.")] = None,
    organisation: Annotated[str, typer.Option("--organisation", help="Code; else the district. 组织代码")] = "",
    street: Annotated[str | None, typer.Option(help="Code of a sub-district. 街镇代码")] = None,
    service: Annotated[str | None, typer.Option(help="Code of a service. 服务代码")] = None,
    worth: Annotated[bool, typer.Option("--worth", help="Ask the engine what one more is worth.")] = False,  # noqa: FBT002  # a switch of the command line
) -> None:
    """Say what was missing where in a week, and why."""
    with reading() as session:
        own = number_of(session, Organisation, organisation) if organisation else None
        asked = Shortage(day=day_or_today(week), organisation_id=own, street=street, service=service)
        found = shortage_of(session, asked)
        print_lines(told.of_shortage(found, worth_in(session, asked, day_or_today(week)) if worth else ()))


@app.command()
def draft(
    service: Annotated[str, typer.Argument(help="Code of the service that is missing. 服务代码")],
    office: Office,
    week: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="A day of the week looked at. 缺口所在周")],
    starts_on: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day. 首日")],
    street: Annotated[list[str] | None, typer.Option(help="Code of a sub-district; else all short ones.")] = None,
    weeks: Annotated[int, typer.Option(min=1, help="How many weeks. 周数")] = 13,
    cost: Annotated[str, typer.Option(help="Yuan of a place, or of an hour of volunteers. 单价（元）")] = "0",
    worth: Annotated[bool, typer.Option("--worth", help="Keep what one more is worth, by the engine.")] = False,  # noqa: FBT002  # a switch of the command line
    by: Who = "",
    key: Key = "",
) -> None:
    """Draft a project from what was missing in a week: streets, target group, places and budget are filled in."""
    wish = Wish(
        day=week.date(),
        service=service,
        streets=tuple(street or ()),
        starts_on=starts_on.date(),
        weeks=weeks,
        cost_cents=_cents(cost),
    )
    with _office(office) as (session, number):
        asked = Shortage(day=wish.day, organisation_id=number, service=service)
        said = {one.street: one.to_json() for one in worth_in(session, asked, wish.day)} if worth else {}
        actor = _actor(number, by)
        project = draft_from_shortage(session, number, wish, key=key or uuid4().hex, actor=actor, now=now(), worth=said)
        print_lines(told.of_draft(session, project))


@contextmanager
def _office(code: str, *, reads: bool = False) -> Iterator[tuple[Session, int]]:
    """Open the database for an office, by its code."""
    with reading() if reads else writing() as session:
        yield session, number_of(session, Organisation, code, kind="charity_office")


def _actor(office: int, by: str) -> str:
    return f"organisation:{office} {by}".strip()[:80]


def _by(office: int, by: str, key: str, on: datetime | None) -> By:
    return By(_actor(office, by), now(), day_or_today(on), key or uuid4().hex)


def _cents(yuan: str) -> int:
    """Read an amount in yuan, with at most two places."""
    try:
        cents = Decimal(yuan) * 100
    except InvalidOperation:
        cents = Decimal("0.5")
    if not cents.is_finite() or cents != cents.to_integral_value() or cents < 0:
        raise WrongInput(field="amount", value=yuan[:20], right=Phrase("right_yuan"))
    return int(cents)
