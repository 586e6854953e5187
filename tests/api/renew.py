"""What stands written of the schema and its answers; ``python -m tests.api.renew`` writes it anew."""

import os
import tempfile
from pathlib import Path

from api.app import create_app
from api.schema import print_schema
from tests.api.conftest import NOON
from tests.api.documented import PAGE, play, renewed, steps
from tests.api.door import Door
from tests.api.served import served_district
from timebank.core.database import database
from timebank.core.schema import upgrade

SCHEMA_FILE = Path(__file__).parents[2] / "schema.graphql"
HOW = "Renew it with `.venv/bin/python -m tests.api.renew`, and read the difference as a partner organisation would."


def renew() -> None:
    """Write schema.graphql, and the answers of docs/api.md as a fresh district gives them."""
    SCHEMA_FILE.write_text(print_schema(), encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as home:
        os.environ["TIMEBANK_HOME"] = home
        with database(f"sqlite:///{home}/served.sqlite") as engine:
            upgrade(engine)
            served = served_district(engine, NOON)
            door = Door(app=create_app(engine, clock=lambda: NOON), engine=engine, served=served)
            PAGE.write_text(renewed(page, play(door, steps(page))), encoding="utf-8")


if __name__ == "__main__":
    renew()
