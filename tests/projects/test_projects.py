"""Charity projects: created once, checked in words, started, and called off."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, func, select

from tests.together import at_once
from tests.worlds import MONDAY, World, bath_project
from timebank.core.database import transaction
from timebank.core.errors import KeyConflict, NotAllowed, NotFound, WrongInput, WrongState
from timebank.core.texts import say_refusal
from timebank.projects.projects import (
    MOST_RESOURCES,
    SlotPattern,
    cancel_project,
    create_project,
    project_number,
    project_of,
    slot_rows,
    start_project,
)
from timebank.projects.tables import Booking, Project, Resource, Slot

BATH = replace(bath_project().resources[0], code="BATH-2")
EVERY_DAY = SlotPattern(weekdays=127, starts_min=540, ends_min=600, places=2)


def _bath(**changes: Any) -> dict[str, Any]:
    return {"resources": (replace(BATH, **changes),)}


def _create(session: Session, office: int, noon: datetime, key: str = "baths", **changes: Any) -> Project:
    parts: dict[str, Any] = {"resources": (BATH,)}
    return create_project(session, office, bath_project(**(parts | changes)), idempotency_key=key, now=noon)


def _counts(session: Session) -> tuple[int, ...]:
    return tuple(session.exec(select(func.count()).select_from(table)).one() for table in (Project, Resource, Slot))


def test_a_project_is_created_whole(engine: Engine, world: World, noon: datetime) -> None:
    """A draft with its rule, its resource in the right street, and a slot on each Monday and Thursday."""
    office = world.organisations["CF1"]
    with transaction(engine) as session:
        number = project_number(_create(session, office, noon, subdistricts=("310107004",)))

    with transaction(engine, read_only=True) as session:
        project = project_of(session, office, number)
        [resource] = session.exec(select(Resource).where(Resource.project_id == number)).all()
        slots = session.exec(select(Slot).where(Slot.resource_id == resource.id).order_by(Slot.day)).all()  # type: ignore[arg-type]  # SQLModel columns are SQL columns
        assert (project.status, project.budget_cents, project.created_at) == ("draft", 100_000, noon)
        assert project.eligibility == {
            "categories": ["severe_functional_impairment"],
            "subdistricts": ["310107004"],
            "min_age": 60,
        }
        assert (resource.service_id, resource.subdistrict_id) == (world.services["bath"], world.areas["310107004"])
        assert [slot.day for slot in slots[:3]] == [MONDAY, MONDAY + timedelta(days=3), MONDAY + timedelta(days=7)]
        assert (len(slots), slots[-1].day) == (26, date(2026, 5, 28))
        assert {(slot.starts_min, slot.ends_min, slot.places) for slot in slots} == {(540, 600, 2)}


def test_the_same_key_is_the_same_project(engine: Engine, world: World, noon: datetime) -> None:
    """A lost answer is asked for again; the code of the resource is not taken by itself."""
    office = world.organisations["CF1"]
    with transaction(engine) as session:
        first = project_number(_create(session, office, noon))
        before = _counts(session)

        again = project_number(_create(session, office, noon + timedelta(days=1)))

        assert (again, _counts(session)) == (first, before)


def test_the_same_key_at_once_is_the_same_project(engine: Engine, world: World, noon: datetime) -> None:
    """Two presses of the button that arrive together."""
    office = world.organisations["CF1"]

    one, other = at_once(engine, *(lambda s: project_number(_create(s, office, noon)) for _ in range(2)))

    assert one == other


def test_the_same_key_for_other_content_is_refused(engine: Engine, world: World, noon: datetime) -> None:
    """An old answer for a new project would be believed; nothing changes."""
    with transaction(engine) as session:
        _create(session, world.organisations["CF1"], noon)
        before = _counts(session)

        with pytest.raises(KeyConflict):
            _create(session, world.organisations["CF1"], noon, budget_cents=1)

        assert _counts(session) == before


def test_only_a_charity_office_creates_projects(engine: Engine, world: World, noon: datetime) -> None:
    """A social organisation serves; it does not give out the foundation's money."""
    with transaction(engine) as session:
        with pytest.raises(NotAllowed, match="a charity office"):
            _create(session, world.organisations["EAST"], noon)
        with pytest.raises(NotAllowed):
            _create(session, 99, noon)


