"""What the demo says at its end: a coordinator's tables, and what to paste next."""

from collections.abc import Iterator
from itertools import groupby

from rich.table import Table

from timebank.core.minutes import format_coins
from timebank.core.texts import say
from timebank.demo.run import Tokens
from timebank.reports.figures import Coverage, Figures

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


def table_of(figures: Figures) -> Iterator[Table]:
    """Yield the tables: needs met by street and service, the engine beside by hand, and what happened."""
    yield _coverage_table(figures)
    yield _comparison_table(figures)
    yield _happened_table(figures)


def _both(key: str) -> str:
    return f"{say(key, 'zh')} {say(key, 'en')}"


def _coverage_table(figures: Figures) -> Table:
    services = {row.service: row.service_zh for row in figures.coverage}
    name_by_area = {street.area_id: f"{street.name_zh} {street.name_en}" for street in figures.streets}
    table = Table(title=f"{_both('met_of_needs')} · {figures.starts_on} → {figures.ends_on}", title_justify="left")
    table.add_column(_both("subdistrict"))
    for name in (*services.values(), say("unmet", "zh")):
        table.add_column(name, justify="right")
    for area, rows in groupby(figures.coverage, key=lambda row: row.area_id):
        table.add_row(name_by_area[area], *_cells(list(rows), list(services)))
    table.add_section()
    table.add_row(_both("all"), *_cells(list(figures.coverage), list(services)))
    return table


def _cells(rows: list[Coverage], services: list[str]) -> list[str]:
    cells = []
    for service in services:
        mine = [row for row in rows if row.service == service]
        cells.append(f"{sum(row.met for row in mine):,}/{sum(row.needs for row in mine):,}")
    return [*cells, f"{sum(row.unmet for row in rows):,}"]


def _comparison_table(figures: Figures) -> Table:
    engine, by_hand = figures.engine["pairs"], figures.engine["by_hand"]
    load, load_by_hand = figures.engine["load"], figures.engine["load_by_hand"]
    needs = figures.engine["needs_by_volunteer"]
    table = Table(title=_both("engine_and_hand"), title_justify="left")
    for name in ("what", "engine", "by_hand"):
        table.add_column(_both(name), justify="left" if name == "what" else "right")
    table.add_row(_both("needs_met"), f"{engine['met']:,} / {needs:,}", f"{by_hand['met']:,} / {needs:,}")
    table.add_row(_both("mean_walk"), f"{engine['mean_m']:,.0f} m", f"{by_hand['mean_m']:,.0f} m")
    table.add_row(_both("longest_walk"), f"{engine['longest_m']:,} m", f"{by_hand['longest_m']:,} m")
    table.add_row(_both("needs_each"), f"{load['mean']:.2f}", f"{load_by_hand['mean']:.2f}")
    table.add_row(_both("idle"), f"{load['idle']:,}", f"{load_by_hand['idle']:,}")
    table.add_row(_both("proof"), f"{figures.status}, {say('gap', 'zh')} {figures.objective - figures.bound:,} m", "—")
    return table


def _happened_table(figures: Figures) -> Table:
    table = Table(title=_both("what_happened"), title_justify="left")
    table.add_column(_both("what"))
    table.add_column(_both("count"), justify="right")
    for status, count in figures.visits_by_status.items():
        table.add_row(_both(f"visit_{status}"), f"{count:,}")
    for status, count in figures.bookings_by_status.items():
        table.add_row(_both(f"booking_{status}"), f"{count:,}")
    table.add_row(_both("coins_given"), format_coins(figures.issued_min))
    table.add_row(_both("transfers_sealed"), f"{figures.transfers:,} / {figures.sealed:,}")
    holds = say("books_hold", "zh") if not figures.findings else str(figures.findings[0])
    table.add_row(_both("books"), holds)
    return table


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
