"""The examples print what stands beside them."""

import pytest

from tests.examples.renew import FOLDER, NAMES, run


@pytest.mark.parametrize("name", NAMES)
def test_example_prints_what_stands_beside_it(name: str) -> None:
    """A reader who runs an example sees what the page says."""
    stated = (FOLDER / f"{name}.out").read_text(encoding="utf-8")

    printed = run(name)

    assert printed == stated


def test_every_example_is_run() -> None:
    """An example that no test runs goes stale."""
    assert {path.stem for path in FOLDER.glob("*.py")} == set(NAMES)
