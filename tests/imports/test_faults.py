"""Faults name a place and what would be right, and give nobody away."""

import ast
import re
from importlib import resources
from pathlib import Path

import pytest

from timebank.core.texts import catalogue
from timebank.imports.batches import KINDS
from timebank.imports.columns import plain
from timebank.imports.faults import MOST_KEPT, CellFault, Faults, mask, visible
from timebank.imports.templates import template_columns

HOUSE = Path(str(resources.files("timebank")))
SOURCES = sorted(path for room in ("imports", "programmes", "alarms") for path in (HOUSE / room).glob("*.py"))
"""Everything that reads a file by cells."""
CODE = re.compile(r"[a-z]+(_[a-z]+)*")


def said_to(*names: str) -> set[str]:
    """Return the codes that the sources hand to functions of these names."""
    calls = [
        node
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in names
    ]
    told = [each for call in calls for each in (*call.args, *(keyword.value for keyword in call.keywords))]
    values = [node.value for each in told for node in ast.walk(each) if isinstance(node, ast.Constant)]
    return {value for value in values if isinstance(value, str) and CODE.fullmatch(value)}


@pytest.mark.parametrize(
    ("value", "shown"),
    [("310107194501010028", "31***"), ("王秀英", "王***"), ("王秀", "王***"), ("王", "***"), ("", ""), (" ", "")],
)
def test_personal_values_are_masked(value: str, shown: str) -> None:
    """A list of faults is mailed around; it must not be a register."""
    assert mask(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a\x1b]0;title\x07b", "a�]0;title�b"),
        ("a\x9b2Jb", "a�2Jb"),
        ("\u202etxt.exe", "�txt.exe"),
        ("两\n行", "两�行"),
        ("普通 text", "普通 text"),
    ],
)
def test_signs_that_steer_a_terminal_are_replaced(value: str, shown: str) -> None:
    """A cell must not clear the screen of whoever reads that it is wrong."""
    assert visible(value) == shown


def test_faults_come_in_the_order_of_the_file() -> None:
    """Whoever mends a file goes through it once, from top to bottom, sheet by sheet."""
    faults = Faults(sheets=["乙", "甲"])
    for sheet, row in (("甲", 2), ("乙", 9), ("乙", 3)):
        faults.add(sheet, row, "姓名", "", CellFault("empty"))

    assert [(fault.sheet, fault.row) for fault in faults.in_order()] == [("乙", 3), ("乙", 9), ("甲", 2)]


def test_a_wholly_wrong_file_needs_no_memory() -> None:
    """More faults than anyone reads are counted, by column and kind, and not kept."""
    faults = Faults()
    for row in range(MOST_KEPT + 5):
        faults.add("", row, "姓名", "", CellFault("empty"))

    assert (faults.count, len(faults.kept)) == (MOST_KEPT + 5, MOST_KEPT)
    assert faults.tally == {("姓名", "empty"): MOST_KEPT + 5}


def test_every_sort_of_fault_keeps_an_example() -> None:
    """What comes late in a wholly wrong file is told in words too."""
    faults = Faults()
    for row in range(MOST_KEPT):
        faults.add("", row, "姓名", "", CellFault("empty"))
    for row in range(9):
        faults.add("", row, "电话", "12", CellFault("phone"))

    assert [fault.code for fault in faults.kept[MOST_KEPT:]] == ["phone"] * 5


def test_long_values_are_cut() -> None:
    """A cell of 32,767 signs would push everything else off the screen."""
    faults = Faults()

    faults.add("", 2, "姓" * 100, "长" * 32_767, CellFault("long", most=60))

    assert (len(faults.kept[0].value), len(faults.kept[0].column)) == (41, 41)


def test_every_fault_and_refusal_has_its_text() -> None:
    """A code without a text would end in a traceback, before the clerk of all people."""
    faults = said_to("CellFault") | {"doubled_ref", "identity_taken", "too_young", "too_young_to_give", "period"}
    reasons = said_to("refused", "FileRefused")

    assert len(faults) > 25
    assert len(reasons) > 15
    assert {f"fault_{code}" for code in faults} <= set(catalogue())
    assert {f"refused_{reason}" for reason in reasons} <= set(catalogue())


def test_every_text_of_a_fault_is_said_somewhere() -> None:
    """A text that nothing says is left over from a check that went, perhaps by mistake."""
    sources = "".join(path.read_text(encoding="utf-8") for path in SOURCES)
    texts = [key.partition("_")[2] for key in catalogue() if key.startswith(("fault_", "refused_"))]

    assert [text for text in texts if f'"{text}"' not in sources] == []


@pytest.mark.parametrize("kind", KINDS)
def test_no_header_is_in_two_columns_of_a_kind(kind: str) -> None:
    """A header that could be either column would silently be the last."""
    heads = [(plain(name), column.key) for column in template_columns(kind) for name in column.names]

    assert len({name for name, _ in heads}) == len(set(heads))
