"""A plan in force is mended after something changed: what holds stays, and every change is told."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from tests.planning.conftest import Plan, add, ask, booked, change, paired, publish, rows_of, say, visited
from tests.worlds import MONDAY, World
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput
from timebank.core.jobs import work_one
from timebank.needs.tables import Need
from timebank.people.absences import record_absence
from timebank.people.tables import Person, Senior, Volunteer
from timebank.planning import tables
from timebank.planning.question import Question
from timebank.planning.repairs import Mend, change_words, list_changes, repair_plan
from timebank.planning.runs import MATCH, run_match, run_of, start_repair
from timebank.projects.tables import Slot
from timebank.visits.tables import Visit

TUESDAY = MONDAY + timedelta(days=8)
GANQUAN = ("S1-greeting", "S2-greeting", "S3-greeting", "S4-greeting")


def _mend(engine: Engine, now: datetime, day: date = TUESDAY, **changes: Any) -> int:
    return repair_plan(engine, Mend(**({"organisation_id": None, "from_day": day} | changes)), now=now)


def _changes(engine: Engine, plan_id: int, what: str) -> list[Any]:
    return say(engine, lambda session: list_changes(session, plan_id, first=100, what=what))  # type: ignore[no-any-return]  # rows


@pytest.fixture
def later(noon: datetime) -> datetime:
    """The Monday before the day that is mended, at noon."""
    return noon + timedelta(days=7)


@pytest.fixture
def two_of(engine: Engine, world: World) -> World:
    """V1 and V2 can take all four of Ganquan each."""
    for who in ("V1", "V2"):
        change(engine, Volunteer, world.volunteers[who], max_needs=4)
    return world


def test_who_left_is_replaced_and_the_others_stay(engine: Engine, two_of: World, plan: Plan, later: datetime) -> None:
    """A volunteer moves away: their seniors are greeted by another, nobody else's hour changes; the list says so."""
    first = plan()
    before, pairs = rows_of(engine, "visit")["visit"], paired(engine, two_of, first)
    change(engine, Volunteer, two_of.volunteers["V1"], status="inactive")

    number = _mend(engine, later)
    told = _changes(engine, number, "pair")
    publish(engine, number)

    theirs = [need for need in GANQUAN if pairs[need] == {"V1"}]
    after = paired(engine, two_of, number)
    assert theirs
    assert {need: after[need] for need in pairs} == pairs | {need: {"V2"} for need in theirs}
    assert [(row.kind, row.was_ref, row.now_ref) for row in told] == [("moved", "V1", "V2")] * len(theirs)
    stays = [row[1:] for row in before if row[2] != two_of.volunteers["V1"]]
    assert [row for row in (row[1:] for row in rows_of(engine, "visit")["visit"]) if row in stays] == stays
    ahead = [day for need in theirs for day, who in visited(engine, two_of, number, need) if who == "V2"]
    assert min(ahead) >= TUESDAY


def test_without_a_change_nothing_changes(engine: Engine, world: World, plan: Plan, later: datetime) -> None:
    """Whoever mends what is whole frightens nobody."""
    first = plan()

    number = _mend(engine, later)

    with transaction(engine, read_only=True) as session:
        stored = session.get_one(tables.Plan, number)
        assert (stored.starts_on, stored.horizon_days, stored.state) == (TUESDAY, 6, "proposed")
        assert set(stored.figures["mended"]["changes"].values()) == {0}
        assert list_changes(session, number, first=100) == []
    assert paired(engine, world, number) == paired(engine, world, first)
    assert _mend(engine, later) == number


def test_who_is_ill_for_the_rest_is_replaced(engine: Engine, two_of: World, plan: Plan, later: datetime) -> None:
    """An absence is enough; the volunteer stays a volunteer."""
    pairs = paired(engine, two_of, plan())
    ill = two_of.volunteers["V1"]
    end = MONDAY + timedelta(days=30)
    say(engine, lambda session: record_absence(session, ill, TUESDAY, end, actor="organisation:1", now=later))

    after = paired(engine, two_of, _mend(engine, later))

    assert {"V1"} in [pairs[need] for need in GANQUAN]
    assert [after[need] for need in GANQUAN] == [{"V2"}] * 4


