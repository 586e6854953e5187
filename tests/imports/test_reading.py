"""Files are read as people make them, and refused with a reason when they are made to harm."""

import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import psutil
import pytest

from tests.imports.rows import HEAD, senior
from timebank.imports.batches import KINDS
from timebank.imports.columns import Column
from timebank.imports.faults import Faults, FileRefused
from timebank.imports.sheets import MOST_ROWS, Line, read_lines
from timebank.imports.templates import NOTHING_KNOWN

COLUMNS: tuple[Column, ...] = KINDS["seniors"].columns(NOTHING_KNOWN)
Write = Callable[..., Path]


def read(path: Path) -> tuple[list[Line], Faults]:
    """Read a file whole."""
    faults = Faults()
    return list(read_lines(path, COLUMNS, faults)), faults


def why(path: Path) -> str:
    """Return why a file is refused."""
    with pytest.raises(FileRefused) as refused:
        read(path)
    return refused.value.why


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_separators_read_alike(write_csv: Write, encoding: str, delimiter: str) -> None:
    """Spreadsheets of this country save CSV in GB18030, others in UTF-8 or UTF-16."""
    path = write_csv([HEAD, senior(1)], encoding=encoding, delimiter=delimiter)

    lines, faults = read(path)

    assert faults.count == 0
    assert [line.cells["name"] for line in lines] == ["张老人1"]


def test_unknown_encoding_is_refused(tmp_path: Path) -> None:
    """Letters that were guessed wrong would become somebody's name."""
    path = tmp_path / "odd.csv"
    path.write_bytes("编号,姓名\n1,x".encode() + b"\xff\xff\xff\n")

    assert why(path) == "encoding"


def test_binary_is_no_text(tmp_path: Path) -> None:
    """A picture that is called .csv is said to be none."""
    path = tmp_path / "picture.csv"
    path.write_bytes(b"a,b\x00c\n" * 10)

    assert why(path) == "encoding"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\xd0\xcf\x11\xe0old workbook", "old_workbook"),
        (b"PK\x03\x04 broken", "broken_workbook"),
        ('编号,姓名\n"L1,张'.encode(), "quotes"),
        ("甲,乙\n1,2\n".encode(), "no_header"),
    ],
)
def test_wrong_files_say_why(tmp_path: Path, content: bytes, reason: str) -> None:
    """Whoever sent the wrong file learns what to send."""
    path = tmp_path / "wrong.csv"
    path.write_bytes(content)

    assert why(path) == reason


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    """A typing fault in a name is no crash."""
    assert why(tmp_path / "none.csv") == "missing"


def test_title_rows_and_empty_rows_are_passed_over(write_workbook: Write) -> None:
    """Registers have a title above and gaps within."""
    path = write_workbook([["2026 年名册"], [], HEAD, senior(1), [], [None, " "], senior(2)])

    lines, faults = read(path)

    assert [(line.row, line.cells["ref"]) for line in lines] == [(4, "L1"), (7, "L2")]
    assert faults.count == 0


def test_merged_header_names_its_cells(write_workbook: Write) -> None:
    """A merged header leaves a column without a name, whose values would be lost."""
    path = write_workbook([HEAD, senior(1)], merged="G1:H1")

    _, faults = read(path)

    assert ("merged_header", {"cells": "G1:H1"}) in [(fault.code, fault.values) for fault in faults.kept]


def test_values_without_a_header_are_told_once(write_csv: Write) -> None:
    """A column whose header was forgotten would be lost without a word."""
    path = write_csv([HEAD, [*senior(1), "忘了"], [*senior(2), "忘了"]])

    _, faults = read(path)

    assert [(fault.code, fault.row, fault.column) for fault in faults.kept] == [("headless", 2, "#10")]


def test_unknown_header_is_told_the_nearest(write_csv: Write) -> None:
    """A header with a slip of the pen is found."""
    path = write_csv([["编号", "姓名", "出生日", *HEAD[4:]], ["L1", "张", "1945-01-01", *senior(1)[4:]]])

    _, faults = read(path)

    assert [(fault.code, fault.values["near"]) for fault in faults.kept] == [("unknown_header_near", "出生日期")]


