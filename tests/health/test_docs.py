"""docs/health.md says what the report does: its commands run, its program runs, its tables are those of the code."""

import re
import shlex
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from timebank.cli import app
from timebank.health.terms import parse_terms, read_terms

PAGE = (Path(__file__).parents[2] / "docs" / "health.md").read_text(encoding="utf-8")
PROGRAM, TERMS = (re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)[0] for kind in ("python", "toml"))
COMMANDS = [line.partition("#")[0].strip() for line in PAGE.splitlines() if line.startswith("timebank ")]


@pytest.fixture
def district(played: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder to work in, with the generated district as the database."""
    monkeypatch.setenv("DATABASE_URL", played.url.render_as_string(hide_password=False))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("played", ["sqlite"], indirect=True)
@pytest.mark.parametrize("command", COMMANDS)
def test_commands_run(district: Path, command: str) -> None:
    """Who types a command from the page gets an answer."""
    ran = CliRunner().invoke(app, shlex.split(command)[1:])

    assert (ran.exit_code, ran.exception) == (0, None)
    assert ran.stdout


def test_program_runs(district: Path, played: Engine) -> None:
    """Who copies the program has one that works, on both databases."""
    said: dict[str, object] = {}

    exec(compile(PROGRAM, "docs/health.md", "exec"), said)  # noqa: S102  # the page's own block

    assert said["saved"].minutes > 0  # type: ignore[attr-defined]  # a figure


def test_terms_of_the_page_are_sound() -> None:
    """The example of the page is read as it is."""
    assert parse_terms(TERMS).cohorts == (60, 65, 75, 85)


def test_thresholds_are_those_of_the_code() -> None:
    """A table that is copied goes stale; this one is compared."""
    rows = [
        (f"| `{one.indicator}` |", f"| {one.side} {one.notice} | {one.side} {one.warning} |")
        for one in read_terms().warnings
    ]

    lines = [line for line in PAGE.splitlines() if line.startswith(tuple(head for head, _ in rows))]
    assert [line[: len(head)] + line[-len(tail) :] for line, (head, tail) in zip(lines, rows, strict=True)] == [
        head + tail for head, tail in rows
    ]
