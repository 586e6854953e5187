"""Seasons: another frequency for a span of days, such as twice a week in heat and cold; once, or every year."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Boolean, Date, Select, String, insert, literal, update
from sqlalchemy import select as choose
from sqlmodel import Session, col, select

from timebank.core.columns import table_of
from timebank.core.errors import NotFound, WrongInput
from timebank.core.naming import number_of
from timebank.core.texts import Phrase
from timebank.needs.tables import Need, Service
from timebank.people.notes import note_of, take_back
from timebank.planning.tables import Season

SEASON = table_of(Season)
KINDS = ("every_n_days", "per_week", "per_month", "once")
LONGEST_DAYS, MOST_COUNT = 366, 366


class Spell(NamedTuple):
    """Another frequency for a span of days (half-open), once or every year."""

    from_day: date
    to_day: date
    is_yearly: bool
    kind: str
    times: int


def check_spell(spell: Spell) -> None:
    """Refuse days or a frequency that cannot be.

    Raises
    ------
    WrongInput
        Naming the value and what would be right.
    """
    if spell.kind not in KINDS:
        raise WrongInput(field="kind", value=spell.kind, right=Phrase("right_one_of", known=", ".join(KINDS)))
    if not 1 <= spell.times <= MOST_COUNT:
        raise WrongInput(field="count", value=str(spell.times), right=Phrase("right_range", least=1, most=MOST_COUNT))
    if not spell.from_day < spell.to_day <= spell.from_day + timedelta(days=LONGEST_DAYS):
        right = Phrase("right_days_away", most=LONGEST_DAYS)
        raise WrongInput(field="to_day", value=spell.to_day.isoformat(), right=right)


def set_season(
    session: Session,
    from_day: date,
    to_day: date,
    *,
    kind: str,
    count: int,
    actor: str,
    now: datetime,
    service: str | None = None,
    need_id: int | None = None,
    is_yearly: bool = False,
) -> Season:
    """Give every need of a service (by code), or one need, another frequency from a day to a day (half-open).

    A season of a need takes the place of those of its service. Where two overlap, the one that begins first holds on.

    Raises
    ------
    WrongInput
        When the days or the frequency cannot be, or not just one of service and need is named.
    NotFound
        When there is no such service or need.
    """
    check_spell(Spell(from_day, to_day, is_yearly, kind, count))
    if (service is None) == (need_id is None):
        raise WrongInput(field="service, need", value=f"{service}, {need_id}", right=Phrase("right_one_subject"))
    season = Season(
        service_id=number_of(session, Service, service) if service is not None else None,
        need_id=_need(session, need_id) if need_id is not None else None,
        from_day=from_day,
        to_day=to_day,
        is_yearly=is_yearly,
        frequency_kind=kind,
        frequency_count=count,
        recorded_by=actor,
        recorded_at=now,
    )
    session.add(season)
    session.flush()
    return season


def set_seasons_of_needs(
    session: Session, needs: Select[Any], spells: Iterable[Spell], *, actor: str, now: datetime
) -> None:
    """Give each of some needs (a query of their numbers) the same seasons, set-based; one that stands stays."""
    names = ("need_id", "from_day", "to_day", "is_yearly", "frequency_kind", "frequency_count")
    for spell in spells:
        given = needs.subquery()
        number = given.c[0]
        row = choose(
            number,
            literal(spell.from_day, Date),
            literal(spell.to_day, Date),
            literal(spell.is_yearly, Boolean),
            literal(spell.kind, String),
            literal(spell.times),
            literal(actor, String),
            literal(now, SEASON.c.recorded_at.type),
            literal("", String),
        ).where(number.not_in(choose(SEASON.c.need_id).where(*_is_spell(spell))))
        columns = [*names, "recorded_by", "recorded_at", "withdrawn_by"]
        session.connection().execute(insert(SEASON).from_select(columns, row))


def end_seasons_of_needs(session: Session, needs: Select[Any], spell: Spell, *, actor: str, now: datetime) -> None:
    """Take the same season of some needs back, set-based."""
    stands = update(SEASON).where(*_is_spell(spell), SEASON.c.need_id.in_(needs))
    session.connection().execute(stands.values(withdrawn_by=actor, withdrawn_at=now))


def _is_spell(spell: Spell) -> tuple[Any, ...]:
    s = SEASON.c
    wanted = {
        "from_day": spell.from_day,
        "to_day": spell.to_day,
        "is_yearly": spell.is_yearly,
        "frequency_kind": spell.kind,
        "frequency_count": spell.times,
    }
    return (s.need_id.is_not(None), s.withdrawn_at.is_(None), *(s[name] == value for name, value in wanted.items()))


def end_season(session: Session, season_id: int, *, actor: str, now: datetime) -> Season:
    """Take a season back; one that was taken back stays so.

    Raises
    ------
    NotFound
        When there is none.
    """
    season = note_of(session, Season, season_id)
    take_back(session, season, actor=actor, now=now)
    return season


def standing_seasons(session: Session) -> list[Season]:
    """Return the seasons that stand, the earliest first; at most five hundred."""
    wanted = select(Season).where(col(Season.withdrawn_at).is_(None))
    return list(session.exec(wanted.order_by(col(Season.from_day), col(Season.id)).limit(500)))


def days_of(season: Season, days: tuple[date, date]) -> Iterator[tuple[date, date]]:
    """Yield the spans of a season within some days (half-open), one for each year that it comes back in."""
    years = range(days[0].year - 1 - season.from_day.year, days[1].year - season.from_day.year + 1)
    for later in years if season.is_yearly else (0,):
        span = _in_year(season.from_day, later), _in_year(season.to_day, later)
        first, end = max(days[0], span[0]), min(days[1], span[1])
        if later >= 0 and first < end:
            yield first, end


def _in_year(day: date, later: int) -> date:
    """Return the same day so many years later; 29 February is 1 March in short years."""
    try:
        return day.replace(year=day.year + later)
    except ValueError:
        return date(day.year + later, 3, 1)


def _need(session: Session, need_id: int) -> int:
    if session.get(Need, need_id) is None:
        raise NotFound(kind="need", key=str(need_id))
    return need_id
