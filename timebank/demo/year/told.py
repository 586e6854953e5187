"""What the year says at its end: the district's table beside the published one, and what each system took."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from timebank.demo.told import both, note, table_of, titled
from timebank.demo.year.chapter import FLOWS
from timebank.demo.year.run import Played, Row, furthest_off
from timebank.people.categories import CATEGORIES


def tell_year(played: Played) -> Iterator[RenderableType]:
    """Yield the table, the row that is furthest off, and the seconds by system."""
    year = played.year
    yield note(
        "year_scope",
        starts_on=year.starts_on.isoformat(),
        days=year.days,
        percent=f"{year.scale:.1%}",
    )
    yield titled(both("year_table"), _beside(played.rows))
    furthest = furthest_off(played.rows)
    if furthest and furthest.off is not None:
        yield note("year_furthest", what=_names(furthest.key), off=_off(furthest))
    yield titled(both("year_seconds"), _seconds(played.seconds))


def _beside(rows: list[Row]) -> Table:
    table = table_of()
    table.add_column(both("what"))
    for column in ("year_published", "year_played", "year_off"):
        table.add_column(both(column, "\n"), justify="right")
    for row in rows:
        published = f"{row.published:,}" if row.off is not None else "—"
        style = "bold" if row.key in FLOWS else ""
        table.add_row(_names(row.key), published, f"{row.played:,}", _off(row), style=style)
    return table


def _seconds(seconds: dict[str, float]) -> Table:
    table = table_of()
    table.add_column(both("year_system"))
    table.add_column(both("year_took", "\n"), justify="right")
    for key, took_s in seconds.items():
        table.add_row(both(f"year_chapter_{key}"), f"{took_s:,.1f} s")
    table.add_section()
    table.add_row(Text(both("all")), f"{sum(seconds.values()):,.1f} s", style="bold")
    return table


def _off(row: Row) -> str:
    return "—" if row.off is None else f"{row.off:+.2%}"


def _names(key: str) -> str:
    """Name a row in both languages; a category has its names already."""
    kind, _, category = key.partition(".")
    if kind == "seniors" and category in CATEGORIES:
        return f"{CATEGORIES[category].name_zh} {CATEGORIES[category].name_en}"
    return both(f"year_row_{key.replace('.', '_')}")
