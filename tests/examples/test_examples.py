"""The examples print what stands beside them, on either database, and leave nothing behind."""

import runpy
from pathlib import Path

import pytest

from tests.conftest import fresh_database
from tests.examples.renew import FOLDER, NAMES, run


def _stated(name: str) -> str:
    return (FOLDER / f"{name}.out").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_example_prints_what_stands_beside_it(name: str, tmp_path: Path) -> None:
    """A reader who runs an example in a clean folder, without any server, sees what the page says."""
    printed = run(name, tmp_path)

    assert printed == _stated(name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_example_tells_the_same_on_postgresql(
    name: str, request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever gives the address of an empty database reads the same story from there."""
    program = runpy.run_path(str(FOLDER / f"{name}.py"))

    with fresh_database(request, "postgres", tmp_path) as url:
        program["main"](url)

    assert capsys.readouterr().out == _stated(name)


def test_every_example_is_run() -> None:
    """An example that no test runs goes stale."""
    assert {path.stem for path in FOLDER.glob("*.py")} == set(NAMES)
