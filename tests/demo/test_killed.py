"""The demo killed with -9 in the middle of each of its steps ends where an undisturbed one ends."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text

from tests.demo.killing import COMMAND, run_until
from tests.demo.tables import everything
from timebank.core.database import transaction
from timebank.core.schema import downgrade

KILLS = {
    "recipe": ("UPDATE milestone", 1),
    "district, half built": ("INSERT INTO need ", 1),
    "plan, half stored": ("INSERT INTO unmet", 1),
    "plan, stored but not in force": ("UPDATE plan SET", 1),
    "plan, its visits half in force": ("INSERT INTO visit (", 1),
    "first day, half credited": ("INSERT INTO entry|ledger_post_batch", 1),
    "third day, just sealed": ("INSERT INTO seal", 3),
    "twenty-second day, just before its commit": ("UPDATE milestone", 20),
    "next plan, half stored": ("INSERT INTO pair", 1),
    "next plan, its visits half in force": ("INSERT INTO visit (", 1),
    "report, while the books are checked": ("FROM entry e", 1),
    "tokens, one of three": ("INSERT INTO access_token", 2),
}
"""Where it is killed, run after run on one database: after this statement was sent so often."""
REACHED = [0, 1, 2, 2, 2, 3, 5, 24, 31, 31, 32, 32]
"""Milestones that stand after each kill: recipe, district, plan, 28 days, next plan."""


def _milestones(engine: Engine) -> int:
    with transaction(engine, read_only=True) as session:
        return int(session.connection().execute(text("SELECT COUNT(*) FROM milestone")).scalar_one())


def test_a_demo_killed_in_every_step_ends_as_an_undisturbed_one(
    played: Engine, second: Engine, second_url: str, tmp_path: Path
) -> None:
    """Whoever pulls the plug, at whatever moment, loses nothing and gets nothing twice."""
    undisturbed = everything(played)

    killed = [(run_until(second_url, tmp_path, *kill), _milestones(second)) for kill in KILLS.values()]
    ended = run_until(second_url, tmp_path, "")

    assert killed == [(-signal.SIGKILL, reached) for reached in REACHED]
    assert ended == 0
    assert everything(second) == undisturbed
    assert (tmp_path / "district.html").stat().st_size > 20_000


def test_a_killed_migration_leaves_no_table(second: Engine, second_url: str, tmp_path: Path) -> None:
    """Half a shape would refuse every later start."""
    downgrade(second)
    before = inspect(second).get_table_names()

    killed = run_until(second_url, tmp_path, "CREATE TABLE visit")

    assert killed == -signal.SIGKILL
    assert inspect(second).get_table_names() == before
    assert "visit" not in before


@pytest.mark.parametrize("played", ["sqlite"], indirect=True)
def test_a_demo_killed_from_outside_goes_on(
    played: Engine, second: Engine, second_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command as it is typed: its output says that the days have begun, it is killed, and typed again."""
    monkeypatch.setenv("DATABASE_URL", second_url)
    monkeypatch.setenv("TIMEBANK_HOME", str(tmp_path))
    command = [sys.executable, "-m", "timebank.cli", *COMMAND]

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        assert process.stdout is not None
        begun = next(line for line in process.stdout if line.startswith("匹配与排期"))
        process.kill()
    after_kill = _milestones(second)
    again = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True)

    assert begun.startswith("匹配与排期 Match and date 28 days")
    assert process.returncode == -signal.SIGKILL
    assert 3 <= after_kill < 32
    assert "Needs met, of all needs · 2026-03-02 – 2026-03-29" in again.stdout
    assert everything(second) == everything(played)
