"""Runs the examples; ``python -m tests.examples.renew`` writes their outputs beside them."""

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "examples"
NAMES = ("charity_office", "volunteer", "social_organisation")


def run(name: str) -> str:
    """Run an example as a reader would, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", FOLDER / f"{name}.py"],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )
    return done.stdout + done.stderr


if __name__ == "__main__":
    for each in NAMES:
        (FOLDER / f"{each}.out").write_text(run(each), encoding="utf-8")
