"""A whole city: one plan whoever works it off, little lost by cutting, a bound never above the optimum."""

from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from distributed import Client, LocalCluster
from hypothesis import given, settings

from benchmarks.instances import district
from matching import candidates, flow, portions
from matching.assign import LIGHT, Effort, StoppedBy
from matching.candidates import find_arcs
from matching.duals import flow_multipliers
from matching.pairing import Limits, roster_of
from matching.plan import Plan, Status
from matching.problem import FrequencyKind, Problem
from matching.regions import Cut
from matching.scale import solve_city
from matching.solve import solve
from matching.stages import Cancelled
from tests.matching.answers import pairs_of, unmet_of
from tests.matching.instances import Tiny, cheapest_by_trying, tiny_pairings
from tests.matching.questions import MON, TUE, Need, Volunteer, question

FOUR = Cut(areas=4)
BRIEF = Limits(effort=Effort(steps=20, moves_per_left=100, dives=(), passes=(), dive_work=0))


@pytest.fixture
def thread() -> Iterator[Executor]:
    """One thread."""
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.fixture(scope="module")
def town() -> Problem:
    """Three hundred seniors and sixty volunteers, all visits alike."""
    return district(seniors=300, volunteers=60)


@pytest.fixture(scope="module")
def unlike() -> Problem:
    """Sixty seniors whose visits take 35 to 120 minutes a week, and twelve volunteers with seven hours each."""
    problem = district(seniors=60, volunteers=12)
    kind = np.arange(60) % 5
    needs = replace(
        problem.needs,
        frequency_kinds=np.full(60, FrequencyKind.TIMES_PER_WEEK),
        frequency_counts=np.array([1, 1, 2, 3, 2])[kind],
        durations_min=np.array([35, 60, 35, 35, 60])[kind],
    )
    people = replace(problem.volunteers, weekly_caps_min=np.full(12, 420), max_needs=np.full(12, 9))
    return replace(problem, needs=needs, volunteers=people)


def told(plan: Plan) -> bytes:
    """Everything that a plan says, but for how long it took."""
    return replace(plan, seconds_by_stage={}).to_json()


@pytest.mark.parametrize("asked", ["town", "unlike"])
def test_plan_does_not_depend_on_the_executor(asked: str, request: pytest.FixtureRequest, thread: Executor) -> None:
    """One thread, one process, two processes: the same plan to the last minute of the last visit."""
    problem = request.getfixturevalue(asked)

    with ProcessPoolExecutor(1) as one, ProcessPoolExecutor(2) as two:
        plans = [solve_city(problem, cut=FOUR, executor=each, limits=BRIEF) for each in (thread, one, two)]

    assert told(plans[1]) == told(plans[0])
    assert told(plans[2]) == told(plans[0])


def test_processes_are_begun_where_no_executor_is_given(town: Problem, thread: Executor) -> None:
    """What travels to a process that was begun anew can be read there, and gives the same plan."""
    plan = solve_city(town, cut=Cut(areas=2, rounds=1))

    assert told(plan) == told(solve_city(town, cut=Cut(areas=2, rounds=1), executor=thread))


def test_cluster_makes_the_same_plan(town: Problem, thread: Executor) -> None:
    """A city goes to a cluster of two Dask workers by its executor, with no other change."""
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
    ):
        plan = solve_city(town, cut=FOUR, executor=client.get_executor())

    assert told(plan) == told(solve_city(town, cut=FOUR, executor=thread))


@pytest.mark.parametrize("volunteers", [240, 200])
def test_cutting_loses_little_and_says_how_much(volunteers: int, thread: Executor) -> None:
    """With hands enough and without: at most one per cent dearer than the whole, and the bound below the optimum."""
    problem = district(seniors=1_300, volunteers=volunteers)
    whole = solve(problem)

    plan = solve_city(problem, cut=Cut(areas=2), executor=thread)

    assert whole.status is Status.OPTIMAL
    assert plan.bound <= whole.objective <= plan.objective <= whole.objective * 1.01
    assert plan.gap < 0.03
    assert plan.method == "areas: 2 in 3 rounds, min-cost flow"
    assert len(plan.unmet.need_ids) == len(whole.unmet.need_ids)


