"""Candidates are the nearest who are able, whoever is asked and however many were not."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import candidates, slots
from matching.candidates import count_taken, find_all, find_arcs
from matching.problem import Gender, Problem
from matching.solve import solve
from tests.matching.answers import unmet_of
from tests.matching.instances import FREQUENCIES, GENDERS, tiny_bookings
from tests.matching.plain import able_metres, due_days, first_rule_against
from tests.matching.questions import Need, Volunteer, bath, question

PLACES_M = st.integers(-700, 700)
WEEKDAYS = st.sampled_from([0b1111111, 0b0011111, 0b0101010, 0b1000001, 0b0000100])
STARTS_MIN, LENGTHS_MIN = st.integers(400, 700), st.integers(20, 600)


@st.composite
def crowds(draw: st.DrawFn) -> Problem:
    """Draw up to six needs and nine volunteers with every kind of wish, on few enough places that many are equal."""
    needs = [
        Need(
            id=number,
            senior=draw(st.integers(1, 3)),
            east_m=draw(PLACES_M),
            north_m=draw(PLACES_M),
            skill=draw(st.integers(0, 1)),
            gender=draw(GENDERS),
            languages=draw(st.integers(0, 3)),
            weekdays=draw(WEEKDAYS),
            window_min=(draw(STARTS_MIN), 1100),
            duration_min=draw(st.integers(10, 90)),
            frequency=draw(FREQUENCIES),
        )
        for number in range(draw(st.integers(0, 6)))
    ]
    people = [
        Volunteer(
            id=10 + number,
            east_m=draw(PLACES_M),
            north_m=draw(PLACES_M),
            skills=draw(st.integers(0, 3)),
            gender=draw(GENDERS),
            languages=draw(st.integers(0, 3)),
            weekdays=draw(st.one_of(WEEKDAYS, st.just(0))),
            window_min=(start := draw(STARTS_MIN), start + draw(LENGTHS_MIN)),
        )
        for number in range(draw(st.integers(0, 9)))
    ]
    never = draw(st.lists(st.tuples(st.integers(1, 3), st.integers(10, 18)), max_size=4))
    return question(*needs, *people, exclusions=never, candidates_per_need=draw(st.integers(1, 9)))


def _arc_metres(asked: Problem, arcs: candidates.Arcs) -> list[list[int]]:
    """Metres of each need's arcs, ascending."""
    return [arcs.distances_m[arcs.needs == need].tolist() for need in range(len(asked.needs))]


@settings(deadline=None, max_examples=200)
@given(asked=crowds())
def test_search_finds_the_nearest_able_ones(asked: Problem) -> None:
    """The tree, the widening and the columns together give what trying every pair one by one gives."""
    able = able_metres(asked)

    arcs = find_arcs(asked)

    most = asked.params.candidates_per_need
    assert _arc_metres(asked, arcs) == [sorted(row[row >= 0].tolist())[:most] for row in able]
    assert (able[arcs.needs, arcs.volunteers] == arcs.distances_m).all()
    assert len(set(zip(arcs.needs.tolist(), arcs.volunteers.tolist(), strict=True))) == len(arcs.needs)


@settings(deadline=None, max_examples=100)
@given(asked=crowds())
def test_full_search_finds_all_able_ones(asked: Problem) -> None:
    """No limit but the reach."""
    able = able_metres(asked)

    arcs = find_all(asked, np.arange(len(asked.needs)))

    assert _arc_metres(asked, arcs) == [sorted(row[row >= 0].tolist()) for row in able]
    assert (able[arcs.needs, arcs.volunteers] == arcs.distances_m).all()


@settings(deadline=None, max_examples=100)
@given(asked=crowds())
def test_what_rules_take_away_adds_up_to_all_volunteers(asked: Problem) -> None:
    """Each volunteer is counted once: under the first rule against them, or as one who remains."""
    everyone = range(len(asked.volunteers))

    taken, remaining = count_taken(asked, np.arange(len(asked.needs)))

    against = [[first_rule_against(asked, need, who) for who in everyone] for need in range(len(asked.needs))]
    assert taken.tolist() == [[row.count(rule) for rule in candidates.RULES] for row in against]
    assert remaining.tolist() == [row.count(None) for row in against]
    assert (taken.sum(axis=1) + remaining == len(asked.volunteers)).all()


@settings(deadline=None, max_examples=100)
@given(asked=tiny_bookings())
def test_what_rules_take_away_adds_up_to_all_slots(asked: Problem) -> None:
    """Each slot is counted once, and those that remain could take an open visit."""
    booked = slots.book(asked)

    taken, remaining = slots.count_taken(asked, booked.unmet, booked)

    due = [(need, days) for need, days in due_days(asked) if need in booked.unmet]
    arcs = slots.find_places(asked, booked.open_needs, booked.open_slices)
    able = [len(np.unique(arcs[1][booked.open_needs[arcs[0]] == need])) for need in booked.unmet]
    assert (taken.sum(axis=1) + remaining == len(asked.slots)).all()
    assert remaining.tolist() == able
    assert {need for need, _ in due} == set(booked.unmet.tolist())


