"""A file is taken as it is, or refused in words before anything of it is believed."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.imports.rows import why
from timebank.imports.faults import FileRefused
from timebank.imports.files import read_file


@contextmanager
def as_nobody() -> Iterator[None]:
    """Give up the rights of an administrator, who may read everything."""
    before = os.geteuid()
    os.seteuid(before or 65_534)
    yield
    os.seteuid(before)


def empty(folder: Path) -> Path:
    """Make an empty file."""
    (folder / "file").touch()
    return folder / "file"


def pipe(folder: Path) -> Path:
    """Make a pipe that nobody writes to."""
    os.mkfifo(folder / "file")
    return folder / "file"


def dangling(folder: Path) -> Path:
    """Make a link to nowhere."""
    (folder / "file").symlink_to(folder / "nowhere")
    return folder / "file"


def long_name(folder: Path) -> Path:
    """Return a name that no file system takes."""
    return folder / ("长" * 300)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda folder: folder / "none.csv", "missing"),
        (dangling, "missing"),
        (lambda folder: folder, "no_file"),
        (pipe, "no_file"),
        (lambda _: Path("/dev/zero"), "no_file"),
        (long_name, "unreadable"),
        (empty, "empty"),
    ],
)
def test_what_is_no_file_is_said_to_be_none(tmp_path: Path, make: Callable[[Path], Path], reason: str) -> None:
    """A slip in a name ends with words, and a pipe is not waited for."""
    assert why(make(tmp_path)) == reason


def test_a_file_without_permission_is_said_to_be_one(tmp_path: Path) -> None:
    """Registers lie in protected folders; the clerk learns that it is a matter of permission."""
    path = tmp_path / "register.csv"
    path.write_text("编号", encoding="utf-8")
    path.chmod(0)

    with as_nobody():
        reason = why(path)

    assert reason == "forbidden"


def test_a_link_is_followed(tmp_path: Path) -> None:
    """Shared folders hand out links."""
    (tmp_path / "register.csv").write_bytes(b"content")
    (tmp_path / "link.csv").symlink_to(tmp_path / "register.csv")

    assert read_file(tmp_path / "link.csv").content == b"content"


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    """A hundred gigabytes are refused by their size, at once."""
    path = tmp_path / "large.csv"
    with path.open("wb") as stream:
        stream.truncate(100 * 2**30)

    assert why(path) == "bytes"


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the old rows and half of the new ones are nobody's register."""
    path = tmp_path / "busy.csv"
    path.write_bytes(b"a" * 3 * 2**20)
    read_once = os.read

    def read_and_append(handle: int, size: int) -> bytes:
        with path.open("ab") as stream:
            stream.write(b"b")
        return read_once(handle, size)

    monkeypatch.setattr(os, "read", read_and_append)

    assert why(path) == "changing"


def test_a_file_that_is_written_over_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A register that is saved at this moment may be as long as it was, and another one."""
    path = tmp_path / "busy.csv"
    path.write_bytes(b"a" * 3 * 2**20)
    os.utime(path, (0, 0))
    read_once = os.read

    def read_and_save(handle: int, size: int) -> bytes:
        with path.open("r+b") as stream:
            stream.write(b"b")
        return read_once(handle, size)

    monkeypatch.setattr(os, "read", read_and_save)

    assert why(path) == "changing"


def test_a_file_that_holds_more_than_it_says_is_refused() -> None:
    """Files of the system say that they are empty, and never end as they began."""
    assert why(Path("/proc/self/status")) == "changing"


def test_control_signs_of_a_name_are_not_shown(tmp_path: Path) -> None:
    """A name could clear the screen, or pretend that all went well."""
    with pytest.raises(FileRefused) as refused:
        read_file(tmp_path / "a\x1b[2Jb.csv")

    assert refused.value.told("zh").startswith("a�[2Jb.csv：")
    assert refused.value.told("en").startswith("a�[2Jb.csv: ")
