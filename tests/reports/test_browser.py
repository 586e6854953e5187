"""The page in a real browser without a network: drawn, readable on a phone, printable, and true to the rows."""

import pytest
from sqlalchemy import Engine, text

from tests.reports.conftest import Show
from timebank.core.database import transaction

pytestmark = pytest.mark.parametrize("played", ["sqlite"], indirect=True)
OVERFLOWING = (
    "[...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll') && !e.closest('svg') && "
    "e.getClientRects().length && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"
)
CUT_OFF = (
    "[...document.querySelectorAll('.tile b, .tile span, figcaption, th, td, .bar span, .reason > span')]"
    ".filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline')"
    ".map(e => e.outerHTML.slice(0, 80))"
)
SIZES = "[...document.querySelectorAll('#map_seniors polygon')].map(e => e.getBoundingClientRect().width)"
SMALLEST = (
    "Math.min(...[...document.querySelectorAll('svg text, .bar span, td, th')].filter(e => e.getClientRects().length)"
    ".map(e => parseFloat(getComputedStyle(e).fontSize) * (e.closest('svg') ? e.closest('svg').clientWidth / 640 : 1)))"
)


@pytest.fixture
def rows(played: Engine) -> dict[str, int]:
    """Counts of the played district by plain SQL, in no way of the report's own."""
    queries = {
        "seniors": "SELECT COUNT(*) FROM senior",
        "needs": "SELECT COUNT(*) FROM need",
        "unmet": "SELECT COUNT(*) FROM unmet WHERE plan_id = 1",
        "full": "SELECT COUNT(*) FROM unmet WHERE plan_id = 1 AND reason = 'capacity'",
        "confirmed": "SELECT COUNT(*) FROM visit WHERE plan_id = 1 AND status = 'confirmed'",
        "missed": "SELECT COUNT(*) FROM visit WHERE plan_id = 1 AND status = 'missed'",
        "disputed": "SELECT COUNT(*) FROM visit WHERE plan_id = 1 AND status = 'disputed'",
        "minutes": "SELECT SUM(amount_min) FROM transfer",
        "transfers": "SELECT COUNT(*) FROM transfer",
        "pairs": "SELECT COUNT(*) FROM pair WHERE plan_id = 1",
        "alone": "SELECT COUNT(*) FROM senior_category WHERE category = 'living_alone'",
    }
    with transaction(played, read_only=True) as session:
        return {name: int(session.connection().execute(text(query)).scalar_one()) for name, query in queries.items()}


def test_page_opens_without_a_fault_or_a_request(show: Show) -> None:
    """Offline means offline: the file is all the browser asks for, and nothing is on its console."""
    page = show(width_px=1200)

    assert page.complaints() == []
    assert [url.rsplit("/", 1)[-1] for url in page.requests() if not url.startswith("data:")] == ["district.html"]


def test_map_is_drawn(show: Show) -> None:
    """Ten parts and the outline have a size, and the title can be read aloud."""
    page = show(width_px=1200)

    sizes = page.value(SIZES)

    assert len(sizes) == 11
    assert all(20 < size <= max(sizes) for size in sizes)
    assert max(sizes) > 400
    assert page.value("document.querySelector('#map_seniors title').textContent").startswith("登记老年人，按街镇")


def test_tiles_say_what_the_rows_say(show: Show, rows: dict[str, int]) -> None:
    """The figures at the top are the ones that are quoted."""
    page = show(width_px=1200)

    tiles = dict(zip(("seniors", "met", "confirmed", "more", "coins"), page.texts(".tile b"), strict=True))

    assert tiles["seniors"] == f"{rows['seniors']:,}"
    assert tiles["met"] == f"{1 - rows['unmet'] / rows['needs']:.1%}"
    assert tiles["confirmed"] == f"{rows['confirmed']:,}"
    assert tiles["coins"] == f"{rows['minutes'] // 60:,}"


def test_tables_say_what_the_rows_say(show: Show, rows: dict[str, int]) -> None:
    """Totals of needs, of what happened, of the books and of the registry are counted again by plain SQL."""
    page = show(width_px=1200)

    def cell(selector: str) -> str:
        return page.texts(selector)[0]

    met = rows["needs"] - rows["unmet"]
    assert cell("#coverage tfoot td:last-child").split() == [f"{met:,}/{rows['needs']:,}", f"−{rows['unmet']}"]
    assert cell("#reason_capacity b") == f"{rows['full']:,}"
    assert cell("#visit_missed td") == f"{rows['missed']:,}"
    assert cell("#visit_disputed td") == f"{rows['disputed']:,}"
    assert cell("#transfers td") == f"{rows['transfers']:,} / {rows['transfers']:,}"
    assert cell("#books td") == "7 项全部通过"
    assert cell("#comparison tbody td").startswith(f"{rows['pairs']:,} / ")
    assert cell("#published_category td:last-child") == f"{rows['alone']:,}"


def test_map_and_table_agree(show: Show) -> None:
    """What a part of the map says is what its street's row says."""
    page = show(width_px=1200)

    on_map = page.value("[...document.querySelectorAll('#map_seniors .v')].map(e => e.textContent)")

    assert on_map == page.texts("#coverage tbody td:nth-child(2)")
    assert len(on_map) == 10


def test_charts_hold_every_pair_and_every_volunteer(show: Show, rows: dict[str, int]) -> None:
    """A histogram that loses its tail makes walks look shorter than they are."""
    page = show(width_px=1200)

    walks = page.texts("#chart_distance .bar:first-child span")
    load = page.texts("#chart_load .bar:first-child span")

    assert sum(int(number.replace(",", "")) for number in walks) == rows["pairs"]
    assert sum(count * int(number) for count, number in enumerate(load)) == rows["pairs"]


@pytest.mark.parametrize(("width_px", "is_phone"), [(390, True), (768, False), (1200, False)], ids=str)
def test_page_fits_the_screen(show: Show, width_px: int, *, is_phone: bool) -> None:
    """Nothing is cut off, nothing must be dragged sideways but the wide table in its own frame, in both languages."""
    page = show(width_px=width_px, is_phone=is_phone)

    in_chinese = (page.value("document.documentElement.scrollWidth"), page.value(OVERFLOWING), page.value(CUT_OFF))
    page.value("document.getElementById('switch').click()")
    in_english = (page.value("document.documentElement.scrollWidth"), page.value(OVERFLOWING), page.value(CUT_OFF))

    assert in_chinese == (width_px, [], [])
    assert in_english == (width_px, [], [])


def test_text_is_large_enough_on_a_phone(show: Show) -> None:
    """Coordinators read it in the street; a map label of seven pixels is no label."""
    page = show(width_px=390, is_phone=True)

    assert page.value(SMALLEST) >= 10.5


def test_language_is_switched(show: Show) -> None:
    """One button takes the whole page to English and back, and tells a screen reader so."""
    page = show(width_px=1200)
    before = (page.texts("h1")[0], page.value("document.documentElement.lang"))

    page.value("document.getElementById('switch').click()")
    english = (page.texts("h1")[0], page.value("document.documentElement.lang"))
    page.value("document.getElementById('switch').click()")

    assert before == ("普陀区养老服务 28 天", "zh-CN")
    assert english == ("Elder care in Putuo, 28 days", "en")
    assert page.texts("h1")[0] == before[0]


def test_page_prints_on_a_few_sheets(show: Show) -> None:
    """It is taken to a meeting on paper: some sheets of A4, without the button."""
    page = show(width_px=1200)

    sheets = page.printed().count(b"/Type /Page\n")

    assert 2 <= sheets <= 4
