"""Serve: the web process, and beside it a worker process that does match runs."""

import subprocess
import sys

import uvicorn

from api.app import create_app
from timebank.core.database import open_database
from timebank.core.settings import Settings

STOP_S = 10


def serve(*, host: str, port: int) -> None:
    """Serve until interrupted; the worker ends with this process, however this one ends."""
    worker = subprocess.Popen([sys.executable, "-m", "timebank.cli", "work"])
    try:
        engine = open_database(Settings.from_environment().database_url)
        uvicorn.run(create_app(engine), host=host, port=port, access_log=False, log_level="info")
    finally:
        worker.terminate()
        try:
            worker.wait(STOP_S)
        except subprocess.TimeoutExpired:
            worker.kill()
