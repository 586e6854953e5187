"""What an organisation sees of plans: the pairs and the unmet of its own streets, each with its reason."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete
from sqlmodel import Session

from tests.planning.conftest import Plan, add, bath_of, change
from tests.worlds import MONDAY, World
from timebank.core.database import transaction
from timebank.core.errors import NotFound
from timebank.needs.tables import Need
from timebank.people.belonging import areas_of
from timebank.people.tables import OrganisationArea, Senior, Volunteer
from timebank.planning.listing import plan_seen
from timebank.planning.pairs import (
    list_pairs,
    list_unmet,
    pair_reason,
    shortage_rows,
    unmet_reason,
)
from timebank.projects.tables import Project


def _pairs(engine: Engine, organisation: int, **asked: Any) -> list[tuple[str, str]]:
    with transaction(engine, read_only=True) as session:
        rows = list_pairs(session, organisation, **({"first": 100} | asked))
        return [(row.senior_ref, row.service) for row in rows]


def _unmet(engine: Engine, organisation: int, **asked: Any) -> list[tuple[str, str, str]]:
    with transaction(engine, read_only=True) as session:
        rows = list_unmet(session, organisation, **({"first": 100} | asked))
        return [(row.senior_ref, row.service, row.reason) for row in rows]


def _greetings(*numbers: int) -> list[tuple[str, str]]:
    return [(f"S{n}", "greeting") for n in numbers]


def test_an_organisation_sees_the_pairs_of_its_streets(engine: Engine, world: World, plan: Plan) -> None:
    """The district's plan shows each its own, and the office that works in both streets all of them."""
    plan()

    seen = {code: _pairs(engine, number) for code, number in world.organisations.items()}

    east = [*_greetings(1, 2, 3, 4), ("S1", "door_visit")]
    assert seen == {
        "EAST": east,
        "WEST": _greetings(5, 6, 7, 8),
        "CF1": [*_greetings(*range(1, 9)), ("S1", "door_visit")],
    }


