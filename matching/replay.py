"""Save an instance so that its fault can be seen again: ``python -m matching.replay PATH`` solves it and tells.

An instance holds numbers alone: ids, places, minutes, sets; no name, phone or address. The file can be read by
its owner only, for places are places of homes.
"""

import argparse
import gzip
import hashlib
import json
import os
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

from matching.problem import Problem
from matching.solve import PlanRejected, solve

SUFFIX = ".instance.json.gz"
NOT_ONE = (gzip.BadGzipFile, zlib.error, EOFError, json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError)
"""What reading something else ends with."""


def save_instance(problem: Problem, folder: Path) -> Path:
    """Write a problem into a folder, under a name made of its content: the same instance, the same file.

    Returns
    -------
    Path
        Of the file; it is written whole or not at all.
    """
    text = problem.to_json()
    path = folder / f"{hashlib.sha256(text).hexdigest()[:16]}{SUFFIX}"
    folder.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:  # noqa: PTH123  # Path.open takes no mode
        opened.write(gzip.compress(text, mtime=0))
    return part.replace(path)


def load_instance(path: Path) -> Problem:
    """Read what :func:`save_instance` wrote.

    Raises
    ------
    ValueError
        When the file holds no instance.
    """
    try:
        return Problem.from_json(gzip.decompress(path.read_bytes()))
    except NOT_ONE as wrong:
        message = f"{path} is no saved instance: {type(wrong).__name__} {wrong}"
        raise ValueError(message) from wrong


def replay(path: Path) -> tuple[str, ...]:
    """Solve a saved instance again and return the judge's faults; none when the plan holds."""
    try:
        return solve(load_instance(path)).verdict.faults
    except PlanRejected as rejected:
        return rejected.faults


def main(asked: Sequence[str] | None = None) -> int:
    """Tell the faults of an instance; returns 0 without, 1 with faults, 2 when the file cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m matching.replay", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("path", type=Path, help=f"a file *{SUFFIX}")
    path = parser.parse_args(asked).path
    try:
        faults = replay(path)
    except (OSError, ValueError) as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 2
    for fault in faults:
        sys.stdout.write(f"{fault}\n")
    sys.stdout.write(f"{len(faults)} faults\n")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
