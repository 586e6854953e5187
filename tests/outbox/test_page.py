"""The page about webhooks says what the code says, on either database."""

import re

from typer.main import get_command

from tests.outbox.page import BLOCK, PAGE, renewed
from timebank.outbox.command import app
from timebank.outbox.kinds import KINDS

TEXT = PAGE.read_text(encoding="utf-8")


def test_page_prints_what_it_says(database_url: str) -> None:
    """Every block is run in order, and what it prints stands below it, to the letter."""
    assert renewed(TEXT, database_url) == TEXT


def test_every_block_of_code_has_its_output() -> None:
    """A block that is not run could say anything."""
    assert len(BLOCK.findall(TEXT)) == TEXT.count("```python")


def test_every_kind_is_on_the_page() -> None:
    """A partner chooses kinds from the page; one that is missing is one that nobody asks for."""
    assert set(re.findall(r"^\| `([a-z_.]+)` \|", TEXT, re.MULTILINE)) == set(KINDS)


def test_commands_can_be_typed() -> None:
    """A command that a page prints and a program does not know costs a reader an afternoon."""
    known = set(get_command(app).commands)  # type: ignore[attr-defined]  # a group of commands has them

    assert set(re.findall(r"^timebank outbox (\w+)", TEXT, re.MULTILINE)) == known
