"""docs/programmes.md does what it says, on the days on which it is read: commands and answers, and the script."""

import re
import shlex
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from tests.pages import renewed
from tests.programmes.conftest import Care
from tests.worlds import World
from timebank.cli import app
from timebank.core.clock import day_of, now
from timebank.core.database import transaction
from timebank.core.errors import Refusal
from timebank.core.texts import say_refusal
from timebank.planning.problem_rows import Question
from timebank.planning.runs import make_plan
from timebank.planning.storing import publish_plan

PAGE = (Path(__file__).parents[2] / "docs" / "programmes.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
DAY = re.compile(r"\d{4}-\d\d-\d\d")
VISIT = re.compile(r"(care (?:greet|feedback)) (\d+)")
NUMBERED = re.compile(r"(问候|Greeting|对|says of|Pair|结对|新开跟进) \d+")
PARTNERS = re.compile(r"V\d 与 S\d|V\d and S\d")
BEGAN = now()
"""Whenever the page is read: its contract began a week ago."""
DAYS = {"2026-03-02": -7, "2027-03-01": 357, "2026-07-15": 100, "2026-07-29": 114, "2026-03-12": 3, "2026-03-20": 9}


def plain(told: str) -> str:
    """Leave out days, numbers of visits and who was paired: they follow the day on which the page is read."""
    told = re.sub(r"\d+ follow-ups", "N follow-ups", told)
    told = PARTNERS.sub("(pair)", NUMBERED.sub(r"\1 N", DAY.sub("(day)", told)))
    return told.strip()


def typed(command: str, visits: list[int]) -> str:
    """Type a command of the page on its days; a refusal is told in Chinese."""
    command = DAY.sub(lambda found: str(day_of(BEGAN) + timedelta(days=DAYS[found[0]])), command)
    command = VISIT.sub(lambda found: f"{found[1]} {visits[int(found[2]) - 1]}", command)
    ran = CliRunner().invoke(app, shlex.split(command.removeprefix("timebank ")))
    if isinstance(ran.exception, Refusal):
        return say_refusal(ran.exception, "zh")
    return ran.output


def _plan(engine: Engine, *, is_published: bool) -> None:
    question = Question(starts_on=day_of(BEGAN) - timedelta(days=7), horizon_days=14)
    plan = make_plan(engine, question, now=now())
    if is_published:
        with transaction(engine) as session:
            publish_plan(session, plan)


def test_page_is_what_is_told(engine: Engine, world: World, monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    """Who types along reads what the page says; between the blocks a plan is made, and then one put into force."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    care, said, told = Care(world, BEGAN), [], []
    visits: list[int] = []
    for number, block in enumerate(BLOCKS):
        if number in (1, 2):
            _plan(engine, is_published=number == 2)
        if number == 2:
            with transaction(engine, read_only=True) as session:
                visits = [row.id for ref in ("S1", "S2") for row in care.visits(session, ref=ref)[:1]]
        for part in block.split("$ ")[1:]:
            command, _, answer = part.partition("\n")
            said.append((number, command, plain(answer)))
            told.append((number, command, plain(typed(command, visits))))

    assert told == said


def test_script_of_the_page_runs(engine: Engine, world: World) -> None:
    """Who copies the script has the month of an organisation."""
    with transaction(engine) as session:
        names = {"session": session, "east": world.organisations["EAST"], "noon": BEGAN}

        assert renewed(PAGE, "docs/programmes.md", **names) == PAGE
