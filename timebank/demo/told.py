"""What the demo says at its end: a coordinator's tables, and what to paste next."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from timebank.core.texts import say
from timebank.demo.run import Tokens
from timebank.reports.comparison import comparison, proof, walk_note
from timebank.reports.figures import Coverage, Figures
from timebank.reports.page import Published, whole_coins

WIDE = 110
"""Columns from which the two names of a street stand on one line."""
URL = "http://127.0.0.1:8000/graphql"
QUERIES = {
    "charity_office": (
        'mutation { createProject(idempotencyKey: \\"hello-1\\", input: { titleZh: \\"甘泉助浴点\\", '
        'startsOn: \\"2027-01-04\\", endsOn: \\"2027-04-05\\", budgetCents: 5000000, '
        'eligibility: { categories: [\\"severe_functional_impairment\\"], minAge: 70 }, '
        'resources: [{ code: \\"GANQUAN-BATH\\", nameZh: \\"甘泉助浴点\\", service: \\"bath\\", '
        'subdistrict: \\"310107004\\", latDeg: 31.264, lonDeg: 121.43, '
        "slots: [{ weekdays: [MONDAY, THURSDAY], startsMin: 540, endsMin: 600, places: 2 }] }] }) "
        "{ __typename ... on ProjectCreated { project { id titleZh status slots eligibleSeniors } } "
        "... on Refused { code message } } }"
    ),
    "volunteer": (
        "{ me { account { balanceMin balanceCoins "
        "statement(first: 3) { edges { node { amountMin reason postedAt } } } } "
        "nextVisits(first: 3) { edges { node { day startsAt service seniorName subdistrict } } } } }"
    ),
    "social_organisation": (
        "{ pairs(first: 3) { edges { node { seniorRef volunteerRef distanceM reason } } } "
        "unmet(first: 1) { edges { node { seniorRef reason } } } }"
    ),
}


def tell(figures: Figures, published: Published, *, width: int) -> Iterator[RenderableType]:
    """Yield what a coordinator asks for: needs met by street and service, the engine beside by hand, what happened.

    ``width`` is the terminal's, in columns; under ``WIDE`` a street has its two names on two lines.
    """
    between = " " if width >= WIDE else "\n"
    if published.scale != 1:
        yield note("synthetic_scaled", percent=published.percent)
    yield _coverage_table(figures, between)
    yield _comparison_table(figures, between)
    yield note("by_hand_note")
    careful = walk_note(figures)
    if careful:
        yield note(careful[0], **careful[1])
    yield _happened_table(figures)


def both(key: str, between: str = " ") -> str:
    """Write a text in both languages."""
    return between.join((say(key, "zh"), say(key, "en")))


def note(key: str, **values: object) -> Text:
    """Write a remark, a line for each language."""
    return Text("\n".join((say(key, "zh", **values), say(key, "en", **values))))


def table_of() -> Table:
    """Start a table as every one of the demo looks."""
    return Table(box=box.HORIZONTALS, collapse_padding=True, pad_edge=False)


def titled(title: str, table: Table) -> Group:
    """Set a title over a table."""
    return Group(Text(title, style="bold"), table)


def _coverage_table(figures: Figures, between: str) -> Group:
    services = {row.service: (row.service_zh, row.service_en) for row in figures.coverage}
    streets = {street.area_id: between.join((street.name_zh, street.name_en)) for street in figures.streets}
    everywhere = _cells(list(figures.coverage), list(services))
    table = table_of()
    table.add_column(both("subdistrict", "\n"), no_wrap=True)
    for (zh, en), longest in zip(services.values(), everywhere[:-1], strict=True):
        table.add_column(f"{zh}\n{en.replace(' ', between, 1)}", justify="right", min_width=len(longest))
    table.add_column(both("unmet", "\n"), justify="right", no_wrap=True)
    for area, rows in groupby(figures.coverage, key=lambda row: row.area_id):
        table.add_row(streets[area], *_cells(list(rows), list(services)))
    table.add_section()
    table.add_row(both("all"), *everywhere, style="bold")
    last_day = figures.ends_on - timedelta(days=1)
    return titled(f"{both('met_of_needs', between)} · {figures.starts_on} – {last_day}", table)


def _cells(rows: list[Coverage], services: list[str]) -> list[str]:
    cells = []
    for service in services:
        mine = [row for row in rows if row.service == service]
        cells.append(f"{sum(row.met for row in mine):,}/{sum(row.needs for row in mine):,}" if mine else "—")
    return [*cells, f"{sum(row.unmet for row in rows):,}"]


def _comparison_table(figures: Figures, between: str) -> Group:
    table = table_of()
    table.add_column(both("what"))
    table.add_column(both("engine", "\n"), justify="right")
    table.add_column(both("by_hand", "\n"), justify="right")
    for line in comparison(figures):
        table.add_row(both(line.key), line.engine, line.by_hand)
    key, values = proof(figures)
    table.add_row(both("proof"), note(key, **values), "—")
    return titled(both("engine_and_hand", between), table)


def _happened_table(figures: Figures) -> Group:
    table = table_of()
    table.add_column(both("what"))
    table.add_column(both("count"), justify="right")
    for status, count in figures.visits_by_status.items():
        table.add_row(both(f"visit_{status}"), f"{count:,}")
    for status, count in figures.bookings_by_status.items():
        table.add_row(both(f"booking_{status}"), f"{count:,}")
    table.add_row(both("coins_given"), whole_coins(figures))
    table.add_row(both("transfers_sealed"), f"{figures.transfers:,} / {figures.sealed:,}")
    first = next(iter(figures.findings), None)
    broken = {"check": first.check, "row": first.row} if first else {}
    table.add_row(both("books"), note("books_broken", **broken) if first else note("books_hold"))
    return titled(both("what_happened"), table)


def to_paste(tokens: Tokens) -> str:
    """Write how to serve, and a query to paste for each of the three, with their tokens."""
    lines = [say("now_serve", "zh"), say("now_serve", "en"), ""]
    for who, token in tokens._asdict().items():
        lines += [f"# {say(f'who_{who}', 'zh')} {say(f'who_{who}', 'en')}", curl(token, QUERIES[who]), ""]
    return "\n".join(lines)


def curl(token: str, query: str) -> str:
    """Write a command that asks one query; quotes inside the query are escaped already."""
    head = f"curl -s {URL} -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json'"
    return f'{head} -d \'{{"query": "{query}"}}\''
