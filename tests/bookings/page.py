"""The page docs/bookings.md as code: run in order; `python -m tests.bookings.page` renews what it prints."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlmodel import Session

from tests import pages
from tests.bookings.conftest import Desk, open_desk
from tests.conftest import NOON
from tests.pages import DOCS
from tests.worlds import small_district
from timebank.core.database import database, transaction
from timebank.core.schema import upgrade

PAGE = DOCS / "bookings.md"


def renewed(text: str, session: Session, desk: Desk) -> str:
    """Run every block in one namespace, and return the page with what each of them prints."""
    world = desk.world
    names = {"office": world.organisations["CF1"], "seniors": world.seniors, "services": world.services}
    return pages.renewed(text, PAGE.name, session=session, now=desk.now, **names)


def renew() -> None:
    """Write the page anew, as a fresh district gives it."""
    with TemporaryDirectory() as home:
        os.environ["TIMEBANK_HOME"] = home
        with database(f"sqlite:///{Path(home) / 'page.sqlite'}") as engine:
            upgrade(engine)
            with transaction(engine) as session:
                world = small_district(session, NOON)
            desk = open_desk(engine, world, NOON)
            with transaction(engine) as session:
                PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), session, desk), encoding="utf-8")


if __name__ == "__main__":
    renew()
