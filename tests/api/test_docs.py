"""The pages of docs are true: every query is run, every answer is real, every limit and scope is the code's."""

import json
import re

import pytest
from graphql import build_schema

from api import answers, guard, requests
from api.schema import print_schema
from api.schema.connections import MOST_ROWS
from api.schema.refusals import SHOWN
from tests.api.documented import DOCS, STEPS_BY_PAGE, STORIES, play
from tests.api.door import Door
from tests.api.renew import HOW
from timebank.core.texts import catalogue
from timebank.people.tokens import SCOPES

TEXT = (DOCS / "api.md").read_text(encoding="utf-8")
SCHEMA = build_schema(print_schema())
LIMITS = {
    "body, bytes": requests.MOST_BODY_BYTES,
    "document, bytes": guard.MOST_BYTES,
    "tokens": guard.MOST_TOKENS,
    "levels": guard.MOST_LEVELS,
    "fields, fragments spread": guard.MOST_FIELDS,
    "values of an answer when every page is full": guard.MOST_VALUES,
    "points of an operation": guard.MOST_COST,
    "aliases": guard.MOST_ALIASES,
    "fields at the top of a query": guard.MOST_ROOT_FIELDS,
    "fields at the top of a mutation": guard.MOST_MUTATIONS,
    "directives": guard.MOST_DIRECTIVES,
    "rows of a page": MOST_ROWS,
    "values in variables": requests.MOST_VARIABLE_VALUES,
    "errors told": answers.MOST_ERRORS,
}


def _table(head: str) -> list[list[str]]:
    """Return the rows of the table that begins with a head."""
    lines = TEXT.split(f"| {head} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("page", STEPS_BY_PAGE)
def test_the_queries_of_a_page_answer_as_it_says(door: Door, page: str) -> None:
    """A partner who pastes a query gets what stands beside it, on either database."""
    stated = [json.loads(step.answer) for step in STEPS_BY_PAGE[page] if step.query]

    given = play(door, STEPS_BY_PAGE[page])

    assert given == stated, f"docs/{page} says other answers than the code gives. {HOW}"
    assert not any("errors" in answer for answer in given)


@pytest.mark.parametrize("page", STEPS_BY_PAGE)
def test_every_query_of_a_page_has_its_answer(page: str) -> None:
    """A block that the reader of these pages passed over would never be run."""
    text = (DOCS / page).read_text(encoding="utf-8")

    assert len(re.findall(r"^```graphql", text, re.MULTILINE)) == sum(bool(step.query) for step in STEPS_BY_PAGE[page])


@pytest.mark.parametrize("page", STORIES)
def test_each_of_the_three_has_a_story(page: str) -> None:
    """Whoever comes finds the page of their own, and no query there that their token cannot ask."""
    queries = [step for step in STEPS_BY_PAGE[page] if step.query]

    assert f"]({page})" in TEXT
    assert {step.who for step in queries} == {STORIES[page]}
    assert len(queries) >= 2


def test_every_limit_of_the_page_is_the_codes() -> None:
    """A limit that is written wrong is met by surprise."""
    assert {measure: int(most) for measure, most in _table("measure | at most")} == LIMITS


def test_every_scope_and_root_field_stands_in_the_table_of_scopes() -> None:
    """Who asks for a token reads here what to ask for."""
    rows = _table("scope | of | opens")
    roots = set(SCHEMA.query_type.fields) | set(SCHEMA.mutation_type.fields)  # type: ignore[union-attr]  # it has both

    scopes = {row[0].strip("`") for row in rows} - {"none"}
    fields = {name for row in rows for name in re.findall(r"`(?:me \{ )?(\w+)", row[2])}
    assert scopes == SCOPES
    assert fields - {"account", "nextVisits"} | {"me", "node"} == roots


def test_every_code_of_an_error_has_its_words() -> None:
    """A code of the page is one that the door can say."""
    codes = {row[0].strip("`") for row in _table("code | means | do")}

    assert codes - {"BadRequest"} <= set(catalogue())
    assert {"TokenMissing", "NotAllowed", "DocumentTooLarge", "Busy", "InternalError"} <= codes


@pytest.mark.parametrize("refusal", SHOWN, ids=lambda refusal: str(refusal.__name__))
def test_every_refusal_stands_on_the_page(refusal: type) -> None:
    """A type that a mutation can answer with is told of."""
    assert f"`{refusal.__name__}`" in TEXT
