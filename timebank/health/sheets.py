"""The tables of a report, the same for a terminal, a page and a workbook; small counts of persons are left out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import NamedTuple

from timebank.core.clock import day_of
from timebank.core.texts import catalogue, say
from timebank.health.figures import Figure
from timebank.health.report import EVERYWHERE, NOWHERE, Health
from timebank.health.savers import cohorts
from timebank.health.small_counts import hidden_cells
from timebank.health.standing import LATER, NOW


class Pair(NamedTuple):
    """A text in both languages."""

    zh: str
    en: str


class Cell(NamedTuple):
    """A figure in a table: its key, minutes, persons, and a part of a whole where the cell shows one."""

    key: str
    minutes: int
    persons: int | None = None
    part: float | None = None
    is_hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table: title and note by key, heads of the columns, and rows, each with its name and cells."""

    key: str
    heads: tuple[Pair, ...]
    rows: tuple[tuple[Pair, tuple[Cell, ...]], ...]
    has_total_row: bool = False
    has_total_column: bool = False


def pair(key: str, **values: object) -> Pair:
    """Return a text of the catalogue in both languages."""
    return Pair(say(key, "zh", **values), say(key, "en", **values))


def sheets_of(health: Health, *, is_office: bool) -> tuple[Sheet, ...]:
    """Return every table; the district's own office sees small counts too."""
    tables = (_saved, _redeemable, _by_service, _free, _matures, _flows, _weeks, _kinds)
    made = tuple(table(health) for table in tables)
    return made if is_office else _without_small(made, health.terms.least_persons)


def _without_small(sheets: Sequence[Sheet], least: int) -> tuple[Sheet, ...]:
    """Hide small counts in each table, and in all of them what one of them hides."""
    hidden = set[str]()
    while True:
        found = {key for sheet in sheets for key in _hidden_keys(sheet, least, hidden)}
        if found <= hidden:
            return tuple(_with_hidden(sheet, hidden) for sheet in sheets)
        hidden |= found


def _hidden_keys(sheet: Sheet, least: int, known: set[str]) -> Iterator[str]:
    cells = [list(row) for _, row in sheet.rows]
    forced = {(r, c) for r, row in enumerate(cells) for c, cell in enumerate(row) if cell.key in known}
    places = hidden_cells(
        [[cell.persons for cell in row] for row in cells],
        least,
        has_total_row=sheet.has_total_row,
        has_total_column=sheet.has_total_column,
        forced=forced,
    )
    return (cells[row][column].key for row, column in places)


def _with_hidden(sheet: Sheet, hidden: set[str]) -> Sheet:
    rows = tuple(
        (name, tuple(cell._replace(is_hidden=cell.key in hidden) for cell in cells)) for name, cells in sheet.rows
    )
    return replace(sheet, rows=rows)


def hidden_keys(sheets: Sequence[Sheet]) -> set[str]:
    """Return the keys of the figures that some tables hide."""
    return {cell.key for sheet in sheets for _, cells in sheet.rows for cell in cells if cell.is_hidden}


def _cell(figure: Figure) -> Cell:
    return Cell(figure.key, figure.minutes, figure.persons)


def _places(health: Health) -> list[tuple[str, Pair]]:
    """Return the streets with their names; those of nobody's street where there are any, and the whole district."""
    named = [(street.code, Pair(street.name_zh, street.name_en)) for street in health.streets]
    if health.figures[f"saved/{NOWHERE}/{EVERYWHERE}"].persons:
        named.append((NOWHERE, pair("health_nowhere")))
    return [*named, (EVERYWHERE, pair("health_all"))]


def _saved(health: Health) -> Sheet:
    ages = [*cohorts(health.terms.cohorts), EVERYWHERE]
    return Sheet(
        key="saved",
        heads=tuple(pair("health_all") if age == EVERYWHERE else pair("health_age", age=age) for age in ages),
        rows=tuple(
            (name, tuple(_cell(health.figures[f"saved/{code}/{age}"]) for age in ages))
            for code, name in _places(health)
        ),
        has_total_row=True,
        has_total_column=True,
    )