def test_one_area_is_the_whole(town: Problem, thread: Executor) -> None:
    """Uncut, the bound meets the cost: the prices of a flow prove it."""
    plan = solve_city(town, cut=Cut(areas=1, rounds=1), executor=thread)

    assert (plan.objective, plan.status) == (solve(town).objective, Status.OPTIMAL)
    assert plan.stopped_by == StoppedBy.PROVEN


@settings(max_examples=60, deadline=None)
@given(tiny_pairings())
def test_bound_is_never_above_the_optimum(tiny: Tiny) -> None:
    """Over all who could come, not only the candidates looked at; found by trying everything."""
    best = cheapest_by_trying(tiny)

    with ThreadPoolExecutor(1) as executor:
        plan = solve_city(tiny.asked, cut=Cut(areas=2), executor=executor)

    assert plan.bound <= best <= plan.objective


def test_unlike_loads_are_searched_in_areas(unlike: Problem, thread: Executor) -> None:
    """The judge holds, the bound is below what the whole reaches, and the plan says how it was made."""
    whole = solve(unlike, limits=Limits(effort=LIGHT))

    plan = solve_city(unlike, cut=Cut(areas=2), executor=thread, limits=BRIEF)

    assert plan.method == "areas: 2 in 3 rounds, bound, annealing, bundles"
    assert 0 < plan.bound <= whole.objective
    assert plan.objective <= whole.objective * 1.2


def test_fewer_candidates_do_not_raise_the_bound(unlike: Problem, thread: Executor) -> None:
    """Looking at two candidates makes the plan dearer; a bound that followed would say there is nothing better."""
    few = replace(unlike, params=replace(unlike.params, candidates_per_need=2))

    plan = solve_city(few, cut=Cut(areas=1), executor=thread, limits=BRIEF)

    assert plan.bound <= solve(unlike, limits=Limits(effort=LIGHT)).objective


def test_loads_that_should_be_like_keep_their_bound(thread: Executor) -> None:
    """Fairness is part of the cost, and the bound stays below the optimum with it."""
    problem = district(seniors=300, volunteers=60)
    fair = replace(problem, params=replace(problem.params, fairness_m=200))

    plan = solve_city(fair, cut=FOUR, executor=thread)

    assert 0 < plan.bound <= solve(fair).objective


def test_who_come_together_share_their_days(thread: Executor) -> None:
    """Two come to one, and each goes alone to others: all of it is dated, whoever dates it."""
    rows: list[Need | Volunteer] = [
        Need(id=1, east_m=0, helpers=2),
        *(Need(id=number, east_m=100 * number) for number in range(2, 6)),
        *(Volunteer(id=10 + number, east_m=150 * number) for number in range(1, 5)),
    ]

    plan = solve_city(question(*rows), cut=FOUR, executor=thread)

    both = plan.visits.need_ids == 1
    assert sorted(plan.pairs.need_ids.tolist()) == [1, 1, 2, 3, 4, 5]
    assert len(set(plan.visits.volunteer_ids[both].tolist())) == 2
    assert len(set(zip(plan.visits.days[both].tolist(), plan.visits.starts_min[both].tolist(), strict=True))) == 1


@pytest.mark.parametrize(("far_m", "met"), [(600, [(1, 11), (2, 12)]), (1_500, [(1, 11)])])
def test_what_cannot_be_dated_goes_to_the_next(far_m: int, met: list[tuple[int, int]], thread: Executor) -> None:
    """Two visits of a whole window on one day do not fit one diary; the other goes to who has days, or stays unmet."""
    day = (480, 600)
    rows: list[Need | Volunteer] = [
        Need(id=1, east_m=0, window_min=day, duration_min=110, weekdays=MON),
        Need(id=2, east_m=0, window_min=day, duration_min=110, weekdays=MON),
        Volunteer(id=11, east_m=0, weekdays=MON),
        Volunteer(id=12, east_m=far_m, weekdays=MON | TUE),
    ]

    plan = solve_city(question(*rows), cut=Cut(areas=2), executor=thread)

    assert pairs_of(plan) == met
    assert unmet_of(plan) == ({} if len(met) == 2 else {2: "calendar"})


