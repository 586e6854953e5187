"""The number of SQL statements of an operation does not grow with the rows it answers."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from graphql import FieldNode, OperationDefinitionNode, parse
from sqlalchemy import Engine, event

from api.app import create_app
from tests.api.conftest import NOON, Template
from tests.api.documented import QUERIES, STEPS_BY_PAGE, STORIES, Step, play
from tests.api.door import Door
from timebank.core.database import database

PAGE = "pageInfo { hasNextPage endCursor }"
STORY_BY_ASKER = {who: page for page, who in STORIES.items()}
WHOLE = [
    Step(who=who, query=query.replace("PAGE", PAGE), answer="", page=STORY_BY_ASKER[who])
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


OF_THE_DOOR = ("access_token", "call_bucket", "set_config")


@contextmanager
def _reading(engine: Engine) -> Iterator[list[str]]:
    """Gather what an operation says to the database; who asks, and what is left to them, is the same for all."""
    with _statements(engine) as said:
        yield said
    who = next(n for n, one in enumerate(said) if "access_token" in one)
    del said[: who + 1]
    said[:] = [one for one in said if not any(part in one for part in OF_THE_DOOR)]


PAGES = {"edges", "node", "nodes", "pageInfo", "me"}
"""Fields that hold a page or a person together and are no rows of their own."""
COUNTED = {"eligibleSeniors": 1}
"""Values that are counted from other rows, and take a statement for all rows together."""


def _relations(query: str) -> int:
    """Return how many relations a query selects: fields that answer rows, wherever they stand in it."""
    found = 0
    waiting = [node for node in parse(query).definitions if isinstance(node, OperationDefinitionNode)]
    selections = [node.selection_set for node in waiting]
    while selections:
        for node in selections.pop().selections:
            below = getattr(node, "selection_set", None)
            name = node.name.value if isinstance(node, FieldNode) else ""
            found += COUNTED.get(name, 0) + (below is not None and name not in PAGES)
            selections += [below] if below is not None else []
    return found


def _counted(door: Door, step: Step, rows: int) -> tuple[int, int]:
    """Return the rows of an answer with pages of a size, and the statements they took."""
    query = re.sub(r"first: \d+", f"first: {rows}", step.query)
    with _statements(door.engine) as said:
        answer = door.ask(step.who, query)
    assert "errors" not in answer.json()
    return answer.text.count('"node"'), len(said)


@pytest.fixture(scope="module")
def played(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Door]]:
    """The door after every step of each page: what its queries name is there, and who asks has asked before."""
    doors: dict[str, Door] = {}
    with ExitStack() as stack:
        for page, steps in STEPS_BY_PAGE.items():
            url = stack.enter_context(template.copied(tmp_path_factory.mktemp("played")))
            engine = stack.enter_context(database(url))
            doors[page] = Door(app=create_app(engine, clock=lambda: NOON), engine=engine, served=template.served)
            play(doors[page], steps)
        yield doors


@pytest.mark.parametrize("step", WHOLE + LISTS, ids=str)
def test_twenty_rows_take_as_many_statements_as_one(played: dict[str, Door], step: Step) -> None:
    """A page of a hundred must not ask the database a hundred times."""
    one, statements_of_one = _counted(played[step.page], step, 1)
    twenty, statements_of_twenty = _counted(played[step.page], step, 20)

    assert twenty >= 20 * one > 0
    assert statements_of_twenty == statements_of_one <= 12


READ = [step for step in QUERIES if "mutation" not in step.query]


@pytest.mark.parametrize("step", WHOLE + READ, ids=str)
def test_an_operation_takes_one_statement_for_each_relation_that_it_selects(
    played: dict[str, Door], step: Step
) -> None:
    """What is joined ahead is read once; a field that asks by itself would be seen here, however few its rows."""
    door = played[step.page]
    with _reading(door.engine) as said:
        answer = door.ask(step.who, step.query)

    assert "errors" not in answer.json()
    assert 1 <= len(said) <= 1 + _relations(step.query)


def test_relations_are_counted_by_hand() -> None:
    """The bound of the test above is no looser than it says."""
    query = """{ me { nextVisits(first: 1) { edges { node { id } } } }
        projects(first: 1) { edges { node { resources { id } eligibleSeniors } } } }"""

    assert _relations(query) == 4


def test_pages_are_found_by_their_size() -> None:
    """The test above changes the size of the pages that it finds; a query without any would prove nothing."""
    assert len(LISTS) >= 5
    assert all(parse(step.query) for step in WHOLE)
