"""``timebank care ...``: members, roles, trainings, advice points, contacts, and what is missing."""

from datetime import date, datetime
from typing import Annotated

import typer
from sqlalchemy import select
from sqlmodel import Session

from timebank.care.contacts import assign_contact, assign_missing, end_contact
from timebank.care.coverage import committees_without_point, coverage, focus_without_contact, lapsed_contacts
from timebank.care.levels import award_levels, give_advice
from timebank.care.members import Newcomer, begin_role, end_role, enrol, list_members, roles_of
from timebank.care.points_command import app as points_app
from timebank.care.tables import CareMember
from timebank.care.trainings import VOLUNTEER, record_training, why_not, withdraw_training
from timebank.care.trainings import may as require_may
from timebank.core.clock import now
from timebank.core.errors import WrongInput
from timebank.core.naming import number_of
from timebank.core.opening import reading, writing
from timebank.core.terminal import day_or_today, tell
from timebank.core.texts import LOCALES, Phrase, say, say_refusal
from timebank.people.tables import AdvicePoint, Area, Organisation, Senior, Volunteer

app = typer.Typer(no_args_is_help=True, help="The care team, advice points and contacts. 关爱队伍")
app.add_typer(points_app, name="point")
MOST_SHOWN = 100

Ref = Annotated[str, typer.Argument(help="Number of the member. 队员编号")]
By = Annotated[str, typer.Option("--by", help="Code of the organisation that writes it down. 登记组织")]
On = Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="The day; else today. 日期")]
SeniorRef = Annotated[str, typer.Argument(help="Number of the senior. 老人编号")]
Own = Annotated[str | None, typer.Option("--organisation", help="Code of an organisation: its sub-districts alone.")]


@app.command(name="enrol")
def enrol_member(  # one option for each column
    ref: Ref,
    volunteer: Annotated[str | None, typer.Option(help="Number of a volunteer who joins. 志愿者编号")] = None,
    name: Annotated[str, typer.Option(help="Name of somebody new. 姓名")] = "",
    gender: Annotated[str, typer.Option(help="female, male or unknown.")] = "unknown",
    born: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day of birth. 出生日期")] = None,
    phone: Annotated[str | None, typer.Option(help="Telephone. 电话")] = None,
    on: On = None,
) -> None:
    """Take somebody into the team."""
    with writing() as session:
        if volunteer is not None:
            who: int | Newcomer = number_of(session, Volunteer, volunteer, name="external_ref", number="person_id")
        elif born is None:
            raise WrongInput(field="born", value="", right=Phrase("right_born"))
        else:
            who = Newcomer(name=name, gender=gender, born_on=born.date(), phone=phone)
        enrol(session, ref, who, joined_on=day_or_today(on))
    tell("care_enrolled", ref=ref)


@app.command()
def role(
    ref: Ref,
    role: Annotated[str, typer.Argument(help="cadre, volunteer, property, adviser or doctor.")],
    by: By,
    area: Annotated[str | None, typer.Option(help="Code of a committee or sub-district. 区域")] = None,
    at: Annotated[str | None, typer.Option(help="Code of an organisation instead. 组织")] = None,
    on: On = None,
) -> None:
    """Give a member a role from a day on."""
    with writing() as session:
        row = begin_role(
            session,
            _member(session, ref),
            role,
            from_day=day_or_today(on),
            actor=_actor(session, by),
            now=now(),
            area_id=None if area is None else number_of(session, Area, area),
            organisation_id=None if at is None else number_of(session, Organisation, at),
        )
    _tell_word("care_role", "role", ref=ref, role=role, day=row.from_day, number=row.id)


@app.command()
def end(number: Annotated[int, typer.Argument(help="Number of the role. 角色记录号")], by: By, on: On = None) -> None:
    """End a role on a day."""
    with writing() as session:
        row = end_role(session, number, to_day=day_or_today(on), actor=_actor(session, by))
    tell("care_role_ended", number=number, day=row.to_day)


@app.command()
def training(
    ref: Ref,
    kind: Annotated[str, typer.Argument(help="Such as basic, survey, adviser, first_aid.")],
    by: By,
    on: On = None,
    proof: Annotated[str, typer.Option(help="What was shown. 凭证")] = "",
) -> None:
    """Write down a training; the terms say how long it is good."""
    with writing() as session:
        row = record_training(
            session,
            _member(session, ref),
            kind,
            trained_on=day_or_today(on),
            actor=_actor(session, by),
            now=now(),
            proof=proof,
        )
    for locale in LOCALES:
        until = say("care_until", locale, day=row.valid_until) if row.valid_until else say("care_for_good", locale)
        parts = {"ref": ref, "training": say(f"training_{kind}", locale), "day": row.trained_on, "number": row.id}
        typer.echo(say("care_trained", locale, **parts, until=until))


@app.command()
def untrain(number: Annotated[int, typer.Argument(help="Number of the training. 培训记录号")], by: By) -> None:
    """Take a training back that was recorded by mistake."""
    with writing() as session:
        withdraw_training(session, number, actor=_actor(session, by), now=now())
    tell("care_untrained", number=number)


@app.command()
def may(
    ref: Ref, act: Annotated[str, typer.Argument(help="Such as survey, contact, advise, greet.")], on: On = None
) -> None:
    """Say whether a member may do something on a day, and else what would be right."""
    day = day_or_today(on)
    with reading() as session:
        require_may(session, _member(session, ref), act, day)
    _tell_word("care_may", "act", ref=ref, day=day, act=act)


