"""docs/identity.md does what it says: who types along, and asks along, from its top reads what stands there."""

import io
import json
import re
import shlex
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from api.app import create_app
from tests.access.asking import Api
from tests.worlds import World
from timebank.cli import app
from timebank.core.clock import now
from timebank.core.errors import Refusal
from timebank.core.texts import say_refusal

PAGE = (Path(__file__).parents[2] / "docs" / "identity.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```console\n(.*?)```|```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)
SECRET = re.compile(r"(hht[bcs]_)\w+")
DIGITS = re.compile(r"^\d{8}$", re.MULTILINE)
MOMENT = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d\+00:00)?)?")
KEY = re.compile(r"\b[A-Z2-7]{10}\b")


class Reader:
    """Somebody who follows the page: types its commands, runs its scripts, and keeps what was shown once."""

    def __init__(self, api: Api, folder: Path) -> None:
        self.folder = folder
        self.names: dict[str, Any] = {"api": api, "now": lambda: int(now().timestamp()), "save": self.save}

    def save(self, name: str, parts: dict[str, str]) -> None:
        """Write a key where the command of the page looks for it."""
        (self.folder / name).write_text(json.dumps(parts), encoding="utf-8")
        print(f"{name} is written")  # noqa: T201  # the page shows it

    def typed(self, command: str) -> str:
        """Type a command with what was shown before; a refusal is told in Chinese, as the first of its two lines."""
        command = command.replace("hhtc_...", self.names.get("client", "")).replace(
            "planner.jwk", str(self.folder / "planner.jwk")
        )
        ran = CliRunner().invoke(app, shlex.split(command.removeprefix("timebank ")))
        told = say_refusal(ran.exception, "zh") if isinstance(ran.exception, Refusal) else ran.output
        kinds = (("client", r"hhtc_\w+"), ("secret", r"hhts_\w{32}_\w+"), ("code", r"^\d{8}$"))
        for name, pattern in kinds:
            if found := re.search(pattern, told, re.MULTILINE):
                self.names[name] = found[0]
        return told

    def ran(self, script: str) -> str:
        """Run a script of the page."""
        said = io.StringIO()
        with redirect_stdout(said):
            exec(compile(script, "identity.md", "exec"), self.names)  # noqa: S102  # it is our own page
        return said.getvalue()


def plain(told: str) -> str:
    """Leave out what is new each time."""
    told = SECRET.sub(r"\1...", DIGITS.sub("########", told))
    return KEY.sub("...", MOMENT.sub("...", told)).strip()


@pytest.fixture
def reader(engine: Engine, world: World, monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path) -> Reader:
    """A reader at a machine with the small district."""
    assert world.organisations["EAST"] == 1
    monkeypatch.setenv("DATABASE_URL", database_url)
    return Reader(Api(create_app(engine)), tmp_path)


def test_page_is_what_is_told(reader: Reader) -> None:
    """Every command and every script of the page answers as it stands there, in its order."""
    said, told = [], []
    for commands, script, printed in BLOCK.findall(PAGE):
        for part in commands.split("$ ")[1:]:
            command, _, answer = part.partition("\n")
            said.append((command, answer.strip()))
            told.append((command, plain(reader.typed(command))))
        if script:
            said.append((script, printed.strip()))
            told.append((script, reader.ran(script).strip()))

    differing = [(before, after) for before, after in zip(said, told, strict=True) if before != after]
    assert differing == []
    assert len(said) > 20
