"""Contracts: made once, their quota is never passed, their seasons reach the needs of those who are in."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session

from tests.programmes.conftest import STREET, Care
from tests.together import at_once
from timebank.core.database import transaction
from timebank.core.errors import KeyConflict, NotFound, Refusal, WrongInput
from timebank.needs.tables import Need
from timebank.people.tables import Person, Senior
from timebank.planning.seasons import SEASON, Spell
from timebank.programmes.enrolments import enrol, enrol_waiting, leave, list_enrolments
from timebank.programmes.programmes import (
    ENROLMENT,
    QUOTA,
    add_season,
    end_season,
    list_programmes,
    programme_of,
    quotas_of,
    seasons_of,
    set_quota,
)
from timebank.programmes.refusals import NotInTarget, QuotaFull


def _taken(session: Session) -> list[tuple[int, int]]:
    """Return what the quota counts, and how many enrolments live: they are always the same number."""
    counted = session.connection().execute(select(QUOTA.c.taken)).scalars().all()
    lives = session.connection().execute(select(ENROLMENT.c.id).where(ENROLMENT.c.ended_at.is_(None))).all()
    return [(sum(counted), len(lives))]


def test_programme_is_made_once(session: Session, care: Care) -> None:
    """Whoever sends it again, because the line broke, has one contract and not two."""
    again = care.create(session)

    assert [again.code] == [one.code for one in list_programmes(session, care.east, first=100)]
    with pytest.raises(KeyConflict):
        care.create(session, name_zh="另一个")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": ""}, "code"),
        ({"code": "LB1"}, "code"),
        ({"name_zh": " "}, "name_zh"),
        ({"to_day": date(2026, 3, 2)}, "to_day"),
        ({"to_day": date(2036, 3, 2)}, "to_day"),
        ({"min_age": 121}, "min_age"),
        ({"frequency_count": 0}, "frequency_count"),
        ({"frequency_kind": "daily"}, "frequency_kind"),
        ({"usual_way": "letter"}, "usual_way"),
        ({"categories": ("rich",)}, "categories"),
        ({"quotas": {}}, "quotas"),
        ({"quotas": {STREET: -1}}, "quotas"),
        ({"quotas": {"310107007": 3}}, "quotas"),
    ],
)
def test_contract_that_cannot_be_is_refused(session: Session, care: Care, changes: dict[str, Any], field: str) -> None:
    """Each value is told by its name; a street of another organisation is not ours to promise."""
    with pytest.raises(WrongInput) as refused:
        care.create(session, **({"code": "LB2"} | changes), key="other")

    assert refused.value.field == field


def test_programme_of_another_is_not_there(session: Session, care: Care) -> None:
    """An organisation cannot tell another's programme from none."""
    number = care.programme(session).id or 0

    for asked in (number, 999):
        with pytest.raises(NotFound):
            programme_of(session, asked, organisation_id=care.world.organisations["WEST"])


def test_need_takes_the_programmes_frequency_and_end(session: Session, care: Care) -> None:
    """The open need of the senior becomes the programme's; nobody has two greetings a day."""
    care.create(session, key="w", code="LB2", frequency_kind="per_week", frequency_count=1)
    weekly = list_programmes(session, care.east, first=100)[1]

    enrolment = enrol(session, weekly, care.world.seniors["S1"], actor=care.actor, now=care.noon)

    need = session.get_one(Need, enrolment.need_id, populate_existing=True)
    assert need.id == care.world.needs["S1-greeting"]
    assert (need.frequency_kind, need.frequency_count, need.to_day) == ("per_week", 1, weekly.to_day)


def test_senior_without_a_need_gets_one(session: Session, care: Care) -> None:
    """A senior who asked for nothing yet is in the programme all the same."""
    care.create(session, key="d", code="MF1", service="door_visit", usual_way="door")
    weekly = list_programmes(session, care.east, first=100)[1]

    enrolment = enrol(session, weekly, care.world.seniors["S3"], actor=care.actor, now=care.noon)

    need = session.get_one(Need, enrolment.need_id)
    assert (need.external_ref, need.status, need.minutes) == ("S3-MF1", "open", 45)


def test_enrolling_twice_is_once(session: Session, care: Care) -> None:
    """The same again takes no second place."""
    care.enrol(session, "S1", "S1", "S2")

    assert _taken(session) == [(2, 2)]
    assert [row.senior_ref for row in list_enrolments(session, 1, first=10)] == ["S1", "S2"]


@pytest.mark.parametrize(
    ("ref", "changes", "refusal"),
    [
        ("S5", {}, NotFound),
        ("S1", {"min_age": 90}, NotInTarget),
        ("S1", {"categories": ("severe_functional_impairment",)}, NotInTarget),
        ("S1", {"quotas": {STREET: 0}}, QuotaFull),
    ],
)
def test_who_is_not_meant_is_refused(
    session: Session, care: Care, ref: str, changes: dict[str, Any], refusal: type[Refusal]
) -> None:
    """Another street, too young, of no category, or one too many: each no says which."""
    care.create(session, key="x", code="LB2", **changes)
    programme = list_programmes(session, care.east, first=100)[1]

    with pytest.raises(refusal):
        enrol(session, programme, care.world.seniors[ref], actor=care.actor, now=care.noon)


