"""Who is in a programme: of its target group, in its streets, and never more than its quota, also under two at once."""

from collections import Counter
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, and_, case, exists, func, insert, update
from sqlalchemy import select as choose
from sqlmodel import Session, col, select

from timebank.core.clock import day_of
from timebank.core.columns import table_of
from timebank.core.errors import NotFound, WrongState
from timebank.core.texts import Phrase
from timebank.needs.tables import Need, Service
from timebank.people.focus import born_until, held_on
from timebank.people.tables import Area, Person, Senior, SeniorCategory
from timebank.planning.agreed import ask_first
from timebank.planning.seasons import set_seasons_of_needs
from timebank.programmes.partnerships import PARTNERSHIP, end_pair
from timebank.programmes.programmes import AREA, ENROLMENT, QUOTA, programme_number, seasons_of, spell_of
from timebank.programmes.refusals import NotInTarget, QuotaFull
from timebank.programmes.steps import call_off_ahead, words_of
from timebank.programmes.tables import CareProgramme, Enrolment
from timebank.rules.decision import age_on

NEED, SENIOR, PERSON, CATEGORY = map(table_of, (Need, Senior, Person, SeniorCategory))


class Found(NamedTuple):
    """What is asked of a senior who is to be enrolled."""

    senior: Senior
    person: Person
    area: Area
    categories: frozenset[str]


def enrol(session: Session, programme: CareProgramme, senior_id: int, *, actor: str, now: datetime) -> Enrolment:
    """Take a senior into a programme, with a need of its service and frequency; who is in it already stays so.

    A need of the senior for the same service and organisation that is open already becomes the programme's.

    Raises
    ------
    NotFound
        When there is no such senior, or they live in no street of the programme: the two are never told apart.
    NotInTarget
        When they are not of those whom it is for.
    QuotaFull
        When the programme has as many of their street as were contracted.
    WrongState
        When the contract is over.
    """
    number, day = programme_number(programme), day_of(now)
    found = _find(session, number, senior_id, day)
    standing = session.exec(
        select(Enrolment).where(
            Enrolment.programme_id == number, Enrolment.senior_id == senior_id, col(Enrolment.ended_at).is_(None)
        )
    ).first()
    if standing is not None:
        return standing
    _check(programme, found, day)
    _take_place(session, programme, found)
    need = _need_of(session, programme, found, day)
    enrolment = Enrolment(
        programme_id=number,
        senior_id=senior_id,
        area_id=found.area.id or 0,
        need_id=need.id or 0,
        from_day=max(day, programme.from_day),
        enrolled_by=actor,
        enrolled_at=now,
    )
    session.add(enrolment)
    session.flush()
    _adopt(session, programme, choose(NEED.c.id).where(NEED.c.id == need.id), actor, now)
    return enrolment


def _find(session: Session, programme_id: int, senior_id: int, day: date) -> Found:
    """Return a senior of the programme's streets, with the categories that hold on the day."""
    wanted = (
        select(Senior, Person, Area)
        .join(Person, col(Person.id) == col(Senior.person_id))
        .join(Area, col(Area.id) == col(Senior.subdistrict_id))
        .where(Senior.person_id == senior_id)
        .where(col(Senior.subdistrict_id).in_(choose(QUOTA.c.area_id).where(QUOTA.c.programme_id == programme_id)))
    )
    row = session.exec(wanted).first()
    if row is None:
        raise NotFound(kind="senior", key=str(senior_id))
    held = choose(CATEGORY.c.category).where(CATEGORY.c.senior_id == senior_id, held_on(day))
    return Found(*row, frozenset(session.connection().execute(held).scalars()))


def _check(programme: CareProgramme, found: Found, day: date) -> None:
    """Refuse whom the programme is not for."""
    if day >= programme.to_day:
        raise WrongState(kind="care_programme", key=programme.code, state="ended", allowed="running")
    why: Phrase | None = None
    age = age_on(found.person.born_on, day)
    if found.senior.status != "active":
        why = Phrase("why_not_active")
    elif age < programme.min_age:
        why = Phrase("why_age", age=age, min_age=programme.min_age)
    elif programme.categories and not found.categories & set(programme.categories):
        why = Phrase("why_category")
    if why is not None:
        raise NotInTarget(programme=programme.code, senior=found.senior.external_ref, why=why)


