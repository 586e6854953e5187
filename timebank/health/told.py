"""The health of a bank in words and tables for a terminal, Chinese first and English."""

from collections.abc import Iterator
from math import isinf

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from timebank.core.clock import day_of
from timebank.core.minutes import COIN_MIN
from timebank.health.indicators import Indicator
from timebank.health.outlook import PPM, Range
from timebank.health.report import Health
from timebank.health.sheets import Cell, Pair, Sheet, pair

NOTHING, ENDLESS, LEFT_OUT = "—", "∞", "·"
WIDE = 110
"""Columns from which the two names of a row stand on one line."""
SHARES = frozenset({"redeemable_share", "near_share", "concentration"})
"""Indicators that are parts of a whole."""


def tell(health: Health, sheets: tuple[Sheet, ...], *, width: int) -> Iterator[RenderableType]:
    """Yield the whole report: early warning first, then what is expected, then the tables."""
    yield Text("\n".join(lead(health)))
    yield _indicators(health, width)
    yield _expected(health)
    for sheet in sheets:
        yield _sheet(sheet, health, width)
    if any(cell.is_hidden for sheet in sheets for _, cells in sheet.rows for cell in cells):
        yield Text("\n".join(pair("health_hidden", least=health.terms.least_persons)))


def lead(health: Health) -> Pair:
    """Return the sentence a report begins with."""
    values = {
        "book": health.book,
        "day": day_of(health.moment),
        "saved": coins(health.saved_min),
        "redeemable": coins(health.redeemable.central),
        "share": share_of(health.redeemable.central, health.saved_min),
        "least": share_of(health.redeemable.low, health.saved_min),
        "most": share_of(health.redeemable.high, health.saved_min),
        "days": health.terms.horizon_days,
    }
    return pair("health_lead", **values)


def coins(minutes: float) -> str:
    """Write minutes as coins with one decimal and thousands apart."""
    return f"{minutes / COIN_MIN:,.1f}"


def share_of(part: float, whole: float) -> str:
    """Write a part of a whole in percent."""
    return f"{part / whole:.1%}" if whole > 0 else NOTHING


def said(cell: Cell, least: int) -> str:
    """Write what stands in a cell: a part, coins, or that it is hidden."""
    if cell.is_hidden:
        return f"<{least}" if cell.persons is not None and cell.persons < least else LEFT_OUT
    return coins(cell.minutes) if cell.part is None else f"{cell.part:.1%}"


def title_of(sheet: Sheet, health: Health) -> Pair:
    """Return the title of a table."""
    return pair(f"health_title_{sheet.key}", days=health.terms.horizon_days)


def name_of(indicator: Indicator, health: Health) -> Pair:
    """Return the name of an indicator."""
    return pair(f"health_{indicator.key}", days=health.terms.horizon_days)


def value_said(indicator: Indicator, value: float | None) -> str:
    """Write a value of an indicator."""
    if value is None:
        return NOTHING
    if isinf(value):
        return ENDLESS
    return f"{value:.1%}" if indicator.key in SHARES else f"{value:.1f}"


def threshold_said(indicator: Indicator) -> Pair:
    """Return from where on an indicator is a notice, and a warning."""
    one = indicator.threshold
    notice, warning = value_said(indicator, one.notice), value_said(indicator, one.warning)
    return pair(f"health_{one.side}", notice=notice, warning=warning)


def level_said(indicator: Indicator) -> Pair:
    """Return the level of an indicator, and how long it has lasted."""
    level = pair(f"health_level_{indicator.level}")
    if not indicator.weeks:
        return level
    lasted = pair("health_sustained" if indicator.is_sustained else "health_new", weeks=indicator.weeks)
    return Pair(f"{level.zh}{lasted.zh}", f"{level.en}{lasted.en}")


def range_said(found: Range | None, *, is_ratio: bool = False) -> str:
    """Write a range: expected, and in brackets the least and the most."""
    if found is None:
        return NOTHING
    least, mean, most = ((_ratio(one) if is_ratio else coins(one)) for one in found)
    return f"{mean} ({least} – {most})"


def _ratio(value: float) -> str:
    return ENDLESS if isinf(value) else f"{value:.1f}"


def method_notes(health: Health) -> list[Pair]:
    """Return how what is expected was worked out."""
    share = {name: f"{value:.2%}" for name, value in health.share._asdict().items()}
    values = {"kept": f"{health.kept_ppm / PPM:.1%}", "used": f"{health.used_ppm / PPM:.1%}"}
    return [
        pair("health_share_assumed" if health.is_assumed else "health_share_seen", **share),
        pair("health_method", weeks=len(health.weeks.earned), **values),
    ]


def _both(text: Pair, between: str) -> str:
    return text.zh if text.zh == text.en else f"{text.zh}{between}{text.en}"


def _table() -> Table:
    return Table(box=box.HORIZONTALS, collapse_padding=True, pad_edge=False)


def _titled(title: Pair, table: Table, *notes: Pair) -> Group:
    said_notes = [Text("\n".join(note), style="dim") for note in notes]
    return Group(Text(_both(title, " "), style="bold"), table, *said_notes)


def _indicators(health: Health, width: int) -> Group:
    between = " " if width >= WIDE else "\n"
    table = _table()
    for head in ("health_indicator", "health_value", "health_level", "health_threshold"):
        table.add_column(_both(pair(head), " "), justify="right" if head == "health_value" else "left")
    for one in health.indicators:
        table.add_row(
            _both(name_of(one, health), between),
            value_said(one, one.value),
            _both(level_said(one), between),
            _both(threshold_said(one), between),
        )
    return _titled(pair("health_title_warnings"), table)


def _expected(health: Health) -> Group:
    table = _table()
    for head in ("health_days", "health_supply", "health_redemption", "health_cover"):
        table.add_column(_both(pair(head), "\n"), justify="right")
    for one in health.expected:
        supply, redemption = range_said(one.supply), range_said(one.redemption)
        table.add_row(str(one.days), supply, redemption, range_said(one.cover, is_ratio=True))
    return _titled(pair("health_title_expected"), table, *method_notes(health))


def _sheet(sheet: Sheet, health: Health, width: int) -> Group:
    between = " " if width >= WIDE else "\n"
    table = _table()
    table.add_column("")
    for head in sheet.heads:
        table.add_column(_both(head, "\n"), justify="right")
    for n, (name, cells) in enumerate(sheet.rows):
        if sheet.has_total_row and n == len(sheet.rows) - 1:
            table.add_section()
        table.add_row(_both(name, between), *(said(cell, health.terms.least_persons) for cell in cells))
    return _titled(title_of(sheet, health), table)
