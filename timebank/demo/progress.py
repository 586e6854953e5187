"""How far the demo is: bars in a terminal, one plain line for each finished step in a pipe or a file."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column

from timebank.core.texts import say

STEPS = ("upgrade", "district", "plan", "play", "next_plan", "report")
YEAR_STEPS = ("upgrade", "district", "prepare", "year", "count")
Shown = Callable[[str, float], None]
WIDE = 100
"""Columns from which bars need not fill the terminal's width."""


@contextmanager
def progress_on(console: Console, steps: tuple[str, ...] = STEPS) -> Iterator[Shown]:
    """Show progress of the named steps while the block runs: call with a step's name and its share, 0 to 1."""
    if not console.is_terminal:
        yield Lines(console)
        return
    columns = (
        TextColumn("{task.description}", table_column=Column(no_wrap=True)),
        BarColumn(None),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, expand=console.width < WIDE) as drawn:
        yield Bars(drawn, steps)


class Bars:
    """A bar for each step, drawn while it works."""

    def __init__(self, drawn: Progress, steps: tuple[str, ...] = STEPS) -> None:
        self.drawn = drawn
        self.bars = {step: drawn.add_task(step_name(step), total=1, start=False) for step in steps}

    def __call__(self, step: str, share: float) -> None:
        """Move the bar of a step to its share."""
        self.drawn.start_task(self.bars[step])
        self.drawn.update(self.bars[step], completed=share)


class Lines:
    """A line for each step when it is done, with its seconds."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.begun_s: dict[str, float] = {}
        self.told: set[str] = set()

    def __call__(self, step: str, share: float) -> None:
        """Note the beginning of a step, and tell its end once."""
        begun_s = self.begun_s.setdefault(step, time.monotonic())
        if share >= 1 and step not in self.told:
            self.told.add(step)
            self.console.print(f"{step_name(step)}: {time.monotonic() - begun_s:.0f} s", highlight=False)


def step_name(step: str) -> str:
    """Return what a step does, in both languages."""
    return f"{say(f'step_{step}', 'zh')} {say(f'step_{step}', 'en')}"
