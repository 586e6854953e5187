"""Every benchmark, each in a process of its own; prints every target beside what was reached.

A target that does not hold is shown and changes nothing else: the exit code only says whether all were measured.
"""

import argparse
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmarks import (
    calendar,
    city,
    credit_year,
    demo,
    district,
    flow,
    gap,
    graphql,
    ledger,
    load,
    meters,
    pairing,
    peers,
    programmes,
    repair,
)
from benchmarks.report import Report, show_targets

QUICK_BY_NAME = {
    "district": district.QUICK,
    "demo": demo.QUICK,
    "calendar": calendar.QUICK,
    "city": city.QUICK,
    "credit_year": credit_year.QUICK,
    "meters": meters.QUICK,
    "programmes": programmes.QUICK,
    "repair": repair.QUICK,
    "peers": peers.QUICK,
    "ledger": ledger.QUICK,
    "flow": flow.QUICK,
    "gap": gap.QUICK,
    "pairing": pairing.QUICK,
    "graphql": graphql.QUICK,
    "load": load.QUICK,
}
"""Names of all benchmarks, with the options that only see that they run."""


def measure(name: str, options: Sequence[str]) -> Report | None:
    """Run one benchmark; nothing when it fails. What it writes while it works goes to our stderr."""
    command = [sys.executable, "-m", f"benchmarks.{name}", "--json", *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return Report.from_json(done.stdout) if done.returncode == 0 else None


def joined(report_by_name: Mapping[str, Report | None]) -> Report:
    """Return one report of all that were measured; the benchmark stands before every name."""
    measured = [(name, report) for name, report in report_by_name.items() if report is not None]
    return Report(
        figures={f"{name}.{figure}": value for name, report in measured for figure, value in report.figures.items()},
        targets=[
            replace(target, name=f"{name}.{target.name}") for name, report in measured for target in report.targets
        ],
    )


def main(asked: Sequence[str] | None = None) -> int:
    """Measure all; returns 0 when all were measured, else 1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.all", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: sees that all run, measures nothing")
    given = parser.parse_args(asked)
    reports = {name: measure(name, quick if given.quick else ()) for name, quick in QUICK_BY_NAME.items()}
    if given.json:
        print(joined(reports).to_json())
    else:
        show_targets(reports)
    return int(None in reports.values())


if __name__ == "__main__":
    sys.exit(main())
