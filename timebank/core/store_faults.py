"""What a database says when it fails, in words that help: what happened, and what would be right."""

from typing import NamedTuple

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from timebank.core.errors import StoreBusy, StoreDiffers, StoreTimeout, StoreUnavailable
from timebank.core.texts import Phrase


class Words(NamedTuple):
    """How a fault is known (states of PostgreSQL, parts of SQLite's text), and the key of what is said of it."""

    states: tuple[str, ...]
    parts: tuple[str, ...]
    error: type[Exception]
    said: str


FAULTS = (
    Words(
        ("25006",),
        ("attempt to write a readonly database",),
        ValueError,
        "store_read_only",
    ),
    Words(
        ("55P03", "40P01", "40001"),
        ("database is locked", "database table is locked"),
        StoreBusy,
        "store_locked",
    ),
    Words(
        ("57014",),
        ("interrupted",),
        StoreTimeout,
        "store_timeout",
    ),
    Words(
        ("42P01", "42703", "42883"),
        ("no such table", "no such column", "has no column named"),
        StoreDiffers,
        "store_older",
    ),
    Words(
        (),
        ("file is not a database", "disk image is malformed"),
        StoreDiffers,
        "store_no_database",
    ),
    Words(
        (),
        ("unable to open database file",),
        StoreUnavailable,
        "store_not_opened",
    ),
    Words(
        (),
        ("disk i/o error",),
        StoreUnavailable,
        "store_disk_fails",
    ),
    Words(
        ("53100",),
        ("database or disk is full",),
        StoreUnavailable,
        "store_full",
    ),
    Words(
        ("28P01", "28000", "3D000"),
        ("password authentication failed", "no password supplied", 'fatal:  database "', 'fatal:  role "'),
        StoreUnavailable,
        "store_refuses",
    ),
)
UNSURE, SILENT = "store_unsure", "store_silent"


def in_words(fault: DBAPIError, *, is_committing: bool) -> Exception | None:
    """Return the error of the bank for a fault of the database, or nothing when it is no failure of the world.

    A connection that is lost while it commits leaves open whether the commit was stored; it is said to be so.
    """
    state = getattr(fault.orig, "sqlstate", None) or ""
    words = str(fault.orig).lower()
    for known in FAULTS:
        if state in known.states or any(part in words for part in known.parts):
            return known.error(Phrase(known.said))
    is_of_server = not type(fault.orig).__module__.startswith("sqlite3")  # SQLite calls a slip in SQL operational too
    if is_of_server and (isinstance(fault, OperationalError | InterfaceError) or fault.connection_invalidated):
        return StoreUnavailable(Phrase(UNSURE if is_committing else SILENT))
    return None


def as_told(fault: Exception, base: type[Exception]) -> Exception:
    """Return the fault of a driver, whose errors are of ``base``, as SQLAlchemy would have raised it.

    Where the driver is spoken to alone its faults are told in the same words as all others. No statement and no value
    is kept in it.
    """
    return DBAPIError.instance(None, None, fault, base, hide_parameters=True)
