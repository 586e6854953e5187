"""What a database says when it fails, in words that help: what happened, and what would be right."""

from typing import NamedTuple

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from timebank.core.errors import StoreDiffers, StoreUnavailable


class Words(NamedTuple):
    """How a fault is known (states of PostgreSQL, parts of SQLite's text), and what is said of it."""

    states: tuple[str, ...]
    parts: tuple[str, ...]
    error: type[Exception]
    said: str


FAULTS = (
    Words(
        ("25006",),
        ("attempt to write a readonly database",),
        ValueError,
        "A transaction that only reads was asked to write, or the database file may not be written; nothing changed.",
    ),
    Words(
        ("55P03", "40P01", "40001"),
        ("database is locked", "database table is locked"),
        StoreUnavailable,
        "The database is locked by another writer; nothing has changed. Try again.",
    ),
    Words(
        ("42P01", "42703"),
        ("no such table", "no such column", "has no column named"),
        StoreDiffers,
        "The database has not the tables that this version works on; bring it up to date: timebank upgrade.",
    ),
    Words(
        (),
        ("file is not a database", "disk image is malformed"),
        StoreDiffers,
        "The file is no database, or it is damaged; choose another file, or restore a backup.",
    ),
    Words(
        (),
        ("unable to open database file",),
        StoreUnavailable,
        "The database file cannot be opened: is it a file, and may this user write to its folder?",
    ),
    Words(
        (),
        ("disk i/o error",),
        StoreUnavailable,
        "The disk of the database fails; what was not committed has not changed.",
    ),
    Words(
        ("53100",),
        ("database or disk is full",),
        StoreUnavailable,
        "The disk of the database is full; nothing has changed. Make room and try again.",
    ),
    Words(
        ("28P01", "28000", "3D000"),
        ("password authentication failed", "no password supplied", 'fatal:  database "', 'fatal:  role "'),
        StoreUnavailable,
        "The database server refuses this user or has no such database; check DATABASE_URL.",
    ),
)
UNSURE = (
    "The database stopped answering while it stored; whether it did is not known. Ask again with the same key: "
    "what stands is not done twice."
)
SILENT = "The database does not answer; nothing has changed. Is it running, and is DATABASE_URL right? Try again."


def in_words(fault: DBAPIError, *, is_committing: bool) -> Exception | None:
    """Return the error of the bank for a fault of the database, or nothing when it is no failure of the world.

    A connection that is lost while it commits leaves open whether the commit was stored; it is said to be so.
    """
    state = getattr(fault.orig, "sqlstate", None) or ""
    words = str(fault.orig).lower()
    for known in FAULTS:
        if state in known.states or any(part in words for part in known.parts):
            return known.error(known.said)
    is_of_server = not type(fault.orig).__module__.startswith("sqlite3")  # SQLite calls a slip in SQL operational too
    if is_of_server and (isinstance(fault, OperationalError | InterfaceError) or fault.connection_invalidated):
        return StoreUnavailable(UNSURE if is_committing else SILENT)
    return None
