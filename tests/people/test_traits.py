"""Traits: what a person has, refuses and requires, as rows with who and when."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from tests.conftest import NOON
from tests.worlds import World
from timebank.core.errors import NotFound, WrongInput
from timebank.people.tables import Trait
from timebank.people.traits import STANDARD, ensure_traits, say_trait, traits_of, withdraw_trait


def test_a_district_may_have_traits_of_its_own(session: Session, stored: World) -> None:
    """A new kind of home needs a row, not a release."""
    session.add(Trait(code="parrots", name_zh="鹦鹉", name_en="parrots"))
    session.flush()

    known = ensure_traits(session)
    said = say_trait(session, stored.seniors["S1"], "parrots", "has", actor="a", now=NOON)

    assert set(known) == {entry.code for entry in STANDARD} | {"parrots"}
    assert [(row.trait, row.stance) for row in traits_of(session, stored.seniors["S1"])] == [("parrots", "has")]
    assert (said.recorded_by, said.recorded_at) == ("a", NOON)


def test_a_trait_stands_once_and_again_after_it_was_taken_back(session: Session, stored: World) -> None:
    """The past stays readable: the dog that died, and the one that came after."""
    who = stored.seniors["S2"]
    first = say_trait(session, who, "pets", "has", actor="a", now=NOON)
    same = say_trait(session, who, "pets", "has", actor="b", now=NOON)
    withdraw_trait(session, who, "pets", "has", actor="c", now=NOON + timedelta(days=1))
    second = say_trait(session, who, "pets", "has", actor="d", now=NOON + timedelta(days=2))

    assert same.id == first.id != second.id
    assert (first.withdrawn_by, first.withdrawn_at) == ("c", NOON + timedelta(days=1))
    assert [row.id for row in traits_of(session, who)] == [second.id]


@pytest.mark.parametrize(
    ("who", "trait", "stance", "refused"),
    [
        ("S1", "dragons", "has", WrongInput),
        ("S1", "pets", "likes", WrongInput),
        ("V1", "pets", "requires", WrongInput),
        ("S5", "pets", "has", NotFound),
    ],
)
def test_what_cannot_be_said_is_refused(
    session: Session, stored: World, who: str, trait: str, stance: str, refused: type[Exception]
) -> None:
    """No such trait, no such stance, a helper who would require something, another organisation's senior."""
    person = (stored.volunteers | stored.seniors)[who]
    east = stored.organisations["EAST"]

    with pytest.raises(refused):
        say_trait(session, person, trait, stance, actor="a", now=NOON, organisation_id=east)


def test_what_does_not_stand_is_not_taken_back(session: Session, stored: World) -> None:
    """A slip takes nothing away."""
    with pytest.raises(NotFound):
        withdraw_trait(session, stored.seniors["S1"], "smoking", "refuses", actor="a", now=NOON)
