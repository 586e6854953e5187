"""What-if: a problem changed in a few words is solved beside the real one, and both stand in one table."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.instances import district
from matching.figures import count_figures
from matching.problem import Needs, Problem, ServedBy, Slots
from matching.solve import solve
from matching.whatif import Change, FewerVolunteers, MorePlaces, MoreVolunteers, Weigh, what_if


@pytest.fixture(scope="module")
def short() -> Problem:
    """Sixty seniors and eight volunteers of six places each: twelve seniors are left out."""
    drawn = district(seniors=60, volunteers=8, seed=3)
    near = replace(drawn.params, max_distance_m=50_000)
    everyone = replace(drawn.volunteers, ids=np.arange(1, 9))
    return replace(drawn, params=near, needs=replace(drawn.needs, genders=np.zeros(60, np.int64)), volunteers=everyone)


def rows_of(problem: Problem, *changes: Change) -> dict[str, list[float]]:
    """Return before and after of every figure."""
    return {row.name: [row.before, row.after] for row in what_if(problem, changes).rows}


def test_more_volunteers_meet_more(short: Problem) -> None:
    """Three more volunteers in a street meet all that could not be met, and the table says so."""
    area = int(short.needs.areas[0])

    rows = rows_of(short, MoreVolunteers(3, area))

    assert rows["needs_met"] == [48, 60]
    assert rows["seniors_with_nobody"] == [12, 0]


def test_comparison_counts_what_the_plans_hold(short: Problem) -> None:
    """Every figure of the table is the figure of the plan it stands for."""
    compared = what_if(short, [Weigh("max_distance_m", 1500)])

    figures = dict(count_figures(short, solve(short)).rows())
    assert {row.name: row.before for row in compared.rows if row.name in figures} == figures
    assert compared.changes == ("max_distance_m = 1500",)
    assert all(row.difference == pytest.approx(row.after - row.before) for row in compared.rows)


def test_nothing_changed_is_no_difference(short: Problem) -> None:
    """A question without a change compares a plan with itself."""
    assert {values[0] - values[1] for values in rows_of(short).values()} == {0}


def test_fewer_volunteers_meet_fewer(short: Problem) -> None:
    """Without two volunteers twelve more seniors have nobody; pairs they stood in are forgotten, not broken."""
    standing = replace(short, standing=np.array([[1, 1], [2, 2]]), preset=np.array([[1, 1]]))

    changed = FewerVolunteers((1, 2)).apply(standing)
    rows = rows_of(short, FewerVolunteers((1, 2)))

    assert rows["needs_met"] == [48, 36]
    assert (len(changed.standing), len(changed.preset)) == (0, 0)


def test_shortage_is_compared_by_area(short: Problem) -> None:
    """Unmet needs of the streets add up to the unmet needs of the plan."""
    rows = rows_of(short, MoreVolunteers(1, int(short.needs.areas[0])))

    unmet = [values for name, values in rows.items() if name.startswith("unmet area")]
    assert [sum(column) for column in zip(*unmet, strict=True)] == [12, 6]


def test_more_places_serve_more() -> None:
    """One place more in each bath session serves one senior more in each."""
    base = district(seniors=6, volunteers=1, seed=1)
    needs = replace(
        base.needs,
        served_by=np.full(6, ServedBy.SLOT),
        frequency_kinds=np.full(6, 4),
        frequency_counts=np.ones(6, np.int64),
    )
    rows_by_column = {"ids": [1, 2], "resource_ids": [5, 5], "skills": [0, 0], "days": [3, 4], "places": [1, 1]}
    hours = {"starts_min": [600, 600], "ends_min": [660, 660]}
    columns = {name: np.array(values) for name, values in (rows_by_column | hours).items()}
    slots = Slots(lats_deg=np.full(2, 31.25), lons_deg=np.full(2, 121.4), **columns)
    asked = replace(base, needs=needs, slots=slots, bookable=np.column_stack((needs.ids, np.full(6, 5))))

    rows = rows_of(asked, MorePlaces(5, 1))

    assert rows["bookings"] == [2, 4]
    assert MorePlaces(5, -9).apply(asked).slots.places.tolist() == [0, 0]


def test_newcomers_live_where_they_are_needed(short: Problem) -> None:
    """Where nobody is a model, newcomers live among the seniors of the area and have the skill."""
    elsewhere = replace(short, volunteers=replace(short.volunteers, areas=np.full(8, 99)))
    area = int(short.needs.areas[0])

    changed = MoreVolunteers(4, area, skill=0).apply(elsewhere)

    homes = set(short.needs.lats_deg[short.needs.areas == area].tolist())
    assert changed.volunteers.ids.tolist()[-4:] == [9, 10, 11, 12]
    assert set(changed.volunteers.lats_deg.tolist()[-4:]) <= homes


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Weigh("beauty", 1), "no parameter 'beauty'"),
        (Weigh("seed", 1), "no parameter 'seed'"),
        (Weigh("max_distance_m", -1), "above 0"),
        (MoreVolunteers(-1, 1), "0 to 100,000 volunteers"),
        (MoreVolunteers(1, 1, skill=9), "No volunteer has that skill"),
    ],
)
def test_absurd_change_is_refused(change: Change, words: str, short: Problem) -> None:
    """What cannot be is said in words before anything is solved."""
    with pytest.raises(ValueError, match=words):
        what_if(short, [change])


def test_figures_of_nobody_are_zero() -> None:
    """A problem without needs has figures, all of them nothing."""
    empty = replace(district(seniors=1, volunteers=1), needs=Needs.empty())

    figures = count_figures(empty, solve(empty))

    assert (figures.needs, figures.mean_distance_m, figures.daily_load_cv, figures.volunteers_idle) == (0, 0.0, 0.0, 1)


def test_changed_pairs_are_counted(short: Problem) -> None:
    """A standing pair that the plan does not keep is a change; one that it keeps is none."""
    plan = solve(short)
    kept = [int(plan.pairs.need_ids[0]), int(plan.pairs.volunteer_ids[0])]
    lost = [int(plan.pairs.need_ids[1]), 999]

    figures = count_figures(replace(short, standing=np.array([kept, lost])), plan)

    assert figures.pairs_changed == 1
    assert figures.visitors_per_senior == 1.0
