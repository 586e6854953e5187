"""The engine beside the same by hand: the lines that the terminal and the page both show."""

from typing import NamedTuple

from timebank.reports.figures import Figures


class Line(NamedTuple):
    """One line: the key of its text, and what the engine and the baseline by hand have, with units."""

    key: str
    engine: str
    by_hand: str


def comparison(figures: Figures) -> list[Line]:
    """Return the lines, those that matter most first."""
    engine, by_hand = figures.engine["pairs"], figures.engine["by_hand"]
    load, load_by_hand = figures.engine["load"], figures.engine["load_by_hand"]
    needs = figures.engine["needs_by_volunteer"]
    return [
        Line("needs_met", f"{engine['met']:,} / {needs:,}", f"{by_hand['met']:,} / {needs:,}"),
        Line("needs_unmet", f"{needs - engine['met']:,}", f"{needs - by_hand['met']:,}"),
        Line("mean_walk", f"{engine['mean_m']:,.0f} m", f"{by_hand['mean_m']:,.0f} m"),
        Line("longest_walk", f"{engine['longest_m']:,} m", f"{by_hand['longest_m']:,} m"),
        Line("needs_each", f"{load['mean']:.2f}", f"{load_by_hand['mean']:.2f}"),
        Line("most_each", f"{load['most']:,}", f"{load_by_hand['most']:,}"),
        Line("idle", f"{load['idle']:,}", f"{load_by_hand['idle']:,}"),
    ]


def met_more(figures: Figures) -> int:
    """Return how many needs the engine meets more than the same by hand; below 0 when it meets fewer."""
    return int(figures.engine["pairs"]["met"] - figures.engine["by_hand"]["met"])


def walk_note(figures: Figures) -> tuple[str, dict[str, object]] | None:
    """Return the text that keeps the mean walks from being misread, with its values; nothing when they compare."""
    more = met_more(figures)
    return ("walk_note", {"more": f"{more:,}"}) if more > 0 else None


def proof(figures: Figures) -> tuple[str, dict[str, object]]:
    """Return the text that says how good the plan is known to be, with its values."""
    gap_m = figures.objective - figures.bound
    return ("proof_gap", {"gap": f"{gap_m:,}"}) if gap_m else ("proof_optimal", {})
