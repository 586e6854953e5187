"""The report of a district as one HTML file that opens offline: no script, font or picture from elsewhere."""

import os
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from timebank.core.minutes import format_coins
from timebank.core.places import Place, district_outline
from timebank.core.texts import Locale, say
from timebank.people.categories import CATEGORIES
from timebank.reports.charts import BLUES, REDS, grouped_bars, outline_map
from timebank.reports.figures import Coverage, Figures

DAYS_A_YEAR = 365
MOST_BARS = 11
LOCALES: tuple[Locale, ...] = ("zh", "en")


def write_page(
    path: Path, figures: Figures, published: Mapping[str, Any], published_by_category: Mapping[str, int]
) -> Path:
    """Write the page whole, or leave the old one: a reader never finds half of it.

    ``published`` is the district's published table, shown beside the same counts of our rows.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(render_page(figures, published, published_by_category), encoding="utf-8")
    fresh.replace(path)
    return path


def render_page(figures: Figures, published: Mapping[str, Any], published_by_category: Mapping[str, int]) -> str:
    """Return the page as text."""
    environment = Environment(
        loader=PackageLoader("timebank.reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.globals["t"] = bilingual
    environment.globals["say"] = say
    environment.filters["thousands"] = lambda number: f"{number:,}"
    return environment.get_template("district.html.jinja").render(
        figures=figures,
        lead=_lead(figures),
        tiles=_tiles(figures),
        maps=_maps(figures),
        services=_services(figures),
        coverage=_coverage_rows(figures),
        distance_chart=Markup(_distance_chart(figures)),  # noqa: S704  # made of numbers and escaped labels alone
        load_chart=Markup(_load_chart(figures)),  # noqa: S704  # made of numbers and escaped labels alone
        reasons=_reasons(figures),
        categories=_categories(figures, published_by_category),
        years=_years(figures, published["programmes"]),
        coins=format_coins(figures.issued_min),
    )


def bilingual(key: str, **values: object) -> Markup:
    """Return a text in both languages; the page shows one of them."""
    parts = (Markup('<span lang="{}">{}</span>').format(locale, say(key, locale, **values)) for locale in LOCALES)
    return Markup("").join(parts)


def _lead(figures: Figures) -> dict[str, object]:
    return {
        "starts_on": figures.starts_on,
        "ends_on": figures.ends_on,
        "visits": f"{sum(figures.visits_by_status.values()):,}",
        "confirmed": f"{figures.visits_by_status.get('confirmed', 0):,}",
        "coins": f"{figures.issued_min // 60:,}",
    }


def _tiles(figures: Figures) -> list[tuple[str, Markup]]:
    needs, unmet = sum(row.needs for row in figures.coverage), sum(row.unmet for row in figures.coverage)
    engine, by_hand = figures.engine["pairs"], figures.engine["by_hand"]
    return [
        (f"{sum(street.seniors for street in figures.streets):,}", bilingual("tile_seniors")),
        (f"{(needs - unmet) / max(1, needs):.1%}", bilingual("tile_met")),
        (f"{figures.visits_by_status.get('confirmed', 0):,}", bilingual("tile_confirmed")),
        (f"{engine['met'] - by_hand['met']:+,}", bilingual("tile_more")),
        (f"{figures.issued_min // 60:,}", bilingual("tile_coins")),
    ]


def _maps(figures: Figures) -> list[tuple[str, Markup]]:
    unmet = {area: sum(row.unmet for row in rows) for area, rows in groupby(figures.coverage, lambda row: row.area_id)}
    centres = [Place(street.lat_deg, street.lon_deg) for street in figures.streets]
    names = [(_short_zh(street.name_zh), street.name_en) for street in figures.streets]
    drawn = []
    for key, values, colours in (
        ("map_seniors", [street.seniors for street in figures.streets], BLUES),
        ("map_unmet", [unmet.get(street.area_id, 0) for street in figures.streets], REDS),
    ):
        title = say("map_alt", "zh", what=say(key, "zh")) + " / " + say("map_alt", "en", what=say(key, "en"))
        picture = outline_map(district_outline(), centres, names, values, title=title, colours=colours, key=key)
        drawn.append((key, Markup(picture)))  # noqa: S704  # made of numbers and escaped names alone
    return drawn


def _short_zh(name: str) -> str:
    return name.removesuffix("街道").removesuffix("新村")


def _services(figures: Figures) -> dict[str, tuple[str, str]]:
    return {row.service: (row.service_zh, row.service_en) for row in figures.coverage}


def _coverage_rows(figures: Figures) -> list[dict[str, Any]]:
    """One row a street, with met, needs and share unmet by service."""
    services = list(_services(figures))
    rows = []
    for street in figures.streets:
        mine = [row for row in figures.coverage if row.area_id == street.area_id]
        rows.append({"street": street, "cells": [_cell(mine, service) for service in services], "all": _cell(mine)})
    return rows


def _cell(rows: list[Coverage], service: str | None = None) -> dict[str, float]:
    mine = [row for row in rows if service in (None, row.service)]
    needs, unmet = sum(row.needs for row in mine), sum(row.unmet for row in mine)
    return {"needs": needs, "met": needs - unmet, "unmet": unmet, "share": unmet / max(1, needs)}


def _distance_chart(figures: Figures) -> str:
    step = int(figures.engine["distance_step_m"])
    ours, theirs = (_folded(figures.engine[name]) for name in ("distances", "distances_by_hand"))
    labels = [f"{n * step}" for n in range(len(ours))]
    return grouped_bars([*labels[:-1], f"{labels[-1]}+"], ours, theirs, title=_title("chart_distance"))


def _folded(counts: list[int]) -> list[int]:
    """Put everything past the last bar that is drawn into that bar."""
    return [*counts[: MOST_BARS - 1], sum(counts[MOST_BARS - 1 :])] if len(counts) > MOST_BARS else counts


def _load_chart(figures: Figures) -> str:
    ours, theirs = figures.engine["load"]["histogram"], figures.engine["load_by_hand"]["histogram"]
    return grouped_bars([str(n) for n in range(len(ours))], ours, theirs, title=_title("chart_load"))


def _title(key: str) -> str:
    return f"{say(key, 'zh')} / {say(key, 'en')}"


def _reasons(figures: Figures) -> list[tuple[str, int, float]]:
    most = max(figures.unmet_by_reason.values(), default=1)
    return [(f"reason_{reason}", count, count / most) for reason, count in figures.unmet_by_reason.items()]


def _categories(figures: Figures, published: Mapping[str, int]) -> list[tuple[str, str, int, int]]:
    return [
        (names.name_zh, names.name_en, published[key], figures.seniors_by_category.get(key, 0))
        for key, names in CATEGORIES.items()
    ]


def _years(figures: Figures, programmes: Mapping[str, Any]) -> list[tuple[str, int, int]]:
    """Published counts of a year beside what was confirmed or used, carried to a year."""
    days = (figures.ends_on - figures.starts_on).days
    services = figures.served_by_service
    rows = (
        ("greetings_a_year", programmes["old_partner"]["greetings"], services.get("greeting", 0)),
        ("visits_a_year", programmes["weekly_visit"]["visits"], services.get("door_visit", 0)),
        ("baths_a_year", programmes["bath_assistance"]["services"], services.get("bath", 0)),
        ("trips_a_year", programmes["accessible_trip"]["trips"], services.get("trip", 0)),
    )
    return [(key, stated, round(counted * DAYS_A_YEAR / days)) for key, stated, counted in rows]
