"""Settings come from the environment; a wrong one is told in words, and never with its password."""

from pathlib import Path

import pytest

from timebank.core.database import open_database
from timebank.core.errors import WrongInput
from timebank.core.settings import Settings
from timebank.core.texts import say_refusal


@pytest.mark.parametrize("given", [{}, {"DATABASE_URL": "", "TIMEBANK_HOME": "", "TIMEBANK_KEYS": ""}])
def test_defaults_work_on_one_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: dict[str, str]) -> None:
    """Nothing set, or set to nothing: an embedded database and its keys in the folder var."""
    for name in ("DATABASE_URL", "TIMEBANK_HOME", "TIMEBANK_KEYS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    settings = Settings.from_environment()

    assert settings.home == tmp_path / "var"
    assert settings.database_url == f"sqlite:///{tmp_path}/var/district.sqlite"
    assert settings.key_path == tmp_path / "var" / "timebank.key"
    assert settings.keys == ""


def test_environment_chooses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each setting can be said; a relative folder is that of the start, wherever the program goes later."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIMEBANK_HOME", "data")
    monkeypatch.setenv("DATABASE_URL", "postgresql://u@db/timebank")
    monkeypatch.setenv("TIMEBANK_KEYS", "1:abc")

    settings = Settings.from_environment()

    assert (settings.home, settings.database_url, settings.keys) == (
        tmp_path / "data",
        "postgresql://u@db/timebank",
        "1:abc",
    )


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:secret@db/timebank",
        "postgresql+asyncpg://u:secret@db/timebank",
        "/var/secret.sqlite",
        "sqlite://var/secret.sqlite",
        "sqlite+aiosqlite:///var/secret.sqlite",
        "postgresql://u:secret@db:port/timebank",
        "secret",
    ],
)
def test_wrong_database_is_told_in_words(url: str) -> None:
    """Two slashes too few would quietly keep the district in memory; a typing fault must not print a password."""
    with pytest.raises(WrongInput) as caught:
        open_database(url)

    said = say_refusal(caught.value, "en") + say_refusal(caught.value, "zh")
    assert "DATABASE_URL" in said
    assert "sqlite:///folder/file.sqlite (three slashes)" in said
    assert "secret" not in said


@pytest.mark.parametrize(
    "url", ["postgresql://u:p@db/timebank", "postgres://u:p@db/timebank", "postgresql+psycopg://u:p@db/x"]
)
def test_postgresql_is_known_by_all_its_names(url: str) -> None:
    """Hosting services write the address in their own ways."""
    engine = open_database(url)

    assert engine.url.drivername == "postgresql+psycopg"
    engine.dispose()
