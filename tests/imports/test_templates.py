"""Templates teach what is right: their examples come in as they are, in the district of the demo."""

import csv
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine

from timebank.core.clock import day_of
from timebank.core.database import transaction
from timebank.demo.district import build_district
from timebank.imports.batches import KINDS, bring_in
from timebank.imports.faults import Faults
from timebank.imports.files import read_file
from timebank.imports.sheets import read_lines
from timebank.imports.templates import template_columns, write_template

SHIPPED = Path(__file__).parents[2] / "examples" / "templates"
ENGLISH = {
    "女": "female",
    "男": "M",
    "甘泉路街道": "Ganquan Road",
    "甘泉第1居委会": "Ganquan Road committee 1",
    "独居老年人;孤老": "Living alone; Childless",
    "重度失能": "severe impairment",
    "普通话;上海话": "zh, sh",
    "SO1": "East Putuo Elder Service",
    "CF1": "Charity foundation, Putuo office",
    "两天一问候": "Greeting",
    "助浴": "Bath assistance",
    "两天一次": "every 2 days",
    "每天": "daily",
    "一二三四五": "Mon-Fri",
    "一四": "Mon; Thu",
    "不限": "any",
}
"""Words of the examples that an English file says in another way."""


def contents(path: Path, kind: str) -> list[dict[str, object]]:
    """Return the cells of each row of a file."""
    lines = read_lines(read_file(path), template_columns(kind), Faults())
    return [dict(line.cells) for line in lines]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_shipped_templates_are_the_ones_that_are_written(tmp_path: Path, kind: str, ending: str) -> None:
    """A template that lags behind its columns teaches what is wrong."""
    shipped, fresh = SHIPPED / f"{kind}.{ending}", write_template(kind, tmp_path / f"{kind}.{ending}")

    assert contents(shipped, kind) == contents(fresh, kind)
    assert len(contents(shipped, kind)) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_typed_below_a_template_stays_text(kind: str) -> None:
    """A spreadsheet would make 1.1E+17 of an identity number, and another day of a day."""
    sheet = load_workbook(SHIPPED / f"{kind}.xlsx").active
    assert sheet is not None

    formats = {dimension.number_format for dimension in sheet.column_dimensions.values()}

    assert formats == {"@"}
    assert len(sheet.column_dimensions) == len(template_columns(kind))


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_examples_come_in_without_a_fault(engine: Engine, noon: datetime, tmp_path: Path, ending: str) -> None:
    """Whoever fills in a template like its example is right; the same in English is the same rows."""
    with transaction(engine) as session:
        build_district(session, seed=1, scale=0.005, starts_on=day_of(noon), now=noon)

    outcomes = [bring_in(engine, SHIPPED / f"{kind}.{ending}", kind, now=noon) for kind in KINDS]
    english = [bring_in(engine, _in_english(kind, tmp_path), kind, now=noon) for kind in KINDS]

    assert [(outcome.counts, outcome.faults) for outcome in outcomes] == [((1, 0, 0), ())] * 4
    assert [(outcome.counts, outcome.faults) for outcome in english] == [((0, 0, 1), ())] * 4


def _in_english(kind: str, folder: Path) -> Path:
    """Write the example of a kind with English headers and words."""
    path = folder / f"{kind}-english.csv"
    columns = template_columns(kind)
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = [[column.names[1] for column in columns], [ENGLISH.get(one.example, one.example) for one in columns]]
        csv.writer(stream).writerows(rows)
    return path
