"""The browser is part of what the tests need: it is never done without."""

import pytest

from tests.reports import chromium
from tests.reports.chromium import find_browser


def test_a_machine_without_a_browser_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing browser fails the tests with the command to type; it never passes them by."""
    monkeypatch.setattr(chromium, "NAMES", ("no-such-browser",))

    with pytest.raises(pytest.fail.Exception, match="`make browser` installs it"):
        find_browser()
