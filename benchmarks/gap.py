"""Generalized assignment: published files or made instances, beside the best known values and the own proven bound.

With ``--path`` every file below a folder is read that begins with a digit, as the standard text format does; a
``best_known.csv`` in the folder names the best known values. Without, instances of the types C, D and E are made. A
class is the letter that a file's name begins with, or its folder; from 400 jobs on it is a class of its own.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from benchmarks import gap_files
from benchmarks.command import Tell, answer, options
from benchmarks.report import Report, Target, Value, at_most, equal
from matching.assign import Answer, assign
from matching.network import Network, faults

TABLE = "best_known.csv"
MANY_JOBS = 400
SECONDS, MANY_SECONDS = 20.0, 60.0
LIMITS = {"d": 0.3, "large_d": 0.4}
"""Largest mean gap by class, in percent; 0.1 where nothing else is said."""
WORST = 0.8
QUICK = ("--agents", "4", "--jobs", "16", "--seconds", "0.5")
"""Sees that everything runs; figures of this size say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """One instance as the engine answered it."""

    group: str
    answer: Answer
    best_known: int | None
    cpu_s: float
    limit_s: float
    is_sound: bool  # feasible, and the bound is not above the best known value

    @property
    def gap_percent(self) -> float:
        """Above the best known value, or above the own bound where none is known."""
        return 100 * (self.answer.objective / (self.best_known or self.answer.bound) - 1)


def measure(
    *, path: Path | None, only: str, agents: int, jobs: int, rounds: int, seed: int, seconds: float | None, tell: Tell
) -> Report:
    """Answer every instance."""
    solved = []
    for name, group, network, best_known in _instances(path, only, agents, jobs, rounds, seed):
        is_large = network.left_count >= MANY_JOBS
        limit_s = seconds or (MANY_SECONDS if is_large else SECONDS)
        one = _solve(f"large_{group}" if is_large else group, network, best_known, seed, limit_s)
        tell(
            f"{name}: {one.answer.objective} best known {best_known} bound {one.answer.bound} "
            f"gap {one.gap_percent:.3f} %, {one.answer.seconds:.1f} s, CPU {one.cpu_s:.1f} s, "
            f"stopped by {one.answer.stopped_by}"
        )
        solved.append(one)
    return _report(solved)


def _solve(group: str, network: Network, best_known: int | None, seed: int, seconds: float) -> Solved:
    began = time.process_time()
    found = assign(network, seed=seed, time_limit_s=seconds)
    is_sound = not found.unpaired and not faults(network, found.chosen)
    return Solved(
        group=group,
        answer=found,
        best_known=best_known,
        cpu_s=time.process_time() - began,
        limit_s=seconds,
        is_sound=is_sound and (best_known is None or found.bound <= best_known <= found.objective),
    )


def _instances(
    path: Path | None, only: str, agents: int, jobs: int, rounds: int, seed: int
) -> Iterator[tuple[str, str, Network, int | None]]:
    """Name, class, instance and best known value of each."""
    if path is None:
        for number in range(seed, seed + rounds):
            for kind in "cde":
                made = gap_files.made(kind, agents, jobs, number)
                yield f"made_{kind}_{agents}x{jobs}_seed{number}", kind, made, None
        return
    best = gap_files.best_known(path / TABLE) if (path / TABLE).exists() else {}
    for file in sorted(path.rglob(only)):
        if file.is_file() and file.read_bytes().lstrip()[:1].isdigit():
            name = str(file.relative_to(path))
            group = file.name[0] if file.name[0] in "abcde" else file.parent.name
            yield name, group, gap_files.read(file), best.get(name)


def _report(solved: Sequence[Solved]) -> Report:
    """Say mean, worst and time by class."""
    figures: dict[str, Value] = {"instances": len(solved)}
    targets: list[Target] = [equal("feasible with a sound bound", sum(one.is_sound for one in solved), len(solved))]
    for group in sorted({one.group for one in solved}):
        mine = [one for one in solved if one.group == group]
        gaps = [one.gap_percent for one in mine]
        figures |= {
            f"{group}.instances": len(mine),
            f"{group}.mean_gap_percent": mean(gaps),
            f"{group}.worst_gap_percent": max(gaps),
            f"{group}.mean_gap_to_own_bound_percent": mean(100 * one.answer.gap for one in mine),
            f"{group}.most_s": max(one.answer.seconds for one in mine),
            f"{group}.most_cpu_s": max(one.cpu_s for one in mine),
        }
        targets.append(at_most(f"{group} mean gap in percent", mean(gaps), LIMITS.get(group, 0.1)))
    if solved:
        targets.append(at_most("worst gap in percent", max(one.gap_percent for one in solved), WORST))
        late = max(one.answer.seconds - one.limit_s for one in solved)
        targets.append(at_most("seconds beyond the limit", late, 1.0))
    return Report(figures=figures, targets=targets)


def main(asked: Sequence[str] | None = None) -> None:
    """Measure as asked on the command line."""
    about = (__doc__ or "").partition("\n")[0]
    parser = options("gap", about, agents=20, jobs=400, rounds=1, seed=1)
    parser.add_argument(
        "--seconds", type=float, help=f"{SECONDS:.0f} if unsaid, {MANY_SECONDS:.0f} from {MANY_JOBS} jobs on"
    )
    parser.add_argument("--path", type=Path, help="folder of files in the standard format; made anew if unsaid")
    parser.add_argument("--only", default="*", help="pattern that a file's name fits, such as 'd*'")
    answer(parser, measure, asked)


if __name__ == "__main__":
    main()
