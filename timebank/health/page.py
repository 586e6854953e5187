"""The health of a bank as one HTML file that opens offline, in both languages."""

from dataclasses import dataclass

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from timebank.core.texts import say
from timebank.health.indicators import NOTICE, WARNING
from timebank.health.report import Health
from timebank.health.sheets import Pair, Sheet
from timebank.health.told import (
    coins,
    lead,
    level_said,
    method_notes,
    name_of,
    range_said,
    said,
    share_of,
    threshold_said,
    title_of,
    value_said,
)
from timebank.reports.page import bilingual


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """A row of a chart: its name, and one or two amounts with the length of their bars in percent."""

    name: Pair
    amounts: tuple[tuple[str, float], ...]


def render_page(health: Health, sheets: tuple[Sheet, ...]) -> str:
    """Return the page as text."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("timebank.health"), PackageLoader("timebank.reports")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.globals |= {"t": bilingual, "say": say, "both": _both, "said": said}
    by_key = {sheet.key: sheet for sheet in sheets}
    return environment.get_template("health.html.jinja").render(
        health=health,
        least=health.terms.least_persons,
        lead=lead(health),
        tiles=_tiles(health),
        warnings=[
            (one.level, name_of(one, health), value_said(one, one.value), level_said(one), threshold_said(one))
            for one in health.indicators
        ],
        expected=[
            (one.days, range_said(one.supply), range_said(one.redemption), range_said(one.cover, is_ratio=True))
            for one in health.expected
        ],
        notes=method_notes(health),
        charts=(
            ("health_chart_streets", ("health_saved", "health_redeemable"), _bars(by_key["redeemable"], (0, 3))),
            ("health_chart_years", ("health_saved",), _bars(by_key["matures"], (0,))),
        ),
        sheets=[(sheet, title_of(sheet, health)) for sheet in sheets],
        has_hidden=any(cell.is_hidden for sheet in sheets for _, cells in sheet.rows for cell in cells),
    )


def _both(text: Pair) -> Markup:
    """Write a text in both languages; the page shows one of them."""
    return Markup('<span lang="zh">{}</span><span lang="en">{}</span>').format(text.zh, text.en)


def _tiles(health: Health) -> list[tuple[str, str]]:
    """Key and value of the figures at the top."""
    soon = health.expected[0].cover
    raised = sum(one.level in {NOTICE, WARNING} for one in health.indicators)
    return [
        ("health_tile_saved", coins(health.saved_min)),
        ("health_tile_share", share_of(health.redeemable.central, health.saved_min)),
        ("health_tile_cover", range_said(soon, is_ratio=True).partition(" ")[0]),
        ("health_tile_warnings", str(raised)),
    ]


def _bars(sheet: Sheet, columns: tuple[int, ...]) -> list[Bars]:
    """Return the rows of a table as bars, without its total; what is hidden has none."""
    rows = sheet.rows[:-1]
    shown = [cells[n].minutes for _, cells in rows for n in columns if not cells[n].is_hidden]
    longest = max(shown, default=0) or 1
    return [
        Bars(
            name=name,
            amounts=tuple(
                ("·", 0.0) if cells[n].is_hidden else (coins(cells[n].minutes), 100 * cells[n].minutes / longest)
                for n in columns
            ),
        )
        for name, cells in rows
    ]
