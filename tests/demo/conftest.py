"""A second database of the same kind, for a demo that is disturbed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.conftest import fresh_database
from timebank.core.database import database


@pytest.fixture
def second_url(request: pytest.FixtureRequest, played: Engine, tmp_path: Path) -> Iterator[str]:
    """URL of a fresh, migrated database of the kind that ``played`` is of."""
    kind = "sqlite" if played.dialect.name == "sqlite" else "postgres"
    with fresh_database(request, kind, tmp_path) as url:
        yield url


@pytest.fixture
def second(second_url: str) -> Iterator[Engine]:
    """The second database, opened."""
    with database(second_url) as opened:
        yield opened
