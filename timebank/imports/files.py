"""A file to bring in: taken into memory once, so that what was checked is what is read."""

import hashlib
import os
import stat
from pathlib import Path
from typing import NamedTuple

from timebank.imports.faults import FileRefused

MOST_FILE_BYTES = 50 * 1024 * 1024
CHUNK = 1024 * 1024
NEVER_WAIT = getattr(os, "O_NONBLOCK", 0)
"""A pipe that nobody writes to would be waited for when it is opened."""


class Source(NamedTuple):
    """The name and the bytes of a file."""

    name: str
    content: bytes

    def refused(self, why: str, detail: object = "") -> FileRefused:
        """Return the refusal of this file."""
        return FileRefused(file_name=self.name, why=why, detail=str(detail))

    def digest(self, salt: str) -> str:
        """Return the SHA-256 of the bytes and of what else decides how they are read."""
        return hashlib.sha256(salt.encode() + b"\0" + self.content).hexdigest()


def read_file(path: Path) -> Source:
    """Read a file whole.

    Raises
    ------
    FileRefused
        When it is not there, is no file, may not be read, is empty, too large, or changes meanwhile.
    """
    refused = Source(path.name, b"").refused
    try:
        handle = os.open(path, os.O_RDONLY | NEVER_WAIT)
    except FileNotFoundError as fault:
        raise refused("missing") from fault
    except PermissionError as fault:
        raise refused("forbidden") from fault
    except OSError as fault:
        raise refused("unreadable", fault.strerror) from fault
    try:
        content = _read_whole(path, handle)
    except OSError as fault:
        raise refused("unreadable", fault.strerror) from fault
    finally:
        os.close(handle)
    if not content:
        raise refused("empty")
    return Source(path.name, content)


def _read_whole(path: Path, handle: int) -> bytes:
    refused, before = Source(path.name, b"").refused, os.fstat(handle)
    if not stat.S_ISREG(before.st_mode):
        raise refused("no_file")
    if before.st_size > MOST_FILE_BYTES:
        raise refused("bytes", MOST_FILE_BYTES // 2**20)
    parts, size = [], 0
    while size <= before.st_size and (part := os.read(handle, CHUNK)):
        parts.append(part)
        size += len(part)
    after = os.fstat(handle)
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns) or size != before.st_size:
        raise refused("changing")
    return b"".join(parts)
