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


def show(report: Report, title: str) -> None:
    """Print figures, then targets."""
    figures = Table(title=f"{title}: figures", title_justify="left")
    figures.add_column("figure")
    figures.add_column("reached", justify="right")
    for name, value in report.figures.items():
        figures.add_row(name, tell(value))
    terminal = Console()
    console = terminal if terminal.is_terminal else Console(width=WIDTH)
    console.print(figures)
    console.print(_targets(report.targets, title))


def _targets(targets: Sequence[Target], title: str) -> Table:
    table = Table(title=f"{title}: targets", title_justify="left")
    table.add_column("target")
    for column in ("limit", "reached", "holds"):
        table.add_column(column, justify="right")
    for target in targets:
        table.add_row(target.name, tell(target.limit), tell(target.value), "yes" if target.holds else "[bold red]NO[/]")
    return table


def tell(value: Value) -> str:
    """Write a figure with three or more digits that count; thousands are set apart."""
    if isinstance(value, float) and not value.is_integer():
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return value if isinstance(value, str) else f"{value:,.0f}"
