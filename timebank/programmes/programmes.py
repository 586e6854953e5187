"""Programmes by contract: made once, their quota by street, their seasons, and which of them an organisation runs."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select
from sqlalchemy import select as choose
from sqlmodel import Session, col, select

from timebank.core.columns import table_of
from timebank.core.errors import KeyConflict, NotFound, WrongInput
from timebank.core.naming import number_of
from timebank.core.texts import Phrase
from timebank.needs.tables import Service
from timebank.people.categories import CATEGORIES
from timebank.people.notes import note_of, take_back
from timebank.people.tables import Area, OrganisationArea
from timebank.planning.seasons import KINDS, MOST_COUNT, Spell, check_spell, end_seasons_of_needs, set_seasons_of_needs
from timebank.programmes.tables import CareProgramme, Enrolment, ProgrammeQuota, ProgrammeSeason

PROGRAMME, QUOTA, ENROLMENT, OWN, AREA = map(
    table_of, (CareProgramme, ProgrammeQuota, Enrolment, OrganisationArea, Area)
)
WAYS = ("phone", "door", "video")
CAUSES = ("heat", "cold", "holiday", "other")
LONGEST_DAYS, OLDEST, MOST_SENIORS = 3 * 366, 120, 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeDraft:
    """A programme to be; ``quotas`` are seniors by code of a sub-district, ``to_day`` is the first day after it."""

    code: str
    name_zh: str
    service: str
    from_day: date
    to_day: date
    quotas: dict[str, int]
    frequency_kind: str = "every_n_days"
    frequency_count: int = 2
    name_en: str = ""
    categories: tuple[str, ...] = ()
    min_age: int = 60
    usual_way: str = "phone"


def create_programme(
    session: Session, organisation_id: int, draft: ProgrammeDraft, *, actor: str, idempotency_key: str, now: datetime
) -> CareProgramme:
    """Make a programme of an organisation with its quota by street; the same key and content is the same programme.

    Raises
    ------
    WrongInput
        When a value cannot be; of streets, when one is not the organisation's.
    KeyConflict
        When the key was used for other content.
    NotFound
        When there is no such service.
    """
    digest = hashlib.sha256(json.dumps(asdict(draft), default=str, sort_keys=True).encode()).hexdigest()
    standing = session.exec(
        select(CareProgramme).where(
            CareProgramme.organisation_id == organisation_id, CareProgramme.idempotency_key == idempotency_key
        )
    ).first()
    if standing is not None:
        if standing.request_hash != digest:
            raise KeyConflict(key=idempotency_key)
        return standing
    _check(session, draft, idempotency_key)
    area_by_code = _areas(session, organisation_id)
    for code, seniors in draft.quotas.items():
        _check_quota(code, seniors, area_by_code)
    programme = CareProgramme(
        **{name: value for name, value in asdict(draft).items() if name not in ("service", "quotas", "categories")},
        categories=sorted(draft.categories),
        organisation_id=organisation_id,
        service_id=number_of(session, Service, draft.service, served_by="volunteer"),
        idempotency_key=idempotency_key,
        request_hash=digest,
        recorded_by=actor,
        recorded_at=now,
    )
    session.add(programme)
    session.flush()
    session.add_all(
        ProgrammeQuota(programme_id=programme_number(programme), area_id=area_by_code[code], seniors=seniors)
        for code, seniors in sorted(draft.quotas.items())
    )
    session.flush()
    return programme


def _check(session: Session, draft: ProgrammeDraft, key: str) -> None:
    """Refuse what cannot be, value by value."""
    lengths = (
        ("code", draft.code, 1, 40),
        ("name_zh", draft.name_zh.strip(), 1, 120),
        ("name_en", draft.name_en, 0, 120),
        ("idempotency_key", key, 1, 200),
    )
    for field, text, least, most in lengths:
        if not least <= len(text) <= most:
            raise WrongInput(field=field, value=text[:20], right=Phrase("right_length", least=least, most=most))
    if session.exec(select(CareProgramme.id).where(CareProgramme.code == draft.code)).first() is not None:
        raise WrongInput(field="code", value=draft.code, right=Phrase("right_new_code", most=40))
    if not 0 < (draft.to_day - draft.from_day).days <= LONGEST_DAYS:
        raise WrongInput(field="to_day", value=draft.to_day.isoformat(), right=Phrase("right_period"))
    ranges = (
        ("min_age", draft.min_age, 0, OLDEST),
        ("frequency_count", draft.frequency_count, 1, MOST_COUNT),
        ("quotas", len(draft.quotas), 1, 100),
    )
    for field, number, least, most in ranges:
        if not least <= number <= most:
            raise WrongInput(field=field, value=str(number), right=Phrase("right_range", least=least, most=most))
    words = [("usual_way", draft.usual_way, WAYS), ("frequency_kind", draft.frequency_kind, KINDS)]
    words += [("categories", category, tuple(CATEGORIES)) for category in draft.categories]
    for field, word, known in words:
        if word not in known:
            raise WrongInput(field=field, value=word[:40], right=Phrase("right_one_of", known=", ".join(known)))


def _areas(session: Session, organisation_id: int) -> dict[str, int]:
    """Return an organisation's sub-districts by code."""
    own = choose(AREA.c.code, AREA.c.id).join(OWN, OWN.c.area_id == AREA.c.id)
    rows = session.connection().execute(own.where(OWN.c.organisation_id == organisation_id))
    return {row.code: row.id for row in rows}


