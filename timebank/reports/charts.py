"""Charts as SVG text: bars side by side, bars lying down, and a map of cells inside an outline.

Every figure drawn is also written, so that a chart can be read without its colours.
"""

import math
from collections.abc import Sequence
from html import escape

from timebank.core.places import Place

TEAL, GREY, INK = "#0b7285", "#a9b1b8", "#1b2a33"
BLUES = ("#e3f2f7", "#b5dbe8", "#7fbdd3", "#4a9ab8", "#17708f")
REDS = ("#fdf0e6", "#fbd3b4", "#f5a877", "#e67a43", "#b84a17")
Point = tuple[float, float]


def grouped_bars(labels: Sequence[str], ours: Sequence[int], theirs: Sequence[int], *, title: str) -> str:
    """Draw two rows of counts side by side over the same labels, shape (n,) each."""
    width, height, base = 640.0, 220.0, 190.0
    most = max([1, *ours, *theirs])
    step = width / max(1, len(labels))
    parts = [f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img"><title>{escape(title)}</title>']
    for n, label in enumerate(labels):
        for value, colour, shift in ((ours[n], TEAL, 0.08), (theirs[n], GREY, 0.5)):
            tall = value / most * (base - 22)
            x, wide = step * (n + shift), step * 0.42
            parts.append(
                f'<rect x="{x:.1f}" y="{base - tall:.1f}" width="{wide:.1f}" height="{tall:.1f}" fill="{colour}"/>'
            )
            if value:
                parts.append(f'<text x="{x + wide / 2:.1f}" y="{base - tall - 4:.1f}" class="n">{_short(value)}</text>')
        parts.append(f'<text x="{step * (n + 0.5):.1f}" y="{base + 16:.1f}" class="a">{escape(label)}</text>')
    parts.append(f'<line x1="0" x2="{width:.0f}" y1="{base}" y2="{base}" stroke="{INK}" stroke-width="1"/></svg>')
    return "".join(parts)


def _short(value: int) -> str:
    return f"{value / 1000:.1f}k" if value >= 1000 else str(value)


def cells(centres: Sequence[Point], box: tuple[float, float, float, float]) -> list[list[Point]]:
    """Return for each centre the polygon of points nearer to it than to any other, cut to a box (x0, y0, x1, y1)."""
    x0, y0, x1, y1 = box
    return [_cell(here, centres, [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]) for here in centres]


def _cell(here: Point, centres: Sequence[Point], ring: list[Point]) -> list[Point]:
    for there in centres:
        if there != here:
            ring = _nearer(ring, here, there)
    return ring


def _nearer(ring: list[Point], here: Point, there: Point) -> list[Point]:
    """Cut a convex ring along the middle line between two points, keeping the side of ``here``."""
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


def outline_map(
    outline: Sequence[Place],
    centres: Sequence[Place],
    names: Sequence[tuple[str, str]],
    values: Sequence[int],
    *,
    title: str,
    colours: Sequence[str],
    key: str,
) -> str:
    """Draw a value for each centre, shape (n,), as the colour of its cell inside the outline; names are zh and en."""
    width = 640.0
    lats, lons = [p.lat_deg for p in outline], [p.lon_deg for p in outline]
    squeeze = math.cos(math.radians((min(lats) + max(lats)) / 2))
    scale = (width - 20) / ((max(lons) - min(lons)) * squeeze)
    height = (max(lats) - min(lats)) * scale + 20

    def project(place: Place) -> Point:
        return 10 + (place.lon_deg - min(lons)) * squeeze * scale, 10 + (max(lats) - place.lat_deg) * scale

    ring, middles = [project(p) for p in outline], [project(p) for p in centres]
    clip = f"outline-{key}"
    parts = [
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img"><title>{escape(title)}</title>',
        f'<clipPath id="{clip}"><polygon points="{_points(ring)}"/></clipPath><g clip-path="url(#{clip})">',
    ]
    shades = _shades(values, len(colours))
    for cell, shade in zip(cells(middles, (0, 0, width, height)), shades, strict=True):
        parts.append(f'<polygon points="{_points(cell)}" fill="{colours[shade]}" stroke="#fff" stroke-width="2"/>')
    parts.append(f'</g><polygon points="{_points(ring)}" fill="none" stroke="{INK}" stroke-width="1.6"/>')
    for (x, y), (zh, en), value, shade in zip(middles, names, values, shades, strict=True):
        tone = "light" if shade == len(colours) - 1 else "dark"
        parts.append(
            f'<g class="{tone}"><text x="{x:.1f}" y="{y - 3:.1f}" class="m" lang="zh">{escape(zh)}</text>'
            f'<text x="{x:.1f}" y="{y - 3:.1f}" class="m" lang="en">{escape(en)}</text>'
            f'<text x="{x:.1f}" y="{y + 15:.1f}" class="v">{value:,}</text></g>'
        )
    return "".join([*parts, "</svg>"])


def _points(ring: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in ring)


def _shades(values: Sequence[int], steps: int) -> list[int]:
    """Return a shade for each value, in even steps from the smallest to the largest."""
    least, most = min(values, default=0), max(values, default=0)
    return [(value - least) * steps // (most - least + 1) for value in values]