@pytest.mark.parametrize("count", [1, 3, 7])
def test_portions_find_the_same_candidates(count: int, town: Problem, thread: Executor) -> None:
    """Ranges of needs on the plane of the whole: the same volunteers at the same metres in the same order."""
    whole = find_arcs(town)

    arcs = portions.find_arcs(town, count, thread)

    assert arcs.needs.tolist() == whole.needs.tolist()
    assert arcs.volunteers.tolist() == whole.volunteers.tolist()
    assert arcs.distances_m.tolist() == whole.distances_m.tolist()


def test_portion_keeps_the_plane_of_the_whole(town: Problem) -> None:
    """Metres of a northern part are those of the city, though its own median lies elsewhere."""
    north = np.argsort(town.needs.lats_deg)[-10:]

    part = portions.portion_of(town, north, np.arange(5))

    assert candidates.planes(part).needs.tolist() == candidates.planes(town).needs[north].tolist()


def test_portion_takes_what_is_said_of_its_people(town: Problem) -> None:
    """Exclusions and standing pairs of others stay behind."""
    said = replace(town, exclusions=np.array([[1, 301], [2, 301], [1, 360]]), standing=np.array([[1, 301], [2, 302]]))

    part = portions.portion_of(said, np.array([0]), np.array([0]))

    assert part.exclusions.tolist() == [[1, 301]]
    assert part.standing.tolist() == [[1, 301]]


def test_prices_of_a_flow_add_up_to_its_cost(town: Problem) -> None:
    """Strong duality: what needs are worth, less what full volunteers are, is the cost of the optimum."""
    network = roster_of(town, find_arcs(town)).network
    rooms = network.max_lefts
    chosen = flow.solve(network, rooms)

    worth = flow_multipliers(network, chosen) // 256

    reduced = np.minimum(network.costs - worth[network.lefts], 0)
    order = np.lexsort((reduced, network.rights))
    place = np.arange(len(order)) - np.searchsorted(network.rights[order], network.rights[order])
    best = reduced[order][place < rooms[network.rights[order]]]
    assert worth.sum() + best.sum() == network.costs[chosen].sum()


def test_preset_pair_stands_in_a_city(town: Problem, thread: Executor) -> None:
    """A pair that must be is in the plan, though it is dear, and the bound holds with it."""
    whole = find_arcs(town)
    far = whole.volunteers[whole.needs == 0][-1]
    asked = replace(town, preset=np.array([[1, town.volunteers.ids[far]]]))

    plan = solve_city(asked, cut=FOUR, executor=thread)

    assert (1, int(town.volunteers.ids[far])) in pairs_of(plan)
    assert plan.bound <= solve(asked).objective


def test_progress_never_goes_back(town: Problem, thread: Executor) -> None:
    """It tells of areas inside the stage of pairing, from nothing to all."""
    heard: list[tuple[str, float]] = []

    solve_city(town, cut=FOUR, executor=thread, progress=lambda *what: heard.append(what))

    shares = [share for _, share in heard]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert len([share for stage, share in heard if stage == "pairing"]) > 6


def test_city_that_is_cancelled_has_no_plan(town: Problem, thread: Executor) -> None:
    """Whoever gives up is not kept waiting for all areas."""
    with pytest.raises(Cancelled):
        solve_city(town, cut=FOUR, executor=thread, is_cancelled=lambda: True)


def test_time_that_is_over_still_leaves_a_plan(unlike: Problem, thread: Executor) -> None:
    """A limit in seconds ends the search early; what is there holds, and the plan says why it is no better."""
    plan = solve_city(unlike, cut=FOUR, executor=thread, limits=replace(BRIEF, time_limit_s=0.0))

    assert plan.verdict.holds
    assert plan.stopped_by == StoppedBy.TIME


def test_city_of_nobody_is_planned(thread: Executor) -> None:
    """No needs, no volunteers, nothing to pay."""
    plan = solve_city(question(), cut=FOUR, executor=thread)

    assert (plan.objective, plan.bound, plan.status) == (0, 0, Status.OPTIMAL)
