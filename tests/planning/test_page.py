"""The page about planning says what the code says, on either database."""

import re

import pytest
import typer
from typer.main import get_command

from tests.planning.page import BLOCK, PAGE, renewed
from timebank.planning.command import app

TEXT = PAGE.read_text(encoding="utf-8")


def test_page_prints_what_it_says(database_url: str) -> None:
    """Every block is run in order, and what it prints stands below it, to the letter."""
    assert renewed(TEXT, database_url) == TEXT


def test_every_block_of_code_has_its_output() -> None:
    """A block that is not run could say anything."""
    assert len(BLOCK.findall(TEXT)) == TEXT.count("```python")
    assert all(output for _, output in BLOCK.findall(TEXT))


def _commands(group: typer.Typer) -> set[str]:
    known: dict[str, object] = get_command(group).commands  # type: ignore[attr-defined]  # a group of commands has them
    return set(known)


@pytest.mark.parametrize(
    ("typed", "group"),
    [
        (r"^timebank plan (\w+)", app),
        (r"^timebank plan note (\w+)", next(each.typer_instance for each in app.registered_groups)),
    ],
)
def test_commands_can_be_typed(typed: str, group: typer.Typer) -> None:
    """A command that a page prints and a program does not know costs a reader an afternoon."""
    assert set(re.findall(typed, TEXT, re.MULTILINE)) == _commands(group)
