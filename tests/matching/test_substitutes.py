"""One visit without its volunteer: who could hold it, by every rule, the nearest first."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from matching.problem import Absences, Gender, Problem
from matching.solve import solve
from matching.substitutes import Substitutes
from tests.matching.questions import MON, TUE, Need, Volunteer, question

ILL = Volunteer(id=11, east_m=10)
NEXT, LAST = Volunteer(id=12, east_m=200, max_needs=0), Volunteer(id=13, east_m=400, max_needs=0)


def substitutes_of(problem: Problem, **asked: Any) -> list[tuple[int, int, int]]:
    """Return id, metres and starting minute of who could hold the visit of need 1."""
    plan = solve(problem)
    day = int(plan.visits.days[plan.visits.need_ids == 1][0])
    found = Substitutes(problem, plan).find(1, day, **asked)
    return [(one.volunteer_id, one.distance_m, one.starts_min) for one in found]


def test_nearest_come_first() -> None:
    """The visit's own volunteer is no substitute; the others come in the order of their metres."""
    assert substitutes_of(question(Need(), LAST, ILL, NEXT)) == [(12, 200, 480), (13, 400, 480)]


def test_who_was_asked_is_passed_over() -> None:
    """Who has declined is not proposed again, and no more are proposed than asked for."""
    problem = question(Need(), ILL, NEXT, LAST)

    assert substitutes_of(problem, not_ids=[12]) == [(13, 400, 480)]
    assert substitutes_of(problem, count=1) == [(12, 200, 480)]


def test_who_is_free_at_that_minute_comes_first() -> None:
    """A volunteer who has a visit then can come after it, and comes behind one who is free."""
    own = Need(id=2, skill=1, east_m=200, weekdays=MON)
    busy = replace(NEXT, max_needs=1, skills=0b11)
    problem = question(Need(weekdays=MON), own, replace(ILL, skills=0b1), busy, LAST)

    assert substitutes_of(problem) == [(13, 400, 480), (12, 200, 515)]


UNABLE: dict[str, dict[str, Any]] = {
    "skill": {"skills": 0},
    "weekday": {"weekdays": TUE},
    "hours": {"window_min": (480, 500)},
    "gender": {"gender": Gender.MALE},
    "language": {"languages": 0b10},
    "distance": {"east_m": 1_200},
    "weekly minutes": {"weekly_cap_min": 29},
}


@pytest.mark.parametrize("reason", UNABLE)
def test_who_may_not_come_is_no_substitute(reason: str) -> None:
    """Each rule takes away the nearest, and the next one is proposed."""
    need = Need(weekdays=MON, gender=Gender.FEMALE, languages=0b01)
    able = {"languages": 0b01}
    people = (replace(ILL, **able), replace(NEXT, **(able | UNABLE[reason])), replace(LAST, **able))  # type: ignore[arg-type]  # parts by name

    assert substitutes_of(question(need, *people)) == [(13, 400, 480)]


def test_never_together_and_absent_are_no_substitutes() -> None:
    """Who must never meet the senior, and who is away that day, are passed over."""
    problem = question(Need(weekdays=MON), ILL, NEXT, LAST)
    never = replace(problem, exclusions=np.array([[1, 12]]))
    away = replace(problem, absences=Absences(person_ids=[12], first_days=[0], last_days=[2]))  # type: ignore[arg-type]  # lists become columns

    assert substitutes_of(never) == substitutes_of(away) == [(13, 400, 480)]


@pytest.mark.parametrize("change", [{"refuses": 0b1}, {"requires": 0b10}])
def test_traits_decide_too(change: dict[str, int]) -> None:
    """A trait that is refused, or one that is missing, takes a volunteer away."""
    problem = question(Need(weekdays=MON), ILL, NEXT, LAST)
    traits = np.array([0b10, 0b01, 0b10], dtype=np.uint64)
    columns: dict[str, Any] = {name: np.array([value], dtype=np.uint64) for name, value in change.items()}
    asked = replace(
        problem,
        needs=replace(problem.needs, **columns),
        volunteers=replace(problem.volunteers, traits=traits),
    )

    assert [who for who, _, _ in substitutes_of(asked)] == [13]


def test_visit_that_is_not_there_is_said() -> None:
    """Asking for a visit that the plan does not have is a mistake of the caller."""
    problem = question(Need(), ILL)

    with pytest.raises(ValueError, match="no visit of need 7 on day 0"):
        Substitutes(problem, solve(problem)).find(7, 0)
