"""Sessions that are taken back, and the small district for a whole file of tests that are refused."""

from datetime import datetime

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.worlds import World, small_district
from timebank.core.database import transaction


@pytest.fixture
def session(shared_session: Session) -> Session:
    """One transaction; taken back at the end."""
    return shared_session


@pytest.fixture(scope="module")
def stored(shared_engine: Engine, noon: datetime) -> World:
    """The small district in a database that a file of tests shares."""
    with transaction(shared_engine) as session:
        return small_district(session, noon)