def _check_quota(code: str, seniors: int, area_by_code: dict[str, int]) -> None:
    if code not in area_by_code:
        known = ", ".join(sorted(area_by_code))
        raise WrongInput(field="quotas", value=code[:40], right=Phrase("right_own_street", known=known))
    if not 0 <= seniors <= MOST_SENIORS:
        right = Phrase("right_range", least=0, most=MOST_SENIORS)
        raise WrongInput(field="quotas", value=str(seniors), right=right)


def programme_number(programme: CareProgramme) -> int:
    """Return the number of a stored programme."""
    if programme.id is None:
        message = "The programme is not stored yet."
        raise ValueError(message)
    return programme.id


def programme_of(session: Session, programme_id: int, *, organisation_id: int | None = None) -> CareProgramme:
    """Return a programme; for an organisation, one of its own.

    Raises
    ------
    NotFound
        When there is none, or it is another's; the two are never told apart.
    """
    programme = session.get(CareProgramme, programme_id)
    if programme is None or organisation_id not in (None, programme.organisation_id):
        raise NotFound(kind="care_programme", key=str(programme_id))
    return programme


def programme_named(session: Session, code: str, *, organisation_id: int | None = None) -> CareProgramme:
    """Return a programme by its code; for an organisation, one of its own.

    Raises
    ------
    NotFound
        When there is none, or it is another's.
    """
    programme = session.exec(select(CareProgramme).where(CareProgramme.code == code)).first()
    if programme is None or organisation_id not in (None, programme.organisation_id):
        raise NotFound(kind="care_programme", key=code[:40])
    return programme


def list_programmes(
    session: Session, organisation_id: int | None, *, first: int, after_id: int = 0
) -> list[CareProgramme]:
    """Return up to ``first`` (1 to 100) programmes of an organisation (or of all), by number after one."""
    if not 1 <= first <= 100:
        message = f"A page has 1 to 100 programmes, not {first}."
        raise ValueError(message)
    wanted = select(CareProgramme).where(col(CareProgramme.id) > after_id).order_by(col(CareProgramme.id))
    if organisation_id is not None:
        wanted = wanted.where(CareProgramme.organisation_id == organisation_id)
    return list(session.exec(wanted.limit(first)))