def _patterns(*changes: dict[str, int]) -> dict[str, Any]:
    return _bath(slots=tuple(replace(EVERY_DAY, **each) for each in changes))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title_zh": ""}, "titleZh"),
        ({"title_zh": "　 "}, "titleZh"),
        ({"title_zh": "长" * 121}, "titleZh"),
        ({"title_en": "t" * 121}, "titleEn"),
        ({"aims": "a" * 2001}, "aims"),
        ({"ends_on": MONDAY}, "endsOn"),
        ({"ends_on": MONDAY - timedelta(days=1)}, "endsOn"),
        ({"ends_on": MONDAY + timedelta(days=3 * 366 + 1)}, "endsOn"),
        ({"budget_cents": -1}, "budgetCents"),
        ({"budget_cents": 10**14 + 1}, "budgetCents"),
        ({"min_age": -1}, "eligibility.minAge"),
        ({"min_age": 121}, "eligibility.minAge"),
        ({"categories": ("rich",)}, "eligibility.categories"),
        ({"subdistricts": ("310101",)}, "eligibility.subdistricts"),
        ({"resources": ()}, "resources"),
        ({"resources": tuple(replace(BATH, code=f"B{n}") for n in range(MOST_RESOURCES + 1))}, "resources"),
        ({"resources": (BATH, BATH)}, "resources.code"),
        (_bath(code=""), "resources.code"),
        (_bath(code="c" * 65), "resources.code"),
        (_bath(code="BATH-1"), "resources.code"),
        (_bath(name_zh=" "), "resources.nameZh"),
        (_bath(service="greeting"), "resources.service"),
        (_bath(service="laundry"), "resources.service"),
        (_bath(subdistrict="310101"), "resources.subdistrict"),
        (_bath(lat_deg=31.0), "resources.place"),
        (_bath(lon_deg=float("nan")), "resources.place"),
        (_patterns({"weekdays": 0}), "resources.slots"),
        (_patterns({"weekdays": 128}), "resources.slots"),
        (_patterns({"starts_min": 600}), "resources.slots"),
        (_patterns({"ends_min": 1441}), "resources.slots"),
        (_patterns({"starts_min": -1}), "resources.slots"),
        (_patterns({"places": 0}), "resources.slots"),
        (_patterns({"places": 1001}), "resources.slots"),
        (_patterns({}, {"weekdays": 1, "ends_min": 660}), "resources.slots"),
        (_patterns(*({"starts_min": n, "ends_min": n + 1} for n in range(300))), "resources.slots"),
    ],
)
def test_what_cannot_be_is_refused_by_field(
    engine: Engine, world: World, noon: datetime, changes: dict[str, Any], field: str
) -> None:
    """Whoever fills in a form is told which field, and what would be right; nothing of it is stored."""
    with transaction(engine) as session:
        before = _counts(session)

        with pytest.raises(WrongInput) as caught:
            _create(session, world.organisations["CF1"], noon, **changes)

        assert caught.value.field == field
        assert say_refusal(caught.value, "zh") != say_refusal(caught.value, "en")
        assert _counts(session) == before


@pytest.mark.parametrize("key", ["", "k" * 201])
def test_a_key_has_a_length(engine: Engine, world: World, noon: datetime, key: str) -> None:
    """A key that cannot be stored would protect from nothing."""
    with transaction(engine) as session, pytest.raises(WrongInput, match="idempotencyKey"):
        _create(session, world.organisations["CF1"], noon, key)


def test_slots_lie_on_their_weekdays_within_the_period() -> None:
    """Sunday is bit 6; the last day is not part of the period; two patterns of a day both stand."""
    sunday = SlotPattern(weekdays=0b1000000, starts_min=540, ends_min=600, places=1)
    monday = SlotPattern(weekdays=0b0000001, starts_min=600, ends_min=660, places=3)

    rows = [
        (row["day"], row["starts_min"], row["places"])
        for row in slot_rows(MONDAY, MONDAY + timedelta(days=7), (sunday, monday))
    ]

    assert rows == [(MONDAY, 600, 3), (MONDAY + timedelta(days=6), 540, 1)]
    assert list(slot_rows(MONDAY, MONDAY + timedelta(days=6), (sunday,))) == []


