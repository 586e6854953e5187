"""Rule `eligibility`: a need uses only resources that are open to it."""

import pytest

from matching.solve import solve
from tests.matching.answers import answer, bookings_of, faults, unmet_of
from tests.matching.questions import Slot, bath, question

BATH_HOUSE, BATH_BUS = 31, 32


def test_judge_allows_the_resource_that_is_open() -> None:
    """A project may open its resource to one senior and not to the next."""
    asked = question(bath(id=1), bath(id=2), Slot(places=2), bookable=[(1, BATH_HOUSE)])

    plan = answer(asked, bookings=[(1, 21)], unmet=[2])

    assert faults(asked, plan) == ()


def test_judge_forbids_a_resource_that_is_not_open() -> None:
    """Places paid for one group must not go to another, however near."""
    asked = question(bath(id=1), bath(id=2), Slot(places=2), bookable=[(1, BATH_HOUSE)])

    plan = answer(asked, bookings=[(1, 21), (2, 21)])

    assert faults(asked, plan) == ("eligibility: need 2 uses resource 31, which is not open to it",)


def test_engine_books_the_resource_that_is_open() -> None:
    """The nearer resource of another project is passed by."""
    slots = [Slot(id=21, resource=BATH_HOUSE), Slot(id=22, resource=BATH_BUS, east_m=900)]

    plan = solve(question(bath(), *slots, bookable=[(1, BATH_BUS)]))

    assert bookings_of(plan) == [(1, 22)]


@pytest.mark.parametrize("bookable", [[], [(2, BATH_HOUSE)], [(1, BATH_BUS)]])
def test_engine_books_nothing_that_is_not_open(bookable: list[tuple[int, int]]) -> None:
    """The reason says that no resource is open to the senior, so that a project can be planned for it."""
    plan = solve(question(bath(id=1), Slot(resource=BATH_HOUSE), bookable=bookable))

    assert unmet_of(plan) == {1: "eligibility"}


@pytest.mark.parametrize(
    ("need", "resource", "other"),
    [(5, 3, (6, -5)), (2**40, 2**40, (2**41, 2**39))],
    ids=["negative", "beyond 64 bits when multiplied"],
)
def test_openness_never_spills_to_others(need: int, resource: int, other: tuple[int, int]) -> None:
    """Two large numbers that look alike when multiplied must not open a door to strangers."""
    slots = [Slot(id=21, resource=resource), Slot(id=22, resource=-5, day=6)]

    plan = solve(question(bath(id=need), *slots, bookable=[other]))

    assert unmet_of(plan) == {need: "eligibility"}
