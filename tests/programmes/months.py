"""A month with something of everything, and the figures that follow from it by hand."""

from typing import Any

from sqlmodel import Session

from tests.programmes.conftest import Care
from timebank.core.clock import moment_at
from timebank.people.absences import record_absence
from timebank.programmes.feedback import Said, give_feedback
from timebank.programmes.follow_ups import Closing, close_follow_up, list_follow_ups, open_follow_ups
from timebank.programmes.greetings import Greeting, record_greeting
from timebank.programmes.months import Month
from timebank.programmes.sweeping import sweep
from timebank.visits.life import cancel

MARCH, MAY = Month(2026, 3), Month(2026, 5)


def fill_march(session: Session, care: Care) -> list[Any]:
    """Let twelve greetings of S1 to S3 go otherwise: one is called off, one missed, one silent, one at the door.

    Of the nine that were given one was at the door and told of a need; three parties speak of the first, two of them
    otherwise. The missed one is closed in time, the silent one stays open. Returns the visits by day.
    """
    visits = [one for one in care.visits(session) if one.need_id != care.world.needs["S4-greeting"]]
    off, missed, silent, door, *rest = visits
    cancel(session, off.id, actor=care.actor, note="", now=care.noon)
    _greet(session, care, missed, is_met=False)
    _greet(session, care, door, way="door", condition="needs_help", minutes=15)
    for visit in rest:
        _greet(session, care, visit)
    open_follow_ups(session, now=moment_at(missed.day, 1200))
    for row in list_follow_ups(session, now=care.noon, first=9):
        close_follow_up(session, Closing(row.id, "well"), actor=care.actor, now=moment_at(missed.day, 1200))
    sweep(session, now=care.later(days=10))
    for side, happened in (("senior", False), ("volunteer", True), ("organisation", True)):
        said = Said(happened=happened, minutes=15, satisfaction=4)
        give_feedback(session, door.id, said, side=side, actor=care.actor, now=care.later(days=10))
    record_absence(session, care.world.seniors["S1"], MAY.from_day, MAY.to_day, actor=care.actor, now=care.noon)
    assert silent.day >= missed.day
    return visits


def _greet(session: Session, care: Care, visit: Any, *, is_met: bool = True, **how: Any) -> None:
    greeting = Greeting(is_met=is_met, **how)
    record_greeting(session, visit.id, greeting, actor=care.actor, now=moment_at(visit.day, 1200))
