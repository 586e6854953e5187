"""The page docs/planning.md as code: run in order; `python -m tests.planning.page` renews what it prints."""

from tests import pages
from tests.pages import BLOCK, DOCS

__all__ = ["BLOCK", "PAGE", "renewed"]
PAGE = DOCS / "planning.md"


def renewed(text: str, url: str) -> str:
    """Run every block in one namespace on a database, and return the page with what each of them prints."""
    return pages.renewed(text, PAGE.name, URL=url)


if __name__ == "__main__":
    import os
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as home:
        os.environ["TIMEBANK_HOME"] = home
        PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), f"sqlite:///{home}/page.sqlite"), encoding="utf-8")
