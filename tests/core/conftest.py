"""One transaction of its own for each test, on a database that a file of tests shares."""

import pytest
from sqlmodel import Session


@pytest.fixture
def session(shared_session: Session) -> Session:
    """One transaction; taken back at the end."""
    return shared_session
