"""The whole demo in a fresh folder, as `make demo` runs it after the installation: seconds, and peak of memory."""

import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from statistics import median
from time import perf_counter, sleep

from benchmarks.command import Tell, answer, options
from benchmarks.memory import BYTES_A_MEGABYTE, peak_mb
from benchmarks.report import Report, Value, at_most

LONGEST_S, MOST_MB = 120, 1_500
LOOK_S, TELL_S = 0.05, 10
QUICK = ("--scale", "0.005")
"""Sees that everything runs; figures of this size say nothing."""
COUNTED = ("senior", "volunteer", "need", "visit", "transfer")


class DemoFailed(Exception):
    """The demo ended with an error, so there is nothing to measure."""


def measure(*, scale: float, rounds: int, tell: Tell) -> Report:
    """Run the demo, and once more where it is done, in a fresh folder each round."""
    seconds, cpu, again, peaks = [], [], [], []
    figures: dict[str, Value] = {"scale": scale, "rounds": rounds}
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            tell(f"demo, round {number + 1} of {rounds}")
            took_s, usage = run(Path(folder), scale, tell)
            tell("demo again, with nothing left to do")
            took_again_s, _ = run(Path(folder), scale, tell)
            figures |= _sizes(Path(folder))
        seconds.append(took_s)
        cpu.append(usage.ru_utime + usage.ru_stime)
        peaks.append(peak_mb(usage))
        again.append(took_again_s)
    took = {"demo_s": median(seconds), "demo_cpu_s": median(cpu), "demo_again_s": median(again)}
    return Report(
        figures=figures | took | {"demo_peak_mb": max(peaks)},
        targets=[at_most("demo_s", median(seconds), LONGEST_S), at_most("demo_peak_mb", max(peaks), MOST_MB)],
    )


def environment(folder: Path, url: str = "") -> dict[str, str]:
    """Return the environment of a bank in a folder, with keys of its own; in its file, or a database that is named."""
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "TIMEBANK_KEYS"}}
    return kept | {"TIMEBANK_HOME": str(folder)} | ({"DATABASE_URL": url} if url else {})


def run(folder: Path, scale: float, tell: Tell, *, url: str = "") -> tuple[float, resource.struct_rusage]:
    """Run `timebank demo` as a process of its own; returns its seconds and what the system says it used.

    Raises
    ------
    DemoFailed
        With the end of what it wrote.
    """
    command = [sys.executable, "-m", "timebank.cli", "demo", "--scale", str(scale)]
    written = folder / "demo.log"
    with written.open("w") as log:
        began = perf_counter()
        process = subprocess.Popen(command, env=environment(folder, url), stdout=log, stderr=log)
        try:
            usage = _wait(process, tell)
        finally:
            process.kill()
        took_s = perf_counter() - began
    if process.returncode != 0:
        message = f"The demo ended with {process.returncode}: {written.read_text()[-1000:]}"
        raise DemoFailed(message)
    return took_s, usage


def _wait(process: "subprocess.Popen[bytes]", tell: Tell) -> resource.struct_rusage:
    """Wait for the end of a process, telling now and then that it is at work."""
    told = perf_counter()
    while True:
        number, status, usage = os.wait4(process.pid, os.WNOHANG)
        if number:
            process.returncode = os.waitstatus_to_exitcode(status)
            return usage
        if perf_counter() - told > TELL_S:
            told = perf_counter()
            tell("demo at work")
        sleep(LOOK_S)


def _sizes(folder: Path) -> dict[str, Value]:
    """Count rows, and measure the files that the demo leaves."""
    with closing(sqlite3.connect(folder / "district.sqlite")) as raw:
        counts = {table: raw.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in COUNTED}
    files = (("database_mb", "district.sqlite"), ("page_mb", "district.html"))
    sizes = {name: (folder / file).stat().st_size / BYTES_A_MEGABYTE for name, file in files}
    return {f"{table}s": count for table, count in counts.items()} | sizes


def main(asked: Sequence[str] | None = None) -> None:
    """Measure as asked on the command line."""
    numbers = {"scale": 1.0, "rounds": 1}
    answer(options("demo", (__doc__ or "").partition("\n")[0], **numbers), measure, asked)


if __name__ == "__main__":
    main()
