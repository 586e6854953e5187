"""Rule `window`: a visit lies within the days and hours of both, as long as asked; so does a booking."""

from dataclasses import replace

import pytest

from matching.problem import Once
from matching.solve import solve
from tests.matching.answers import answer, bookings_of, faults, unmet_of, visits_of
from tests.matching.questions import Need, Slot, Volunteer, bath, question

NEED = Need(frequency=Once(), window_min=(480, 600), duration_min=30, days=(2, 5))
HELPER = Volunteer(window_min=(500, 580))


@pytest.mark.parametrize(("day", "start"), [(2, 500), (4, 550), (3, 525)])
def test_judge_allows_the_edges_of_both_windows(day: int, start: int) -> None:
    """The first and the last minute, the first and the last day."""
    asked = question(NEED, HELPER)

    plan = answer(asked, pairs=[(1, 11)], visits=[(1, 11, day, start)])

    assert faults(asked, plan) == ()


@pytest.mark.parametrize(
    ("day", "start"),
    [(2, 499), (4, 551), (1, 525), (5, 525), (2, 2**63 - 1), (-1, 525), (2**62, 525)],
    ids=["too early", "too late", "before its days", "after its days", "beyond counting", "before", "beyond days"],
)
def test_judge_forbids_a_minute_or_a_day_outside(day: int, start: int) -> None:
    """A minute outside is a senior not at home, or a volunteer still at work."""
    asked = question(NEED, HELPER)

    plan = answer(asked, pairs=[(1, 11)], visits=[(1, 11, day, start)])

    assert f"window: need 1: day {day}, minute {start} is outside its windows" in faults(asked, plan)


@pytest.mark.parametrize("off_min", [-1, 1])
def test_judge_forbids_a_visit_of_another_length(off_min: int) -> None:
    """A shortened visit is a broken promise; a lengthened one earns minutes nobody asked for."""
    asked = question(NEED, HELPER)
    plan = answer(asked, pairs=[(1, 11)], visits=[(1, 11, 3, 510)])

    wrong = replace(plan, visits=replace(plan.visits, durations_min=plan.visits.durations_min + off_min))

    assert faults(asked, wrong) == (f"window: need 1: {30 + off_min} min on day 3, 30 min are asked",)


def test_judge_forbids_a_day_after_the_horizon() -> None:
    """A need that goes on does not make the horizon longer."""
    asked = question(Need(frequency=Once()), Volunteer(), days=7)

    plan = answer(asked, pairs=[(1, 11)], visits=[(1, 11, 7, 480)])

    assert "window: need 1: day 7, minute 480 is outside its windows" in faults(asked, plan)


@pytest.mark.parametrize("hours", [(540, 600), (540, 570)], ids=["as wide as the window", "as long as the bath"])
def test_judge_allows_a_slot_within_the_need_s_window(hours: tuple[int, int]) -> None:
    """A slot that just fits, and one that is just long enough."""
    asked = question(bath(window_min=(540, 600), duration_min=30), Slot(hours_min=hours))

    plan = answer(asked, bookings=[(1, 21)])

    assert faults(asked, plan) == ()


@pytest.mark.parametrize("hours", [(539, 600), (540, 601), (540, 569)], ids=["too early", "too late", "too short"])
def test_judge_forbids_a_slot_outside_the_need_s_window(hours: tuple[int, int]) -> None:
    """A bath at an hour when the senior cannot come, or too short to be one, is none."""
    asked = question(bath(window_min=(540, 600), duration_min=30), Slot(hours_min=hours))

    plan = answer(asked, bookings=[(1, 21)])

    assert faults(asked, plan) == (
        f"window: need 1: slot 21, minutes {hours[0]} to {hours[1]}, is outside its windows",
    )


@pytest.mark.parametrize(
    ("need", "helper", "start"),
    [((480, 600), (570, 1000), 570), ((570, 1000), (480, 600), 570), ((480, 510), (0, 1440), 480)],
    ids=["the last half hour of the need", "of the volunteer", "the need's only one"],
)
def test_engine_uses_the_only_minutes_both_have(need: tuple[int, int], helper: tuple[int, int], start: int) -> None:
    """Where exactly one start is possible, it is found."""
    plan = solve(question(Need(window_min=need), Volunteer(window_min=helper)))

    assert {start for _, _, _, start in visits_of(plan)} == {start}


def test_engine_visits_within_the_need_s_days() -> None:
    """A need that begins and ends within the horizon is visited there."""
    plan = solve(question(Need(frequency=Once(), days=(3, 4)), Volunteer()))

    assert visits_of(plan) == [(1, 11, 3, 480)]


def test_engine_books_slots_within_the_need_s_window() -> None:
    """Nearer slots too early, too late and too short are passed by; the one that fits is used."""
    slots = [
        Slot(id=21, hours_min=(539, 600)),
        Slot(id=22, hours_min=(540, 601)),
        Slot(id=23, hours_min=(540, 569)),
        Slot(id=24, hours_min=(540, 600), east_m=900),
    ]

    plan = solve(question(bath(window_min=(540, 600), duration_min=30), *slots))

    assert bookings_of(plan) == [(1, 24)]


@pytest.mark.parametrize("day", [1, 4, 7], ids=["before", "after", "past the horizon"])
def test_engine_books_no_slot_outside_the_need_s_days(day: int) -> None:
    """A slot on another day is taken away by availability."""
    plan = solve(question(bath(frequency=Once(), days=(2, 4)), Slot(day=day)))

    assert unmet_of(plan) == {1: "availability"}
