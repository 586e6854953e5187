"""docs/charity.md does what it says, from its top to its end."""

import pytest
from sqlalchemy import Engine

from tests.charity.page import PAGE, renewed
from tests.worlds import World


def test_page_is_what_is_told(engine: Engine, world: World, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who types along reads what the page says, line by line."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    page = PAGE.read_text(encoding="utf-8")

    assert renewed(page) == page
