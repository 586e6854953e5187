"""The page docs/webhooks.md as code: run in order; `python -m tests.outbox.page` renews what it prints."""

from tests import pages
from tests.pages import BLOCK, DOCS

__all__ = ["BLOCK", "PAGE", "renewed"]
PAGE = DOCS / "webhooks.md"


def renewed(text: str, url: str) -> str:
    """Run every block in one namespace on a migrated database, and return the page with what each of them prints."""
    return pages.renewed(text, PAGE.name, URL=url)


if __name__ == "__main__":
    import os
    from tempfile import TemporaryDirectory

    from timebank.core.database import database
    from timebank.core.schema import upgrade

    with TemporaryDirectory() as home:
        os.environ["TIMEBANK_HOME"] = home
        address = f"sqlite:///{home}/page.sqlite"
        with database(address) as engine:
            upgrade(engine)
        PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), address), encoding="utf-8")
