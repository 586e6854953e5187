"""docs/alarms.md says what the code says: blocks, commands, the table of kinds, and the statuses of messages."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select
from typer.main import get_command
from typer.testing import CliRunner

from api.webhooks import STATUS
from tests.alarms.page import BLOCK, PAGE, renewed
from tests.worlds import World
from timebank.alarms.command import app as alarms_app
from timebank.alarms.kinds import Kind, kinds
from timebank.alarms.meter_rules import MeterRule, meter_rules
from timebank.cli import app
from timebank.core.database import transaction
from timebank.core.errors import Refusal
from timebank.people.tables import Volunteer, VolunteerSkill

TEXT = PAGE.read_text(encoding="utf-8")
(SH,) = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
LINES = [shlex.split(line, comments=True) for line in SH.splitlines()]


@pytest.fixture
def street(engine: Engine, world: World) -> Engine:
    """The small district, in which V1 alone may go to doors."""
    with transaction(engine) as session:
        _let_only_v1_go(session, world)
    return engine


def _let_only_v1_go(session: Session, world: World) -> None:
    door = world.services["door_visit"]
    for row in session.exec(select(VolunteerSkill).where(VolunteerSkill.service_id == door)):
        session.delete(row)
    first = session.exec(select(Volunteer.person_id).where(Volunteer.external_ref == "V1")).one()
    session.add(VolunteerSkill(volunteer_id=first, service_id=door))


def test_page_prints_what_it_says(street: Engine, database_url: str) -> None:
    """Every block is run in order, and what it prints stands below it, to the letter."""
    assert renewed(TEXT, database_url) == TEXT


def test_every_block_of_code_has_its_output() -> None:
    """A block that is not run could say anything."""
    assert len(BLOCK.findall(TEXT)) == TEXT.count("```python")


@pytest.mark.parametrize("words", LINES, ids=lambda words: " ".join(words[2:4]))
def test_command_of_the_page_is_understood(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """Who copies a line meets a refusal about their own district at worst, never one about what was typed."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'empty.sqlite')}")

    done = CliRunner().invoke(app, words[1:])

    assert words[0] == "timebank"
    assert isinstance(done.exception, Refusal)


def test_every_command_is_told_of() -> None:
    """A command that nobody is told of is used by nobody."""
    known: dict[str, object] = get_command(alarms_app).commands  # type: ignore[attr-defined]  # a group of commands has them

    assert set(re.findall(r"timebank alarms (\w+)", TEXT)) == set(known)


def _chain(kind: Kind) -> str:
    return " · ".join(
        f"{step.who}{f' ×{step.tries}' if step.tries else ''} {step.answer_min}/{step.handle_min}"
        for step in kind.steps
    )


@pytest.mark.parametrize("kind", kinds().by_code.values(), ids=lambda kind: kind.code)
def test_kind_of_the_page_is_that_of_the_data(kind: Kind) -> None:
    """Whoever plans a shift reads the clocks here."""
    outcomes = ", ".join(f"`{outcome}`" for outcome in kind.outcomes)

    assert f"| `{kind.code}` | {_chain(kind)} | {outcomes} |" in TEXT


def test_statuses_of_the_page_are_the_codes() -> None:
    """A sender decides by them whether to send again."""
    told = set(re.findall(r"^\| (\d{3})", TEXT, re.MULTILINE)) | {"503"}

    assert {str(status) for status in STATUS.values()} | {"200", "400", "413", "500", "503"} == told


SAID = {"less": "fewer than {litres} litres in {hours} hours", "more": "more than {litres} litres in {hours} hours"}
SAID |= {"never_still": "at least {litres} litre in each of {hours} hours"}


@pytest.mark.parametrize("rule", meter_rules().rules, ids=lambda rule: rule.code)
def test_rule_of_the_page_is_that_of_the_data(rule: MeterRule) -> None:
    """Whoever sets a threshold reads here what holds."""
    words = SAID[rule.test].format(litres=rule.litres, hours=rule.hours)

    assert f"| `{rule.code}` | {words}" in TEXT
    assert ("away notice" in TEXT.split(f"| `{rule.code}` | {words}")[1].split("\n")[0]) == rule.respects_away
