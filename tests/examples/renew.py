"""Runs the examples; ``python -m tests.examples.renew`` writes their outputs beside them."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

FOLDER = Path(__file__).parents[2] / "examples"
NAMES = ("charity_office", "volunteer", "social_organisation")


def run(name: str, folder: Path) -> str:
    """Run an example as a reader would, in a folder; returns what it prints, faults and warnings too."""
    done = subprocess.run(
        [sys.executable, "-W", "error", FOLDER / f"{name}.py"],
        capture_output=True,
        encoding="utf-8",
        check=False,
        cwd=folder,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )
    return done.stdout + done.stderr


if __name__ == "__main__":
    for each in NAMES:
        with TemporaryDirectory() as clean:
            (FOLDER / f"{each}.out").write_text(run(each, Path(clean)), encoding="utf-8")
