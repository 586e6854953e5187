"""The page docs/alarms.md as code: run in order; what it prints stands below each block."""

from tests import pages
from tests.pages import BLOCK, DOCS

__all__ = ["BLOCK", "PAGE", "renewed"]
PAGE = DOCS / "alarms.md"


def renewed(text: str, url: str) -> str:
    """Run every block in one namespace on a database, and return the page with what each of them prints."""
    return pages.renewed(text, PAGE.name, URL=url)
