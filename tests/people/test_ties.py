"""Where people belong and who goes along with a minor: as it was on a day, with its proof."""

from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from tests.worlds import World
from timebank.core.errors import WrongInput
from timebank.people.ties import guarded_on, record_guardian, record_residence, residences_on

SPRING, SUMMER = date(2026, 3, 1), date(2026, 7, 1)


@pytest.fixture
def parts(noon: datetime) -> dict[str, Any]:
    """Who writes it down, and when."""
    return {"actor": "organisation:1", "now": noon}


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 2, 28), {}),
        (SPRING, {"V1": "resident"}),
        (date(2026, 6, 30), {"V1": "resident"}),
        (SUMMER, {"V1": "registered", "V2": "none"}),
    ],
)
def test_tie_holds_from_its_day_until_the_next(
    session: Session, stored: World, parts: dict[str, Any], day: date, expected: dict[str, str]
) -> None:
    """Who was registered in July was not in June; of whom nothing is known, nothing is said."""
    first, second = stored.volunteers["V1"], stored.volunteers["V2"]
    record_residence(session, first, "registered", from_day=SUMMER, proof="户口簿", **parts)
    record_residence(session, first, "resident", from_day=SPRING, proof="", **parts)
    record_residence(session, second, "none", from_day=SUMMER, proof="", **parts)

    found = residences_on(session, stored.volunteers.values(), day)

    assert found == {stored.volunteers[ref]: tie for ref, tie in expected.items()}


def test_last_word_of_a_day_stands(session: Session, stored: World, parts: dict[str, Any]) -> None:
    """A slip of the pen is put right, and its proof with it."""
    record_residence(session, stored.volunteers["V1"], "registered", from_day=SPRING, proof="错", **parts)
    record_residence(session, stored.volunteers["V1"], "resident", from_day=SPRING, proof="居住证", **parts)

    rows = session.connection().execute(text("SELECT tie, proof, recorded_by FROM residence")).all()
    assert [tuple(row) for row in rows] == [("resident", "居住证", "organisation:1")]


@pytest.mark.parametrize(
    ("day", "is_guarded"),
    [(date(2026, 2, 28), False), (SPRING, True), (date(2026, 6, 30), True), (SUMMER, False)],
)
def test_guardian_goes_along_from_a_day_to_a_day(
    session: Session, stored: World, parts: dict[str, Any], day: date, *, is_guarded: bool
) -> None:
    """The end is half-open, and can be written down later."""
    minor, guardian = stored.volunteers["V1"], stored.volunteers["V2"]
    record_guardian(session, minor, guardian, from_day=SPRING, **parts)
    record_guardian(session, minor, guardian, from_day=SPRING, to_day=SUMMER, **parts)

    assert guarded_on(session, [minor, guardian], day) == ({minor} if is_guarded else set())


def test_impossible_ties_are_refused(session: Session, stored: World, parts: dict[str, Any]) -> None:
    """Nobody is their own guardian, ends before beginning, or belongs in a way that no rule knows."""
    minor, guardian = stored.volunteers["V1"], stored.volunteers["V2"]
    with pytest.raises(WrongInput, match="none, resident, registered"):
        record_residence(session, minor, "citizen", from_day=SPRING, proof="", **parts)
    with pytest.raises(WrongInput, match="proof"):
        record_residence(session, minor, "resident", from_day=SPRING, proof="x" * 121, **parts)
    with pytest.raises(WrongInput, match="another person"):
        record_guardian(session, minor, minor, from_day=SPRING, **parts)
    with pytest.raises(WrongInput, match="to_day"):
        record_guardian(session, minor, guardian, from_day=SUMMER, to_day=SPRING, **parts)
