"""Rule `budget`: no budget pays more than it holds."""

import pytest

from matching.problem import Budgets
from matching.solve import solve
from tests.matching.answers import answer, bookings_of, faults
from tests.matching.questions import Slot, bath, question

BATHS = [bath(id=1), bath(id=2), bath(id=3)]
PAID = Slot(places=3, cost_cents=4_000, budget=7)


def purse(cents: int) -> dict[str, Budgets]:
    """Return budget 7 with so much money."""
    return {"budgets": Budgets(ids=[7], cents=[cents])}  # type: ignore[arg-type]  # lists become columns


def test_judge_allows_the_last_cent() -> None:
    """Two baths at forty yuan from a budget of eighty."""
    asked = question(*BATHS[:2], PAID, tables=purse(8_000))

    assert faults(asked, answer(asked, bookings=[(1, 21), (2, 21)])) == ()


def test_judge_forbids_a_cent_more() -> None:
    """Money that is not there cannot be promised."""
    asked = question(*BATHS[:2], PAID, tables=purse(7_999))

    found = faults(asked, answer(asked, bookings=[(1, 21), (2, 21)]))

    assert found == ("budget: budget 7 pays 8000 cents, holds 7999",)


@pytest.mark.parametrize(("cents", "booked"), [(0, 0), (3_999, 0), (4_000, 1), (11_999, 2), (12_000, 3)])
def test_engine_spends_what_there_is(cents: int, booked: int) -> None:
    """As many as the money pays for, whatever places are left."""
    plan = solve(question(*BATHS, PAID, tables=purse(cents)))

    assert len(bookings_of(plan)) == booked