@pytest.fixture
def drafted(engine: Engine, world: World, noon: datetime) -> int:
    """A project that is a draft."""
    with transaction(engine) as session:
        return project_number(_create(session, world.organisations["CF1"], noon))


def test_a_project_is_started_once(engine: Engine, world: World, drafted: int) -> None:
    """A draft runs; a running one stays as it is."""
    office = world.organisations["CF1"]
    with transaction(engine) as session:
        assert start_project(session, office, drafted).status == "running"
        assert start_project(session, office, drafted).status == "running"


def test_of_start_and_cancel_at_once_both_are_told_the_truth(engine: Engine, world: World, drafted: int) -> None:
    """One coordinator starts what another calls off: it is called off, and nobody is told otherwise."""
    office = world.organisations["CF1"]

    first, second = at_once(
        engine,
        lambda s: cancel_project(s, office, drafted, from_day=MONDAY).status,
        lambda s: start_project(s, office, drafted).status,
    )

    assert first == "cancelled"
    assert isinstance(second, WrongState)
    assert second.state == "cancelled"


def test_a_project_is_its_office_s_own(engine: Engine, world: World, drafted: int) -> None:
    """Another's project is not there: neither to read, nor to start, nor to call off."""
    other = world.organisations["EAST"]
    with transaction(engine) as session:
        with pytest.raises(NotFound):
            project_of(session, other, drafted)
        with pytest.raises(NotFound):
            start_project(session, other, drafted)
        with pytest.raises(NotFound):
            cancel_project(session, other, drafted, from_day=MONDAY)

        assert project_of(session, world.organisations["CF1"], drafted).status == "draft"


@pytest.mark.parametrize("status", ["closed", "cancelled"])
def test_what_is_over_does_not_start(engine: Engine, world: World, drafted: int, status: str) -> None:
    """A project that ended is told as such."""
    office = world.organisations["CF1"]
    with transaction(engine) as session:
        project_of(session, office, drafted).status = status
        session.flush()

        with pytest.raises(WrongState) as caught:
            start_project(session, office, drafted)

    assert (caught.value.state, caught.value.allowed) == (status, "draft")


def test_a_project_that_is_called_off_frees_its_bookings(engine: Engine, world: World) -> None:
    """From the day on nobody waits at the bath; what happened stays, and doing it again changes nothing."""
    office = world.organisations["CF1"]
    with transaction(engine) as session:
        slots = session.exec(select(Slot).order_by(Slot.day).limit(4)).all()  # type: ignore[arg-type]  # SQLModel columns are SQL columns
        statuses = ("used", "booked", "booked", "missed")
        for slot, status in zip(slots, statuses, strict=True):
            session.add(Booking(slot_id=slot.id or 0, need_id=world.needs["S2-bath"], status=status))
        session.flush()

        for _ in range(2):
            assert cancel_project(session, office, world.project, from_day=slots[2].day).status == "cancelled"

        found = session.exec(select(Booking.status).order_by(Booking.slot_id)).all()  # type: ignore[arg-type]  # SQLModel columns are SQL columns
        assert found == ["used", "booked", "cancelled", "missed"]


def test_a_closed_project_is_not_called_off(engine: Engine, world: World) -> None:
    """What was brought to its end is told as it was."""
    office = world.organisations["CF1"]
    with transaction(engine) as session:
        project_of(session, office, world.project).status = "closed"
        session.flush()

        with pytest.raises(WrongState) as caught:
            cancel_project(session, office, world.project, from_day=MONDAY)

    assert caught.value.allowed == "draft or running"


def test_a_project_that_is_not_stored_has_no_number() -> None:
    """A slip of the caller is told in words of the trade."""
    with pytest.raises(ValueError, match="not stored yet"):
        project_number(Project.model_construct(starts_on=MONDAY, ends_on=MONDAY))
