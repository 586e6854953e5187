"""What stands written of the schema and its answers; ``python -m tests.api.renew`` writes it anew."""

import os
import shutil
import tempfile
from pathlib import Path

from api.app import create_app
from api.schema import print_schema
from tests.api.conftest import NOON
from tests.api.documented import DOCS, STEPS_BY_PAGE, play, renewed
from tests.api.door import Door
from tests.api.served import served_district
from timebank.core.database import database
from timebank.core.schema import upgrade

SCHEMA_FILE = Path(__file__).parents[2] / "schema.graphql"
HOW = "Renew it with `.venv/bin/python -m tests.api.renew`, and read the difference as a partner organisation would."


def renew() -> None:
    """Write schema.graphql, and the answers of every page of docs as a fresh district gives them."""
    SCHEMA_FILE.write_text(print_schema(), encoding="utf-8")
    with tempfile.TemporaryDirectory() as home:
        os.environ["TIMEBANK_HOME"] = home
        template = Path(home) / "served.sqlite"
        with database(f"sqlite:///{template}") as engine:
            upgrade(engine)
            served = served_district(engine, NOON)
            with engine.connect() as connection:
                connection.exec_driver_sql("COMMIT")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.exec_driver_sql("BEGIN")
        for name, played in STEPS_BY_PAGE.items():
            copied = shutil.copy(template, template.with_name("page.sqlite"))
            with database(f"sqlite:///{copied}") as engine:
                door = Door(app=create_app(engine, clock=lambda: NOON), engine=engine, served=served)
                page = DOCS / name
                page.write_text(renewed(page.read_text(encoding="utf-8"), play(door, played)), encoding="utf-8")
            for left in Path(home).glob("page.sqlite*"):
                left.unlink()


if __name__ == "__main__":
    renew()
