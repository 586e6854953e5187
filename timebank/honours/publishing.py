"""What the district publishes of its certificates: the public keys and the signed list of revocations, as two files."""

import os
import tempfile
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sqlmodel import Session

from timebank.honours.keys import current_key, published_keys, signer_of, write_keys
from timebank.honours.revocations import revocations, write_list

KEYS_FILE = "keys.json"
LIST_FILE = "revocations.json"
FOR_ALL, FOR_OWNER = 0o644, 0o600


class Published(NamedTuple):
    """The two files, as text."""

    keys: str
    revocations: str


def published(session: Session, *, now: datetime) -> Published:
    """Write both files anew; the list is signed by the current key."""
    key = current_key(session, now=now)
    return Published(
        keys=write_keys(published_keys(session), now=now),
        revocations=write_list(revocations(session), key_id=key.key_id, signer=signer_of(key), now=now),
    )


def lay_out(files: Published, folder: Path) -> tuple[Path, Path]:
    """Lay both files into a folder for anyone to read; returns their paths."""
    keys, listed = folder / KEYS_FILE, folder / LIST_FILE
    write_whole(keys, files.keys.encode(), mode=FOR_ALL)
    write_whole(listed, files.revocations.encode(), mode=FOR_ALL)
    return keys, listed


def write_whole(path: Path, content: bytes, *, mode: int = FOR_OWNER) -> None:
    """Write a file so that whoever reads it sees all of it; by default only its owner may."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, fresh = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(fresh).chmod(mode)
        Path(fresh).replace(path)
    except BaseException:
        Path(fresh).unlink(missing_ok=True)
        raise
