"""What a clerk reads of a file: its faults and what would be right, what it changes, and the batches there are."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from timebank.core.clock import SHANGHAI
from timebank.core.texts import say
from timebank.imports.batches import Outcome
from timebank.imports.faults import Fault, visible
from timebank.imports.tables import ImportBatch

MOST_FAULTS_SHOWN, MOST_DIFFERENCES_SHOWN = 100, 50
MOST_SORTS, MOST_OF_A_SORT = 20, 5
"""Past what can be read, faults are told by sort: a column and what is wrong with it."""
INDENT = 4
PLACE_COLUMNS = ("sheet", "row", "column", "value")
SHOWN_OF_A_DIFFERENCE = ("sheet", "row", "ref", "columns")
"""What another program is told of one; the values themselves are personal."""


def tell(outcome: Outcome, console: Console, report: Path | None, *, is_dry_run: bool) -> None:
    """Print what a file does: Chinese first, then English."""
    if outcome.fault_count:
        _tell_faults(outcome, console, report)
        key = "import_faulty"
    elif outcome.is_replay:
        key = "import_again"
    else:
        _tell_differences(outcome, console)
        key = "import_nothing_wrong" if is_dry_run else "import_applied"
    if outcome.unread:
        _say(console, "import_unread", sheets="、".join(outcome.unread))
    _say(console, key, **outcome.counts._asdict(), batch_id=outcome.batch_id, count=f"{outcome.fault_count:,}")


def _say(console: Console, key: str, **values: object) -> None:
    for locale in ("zh", "en"):
        console.print(Text(say(key, locale, **values)))


def _tell_faults(outcome: Outcome, console: Console, report: Path | None) -> None:
    """Print every fault; of more than can be read the first few of each sort, and how many there are."""
    is_long = outcome.fault_count > MOST_FAULTS_SHOWN
    shown: Counter[tuple[str, str]] = Counter()
    for fault in outcome.faults:
        sort = (fault.column, fault.code)
        shown[sort] += 1
        if shown[sort] <= (MOST_OF_A_SORT if is_long else MOST_FAULTS_SHOWN):
            console.print(Text(place_of(fault)))
            _indented(console, f"{fault.told('zh')}\n{fault.told('en')}")
        if len(shown) > MOST_SORTS:
            break
    console.print()
    if is_long:
        _say(console, "import_sorts", most=MOST_OF_A_SORT)
        for (column, code), count in sorted(outcome.tally.items(), key=lambda each: -each[1])[:MOST_SORTS]:
            known = next((one for one in outcome.faults if (one.column, one.code) == (column, code)), None)
            _indented(console, f"{count:,} × {column}：{known.told('zh') if known else code}")
    if report is not None:
        _say(console, "import_report", report=visible(str(report)), count=f"{len(outcome.faults):,}")


def _indented(console: Console, text: str) -> None:
    for line in Text(text).wrap(console, console.width - INDENT):
        line.rstrip()
        console.print(Text(" " * INDENT) + line)


def place_of(fault: Fault) -> str:
    """Write where a fault stands."""
    sheet = f"{fault.sheet} " if fault.sheet else ""
    value = f"：{fault.value}" if fault.value else ""
    return f"{sheet}{say('import_place', 'zh', row=fault.row, column=fault.column)}{value}"


def _tell_differences(outcome: Outcome, console: Console) -> None:
    for one in outcome.differences[:MOST_DIFFERENCES_SHOWN]:
        sheet = f"{visible(one.sheet)} " if one.sheet else ""
        values = {"row": one.row, "ref": one.ref, "columns": "、".join(one.columns)}
        console.print(Text(f"{sheet}{say('import_difference', 'zh', **values)}"))
    if len(outcome.differences) > MOST_DIFFERENCES_SHOWN:
        _say(console, "import_more", count=f"{len(outcome.differences) - MOST_DIFFERENCES_SHOWN:,}")


def fault_rows(outcome: Outcome) -> list[list[str]]:
    """Return the faults as a table with a header, for a file."""
    head = [f"{say(f'col_{name}', 'zh')} {say(f'col_{name}', 'en')}" for name in PLACE_COLUMNS]
    rows = [
        [fault.sheet, str(fault.row), fault.column, fault.value, fault.told("zh"), fault.told("en")]
        for fault in outcome.faults
    ]
    return [[*head, say("col_right", "zh"), say("col_right", "en")], *rows]


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome for another program."""
    faults = [asdict(fault) | {"right_zh": fault.told("zh"), "right_en": fault.told("en")} for fault in outcome.faults]
    head = {"batch": outcome.batch_id, "is_replay": outcome.is_replay, "fault_count": outcome.fault_count}
    differences = [dict(zip(SHOWN_OF_A_DIFFERENCE, one, strict=False)) for one in outcome.differences]
    return head | outcome.counts._asdict() | {"faults": faults, "differences": differences, "unread": outcome.unread}


def batch_table(batches: Sequence[ImportBatch]) -> Table:
    """Return a table of batches, moments in Shanghai."""
    names = ("batch", "moment", "kind", "file", "added", "changed", "unchanged", "status")
    table = Table(*(f"{say(f'col_{name}', 'zh')}\n{say(f'col_{name}', 'en')}" for name in names), box=None)
    for row in _batch_rows(batches):
        table.add_row(*(Text(cell) for cell in row))
    return table


def _batch_rows(batches: Sequence[ImportBatch]) -> Iterator[list[str]]:
    for batch in batches:
        moment = f"{batch.created_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
        counts = [str(count) for count in (batch.added, batch.changed, batch.unchanged)]
        kind, status = say(f"import_{batch.kind}", "zh"), say(f"import_status_{batch.status}", "zh")
        yield [str(batch.id), moment, kind, batch.file_name, *counts, status]
