"""Charts: bars are as long as their counts, and a map's parts are the whole."""

import re

import pytest

from timebank.core.places import Place, district_outline
from timebank.reports.charts import BLUES, REDS, Point, Region, bars, cells, middle, outline_map, shades

SQUARE = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)]
HORSESHOE = [(0.0, 0.0), (6.0, 0.0), (6.0, 4.0), (4.0, 4.0), (4.0, 2.0), (2.0, 2.0), (2.0, 4.0), (0.0, 4.0)]


def area(ring: list[Point]) -> float:
    """Return the area of a ring."""
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(ring, ring[1:] + ring[:1], strict=True))) / 2


@pytest.mark.parametrize(
    ("ring", "centres"),
    [
        (SQUARE, [(1.0, 2.0), (3.0, 2.0)]),
        (SQUARE, [(1.0, 1.0), (3.0, 1.0), (2.0, 3.5)]),
        (HORSESHOE, [(1.0, 3.0), (5.0, 3.0), (3.0, 1.0)]),
    ],
    ids=["halves", "thirds", "horseshoe"],
)
def test_cells_share_out_the_whole_outline(ring: list[Point], centres: list[Point]) -> None:
    """Every spot of the district belongs to one sub-district: nothing is left white, nothing is drawn twice."""
    parts = cells(ring, centres)

    assert sum(area(part) for part in parts) == pytest.approx(area(ring))
    assert all(area(part) > 0 for part in parts)


def test_halves_are_cut_in_the_middle() -> None:
    """The border between two centres is as far from the one as from the other."""
    left, right = cells(SQUARE, [(1.0, 2.0), (3.0, 2.0)])

    assert {x for x, _ in left} == {0.0, 2.0}
    assert {x for x, _ in right} == {2.0, 4.0}


def test_middle_is_the_centre_of_gravity() -> None:
    """A name stands in the middle of its part, not at a centre that was told coarsely."""
    assert middle(SQUARE) == (2.0, 2.0)
    assert middle(HORSESHOE) == (3.0, 1.8)


@pytest.mark.parametrize("counts", [[0, 0, 0], [7], [0, 352], [1, 2, 3], [2194, 3287, 4330]])
def test_every_count_has_one_shade(counts: list[int]) -> None:
    """A legend with a gap leaves a colour of the map unexplained."""
    legend = shades(counts, REDS)

    assert [sum(shade.least <= count <= shade.most for shade in legend) for count in counts] == [1] * len(counts)
    assert (legend[0].least, legend[-1].most) == (min(counts), max(counts))
    assert len({shade.colour for shade in legend}) == len(legend) <= len(REDS)


def test_longest_bar_is_the_largest_count() -> None:
    """Both ways share one scale, or the shorter bar could be the larger number."""
    rows = bars(["0", "1"], [10, 5], [20, 0])

    assert [(row.ours_percent, row.theirs_percent) for row in rows] == [(50.0, 100.0), (25.0, 0.0)]


def test_bars_of_nothing_are_empty() -> None:
    """A plan without pairs still has a page."""
    assert bars(["0"], [0], [0]) == [("0", 0, 0, 0.0, 0.0)]


def test_map_writes_every_name_and_count() -> None:
    """A map must be readable without its colours, and a name is text, never markup."""
    regions = [
        Region(centre=Place(31.25, 121.40), name_zh="真如镇", name_en="Zhenru", count=3569),
        Region(centre=Place(31.28, 121.35), name_zh="桃浦<镇>", name_en="Taopu", count=4293),
    ]

    drawn = outline_map(district_outline(), regions, title="老年人 & more", colours=BLUES)

    assert re.findall(r">([^<>]+)</text>", drawn) == ["真如镇", "Zhenru", "3,569", "桃浦&lt;镇&gt;", "Taopu", "4,293"]
    assert drawn.count("<polygon") == 3
    assert "老年人 &amp; more" in drawn
