"""The district, 12,500 needs and 2,433 volunteers with 30 candidates each: every stage from places to stored visits.

Every round takes another district (the next seed) and measures the works in turn; ratios are taken within a round.
"""

from collections.abc import Sequence

from benchmarks.command import Tell, answer, options
from benchmarks.engine_stages import measure_engine
from benchmarks.instances import district
from benchmarks.report import Report
from benchmarks.visit_stores import measure_stores
from matching.problem import Problem
from matching.solve import solve

QUICK = ("--seniors", "200", "--volunteers", "40", "--rounds", "1")
"""Sees that everything runs; figures of this size say nothing."""


def measure(*, seniors: int, volunteers: int, candidates: int, rounds: int, seed: int, tell: Tell) -> Report:
    """Measure the engine, then the stores."""

    def instance(number: int) -> Problem:
        return district(seniors=seniors, volunteers=volunteers, seed=number, candidates=candidates)

    engine = measure_engine(instance, rounds=rounds, seed=seed, tell=tell)
    problem = instance(seed)
    stores = measure_stores(problem, solve(problem), rounds=rounds, tell=tell)
    size = {"rounds": rounds, "candidates_per_need": candidates}
    return Report(figures={**size, **engine.figures, **stores.figures}, targets=[*engine.targets, *stores.targets])


def main(asked: Sequence[str] | None = None) -> None:
    """Measure as asked on the command line."""
    numbers = {"seniors": 12_500, "volunteers": 2_433, "candidates": 30, "rounds": 9, "seed": 1}
    answer(options("district", (__doc__ or "").partition("\n")[0], **numbers), measure, asked)


if __name__ == "__main__":
    main()
