"""A day's sheet, and what a volunteer has ahead."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.together import at_once
from tests.visits.conftest import MakeVisit, begin, end, events, row_of
from tests.worlds import MONDAY, World
from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.core.errors import WrongInput
from timebank.visits import life
from timebank.visits.diary import Outcome, count_by_status, next_visits, record_day

EVENING = moment_at(MONDAY, 21 * 60)
SHEET = "organisation:1"


def _confirmed(visit: int, **changes: Any) -> Outcome:
    return Outcome(visit, "confirmed", 541, 12, "paper", "senior")._replace(**changes)


def test_a_sheet_says_how_each_visit_went(engine: Engine, make_visit: MakeVisit) -> None:
    """Thousands of greetings a day are written at once, with what is out of the ordinary told."""
    held, missed, disputed, untold = (make_visit(f"S{n}-greeting") for n in range(1, 5))
    sheet = [
        _confirmed(held),
        Outcome(missed, "missed", 0, 0, "", "", "无人应答"),
        Outcome(disputed, "disputed", 600, 8, "app", "", "时长不符"),
    ]

    with transaction(engine) as session:
        assert record_day(session, MONDAY, sheet, actor=SHEET, now=EVENING) == 3

    with transaction(engine, read_only=True) as session:
        assert count_by_status(session) == {"confirmed": 1, "missed": 1, "disputed": 1, "planned": 1}
        assert life.visit_of(session, untold).status == "planned"
        assert [events(session, visit) for visit in (held, missed, disputed)] == [
            [],
            [("missed", SHEET, "无人应答")],
            [("disputed", SHEET, "时长不符")],
        ]


def test_a_line_of_a_sheet_equals_the_steps_of_a_visit(engine: Engine, make_visit: MakeVisit) -> None:
    """The fast way must leave the same row as checking in, checking out and confirming."""
    singly, on_sheet = make_visit("S1-greeting"), make_visit("S2-greeting")

    with transaction(engine) as session:
        begin(session, singly, evidence="paper", at_min=541)
        end(session, singly, at_min=553)
        life.confirm(session, singly, confirmed_by="senior")
        record_day(session, MONDAY, [_confirmed(on_sheet)], actor=SHEET, now=EVENING)

        one, other = life.visit_of(session, singly), life.visit_of(session, on_sheet)
        varying = {"id", "need_id"}
        assert one.model_dump(exclude=varying) == other.model_dump(exclude=varying)


def test_a_sheet_again_changes_nothing(engine: Engine, make_visit: MakeVisit) -> None:
    """A sheet is sent twice, and a second one that says otherwise does not rewrite what is confirmed."""
    visits = [make_visit("S1-greeting"), make_visit("S2-greeting")]
    sheet = [_confirmed(visits[0]), Outcome(visits[1], "missed", 0, 0, "", "", "无人应答")]
    with transaction(engine) as session:
        record_day(session, MONDAY, sheet, actor=SHEET, now=EVENING)
        before = [(row_of(session, visit), events(session, visit)) for visit in visits]

    with transaction(engine) as session:
        again = record_day(session, MONDAY, sheet, actor=SHEET, now=EVENING)
        other = record_day(
            session, MONDAY, [_confirmed(visit, served_min=60) for visit in visits], actor="x", now=EVENING
        )

        assert (again, other) == (0, 0)
        assert [(row_of(session, visit), events(session, visit)) for visit in visits] == before


def test_a_visit_that_is_checked_in_meanwhile_is_left_alone(engine: Engine, visit: int) -> None:
    """The sheet was written before the volunteer pressed the button; what the door says stands."""
    _, changed = at_once(
        engine,
        lambda session: begin(session, visit),
        lambda session: record_day(session, MONDAY, [_confirmed(visit)], actor=SHEET, now=EVENING),
    )

    assert changed == 0
    with transaction(engine, read_only=True) as session:
        assert life.visit_of(session, visit).status == "checked_in"


def test_a_sheet_is_of_its_day_alone(engine: Engine, make_visit: MakeVisit) -> None:
    """A number of another day's visit on the sheet is a slip; that visit is not touched."""
    tomorrow = make_visit(day=MONDAY + timedelta(days=1))

    with transaction(engine) as session:
        assert record_day(session, MONDAY, [_confirmed(tomorrow)], actor=SHEET, now=EVENING) == 0
        assert life.visit_of(session, tomorrow).status == "planned"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"status": "planned"}, "status"),
        ({"served_min": 0}, "began_min, served_min"),
        ({"began_min": -1}, "began_min, served_min"),
        ({"began_min": 1430}, "began_min, served_min"),
        ({"began_min": 1259}, "began_min"),
        ({"evidence": ""}, "evidence"),
        ({"confirmed_by": "nobody"}, "confirmed_by"),
        ({"status": "disputed"}, "note"),
    ],
)
def test_a_sheet_with_a_wrong_line_writes_nothing(
    engine: Engine, make_visit: MakeVisit, changes: dict[str, object], field: str
) -> None:
    """One line that cannot be would else be a wrong hour, or a bare error of the database."""
    good, wrong = make_visit("S1-greeting"), make_visit("S2-greeting")

    with transaction(engine) as session:
        with pytest.raises(WrongInput) as caught:
            record_day(session, MONDAY, [_confirmed(good), _confirmed(wrong, **changes)], actor=SHEET, now=EVENING)

        assert caught.value.field == field
        assert count_by_status(session) == {"planned": 2}


