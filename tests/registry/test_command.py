"""What the page does not show: the table, files that are looked at and applied, and what cannot be typed."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from tests.imports.rows import HEAD, senior
from tests.registry.conftest import another
from tests.worlds import World
from timebank.cli import app
from timebank.core.database import transaction
from timebank.core.errors import NotFound, WrongInput
from timebank.registry.refusals import DifferencesChanged


@pytest.fixture
def typing(engine: Engine, world: World, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Callable[..., str]:
    """Type a line; returns what is told, or raises what refuses it."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    with transaction(engine) as session:
        for ref in ("B1", "B2"):
            another(session, world, ref)

    def run(line: str) -> str:
        ran = CliRunner().invoke(app, shlex.split(line))
        if ran.exception is not None and not isinstance(ran.exception, SystemExit):
            raise ran.exception
        return ran.output

    return run


def test_table_is_printed_by_category_and_street(typing: Callable[..., str]) -> None:
    """What the bureau copies into its report, in both languages."""
    told = typing("registry table --on 2026-03-02 --streets --organisation EAST")

    assert "重度失能：1" in told
    assert "合计（每人一次）：1" in told
    assert "甘泉路街道（Ganquan Road，310107004）：1" in told
    assert "Zhenru" not in told


def test_duplicates_are_proposed(typing: Callable[..., str]) -> None:
    """By their numbers, nobody is named."""
    assert typing("registry act duplicates").splitlines()[0] == "B1 与 B2：电话、出生日期、姓名相同"


def test_file_is_looked_at_and_applied(typing: Callable[..., str], write_csv: Callable[..., Path]) -> None:
    """The mark of the look is the key of the doing; another mark is refused; a fault is told as imports tell it."""
    path = write_csv([HEAD, senior(1)])
    looked = typing(f"registry file look {path}")
    mark = re.findall(r"核对码 (\w+)", looked)[0]
    with pytest.raises(DifferencesChanged):
        typing(f"registry file apply {path} --mark 0000")
    applied = typing(f"registry file apply {path} --mark {mark} --complete")
    again = typing(f"registry file look {path}")
    wrong = senior(2)
    wrong[4] = "没有的街道"

    assert "新增 L1" in looked
    assert "不在表中 S1" in looked
    assert "已导入，批次" in applied
    assert "新增 0，变更 0，不在表中 0" in again
    assert "没有的街道" in typing(f"registry file look {write_csv([HEAD, wrong], name='b.csv')}")


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ("registry open NOBODY childless --proof x --source office --by EAST", NotFound),
        ("registry survey round R 310107 childless --from 2026-03-01 --until 2026-04-01 --by EAST", WrongInput),
        ("registry survey progress NONE", NotFound),
        ("registry act undo 99 --by EAST", NotFound),
        ("registry act merge B1 NOBODY --reason x --by EAST", NotFound),
    ],
)
def test_what_cannot_be_is_refused_in_words(typing: Callable[..., str], line: str, refusal: type[Exception]) -> None:
    """A typing fault is told, and nothing is written."""
    with pytest.raises(refusal):
        typing(line)
