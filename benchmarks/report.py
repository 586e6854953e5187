"""What a benchmark answers: figures by name, and targets beside what was reached; as JSON or as a table."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from rich.console import Console
from rich.table import Table

Value = float | str
"""A figure; a status is said in words."""
WIDTH = 132
"""Columns of a table that is written to a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What should be reached, and what was; the name ends with how the two are compared."""

    name: str
    value: Value
    limit: Value
    holds: bool


def at_most(name: str, value: float, limit: float) -> Target:
    """Return a target that holds up to its limit."""
    return Target(name=f"{name} at most", value=value, limit=limit, holds=value <= limit)


def at_least(name: str, value: float, limit: float) -> Target:
    """Return a target that holds from its limit on."""
    return Target(name=f"{name} at least", value=value, limit=limit, holds=value >= limit)


def equal(name: str, value: Value, limit: Value) -> Target:
    """Return a target that holds at one value alone."""
    return Target(name=f"{name} equal to", value=value, limit=limit, holds=value == limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Figures with their units in the names, baselines among them, and the targets of the project."""

    figures: Mapping[str, Value] = field(default_factory=dict)
    targets: Sequence[Target] = ()

    def to_json(self) -> str:
        """Write the report as one object."""
        return json.dumps({"figures": dict(self.figures), "targets": [asdict(target) for target in self.targets]})

    @classmethod
    def from_json(cls, text: str) -> "Report":
        """Read what :meth:`to_json` wrote."""
        read = json.loads(text)
        return cls(figures=read["figures"], targets=[Target(**target) for target in read["targets"]])


def show(report: Report, name: str) -> None:
    """Print figures, then targets."""
    figures = Table(title="Figures", title_justify="left")
    figures.add_column("figure")
    figures.add_column("reached", justify="right")
    for figure, value in report.figures.items():
        figures.add_row(figure, tell(value))
    console().print(figures)
    show_targets({name: report})


def show_targets(report_by_name: Mapping[str, Report | None]) -> None:
    """Print every target of some benchmarks beside what was reached; no report is a benchmark that failed."""
    table = Table(title="Targets", title_justify="left")
    table.add_column("benchmark")
    table.add_column("target")
    for column in ("limit", "reached", "holds"):
        table.add_column(column, justify="right")
    for name, report in report_by_name.items():
        if report is None:
            table.add_row(name, "[bold red]not measured[/]", "", "", "[bold red]NO[/]")
            continue
        for target in report.targets:
            holds = "yes" if target.holds else "[bold red]NO[/]"
            table.add_row(name, target.name, tell(target.limit), tell(target.value), holds)
    console().print(table)


def console() -> Console:
    """Return the terminal, or something wide enough where the output is written to a file."""
    terminal = Console()
    return terminal if terminal.is_terminal else Console(width=WIDTH)


def tell(value: Value) -> str:
    """Write a figure with three digits that count, a larger one whole; thousands are set apart."""
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:.3g}"