def _take_place(session: Session, programme: CareProgramme, found: Found) -> None:
    """Count one more of a street, if there is room: one statement, so two at once never pass the quota."""
    q = QUOTA.c
    of_street = (q.programme_id == programme.id, q.area_id == found.area.id)
    taken = update(QUOTA).where(*of_street, q.taken < q.seniors).values(taken=q.taken + 1)
    if session.connection().execute(taken).rowcount != 1:
        most = session.connection().execute(choose(q.seniors).where(*of_street)).scalar_one()
        raise QuotaFull(programme=programme.code, area=found.area.name_zh, seniors=most)


def _need_of(session: Session, programme: CareProgramme, found: Found, day: date) -> Need:
    """Return the senior's open need of the programme's service, or a new one."""
    free = ~exists().where(ENROLMENT.c.need_id == col(Need.id))
    standing = session.exec(
        select(Need)
        .where(Need.senior_id == found.senior.person_id, Need.service_id == programme.service_id)
        .where(Need.organisation_id == programme.organisation_id, Need.status == "open", free)
        .order_by(col(Need.id))
    ).first()
    if standing is not None:
        return standing
    before = choose(func.count()).where(
        ENROLMENT.c.programme_id == programme.id, ENROLMENT.c.senior_id == found.senior.person_id
    )
    again = session.connection().execute(before).scalar_one()
    need = Need(
        external_ref=f"{found.senior.external_ref}-{programme.code}"[:70] + (f"-{again + 1}" if again else ""),
        senior_id=found.senior.person_id,
        service_id=programme.service_id,
        organisation_id=programme.organisation_id,
        frequency_kind=programme.frequency_kind,
        frequency_count=programme.frequency_count,
        minutes=session.get_one(Service, programme.service_id).minutes,
        from_day=max(day, programme.from_day),
        to_day=programme.to_day,
    )
    session.add(need)
    session.flush()
    return need


def _adopt(session: Session, programme: CareProgramme, needs: Select[Any], actor: str, now: datetime) -> None:
    """Give needs the programme's frequency, end and seasons, and let their pairs be asked first."""
    frequency = {
        "frequency_kind": programme.frequency_kind,
        "frequency_count": programme.frequency_count,
        "to_day": case((NEED.c.from_day < programme.to_day, programme.to_day), else_=NEED.c.to_day),
    }
    session.connection().execute(update(NEED).where(NEED.c.id.in_(needs)).values(frequency))
    ask_first(session, needs, actor=actor, now=now)
    spells = [spell_of(season) for season in seasons_of(session, programme_number(programme))]
    set_seasons_of_needs(session, needs, spells, actor=actor, now=now)


def enrol_waiting(session: Session, programme: CareProgramme, *, actor: str, now: datetime) -> int:
    """Take in everybody who waits, set-based: open needs of the service, of the target group, as far as quotas reach.

    Those whose need has the lowest number come first. Returns how many were taken in; again takes in nobody.
    """
    number, day, connection = programme_number(programme), day_of(now), session.connection()
    q = QUOTA.c
    rooms = connection.execute(choose(q.area_id, q.seniors, q.taken).where(q.programme_id == number).with_for_update())
    room = {row.area_id: row.seniors - row.taken for row in rooms}
    taken: Counter[int] = Counter()
    rows = []
    for waiting in connection.execute(_waiting(programme, day)):
        if taken[waiting.area_id] < room[waiting.area_id]:
            taken[waiting.area_id] += 1
            rows.append(_row(programme, waiting, day, actor, now))
    if rows:
        connection.execute(insert(ENROLMENT), rows)
        for area, count in sorted(taken.items()):
            of_street = update(QUOTA).where(q.programme_id == number, q.area_id == area)
            connection.execute(of_street.values(taken=q.taken + count))
        fresh = choose(ENROLMENT.c.need_id).where(ENROLMENT.c.programme_id == number, ENROLMENT.c.enrolled_at == now)
        _adopt(session, programme, fresh, actor, now)
    return len(rows)


