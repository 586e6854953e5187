"""Rule `coverage`: every need is paired, fully booked or unmet; never two of these."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from matching.problem import TimesPerWeek
from matching.solve import solve
from tests.matching.answers import answer, bookings_of, faults, pairs_of, unmet_of, visits_of
from tests.matching.questions import Need, Slot, Volunteer, bath, question, storm

PAIRED: dict[str, Any] = {"pairs": [(1, 11)], "visits": [(1, 11, 0, 480)]}


def test_judge_allows_a_need_met_and_a_need_said_to_be_unmet() -> None:
    """A plan may leave needs unmet, as long as it says which."""
    asked = question(Need(id=1), Need(id=2), Volunteer(id=11))

    plan = answer(asked, **PAIRED, unmet=[2])

    assert faults(asked, plan) == ()


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        (PAIRED, "need 2 is neither paired nor unmet"),
        (PAIRED | {"unmet": [1, 2]}, "need 1 is both paired and unmet"),
        (PAIRED | {"pairs": [(1, 11), (1, 12)], "unmet": [2]}, "need 1 is paired 2 times"),
        (PAIRED | {"unmet": [2, 2]}, "need 2 is said to be unmet 2 times"),
        (
            PAIRED | {"visits": [(1, 12, 0, 480)], "unmet": [2]},
            "need 1 has a visit by volunteer 12, whom it is not paired with",
        ),
    ],
    ids=["forgotten", "both", "paired twice", "unmet twice", "a stranger comes"],
)
def test_judge_forbids_a_need_forgotten_or_counted_twice(parts: dict[str, Any], fault: str) -> None:
    """A senior who is on no list, or on two, is one whom nobody looks after."""
    asked = question(Need(id=1), Need(id=2), Volunteer(id=11), Volunteer(id=12))

    plan = answer(asked, **parts)

    assert f"coverage: {fault}" in faults(asked, plan)
    assert all(found.startswith("coverage: ") for found in faults(asked, plan))


def test_judge_allows_a_need_with_all_its_bookings() -> None:
    """A need met by slots is met when every due visit has a place."""
    asked = question(bath(frequency=TimesPerWeek(2)), Slot(id=21, day=0), Slot(id=22, day=5))

    plan = answer(asked, bookings=[(1, 21), (1, 22)])

    assert faults(asked, plan) == ()


@pytest.mark.parametrize(
    ("bookings", "unmet", "fault"),
    [
        ([(1, 21)], [], "need 1 lacks 1 bookings, not said to be unmet"),
        ([(1, 21), (1, 22)], [1], "need 1 is said to be unmet with all its bookings"),
    ],
    ids=["one missing", "none missing"],
)
def test_judge_forbids_bookings_that_do_not_fit_the_unmet(
    bookings: list[tuple[int, int]], unmet: list[int], fault: str
) -> None:
    """A bath half given must not pass as given, nor a given one as missing."""
    asked = question(bath(frequency=TimesPerWeek(2)), Slot(id=21, day=0), Slot(id=22, day=5))

    plan = answer(asked, bookings=bookings, unmet=unmet)

    assert faults(asked, plan) == (f"coverage: {fault}",)


def test_judge_forbids_a_volunteer_for_a_bath_and_a_slot_for_a_greeting() -> None:
    """Who meets a need is part of what is asked for."""
    asked = question(bath(id=1), Need(id=2), Volunteer(id=11), Slot(id=21))

    plan = answer(asked, pairs=[(1, 11)], bookings=[(2, 21)], unmet=[1, 2])

    assert "coverage: need 1 is met by slots, and paired" in faults(asked, plan)
    assert "coverage: need 2 is met by a volunteer, and booked" in faults(asked, plan)


@pytest.mark.parametrize(
    ("part", "column", "what"),
    [
        ("pairs", "need_ids", "need"),
        ("pairs", "volunteer_ids", "volunteer"),
        ("visits", "need_ids", "need"),
        ("visits", "volunteer_ids", "volunteer"),
        ("bookings", "need_ids", "need"),
        ("bookings", "slot_ids", "slot"),
        ("unmet", "need_ids", "need"),
    ],
)
def test_judge_forbids_ids_nobody_knows(part: str, column: str, what: str) -> None:
    """A pair with a volunteer who does not exist is a visit that never happens."""
    asked = question(Need(id=1), bath(id=2), Need(id=3), Volunteer(id=11), Slot(id=21))
    plan = answer(asked, pairs=[(1, 11)], visits=[(1, 11, 0, 480)], bookings=[(2, 21)], unmet=[3])

    stranger = replace(plan, **{part: replace(getattr(plan, part), **{column: np.array([99])})})

    assert faults(asked, stranger) == (f"coverage: the plan names {what} 99, which the problem does not know",)


def test_engine_leaves_no_need_out() -> None:
    """With more needs than hands, each need is still on exactly one list."""
    asked = storm()

    plan = solve(asked)

    met = [need for need, _ in pairs_of(plan)] + [need for need, _ in bookings_of(plan)]
    assert sorted(met + list(unmet_of(plan))) == asked.needs.ids.tolist()
    assert {(need, who) for need, who, _, _ in visits_of(plan)} == set(pairs_of(plan))
