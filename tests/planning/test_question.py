"""The hash of a question is a function of the rows handed over: each row counts, and what is taken back does not."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.planning.conftest import ask, say
from tests.worlds import MONDAY, World
from timebank.people.absences import record_absence, withdraw_absence
from timebank.people.traits import say_trait, withdraw_trait
from timebank.planning.presets import preset, release
from timebank.planning.priorities import First, set_priorities
from timebank.planning.question import Question
from timebank.planning.seasons import end_season, set_season
from timebank.planning.storing import question_hash
from timebank.planning.suspensions import lift, suspend

DAYS = (MONDAY, MONDAY + timedelta(days=3))
Step = Callable[[Session, World, dict[str, Any]], Any]


def _hash(engine: Engine) -> str:
    return question_hash(ask(engine, Question(starts_on=MONDAY, horizon_days=14)))


NOTES: dict[str, tuple[Step, Callable[[Session, World, dict[str, Any], Any], Any]]] = {
    "absence": (
        lambda session, world, who: record_absence(session, world.volunteers["V1"], *DAYS, **who),
        lambda session, _, who, row: withdraw_absence(session, row.id, **who),
    ),
    "trait": (
        lambda session, world, who: say_trait(session, world.seniors["S1"], "pets", "refuses", **who),
        lambda session, world, who, _: withdraw_trait(session, world.seniors["S1"], "pets", "refuses", **who),
    ),
    "suspension": (
        lambda session, _, who: suspend(session, *DAYS, cause="heat", make_up="later", **who),
        lambda session, _, who, row: lift(session, row.id, **who),
    ),
    "season": (
        lambda session, _, who: set_season(session, *DAYS, kind="per_week", count=2, service="greeting", **who),
        lambda session, _, who, row: end_season(session, row.id, **who),
    ),
    "order": (
        lambda session, _, who: set_priorities(session, [First(0, service="greeting")], from_day=MONDAY, **who),
        lambda session, _, who, __: set_priorities(session, [], from_day=MONDAY, **who),
    ),
    "pair": (
        lambda session, world, who: preset(session, world.needs["S1-greeting"], world.volunteers["V1"], **who),
        lambda session, world, who, _: release(session, world.needs["S1-greeting"], world.volunteers["V1"], **who),
    ),
}


@pytest.mark.parametrize("note", NOTES)
def test_a_row_makes_another_question_until_it_is_taken_back(
    engine: Engine, world: World, noon: datetime, note: str
) -> None:
    """A run over unchanged rows is recognised; one over others is never answered by an old plan."""
    write, take_back = NOTES[note]
    who = {"actor": "clerk", "now": noon}
    before = _hash(engine)

    row = say(engine, lambda session: write(session, world, who))
    written = _hash(engine)
    say(engine, lambda session: take_back(session, world, who, row))

    assert written != before
    assert _hash(engine) == before