def test_who_is_new_is_paired(engine: Engine, two_of: World, plan: Plan, later: datetime) -> None:
    """A senior who came home from hospital waits for no new month."""
    pairs = paired(engine, two_of, plan())
    need = add(engine, _need(two_of, add_senior(engine, two_of)))

    number = _mend(engine, later)

    told = _changes(engine, number, "pair")
    assert [(row.kind, row.need_id, row.was_ref) for row in told] == [("begun", need, None)]
    assert [(row.kind, row.need_id) for row in _changes(engine, number, "visit")] == [("begun", need)] * 3
    rest = {row[1]: row[2] for row in rows_of(engine, "pair")["pair"] if row[0] == number and row[1] != need}
    assert len(rest) == len(pairs)


def add_senior(engine: Engine, world: World) -> int:
    """Add a senior in Ganquan; returns their number."""
    person = add(engine, Person(name="赵老人", address="甘泉", gender="female", born_on=date(1940, 1, 1)))
    add(
        engine,
        Senior(
            person_id=person,
            external_ref="S9",
            subdistrict_id=world.areas["310107004"],
            committee_id=world.areas["310107004001"],
            lat_deg=31.2642,
            lon_deg=121.4301,
        ),
    )
    return person


def _need(world: World, senior: int) -> Need:
    return Need(
        external_ref="S9-greeting",
        senior_id=senior,
        service_id=world.services["greeting"],
        organisation_id=world.organisations["EAST"],
        frequency_kind="every_n_days",
        frequency_count=2,
        minutes=10,
        from_day=date(2026, 3, 9),
    )


def test_a_place_that_is_gone_is_given_elsewhere(engine: Engine, world: World, plan: Plan, later: datetime) -> None:
    """The bath is repaired on Thursday; whoever had it is bathed another day."""
    change(engine, Need, world.needs["S2-bath"], weekdays=0b0001000, from_day=TUESDAY)
    (slot, _), *_ = booked(engine, plan(horizon_days=28))
    change(engine, Need, world.needs["S2-bath"], weekdays=0b0001001)
    day = say(engine, lambda session: session.get_one(Slot, slot).day)
    change(engine, Slot, slot, day=day - timedelta(days=60))

    number = _mend(engine, later)

    kinds = sorted((row.kind, row.slot_id == slot) for row in _changes(engine, number, "booking"))
    publish(engine, number)
    assert kinds == [("begun", False)]
    assert {of for _, of in booked(engine, number)} == {world.needs["S2-bath"]}


def test_what_was_served_this_month_is_not_served_again(
    engine: Engine, world: World, plan: Plan, later: datetime
) -> None:
    """A mended plan begins in the middle of the month; who had the monthly visit has had it."""
    change(engine, Need, world.needs["S1-door_visit"], frequency_kind="per_month", weekdays=0b0000100)
    plan(horizon_days=28)
    (visit,) = [v for v in rows_of(engine, "visit")["visit"] if v[1] == world.needs["S1-door_visit"]]
    day = date.fromisoformat(visit[3])

    number = _mend(engine, later, day + timedelta(days=1))
    publish(engine, number)

    visits = [v[3] for v in rows_of(engine, "visit")["visit"] if v[1] == world.needs["S1-door_visit"]]
    assert visits == [str(day)]


def test_an_organisation_mends_its_part_of_the_districts_plan(
    engine: Engine, two_of: World, plan: Plan, later: datetime
) -> None:
    """EAST replaces who left; what WEST sees does not move."""
    first = plan()
    change(engine, Volunteer, two_of.volunteers["V1"], status="inactive")
    west = [v for v in rows_of(engine, "visit")["visit"] if v[1] == two_of.needs["S5-greeting"]]

    number = _mend(engine, later, organisation_id=two_of.organisations["EAST"])
    publish(engine, number)

    with transaction(engine, read_only=True) as session:
        plans = [session.get_one(tables.Plan, each) for each in (first, number)]
        assert [each.state for each in plans] == ["published", "published"]
        assert plans[1].scope == f"organisation:{two_of.organisations['EAST']}"
    assert set(paired(engine, two_of, number)) == {*GANQUAN, "S1-door_visit"}
    assert [v for v in rows_of(engine, "visit")["visit"] if v[1] == two_of.needs["S5-greeting"]] == west


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        ({"day": MONDAY - timedelta(days=1)}, WrongInput),
        ({"day": MONDAY + timedelta(days=14)}, NotFound),
        ({"change_m": -1}, WrongInput),
        ({"change_m": 1_000_000}, WrongInput),
    ],
)
def test_a_repair_that_cannot_be_is_refused(
    engine: Engine, world: World, plan: Plan, later: datetime, values: dict[str, Any], refused: type[Exception]
) -> None:
    """No plan reaches that day, or a move could never pay."""
    plan()

    with pytest.raises(refused):
        _mend(engine, later, **values)


