"""A process that is killed in the middle of an import leaves nothing of it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import func, select

from tests.imports.rows import HEAD, senior
from tests.worlds import World
from timebank.core.database import transaction
from timebank.imports.batches import bring_in
from timebank.imports.tables import ImportBatch
from timebank.people.tables import Senior

KILLED = """
import signal, sys
from datetime import datetime
from pathlib import Path
from timebank.core.database import open_database
from timebank.imports import batches, changes

def stop(*_):
    print("so far", flush=True)
    signal.pause()

setattr(changes.Log, sys.argv[4], stop)
batches.bring_in(open_database(sys.argv[1]), Path(sys.argv[2]), "seniors", now=datetime.fromisoformat(sys.argv[3]))
"""


@pytest.mark.parametrize("step", ["put", "flush"])
def test_a_killed_import_leaves_nothing_and_can_be_done_again(
    database_url: str, engine: Engine, world: World, noon: datetime, write_csv: Callable[..., Path], step: str
) -> None:
    """Power cuts and impatient people happen in the middle: when some rows are written, and when all are."""
    path = write_csv([HEAD, *(senior(n) for n in range(1, 20))])
    command = [sys.executable, "-c", KILLED, database_url, str(path), noon.isoformat(), step]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "so far\n"
        os.kill(process.pid, signal.SIGKILL)

    with transaction(engine, read_only=True) as session:
        after_kill = session.exec(select(func.count()).select_from(Senior)).one()
        batches = session.exec(select(func.count()).select_from(ImportBatch)).one()
    outcome = bring_in(engine, path, "seniors", now=noon)

    assert (after_kill, batches) == (len(world.seniors), 0)
    assert (outcome.counts, outcome.is_replay) == ((19, 0, 0), False)