def _redeemable(health: Health) -> Sheet:
    rows = []
    for code, name in _places(health):
        keys = (f"saved/{code}/{EVERYWHERE}", f"due/{code}", f"capacity/{code}", f"redeemable/{code}")
        cells = [_cell(health.figures[key]) for key in keys]
        saved, redeemable = cells[0], cells[-1]
        part = redeemable.minutes / saved.minutes if saved.minutes > 0 else None
        rows.append((name, (*cells, redeemable._replace(part=part))))
    heads = ("health_saved", "health_due", "health_capacity", "health_redeemable", "health_share")
    return Sheet(key="redeemable", heads=tuple(pair(key) for key in heads), rows=tuple(rows), has_total_row=True)


def _by_service(health: Health) -> Sheet:
    services = [(service.code, Pair(service.name_zh, service.name_en)) for service in health.services]
    return Sheet(
        key="by_service",
        heads=tuple(name for _, name in services),
        rows=tuple(
            (name, tuple(_cell(health.figures[f"redeemable/{code}/{service}"]) for service, _ in services))
            for code, name in _places(health)
        ),
        has_total_row=True,
    )


def _free(health: Health) -> Sheet:
    services = [(service.code, Pair(service.name_zh, service.name_en)) for service in health.services]
    columns = [*services, (EVERYWHERE, pair("health_all"))]
    return Sheet(
        key="free",
        heads=tuple(name for _, name in columns),
        rows=tuple(
            (name, tuple(_cell(health.figures[f"free/{code}/{service}"]) for service, _ in columns))
            for code, name in _places(health)
        ),
        has_total_row=True,
        has_total_column=True,
    )


def _matures(health: Health) -> Sheet:
    when = [NOW, *(str(years) for years in health.terms.years_ahead), LATER]
    names = [pair(f"health_{one}") if one in (NOW, LATER) else pair("health_within", years=one) for one in when]
    rows = [(name, (_cell(health.figures[f"matures/{one}"]),)) for name, one in zip(names, when, strict=True)]
    whole = (pair("health_all"), (_cell(health.figures[f"saved/{EVERYWHERE}/{EVERYWHERE}"]),))
    return Sheet(key="matures", heads=(pair("health_saved"),), rows=(*rows, whole), has_total_row=True)


def _flows(health: Health) -> Sheet:
    flows = [figure for figure in health.figures if figure.key.startswith("flow/")]
    return Sheet(
        key="flows",
        heads=(pair("health_coins"),),
        rows=tuple((cause_name(figure.key.removeprefix("flow/")), (_cell(figure),)) for figure in flows),
        has_total_row=True,
    )


def cause_name(cause: str) -> Pair:
    """Return the words of why entries were made; the cause itself where it has none."""
    return pair(f"health_cause_{cause}") if f"health_cause_{cause}" in catalogue() else Pair(cause, cause)


def _weeks(health: Health) -> Sheet:
    count = health.terms.window_weeks
    rows = []
    for week in range(count):
        until = health.moment - timedelta(weeks=week)
        name = f"{day_of(until - timedelta(weeks=1)) + timedelta(days=1):%m-%d} – {day_of(until):%m-%d}"
        figures = (health.figures[f"week/earned/{week}"], health.figures[f"week/redeemed/{week}"])
        rows.append((Pair(name, name), tuple(_cell(figure) for figure in figures)))
    return Sheet(key="weeks", heads=(pair("health_earned"), pair("health_redeemed")), rows=tuple(rows))


def kind_name(kind: str) -> Pair:
    """Return the words of a kind of account; the kind itself where it has none."""
    return pair(f"health_kind_{kind}") if f"health_kind_{kind}" in catalogue() else Pair(kind, kind)


def _kinds(health: Health) -> Sheet:
    kinds = [figure for figure in health.figures if figure.key.startswith("kind/")]
    return Sheet(
        key="kinds",
        heads=(pair("health_coins"),),
        rows=tuple((kind_name(figure.key.removeprefix("kind/")), (_cell(figure),)) for figure in kinds),
    )
