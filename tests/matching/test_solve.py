"""The pipeline tells how far it is, can be stopped, and hands out no plan that the judge rejects."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from matching.plan import Plan, Status
from matching.problem import Problem
from matching.solve import STAGES, Cancelled, PlanRejected, solve
from tests.matching.answers import unmet_of
from tests.matching.questions import Need, Slot, Volunteer, bath, pair, question, village


def _told(asked: Problem) -> tuple[list[tuple[str, float]], Plan]:
    told: list[tuple[str, float]] = []
    plan = solve(asked, progress=lambda stage, share: told.append((stage, share)))
    return told, plan


def test_progress_goes_from_nothing_to_all_and_never_back() -> None:
    """A bar that jumps back makes people start the work again."""
    told, _ = _told(village())

    shares = [share for _, share in told]
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert all(earlier <= later for earlier, later in pairwise(shares))


def test_progress_names_every_stage_as_it_begins_and_ends() -> None:
    """Whoever waits sees what is being done."""
    told, plan = _told(village())

    assert [stage for stage, _ in told] == [stage for stage in STAGES for _ in range(2)]
    assert list(plan.seconds_by_stage) == list(STAGES)
    assert min(plan.seconds_by_stage.values()) >= 0


def _stops_after(stages: int) -> Callable[[], bool]:
    asked = iter([False] * stages + [True])
    return lambda: next(asked)


@pytest.mark.parametrize("stages", range(len(STAGES)))
def test_cancellation_is_heard_before_every_stage(stages: int) -> None:
    """Who asked to stop gets no plan, and waits for one stage at most."""
    told: list[str] = []

    with pytest.raises(Cancelled):
        solve(village(), progress=lambda stage, _: told.append(stage), is_cancelled=_stops_after(stages))

    assert sorted(set(told)) == sorted(STAGES[:stages])


def test_solving_goes_on_while_nobody_cancels() -> None:
    """To be asked is not to be stopped."""
    assert solve(pair(), is_cancelled=lambda: False).status == Status.OPTIMAL


def test_plan_that_the_judge_rejects_is_an_error_with_the_problem() -> None:
    """Here all room is taken away behind the engine's back after pairing, as if the engine had overrun it."""
    asked = pair()

    def take_the_room_away(stage: str, _share: float) -> None:
        asked.volunteers.max_needs.setflags(write=True)
        asked.volunteers.max_needs[:] = int(stage != "verify")

    with pytest.raises(PlanRejected, match="capacity: volunteer 11 has 1 needs, takes 0") as rejected:
        solve(asked, progress=take_the_room_away)

    assert rejected.value.problem is asked
    assert rejected.value.faults == ("capacity: volunteer 11 has 1 needs, takes 0",)
    assert Problem.from_json(rejected.value.problem.to_json()).needs.ids.tolist() == [1]


def test_plan_carries_its_proof() -> None:
    """Seed, method, status, bound and verdict come with every plan."""
    plan = solve(question(Need(), Volunteer(east_m=7), seed=5))

    assert (plan.seed, plan.method, plan.status) == (5, "min-cost flow", Status.OPTIMAL)
    assert (plan.objective, plan.bound, plan.gap) == (7, 7, 0.0)
    assert (plan.starts_on, plan.horizon_days) == ("2026-03-02", 7)
    assert plan.verdict.holds


def test_unmet_are_listed_by_id_with_counts_of_every_rule() -> None:
    """Greetings and baths stand in one list; each row adds up to all who were asked."""
    rows: list[Need | Volunteer | Slot] = [
        bath(id=3, skill=1),
        Need(id=2, skill=1),
        Need(id=1, east_m=5_000),
        Volunteer(id=11, skills=1),
        Volunteer(id=12, skills=1, east_m=10),
        Slot(id=21),
    ]

    plan = solve(question(*rows))

    assert list(unmet_of(plan).items()) == [(1, "distance"), (2, "skill"), (3, "skill")]
    assert plan.unmet.taken_by_rule.sum(axis=1).tolist() == [2, 2, 1]
    assert plan.unmet.remaining.tolist() == [0, 0, 0]


AT_EIGHT: dict[str, Any] = {"window_min": (480, 510), "weekdays": 0b1}


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([Need(), Need(id=2), Volunteer(max_needs=1)], "capacity"),
        ([bath(), bath(id=2), Slot()], "slot_places"),
        ([Need(penalty=1), Volunteer(east_m=2)], "cost"),
        ([bath(penalty=1), Slot(east_m=2)], "cost"),
        ([Need(), Volunteer(weekly_cap_min=1)], "capacity"),
        ([Need(**AT_EIGHT), Need(id=2, **AT_EIGHT), Volunteer()], "calendar"),
    ],
    ids=["full", "booked up", "not worth the way", "not worth the way to a slot", "no minutes", "no days"],
)
def test_reason_is_what_ran_out(rows: list[Need | Volunteer | Slot], reason: str) -> None:
    """People, places, worth or days: each has its own remedy."""
    plan = solve(question(*rows))

    assert set(unmet_of(plan).values()) == {reason}
    assert plan.unmet.remaining.tolist() == [1]
