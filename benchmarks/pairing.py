"""The district with unlike minutes: unpaired seniors and the gap to the own proven bound, by kind, file and seed.

With ``--path`` the files of a folder are read; fresh seeds of every kind are made as well, as many as ``--fresh`` says,
because a method that is tuned on some instances may fail on others.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks import pairing_files
from benchmarks.command import Tell, answer, options
from benchmarks.memory import measured_mb
from benchmarks.report import Report, Target, Value, at_most
from matching.assign import Answer, assign
from matching.network import Network

LIMITS = {
    "slack09": (1.2, 2.5),
    "slack30": (0.2, 0.2),
    "mixed09": (3.0, 3.0),
    "kind": (0.6, 0.6),
    "short10": (4.0, 4.0),
}
"""Median and worst gap to the own bound in percent that a kind should reach."""
SPARE = {"slack09": 0, "slack30": 0, "mixed09": 1, "kind": 0}
"""Unpaired seniors beyond those proven necessary."""
QUICK = ("--fresh", "1", "--seniors", "150", "--volunteers", "32", "--seconds", "0.5")
"""Sees that everything runs; figures of this size say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """One instance and seed as the engine answered it."""

    kind: str
    answer: Answer
    cpu_s: float
    memory_mb: float

    @property
    def gap_percent(self) -> float:
        """Above the own bound."""
        return 100 * (self.answer.objective / max(1, self.answer.bound) - 1)

    @property
    def beyond(self) -> int:
        """Unpaired beyond those proven necessary."""
        return self.answer.unpaired - self.answer.unpaired_bound


def measure(
    *,
    path: Path | None,
    only: str,
    fresh: int,
    seniors: int,
    volunteers: int,
    seeds: int,
    seed: int,
    seconds: float,
    tell: Tell,
) -> Report:
    """Answer every instance with every seed."""
    solved = []
    for name, kind, network in _instances(path, only, fresh, seniors, volunteers, seed):
        for number in range(seed, seed + seeds):
            began = time.process_time()
            found, memory_mb = measured_mb(partial(assign, network, seed=number, time_limit_s=seconds))
            one = Solved(kind=kind, answer=found, cpu_s=time.process_time() - began, memory_mb=memory_mb)
            tell(
                f"{name} seed {number}: unpaired {found.unpaired} (at least {found.unpaired_bound}), "
                f"{found.objective:,} bound {found.bound:,} gap {one.gap_percent:.2f} %, "
                f"{found.seconds:.1f} s, CPU {one.cpu_s:.1f} s, "
                f"{memory_mb:.0f} MB, stopped by {found.stopped_by}"
            )
            solved.append(one)
    return _report(solved, seconds)


def _instances(
    path: Path | None, only: str, fresh: int, seniors: int, volunteers: int, seed: int
) -> Iterator[tuple[str, str, Network]]:
    """Name, kind and network of each."""
    if path is not None:
        for file in sorted(path.glob(f"{only}.npz")):
            yield file.stem, file.stem.partition("_")[0], pairing_files.read(file)
        if not fresh:
            return
    for kind in pairing_files.KINDS:
        for number in range(1000 + seed, 1000 + seed + fresh):
            made = pairing_files.made(kind, number, seniors=seniors, volunteers=volunteers)
            yield f"{kind}_fresh{number}", kind, made


def _report(solved: Sequence[Solved], seconds: float) -> Report:
    figures: dict[str, Value] = {"runs": len(solved)}
    targets: list[Target] = []
    for kind in sorted({one.kind for one in solved}):
        mine = [one for one in solved if one.kind == kind]
        gaps = [one.gap_percent for one in mine]
        figures |= {
            f"{kind}.runs": len(mine),
            f"{kind}.median_gap_percent": median(gaps),
            f"{kind}.worst_gap_percent": max(gaps),
            f"{kind}.most_unpaired": max(one.answer.unpaired for one in mine),
            f"{kind}.most_unpaired_beyond_proven": max(one.beyond for one in mine),
            f"{kind}.most_s": max(one.answer.seconds for one in mine),
            f"{kind}.most_cpu_s": max(one.cpu_s for one in mine),
        }
        middle, worst = LIMITS.get(kind, (3.0, 3.0))
        targets.append(at_most(f"{kind} median gap in percent", median(gaps), middle))
        targets.append(at_most(f"{kind} worst gap in percent", max(gaps), worst))
        if kind in SPARE:
            targets.append(at_most(f"{kind} unpaired beyond proven", max(one.beyond for one in mine), SPARE[kind]))
    if solved:
        figures["most_mb"] = max(one.memory_mb for one in solved)
        targets.append(at_most("most megabytes", max(one.memory_mb for one in solved), 2_000))
        targets.append(at_most("most seconds", max(one.answer.seconds for one in solved), seconds + 2))
    return Report(figures=figures, targets=targets)


def main(asked: Sequence[str] | None = None) -> None:
    """Measure as asked on the command line."""
    about = (__doc__ or "").partition("\n")[0]
    parser = options("pairing", about, seniors=12_500, volunteers=2_433, seeds=1, seed=1, seconds=60.0)
    parser.add_argument("--fresh", type=int, default=2, help="made instances of each kind; 2 if unsaid")
    parser.add_argument("--path", type=Path, help="folder of .npz files, whose names begin with their kind")
    parser.add_argument("--only", default="*", help="pattern that a file's name fits, such as 'slack*'")
    answer(parser, measure, asked)


if __name__ == "__main__":
    main()
