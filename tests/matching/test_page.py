"""The page that takes a reader from a map to a plan to its reasons says what the code says."""

import re

import pytest

from benchmarks.pictures import FOLDER, draw_all
from tests.matching.page import BLOCK, PAGE, renewed

MOST_BYTES = 150_000


@pytest.fixture(scope="module")
def text() -> str:
    """What stands on the page."""
    return PAGE.read_text(encoding="utf-8")


def test_page_prints_what_it_says(text: str) -> None:
    """Every block is run in order, and what it prints stands below it, to the letter."""
    assert renewed(text) == text


def test_every_block_of_code_has_its_output(text: str) -> None:
    """A block that is not run could say anything."""
    assert len(BLOCK.findall(text)) == text.count("```python")
    assert all(output for _, output in BLOCK.findall(text))


def test_pictures_are_those_of_the_code() -> None:
    """They are drawn anew and are the same to the byte."""
    drawn = draw_all()

    kept = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.svg")}

    assert drawn == kept
    assert max(len(picture) for picture in kept.values()) < MOST_BYTES


def test_page_shows_every_picture(text: str) -> None:
    """A picture that nobody sees, or that is not there, is a mistake."""
    shown = re.findall(r"!\[[^]]+\]\(matching/([a-z]+\.svg)\)", text)

    assert sorted(shown) == sorted(path.name for path in FOLDER.glob("*.svg"))