def test_counts_keep_the_order_asked_for() -> None:
    """Needs may be asked for in any order, and twice."""
    asked = question(Need(id=1, skill=1), Need(id=2), Volunteer(skills=1))

    taken, remaining = count_taken(asked, np.array([1, 0, 1]))

    assert taken[:, 0].tolist() == [0, 1, 0]
    assert remaining.tolist() == [1, 0, 1]


@pytest.mark.parametrize("unfit", [29, 30, 31, 119, 120, 121, 500])
def test_nobody_is_left_alone_because_the_nearest_were_unfit(unfit: int) -> None:
    """However many of the nearest are of another gender, the one beyond them is found."""
    crowd = [Volunteer(id=100 + number, gender=Gender.MALE, east_m=number % 97) for number in range(unfit)]
    her = Volunteer(id=11, gender=Gender.FEMALE, east_m=999)

    arcs = find_arcs(question(Need(gender=Gender.FEMALE), *crowd, her))

    assert arcs.volunteers.tolist() == [unfit]
    assert arcs.distances_m.tolist() == [999]


def test_search_in_small_blocks_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks bound the memory; where one ends and the next begins must not matter."""
    asked = question(
        *(Need(id=n, east_m=31 * n % 700, gender=Gender(n % 3)) for n in range(40)),
        *(Volunteer(id=100 + n, east_m=17 * n % 900, gender=Gender(n % 3)) for n in range(50)),
        candidates_per_need=3,
    )
    everyone = np.arange(40)
    whole = find_arcs(asked), find_all(asked, everyone), count_taken(asked, everyone)

    monkeypatch.setattr(candidates, "CELLS", 7)

    blocks = find_arcs(asked), find_all(asked, everyone), count_taken(asked, everyone)
    assert [_lists(arcs) for arcs in blocks[:2]] == [_lists(arcs) for arcs in whole[:2]]
    assert [counts.tolist() for counts in blocks[2]] == [counts.tolist() for counts in whole[2]]


def _lists(arcs: candidates.Arcs) -> list[list[int]]:
    return [arcs.needs.tolist(), arcs.volunteers.tolist(), arcs.distances_m.tolist()]


def test_reach_of_each_need_can_be_shorter() -> None:
    """Who knows that nothing beyond some metres is worth the way need not look there."""
    asked = question(Need(id=1), Need(id=2), Volunteer(id=11, east_m=100), Volunteer(id=12, east_m=500))

    arcs = find_all(asked, np.array([0, 1]), reaches_m=np.array([100.0, 499.0]))

    assert arcs.needs.tolist() == [0, 1]
    assert arcs.distances_m.tolist() == [100, 100]


def test_arcs_not_worth_a_look_are_left_out() -> None:
    """Arcs are asked about one by one, as needs, volunteers and metres."""
    asked = question(Need(id=1), Volunteer(id=11, east_m=100), Volunteer(id=12, east_m=500))

    arcs = find_all(asked, np.array([0]), worth=lambda _needs, who, metres: (who == 0) | (metres < 500))

    assert arcs.volunteers.tolist() == [0]


@pytest.mark.parametrize(
    ("asked", "reasons"),
    [
        (question(), {}),
        (question(Volunteer()), {}),
        (question(Need()), {1: "skill"}),
        (question(bath()), {1: "skill"}),
        (question(Need(), Volunteer(weekdays=0)), {1: "availability"}),
        (question(Need(east_m=2_000_000), Volunteer()), {1: "distance"}),
        (question(Need(duration_min=2**62), Volunteer()), {1: "availability"}),
    ],
    ids=["nothing", "no needs", "no volunteers", "no slots", "no days", "another country", "a visit without end"],
)
def test_absurd_questions_have_plain_answers(asked: Problem, reasons: dict[int, str]) -> None:
    """Emptiness and nonsense end in an answer with its reason, not in an error out of the engine's depths."""
    plan = solve(asked)

    assert unmet_of(plan) == reasons


def test_a_place_far_out_does_not_bend_the_others_metres() -> None:
    """One address on the equator, as a wrong one often is, leaves the walks of all others as they are."""
    near: list[Need | Volunteer] = [Need(id=1), Volunteer(id=11, east_m=500), Volunteer(id=12, east_m=501)]
    lost = Need(id=2, north_m=-3_474_000)

    arcs = find_arcs(question(*near, lost))

    assert arcs.distances_m.tolist() == find_arcs(question(*near)).distances_m.tolist() == [500, 501]


def test_needs_met_by_slots_have_no_volunteers() -> None:
    """A bath bus is not a neighbour."""
    asked = question(bath(id=1), Need(id=2), Volunteer())

    assert find_arcs(asked).needs.tolist() == [1]


def test_positions_are_found_in_any_order_of_ids() -> None:
    """Ids come from a database in whatever order it likes."""
    asked = question(Need(id=9, senior=5), Volunteer(id=30), Volunteer(id=12, east_m=9), exclusions=[(5, 12)])

    arcs = find_arcs(replace(asked))

    assert asked.volunteers.ids[arcs.volunteers].tolist() == [30]
