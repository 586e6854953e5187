"""docs/visits.md says what can be typed."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from timebank.cli import app
from timebank.core.errors import Refusal

PAGE = (Path(__file__).parents[2] / "docs" / "visits.md").read_text(encoding="utf-8")
(BLOCK,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
LINES = [shlex.split(line, comments=True) for line in BLOCK.splitlines()]


@pytest.mark.parametrize("words", LINES, ids=lambda words: " ".join(words[1:4]))
def test_command_of_the_page_is_understood(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """Who copies a line meets a refusal about their own district at worst, never one about what was typed."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'empty.sqlite')}")

    done = CliRunner().invoke(app, words[1:])

    assert words[0] == "timebank"
    assert isinstance(done.exception, Refusal)