def test_a_pair_names_nobody(engine: Engine, world: World, plan: Plan) -> None:
    """References, street and metres are enough to talk about a pair; no name, address or place leaves."""
    plan()

    with transaction(engine, read_only=True) as session:
        row = list_pairs(session, world.organisations["EAST"], first=1)[0]

    assert set(row._fields) == {
        "plan_id", "need_id", "volunteer_id", "distance_m", "rank", "candidates", "from_day",
        "service", "service_zh", "service_en", "senior_ref", "volunteer_ref", "area_zh", "area_en",
    }  # fmt: skip
    assert (row.senior_ref, row.area_zh, row.area_en) == ("S1", "甘泉路街道", "Ganquan Road")
    assert row.volunteer_ref in ("V1", "V2")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"service": "door_visit"}, [("S1", "door_visit")]),
        ({"subdistrict": "310107007"}, []),
        ({"subdistrict": "310107004", "service": "greeting"}, _greetings(1, 2, 3, 4)),
        ({"first": 2}, _greetings(1, 2)),
    ],
)
def test_pairs_are_asked_for_by_street_and_service(
    engine: Engine, world: World, plan: Plan, asked: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    """A filter narrows what may be seen and never widens it."""
    plan()

    assert _pairs(engine, world.organisations["EAST"], **asked) == found


def test_pages_follow_each_other_without_gap(engine: Engine, world: World, plan: Plan) -> None:
    """The last row of a page is where the next begins, over plans and needs."""
    plan()
    plan("EAST")
    office = world.organisations["CF1"]

    with transaction(engine, read_only=True) as session:
        pages, after = [], None
        while page := list_pairs(session, office, first=2, after=after):
            pages.append([(row.plan_id, row.need_id, row.volunteer_id) for row in page])
            after = pages[-1][-1]
        whole = [(row.plan_id, row.need_id, row.volunteer_id) for row in list_pairs(session, office, first=100)]

    assert [row for page in pages for row in page] == whole
    assert len(pages) == (len(whole) + 1) // 2


@pytest.mark.parametrize("first", [0, 101])
def test_a_page_of_pairs_is_bounded(engine: Engine, world: World, first: int) -> None:
    """No question of a partner reads a whole table."""
    with transaction(engine, read_only=True) as session:
        with pytest.raises(ValueError, match="1 to 100"):
            list_pairs(session, world.organisations["EAST"], first=first)
        with pytest.raises(ValueError, match="1 to 100"):
            list_unmet(session, world.organisations["EAST"], first=first)


def test_the_unmet_are_seen_with_what_took_their_candidates(engine: Engine, world: World, plan: Plan) -> None:
    """S1 waits for a man at the door; S5 for somebody who speaks Shanghainese; S2 may use no bath."""
    change(engine, Need, world.needs["S1-door_visit"], gender_wish="male")
    change(engine, Need, world.needs["S5-greeting"], language_wish="sh")
    change(engine, Project, world.project, eligibility={"min_age": 100})
    plan()

    assert _unmet(engine, world.organisations["EAST"]) == [
        ("S1", "door_visit", "gender"),
        ("S2", "bath", "eligibility"),
    ]
    assert _unmet(engine, world.organisations["EAST"], service="bath") == [("S2", "bath", "eligibility")]
    assert _unmet(engine, world.organisations["WEST"]) == [("S5", "greeting", "language")]


def test_reasons_are_words_in_both_languages(engine: Engine, world: World, plan: Plan) -> None:
    """A coordinator reads why, not a code."""
    change(engine, Need, world.needs["S1-greeting"], gender_wish="male")
    change(engine, Volunteer, world.volunteers["V2"], max_needs=1)
    change(engine, Need, world.needs["S1-door_visit"], gender_wish="male")
    plan()

    with transaction(engine, read_only=True) as session:
        nearest, *others = list_pairs(session, world.organisations["EAST"], first=100)
        [unmet] = list_unmet(session, world.organisations["EAST"], first=100)

    metres = nearest.distance_m
    assert pair_reason(nearest) == f"步行 {metres} 米，是 1 位合适的志愿者中最近的一位。"
    assert pair_reason(nearest, "en") == f"{metres} m on foot: the nearest of 1 who could come."
    assert [row.candidates for row in others] == [2, 2, 2]
    assert unmet_reason(unmet) == "附近没有所希望性别的志愿者。（各规则排除人数：服务技能 4，性别 1）"
    assert (
        unmet_reason(unmet, "en")
        == "No volunteer of the wished gender is near. (taken away by rule: skill 4, gender 1)"
    )


def test_a_pair_that_is_not_the_nearest_says_so(engine: Engine, world: World, plan: Plan) -> None:
    """V1 and V2 both are full with three; somebody gets the second nearest, and reads why."""
    change(engine, Volunteer, world.volunteers["V1"], max_needs=3)
    change(engine, Volunteer, world.volunteers["V2"], lon_deg=121.4303)
    plan()

    with transaction(engine, read_only=True) as session:
        rows = [row for row in list_pairs(session, world.organisations["EAST"], first=100) if row.rank > 1]

    assert rows
    assert "number 2 by distance of 2" in pair_reason(rows[0], "en")
    assert "距离排第 2" in pair_reason(rows[0])


def test_an_own_plan_speaks_for_own_needs(engine: Engine, world: World, plan: Plan) -> None:
    """After EAST plans anew each of its needs has one pair, its own; WEST and the office see what holds for each."""
    district = plan()
    own = plan("EAST")

    with transaction(engine, read_only=True) as session:
        seen = {
            code: {row.plan_id for row in list_pairs(session, world.organisations[code], first=100)}
            for code in ("EAST", "WEST")
        }

    assert seen == {"EAST": {own}, "WEST": {district}}
    assert len(_pairs(engine, world.organisations["EAST"])) == 5


def _is_seen(session: Session, plan: int, organisation: int) -> bool:
    try:
        return plan_seen(session, plan, organisation_id=organisation).id == plan
    except NotFound:
        return False


def test_proposals_are_seen_by_their_own_alone(engine: Engine, world: World, plan: Plan) -> None:
    """A plan is shown to others when it is in force or was; an organisation's never."""
    district = plan(is_proposed=True)
    own = plan("EAST", is_proposed=True)
    east, west = world.organisations["EAST"], world.organisations["WEST"]

    assert _pairs(engine, east, plan_id=own)
    assert [_pairs(engine, west, plan_id=number) for number in (own, district)] == [[], []]
    with transaction(engine, read_only=True) as session:
        assert plan_seen(session, own, organisation_id=east, is_own=True).id == own
        asked = ((own, west), (district, east), (99, east), (own, east))
        assert [_is_seen(session, number, who) for number, who in asked] == [False, False, False, True]


def test_a_plan_that_was_in_force_can_be_read_later(engine: Engine, world: World, plan: Plan) -> None:
    """Whoever asks why something was planned last month finds the plan and its pairs."""
    first = plan()
    second = plan(starts_on=MONDAY + timedelta(days=14))
    east = world.organisations["EAST"]

    assert _pairs(engine, east, plan_id=first) == _pairs(engine, east, plan_id=second)
    with transaction(engine, read_only=True) as session:
        assert plan_seen(session, first, organisation_id=east).state == "superseded"
        with pytest.raises(NotFound):
            plan_seen(session, first, organisation_id=east, is_own=True)


def test_shortage_counts_what_holds_by_street_and_service(engine: Engine, world: World, plan: Plan) -> None:
    """The district left S1's door visit unmet, EAST found somebody: it is not missing any more."""
    change(engine, Need, world.needs["S1-door_visit"], gender_wish="male")
    change(engine, Need, world.needs["S5-greeting"], language_wish="sh")
    change(engine, Need, world.needs["S6-greeting"], status="closed")
    change(engine, Senior, world.seniors["S7"], status="moved")
    plan()
    before = _shortage(engine, world, "CF1")
    change(engine, Need, world.needs["S1-door_visit"], gender_wish="any")

    plan("EAST")

    ganquan, zhenru = "310107004", "310107007"
    assert before == {
        (ganquan, "greeting"): (4, 0),
        (ganquan, "door_visit"): (1, 1),
        (ganquan, "bath"): (1, 0),
        (zhenru, "greeting"): (2, 1),
    }
    assert _shortage(engine, world, "CF1") == before | {(ganquan, "door_visit"): (1, 0)}
    assert set(_shortage(engine, world, "WEST")) == {(zhenru, "greeting")}


def _shortage(engine: Engine, world: World, code: str) -> dict[tuple[str, str], tuple[int, int]]:
    with transaction(engine, read_only=True) as session:
        rows = shortage_rows(session, areas_of(world.organisations[code]))
        return {(row.area_code, row.service): (row.needs, row.unmet) for row in rows}


def test_an_organisation_without_streets_sees_nothing(engine: Engine, world: World, plan: Plan) -> None:
    """Scope is what was given, and no scope is not everything."""
    plan()
    with transaction(engine) as session:
        session.execute(delete(OrganisationArea))

    assert _pairs(engine, world.organisations["EAST"]) == []
    assert _shortage(engine, world, "CF1") == {}


def test_a_need_of_no_plan_is_not_met(engine: Engine, world: World, plan: Plan) -> None:
    """Before the first plan nobody is served, and who came after it waits for the next: both are short."""
    before = _shortage(engine, world, "EAST")
    plan("EAST")
    new = add(engine, bath_of(world, "S3", "EAST"))

    after = _shortage(engine, world, "EAST")
    with transaction(engine, read_only=True) as session:
        rows = {row.service: row.unplanned for row in shortage_rows(session, areas_of(world.organisations["CF1"]))}

    assert new
    assert before["310107004", "greeting"] == (4, 4)
    assert (after["310107004", "greeting"], after["310107004", "bath"]) == ((4, 0), (2, 1))
    assert rows == {"greeting": 4, "door_visit": 0, "bath": 1}
