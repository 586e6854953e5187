"""Relationships: what two people are to each other, proposed by one and confirmed by the other, until one ends it.

An office confirms in place of somebody who cannot, such as one who has died, and says on what proof.
"""

from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, or_, select

from timebank.coins.acts import Act, acting
from timebank.coins.holders import person_of
from timebank.coins.refusals import NotTheirs
from timebank.coins.tables import Relationship
from timebank.core.columns import table_of
from timebank.core.errors import NotFound, WrongInput, WrongState
from timebank.core.texts import Phrase
from timebank.ledger.refusals import broke

RELATIONSHIP = table_of(Relationship)
INVERSE = {
    "parent": "child",
    "grandparent": "grandchild",
    "spouse": "spouse",
    "child": "parent",
    "grandchild": "grandparent",
    "sibling": "sibling",
    "other_relative": "other_relative",
    "friend": "friend",
}
"""What the one is to the other, when the other is this to the one."""
LIVE = ("proposed", "confirmed")
STRANGER = "stranger"


def propose_relation(session: Session, act: Act, *, person_id: int, other_id: int, relation: str) -> Relationship:
    """Say what ``other_id`` is to ``person_id``, who proposes it; the other is asked.

    Raises
    ------
    WrongInput
        When the relation is none, or the two are one.
    NotTheirs
        When somebody else proposes it; an office may.
    WrongState
        When the two have a relationship, or are asked already.
    """
    if relation not in INVERSE:
        right = Phrase("right_one_of", known=", ".join(INVERSE))
        raise WrongInput(field="relation", value=relation[:20], right=right)
    if person_id == other_id:
        raise WrongInput(field="other_id", value=str(other_id), right=Phrase("right_two_people"))
    content = {"person": person_id, "other": other_id, "relation": relation}
    with acting(session, act, "propose_relation", content) as gate:
        if gate.is_replay:
            return session.exec(select(Relationship).where(Relationship.act_id == gate.act_id)).one()
        require_self(act, person_id, kind="person", key=str(person_id))
        for who in (person_id, other_id):
            person_of(session, who)
        one, two = sorted((person_id, other_id))
        row = Relationship(
            act_id=gate.act_id,
            one_id=one,
            other_id=two,
            relation=relation if one == person_id else INVERSE[relation],
            proposed_by=person_id,
        )
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError as fault:
            if broke(fault, "uq_relationship_pair", "relationship.one_id"):
                state = Phrase("state_related")
                pair = f"{one}-{two}"
                raise WrongState(kind="relationship", key=pair, state=state, allowed=Phrase("allowed_new")) from fault
            raise
        return row


def answer_relation(session: Session, act: Act, relationship_id: int, *, yes: bool) -> Relationship:
    """Confirm or decline a relationship: the other of the two does, or an office on proof (the act's note).

    Raises
    ------
    NotTheirs
        When the one who proposed it answers, or a third person does.
    WrongInput
        When an office says no proof.
    WrongState
        When it was answered before, or has ended.
    """
    with acting(session, act, "answer_relation", {"relationship": relationship_id, "yes": yes}) as gate:
        row = relationship_of(session, relationship_id)
        if gate.is_replay:
            return row
        asked = row.other_id if row.proposed_by == row.one_id else row.one_id
        require_self(act, asked, kind="relationship", key=str(relationship_id))
        if act.actor != _person(asked) and not act.note.strip():
            raise WrongInput(field="note", value=act.note, right=Phrase("right_proof"))
        to = "confirmed" if yes else "declined"
        return _step(session, row, ("proposed",), to, answer_act_id=gate.act_id)


def end_relation(session: Session, act: Act, relationship_id: int) -> Relationship:
    """End a relationship, or take back what was proposed; either of the two does, or an office.

    Raises
    ------
    NotTheirs
        When a third person ends it.
    WrongState
        When it has ended or was declined.
    """
    with acting(session, act, "end_relation", {"relationship": relationship_id}) as gate:
        row = relationship_of(session, relationship_id)
        if gate.is_replay:
            return row
        require_self(act, row.one_id, row.other_id, kind="relationship", key=str(relationship_id))
        return _step(session, row, LIVE, "ended", end_act_id=gate.act_id)


def relationship_of(session: Session, relationship_id: int) -> Relationship:
    """Return a relationship as it is now.

    Raises
    ------
    NotFound
        When there is none.
    """
    row = session.get(Relationship, relationship_id, populate_existing=True)
    if row is None:
        raise NotFound(kind="relationship", key=str(relationship_id))
    return row


def relation_between(session: Session, person_id: int, other_id: int) -> str:
    """Return what ``other_id`` is to ``person_id`` by a confirmed relationship; a stranger without one."""
    one, two = sorted((person_id, other_id))
    wanted = select(Relationship.relation).where(
        Relationship.one_id == one, Relationship.other_id == two, Relationship.status == "confirmed"
    )
    found = session.exec(wanted).first()
    if found is None:
        return STRANGER
    return found if one == person_id else INVERSE[found]


def relations_of(session: Session, person_id: int, *, first: int = 100) -> dict[int, str]:
    """Return what others are to a person, confirmed, by their number; up to ``first`` (1 to 100)."""
    if not 1 <= first <= 100:
        message = f"A page has 1 to 100 people, not {first}."
        raise ValueError(message)
    mine = or_(col(Relationship.one_id) == person_id, col(Relationship.other_id) == person_id)
    wanted = select(Relationship).where(mine, Relationship.status == "confirmed").order_by(col(Relationship.id))
    rows = session.exec(wanted.limit(first))
    return {
        row.other_id if row.one_id == person_id else row.one_id: (
            row.relation if row.one_id == person_id else INVERSE[row.relation]
        )
        for row in rows
    }


def require_self(act: Act, *person_ids: int, kind: str, key: str) -> None:
    """Refuse a person who acts for somebody else; an organisation may act for those who ask it to.

    Raises
    ------
    NotTheirs
        Naming what it is about.
    """
    if act.actor.startswith("person:") and act.actor not in {_person(who) for who in person_ids}:
        raise NotTheirs(kind=kind, key=key, who=Phrase("who_person", number=" / ".join(map(str, person_ids))))


def _person(person_id: int) -> str:
    return f"person:{person_id}"


def _step(session: Session, row: Relationship, frm: tuple[str, ...], to: str, **values: Any) -> Relationship:
    """Change the state if it is one of ``frm``; of two who try at once one does."""
    where = (RELATIONSHIP.c.id == row.id, RELATIONSHIP.c.status.in_(frm))
    changed = session.connection().execute(update(RELATIONSHIP).where(*where).values(status=to, **values)).rowcount
    after = relationship_of(session, row.id or 0)
    if not changed:
        state, allowed = (
            Phrase(f"relation_state_{word}") for word in (after.status, "live" if len(frm) > 1 else frm[0])
        )
        raise WrongState(kind="relationship", key=str(row.id), state=state, allowed=allowed)
    return after
