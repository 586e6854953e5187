"""Everybody is reminded in time, and nobody twice."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.needs.asking import NOW, TUESDAY
from tests.together import at_once
from tests.visits.conftest import MakeVisit
from tests.worlds import MONDAY, World
from timebank.core.clock import moment_at
from timebank.core.database import transaction
from timebank.visits import life
from timebank.visits.reminders import Due, claim, mark_sent, unsent

NIGHT = moment_at(MONDAY, 21 * 60)
DAY = 1440


@pytest.fixture
def visits(make_visit: MakeVisit) -> dict[str, int]:
    """V1 greets S1 on Tuesday at 9 and S2 at 22:00; V3 greets S5, who lives elsewhere, at 9."""
    return {
        "nine": make_visit(day=TUESDAY),
        "late": make_visit("S2-greeting", day=TUESDAY, starts_min=22 * 60),
        "west": make_visit("S5-greeting", "V3", day=TUESDAY),
    }


def _claimed(session: Session, world: World, role: str = "giver", **later: float) -> list[Due]:
    east = world.organisations["EAST"]
    return claim(session, east, role, lead_min=DAY, now=NIGHT + timedelta(**later))


def test_whoever_has_a_visit_within_the_lead_is_on_the_list_once(
    engine: Engine, world: World, visits: dict[str, int]
) -> None:
    """Giver and senior each hear of it once; what lies farther ahead waits for its time."""
    with transaction(engine) as session:
        giver, served, again = (_claimed(session, world, role) for role in ("giver", "served", "giver"))
        later = _claimed(session, world, hours=2)

        nine, ten = moment_at(TUESDAY, 540), moment_at(TUESDAY, 22 * 60)
        assert giver == [Due(visits["nine"], "giver", DAY, world.volunteers["V1"], nine)]
        assert served == [Due(visits["nine"], "served", DAY, world.seniors["S1"], nine)]
        assert again == []
        assert later == [Due(visits["late"], "giver", DAY, world.volunteers["V1"], ten)]


def test_next_call_takes_the_rest(
    engine: Engine, world: World, visits: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve thousand reminders come in pages; no page is full of what was taken on before."""
    monkeypatch.setattr("timebank.visits.reminders.MOST_AT_ONCE", 1)
    with transaction(engine) as session:
        pages = [_claimed(session, world, hours=2) for _ in range(3)]

        assert [[due.visit_id for due in page] for page in pages] == [[visits["nine"]], [visits["late"]], []]


def test_lead_is_a_reminder_of_its_own(engine: Engine, world: World, visits: dict[str, int]) -> None:
    """The day before and an hour before are two reminders, each of them once."""
    east, soon = world.organisations["EAST"], moment_at(TUESDAY, 8 * 60 + 30)
    with transaction(engine) as session:
        _claimed(session, world)

        hours = [claim(session, east, "giver", lead_min=60, now=soon) for _ in range(2)]

        assert [[due.lead_min for due in found] for found in hours] == [[60], []]


@pytest.mark.parametrize(("minute", "found"), [(-1440, 1), (-1441, 0), (-1, 1), (0, 0)])
def test_lead_begins_and_ends_at_its_minute(
    engine: Engine, world: World, visits: dict[str, int], minute: int, found: int
) -> None:
    """A visit that has begun needs no reminder any more."""
    now = moment_at(TUESDAY, 540) + timedelta(minutes=minute)
    with transaction(engine) as session:
        due = claim(session, world.organisations["EAST"], "giver", lead_min=DAY, now=now)

        assert [one.visit_id for one in due].count(visits["nine"]) == found


def test_two_who_claim_at_once_share_and_do_not_repeat(engine: Engine, world: World, visits: dict[str, int]) -> None:
    """Two workers wake in the same minute."""
    one, other = at_once(engine, lambda s: _claimed(s, world), lambda s: _claimed(s, world))

    assert ([due.visit_id for due in one], other) == ([visits["nine"]], [])


def test_after_a_crash_nobody_is_reminded_twice(engine: Engine, world: World, visits: dict[str, int]) -> None:
    """The worker died between taking on and saying that it was sent: a person decides, no machine sends again."""
    east = world.organisations["EAST"]
    with transaction(engine) as session:
        taken = _claimed(session, world)

    with transaction(engine) as session:
        assert _claimed(session, world) == []
        assert unsent(session, east, claimed_before=NIGHT) == []
        assert unsent(session, east, claimed_before=NIGHT + timedelta(minutes=5)) == taken
        assert unsent(session, world.organisations["WEST"], claimed_before=NIGHT + timedelta(minutes=5)) == []
        mark_sent(session, taken, now=NIGHT)
        assert unsent(session, east, claimed_before=NIGHT + timedelta(minutes=5)) == []


def test_crash_before_taking_on_loses_nothing(engine: Engine, world: World, visits: dict[str, int]) -> None:
    """What was not committed was not sent either, and is on the list again."""

    def die(session: Session) -> None:
        _claimed(session, world)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), transaction(engine) as session:
        die(session)

    with transaction(engine) as session:
        assert len(_claimed(session, world)) == 1


def test_visit_called_off_is_not_reminded(engine: Engine, world: World, visits: dict[str, int]) -> None:
    """Nobody is sent to a visit that is off, and it leaves the list of what was not sent."""
    east = world.organisations["EAST"]
    with transaction(engine) as session:
        _claimed(session, world)
        life.cancel(session, visits["nine"], actor="organisation:1", note="", now=NOW)

        assert _claimed(session, world, "served") == []
        assert unsent(session, east, claimed_before=NIGHT + timedelta(minutes=5)) == []


@pytest.mark.parametrize(("role", "lead_min"), [("neighbour", 60), ("giver", 0), ("giver", 14 * 1440 + 1)])
def test_impossible_reminder_is_a_mistake(engine: Engine, world: World, role: str, lead_min: int) -> None:
    """A slip of the caller reminds nobody."""
    with transaction(engine) as session, pytest.raises(ValueError, match="giver or served"):
        claim(session, world.organisations["EAST"], role, lead_min=lead_min, now=NIGHT)
