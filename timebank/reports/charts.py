"""What a report draws: bars of two ways side by side, and a map of cells inside an outline.

Every figure drawn is also written, so that a chart can be read without its colours.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

from timebank.core.places import Place

INK, WHITE = "#1b2a33", "#fff"
BLUES = ("#e3f2f7", "#b5dbe8", "#7fbdd3", "#4a9ab8", "#17708f")
REDS = ("#fdf0e6", "#fbd3b4", "#f5a877", "#e67a43", "#b84a17")
WIDTH, EDGE = 640.0, 18.0
Point = tuple[float, float]


class Bar(NamedTuple):
    """Two counts over one label, and how long their bars are, in percent of the longest of the chart."""

    label: str
    ours: int
    theirs: int
    ours_percent: float
    theirs_percent: float


class Shade(NamedTuple):
    """A colour of a map and the counts it stands for, both ends included."""

    colour: str
    least: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A part of a map: where its middle is, its names, and the count that gives its colour."""

    centre: Place
    name_zh: str
    name_en: str
    count: int


def bars(labels: Sequence[str], ours: Sequence[int], theirs: Sequence[int]) -> list[Bar]:
    """Return bars for two rows of counts over the same labels, shape (n,) each."""
    longest = max([1, *ours, *theirs])
    rows = zip(labels, ours, theirs, strict=True)
    return [Bar(label, one, other, 100 * one / longest, 100 * other / longest) for label, one, other in rows]


def shades(counts: Sequence[int], colours: Sequence[str]) -> list[Shade]:
    """Return the colours in use for counts, in even steps from the least to the most."""
    least, span = min(counts, default=0), max(counts, default=0) - min(counts, default=0) + 1
    starts = [least + math.ceil(n * span / len(colours)) for n in range(len(colours) + 1)]
    return [
        Shade(colour, start, end - 1)
        for colour, start, end in zip(colours, starts, starts[1:], strict=False)
        if start < end
    ]


def outline_map(outline: Sequence[Place], regions: Sequence[Region], *, title: str, colours: Sequence[str]) -> str:
    """Draw each region's count as the colour of its cell, the part of the outline that is nearest to its centre."""
    lats, lons = [p.lat_deg for p in outline], [p.lon_deg for p in outline]
    squeeze = math.cos(math.radians((min(lats) + max(lats)) / 2))
    scale = (WIDTH - 2 * EDGE) / ((max(lons) - min(lons)) * squeeze)
    height = (max(lats) - min(lats)) * scale + 2 * EDGE

    def project(place: Place) -> Point:
        return EDGE + (place.lon_deg - min(lons)) * squeeze * scale, EDGE + (max(lats) - place.lat_deg) * scale

    ring, centres = [project(p) for p in outline], [project(region.centre) for region in regions]
    steps = shades([region.count for region in regions], colours)
    shapes, labels = [], []
    for cell, region in zip(cells(ring, centres), regions, strict=True):
        shade = next(step for step in steps if step.least <= region.count <= step.most)
        shapes.append(f'<polygon points="{_points(cell)}" fill="{shade.colour}" stroke="{WHITE}" stroke-width="2"/>')
        labels.append(_label(middle(cell), region, shade.colour, WHITE if shade.colour == colours[-1] else INK))
    return (
        f'<svg viewBox="0 0 {WIDTH:.0f} {height:.0f}" role="img"><title>{escape(title)}</title>{"".join(shapes)}'
        f'<polygon points="{_points(ring)}" fill="none" stroke="{INK}" stroke-width="1.6"/>{"".join(labels)}</svg>'
    )


def cells(ring: Sequence[Point], centres: Sequence[Point]) -> list[list[Point]]:
    """Return for each centre the part of a ring that is nearer to it than to any other centre."""
    return [_cell(list(ring), here, centres) for here in centres]


def middle(ring: Sequence[Point]) -> Point:
    """Return the centre of gravity of a ring's area; of a ring without area, its first point."""
    area = x = y = 0.0
    for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], *ring[:1]], strict=True):
        cross = x0 * y1 - x1 * y0
        area, x, y = area + cross, x + (x0 + x1) * cross, y + (y0 + y1) * cross
    if not area:
        return ring[0] if ring else (0.0, 0.0)
    return x / (3 * area), y / (3 * area)


def _cell(ring: list[Point], here: Point, centres: Sequence[Point]) -> list[Point]:
    for there in centres:
        if there != here:
            ring = _nearer(ring, here, there)
    return ring


def _nearer(ring: list[Point], here: Point, there: Point) -> list[Point]:
    """Cut a ring along the middle line between two points, keeping the side of ``here`` (Sutherland and Hodgman)."""
    nx, ny = there[0] - here[0], there[1] - here[1]
    limit = (there[0] ** 2 + there[1] ** 2 - here[0] ** 2 - here[1] ** 2) / 2
    kept: list[Point] = []
    for a, b in zip(ring, ring[1:] + ring[:1], strict=True):
        side_a, side_b = a[0] * nx + a[1] * ny - limit, b[0] * nx + b[1] * ny - limit
        if side_a <= 0:
            kept.append(a)
        if (side_a < 0 < side_b) or (side_b < 0 < side_a):
            share = side_a / (side_a - side_b)
            kept.append((a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])))
    return kept


def _label(at: Point, region: Region, ground: str, ink: str) -> str:
    """Names and count; a rim of the ground's colour keeps them readable where they reach over the cell."""
    x, y = f'x="{at[0]:.1f}"', f'y="{at[1]:.1f}"'
    names = "".join(
        f'<text {x} {y} dy="-.2em" class="m" lang="{locale}">{escape(name)}</text>'
        for locale, name in (("zh", region.name_zh), ("en", region.name_en))
    )
    return (
        f'<g style="fill:{ink};stroke:{ground}">{names}<text {x} {y} dy=".95em" class="v">{region.count:,}</text></g>'
    )


def _points(ring: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in ring)
