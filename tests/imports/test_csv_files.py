"""Text files are read as spreadsheets and systems write them, and never guessed into nonsense."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.imports.rows import HEAD, read, senior, why

Write = Callable[..., Path]


@pytest.fixture
def text_file(tmp_path: Path) -> Callable[[bytes], Path]:
    """Write bytes to a file."""

    def write(content: bytes) -> Path:
        path = tmp_path / "file.csv"
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_separators_read_alike(write_csv: Write, encoding: str, delimiter: str) -> None:
    """Spreadsheets of this country save CSV in GB18030, others in UTF-8 or UTF-16."""
    path = write_csv([["2026 年名册"], HEAD, senior(1)], encoding=encoding, delimiter=delimiter)

    lines, faults = read(path)

    assert faults.count == 0
    assert [(line.row, line.cells["name"]) for line in lines] == [(3, "张老人1")]


@pytest.mark.parametrize("name", ["李喆", "王镕", "㛃𬱖", "A座张三"])
def test_rare_signs_of_names_read_in_gb18030(write_csv: Write, name: str) -> None:
    """A name with a rare sign is somebody's name."""
    lines, _ = read(write_csv([["编号", "姓名"], ["L1", name]], encoding="gb18030"))

    assert lines[0].cells["name"] == name


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("编号,姓名\n1,x".encode() + b"\xff\xff\xff\n", id="broken bytes"),
        pytest.param("ref,name\nL1,Renée\n".encode("latin-1"), id="accent read as a rare sign"),
        pytest.param("ref,name\nL1,José García\n".encode("latin-1"), id="accents that fit nothing"),
        pytest.param(b"a,b\x00c\n" * 10, id="a picture"),
        pytest.param("编号,姓名\nL1,张\n".encode("utf-16-le"), id="UTF-16 without its mark"),
        pytest.param("编号,姓名\nL1,张\n".encode("utf-32"), id="UTF-32"),
        pytest.param(b"\xef\xbb\xbf" + "编号,姓名\nL1,张\n".encode("gb18030"), id="a wrong mark"),
    ],
)
def test_letters_that_would_be_guessed_are_refused(text_file: Callable[[bytes], Path], content: bytes) -> None:
    """Letters that were guessed wrong would become somebody's name."""
    assert why(text_file(content)) == "encoding"


def test_a_named_separator_is_taken(text_file: Callable[[bytes], Path]) -> None:
    """A first line sep=; is a sign to spreadsheets, who hide it; rows are counted without it."""
    lines, _ = read(text_file("sep=;\n编号;姓名\nL1;张,三\n".encode()))

    assert [(line.row, line.cells) for line in lines] == [(2, {"ref": "L1", "name": "张,三"})]


def test_cells_with_breaks_and_quotes_read(text_file: Callable[[bytes], Path]) -> None:
    """A cell of two lines is one cell, and the row below it keeps the number it has in a spreadsheet."""
    lines, _ = read(text_file('编号,姓名\r\n"L1","张 ""小"" \n三"\r\nL2,李\r\n'.encode()))

    assert [(line.row, line.cells["name"]) for line in lines] == [(2, '张 "小" \n三'), (3, "李")]


@pytest.mark.parametrize(
    ("content", "row"),
    [
        pytest.param('编号,姓名\nL1,张\n"L2,李\n' + "L3,王\n" * 9000, 3, id="never closed"),
        pytest.param('编号,姓名\n"L1"x,张\n', 2, id="closed too early"),
        pytest.param("编号,姓名\n" + "L" * 30_000 + ",张\n", 2, id="a cell that never ends"),
        pytest.param("编号,姓名\n" + "," * 1_100_000 + "\n", 2, id="a row that never ends"),
        pytest.param('编号,姓名\n"a\n' + '","\n' * 5_000 + '"\n', 2, id="a row of a thousand lines"),
    ],
)
def test_a_wrong_quote_names_its_row(text_file: Callable[[bytes], Path], content: str, row: int) -> None:
    """One wrong quote swallows what follows; the clerk is told where it began."""
    path = text_file(content.encode())

    with pytest.raises(Exception, match=f"from row {row} on"):
        read(path)


def test_rows_past_the_last_of_a_spreadsheet_are_refused(
    text_file: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifty million empty lines are gone through for nothing."""
    monkeypatch.setattr("timebank.imports.csv_files.LAST_ROW", 100)

    assert why(text_file("编号,姓名\n".encode() + b"\n" * 200)) == "rows"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xd0\xcf\x11\xe0 an old workbook, or one with a password", "old_workbook"),
        (b"PK\x03\x04 broken", "broken_workbook"),
        (b"PK,name\n1,2\n", "no_header"),
        ("甲,乙\n1,2\n".encode(), "no_header"),
        (b"\n\n\n", "no_header"),
        (b"\xef\xbb\xbf<html><table><tr><td>\xe7\xbc\x96\xe5\x8f\xb7</td></tr></table></html>", "web_page"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "web_page"),
    ],
)
def test_other_files_say_what_they_are(text_file: Callable[[bytes], Path], content: bytes, reason: str) -> None:
    """Whoever sent the wrong file learns what to send."""
    assert why(text_file(content)) == reason
