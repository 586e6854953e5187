"""Settings of a process, all from the environment, each with a default that works on one machine."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the data and the keys are.

    ``TIMEBANK_HOME`` is the folder of the embedded database and its key file; ``DATABASE_URL`` chooses
    another database; ``TIMEBANK_KEYS`` gives the keys themselves. ``TIMEBANK_TELL_INSIDE=1`` lets events be sent by
    http and into our own network: for a receiver that stands beside us.
    """

    home: Path
    database_url: str
    keys: str
    is_inside_told: bool = False

    @property
    def key_path(self) -> Path:
        """Key file of the embedded default."""
        return self.home / "timebank.key"

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read the environment; nothing is cached, so a test may set it. An empty variable is as one not set."""
        home = Path(os.environ.get("TIMEBANK_HOME") or "var").resolve()
        default_url = f"sqlite:///{home / 'district.sqlite'}"
        return cls(
            home=home,
            database_url=os.environ.get("DATABASE_URL") or default_url,
            keys=os.environ.get("TIMEBANK_KEYS", ""),
            is_inside_told=os.environ.get("TIMEBANK_TELL_INSIDE", "") == "1",
        )


def rules_path() -> str:
    """Return where the district's own rules stand, from ``TIMEBANK_RULES``: a file, a folder, or nothing.

    Asked for at each decision, so nothing else of the environment is read.
    """
    return os.environ.get("TIMEBANK_RULES", "")


def jurisdiction() -> str:
    """Return whose rules hold in this district, from ``TIMEBANK_JURISDICTION``; Shanghai's where nothing is said."""
    return os.environ.get("TIMEBANK_JURISDICTION") or "shanghai"


DEFAULT_URL = "http://127.0.0.1:8000"


def public_url() -> str:
    """Return the address that partners reach the API under, from ``TIMEBANK_URL``: who gives tokens, and for what."""
    return (os.environ.get("TIMEBANK_URL") or DEFAULT_URL).rstrip("/")
