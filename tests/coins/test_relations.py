"""Who is what to whom: said by one, confirmed by the other, until one of them ends it."""

from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.coins.conftest import OFFICE, Town
from tests.together import at_once
from timebank.coins.refusals import NotTheirs
from timebank.coins.relations import (
    INVERSE,
    answer_relation,
    end_relation,
    propose_relation,
    relation_between,
    relations_of,
    relationship_of,
)
from timebank.core.database import transaction
from timebank.core.errors import KeyConflict, NotFound, WrongInput, WrongState
from timebank.rules.known import RELATIONS


def propose(session: Session, town: Town, one: str = "S1", other: str = "V1", relation: str = "child") -> int:
    """Let one propose what the other is to them."""
    pair: dict[str, Any] = {"person_id": town.who(one), "other_id": town.who(other), "relation": relation}
    return propose_relation(session, town.act(f"{one}-{other} {relation}", one), **pair).id or 0


def test_relation_counts_once_the_other_confirms(session: Session, town: Town) -> None:
    """Until then the two are strangers to the bank; then each is to the other what the other way round says."""
    number = propose(session, town)
    before = relation_between(session, town.who("S1"), town.who("V1"))

    answer_relation(session, town.act("yes", "V1"), number, yes=True)

    assert before == "stranger"
    assert relation_between(session, town.who("S1"), town.who("V1")) == "child"
    assert relation_between(session, town.who("V1"), town.who("S1")) == "parent"
    assert relations_of(session, town.who("V1")) == {town.who("S1"): "parent"}


@pytest.mark.parametrize("relation", list(INVERSE))
@pytest.mark.parametrize(("one", "other"), [("S1", "V1"), ("V1", "S1")])
def test_relation_is_kept_from_either_side(session: Session, town: Town, one: str, other: str, relation: str) -> None:
    """Whoever has the smaller number, a mother stays a mother."""
    town.relate(session, one, other, relation)

    assert relation_between(session, town.who(one), town.who(other)) == relation
    assert relation_between(session, town.who(other), town.who(one)) == INVERSE[relation]


def test_every_relation_of_the_rules_can_be_said() -> None:
    """A relation that packs name and nobody can have would make their circles empty."""
    assert {*INVERSE, "stranger"} == set(RELATIONS)


def test_declined_relation_is_none_and_can_be_proposed_again(session: Session, town: Town) -> None:
    """A no is a no; and people change their minds."""
    number = propose(session, town)
    answer_relation(session, town.act("no", "V1"), number, yes=False)

    again = propose(session, town, relation="friend")

    assert relation_between(session, town.who("S1"), town.who("V1")) == "stranger"
    assert relationship_of(session, again).status == "proposed"
    with pytest.raises(WrongState, match="declined"):
        answer_relation(session, town.act("yes", "V1"), number, yes=True)


@pytest.mark.parametrize("who", ["S1", "V1", OFFICE])
def test_either_of_the_two_ends_it(session: Session, town: Town, who: str) -> None:
    """Nobody stays anybody's friend against their will; once ended it stays ended."""
    number = town.relate(session, "S1", "V1", "friend")

    for _ in range(2):
        end_relation(session, town.act("end", who), number)

    assert relation_between(session, town.who("S1"), town.who("V1")) == "stranger"
    with pytest.raises(WrongState, match="ended"):
        end_relation(session, town.act("end again", who), number)


@pytest.mark.parametrize("who", ["S1", "S3"])
def test_nobody_confirms_for_the_other(session: Session, town: Town, who: str) -> None:
    """Who proposed it, or anybody else, could else make relatives of strangers."""
    number = propose(session, town)

    with pytest.raises(NotTheirs):
        answer_relation(session, town.act("yes", who), number, yes=True)
    with pytest.raises(NotTheirs):
        propose_relation(
            session, town.act("p", "S3"), person_id=town.who("S1"), other_id=town.who("V2"), relation="child"
        )
    with pytest.raises(NotTheirs):
        end_relation(session, town.act("end", "S3"), number)


def test_office_confirms_on_proof(session: Session, town: Town) -> None:
    """For somebody who cannot, the office confirms what the household register shows, and says so."""
    number = propose(session, town)

    with pytest.raises(WrongInput, match="proof"):
        answer_relation(session, town.act("yes"), number, yes=True)
    answer_relation(session, town.act("yes", note="户口簿第3页"), number, yes=True)

    assert relation_between(session, town.who("S1"), town.who("V1")) == "child"


def test_two_have_one_relationship(session: Session, town: Town) -> None:
    """Asked twice, from either side, the second hears that they are asked already; the same key is the same."""
    number = propose(session, town)

    assert propose(session, town) == number
    with pytest.raises(WrongState, match="without a relationship"):
        propose(session, town, "V1", "S1", "friend")
    with pytest.raises(KeyConflict):
        propose_relation(
            session, town.act("S1-V1 child", "S1"), person_id=town.who("S1"), other_id=town.who("V2"), relation="child"
        )


@pytest.mark.parametrize(("other", "relation"), [("S1", "child"), ("V1", "stranger"), ("V1", "")])
def test_relation_can_be(session: Session, town: Town, other: str, relation: str) -> None:
    """Nobody is related to themselves, or in a way that no rule knows."""
    with pytest.raises(WrongInput):
        propose(session, town, other=other, relation=relation)
    with pytest.raises(NotFound):
        relationship_of(session, 0)
    with pytest.raises(ValueError, match="1 to 100"):
        relations_of(session, 1, first=0)


def test_two_propose_at_once(engine: Engine, lone_town: Town) -> None:
    """Mother and daughter fill in the form at the same moment: one of them asks, the other is told."""
    one, other = at_once(engine, lambda s: propose(s, lone_town), lambda s: propose(s, lone_town, "V1", "S1", "parent"))

    assert one
    assert isinstance(other, WrongState)
    with transaction(engine) as session:
        assert relationship_of(session, one).status == "proposed"
