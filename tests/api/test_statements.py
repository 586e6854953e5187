"""The number of SQL statements of an operation does not grow with the rows it answers."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from graphql import parse
from sqlalchemy import Engine, event

from api.app import create_app
from tests.api.conftest import NOON, Template
from tests.api.documented import QUERIES, STEPS, Step, play
from tests.api.door import Door
from timebank.core.database import database

PAGE = "pageInfo { hasNextPage endCursor }"
WHOLE = [
    Step(who=who, query=query.replace("PAGE", PAGE), answer="")
    for who, query in (
        ("east", "{ pairs(first: 1) { edges { cursor node { id reason subdistrict distanceM } } PAGE } }"),
        ("east", "{ unmet(first: 1) { edges { node { id reason subdistrict taken { rule count } } } PAGE } }"),
        ("east", "{ matchRuns(first: 1) { edges { node { id fault plan { id method bound } } } PAGE } }"),
        ("office", "{ projects(first: 1) { edges { node { id slots eligibleSeniors resources { places } } } PAGE } }"),
        ("volunteer", "{ me { nextVisits(first: 1) { edges { node { id seniorName service } } PAGE } } }"),
        ("volunteer", "{ me { account { statement(first: 1) { edges { node { id reason } } PAGE } } } }"),
    )
]
LISTS = [step for step in QUERIES if "first:" in step.query and "mutation" not in step.query]


@contextmanager
def _statements(engine: Engine) -> Iterator[list[str]]:
    """Gather what is said to the database while the block runs."""
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _counted(door: Door, step: Step, rows: int) -> tuple[int, int]:
    """Return the rows of an answer with pages of a size, and the statements they took."""
    query = re.sub(r"first: \d+", f"first: {rows}", step.query)
    with _statements(door.engine) as said:
        answer = door.ask(step.who, query)
    assert "errors" not in answer.json()
    return answer.text.count('"node"'), len(said)


@pytest.fixture(scope="module")
def played(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """The door after every step of the page: the runs and plans that it names are there."""
    with template.copied(tmp_path_factory.mktemp("played")) as url, database(url) as engine:
        door = Door(app=create_app(engine, clock=lambda: NOON), engine=engine, served=template.served)
        play(door, STEPS)
        yield door


@pytest.mark.parametrize("step", WHOLE + LISTS, ids=str)
def test_twenty_rows_take_as_many_statements_as_one(played: Door, step: Step) -> None:
    """A page of a hundred must not ask the database a hundred times."""
    one, statements_of_one = _counted(played, step, 1)
    twenty, statements_of_twenty = _counted(played, step, 20)

    assert twenty >= 20 * one > 0
    assert statements_of_twenty == statements_of_one <= 12


def test_pages_are_found_by_their_size() -> None:
    """The test above changes the size of the pages that it finds; a query without any would prove nothing."""
    assert len(LISTS) >= 5
    assert all(parse(step.query) for step in WHOLE)
