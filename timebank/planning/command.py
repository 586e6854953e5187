"""``timebank plan ...``: make, mend and publish plans; why, what if, what is short, and who could come instead."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

import typer
from sqlalchemy import Engine, func, select
from sqlmodel import Session

from timebank.core.clock import day_of, now
from timebank.core.columns import table_of
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput
from timebank.core.naming import number_of
from timebank.core.opening import opened, reading, writing
from timebank.core.terminal import print_lines, tell
from timebank.core.texts import Phrase
from timebank.needs.tables import Need
from timebank.people.belonging import areas_of
from timebank.people.tables import Area, Organisation, Senior
from timebank.planning import told
from timebank.planning.facts_command import app as note_app
from timebank.planning.in_force import PAIR, PLAN, UNMET, is_in_force
from timebank.planning.making import make_plan
from timebank.planning.pairs import shortage_rows
from timebank.planning.question import STANDARD, Question
from timebank.planning.reasons import recall, what_would_meet, why_pair, worth_of_more
from timebank.planning.repairs import Mend, list_changes, repair_plan
from timebank.planning.responders import responders_to
from timebank.planning.runs import FIRST_START, LAST_START, LONGEST_HORIZON_DAYS
from timebank.planning.stand_ins import substitute, substitutes_for
from timebank.planning.standing_rows import plan_in_force
from timebank.planning.storing import publish_plan
from timebank.planning.supposing import Supposed, suppose
from timebank.planning.tables import Plan
from timebank.planning.waiting import waiting_list

app = typer.Typer(no_args_is_help=True, help="Plans: made, mended, explained. 匹配方案")
app.add_typer(note_app, name="note")
SHOWN = 20
"""Lines of a list that are printed unless more are asked for."""


AREA = table_of(Area)
Day = Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day. 首日")]
Own = Annotated[str, typer.Option("--organisation", help="Code; else the whole district. 组织代码")]
First = Annotated[int, typer.Option("--first", min=1, max=100, help="How many lines. 行数")]
Number = Annotated[int, typer.Argument(help="Number of the plan. 方案编号")]
Publish = Annotated[bool, typer.Option("--publish", help="Put it into force too. 同时发布")]


@app.command()
def run(
    starts_on: Day,
    days: Annotated[int, typer.Option(min=1, max=LONGEST_HORIZON_DAYS, help="How many days. 天数")] = 28,
    organisation: Own = "",
    publish: Publish = False,  # noqa: FBT002  # a switch of the command line
    change_m: Annotated[
        int, typer.Option(min=0, max=1_000_000, help="Metres a kept pair is worth.")
    ] = STANDARD.change_m,
    fairness_m: Annotated[int, typer.Option(min=0, max=1_000_000, help="Metres an uneven load weighs.")] = 0,
    pace: Annotated[float, typer.Option(min=0, max=500, help="Metres a minute on foot; 0: ways take no time.")] = 0,
) -> None:
    """Make a plan and store it as proposed; the same rows asked again are the same plan."""
    day = starts_on.date()
    if not FIRST_START <= day <= LAST_START:
        right = Phrase("right_range", least=FIRST_START, most=LAST_START)
        raise WrongInput(field="from", value=day.isoformat(), right=right)
    params = replace(STANDARD, change_m=change_m, fairness_m=fairness_m, pace_m_per_min=pace)
    with opened() as engine:
        with transaction(engine, read_only=True) as session:
            own = _organisation(session, organisation)
        question = Question(starts_on=day, horizon_days=days, organisation_id=own, params=params)
        _finish(engine, make_plan(engine, question, now=now()), publish=publish)


@app.command()
def repair(
    from_day: Day,
    organisation: Own = "",
    publish: Publish = False,  # noqa: FBT002  # a switch of the command line
    change_m: Annotated[
        int | None, typer.Option(min=0, max=999_999, help="Metres that moving a pair must save.")
    ] = None,
    first: First = SHOWN,
) -> None:
    """Mend the plan in force from a day on, after somebody left, came or fell ill; what holds stays."""
    with opened() as engine:
        with transaction(engine, read_only=True) as session:
            own = _organisation(session, organisation)
        mend = Mend(organisation_id=own, from_day=from_day.date(), change_m=change_m)
        number = repair_plan(engine, mend, now=now())
        _finish(engine, number, publish=publish)
        with transaction(engine, read_only=True) as session:
            counts = session.get_one(Plan, number).figures["mended"]["changes"]
            print_lines(told.of_changes(list_changes(session, number, first=first), counts))


@app.command(name="publish")
def put_into_force(plan: Number) -> None:
    """Put a proposed plan into force; publishing it again changes nothing."""
    with opened() as engine:
        _finish(engine, plan, publish=True)


@app.command()
def changes(
    plan: Number,
    first: First = SHOWN,
    after: Annotated[int, typer.Option(min=0, help="Number of the last line of the page before.")] = 0,
    what: Annotated[str | None, typer.Option(help="pair, visit, booking or need.")] = None,
) -> None:
    """List what a mended plan changed, a page at a time."""
    with reading() as session:
        rows = list_changes(session, plan, first=first, after=after, what=what)
        counts = session.get_one(Plan, plan).figures.get("mended", {}).get("changes")
        if counts is None:
            raise NotFound(kind="repair", key=str(plan))
        print_lines(told.of_changes(rows, counts))


@app.command()
def explain(
    need: Annotated[str, typer.Argument(help="Reference of the need. 需求编号")],
    plan: Annotated[int | None, typer.Option(help="Number of the plan; else the one in force.")] = None,
) -> None:
    """Say why a need has whom it has, or why nobody, and what would meet it; each remedy is tried before it is told."""
    with reading() as session:
        number = number_of(session, Need, need, name="external_ref")
        row = _spoken_for(session, number, plan)
        recalled = recall(session, session.get_one(Plan, row.plan_id))
        if not recalled.is_same:
            tell("rows_changed")
        if hasattr(row, "reason"):
            print_lines(told.of_unmet(row, what_would_meet(session, recalled, number)))
        else:
            print_lines(told.of_pair(session, why_pair(recalled, number)))


@app.command()
def whatif(  # one option for each thing that may be supposed
    plan: Annotated[int | None, typer.Option(help="Number of the plan; else the district's in force.")] = None,
    more: Annotated[list[str] | None, typer.Option(help="AREA=COUNT volunteers more there.")] = None,
    service: Annotated[str | None, typer.Option(help="The service that newcomers give.")] = None,
    gone: Annotated[list[str] | None, typer.Option(help="Reference of a volunteer who leaves.")] = None,
    places: Annotated[list[str] | None, typer.Option(help="RESOURCE=COUNT places more in each slot.")] = None,
    weight: Annotated[list[str] | None, typer.Option(help="NAME=VALUE, such as max_distance_m=2000.")] = None,
) -> None:
    """Solve a plan's question with something changed, and compare; nothing is stored."""
    supposed = Supposed(
        more=tuple((name, int(value)) for name, value in _assigned("more", more)),
        service=service,
        gone=tuple(gone or ()),
        places=tuple((name, int(value)) for name, value in _assigned("places", places)),
        weights=tuple(_assigned("weight", weight)),
    )
    with reading() as session:
        stored = plan_in_force(session, None, day_of(now())) if plan is None else _plan(session, plan)
        recalled = recall(session, stored)
        if not recalled.is_same:
            tell("rows_changed")
        print_lines(told.of_comparison(suppose(session, recalled, supposed)))


