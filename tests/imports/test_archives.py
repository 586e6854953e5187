"""Workbooks that were made to harm are refused, in bounded memory."""

import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.imports.parts import MAIN, sheet, write_parts
from tests.imports.rows import HEAD, senior, why

Write = Callable[..., Path]
MEGABYTE = 2**20
DAYS = '<xf numFmtId="14"/>'

IN_LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
from tests.imports.rows import why
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]), int(sys.argv[1])))
print([why(Path(name)) for name in sys.argv[2:]])
"""


def pieces(start: str, piece: str, end: str, *, size: int = 32 * MEGABYTE) -> Iterator[bytes]:
    """Yield a part that repeats a piece until it has a size."""
    yield start.encode()
    many = piece.encode() * (MEGABYTE // len(piece))
    for _ in range(size // len(many)):
        yield many
    yield end.encode()


def test_harmful_workbooks_are_refused_in_little_memory(tmp_path: Path) -> None:
    """Kilobytes that unpack to gigabytes of cells, texts, names or comments take nothing down with them.

    A tree of any of these would need more than the memory that the process is given.
    """
    head = sheet("").partition("</sheetData>")[0]
    harmful = {
        "cells": pieces(f'{head}<row r="2">', "<c/>", "</row></sheetData></worksheet>"),
        "nested": pieces(f'<worksheet xmlns="{MAIN}">', "<x>", ""),
        "text": pieces(f'{head}<row r="2"><c t="str"><v>', "长", "</v></c></row></sheetData></worksheet>"),
        "comment": pieces(f"{head}<!--", "x", "--></sheetData></worksheet>"),
        "name": pieces(f'{head}<row r="', "2", '"/></sheetData></worksheet>'),
    }
    paths = [str(write_parts(tmp_path / f"{name}.xlsx", content)) for name, content in harmful.items()]
    command = [sys.executable, "-c", IN_LITTLE_MEMORY, str(600 * MEGABYTE), *paths]

    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    assert done.stderr == ""
    assert done.stdout == f"{['broken_workbook', *['bomb'] * 4]}\n"


@pytest.mark.parametrize("limit", ["MOST_UNPACKED_BYTES", "MOST_ELEMENTS"])
def test_what_comes_out_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    """Bytes and elements that really come out have a limit, whatever the directory of the archive says."""
    path = write_parts(tmp_path / "book.xlsx", pieces(f'<worksheet xmlns="{MAIN}">', "<x/>", "", size=2 * MEGABYTE))
    monkeypatch.setattr(f"timebank.imports.archives.{limit}", 100_000)

    assert why(path) == "bomb"


@pytest.mark.parametrize("limit", ["MOST_STRINGS", "MOST_STRING_CHARACTERS"])
def test_shared_texts_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    """Shared texts are held in memory while a workbook is read, so there are not too many of them."""
    strings = f'<sst xmlns="{MAIN}">{"<si><t>长长</t></si>" * 600}</sst>'
    path = write_parts(tmp_path / "book.xlsx", sheet(""), changed={"xl/sharedStrings.xml": strings})
    monkeypatch.setattr(f"timebank.imports.packages.{limit}", 500)

    assert why(path) == "bomb"


def test_styles_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workbooks that were copied from each other for years bring tens of thousands of styles; more are no accident."""
    styles = f'<styleSheet xmlns="{MAIN}"><cellXfs>{DAYS * 600}</cellXfs></styleSheet>'
    path = write_parts(tmp_path / "book.xlsx", sheet(""), changed={"xl/styles.xml": styles})
    monkeypatch.setattr("timebank.imports.packages.MOST_STYLES", 500)

    assert why(path) == "bomb"


def test_a_part_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    """An archive that says of a large part that it is small is damaged, or meant to be."""
    path = write_parts(tmp_path / "book.xlsx", pieces(f'<worksheet xmlns="{MAIN}">', "<x/>", "", size=2 * MEGABYTE))
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 100)
    path.write_bytes(content)

    assert why(path) == "broken_workbook"


