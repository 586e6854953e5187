"""Duplicates are proposed by telephone, birth and name, never by one of them alone."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.registry.conftest import EAST, another
from tests.worlds import World
from timebank.core.database import transaction
from timebank.people.tables import Person
from timebank.registry.duplicates import list_duplicates
from timebank.registry.merging import merge

TWICE = ("B1", "B2")


@pytest.mark.parametrize(
    ("changes", "proposed"),
    [
        ({}, [TWICE]),
        ({"name": "赵"}, []),
        ({"phone": "13900000002"}, []),
    ],
)
def test_duplicate_agrees_in_all_three(
    engine: Engine, world: World, changes: dict[str, Any], proposed: list[tuple[str, str]]
) -> None:
    """A couple shares a telephone, twins a birth, strangers a name."""
    with transaction(engine) as session:
        another(session, world, "B1")
        another(session, world, "B2", **changes)
        found = [(row.kept_ref, row.merged_ref) for row in list_duplicates(session, first=9)]

    assert found == proposed


def test_other_birth_is_another_person(engine: Engine, world: World) -> None:
    """Father and son of one name share a telephone."""
    with transaction(engine) as session:
        another(session, world, "B1")
        session.get_one(Person, another(session, world, "B2")).born_on = date(1970, 1, 1)
        session.flush()

        assert list_duplicates(session, first=9) == []


def test_two_identity_numbers_are_two_people(engine: Engine, world: World) -> None:
    """Each has a card of their own; only one without can be the other."""
    with transaction(engine) as session:
        numbers = [another(session, world, ref) for ref in TWICE]
        session.get_one(Person, numbers[0]).identity_lookup = b"1"
        session.flush()
        one = len(list_duplicates(session, first=9))
        session.get_one(Person, numbers[1]).identity_lookup = b"2"
        session.flush()

        assert (one, list_duplicates(session, first=9)) == (1, [])


def test_proposals_are_paged_scoped_and_end_with_the_merge(engine: Engine, world: World, noon: Any) -> None:
    """Page by page by both numbers; another organisation sees nothing; a merge takes its proposal along."""
    own, other = (world.organisations[code] for code in ("EAST", "WEST"))
    with transaction(engine) as session:
        numbers = [another(session, world, ref) for ref in ("B1", "B2", "B3")]
        first = list_duplicates(session, first=2, organisation_id=own)
        rest = list_duplicates(session, first=2, after=(first[-1].kept_id, first[-1].merged_id), organisation_id=own)
        hidden = list_duplicates(session, first=9, organisation_id=other)
        merge(session, numbers[0], numbers[2], reason="重复", actor=EAST, now=noon)
        left = list_duplicates(session, first=9)

    assert [(row.kept_ref, row.merged_ref) for row in [*first, *rest]] == [("B1", "B2"), ("B1", "B3"), ("B2", "B3")]
    assert hidden == []
    assert [(row.kept_ref, row.merged_ref) for row in left] == [("B1", "B2")]
