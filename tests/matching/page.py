"""The page docs/matching.md as code: run in order; `python -m tests.matching.page` renews what it prints."""

from tests import pages
from tests.pages import BLOCK, DOCS

__all__ = ["BLOCK", "PAGE", "renewed"]
PAGE = DOCS / "matching.md"


def renewed(text: str) -> str:
    """Run every block in one namespace, and return the page with what each of them prints."""
    return pages.renewed(text, PAGE.name)


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
