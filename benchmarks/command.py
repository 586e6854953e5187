"""The command line of every benchmark: its options, progress on stderr, JSON or a table on stdout."""

import argparse
import sys
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

from benchmarks.report import Report, show

Tell = Callable[[str], None]


def options(name: str, about: str, **numbers: float) -> argparse.ArgumentParser:
    """Return a parser with ``--json`` and an option for each number, whose default also says its type."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=about)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    for option, default in numbers.items():
        parser.add_argument(
            f"--{option}", type=_above_zero(type(default)), default=default, help=f"{default} if unsaid"
        )
    return parser


def _above_zero(kind: type[float]) -> Callable[[str], float]:
    def number(text: str) -> float:
        value = kind(text)
        if value <= 0:
            message = f"{text} is not above 0"
            raise argparse.ArgumentTypeError(message)
        return value

    return number


def answer(parser: argparse.ArgumentParser, measure: Callable[..., Report], asked: Sequence[str] | None = None) -> None:
    """Measure with the asked options, then print the report."""
    given: dict[str, Any] = vars(parser.parse_args(asked))
    as_json = given.pop("json")
    name = parser.prog.rpartition(".")[2]
    report = measure(**given, tell=teller(name))
    if as_json:
        print(report.to_json())
    else:
        show(report, name)


def teller(name: str) -> Tell:
    """Return a function that writes on stderr what is done now, with the seconds since the beginning."""
    began = perf_counter()

    def tell(what: str) -> None:
        sys.stderr.write(f"{name} {perf_counter() - began:7.1f} s  {what}\n")
        sys.stderr.flush()

    return tell
