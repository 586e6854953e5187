"""Two who come together: both are paired, both are planned, and nobody comes alone."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine

from tests.planning.conftest import Plan, change, paired, publish, rows_of, visited
from tests.worlds import MONDAY, World
from timebank.core.database import transaction
from timebank.needs.tables import Need
from timebank.people.tables import Volunteer
from timebank.planning import tables
from timebank.planning.pairs import list_pairs
from timebank.planning.storing import insert_visits, number_helpers
from timebank.visits.tables import Visit


@pytest.fixture
def lifted(engine: Engine, world: World) -> World:
    """S1 is to be lifted, so two come to every greeting."""
    change(engine, Need, world.needs["S1-greeting"], helpers=2)
    return world


def test_two_come_at_the_same_time(engine: Engine, lifted: World, plan: Plan) -> None:
    """Who is to be lifted is not lifted by one."""
    number = plan()

    visits = visited(engine, lifted, number, "S1-greeting")
    hours = {(v[3], v[4]) for v in rows_of(engine, "visit")["visit"] if v[1] == lifted.needs["S1-greeting"]}
    assert paired(engine, lifted, number)["S1-greeting"] == {"V1", "V2"}
    assert len(visits) == 2 * len(hours) >= 12
    assert {who for _, who in visits} == {"V1", "V2"}


def test_who_is_left_alone_is_not_sent(engine: Engine, lifted: World, plan: Plan) -> None:
    """One of the two left after the plan was made; the other would stand there and lift nobody."""
    number = plan(is_proposed=True)
    change(engine, Volunteer, lifted.volunteers["V2"], status="inactive")

    publish(engine, number)

    assert visited(engine, lifted, number, "S1-greeting") == []
    assert visited(engine, lifted, number, "S5-greeting") != []


def test_a_need_that_two_come_to_is_met_once(engine: Engine, lifted: World, plan: Plan) -> None:
    """A report that counts pairs as needs would say that more are met than there are."""
    number = plan()

    with transaction(engine, read_only=True) as session:
        figures = session.get_one(tables.Plan, number).figures
    assert (figures["pairs"]["met"], figures["needs_by_volunteer"]) == (9, 9)
    assert len(rows_of(engine, "pair")["pair"]) == 10


def test_without_a_second_the_need_is_unmet(engine: Engine, lifted: World, plan: Plan) -> None:
    """Half of a lift is no lift, and the shortage says so."""
    change(engine, Volunteer, lifted.volunteers["V2"], status="inactive")

    number = plan()

    assert "S1-greeting" not in paired(engine, lifted, number)
    assert lifted.needs["S1-greeting"] in {row[1] for row in rows_of(engine, "unmet")["unmet"]}


def test_both_pairs_are_listed_across_pages(engine: Engine, lifted: World, plan: Plan) -> None:
    """A page that ends between the two loses neither."""
    plan()
    east = lifted.organisations["EAST"]

    with transaction(engine, read_only=True) as session:
        whole = list_pairs(session, east, first=100)
        seen, after = [], None
        for _ in whole:
            page = list_pairs(session, east, first=1, after=after)
            seen += page
            after = (page[0].plan_id, page[0].need_id, page[0].volunteer_id)

    assert len(whole) == 6
    assert seen == whole


def test_helpers_are_numbered_by_visit() -> None:
    """The number tells those who come together apart; it begins anew with every need and day."""
    needs, days, people = (np.array(column) for column in ([7, 5, 7, 7, 5], [0, 0, 1, 0, 0], [3, 9, 3, 2, 8]))

    assert number_helpers(needs, days, people).tolist() == [2, 2, 1, 1, 1]


def test_a_visit_that_was_held_stays_the_only_one(engine: Engine, lifted: World, plan: Plan) -> None:
    """Both were there this morning; a plan that is published at noon sends nobody a second time."""
    number = plan(is_proposed=True)
    need, people = lifted.needs["S1-greeting"], (lifted.volunteers["V1"], lifted.volunteers["V2"])
    columns = [np.array(column) for column in ([need] * 4, [*people, *people], [0, 0, 2, 2], [540] * 4, [10] * 4)]
    held: dict[str, Any] = {"plan_id": number, "need_id": need, "day": MONDAY, "starts_min": 480, "planned_min": 10}
    with transaction(engine) as session:
        session.add(Visit(**held, volunteer_id=lifted.volunteers["V3"], status="confirmed"))
        session.flush()

        assert insert_visits(session, number, MONDAY, *columns) == 2

    days = [v[3] for v in rows_of(engine, "visit")["visit"] if v[6] == "planned"]
    assert days == [str(MONDAY + timedelta(days=2))] * 2
