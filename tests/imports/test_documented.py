"""The page for clerks names every column and every fault, as the program does."""

from pathlib import Path

import pytest

from timebank.core.texts import catalogue
from timebank.imports.batches import KINDS
from timebank.imports.templates import template_columns

PAGE = (Path(__file__).parents[2] / "docs" / "imports.md").read_text(encoding="utf-8")
TOLD = {key: pair for key, pair in catalogue().items() if key.startswith(("fault_", "refused_"))}


@pytest.mark.parametrize("kind", KINDS)
def test_every_column_is_on_the_page(kind: str) -> None:
    """A header that is on no page is found by nobody; a needed one is bold."""
    section = PAGE.partition(f"\n### {kind}\n")[2].partition("\n#")[0]
    heads = [
        f"| {f'**{column.names[0]}**' if column.is_required else column.names[0]} | {', '.join(column.names[1:])} |"
        for column in template_columns(kind)
    ]

    assert [head for head in heads if head not in section] == []
    assert section.count("\n| ") == len(heads) + 1


@pytest.mark.parametrize("key", TOLD)
def test_every_fault_is_on_the_page(key: str) -> None:
    """Whoever looks up what the program said finds it in the same words."""
    assert f"| {TOLD[key]['zh']} | {TOLD[key]['en']} |" in PAGE
