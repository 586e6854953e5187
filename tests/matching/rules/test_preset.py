"""Rule `preset`: a pair that must be is there, unless its need is said to be unmet because of the calendar."""

from dataclasses import replace
from typing import Any

import pytest

from matching.plan import UnmetReason
from matching.solve import solve
from tests.matching.answers import answer, faults, pairs_of, unmet_of
from tests.matching.questions import MON, Need, Volunteer, question

FAR_ONE = {"preset": [[1, 12]]}
NEAR, FAR = Volunteer(id=11), Volunteer(id=12, east_m=900)


def test_judge_allows_the_pair_that_must_be() -> None:
    """It is there, though another volunteer is nearer."""
    asked = question(Need(), NEAR, FAR, tables=FAR_ONE)

    plan = answer(asked, pairs=[(1, 12)], visits=[(1, 12, 0, 480)])

    assert faults(asked, plan) == ()


def test_judge_forbids_another_pair_in_its_place() -> None:
    """A daughter who was promised as the visitor of her father is not replaced by a stranger."""
    asked = question(Need(), NEAR, FAR, tables=FAR_ONE)

    plan = answer(asked, pairs=[(1, 11)], visits=[(1, 11, 0, 480)])

    assert faults(asked, plan) == ("preset: need 1 and volunteer 12: this pair must be",)


def test_judge_allows_what_no_calendar_can_hold() -> None:
    """Where no day is found the need is unmet, and the plan says that the calendar is why."""
    asked = question(Need(), NEAR, FAR, tables=FAR_ONE)
    plan = answer(asked, unmet=[1])

    undated = replace(plan, unmet=replace(plan.unmet, reasons=(UnmetReason.CALENDAR,)))

    assert faults(asked, undated) == ()
    assert faults(asked, plan) == ("preset: need 1 and volunteer 12: this pair must be",)


def test_engine_keeps_the_pair_that_must_be() -> None:
    """Neither a nearer volunteer nor a dearer need takes its place."""
    needs = [Need(id=1), Need(id=2, penalty=900_000, east_m=900)]

    plan = solve(question(*needs, NEAR, replace(FAR, max_needs=1), tables=FAR_ONE))

    assert pairs_of(plan) == [(1, 12), (2, 11)]


def test_engine_keeps_it_beyond_the_nearest_candidates() -> None:
    """Thirty nearer volunteers do not push it out of sight."""
    crowd = [Volunteer(id=100 + number, east_m=number) for number in range(40)]

    plan = solve(question(Need(), *crowd, FAR, tables=FAR_ONE))

    assert pairs_of(plan) == [(1, 12)]


@pytest.mark.parametrize("volunteer", [replace(FAR, skills=0), replace(FAR, east_m=5_000), replace(FAR, weekdays=0)])
def test_engine_refuses_a_pair_that_cannot_be(volunteer: Volunteer) -> None:
    """A pair set against a rule is a mistake of the caller, named with both ids."""
    with pytest.raises(ValueError, match="need 1 and volunteer 12"):
        solve(question(Need(weekdays=MON), NEAR, volunteer, tables=FAR_ONE))


def test_engine_says_when_it_cannot_be_dated() -> None:
    """Two pairs that must be, in the same half hour: one is unmet, and the reason is the calendar."""
    at_eight: dict[str, Any] = {"window_min": (480, 510), "weekdays": MON}
    needs = [Need(id=1, **at_eight), Need(id=2, **at_eight)]

    plan = solve(question(*needs, NEAR, FAR, tables={"preset": [[1, 12], [2, 12]]}))

    assert list(unmet_of(plan).values()) == ["calendar"]


def test_engine_refuses_pairs_that_cannot_all_be() -> None:
    """More minutes than a volunteer has are said before anything is planned."""
    both = {"preset": [[1, 12], [2, 12]]}

    with pytest.raises(ValueError, match="cannot all stand"):
        solve(question(Need(id=1), Need(id=2), replace(FAR, weekly_cap_min=30), tables=both))