def test_missing_and_doubled_headers_are_told(write_csv: Write) -> None:
    """Both lose data when they are passed over."""
    path = write_csv([["编号", "姓名", "姓名"], ["L1", "张", "张"]])

    _, faults = read(path)

    codes = [fault.code for fault in faults.kept]
    assert codes.count("doubled_header") == 1
    assert codes.count("missing_header") == 4


def test_english_headers_read(write_csv: Write) -> None:
    """Partners who work in English bring the same file."""
    path = write_csv([["Ref", "Name", "Date of birth", "LAT"], ["L1", "Zhang", "1945-01-01", "31.2"]])

    lines, _ = read(path)

    assert lines[0].cells == {"ref": "L1", "name": "Zhang", "born_on": "1945-01-01", "lat": "31.2"}


def test_a_million_rows_are_refused_early_and_in_little_memory(tmp_path: Path) -> None:
    """A file that is far too long must not take the machine down with it."""
    path = tmp_path / "long.csv"
    path.write_bytes("编号,姓名\n".encode() + b"L1,a\n" * 1_000_000)
    process = psutil.Process()
    before = process.memory_info().rss
    count = 0

    with pytest.raises(FileRefused) as refused:
        for _ in read_lines(path, COLUMNS, Faults()):
            count += 1

    assert refused.value.why == "rows"
    assert count <= MOST_ROWS + 5
    assert process.memory_info().rss - before < 100 * 2**20


def test_a_row_number_far_away_is_refused(tmp_path: Path, write_workbook: Write) -> None:
    """A workbook of two rows may say that the second is the millionth."""
    path = _with_part(write_workbook([HEAD, senior(1)]), tmp_path, "xl/worksheets/sheet1.xml", b'r="2"', b'r="1048576"')

    assert why(path) == "rows"


def _with_part(path: Path, folder: Path, part: str, old: bytes, new: bytes) -> Path:
    """Copy a workbook with a part of it changed."""
    changed = folder / "changed.xlsx"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            data = source.read(info)
            if info.filename == part:
                assert old in data
                data = data.replace(old, new)
            target.writestr(info.filename, data)
    return changed


def test_entities_are_refused(tmp_path: Path, write_workbook: Write) -> None:
    """A few lines of declarations can unpack to gigabytes; a table needs none."""
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><worksheet'
    path = _with_part(write_workbook([HEAD, senior(1)]), tmp_path, "xl/worksheets/sheet1.xml", b"<worksheet", bomb)

    assert why(path) == "entities"


def test_macros_are_refused(write_workbook: Write) -> None:
    """A workbook with code in it is never opened."""
    path = write_workbook([HEAD, senior(1)])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"code")

    assert why(path) == "macros"


def test_a_zip_bomb_is_refused_by_its_directory(tmp_path: Path) -> None:
    """A kilobyte that says it unpacks to gigabytes is believed."""
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", b"0" * (64 * 2**20))

    assert why(path) == "bomb"


def test_a_bomb_that_lies_about_its_size_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What really comes out is counted, whatever the directory says."""
    path = tmp_path / "liar.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", b"ab" * (3 * 2**20))
    monkeypatch.setattr("timebank.imports.workbooks._check_directory", lambda *_: None)
    monkeypatch.setattr("timebank.imports.workbooks.MOST_UNPACKED_BYTES", 2**20)

    assert why(path) == "bomb"


def test_an_archive_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    """A document of another kind is also a ZIP archive."""
    path = tmp_path / "letter.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")

    assert why(path) == "no_workbook"


def test_dates_of_a_workbook_read_as_days(write_workbook: Write) -> None:
    """A cell that is a date needs no text."""
    path = write_workbook([["编号", "姓名", "出生日期"], ["L1", "张", date(1945, 1, 2)]])

    lines, _ = read(path)

    assert COLUMNS[3].read(str(lines[0].cells["born_on"]).split(" ", maxsplit=1)[0]) == date(1945, 1, 2)
