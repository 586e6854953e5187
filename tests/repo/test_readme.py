"""README and docs say what is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])
COMMAND = re.compile(r"(?:^|`)make (\w+)", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """A reader who follows a link finds the file."""
    targets = LINK.findall(page.read_text(encoding="utf-8"))

    missing = [target for target in targets if not (page.parent / target).exists()]

    assert missing == []


def test_make_commands_exist() -> None:
    """Every `make` command that a page prints can be typed."""
    makefile = (ROOT / "Makefile").read_text()
    named = {name for page in PAGES for name in COMMAND.findall(page.read_text(encoding="utf-8"))}

    missing = {name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)}

    assert {"demo", "test", "serve"} <= named
    assert missing == set()