@app.command()
def advice(
    ref: Ref,
    point: Annotated[str, typer.Argument(help="Code of the advice point. 顾问点编号")],
    topic: Annotated[str, typer.Argument(help="policy, service, aids, health, complaint or other.")],
    by: By,
    key: Annotated[str, typer.Option(help="The same key is the same advice. 办理键")],
    on: On = None,
) -> None:
    """Write down advice that was given."""
    with writing() as session:
        row = give_advice(
            session,
            _member(session, ref),
            number_of(session, AdvicePoint, point),
            day=day_or_today(on),
            topic=topic,
            actor=_actor(session, by),
            now=now(),
            key=key,
        )
    tell("care_advised", ref=ref, point=point, day=row.day, number=row.id)


@app.command()
def levels(by: By, on: On = None) -> None:
    """Award every level that advisers have reached by a day."""
    with writing() as session:
        tell("care_levels", **award_levels(session, day_or_today(on), actor=_actor(session, by), now=now()))


@app.command()
def contact(
    senior: SeniorRef,
    by: By,
    member: Annotated[
        str | None, typer.Argument(help="Number of the member; left out, the contact ends. 队员编号")
    ] = None,
    on: On = None,
) -> None:
    """Say whom a senior turns to, from a day on."""
    with writing() as session:
        who, actor = number_of(session, Senior, senior, name="external_ref", number="person_id"), _actor(session, by)
        if member is None:
            end_contact(session, who, to_day=day_or_today(on), actor=actor)
        else:
            assign_contact(session, who, _member(session, member), from_day=day_or_today(on), actor=actor, now=now())
    if member is None:
        tell("care_contact_ended", senior=senior, day=day_or_today(on))
    else:
        tell("care_contact", senior=senior, member=member, day=day_or_today(on))


@app.command()
def contacts(by: By, on: On = None) -> None:
    """Give everyone on the focus list who has no contact one who is near, of an organisation's sub-districts."""
    with writing() as session:
        office = number_of(session, Organisation, by)
        done = assign_missing(
            session, day_or_today(on), actor=f"organisation:{office}", now=now(), organisation_id=office
        )
    tell("care_assigned", **done._asdict())


@app.command(name="coverage")
def tell_coverage(
    organisation: Own = None,
    on: On = None,
    lists: Annotated[bool, typer.Option("--lists", help="Also who and what is missing. 列出缺口")] = False,  # noqa: FBT002  # a switch of the command line
) -> None:
    """Say by street what is covered and what is missing."""
    day = day_or_today(on)
    with reading() as session:
        own = None if organisation is None else number_of(session, Organisation, organisation)
        for row in coverage(session, day, organisation_id=own):
            tell("care_coverage", **row._asdict())
        if lists:
            _tell_missing(session, day, own)


@app.command(name="list")
def list_team(
    organisation: Own = None,
    role: Annotated[str | None, typer.Option(help="One role alone. 角色")] = None,
    street: Annotated[str | None, typer.Option(help="Code of a sub-district. 街镇")] = None,
    on: On = None,
) -> None:
    """List members with their roles on a day; the first hundred."""
    day = day_or_today(on)
    with reading() as session:
        own = None if organisation is None else number_of(session, Organisation, organisation)
        rows = list_members(session, day, first=MOST_SHOWN, role=role, organisation_id=own, subdistrict=street)
        held = roles_of(session, [row.person_id for row in rows], day)
    for row in rows:
        for locale in LOCALES:
            roles = "、".join(say(f"role_{one}", locale) for one in held[row.person_id])
            typer.echo(say("care_member", locale, ref=row.external_ref, roles=roles))


def _tell_missing(session: Session, day: date, own: int | None) -> None:
    for row in committees_without_point(session, first=MOST_SHOWN, organisation_id=own):
        tell("care_no_point", name_zh=row.committee_zh, code=row.committee)
    for row in focus_without_contact(session, day, first=MOST_SHOWN, organisation_id=own):
        tell("care_no_contact", senior=row.senior, code=row.code)
    for row in lapsed_contacts(session, day, first=MOST_SHOWN, organisation_id=own):
        refusal = why_not(session, row.member_id, "contact", day)
        for locale in LOCALES:
            why = "" if refusal is None else say_refusal(refusal, locale)
            typer.echo(say("care_lapsed", locale, senior=row.senior, code=row.code, member=row.member, why=why))


def _tell_word(key: str, word: str, **parts: object) -> None:
    """Tell something of which one part is a code with words of its own."""
    for locale in LOCALES:
        typer.echo(say(key, locale, **parts | {word: say(f"{word}_{parts[word]}", locale)}))


def _actor(session: Session, code: str) -> str:
    return f"organisation:{number_of(session, Organisation, code)}"


def _member(session: Session, ref: str) -> int:
    """Return the member of a number, or the volunteer of one: both can be trained and asked for."""
    found = session.connection().execute(select(VOLUNTEER.c.person_id).where(VOLUNTEER.c.external_ref == ref))
    volunteer = found.scalar()
    if volunteer is not None:
        return int(volunteer)
    return number_of(session, CareMember, ref, name="external_ref", number="person_id")