def test_gigabytes_are_refused_by_their_directory(tmp_path: Path) -> None:
    """What says that it unpacks to ten gigabytes is believed, and not unpacked."""
    path = write_parts(tmp_path / "book.xlsx", sheet(""))
    content = bytearray(path.read_bytes())
    for at in (content.index(b"PK\x01\x02"), content.rindex(b"PK\x01\x02")):
        content[at + 24 : at + 28] = struct.pack("<I", 2**32 - 2)
    path.write_bytes(content)

    assert why(path) == "bomb"


def test_thousands_of_parts_are_refused(tmp_path: Path) -> None:
    """A workbook has dozens."""
    path = write_parts(tmp_path / "book.xlsx", sheet(""), changed={f"xl/media/{n}.png": "" for n in range(2_001)})

    assert why(path) == "bomb"


def test_hundreds_of_sheets_of_one_part_are_refused(tmp_path: Path) -> None:
    """A small file could have its one sheet read ten thousand times."""
    main = (
        f'<workbook xmlns="{MAIN}" xmlns:r="r"><sheets>'
        + '<sheet name="x" r:id="rId1"/>' * 201
        + "</sheets></workbook>"
    )

    assert why(write_parts(tmp_path / "book.xlsx", sheet(""), changed={"xl/workbook.xml": main})) == "bomb"


@pytest.mark.parametrize(
    "part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml", "_rels/.rels"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_in_every_part(tmp_path: Path, part: str, encoding: str) -> None:
    """Entities that hold entities grow without end; a table never needs one, in whatever encoding."""
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>'
    path = write_parts(tmp_path / "book.xlsx", sheet(""))
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if name != part}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (parts | {part: laughs.encode(encoding)}).items():
            archive.writestr(name, content)

    assert why(path) == "entities"


@pytest.mark.parametrize("name", ["register.xlsm", "register.xlsx", "register.csv"])
@pytest.mark.parametrize(
    "changed",
    [
        {"xl/vbaProject.bin": b"code"},
        {"xl/macrosheets/sheet1.xml": b"<x/>"},
        {
            "[Content_Types].xml": (
                '<Types><Override PartName="/xl/workbook.xml" '
                'ContentType="application/vnd.ms-excel.sheet.macroEnabled.main+xml"/></Types>'
            )
        },
        {
            "[Content_Types].xml": (
                '<Types><Default Extension="x" ContentType="application/vnd.ms-office.vbaProject"/></Types>'
            )
        },
    ],
    ids=["code", "old macros", "type of the workbook", "code under another name"],
)
def test_macros_are_refused_under_every_name(tmp_path: Path, name: str, changed: dict[str, str]) -> None:
    """A workbook with code in it is never opened, and renaming it does not help."""
    assert why(write_parts(tmp_path / name, sheet(""), changed=changed)) == "macros"


def test_an_archive_with_a_password_is_refused(tmp_path: Path) -> None:
    """Some zip their registers with a password."""
    path = write_parts(tmp_path / "book.xlsx", sheet(""))
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    path.write_bytes(content)

    assert why(path) == "password"


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_other_ways_to_pack_are_refused(tmp_path: Path, method: int) -> None:
    """No spreadsheet packs with these, and one of them may ask for gigabytes before the first byte."""
    path = write_parts(tmp_path / "book.xlsx", sheet(""))
    with zipfile.ZipFile(path, "a", method) as archive:
        archive.writestr("xl/styles.xml", "<x/>")

    assert why(path) == "broken_workbook"


@pytest.mark.parametrize(
    "names",
    [["word/document.xml"], ["inner.zip", "[Content_Types].xml"], ["content.xml", "mimetype"], ["xl/workbook.bin"]],
)
def test_other_archives_are_no_workbook(tmp_path: Path, names: list[str]) -> None:
    """A letter, an archive of archives, and workbooks of other kinds are archives too."""
    path = tmp_path / "letter.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")

    assert why(path) == "no_workbook"


def test_a_workbook_in_a_workbook_is_left_alone(tmp_path: Path, write_workbook: Write) -> None:
    """What is embedded is never unpacked."""
    inner = write_workbook([HEAD, senior(1)]).read_bytes()
    changed = {"xl/embeddings/inner.xlsx": inner}

    assert why(write_parts(tmp_path / "book.xlsx", sheet("").replace("编号", "甲"), changed=changed)) == "no_header"