@app.command()
def shortage(
    organisation: Own = "",
    worth: Annotated[bool, typer.Option("--worth", help="Solve again to say what one more is worth.")] = False,  # noqa: FBT002  # a switch of the command line
    area: Annotated[str | None, typer.Option(help="Code of a sub-district.")] = None,
    service: Annotated[str | None, typer.Option(help="Code of a service.")] = None,
) -> None:
    """Say where needs are not met, by sub-district and service; those of no plan count too."""
    with reading() as session:
        own = _organisation(session, organisation)
        areas = select(AREA.c.id) if own is None else areas_of(own)
        rows = shortage_rows(session, areas)
        rows = [row for row in rows if area in (None, row.area_code) and service in (None, row.service)]
        print_lines(told.of_shortage(rows))
        if worth:
            recalled = recall(session, plan_in_force(session, own, day_of(now())))
            for where, what, one in worth_of_more(session, recalled, area=area, service=service):
                print_lines(told.of_worth(where, what, one))


@app.command()
def waiting(
    service: Annotated[str, typer.Argument(help="Code of a service that slots give.")],
    organisation: Own = "",
    first: First = SHOWN,
) -> None:
    """List who waits for a place, in the order in which one would be theirs."""
    with reading() as session:
        own = _organisation(session, organisation)
        found = waiting_list(session, service, day=day_of(now()), first=first, organisation_id=own)
        print_lines(told.of_waiting(found))


