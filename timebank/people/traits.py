"""Traits: what decides who comes to whom without code, and what people say of themselves.

A senior *has* what a helper meets at home, *refuses* what a helper must not have, and *requires* what one must have. A
volunteer *has* traits, and *refuses* those of a home.
"""

from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session, col, select

from timebank.core.columns import table_of
from timebank.core.database import insert_or_skip
from timebank.core.errors import NotFound, WrongInput
from timebank.core.texts import Phrase
from timebank.people.belonging import require_person
from timebank.people.tables import PersonTrait, Trait, Volunteer

TRAIT = table_of(Trait)
STANCES = ("has", "refuses", "requires")


class Entry(NamedTuple):
    """A trait before it is a row."""

    code: str
    name_zh: str
    name_en: str


STANDARD = (
    Entry("pets", "家有宠物", "pets"),
    Entry("stairs", "无电梯楼梯", "stairs without a lift"),
    Entry("smoking", "吸烟", "smoking"),
    Entry("lifting", "能搬抬", "able to lift"),
    Entry("health_certificate", "有健康证", "a health certificate"),
    Entry("dementia_care", "受过认知障碍照护培训", "trained in dementia care"),
)
"""What every district begins with; a district adds rows of its own."""


def ensure_traits(session: Session) -> dict[str, Trait]:
    """Make the standard traits that are missing; return every trait by code."""
    stands = {trait.code: trait for trait in session.exec(select(Trait))}
    missing = [entry._asdict() for entry in STANDARD if entry.code not in stands]
    if not missing:
        return stands
    gate = insert_or_skip(session.connection(), TRAIT).on_conflict_do_nothing(index_elements=["code"])
    session.connection().execute(gate, missing)
    return {trait.code: trait for trait in session.exec(select(Trait))}


def say_trait(
    session: Session,
    person_id: int,
    trait: str,
    stance: str,
    *,
    actor: str,
    now: datetime,
    organisation_id: int | None = None,
) -> PersonTrait:
    """Write down that a person has, refuses or requires a trait; what stands already stays.

    Raises
    ------
    NotFound
        When there is no such person among the organisation's.
    WrongInput
        When there is no such trait or stance, or a volunteer would require something of a senior.
    """
    require_person(session, person_id, organisation_id)
    known = ensure_traits(session)
    if trait not in known:
        raise WrongInput(field="trait", value=trait, right=Phrase("right_one_of", known=", ".join(sorted(known))))
    stances = STANCES[:2] if session.get(Volunteer, person_id) is not None else STANCES
    if stance not in stances:
        raise WrongInput(field="stance", value=stance, right=Phrase("right_one_of", known=", ".join(stances)))
    said = _standing(session, person_id, trait, stance)
    if said is None:
        said = PersonTrait(person_id=person_id, trait=trait, stance=stance, recorded_by=actor, recorded_at=now)
        session.add(said)
        session.flush()
    return said


def withdraw_trait(
    session: Session,
    person_id: int,
    trait: str,
    stance: str,
    *,
    actor: str,
    now: datetime,
    organisation_id: int | None = None,
) -> None:
    """Take back what was said of a person.

    Raises
    ------
    NotFound
        When it does not stand, or is of another's people.
    """
    require_person(session, person_id, organisation_id)
    said = _standing(session, person_id, trait, stance)
    if said is None:
        raise NotFound(kind="trait", key=trait)
    said.withdrawn_by, said.withdrawn_at = actor, now
    session.flush()


def traits_of(session: Session, person_id: int) -> list[PersonTrait]:
    """Return what stands of a person."""
    wanted = select(PersonTrait).where(PersonTrait.person_id == person_id, col(PersonTrait.withdrawn_at).is_(None))
    return list(session.exec(wanted.order_by(col(PersonTrait.trait), col(PersonTrait.stance))))


def _standing(session: Session, person_id: int, trait: str, stance: str) -> PersonTrait | None:
    wanted = select(PersonTrait).where(
        PersonTrait.person_id == person_id,
        PersonTrait.trait == trait,
        PersonTrait.stance == stance,
        col(PersonTrait.withdrawn_at).is_(None),
    )
    return session.exec(wanted).first()
