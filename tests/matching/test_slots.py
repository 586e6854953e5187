"""Places of shared resources go to due visits, each slice of days by itself."""

import numpy as np
import pytest

from matching import candidates, slots
from matching.problem import EveryNDays, Once, Problem, TimesPerWeek
from matching.slots import book, count_taken, find_places
from matching.solve import solve
from tests.matching.answers import bookings_of, unmet_of
from tests.matching.questions import MON, Slot, bath, question

WEEKLY = [Slot(id=21 + week, day=7 * week + 2, places=1) for week in range(4)]


def test_each_week_has_its_own_booking() -> None:
    """Four weeks, four baths, one in each."""
    plan = solve(question(bath(frequency=TimesPerWeek(1)), *WEEKLY, days=28))

    assert bookings_of(plan) == [(1, 21), (1, 22), (1, 23), (1, 24)]
    assert unmet_of(plan) == {}


def test_visits_without_a_place_are_told_with_their_days() -> None:
    """Who looks for another place knows for which week."""
    asked = question(bath(frequency=TimesPerWeek(1)), *WEEKLY[:1], *WEEKLY[2:], days=28)

    booked = book(asked)

    assert booked.unmet.tolist() == [0]
    assert booked.open_needs.tolist() == [0]
    assert booked.open_slices.tolist() == [[7, 14]]
    assert booked.objective == 20_000


def test_need_met_in_part_keeps_what_it_has() -> None:
    """Three baths of four are better than none; the need is unmet all the same."""
    plan = solve(question(bath(frequency=TimesPerWeek(1)), *WEEKLY[:3], days=28))

    assert bookings_of(plan) == [(1, 21), (1, 22), (1, 23)]
    assert unmet_of(plan) == {1: "availability"}


def test_the_last_place_goes_where_it_is_worth_most() -> None:
    """Two want the only place of the week: the one whose waiting weighs more has it."""
    baths = [bath(id=1, penalty=5_000), bath(id=2, penalty=6_000, east_m=900)]

    plan = solve(question(*baths, Slot(places=1)))

    assert bookings_of(plan) == [(2, 21)]
    assert unmet_of(plan) == {1: "slot_places"}


@pytest.mark.parametrize(
    ("days", "slices"),
    [((0, 366), [[0, 3], [3, 6]]), ((-5, 4), [[0, 3]]), ((6, 9), []), ((9, 12), [])],
    ids=["all days", "ends within", "begins too late", "after the horizon"],
)
def test_due_visits_lie_within_need_and_horizon(days: tuple[int, int], slices: list[list[int]]) -> None:
    """Days outside either ask for nothing; without a slot every due visit stays open."""
    booked = book(question(bath(frequency=EveryNDays(3), days=days), days=7))

    assert booked.open_slices.tolist() == slices


def test_places_are_found_for_each_due_visit_by_itself() -> None:
    """Arcs name the due visit, the slot and the metres."""
    asked = question(bath(frequency=Once()), Slot(id=21, day=1, east_m=50), Slot(id=22, day=5, east_m=60))

    due, found, metres = find_places(asked, owners=np.array([0, 0]), slices=np.array([[0, 3], [3, 7]]))

    assert (due.tolist(), found.tolist(), metres.tolist()) == ([0, 1], [0, 1], [50, 60])


def _crowded() -> Problem:
    """Thirty baths of all kinds for nine slots of three resources, two of which are open to each."""
    baths = [
        bath(id=n, east_m=37 * n % 900, skill=n % 2, frequency=TimesPerWeek(1 + n % 2), weekdays=127 ^ (MON * (n % 3)))
        for n in range(30)
    ]
    slots_of_week = [Slot(id=50 + n, resource=60 + n % 3, skill=n % 2, day=n, east_m=90 * n) for n in range(9)]
    return question(
        *baths, *slots_of_week, days=14, bookable=[(n, 60 + (n + k) % 3) for n in range(30) for k in (0, 1)]
    )


def test_search_in_small_blocks_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks bound the memory; where one ends and the next begins must not matter."""
    asked = _crowded()
    whole, counts = book(asked), count_taken(asked, book(asked).unmet, book(asked))

    monkeypatch.setattr(candidates, "CELLS", 5)

    blocks = book(asked)
    assert blocks.slots.tolist() == whole.slots.tolist()
    assert blocks.open_slices.tolist() == whole.open_slices.tolist()
    assert [part.tolist() for part in count_taken(asked, blocks.unmet, blocks)] == [part.tolist() for part in counts]


def test_counts_keep_the_order_asked_for() -> None:
    """Needs may be asked about in any order."""
    asked = _crowded()
    booked = book(asked)

    taken, remaining = count_taken(asked, booked.unmet, booked)

    turned, left = count_taken(asked, booked.unmet[::-1], booked)
    assert turned[::-1].tolist() == taken.tolist()
    assert left[::-1].tolist() == remaining.tolist()
    assert taken.shape == (len(booked.unmet), len(slots.COUNTED))
