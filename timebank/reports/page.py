"""The report of a district as one HTML file that opens offline: no script, font or picture from elsewhere."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from timebank.core.places import district_outline
from timebank.core.texts import LOCALES, say
from timebank.people.categories import CATEGORIES
from timebank.reports.charts import BLUES, REDS, Bar, Region, Shade, bars, outline_map, shades
from timebank.reports.comparison import comparison, met_more, proof, walk_note
from timebank.reports.figures import Coverage, Figures, Missing

DAYS_A_YEAR = 365
MOST_BARS = 11
MOST_PLACES = 4
"""Places named beside a reason; what is missing in the others is in the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The district's published counts, and the part of them that our rows stand for (``scale``; 1 is all)."""

    seniors_by_category: Mapping[str, int]
    programmes: Mapping[str, Any]
    scale: float

    @property
    def percent(self) -> str:
        """The scale as text."""
        return f"{self.scale * 100:g}"


class Picture(NamedTuple):
    """A map with its title's key and the colours it uses."""

    key: str
    drawn: Markup
    legend: list[Shade]


class Beside(NamedTuple):
    """A published count beside the same of our rows; ``scaled`` is what the scale makes of it."""

    name: Markup
    published: int
    scaled: int
    rows: int


def write_page(path: Path, figures: Figures, published: Published) -> Path:
    """Write the page whole, or leave the old one: a reader never finds half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(render_page(figures, published), encoding="utf-8")
    fresh.replace(path)
    return path


def render_page(figures: Figures, published: Published) -> str:
    """Return the page as text."""
    return (
        environment_of()
        .get_template("district.html.jinja")
        .render(
            figures=figures,
            published=published,
            lead=_lead(figures),
            tiles=_tiles(figures),
            maps=_maps(figures),
            services=[in_both(zh, en) for zh, en in _services(figures).values()],
            coverage=_coverage_rows(figures),
            totals=_totals(figures),
            charts=(("chart_distance", _distances(figures)), ("chart_load", _loads(figures))),
            comparison=comparison(figures),
            walk_note=walk_note(figures),
            proof=proof(figures),
            reasons=_reasons(figures),
            categories=_categories(figures, published),
            years=_years(figures, published),
            coins=whole_coins(figures),
        )
    )


def environment_of() -> Environment:
    """Return where the pages of this room are rendered: texts in both languages, everything escaped."""
    environment = Environment(
        loader=PackageLoader("timebank.reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.globals |= {"t": bilingual, "say": say}
    environment.filters["thousands"] = lambda number: f"{number:,}"
    return environment


def bilingual(key: str, **values: object) -> Markup:
    """Return a text in both languages; the page shows one of them."""
    return in_both(*(say(key, locale, **values) for locale in LOCALES))


def whole_coins(figures: Figures) -> str:
    """Return the coins of the book, without their fractions."""
    return f"{figures.issued_min // 60:,}"


def in_both(zh: str, en: str) -> Markup:
    """Return two texts of which the page shows one."""
    return Markup('<span lang="zh">{}</span><span lang="en">{}</span>').format(zh, en)


def _lead(figures: Figures) -> dict[str, object]:
    return {
        "starts_on": figures.starts_on,
        "last_day": figures.ends_on - timedelta(days=1),
        "visits": f"{sum(figures.visits_by_status.values()):,}",
        "confirmed": f"{figures.visits_by_status.get('confirmed', 0):,}",
        "coins": whole_coins(figures),
    }


def _tiles(figures: Figures) -> list[tuple[str, str, Markup]]:
    """Key, value and label of the figures at the top."""
    needs, unmet = sum(row.needs for row in figures.coverage), sum(row.unmet for row in figures.coverage)
    more = met_more(figures)
    values = {
        "tile_seniors": f"{sum(street.seniors for street in figures.streets):,}",
        "tile_met": f"{(needs - unmet) / max(1, needs):.1%}",
        "tile_confirmed": f"{figures.visits_by_status.get('confirmed', 0):,}",
        "tile_more" if more >= 0 else "tile_fewer": f"{more:+,}",
        "tile_coins": whole_coins(figures),
    }
    return [(key, value, bilingual(key)) for key, value in values.items()]


def _maps(figures: Figures) -> list[Picture]:
    unmet = {area: sum(row.unmet for row in rows) for area, rows in groupby(figures.coverage, lambda row: row.area_id)}
    seniors = {street.area_id: street.seniors for street in figures.streets}
    return [_map(figures, "map_seniors", seniors, BLUES), _map(figures, "map_unmet", unmet, REDS)]


def _map(figures: Figures, key: str, counts: Mapping[int, int], colours: tuple[str, ...]) -> Picture:
    regions = [
        Region(
            centre=street.centre,
            name_zh=_short_zh(street.name_zh),
            name_en=_short_en(street.name_en),
            count=counts.get(street.area_id, 0),
        )
        for street in figures.streets
    ]
    title = " / ".join(say("map_alt", locale, what=say(key, locale)) for locale in LOCALES)
    drawn = outline_map(district_outline(), regions, title=title, colours=colours)
    legend = shades([region.count for region in regions], colours)
    return Picture(key, Markup(drawn), legend)  # noqa: S704  # made of numbers and escaped names alone


def _short_zh(name: str) -> str:
    return name.removesuffix("街道").removesuffix("新村")


def _short_en(name: str) -> str:
    return name.removesuffix(" Xincun").removesuffix(" Road")


def _services(figures: Figures) -> dict[str, tuple[str, str]]:
    return {row.service: (row.service_zh, row.service_en) for row in figures.coverage}


def _coverage_rows(figures: Figures) -> list[dict[str, Any]]:
    """One row a street, with met, needs and share unmet by service."""
    return [
        {
            "name": in_both(street.name_zh, street.name_en),
            "seniors": street.seniors,
            "volunteers": street.volunteers,
            "cells": _cells(figures, [row for row in figures.coverage if row.area_id == street.area_id]),
        }
        for street in figures.streets
    ]


def _totals(figures: Figures) -> dict[str, Any]:
    """The last row: the whole district."""
    return {
        "seniors": sum(street.seniors for street in figures.streets),
        "volunteers": sum(street.volunteers for street in figures.streets),
        "cells": _cells(figures, list(figures.coverage)),
    }


def _cells(figures: Figures, rows: list[Coverage]) -> list[dict[str, int]]:
    """Met, needs and unmet by service, and of all."""
    services = list(_services(figures))
    return [_cell([row for row in rows if row.service == service]) for service in services] + [_cell(rows)]


def _cell(rows: list[Coverage]) -> dict[str, int]:
    needs, unmet = sum(row.needs for row in rows), sum(row.unmet for row in rows)
    return {"needs": needs, "met": needs - unmet, "unmet": unmet}


def _distances(figures: Figures) -> list[Bar]:
    step = int(figures.engine["distance_step_m"])
    ours, theirs = (_folded(figures.engine[name]) for name in ("distances", "distances_by_hand"))
    labels = [f"{n * step}–{(n + 1) * step}" for n in range(len(ours) - 1)]
    return bars([*labels, f"{len(labels) * step}+"], ours, theirs)


def _folded(counts: list[int]) -> list[int]:
    """Put everything past the last bar that is drawn into that bar."""
    return [*counts[: MOST_BARS - 1], sum(counts[MOST_BARS - 1 :])] if len(counts) > MOST_BARS else counts


def _loads(figures: Figures) -> list[Bar]:
    load, by_hand = figures.engine["load"]["histogram"], figures.engine["load_by_hand"]["histogram"]
    return bars([str(n) for n in range(len(load))], load, by_hand)


def _reasons(figures: Figures) -> list[dict[str, Any]]:
    """Each reason with its needs, the length of its bar in percent, and where most of them are; largest first."""
    by_reason: dict[str, list[Missing]] = {}
    for row in figures.missing:
        by_reason.setdefault(row.reason, []).append(row)
    counts = {reason: sum(row.needs for row in rows) for reason, rows in by_reason.items()}
    longest = max(counts.values(), default=1)
    return [
        {
            "key": f"reason_{reason}",
            "count": counts[reason],
            "percent": 100 * counts[reason] / longest,
            "places": [_place(figures, row) for row in by_reason[reason][:MOST_PLACES]],
            "has_more": len(by_reason[reason]) > MOST_PLACES,
        }
        for reason in sorted(counts, key=lambda reason: -counts[reason])
    ]


def _place(figures: Figures, row: Missing) -> Markup:
    street = next(street for street in figures.streets if street.area_id == row.area_id)
    zh, en = _services(figures)[row.service]
    return in_both(f"{street.name_zh}·{zh} {row.needs:,}", f"{street.name_en}, {en} {row.needs:,}")


def _categories(figures: Figures, published: Published) -> list[Beside]:
    stated = published.seniors_by_category
    return [
        _beside(in_both(*names), published, stated[key], figures.seniors_by_category.get(key, 0))
        for key, names in CATEGORIES.items()
    ]


def _years(figures: Figures, published: Published) -> list[Beside]:
    """Published counts of a year beside what was confirmed or used, carried to a year."""
    days, programmes = (figures.ends_on - figures.starts_on).days, published.programmes
    rows = (
        ("greetings_a_year", programmes["old_partner"]["greetings"], "greeting"),
        ("visits_a_year", programmes["weekly_visit"]["visits"], "door_visit"),
        ("baths_a_year", programmes["bath_assistance"]["services"], "bath"),
        ("trips_a_year", programmes["accessible_trip"]["trips"], "trip"),
    )
    return [
        _beside(
            bilingual(key),
            published,
            stated,
            round(figures.served_by_service.get(service, 0) * DAYS_A_YEAR / days),
        )
        for key, stated, service in rows
    ]


def _beside(name: Markup, published: Published, stated: int, counted: int) -> Beside:
    return Beside(name, stated, round(stated * published.scale), counted)
