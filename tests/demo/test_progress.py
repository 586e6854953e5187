"""Progress: bars for a person at a terminal, a line for each finished step in a pipe."""

import io

from rich.console import Console

from timebank.demo.progress import STEPS, progress_on


def shown(console: Console, file: io.StringIO) -> str:
    """Walk through every step, the play in quarters, and return what was written."""
    with progress_on(console) as progress:
        for step in STEPS:
            progress(step, 0)
            progress(step, 0.5)
            progress(step, 1)
            progress(step, 1)
    return file.getvalue()


def test_a_pipe_gets_one_line_a_step() -> None:
    """A log full of redrawn bars cannot be read, searched or mailed."""
    file = io.StringIO()

    lines = shown(Console(file=file, width=80), file).splitlines()

    assert len(lines) == len(STEPS)
    assert lines[3].startswith("演练 28 天 Play 28 days: ")
    assert not any(mark in line for line in lines for mark in ("\x1b", "\r", "━", "%"))


def test_a_terminal_gets_bars_that_fit() -> None:
    """Both names of each step are whole beside a bar, on the smallest usual terminal."""
    file = io.StringIO()

    drawn = shown(Console(file=file, width=80, force_terminal=True, color_system=None), file)

    assert "安排下一期 Plan the next 28 days" in drawn
    assert "100 %" in drawn
    assert "…" not in drawn


def test_a_terminal_without_colour_gets_none() -> None:
    """NO_COLOR is kept, for it is also how a screen reader's user asks for plain text."""
    file = io.StringIO()

    drawn = shown(Console(file=file, width=80, force_terminal=True, no_color=True), file)

    assert "\x1b[3" not in drawn