def quotas_of(session: Session, programme_id: int) -> list[tuple[Area, ProgrammeQuota]]:
    """Return the sub-districts of a programme with how many it may have and has, by code."""
    wanted = (
        select(Area, ProgrammeQuota)
        .join(ProgrammeQuota, col(ProgrammeQuota.area_id) == col(Area.id))
        .where(ProgrammeQuota.programme_id == programme_id)
        .order_by(Area.code)
        .execution_options(populate_existing=True)
    )
    return list(session.exec(wanted))


def set_quota(session: Session, programme: CareProgramme, street: str, seniors: int) -> ProgrammeQuota:
    """Change how many seniors of a sub-district a programme may have; never under what it has.

    Raises
    ------
    WrongInput
        When the street is not the organisation's, or more seniors are in the programme.
    """
    area_by_code = _areas(session, programme.organisation_id)
    _check_quota(street, seniors, area_by_code)
    key = (programme_number(programme), area_by_code[street])
    quota = session.get(ProgrammeQuota, key, with_for_update=True, populate_existing=True)
    if quota is None:
        quota = ProgrammeQuota(programme_id=key[0], area_id=key[1], seniors=seniors)
        session.add(quota)
    if seniors < (quota.taken or 0):
        right = Phrase("right_range", least=quota.taken, most=MOST_SENIORS)
        raise WrongInput(field="quotas", value=str(seniors), right=right)
    quota.seniors = seniors
    session.flush()
    return quota


def needs_of_programme(programme_id: int) -> Select[Any]:
    """Return the query of the needs of those who are in a programme now."""
    return choose(ENROLMENT.c.need_id).where(ENROLMENT.c.programme_id == programme_id, ENROLMENT.c.ended_at.is_(None))


def add_season(
    session: Session, programme: CareProgramme, spell: Spell, *, cause: str, actor: str, now: datetime
) -> ProgrammeSeason:
    """Give a programme another frequency for some days; its seniors' needs have it at once, later ones as they come.

    Where two seasons overlap, the one that begins first holds on. Plans that are made from now on keep to it.

    Raises
    ------
    WrongInput
        When the days, the frequency or the cause cannot be.
    """
    check_spell(spell)
    if cause not in CAUSES:
        raise WrongInput(field="cause", value=cause[:20], right=Phrase("right_one_of", known=", ".join(CAUSES)))
    number = programme_number(programme)
    season = ProgrammeSeason(
        programme_id=number,
        from_day=spell.from_day,
        to_day=spell.to_day,
        is_yearly=spell.is_yearly,
        frequency_kind=spell.kind,
        frequency_count=spell.times,
        cause=cause,
        recorded_by=actor,
        recorded_at=now,
    )
    session.add(season)
    session.flush()
    set_seasons_of_needs(session, needs_of_programme(number), [spell], actor=actor, now=now)
    return season


def end_season(session: Session, programme: CareProgramme, season_id: int, *, actor: str, now: datetime) -> None:
    """Take a season of a programme back, with those of its needs; one that was taken back stays so.

    Raises
    ------
    NotFound
        When the programme has none of this number.
    """
    season = note_of(session, ProgrammeSeason, season_id)
    if season.programme_id != programme.id:
        raise NotFound(kind="programme_season", key=str(season_id))
    take_back(session, season, actor=actor, now=now)
    number = programme_number(programme)
    end_seasons_of_needs(session, needs_of_programme(number), spell_of(season), actor=actor, now=now)


def seasons_of(session: Session, programme_id: int) -> list[ProgrammeSeason]:
    """Return the seasons of a programme that stand, the earliest first."""
    wanted = select(ProgrammeSeason).where(
        ProgrammeSeason.programme_id == programme_id, col(ProgrammeSeason.withdrawn_at).is_(None)
    )
    return list(session.exec(wanted.order_by(col(ProgrammeSeason.from_day), col(ProgrammeSeason.id))))


def spell_of(season: ProgrammeSeason) -> Spell:
    """Return a season's days and frequency."""
    return Spell(season.from_day, season.to_day, season.is_yearly, season.frequency_kind, season.frequency_count)