def test_changes_come_in_pages_in_both_languages_and_name_nobody(
    engine: Engine, two_of: World, plan: Plan, later: datetime
) -> None:
    """A coordinator reads them one by one; another organisation finds no such plan."""
    plan()
    change(engine, Volunteer, two_of.volunteers["V1"], status="inactive")
    east, west = two_of.organisations["EAST"], two_of.organisations["WEST"]
    number = _mend(engine, later, organisation_id=east)

    with transaction(engine, read_only=True) as session:
        whole = list_changes(session, number, first=100, organisation_id=east)
        page = list_changes(session, number, first=2, organisation_id=east)
        rest = list_changes(session, number, first=100, organisation_id=east, after=page[-1].id)
        said = [change_words(row, locale) for row in whole for locale in ("zh", "en")]
        with pytest.raises(NotFound):
            list_changes(session, number, first=1, organisation_id=west)
        with pytest.raises(ValueError, match="1 to 100"):
            list_changes(session, number, first=101)

    assert [*page, *rest] == whole
    assert len({row.what for row in whole}) == 2
    assert all("V1" in words or "V2" in words for words in said)
    assert not any("志愿1" in words or "老人" in words for words in said)


def test_a_repair_is_a_run_too(engine: Engine, two_of: World, plan: Plan, later: datetime) -> None:
    """A worker mends while the asker looks on; the same key asks once."""
    plan()
    change(engine, Volunteer, two_of.volunteers["V1"], status="inactive")
    east = two_of.organisations["EAST"]
    asked: dict[str, Any] = {"organisation_id": east, "from_day": TUESDAY, "idempotency_key": "ill", "now": later}
    job, again = (say(engine, lambda session: start_repair(session, **asked)).id for _ in range(2))

    assert work_one(engine, {MATCH: run_match})

    run = say(engine, lambda session: run_of(session, job, organisation_id=east))
    assert (job, run.status, run.fault) == (again, "done", "")
    assert _changes(engine, run.result["plan_id"], "pair") != []


def test_what_people_changed_by_hand_stands(engine: Engine, world: World, plan: Plan, later: datetime) -> None:
    """A visit that was agreed to be at another hour stays there: rows count, not what the engine said once."""
    plan()
    visit = next(v for v in rows_of(engine, "visit")["visit"] if v[3] == str(TUESDAY + timedelta(days=1)))
    number = say(engine, lambda session: _number_of(session, visit))
    change(engine, Visit, number, starts_min=1000)

    publish(engine, _mend(engine, later))

    moved = [v for v in rows_of(engine, "visit")["visit"] if (v[1], v[3]) == (visit[1], visit[3])]
    assert [v[4] for v in moved] == [1000]


def _number_of(session: Session, visit: tuple[Any, ...]) -> int:
    found = select(Visit.id).where(Visit.need_id == visit[1], Visit.day == date.fromisoformat(visit[3]))
    return session.exec(found).one() or 0


def test_a_question_that_mends_is_about_what_is_left(engine: Engine, world: World, plan: Plan) -> None:
    """The monthly bath was on Monday; the rest of the month asks for no other, a question of its own would."""
    change(engine, Need, world.needs["S2-bath"], weekdays=0b1)
    plan()
    rest = Question(starts_on=TUESDAY, horizon_days=6, begun_on=MONDAY)

    assert ask(engine, rest).needs.ids.tolist() == [
        number
        for number in ask(engine, Question(starts_on=TUESDAY, horizon_days=6)).needs.ids.tolist()
        if number != world.needs["S2-bath"]
    ]