def test_a_visit_stands_once_on_a_sheet(engine: Engine, visit: int) -> None:
    """Of two lines nobody could say which is right."""
    sheet = [_confirmed(visit), Outcome(visit, "missed", 0, 0, "", "")]

    with transaction(engine) as session, pytest.raises(WrongInput, match="once on a sheet"):
        record_day(session, MONDAY, sheet, actor=SHEET, now=EVENING)


def test_a_sheet_of_a_day_to_come_is_refused(engine: Engine, make_visit: MakeVisit) -> None:
    """Nobody is missed tomorrow."""
    tomorrow = MONDAY + timedelta(days=1)
    visit = make_visit(day=tomorrow)

    with transaction(engine) as session, pytest.raises(WrongInput, match="until 2026-03-02"):
        record_day(session, tomorrow, [Outcome(visit, "missed", 0, 0, "", "")], actor=SHEET, now=EVENING)


Place = tuple[date, int, int]


def _places(engine: Engine, volunteer: int, first: int, after: Place | None = None) -> list[Place]:
    with transaction(engine, read_only=True) as session:
        rows = next_visits(session, volunteer, from_day=MONDAY, first=first, after=after)
        return [(row[0].day, row[0].starts_min, row[0].id or 0) for row in rows]


def test_next_visits_are_my_own_from_today_in_order(engine: Engine, make_visit: MakeVisit, world: World) -> None:
    """A volunteer plans a week from it: no visit of yesterday, of another, or called off."""
    days = [MONDAY + timedelta(days=n) for n in (4, 0, 2, -1)]
    later, today, midweek, _yesterday = (make_visit(day=day) for day in days)
    make_visit("S2-greeting", "V2")
    called_off = make_visit("S3-greeting")
    with transaction(engine) as session:
        life.cancel(session, called_off, actor=SHEET, note="", now=EVENING)

    page = _places(engine, world.volunteers["V1"], 2)
    rest = _places(engine, world.volunteers["V1"], 2, page[-1])

    assert page == [(days[1], 540, today), (days[2], 540, midweek)]
    assert rest == [(days[0], 540, later)]


def test_visits_of_a_day_come_in_the_order_of_their_hours(engine: Engine, make_visit: MakeVisit, world: World) -> None:
    """The visit at eight was planned last, by another plan; it is the first of the day all the same."""
    starts = (600, 660, 480, 660)
    visits = [make_visit(f"S{n}-greeting", starts_min=start) for n, start in enumerate(starts, 1)]

    me = world.volunteers["V1"]
    pages = [
        _places(engine, me, 2),
        _places(engine, me, 2, (MONDAY, 600, visits[0])),
        _places(engine, me, 2, (MONDAY, 660, visits[1])),
    ]

    assert [[place[1:] for place in page] for page in pages] == [
        [(480, visits[2]), (600, visits[0])],
        [(660, visits[1]), (660, visits[3])],
        [(660, visits[3])],
    ]


def test_next_visits_tell_what_a_volunteer_needs(engine: Engine, visit: int, world: World) -> None:
    """Who, what and in which committee: one query answers it."""
    with transaction(engine, read_only=True) as session:
        [(planned, need, service, senior, person, subdistrict, committee)] = next_visits(
            session, world.volunteers["V1"], from_day=MONDAY, first=100
        )

    assert (planned.id, need.id, service.code) == (visit, world.needs["S1-greeting"], "greeting")
    assert (senior.external_ref, person.name) == ("S1", "王老人1")
    assert (subdistrict, committee) == ("甘泉路街道", "甘泉第1居委会")


@pytest.mark.parametrize("first", [0, 101])
def test_a_page_of_visits_is_bounded(engine: Engine, world: World, first: int) -> None:
    """No question of a partner reads a whole table."""
    with transaction(engine, read_only=True) as session, pytest.raises(ValueError, match="1 to 100"):
        next_visits(session, world.volunteers["V1"], from_day=MONDAY, first=first)


def test_visits_are_counted_by_plan(engine: Engine, visit: int, plan: int) -> None:
    """A report of one plan counts its own visits."""
    with transaction(engine, read_only=True) as session:
        assert count_by_status(session, plan) == {"planned": 1}
        assert count_by_status(session, plan + 1) == {}