def _waiting(programme: CareProgramme, day: date) -> Select[Any]:
    """Return the query of open needs that the programme could take, with senior and street, by number."""
    e = ENROLMENT.c
    eldest = born_until(day, programme.min_age)
    in_programme = choose(e.senior_id).where(e.programme_id == programme.id, e.ended_at.is_(None))
    wanted = (
        choose(NEED.c.id.label("need_id"), NEED.c.senior_id, SENIOR.c.subdistrict_id.label("area_id"))
        .join(SENIOR, SENIOR.c.person_id == NEED.c.senior_id)
        .join(PERSON, PERSON.c.id == NEED.c.senior_id)
        .join(QUOTA, and_(QUOTA.c.area_id == SENIOR.c.subdistrict_id, QUOTA.c.programme_id == programme.id))
        .where(NEED.c.service_id == programme.service_id, NEED.c.organisation_id == programme.organisation_id)
        .where(NEED.c.status == "open", SENIOR.c.status == "active", PERSON.c.born_on <= eldest)
        .where(NEED.c.id.not_in(choose(e.need_id)), NEED.c.senior_id.not_in(in_programme))
        .order_by(NEED.c.id)
    )
    if programme.categories:
        of_target = exists().where(
            CATEGORY.c.senior_id == NEED.c.senior_id, CATEGORY.c.category.in_(programme.categories), held_on(day)
        )
        wanted = wanted.where(of_target)
    return wanted


def _row(programme: CareProgramme, waiting: Row[Any], day: date, actor: str, now: datetime) -> dict[str, Any]:
    return {
        "programme_id": programme.id,
        "senior_id": waiting.senior_id,
        "area_id": waiting.area_id,
        "need_id": waiting.need_id,
        "from_day": max(day, programme.from_day),
        "enrolled_by": actor,
        "enrolled_at": now,
        "ended_by": "",
        "reason": "",
    }


def leave(
    session: Session, programme: CareProgramme, senior_id: int, *, actor: str, reason: str, now: datetime
) -> Enrolment:
    """Let a senior leave a programme: the need is closed, visits ahead are called off, the pair ends, a place is free.

    Raises
    ------
    NotFound
        When they are not in it.
    WrongInput
        When there is no reason.
    """
    words = words_of("reason", reason)
    mine = select(Enrolment).where(
        Enrolment.programme_id == programme.id, Enrolment.senior_id == senior_id, col(Enrolment.ended_at).is_(None)
    )
    enrolment = session.exec(mine.with_for_update().execution_options(populate_existing=True)).first()
    if enrolment is None:
        raise NotFound(kind="enrolment", key=str(senior_id))
    p = PARTNERSHIP.c
    live = choose(p.id).where(p.need_id == enrolment.need_id, p.state.in_(("proposed", "agreed", "paused")))
    for pair in list(session.connection().execute(live.order_by(p.id)).scalars()):
        end_pair(session, pair, actor=actor, reason=words, now=now, is_senior_leaving=True)
    call_off_ahead(session, enrolment.need_id, from_day=day_of(now), actor=actor, note=words, now=now)
    session.connection().execute(update(NEED).where(NEED.c.id == enrolment.need_id).values(status="closed"))
    q = QUOTA.c
    freed = update(QUOTA).where(q.programme_id == programme.id, q.area_id == enrolment.area_id)
    session.connection().execute(freed.values(taken=q.taken - 1))
    enrolment.ended_by, enrolment.ended_at, enrolment.reason = actor, now, words
    session.flush()
    return enrolment


def list_enrolments(
    session: Session, programme_id: int, *, first: int, after: int = 0, street: str | None = None
) -> list[Row[Any]]:
    """Return up to ``first`` (1 to 100) who are in a programme, by number after one; nobody is named."""
    if not 1 <= first <= 100:
        message = f"A page has 1 to 100 rows, not {first}."
        raise ValueError(message)
    e = ENROLMENT.c
    wanted = (
        choose(ENROLMENT, SENIOR.c.external_ref.label("senior_ref"), AREA.c.name_zh.label("area_zh"), AREA.c.code)
        .join(SENIOR, SENIOR.c.person_id == e.senior_id)
        .join(AREA, AREA.c.id == e.area_id)
        .where(e.programme_id == programme_id, e.ended_at.is_(None), e.id > after)
    )
    if street is not None:
        wanted = wanted.where(AREA.c.code == street)
    return list(session.connection().execute(wanted.order_by(e.id).limit(first)))
