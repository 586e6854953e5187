"""The small district with a company, a clinic and the bureau beside its organisations."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.bridge.filled import partner
from tests.worlds import World
from timebank.bridge.referrals import Actor
from timebank.core.database import transaction


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """One transaction on a fresh copy of the small district."""
    with transaction(engine) as opened:
        yield opened


@pytest.fixture
def company(engine: Engine, world: World) -> int:
    """Number of a company that works in Ganquan."""
    with transaction(engine) as session:
        return partner(session, world, "company", "CARE-CO")


@pytest.fixture
def bureau(engine: Engine, world: World) -> int:
    """Number of the bureau."""
    with transaction(engine) as session:
        return partner(session, world, "bureau", "BUREAU")


@pytest.fixture
def east(world: World) -> Actor:
    """EAST, which refers."""
    return Actor(world.organisations["EAST"], "organisation:east")


@pytest.fixture
def west(world: World) -> Actor:
    """WEST, which is referred to."""
    return Actor(world.organisations["WEST"], "organisation:west")