@app.command()
def substitutes(
    visit: Annotated[int, typer.Argument(help="Number of a planned visit. 上门编号")],
    give: Annotated[str | None, typer.Option(help="Reference of the one who takes it over. 由谁代访")] = None,
    organisation: Own = "",
) -> None:
    """Say who could hold a visit instead, and give it to one of them."""
    moment = now()
    with writing() as session:
        own = _organisation(session, organisation)
        found = substitutes_for(session, visit, organisation_id=own)
        if give is None:
            print_lines(told.of_candidates(found))
            return
        chosen = [one for one in found if one.volunteer_ref == give]
        if not chosen:
            raise WrongInput(field="give", value=give, right=Phrase("right_substitute"))
        who, minute = chosen[0].volunteer_id, chosen[0].starts_min
        actor = organisation or "district"
        substitute(session, visit, who, starts_min=minute, actor=actor, now=moment, organisation_id=own)
        print_lines(told.of_candidates(chosen))


@app.command()
def nearest(
    senior: Annotated[str, typer.Argument(help="Reference of the senior. 老人编号")],
    service: Annotated[str, typer.Argument(help="Code of the service.")],
    at: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%dT%H:%M%z"], help="When, with its zone; else now. 何时")
    ] = None,
    first: Annotated[int, typer.Option(min=1, max=20, help="How many.")] = 5,
) -> None:
    """Say who can come to a senior now, the nearest first."""
    with reading() as session:
        number = number_of(session, Senior, senior, name="external_ref", number="person_id")
        print_lines(told.of_candidates(responders_to(session, number, service, at=at or now(), count=first)))


def _finish(engine: Engine, number: int, *, publish: bool) -> None:
    """Publish a plan if asked to, and say what it reaches."""
    with transaction(engine) as session:
        plan = publish_plan(session, number) if publish else _plan(session, number)
        unmet = session.connection().execute(select(func.count()).where(UNMET.c.plan_id == number)).scalar_one()
        print_lines(told.of_plan(plan, unmet))


def _plan(session: Session, number: int) -> Plan:
    plan = session.get(Plan, number)
    if plan is None:
        raise NotFound(kind="plan", key=str(number))
    return plan


def _organisation(session: Session, code: str) -> int | None:
    return number_of(session, Organisation, code) if code else None


def _spoken_for(session: Session, need: int, plan: int | None) -> Any:
    """Return the row of a pair or unmet need, of a plan or of what is in force."""
    for table in (PAIR, UNMET):
        of_plan = is_in_force(table) if plan is None else PLAN.c.id == plan
        wanted = select(table).join(PLAN, PLAN.c.id == table.c.plan_id).where(table.c.need_id == need, of_plan)
        row = session.connection().execute(wanted.order_by(table.c.plan_id.desc())).first()
        if row is not None:
            return row
    raise NotFound(kind="pair", key=str(need))


def _assigned(field: str, given: list[str] | None) -> list[tuple[str, float]]:
    """Read NAME=VALUE."""
    found = []
    for each in given or ():
        name, _, value = each.partition("=")
        try:
            found.append((name, float(value)))
        except ValueError:
            raise WrongInput(field=field, value=each[:40], right=Phrase("right_assigned")) from None
    return found