def test_category_of_the_day_counts(session: Session, care: Care) -> None:
    """S2 is registered in special hardship, so the programme for them is for S2."""
    care.create(session, key="x", code="LB2", categories=("severe_functional_impairment",))
    programme = list_programmes(session, care.east, first=100)[1]

    enrolment = enrol(session, programme, care.world.seniors["S2"], actor=care.actor, now=care.noon)

    assert enrolment.senior_id == care.world.seniors["S2"]


def test_last_place_is_given_once(engine: Engine, care: Care) -> None:
    """Two clerks at the same moment: one gets the place, the other is told that it is gone."""
    with transaction(engine) as session:
        care.enrol(session, "S1", "S2")

    _, second = at_once(engine, lambda session: care.enrol(session, "S3"), lambda session: care.enrol(session, "S4"))

    assert isinstance(second, QuotaFull)
    with transaction(engine, read_only=True) as session:
        assert _taken(session) == [(3, 3)]


def test_leaving_frees_the_place(session: Session, care: Care) -> None:
    """Who leaves makes room; the need is closed and the reason stays."""
    care.enrol(session, "S1", "S2", "S3")
    programme = care.programme(session)

    left = leave(session, programme, care.world.seniors["S2"], actor=care.actor, reason="入住养老院", now=care.noon)
    care.enrol(session, "S4")

    assert session.get_one(Need, left.need_id, populate_existing=True).status == "closed"
    assert (left.reason, left.ended_by) == ("入住养老院", care.actor)
    assert _taken(session) == [(3, 3)]


def test_everybody_who_waits_is_taken_as_far_as_the_quota_reaches(session: Session, care: Care) -> None:
    """Four wait, three have room: the lists of a whole street are one act, and again takes in nobody."""
    programme = care.programme(session)

    taken = [enrol_waiting(session, programme, actor=care.actor, now=care.noon) for _ in range(2)]

    assert taken == [3, 0]
    assert [row.senior_ref for row in list_enrolments(session, 1, first=10)] == ["S1", "S2", "S3"]
    assert _taken(session) == [(3, 3)]


@pytest.mark.parametrize(("born_on", "taken"), [(date(1951, 3, 2), 1), (date(1951, 3, 3), 0)])
def test_age_counts_to_the_day(session: Session, care: Care, born_on: date, taken: int) -> None:
    """Seventy-five on the day is in, a day later is not; one by one and all at once say the same."""
    care.create(session, key="x", code="LB2", min_age=75, quotas={STREET: 9})
    programme = list_programmes(session, care.east, first=100)[1]
    for ref in ("S1", "S2", "S3"):
        session.get_one(Senior, care.world.seniors[ref]).status = "gone"
    session.get_one(Person, care.world.seniors["S4"]).born_on = born_on
    session.flush()

    assert enrol_waiting(session, programme, actor=care.actor, now=care.noon) == taken


def test_quota_never_falls_under_what_is_taken(session: Session, care: Care) -> None:
    """Nobody is put out by a number."""
    care.enrol(session, "S1", "S2")
    programme = care.programme(session)

    with pytest.raises(WrongInput):
        set_quota(session, programme, STREET, 1)
    assert set_quota(session, programme, STREET, 2).seniors == 2
    assert [(area.code, quota.seniors) for area, quota in quotas_of(session, programme.id or 0)] == [(STREET, 2)]


def test_season_reaches_needs_now_and_later(session: Session, care: Care) -> None:
    """Heat is said once for the programme; those who are in have it, those who come later too, and it is taken back."""
    care.enrol(session, "S1")
    heat = Spell(date(2026, 7, 15), date(2026, 7, 29), False, "every_n_days", 1)

    season = add_season(session, care.programme(session), heat, cause="heat", actor=care.actor, now=care.noon)
    care.enrol(session, "S2")
    stands = select(SEASON.c.need_id).where(SEASON.c.withdrawn_at.is_(None)).order_by(SEASON.c.need_id)
    given = session.connection().execute(stands).scalars().all()
    end_season(session, care.programme(session), season.id or 0, actor=care.actor, now=care.noon)

    assert given == [care.world.needs["S1-greeting"], care.world.needs["S2-greeting"]]
    assert session.connection().execute(stands).all() == []
    assert seasons_of(session, 1) == []


@pytest.mark.parametrize(
    ("spell", "cause"),
    [
        (Spell(date(2026, 7, 15), date(2026, 7, 15), False, "every_n_days", 1), "heat"),
        (Spell(date(2026, 7, 15), date(2026, 7, 29), False, "hourly", 1), "heat"),
        (Spell(date(2026, 7, 15), date(2026, 7, 29), False, "every_n_days", 0), "heat"),
        (Spell(date(2026, 7, 15), date(2026, 7, 29), False, "every_n_days", 1), "snow"),
    ],
)
def test_season_that_cannot_be_is_refused(session: Session, care: Care, spell: Spell, cause: str) -> None:
    """No days, no frequency, no cause that is known."""
    with pytest.raises(WrongInput):
        add_season(session, care.programme(session), spell, cause=cause, actor=care.actor, now=care.noon)
